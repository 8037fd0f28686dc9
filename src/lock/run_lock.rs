//! The lock that makes the executor of a run the only one.
//! Does not know what an executor does; whoever writes into a run's journal holds this lock.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use std::{fmt, fs, io, thread};

use jiff::Timestamp;

use super::file_lock::FileLock;
use super::holder::Holder;
use crate::journal::{RunFolder, write_file};

/// The lock of a run's executor, held until it is dropped or its process ends.
#[derive(Debug)]
pub struct RunLock {
    lock: Option<FileLock>,
    holder_path: PathBuf,
}

/// How long a lock that is held is tried again: a process that was killed while it started another one leaves its lock for a
/// moment to the other, and a command that only writes an order down has it for a moment.
const PATIENCE: Duration = Duration::from_millis(500);
const PAUSE: Duration = Duration::from_millis(5);

/// Takes the lock of a run and writes down, beside it, who holds it. A lock that is held is tried again for half a second.
///
/// # Errors
/// [`LockError`]
pub fn try_lock_run(folder: &RunFolder) -> Result<RunLock, LockError> {
    let path = folder.run_lock();
    let holder_path = folder.run_holder();
    let deadline = Instant::now() + PATIENCE;
    let lock = loop {
        match FileLock::try_exclusive(&path).map_err(|error| failed(&path, error))? {
            Some(lock) => break lock,
            None if Instant::now() < deadline => thread::sleep(PAUSE),
            None => {
                let run = folder.id().to_owned();
                return Err(LockError::Held { run, holder: read_holder(&holder_path) });
            }
        }
    };
    let lock = RunLock { lock: Some(lock), holder_path };
    let holder = Holder::this_process(Timestamp::now());
    let text = serde_json::to_vec(&holder).expect("a holder is plain data");
    write_file(&lock.holder_path, &text).map_err(|error| failed(&lock.holder_path, error))?;
    Ok(lock)
}

/// Whether an executor of the run lives. Creates nothing.
///
/// # Errors
/// [`LockError::Unsupported`], [`LockError::Io`]: then it is not known.
pub fn is_locked(folder: &RunFolder) -> Result<bool, LockError> {
    let path = folder.run_lock();
    FileLock::is_held(&path).map_err(|error| failed(&path, error))
}

impl Drop for RunLock {
    fn drop(&mut self) {
        // Nobody reads the file while the lock is free, and the next holder writes it anew.
        let _ = fs::remove_file(&self.holder_path);
        if let Some(lock) = self.lock.take() {
            // Closing the file frees the lock as well, unless a child that has not started yet has it.
            let _ = lock.release();
        }
    }
}

/// Nothing where the holder has not written it yet, or cannot write there.
fn read_holder(path: &Path) -> Option<Holder> {
    serde_json::from_slice(&fs::read(path).ok()?).ok()
}

fn failed(path: &Path, error: io::Error) -> LockError {
    let path = path.to_owned();
    match error.kind() {
        io::ErrorKind::Unsupported => LockError::Unsupported { path, error },
        _ => LockError::Io { path, error },
    }
}

/// Why a lock was not taken. Shown in full by `Display`; the last line holds the next command to type.
#[derive(Debug)]
pub enum LockError {
    /// Another executor has it.
    Held {
        /// The run.
        run: String,
        /// Who has it, where that is written down.
        holder: Option<Holder>,
    },
    /// The locks of this file system do not work.
    Unsupported {
        /// The file.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// The file could not be used.
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
}

impl fmt::Display for LockError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Held { run, holder } => {
                write!(f, "run `{run}` has an executor already")?;
                if let Some(holder) = holder {
                    write!(f, ": {holder}")?;
                }
                write!(f, "\n  `windlass attach {run}` follows it, ")?;
                write!(f, "`windlass status {run}` shows what it does, ")?;
                write!(f, "`windlass stop {run}` ends it")
            }
            Self::Unsupported { path, error } => {
                write!(f, "`{}` cannot be locked: {error}", path.display())?;
                f.write_str("\n  give `--state-dir` a folder on a local disk")
            }
            Self::Io { path, error } => write!(f, "cannot lock `{}`: {error}", path.display()),
        }
    }
}

impl std::error::Error for LockError {}
