//! A journal that grows, for whoever follows it: what has been added since the last look.
//! Does not know whether a writer lives, nor where damage may be cut off: whoever meets some reads the whole journal again.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::marker::PhantomData;
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;

use super::error::JournalError;
use super::line::{self, Flaw, Link};
use super::read::Entry;
use super::scan::check_first;

/// The lines of a journal from the first one on, as far as they are written.
#[derive(Debug)]
pub struct Tail<R> {
    source: BufReader<File>,
    path: PathBuf,
    /// What there is of a line that is not whole yet.
    line: Vec<u8>,
    /// Sequence number of the line that is due.
    due: u64,
    /// What that line must carry.
    link: Link,
    /// The version that began the journal.
    windlass: String,
    records: PhantomData<fn() -> R>,
}

impl<R: DeserializeOwned> Tail<R> {
    /// The journal in that file, of which nothing is read yet.
    ///
    /// # Errors
    /// [`JournalError`], if there is none.
    pub fn open(path: &Path) -> Result<Self, JournalError> {
        let file = File::open(path).map_err(|error| JournalError::reading(path, error))?;
        Ok(Self {
            source: BufReader::with_capacity(1 << 16, file),
            path: path.to_owned(),
            line: Vec::new(),
            due: 0,
            link: Link::FIRST,
            windlass: String::new(),
            records: PhantomData,
        })
    }

    /// The records whose lines were finished since the last call.
    ///
    /// # Errors
    /// [`JournalError`], if the journal cannot be read, or a line is not the one that is due: also where a torn end was cut off
    /// and other lines have taken its place.
    pub fn read(&mut self) -> Result<Vec<Entry<R>>, JournalError> {
        let mut entries = Vec::new();
        loop {
            let io_error = |error| JournalError::reading(&self.path, error);
            self.source.read_until(b'\n', &mut self.line).map_err(io_error)?;
            if !self.line.ends_with(b"\n") {
                return Ok(entries);
            }
            entries.extend(self.take()?);
            self.line.clear();
        }
    }

    /// Takes the line in the buffer, which is whole.
    fn take(&mut self) -> Result<Option<Entry<R>>, JournalError> {
        let (path, due, expected) = (&self.path, self.due, self.link);
        let damaged = |flaw| JournalError::damaged(path, None, due + 1, flaw, None);
        let intact = line::parse(&mut self.line).map_err(damaged)?;
        let (seq, at, prev) = (intact.envelope.seq, intact.envelope.at, intact.envelope.prev);
        if seq != due {
            return Err(damaged(Flaw::Sequence { expected: due, found: seq }));
        }
        if prev != expected {
            return Err(damaged(Flaw::Chain));
        }
        (self.due, self.link) = (due + 1, intact.link);
        if seq == 0 {
            self.windlass = check_first(&intact, path)?.0.windlass;
            return Ok(None);
        }
        let record = intact.decode().map_err(|error| {
            JournalError::not_understood(path, seq + 1, &error, self.windlass.clone())
        })?;
        Ok(Some(Entry { seq, at, record }))
    }
}
