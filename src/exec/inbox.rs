//! The inbox: orders from other processes to a living executor, as files.
//!
//! An order is a file that appears whole (written under another name, synced, renamed); its answer is a file beside it, which
//! appears once the order's record is on disk.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::core::machine::Order;
use crate::journal::{RunFolder, write_file};
use crate::lock;

/// How long a sender waits before it looks for its answer again.
const ANSWER_POLL: Duration = Duration::from_millis(20);

/// The executor's side.
#[derive(Debug)]
pub struct Inbox {
    folder: PathBuf,
}

/// An answer to an order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// Why the order was refused; absent if it was carried out.
    pub refused: Option<String>,
}

/// What became of an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Delivery {
    /// The executor has answered.
    Answered(Answer),
    /// No executor lives; the order was taken back.
    NobodyThere,
}

impl Inbox {
    /// The inbox of a run.
    #[must_use]
    pub fn new(folder: &RunFolder) -> Self {
        Self { folder: folder.inbox() }
    }

    /// The orders that have arrived, oldest first. One that cannot be understood is answered at once.
    pub(super) fn orders(&self) -> Vec<(PathBuf, Order)> {
        let Ok(entries) = fs::read_dir(&self.folder) else { return Vec::new() };
        let mut paths: Vec<PathBuf> =
            entries.filter_map(|entry| entry.ok().map(|entry| entry.path())).collect();
        paths.retain(|path| path.extension().is_some_and(|extension| extension == "order"));
        paths.sort();
        let read = |path: PathBuf| {
            let order = fs::read(&path).map_err(|error| error.to_string());
            match order
                .and_then(|bytes| serde_json::from_slice(&bytes).map_err(|error| error.to_string()))
            {
                Ok(order) => Some((path, order)),
                Err(error) => {
                    self.answer(&path, Some(format!("the order cannot be understood: {error}")));
                    None
                }
            }
        };
        paths.into_iter().filter_map(read).collect()
    }

    /// Refuses what was sent to an earlier executor: whoever sent it may have given up, and the run has gone on since.
    pub(super) fn refuse_old(&self) {
        for (path, _) in self.orders() {
            self.answer(
                &path,
                Some("the executor that it was sent to has ended: try again".to_owned()),
            );
        }
    }

    /// Answers an order and takes it out of the inbox.
    pub(super) fn answer(&self, order: &Path, refused: Option<String>) {
        // Whoever asked may be gone; an answer that nobody can be given changes nothing about what was done.
        if let Ok(bytes) = serde_json::to_vec(&Answer { refused }) {
            drop(write_file(&order.with_extension("answer"), &bytes));
        }
        drop(fs::remove_file(order));
    }
}

/// Sends an order to the living executor of a run, and waits for the answer.
///
/// # Errors
/// If the inbox cannot be written or read.
pub fn send(folder: &RunFolder, order: &Order, now: Timestamp) -> io::Result<Delivery> {
    let name = format!("{:020}-{}", now.as_microsecond(), std::process::id());
    let path = folder.inbox().join(name).with_extension("order");
    crate::journal::make_folder(&folder.inbox())?;
    write_file(&path, &serde_json::to_vec(order)?)?;
    let answer = path.with_extension("answer");
    loop {
        if let Some(found) = read_answer(&answer)? {
            return Ok(Delivery::Answered(found));
        }
        if !lock::is_locked(folder).map_err(io::Error::other)? {
            // The executor may have answered as its last act.
            if let Some(found) = read_answer(&answer)? {
                return Ok(Delivery::Answered(found));
            }
            match fs::remove_file(&path) {
                // A new executor has just taken it up, and will answer.
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                result => result?,
            }
            return Ok(Delivery::NobodyThere);
        }
        std::thread::sleep(ANSWER_POLL);
    }
}

fn read_answer(path: &Path) -> io::Result<Option<Answer>> {
    match fs::read(path) {
        Ok(bytes) => {
            fs::remove_file(path)?;
            Ok(Some(serde_json::from_slice(&bytes)?))
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}
