//! Records and journals to test with.

use std::io;
use std::path::Path;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::journal::{Contents, Entry, Journal, JournalError, Storage};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub(super) enum Record {
    Opened { title: String, items: Vec<String> },
    JobStarting { task: String, attempt: u32 },
    OutputsKept { outputs: serde_json::Value },
    Stopped,
}

pub(super) const RUN: &str = "20261120-2210-k3";

pub(super) fn at(microseconds: i64) -> Timestamp {
    Timestamp::from_microsecond(1_795_212_600_000_000 + microseconds).unwrap()
}

pub(super) fn started(attempt: u32) -> Record {
    Record::JobStarting { task: "backup[alice]".to_owned(), attempt }
}

/// Records of every kind, with what is awkward in JSON.
pub(super) fn records() -> Vec<Record> {
    let title =
        "quotes \" \\ newline \n bell \u{7} and \u{2028} é ,\"durable\":7,\"sum\":\"".to_owned();
    let outputs = json!({"seq": 9, "n": u64::MAX, "m": i64::MIN, "f": 0.1f64 + 0.2, "z": [[], {}], "durable": 5});
    vec![
        Record::Opened { title, items: vec![String::new(), "alice".to_owned()] },
        started(1),
        Record::OutputsKept { outputs },
        Record::Stopped,
        Record::JobStarting { task: "prev".to_owned(), attempt: u32::MAX },
        Record::OutputsKept { outputs: json!(null) },
        Record::Stopped,
        started(7),
    ]
}

/// The journal in memory.
#[derive(Clone, Default)]
pub(super) struct Memory(pub Vec<u8>);

impl Storage for Memory {
    fn read_at(&mut self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let rest = &self.0[self.0.len().min(offset as usize)..];
        let count = rest.len().min(buffer.len());
        buffer[..count].copy_from_slice(&rest[..count]);
        Ok(count)
    }

    fn write_all_at(&mut self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        let offset = offset as usize;
        self.0.resize(self.0.len().max(offset + bytes.len()), 0);
        self.0[offset..offset + bytes.len()].copy_from_slice(bytes);
        Ok(())
    }

    fn truncate(&mut self, length: u64) -> io::Result<()> {
        self.0.truncate(length as usize);
        Ok(())
    }

    fn sync(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Storage for &mut Memory {
    fn read_at(&mut self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        (**self).read_at(offset, buffer)
    }

    fn write_all_at(&mut self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        (**self).write_all_at(offset, bytes)
    }

    fn truncate(&mut self, length: u64) -> io::Result<()> {
        (**self).truncate(length)
    }

    fn sync(&mut self) -> io::Result<()> {
        (**self).sync()
    }
}

/// A journal on disk as a run leaves it: `records()`, synced after those whose places are given.
pub(super) fn real_journal(folder: &Path, synced: &[usize]) -> Vec<u8> {
    let path = folder.join("journal.jsonl");
    let mut journal = Journal::create(&path, RUN, at(0)).unwrap();
    for (place, record) in records().iter().enumerate() {
        journal.append(at(place as i64 + 1), record).unwrap();
        if synced.contains(&place) {
            journal.sync().unwrap();
        }
    }
    journal.flush().unwrap();
    std::fs::read(path).unwrap()
}

/// What opening these bytes for appending gives, and the bytes that it leaves.
pub(super) fn open(bytes: &[u8]) -> Result<(Contents<Record>, Vec<u8>), JournalError> {
    let mut memory = Memory(bytes.to_vec());
    let (journal, contents) = Journal::open_on(&mut memory, Path::new("j"))?;
    assert_eq!(journal.last(), contents.entries.len() as u64);
    assert_eq!(journal.durable(), journal.last());
    drop(journal);
    Ok((contents, memory.0))
}

pub(super) fn only_records(entries: Vec<Entry<Record>>) -> Vec<Record> {
    entries.into_iter().map(|entry| entry.record).collect()
}

/// The offsets at which the lines begin, and the length of the whole.
pub(super) fn line_starts(bytes: &[u8]) -> Vec<usize> {
    let ends = bytes.iter().enumerate().filter(|(_, byte)| **byte == b'\n');
    std::iter::once(0).chain(ends.map(|(place, _)| place + 1)).collect()
}
