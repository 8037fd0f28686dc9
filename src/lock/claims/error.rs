//! What can be wrong with the folder of claims, and what to do then.
//! Does not know which run was asking.

use std::fmt;
use std::io;
use std::path::PathBuf;

/// Why claims could not be read or changed. Shown in full by `Display`; what to do stands in the last line where there is
/// something to do.
#[derive(Debug)]
pub enum ClaimError {
    /// A file or folder could not be used.
    Io {
        /// Which.
        path: PathBuf,
        /// What was tried: `read`, `write`, `remove`, `sync`, `lock`, `make`.
        action: &'static str,
        /// What the system said.
        error: io::Error,
    },
    /// The locks of its file system do not exclude anybody.
    Unsupported {
        /// The file that was to be locked.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// Another process has kept the folder locked for longer than any call takes.
    Busy {
        /// The file that it has locked.
        path: PathBuf,
    },
    /// A file is not one that windlass has written, or not all of it.
    Unreadable {
        /// Which.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// A file was written by a newer windlass.
    Newer {
        /// Which.
        path: PathBuf,
        /// Its format.
        format: u32,
    },
}

/// What was read, or nothing where the file cannot be understood.
pub(super) fn understood<T>(read: Result<T, ClaimError>) -> Result<Option<T>, ClaimError> {
    match read {
        Ok(found) => Ok(Some(found)),
        Err(ClaimError::Unreadable { .. } | ClaimError::Newer { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

impl fmt::Display for ClaimError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io { path, action, error } => {
                write!(f, "cannot {action} `{}`: {error}", path.display())
            }
            Self::Unsupported { path, error } => {
                write!(f, "`{}` cannot be locked: {error}", path.display())?;
                f.write_str("\n  set `WINDLASS_LOCKS_DIR` to a folder on a local disk")
            }
            Self::Busy { path } => {
                let quoted = path.to_string_lossy();
                let quoted = shlex::try_quote(&quoted).unwrap_or_default();
                write!(f, "another process has kept `{}` locked for a minute", path.display())?;
                write!(f, "\n  `fuser -v {quoted}` names it; it may have been stopped")
            }
            Self::Unreadable { path, reason } => {
                let quoted = path.to_string_lossy();
                let quoted = shlex::try_quote(&quoted).unwrap_or_default();
                write!(f, "`{}` does not say who holds the lock: {reason}", path.display())?;
                write!(
                    f,
                    "\n  once it is certain that no run works under it, `rm {quoted}` frees it"
                )
            }
            Self::Newer { path, format } => {
                write!(
                    f,
                    "`{}` was written by a newer windlass: its format is {format}",
                    path.display()
                )?;
                f.write_str("\n  use that windlass here as well")
            }
        }
    }
}

impl std::error::Error for ClaimError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Io { error, .. } | Self::Unsupported { error, .. } => Some(error),
            Self::Busy { .. } | Self::Unreadable { .. } | Self::Newer { .. } => None,
        }
    }
}
