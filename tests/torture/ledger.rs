//! What jobs have said in the ledger, and following a file that grows.
//!
//! Does not know what should stand there.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

/// One line of the ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) what: String,
    pub(crate) task: String,
    pub(crate) attempt: u32,
    pub(crate) pid: u32,
    pub(crate) key: String,
}

/// The lines of a ledger. A line that is not whole is a violation in itself: each is written by one write.
pub(crate) fn parse(text: &str) -> Vec<Entry> {
    let parse = |line: &str| {
        let words: Vec<&str> = line.split(' ').collect();
        let [what, task, attempt, pid, key, "end"] = words[..] else {
            panic!("this is no line of a ledger: {line:?}")
        };
        Entry {
            what: what.to_owned(),
            task: task.to_owned(),
            attempt: attempt.parse().unwrap(),
            pid: pid.parse().unwrap(),
            key: key.to_owned(),
        }
    };
    text.lines().map(parse).collect()
}

/// Follows a file that grows, and may not be there yet, or may be put there anew.
pub(crate) struct Follower {
    path: PathBuf,
    offset: u64,
    rest: String,
    /// How many lines there have been.
    pub(crate) lines: u64,
}

impl Follower {
    pub(crate) fn new(path: &Path) -> Self {
        Self { path: path.to_owned(), offset: 0, rest: String::new(), lines: 0 }
    }

    /// The lines that have come since the last call.
    pub(crate) fn fresh(&mut self) -> Vec<String> {
        let Ok(mut file) = File::open(&self.path) else { return Vec::new() };
        let length = file.metadata().map_or(0, |metadata| metadata.len());
        if length < self.offset {
            (self.offset, self.rest) = (0, String::new());
        }
        if length == self.offset {
            return Vec::new();
        }
        file.seek(SeekFrom::Start(self.offset)).unwrap();
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).unwrap();
        self.offset += bytes.len() as u64;
        self.rest.push_str(&String::from_utf8_lossy(&bytes));
        let whole = self.rest.rfind('\n').map_or(0, |at| at + 1);
        let rest = self.rest.split_off(whole);
        let lines: Vec<String> =
            std::mem::replace(&mut self.rest, rest).lines().map(str::to_owned).collect();
        self.lines += lines.len() as u64;
        lines
    }
}
