//! A journal as its records, for whoever only reads it.
//! Does not know whether somebody writes to it meanwhile, and needs not to.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use jiff::Timestamp;
use serde::de::DeserializeOwned;

use super::error::JournalError;
use super::scan::{Damage, Scan, scan};

/// One record of a journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry<R> {
    /// Its place, counted from 1. It stands on line `seq + 1` of the file.
    pub seq: u64,
    /// When it was made, to the microsecond (see [`kept_time`](super::kept_time)).
    pub at: Timestamp,
    /// What it says.
    pub record: R,
}

/// All that a journal holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contents<R> {
    /// The id of the run.
    pub run: String,
    /// When the journal was begun.
    pub begun: Timestamp,
    /// The version of windlass that began it.
    pub windlass: String,
    /// Its records, in order.
    pub entries: Vec<Entry<R>>,
    /// What was cut off at the end, or left out, and why. A reader may meet a line that is just being
    /// written: while the run's executor lives a warning means nothing.
    pub warnings: Vec<String>,
}

/// Reads a journal and changes nothing, also while a writer is at it: then what had been written by now.
/// A torn end is left out with a warning.
///
/// # Errors
/// [`JournalError`]: it cannot be read, is damaged where it had been durable, was never begun, or was
/// written by a newer windlass.
pub fn read<R: DeserializeOwned>(path: &Path) -> Result<Contents<R>, JournalError> {
    let file = File::open(path).map_err(|error| JournalError::reading(path, error))?;
    let mut scan = scan(BufReader::with_capacity(1 << 16, file), path)?;
    let warnings = scan.damage.take().map(|damage| left_out(&damage, path));
    Ok(contents(scan, warnings))
}

pub(super) fn contents<R>(scan: Scan<R>, warning: Option<String>) -> Contents<R> {
    Contents {
        run: scan.header.run,
        begun: scan.begun,
        windlass: scan.header.windlass,
        entries: scan.entries,
        warnings: warning.into_iter().collect(),
    }
}

fn left_out(damage: &Damage, path: &Path) -> String {
    let Damage { line, flaw, .. } = damage;
    let (path, what) = (path.display(), what(damage));
    format!("line {line} of `{path}` is left out{what}: {flaw}, and was not known to be on disk")
}

pub(super) fn cut_off(damage: &Damage, path: &Path) -> String {
    let Damage { line, flaw, .. } = damage;
    let (path, what) = (path.display(), what(damage));
    format!("line {line} of `{path}` was cut off{what}: {flaw}, and was not known to be on disk")
}

fn what(damage: &Damage) -> String {
    match damage.following {
        0 => String::new(),
        1 => ", with the line after it".to_owned(),
        following => format!(", with the {following} lines after it"),
    }
}
