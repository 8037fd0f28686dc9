//! What a journal needs of the thing it is stored on.
//! Does not know that what is stored are lines.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};

/// A place for bytes that can be made durable. Implemented for [`File`]; tests bring ones that fail.
pub trait Storage {
    /// Reads some bytes from `offset` on; zero at the end.
    fn read_at(&mut self, offset: u64, buffer: &mut [u8]) -> io::Result<usize>;
    /// Writes all of `bytes` at `offset`. After an error any part of them may have been written.
    fn write_all_at(&mut self, offset: u64, bytes: &[u8]) -> io::Result<()>;
    /// Cuts everything from `length` on.
    fn truncate(&mut self, length: u64) -> io::Result<()>;
    /// Returns once all that was written before is on disk.
    fn sync(&mut self) -> io::Result<()>;
}

impl Storage for File {
    fn read_at(&mut self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        self.seek(SeekFrom::Start(offset))?;
        self.read(buffer)
    }

    fn write_all_at(&mut self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.seek(SeekFrom::Start(offset))?;
        self.write_all(bytes)
    }

    fn truncate(&mut self, length: u64) -> io::Result<()> {
        self.set_len(length)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.sync_data()
    }
}

/// A [`Storage`] as a reader, from its beginning.
pub(super) struct FromStart<'a, S> {
    storage: &'a mut S,
    offset: u64,
}

impl<'a, S: Storage> FromStart<'a, S> {
    pub(super) fn new(storage: &'a mut S) -> Self {
        Self { storage, offset: 0 }
    }
}

impl<S: Storage> Read for FromStart<'_, S> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.storage.read_at(self.offset, buffer)?;
        self.offset += count as u64;
        Ok(count)
    }
}
