//! What is wrong, as data: a diagnostic with its place, cause and help.
//!
//! Knows nothing of YAML or of runbooks; whoever finds something wrong says where in which source it stands.

pub mod github;
pub mod json;
pub mod junit;
pub mod render;
pub mod sarif;

use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

/// How bad it is: an error stops the command, the others do not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The runbook must not run.
    Error,
    /// The runbook may run; the author should look.
    Warning,
    /// The author may want to know.
    Note,
}

impl Severity {
    /// `error`, `warning` or `note`.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Note => "note",
        }
    }
}

/// How many there are of each severity.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Count {
    /// Errors.
    pub errors: usize,
    /// Warnings.
    pub warnings: usize,
    /// Notes.
    pub notes: usize,
}

/// A file that diagnostics point into, with its whole text.
#[derive(Debug)]
pub struct Source {
    /// The path as the user named it, or relative to the runbook that referred to it.
    pub path: PathBuf,
    /// The text that was read.
    pub text: String,
    /// Where each line begins; counted when it is first asked for.
    lines: OnceLock<Vec<usize>>,
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

/// A place for people: both counted from 1, the column in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct LineColumn {
    /// The line.
    pub line: usize,
    /// The column.
    pub column: usize,
}

impl Source {
    /// A text with the path that it came from.
    pub fn new(path: impl Into<PathBuf>, text: impl Into<String>) -> Source {
        Source { path: path.into(), text: text.into(), lines: OnceLock::new() }
    }

    fn lines(&self) -> &[usize] {
        self.lines.get_or_init(|| {
            std::iter::once(0)
                .chain(self.text.match_indices('\n').map(|(end, _)| end + 1))
                .collect()
        })
    }

    /// The line that a byte stands in, counted from 1.
    pub fn line(&self, byte: usize) -> usize {
        self.lines().partition_point(|start| *start <= byte).max(1)
    }

    /// Line and column of a byte.
    pub fn line_column(&self, byte: usize) -> LineColumn {
        let line = self.line(byte);
        let start = self.lines()[line - 1];
        let end = self.text.floor_char_boundary(byte.clamp(start, self.text.len()));
        LineColumn { line, column: self.text[start..end].chars().count() + 1 }
    }

    /// The byte at a line and column; the end of what there is where the text is shorter.
    pub fn byte(&self, place: LineColumn) -> usize {
        let Some(&start) = self.lines().get(place.line.max(1) - 1) else { return self.text.len() };
        let rest = self.text[start..].char_indices().nth(place.column.max(1) - 1);
        rest.map_or(self.text.len(), |(offset, _)| start + offset)
    }

    /// A line without its line break, counted from 1, and the byte that it begins with.
    pub fn text_of_line(&self, line: usize) -> (usize, &str) {
        let start = self.lines().get(line.max(1) - 1).copied().unwrap_or(self.text.len());
        let text = self.text[start..].split('\n').next().unwrap_or_default();
        (start, text.strip_suffix('\r').unwrap_or(text))
    }
}

impl Span {
    /// Where it begins.
    pub fn begin(&self) -> LineColumn {
        self.source.line_column(self.start)
    }

    /// One past where it ends.
    pub fn finish(&self) -> LineColumn {
        self.source.line_column(self.end.max(self.start))
    }
}

/// Sorts by file, place and code; what has no place comes last.
pub fn sort(diagnostics: &mut [Diagnostic]) {
    diagnostics.sort_by(|left, right| key(left).cmp(&key(right)));
}

fn key(diagnostic: &Diagnostic) -> (bool, Option<&std::path::Path>, usize, &'static str) {
    let span = diagnostic.span.as_ref();
    (
        span.is_none(),
        span.map(|span| span.source.path.as_path()),
        span.map_or(0, |span| span.start),
        diagnostic.code,
    )
}

/// How many there are of each severity.
#[must_use]
pub fn count(diagnostics: &[Diagnostic]) -> Count {
    let mut count = Count::default();
    for diagnostic in diagnostics {
        match diagnostic.severity {
            Severity::Error => count.errors += 1,
            Severity::Warning => count.warnings += 1,
            Severity::Note => count.notes += 1,
        }
    }
    count
}
