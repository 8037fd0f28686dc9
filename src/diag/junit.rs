//! Diagnostics as JUnit XML, which CI systems show as a report of tests: a suite for each file, a case for each diagnostic.
//!
//! Does not know how a CI system judges; only errors are failures.

use std::path::{Path, PathBuf};

use super::{Diagnostic, Severity, render};

/// The whole document. A file without diagnostics is a suite with one case that has passed.
#[must_use]
pub fn report(files: &[PathBuf], diagnostics: &[Diagnostic]) -> String {
    let mut suites: Vec<(&Path, Vec<&Diagnostic>)> =
        files.iter().map(|file| (file.as_path(), Vec::new())).collect();
    for diagnostic in diagnostics {
        let path = diagnostic.span.as_ref().map_or(Path::new(""), |span| &span.source.path);
        match suites.iter_mut().find(|(file, _)| *file == path) {
            Some((_, found)) => found.push(diagnostic),
            // A driver that a runbook names, or what stands in no file.
            None => suites.push((path, vec![diagnostic])),
        }
    }
    let cases: usize = suites.iter().map(|(_, found)| found.len().max(1)).sum();
    let mut xml = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"windlass check\" tests=\"{cases}\" failures=\"{}\" errors=\"0\">\n",
        failures(diagnostics.iter()),
    );
    for (file, found) in &suites {
        xml.push_str(&suite(file, found));
    }
    xml.push_str("</testsuites>\n");
    xml
}

fn failures<'a>(diagnostics: impl Iterator<Item = &'a Diagnostic>) -> usize {
    diagnostics.filter(|diagnostic| diagnostic.severity == Severity::Error).count()
}

fn suite(file: &Path, found: &[&Diagnostic]) -> String {
    let name = match file.as_os_str().is_empty() {
        true => "(no file)".to_owned(),
        false => escaped(&file.display().to_string()),
    };
    let mut xml = format!(
        "  <testsuite name=\"{name}\" tests=\"{}\" failures=\"{}\" errors=\"0\" skipped=\"0\">\n",
        found.len().max(1),
        failures(found.iter().copied()),
    );
    if found.is_empty() {
        xml.push_str(&format!("    <testcase classname=\"{name}\" name=\"check\"/>\n"));
    }
    for diagnostic in found {
        xml.push_str(&case(&name, diagnostic));
    }
    xml.push_str("  </testsuite>\n");
    xml
}

fn case(class: &str, diagnostic: &Diagnostic) -> String {
    let place = diagnostic.span.as_ref().map_or(String::new(), |span| {
        let begin = span.begin();
        format!(" at {}:{}", begin.line, begin.column)
    });
    let shown = escaped(&render::one(diagnostic, false));
    let inside = match diagnostic.severity {
        Severity::Error => format!(
            "<failure type=\"{}\" message=\"{}\">{shown}</failure>",
            diagnostic.code,
            escaped(&diagnostic.message),
        ),
        Severity::Warning | Severity::Note => format!("<system-out>{shown}</system-out>"),
    };
    let code = diagnostic.code;
    format!(
        "    <testcase classname=\"{class}\" name=\"{code}{place}\">\n      {inside}\n    </testcase>\n"
    )
}

/// A text in XML 1.0, which has no place for most control characters, not even as references.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\n' | '\t' => escaped.push(character),
            '\u{fffe}' | '\u{ffff}' => escaped.push('\u{fffd}'),
            other if other.is_control() => escaped.push('\u{fffd}'),
            other => escaped.push(other),
        }
    }
    escaped
}
