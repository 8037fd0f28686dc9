//! What can be wrong with a journal, and what to type then.
//! Does not know how a run goes on without one.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use super::line::{FORMAT, Flaw};

/// Why a journal cannot be read or written. Shown in full by `Display`, over several lines where it helps;
/// the last one holds the next command to type where there is one.
#[derive(Debug)]
pub enum JournalError {
    /// The file could not be read, written or synced.
    Io {
        /// The journal.
        path: PathBuf,
        /// What was tried: `read`, `create`, `cut`, `write` or `sync`.
        action: &'static str,
        /// What the system said.
        error: io::Error,
    },
    /// An earlier write or sync failed, so nothing more is written.
    Poisoned {
        /// The journal.
        path: PathBuf,
        /// What failed then.
        cause: String,
    },
    /// There is no journal, or its first line was never finished, so nothing of the run was ever started.
    NeverBegun {
        /// The journal.
        path: PathBuf,
    },
    /// The open journal is no longer the file at its path: its folder was removed or replaced.
    Displaced {
        /// The path at which it was.
        path: PathBuf,
    },
    /// A line that had been on disk is not as it was written.
    Damaged {
        /// The journal.
        path: PathBuf,
        /// The id of the run, or of its folder where the first line cannot be read.
        run: String,
        /// The first such line, counted from 1.
        line: u64,
        /// What is wrong with it.
        problem: String,
        /// The line that says that it had been on disk.
        declared_by: Option<u64>,
    },
    /// Its format is newer than this windlass.
    Newer {
        /// The journal.
        path: PathBuf,
        /// The format of the journal.
        format: u32,
        /// The windlass that wrote it.
        windlass: String,
    },
    /// A line is intact, and yet no record that this windlass knows.
    NotUnderstood {
        /// The journal.
        path: PathBuf,
        /// The line, counted from 1.
        line: u64,
        /// What is not understood.
        reason: String,
        /// The windlass that began the journal.
        windlass: String,
    },
    /// The record cannot be put into a line. Nothing was written, and the journal can still be used.
    Unfit {
        /// What is wrong with the record.
        reason: String,
    },
}

impl JournalError {
    pub(super) fn reading(path: &Path, error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::NotFound {
            return Self::NeverBegun { path: path.to_owned() };
        }
        Self::Io { path: path.to_owned(), action: "read", error }
    }

    /// What is wrong, without what to do.
    #[must_use]
    pub fn first_line(&self) -> String {
        let text = self.to_string();
        text.lines().next().unwrap_or_default().to_owned()
    }

    pub(super) fn damaged(
        path: &Path,
        run: Option<&str>,
        line: u64,
        flaw: Flaw,
        declared_by: Option<u64>,
    ) -> Self {
        let run = run.map_or_else(|| folder_name(path), str::to_owned);
        let problem = flaw.to_string();
        Self::Damaged { path: path.to_owned(), run, line, problem, declared_by }
    }

    pub(super) fn not_understood(
        path: &Path,
        line: u64,
        error: &serde_json::Error,
        windlass: String,
    ) -> Self {
        // The position that the parser adds would be one within the record.
        let text = error.to_string();
        let reason = text.rsplit_once(" at line ").map_or(text.as_str(), |(reason, _)| reason);
        Self::NotUnderstood { path: path.to_owned(), line, reason: reason.to_owned(), windlass }
    }
}

/// The folder of a run has its id as name.
fn folder_name(path: &Path) -> String {
    let name = path.parent().and_then(Path::file_name).unwrap_or_default();
    name.to_string_lossy().into_owned()
}

impl fmt::Display for JournalError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io { path, action, error } => {
                write!(f, "cannot {action} the journal `{}`: {error}", path.display())?;
                if error.kind() == io::ErrorKind::StorageFull {
                    let run = folder_name(path);
                    write!(f, "\n  make room on its disk, then type `windlass resume {run}`")?;
                }
                Ok(())
            }
            Self::Poisoned { path, cause } => {
                write!(f, "nothing more is written to the journal `{}`: {cause}", path.display())
            }
            Self::NeverBegun { path } => {
                write!(
                    f,
                    "run {} was never begun, and nothing of it was started",
                    folder_name(path)
                )?;
                let folder = path.parent().unwrap_or(path).to_string_lossy();
                let quoted = shlex::try_quote(&folder).unwrap_or_default();
                write!(f, "\n  `windlass run` with its runbook starts it anew; ")?;
                write!(f, "`rm -r {quoted}` removes what is left of it")
            }
            Self::Displaced { path } => write!(
                f,
                "the run's folder has gone; its journal cannot be kept: `{}`",
                path.display()
            ),
            Self::Damaged { path, run, line, problem, declared_by } => {
                write!(f, "the journal `{}` is damaged at line {line}: {problem}", path.display())?;
                if let Some(declared_by) = declared_by {
                    write!(f, "\n  line {declared_by} says that it had been on disk")?;
                }
                write!(f, "\n  put the file back from a backup, then type ")?;
                write!(f, "`windlass journal check {run}`")
            }
            Self::Newer { path, format, windlass } => {
                write!(f, "the journal `{}` has format {format}, ", path.display())?;
                write!(f, "and this windlass knows formats up to {FORMAT}")?;
                write!(f, "\n  use windlass {windlass} or later, which wrote it")
            }
            Self::NotUnderstood { path, line, reason, windlass } => {
                let path = path.display();
                write!(f, "line {line} of the journal `{path}` is intact but unknown: {reason}")?;
                write!(f, "\n  use windlass {windlass} or later, which wrote it")
            }
            Self::Unfit { reason } => write!(f, "a record does not fit the journal: {reason}"),
        }
    }
}

impl std::error::Error for JournalError {}
