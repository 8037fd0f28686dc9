//! Diagnostics as workflow commands of GitHub Actions, which shows them beside the lines of a pull request.
//!
//! Does not know what else a job prints.

use super::{Diagnostic, Severity};

/// One command a line.
#[must_use]
pub fn commands(diagnostics: &[Diagnostic]) -> String {
    diagnostics.iter().map(command).collect()
}

fn command(diagnostic: &Diagnostic) -> String {
    let level = match diagnostic.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "notice",
    };
    let mut properties = Vec::new();
    if let Some(span) = &diagnostic.span {
        let (begin, end) = (span.begin(), span.finish());
        properties.push(format!("file={}", property(&span.source.path.display().to_string())));
        properties.push(format!("line={}", begin.line));
        properties.push(format!("endLine={}", end.line));
        // Columns are refused where the lines differ.
        if begin.line == end.line {
            properties.push(format!("col={}", begin.column));
            properties.push(format!("endColumn={}", end.column));
        }
    }
    properties.push(format!("title={}", diagnostic.code));
    let mut message = diagnostic.message.clone();
    for help in &diagnostic.help {
        message.push_str(&format!("\nhelp: {help}"));
    }
    format!("::{level} {}::{}\n", properties.join(","), data(&message))
}

/// A message, in which a line break would end the command.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// A property, which a comma or a colon would end as well.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
