//! What a command says when it fails: what is wrong, why, and the next command to type.

use std::fmt;

use crate::journal::{FolderError, JournalError};
use crate::lock::LockError;
use crate::lock::claims::ClaimError;
use crate::report::next;

/// The runbook or the command line is wrong.
pub(super) const USAGE: u8 = 2;
/// Another process holds a lock.
pub(super) const LOCKED: u8 = 4;
/// It was interrupted, and nothing is lost.
pub(super) const INTERRUPTED: u8 = 5;
/// The plan is stale, or something done has changed, or an order was refused.
pub(super) const REFUSED: u8 = 6;
/// The journal cannot be written or read.
pub(super) const JOURNAL: u8 = 7;
/// A bug.
pub(super) const BUG: u8 = 70;

/// The exit codes, the worst first: of several runs the first counts.
const ORDER: [u8; 10] = [BUG, JOURNAL, 8, 1, REFUSED, USAGE, INTERRUPTED, LOCKED, 3, 0];

/// The worst of several exit codes; 0 if there are none.
pub(super) fn worst(codes: &[u8]) -> u8 {
    // What is in no list is no code of ours, and worse than all.
    let place = |code: &u8| ORDER.iter().position(|known| known == code);
    codes.iter().copied().min_by_key(|code| place(code)).unwrap_or(0)
}

/// What has become of a run whose executor has ended with that code.
pub(super) fn meaning(code: u8) -> &'static str {
    match code {
        0 => "has succeeded",
        1 => "has failed tasks",
        3 => "waits for people",
        LOCKED => "waits for a lock that another process holds",
        INTERRUPTED => "was interrupted and can be resumed",
        JOURNAL => "has a journal that cannot be written or read",
        8 => "has a doubt or a debt open",
        REFUSED | USAGE => "was refused",
        _ => "has met a bug",
    }
}

/// Why a command failed.
#[derive(Debug)]
pub(super) struct Failure {
    /// The exit code.
    pub(super) code: u8,
    /// What is wrong; empty if it has been said already.
    message: String,
    /// What to do, one line each.
    help: Vec<String>,
}

impl Failure {
    pub(super) fn new(code: u8, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), help: Vec::new() }
    }

    /// A failure whose words were printed already.
    pub(super) fn said(code: u8) -> Self {
        Self::new(code, "")
    }

    /// What is wrong, in one line.
    pub(super) fn message(&self) -> &str {
        self.message.lines().next().unwrap_or_default()
    }

    pub(super) fn help(mut self, line: impl Into<String>) -> Self {
        self.help.push(line.into());
        self
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.message.is_empty() {
            return Ok(());
        }
        writeln!(f, "error: {}", with_state_folder(&self.message))?;
        self.help.iter().try_for_each(|line| writeln!(f, "  {line}"))
    }
}

/// The commands in the words of the journal and of the locks, which do not know how the state folder was given.
fn with_state_folder(text: &str) -> String {
    text.replace("`windlass ", &format!("`{} ", next::program()))
}

impl From<FolderError> for Failure {
    fn from(error: FolderError) -> Self {
        let code = if matches!(error, FolderError::Io { .. }) { JOURNAL } else { USAGE };
        let failure = Self::new(code, error.to_string());
        match error {
            FolderError::Io { .. } => failure.help(
                "give `--state-dir` a folder that you may use, or type this as the user who does",
            ),
            _ => failure,
        }
    }
}

impl From<JournalError> for Failure {
    fn from(error: JournalError) -> Self {
        Self::new(JOURNAL, error.to_string())
    }
}

impl From<ClaimError> for Failure {
    fn from(error: ClaimError) -> Self {
        let code = if matches!(error, ClaimError::Busy { .. }) { LOCKED } else { JOURNAL };
        Self::new(code, error.to_string())
    }
}

impl From<LockError> for Failure {
    fn from(error: LockError) -> Self {
        let code = if matches!(error, LockError::Held { .. }) { LOCKED } else { JOURNAL };
        let failure = Self::new(code, error.to_string());
        match error {
            LockError::Io { .. } => {
                failure.help("nothing was done; once that is mended, type the same command again")
            }
            LockError::Held { .. } | LockError::Unsupported { .. } => failure,
        }
    }
}
