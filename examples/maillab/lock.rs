//! Kernel locks on files under `locks/`: one process at a time on a mailbox, a log, a server.
//!
//! A locked file holds no data, and the lock goes with its process, so nothing has to be cleaned up after a crash.

use std::fs::{File, OpenOptions};
use std::path::Path;

use fs2::FileExt;

use crate::failure::{At, Result};

/// A lock that is held until it is dropped.
#[derive(Debug)]
pub(crate) struct Lock(#[expect(dead_code, reason = "the open file is the lock")] File);

/// Waits for the lock.
pub(crate) fn wait(path: &Path) -> Result<Lock> {
    let file = open(path)?;
    FileExt::lock_exclusive(&file).at("lock", path)?;
    Ok(Lock(file))
}

/// Waits for the lock, which others may share, but nobody may have alone.
pub(crate) fn wait_shared(path: &Path) -> Result<Lock> {
    let file = open(path)?;
    FileExt::lock_shared(&file).at("lock", path)?;
    Ok(Lock(file))
}

/// Takes the lock if nobody has it.
pub(crate) fn try_now(path: &Path) -> Result<Option<Lock>> {
    let file = open(path)?;
    match FileExt::try_lock_exclusive(&file) {
        Ok(()) => Ok(Some(Lock(file))),
        Err(error) if error.kind() == fs2::lock_contended_error().kind() => Ok(None),
        Err(error) => Err(error).at("lock", path),
    }
}

fn open(path: &Path) -> Result<File> {
    OpenOptions::new().create(true).truncate(false).write(true).open(path).at("open", path)
}
