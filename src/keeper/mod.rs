//! The keeper: the small process that starts a run's jobs and outlives the executor.
//!
//! It knows "start this, tell its end, remember it until told to forget". It knows nothing of runbooks, of the journal, or of
//! what follows from an end.
//!
//! The keeper itself is [`keep`]; an executor talks to it through [`Keeper`]; [`gather`] says what is known of a job once its
//! keeper has gone.

mod client;
mod connection;
mod environment;
mod evidence;
mod exits;
mod files;
mod job;
mod jobs;
mod kin;
mod launch;
mod living;
mod look;
mod proc;
mod protocol;
mod serve;
mod spare;
mod strays;
mod unix;

use std::fmt;
use std::io;
use std::path::PathBuf;

pub use client::{Heard, Keeper, environment, executable, wait};
pub use evidence::{gather, was_never_started};
pub use living::{Living, living, living_without_folder};
pub use look::look;
pub use proc::boot_id;
pub use protocol::{Greeting, Kept, Report, Request, Standing, VERSION};
pub use serve::keep;
pub use strays::Strays;
pub use unix::heed_children;

/// Held by the keeper from before it listens until after it has stopped. It holds no data.
const LOCK_FILE: &str = "keeper.lock";
/// Where it listens, in its working directory, so that the path is short.
const SOCKET_FILE: &str = "keeper.sock";
/// What went wrong that no executor needs to know. Removed if it stays empty.
const LOG_FILE: &str = "keeper.log";

/// Why there is no word from a keeper.
#[derive(Debug)]
pub enum KeeperError {
    /// The system says no.
    Io {
        /// What did not succeed.
        doing: String,
        /// What it says.
        error: io::Error,
    },
    /// A keeper lives and does not answer.
    NoAnswer {
        /// The run's folder.
        folder: PathBuf,
    },
    /// The keeper that lives is of another version.
    Version {
        /// The run's folder.
        folder: PathBuf,
        /// The version of its protocol.
        version: u32,
    },
    /// One keeper after the other has died.
    Dying {
        /// The run's folder.
        folder: PathBuf,
    },
    /// The keeper cannot write in the run's folder, and starts nothing without.
    CannotWrite {
        /// The run's folder.
        folder: PathBuf,
        /// What cannot be written, and why.
        reason: String,
    },
    /// A new keeper has ended before it said anything.
    NotStarted {
        /// The run's folder.
        folder: PathBuf,
        /// Its exit code, if it exited.
        status: Option<i32>,
        /// The last line of its log.
        log: Option<String>,
    },
}

impl fmt::Display for KeeperError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io { doing, error } => write!(f, "{doing}: {error}"),
            Self::NoAnswer { folder } => write!(
                f,
                "the keeper in `{}` does not answer; it answers one executor at a time, and another may be connected",
                folder.display()
            ),
            Self::Version { folder, version } => write!(
                f,
                "the keeper in `{}` speaks version {version} of the protocol, and this windlass version {VERSION}: go on with the windlass that started it until its jobs have ended",
                folder.display()
            ),
            Self::Dying { folder } => write!(
                f,
                "one keeper after the other dies in `{}`: something ends them, as the system does when memory is short",
                folder.display()
            ),
            Self::CannotWrite { folder, reason } => {
                write!(f, "the keeper in `{}` starts nothing more: {reason}", folder.display())
            }
            Self::NotStarted { folder, status, log } => {
                write!(f, "the keeper in `{}` ended at once", folder.display())?;
                if let Some(status) = status {
                    write!(f, " with exit code {status}")?;
                }
                log.as_ref().map_or(Ok(()), |log| write!(f, ": {log}"))
            }
        }
    }
}

impl std::error::Error for KeeperError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Io { error, .. } => Some(error),
            Self::NoAnswer { .. }
            | Self::Version { .. }
            | Self::CannotWrite { .. }
            | Self::Dying { .. }
            | Self::NotStarted { .. } => None,
        }
    }
}
