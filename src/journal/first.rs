//! The first record of a journal, from the line after its head.
//! Does not look at the lines behind it, nor whether they continue it.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

use serde::de::DeserializeOwned;

use super::line;
use super::scan::check_first;

/// The first record, or nothing where there is no journal with an intact one.
pub fn first<R: DeserializeOwned>(path: &Path) -> Option<R> {
    let mut reader = BufReader::new(File::open(path).ok()?);
    let mut head = Vec::new();
    reader.read_until(b'\n', &mut head).ok()?;
    check_first(&line::parse(&mut head).ok()?, path).ok()?;
    let mut record = Vec::new();
    reader.read_until(b'\n', &mut record).ok()?;
    line::parse(&mut record).ok()?.decode().ok()
}
