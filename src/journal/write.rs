//! A journal that is appended to: records become lines in a buffer, then bytes in a file, then durable.
//! Does not know which record must be durable before what; whoever appends calls [`Journal::sync`] for that.

use std::fs::{File, Metadata};
use std::io::{self, BufReader};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::durable::sync_folder;
use super::error::JournalError;
use super::line::{self, Envelope, Link};
use super::read::{Contents, contents, cut_off};
use super::scan::{Header, scan};
use super::storage::{FromStart, Storage};

/// A journal open for appending. There must be one at a time: whoever opens it holds the run's lock.
///
/// After the first failed write or sync it is poisoned, and every later call fails. A sync that failed is
/// never tried again: the system may have dropped the data and would then report success.
/// Dropping it drops what has not been flushed.
#[derive(Debug)]
pub struct Journal<S = File> {
    storage: S,
    path: PathBuf,
    buffer: Vec<u8>,
    /// The bytes that have been written.
    length: u64,
    link: Link,
    last: u64,
    durable: u64,
    poisoned: Option<String>,
}

impl Journal {
    /// Begins the journal of a run, in a file that must not exist. It is durable, with its folder entry.
    ///
    /// # Errors
    /// [`JournalError::Io`]
    pub fn create(path: &Path, run: &str, at: Timestamp) -> Result<Self, JournalError> {
        let failed = |error| JournalError::Io { path: path.to_owned(), action: "create", error };
        let file = File::options().read(true).write(true).create_new(true).open(path);
        let journal = Self::create_on(file.map_err(failed)?, path, run, at)?;
        sync_folder(path.parent().unwrap_or(Path::new("."))).map_err(failed)?;
        Ok(journal)
    }

    /// Opens a journal for appending, with what it holds. A torn end is cut off with a warning, and all
    /// that is returned is durable.
    ///
    /// # Errors
    /// As for [`read`](super::read), and when it cannot be cut or synced.
    pub fn open<R: DeserializeOwned>(path: &Path) -> Result<(Self, Contents<R>), JournalError> {
        let file = File::options().read(true).write(true).open(path);
        let file = file.map_err(|error| JournalError::reading(path, error))?;
        Self::open_on(file, path)
    }

    /// Fails once another file, or none, is where this one was: nobody would find what is written to it.
    ///
    /// # Errors
    /// [`JournalError::Displaced`], [`JournalError::Io`]
    pub fn check_place(&self) -> Result<(), JournalError> {
        let failed =
            |error| JournalError::Io { path: self.path.clone(), action: "look for", error };
        let place = |metadata: Metadata| (metadata.dev(), metadata.ino());
        let ours = self.storage.metadata().map(place).map_err(failed)?;
        match self.path.metadata().map(place) {
            Ok(there) if there == ours => Ok(()),
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(failed(error)),
            _ => Err(JournalError::Displaced { path: self.path.clone() }),
        }
    }
}

impl<S: Storage> Journal<S> {
    /// Begins a journal on an empty storage; `path` is what errors call it.
    ///
    /// # Errors
    /// [`JournalError::Io`]
    pub fn create_on(
        storage: S,
        path: &Path,
        run: &str,
        at: Timestamp,
    ) -> Result<Self, JournalError> {
        let mut buffer = Vec::new();
        let envelope = Envelope { seq: 0, at, durable: None, prev: Link::FIRST };
        let link = line::write(&mut buffer, &envelope, &Header::new(run))
            .map_err(|reason| JournalError::Unfit { reason })?;
        let mut journal = Self {
            storage,
            path: path.to_owned(),
            buffer,
            length: 0,
            link,
            last: 0,
            durable: 0,
            poisoned: None,
        };
        journal.flush()?;
        journal.sync_storage()?;
        Ok(journal)
    }

