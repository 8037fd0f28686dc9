//! What is wrong, as data: a diagnostic with its place, cause and help.
//!
//! Knows nothing of YAML or of runbooks; whoever finds something wrong says where in which source it stands.

use std::path::PathBuf;
use std::sync::Arc;

/// How bad it is: an error stops the command, a warning does not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The runbook must not run.
    Error,
    /// The runbook may run; the author should look.
    Warning,
}

/// A file that diagnostics point into, with its whole text.
#[derive(Debug)]
pub struct Source {
    /// The path as the user named it, or relative to the runbook that referred to it.
    pub path: PathBuf,
    /// The text that was read.
    pub text: String,
}

/// A range of bytes in a source.
#[derive(Debug, Clone)]
pub struct Span {
    /// Where the bytes stand.
    pub source: Arc<Source>,
    /// First byte.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
}

/// One thing that is wrong.
#[derive(Debug, Clone)]
pub struct Diagnostic {
    /// Stable code, `W0101`.
    pub code: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// One line, lowercase, no full stop, the user's words in backticks.
    pub message: String,
    /// Where it stands; absent when there is no file to show.
    pub span: Option<Span>,
    /// What to do about it, one line each.
    pub help: Vec<String>,
}
