//! What can be wrong with a template, when it is read and when it is evaluated.
//!
//! Does not know in which file the template stands.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

/// A template or expression that cannot be understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TemplateError {
    /// One line, lowercase, no full stop.
    pub message: String,
    /// The bytes of the source that it is about.
    pub range: Range<usize>,
    /// What to write instead.
    pub help: Option<String>,
}

impl fmt::Display for TemplateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for TemplateError {}

/// A template or expression that gives no value in a scope.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EvalError {
    /// One line, lowercase, no full stop.
    pub message: String,
    /// The bytes of [`EvalError::template`] that it is about.
    pub range: Range<usize>,
    /// What to write instead.
    pub help: Option<String>,
    /// The source of the template or expression.
    pub template: Arc<str>,
}

impl EvalError {
    pub(super) fn new(failure: Failure, template: &Arc<str>) -> EvalError {
        EvalError {
            message: failure.message,
            range: failure.range,
            help: failure.help,
            template: template.clone(),
        }
    }

    pub(super) fn whole(message: String, template: &Arc<str>) -> EvalError {
        EvalError { message, range: 0..template.len(), help: None, template: template.clone() }
    }
}

impl fmt::Display for EvalError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for EvalError {}

/// Why a node has no value. Boxed, so that the results of evaluation stay small.
#[derive(Debug)]
pub(super) struct Failure {
    pub(super) message: String,
    pub(super) range: Range<usize>,
    pub(super) help: Option<String>,
}

impl Failure {
    pub(super) fn new(message: impl Into<String>, range: Range<usize>) -> Box<Failure> {
        Box::new(Failure { message: message.into(), range, help: None })
    }

    pub(super) fn help(mut self: Box<Failure>, help: Option<String>) -> Box<Failure> {
        self.help = help;
        self
    }
}
