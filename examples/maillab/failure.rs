//! What went wrong, as an operator should read it: what, why, and the next command to type.
//!
//! Knows nothing of mail; each caller says what its failure means.

use std::fmt::{self, Display};
use std::path::Path;

/// The exit code of a failed command. `2` is clap's own, for wrong usage.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Code {
    /// The command failed, or what it checked is not in order.
    Failed = 1,
    /// The state of the mailbox does not allow it; somebody has to decide.
    Refused = 3,
    /// The mailbox is already where it should go.
    AlreadyThere = 4,
    /// Another process works on the same mailbox.
    Busy = 5,
    /// The transaction log drive has no room for it.
    LogFull = 6,
    /// The server is busy, and nothing has changed.
    Throttled = 7,
}

/// A failure with its reasons and the way on.
#[derive(Debug)]
pub(crate) struct Failure {
    /// The exit code of the process.
    pub(crate) code: Code,
    what: String,
    because: Vec<String>,
    next: Vec<String>,
}

/// What every fallible function of the laboratory returns.
pub(crate) type Result<T> = std::result::Result<T, Failure>;

impl Failure {
    /// A failure with this exit code.
    pub(crate) fn new(code: Code, what: impl Into<String>) -> Self {
        Failure { code, what: what.into(), because: Vec::new(), next: Vec::new() }
    }

    /// A plain failure, exit code 1.
    pub(crate) fn failed(what: impl Into<String>) -> Self {
        Failure::new(Code::Failed, what)
    }

    /// Adds a reason, on a line of its own.
    pub(crate) fn because(mut self, why: impl Display) -> Self {
        self.because.push(why.to_string());
        self
    }

    /// Adds what to type next, as a sentence with the command in backticks.
    pub(crate) fn next(mut self, next: impl Into<String>) -> Self {
        self.next.push(next.into());
        self
    }
}

impl Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "error: {}", self.what)?;
        for why in &self.because {
            write!(f, "\n  {why}")?;
        }
        for next in &self.next {
            write!(f, "\n  next: {next}")?;
        }
        Ok(())
    }
}

/// Turns the error of a file operation into a failure that names the file.
pub(crate) trait At<T> {
    /// `doing` completes "cannot ...", as in `read`.
    fn at(self, doing: &str, path: &Path) -> Result<T>;
}

impl<T, E: Display> At<T> for std::result::Result<T, E> {
    fn at(self, doing: &str, path: &Path) -> Result<T> {
        self.map_err(|error| {
            Failure::failed(format!("cannot {doing} `{}`", path.display())).because(error)
        })
    }
}
