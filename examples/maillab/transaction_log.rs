//! A server's transaction log drive: each byte that is moved to the server takes one byte of log (KB328810, step 4).
//!
//! Knows bytes, not messages. A full backup purges the log; with circular logging it does not grow at all.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::disk;
use crate::failure::{Code, Failure, Result};
use crate::lock;

/// What is on the drive, in bytes.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Usage {
    /// Size of the drive.
    pub(crate) capacity_bytes: u64,
    /// Taken by logs.
    pub(crate) used_bytes: u64,
    /// Whether the log holds all that has changed since the last full backup.
    #[serde(default = "at_first")]
    pub(crate) rolls_forward: bool,
}

/// A log that was never spoilt.
fn at_first() -> bool {
    true
}

impl Usage {
    /// Room for more logs.
    pub(crate) fn free_bytes(self) -> u64 {
        self.capacity_bytes.saturating_sub(self.used_bytes)
    }
}

/// The log drive of one server.
#[derive(Debug)]
pub(crate) struct TransactionLog {
    server: String,
    file: PathBuf,
    lock: PathBuf,
}

impl TransactionLog {
    /// The drive that `file` describes, guarded by `lock`.
    pub(crate) fn new(server: &str, file: PathBuf, lock: PathBuf) -> Self {
        TransactionLog { server: server.to_owned(), file, lock }
    }

    /// Makes an empty drive.
    pub(crate) fn format(&self, capacity_bytes: u64) -> Result<()> {
        disk::write_json(
            &self.file,
            &Usage { capacity_bytes, used_bytes: 0, rolls_forward: at_first() },
        )
    }

    /// What is on the drive.
    pub(crate) fn usage(&self) -> Result<Usage> {
        disk::read_json(&self.file)
    }

    /// Writes `bytes` of log, or nothing if they do not fit.
    pub(crate) fn append(&self, bytes: u64, circular: bool) -> Result<()> {
        if circular || bytes == 0 {
            return Ok(());
        }
        let _lock = lock::wait(&self.lock)?;
        let mut usage = self.usage()?;
        if bytes > usage.free_bytes() {
            return Err(self.full(bytes, usage));
        }
        usage.used_bytes += bytes;
        disk::write_json(&self.file, &usage)
    }

    /// Deletes the oldest `bytes` of log, which a backup has made superfluous; `rolls_forward` says whether the log will
    /// hold all that changes from now on.
    pub(crate) fn purge(&self, bytes: u64, rolls_forward: bool) -> Result<()> {
        let _lock = lock::wait(&self.lock)?;
        let mut usage = self.usage()?;
        usage.used_bytes = usage.used_bytes.saturating_sub(bytes);
        usage.rolls_forward = rolls_forward;
        disk::write_json(&self.file, &usage)
    }

    /// Notes that the log has a gap: it does not roll forward before the next full backup.
    pub(crate) fn spoil(&self) -> Result<()> {
        let _lock = lock::wait(&self.lock)?;
        let mut usage = self.usage()?;
        usage.rolls_forward = false;
        disk::write_json(&self.file, &usage)
    }

    fn full(&self, bytes: u64, usage: Usage) -> Failure {
        let what =
            format!("the transaction log drive of `{}` has no room for the move", self.server);
        let free = usage.free_bytes();
        Failure::new(Code::LogFull, what)
            .because(format!("{bytes} bytes of log are to be written, and {free} are free"))
            .because("every byte moved takes a byte of transaction log (KB328810, step 4)")
            .because("what has been copied is there, and the move is not finished")
            .next(format!("`maillab full-backup {}` purges the logs", self.server))
            .next("`maillab locate MAILBOX` shows how far the move came; never begin it anew")
    }
}