    /// Opens the journal on a storage; `path` is what errors call it.
    ///
    /// # Errors
    /// As for [`Journal::open`].
    pub fn open_on<R: DeserializeOwned>(
        mut storage: S,
        path: &Path,
    ) -> Result<(Self, Contents<R>), JournalError> {
        let source = BufReader::with_capacity(1 << 16, FromStart::new(&mut storage));
        let mut scan = scan(source, path)?;
        let last = scan.entries.len() as u64;
        let mut journal = Self {
            storage,
            path: path.to_owned(),
            buffer: Vec::new(),
            length: scan.length,
            link: scan.link,
            last,
            durable: last,
            poisoned: None,
        };
        let warning = match scan.damage.take() {
            Some(damage) => {
                journal.attempt("cut", |storage| storage.truncate(scan.length))?;
                Some(cut_off(&damage, path))
            }
            None => None,
        };
        journal.attempt("write", |storage| rewrite(storage, scan.unsure_from, scan.length))?;
        journal.sync_storage()?;
        Ok((journal, contents(scan, warning)))
    }

    /// Puts a record into the buffer and returns its sequence number. Its time is kept to the microsecond.
    ///
    /// # Errors
    /// [`JournalError::Unfit`] for a record that cannot be read back, which changes nothing: one that is not
    /// an object beginning with `event`, has a key of the envelope (`seq`, `at`, `durable`, `prev`, `sum`)
    /// or is nested deeper than [`DEPTH_MAX`](super::DEPTH_MAX). [`JournalError::Poisoned`]
    pub fn append<R: Serialize>(&mut self, at: Timestamp, record: &R) -> Result<u64, JournalError> {
        self.check_usable()?;
        let durable = Some(self.durable);
        let envelope = Envelope { seq: self.last + 1, at, durable, prev: self.link };
        self.link = line::write(&mut self.buffer, &envelope, record)
            .map_err(|reason| JournalError::Unfit { reason })?;
        self.last += 1;
        Ok(self.last)
    }

    /// Writes all that is buffered, at once, so that readers see it and a crash of this process does not
    /// lose it.
    ///
    /// # Errors
    /// [`JournalError::Io`], and from then on [`JournalError::Poisoned`]
    pub fn flush(&mut self) -> Result<(), JournalError> {
        self.check_usable()?;
        if self.buffer.is_empty() {
            return Ok(());
        }
        let (length, buffer) = (self.length, std::mem::take(&mut self.buffer));
        self.attempt("write", |storage| storage.write_all_at(length, &buffer))?;
        self.length += buffer.len() as u64;
        self.buffer = buffer;
        self.buffer.clear();
        Ok(())
    }

    /// Returns once all that has been appended is on disk.
    ///
    /// # Errors
    /// [`JournalError::Io`], and from then on [`JournalError::Poisoned`]
    pub fn sync(&mut self) -> Result<(), JournalError> {
        self.flush()?;
        if self.durable == self.last {
            return Ok(());
        }
        self.sync_storage()?;
        self.durable = self.last;
        Ok(())
    }

    /// The highest sequence number that is known to be on disk; 0 before the first record.
    pub fn durable(&self) -> u64 {
        self.durable
    }

    /// The sequence number of the last record that was appended; 0 before the first.
    pub fn last(&self) -> u64 {
        self.last
    }

    fn sync_storage(&mut self) -> Result<(), JournalError> {
        self.attempt("sync", S::sync)
    }

    /// Tries something that may fail once: then nothing is tried any more.
    fn attempt(
        &mut self,
        action: &'static str,
        run: impl FnOnce(&mut S) -> io::Result<()>,
    ) -> Result<(), JournalError> {
        run(&mut self.storage).map_err(|error| {
            self.poisoned = Some(format!("an earlier {action} failed: {error}"));
            JournalError::Io { path: self.path.clone(), action, error }
        })
    }

    fn check_usable(&self) -> Result<(), JournalError> {
        match &self.poisoned {
            Some(cause) => {
                Err(JournalError::Poisoned { path: self.path.clone(), cause: cause.clone() })
            }
            None => Ok(()),
        }
    }
}

/// Writes the bytes between the offsets once more, in place and unchanged. Where the sync of an earlier
/// process failed the system may hold them in memory and yet think that they are on disk; only what is
/// written anew is sure to reach it with the next sync.
fn rewrite<S: Storage>(storage: &mut S, mut offset: u64, end: u64) -> io::Result<()> {
    let mut chunk = vec![0; 1 << 16];
    while offset < end {
        let wanted = chunk.len().min(usize::try_from(end - offset).unwrap_or(usize::MAX));
        let count = storage.read_at(offset, &mut chunk[..wanted])?;
        if count == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        storage.write_all_at(offset, &chunk[..count])?;
        offset += count as u64;
    }
    Ok(())
}
