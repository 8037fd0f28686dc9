//! When a run was begun, from the first line of its journal.
//! Does not look at the lines after it.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use jiff::Timestamp;

use super::line;
use super::scan::check_first;

/// More than a first line can hold.
const FIRST_LINE_LENGTH_MAX: u64 = 4096;

/// When the journal was begun, or nothing where there is no journal with an intact first line.
pub fn begun(path: &Path) -> Option<Timestamp> {
    let mut line = Vec::new();
    let file = File::open(path).ok()?.take(FIRST_LINE_LENGTH_MAX);
    BufReader::with_capacity(512, file).read_until(b'\n', &mut line).ok()?;
    let first = line::parse(&mut line).ok()?;
    let (_, at, _) = check_first(&first, path).ok()?;
    Some(at)
}
