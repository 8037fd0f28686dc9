//! Diagnostics as JSON, for machines.
//!
//! Does not know where it goes.

use serde_json::{Value, json};

use super::{Diagnostic, count};

/// `{diagnostics: [..], errors, warnings, notes}`. Lines and columns are counted from 1, columns in characters; what has no place has nulls.
pub fn report(diagnostics: &[Diagnostic]) -> Value {
    let count = count(diagnostics);
    json!({
        "diagnostics": diagnostics.iter().map(one).collect::<Vec<_>>(),
        "errors": count.errors,
        "warnings": count.warnings,
        "notes": count.notes,
    })
}

fn one(diagnostic: &Diagnostic) -> Value {
    let span = diagnostic.span.as_ref();
    let (begin, end) = (span.map(super::Span::begin), span.map(super::Span::finish));
    json!({
        "code": diagnostic.code,
        "severity": diagnostic.severity,
        "message": diagnostic.message,
        "file": span.map(|span| span.source.path.display().to_string()),
        "line": begin.map(|place| place.line),
        "column": begin.map(|place| place.column),
        "end_line": end.map(|place| place.line),
        "end_column": end.map(|place| place.column),
        "help": diagnostic.help,
    })
}
