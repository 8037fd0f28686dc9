//! Diagnostics as people read them: message, place, source line with a caret, help. The only file that names `annotate-snippets`.
//!
//! Does not decide whether there is colour; whoever knows the terminal says so.

use std::io::{self, Write};

use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};

use super::{Diagnostic, Severity, Span, count};

/// Whether to colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Colour {
    /// Where the stream is a terminal and `NO_COLOR` is not set.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// Characters of a source line that are shown; a longer one is cut around its caret.
const LINE_MAX: usize = 160;
/// Characters shown before the caret of a line that is cut.
const LEAD: usize = 60;

/// Writes the diagnostics and a last line with their number to standard error.
pub fn to_stderr(diagnostics: &[Diagnostic], colour: Colour) -> io::Result<()> {
    let choice = match colour {
        Colour::Auto => anstream::ColorChoice::Auto,
        Colour::Always => anstream::ColorChoice::Always,
        Colour::Never => anstream::ColorChoice::Never,
    };
    let mut stream = anstream::AutoStream::new(io::stderr(), choice);
    stream.write_all(report(diagnostics, true).as_bytes())?;
    stream.flush()
}

/// The diagnostics one after the other, and a last line with their number.
pub fn report(diagnostics: &[Diagnostic], coloured: bool) -> String {
    let mut text = String::new();
    for diagnostic in diagnostics {
        text.push_str(&one(diagnostic, coloured));
        text.push_str("\n\n");
    }
    if !diagnostics.is_empty() {
        text.push_str(&summary(diagnostics));
        text.push('\n');
    }
    text
}

/// "2 errors, 1 warning, 1 note".
pub fn summary(diagnostics: &[Diagnostic]) -> String {
    let plural = |number: usize, what: &str| match number {
        0 => None,
        1 => Some(format!("1 {what}")),
        many => Some(format!("{many} {what}s")),
    };
    let count = count(diagnostics);
    let parts = [
        plural(count.errors, "error"),
        plural(count.warnings, "warning"),
        plural(count.notes, "note"),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

/// One diagnostic, without a line break at its end.
pub fn one(diagnostic: &Diagnostic, coloured: bool) -> String {
    let renderer = if coloured { Renderer::styled() } else { Renderer::plain() };
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Note => Level::NOTE,
    };
    let mut group = Group::with_title(level.primary_title(&diagnostic.message).id(diagnostic.code));
    if let Some(span) = &diagnostic.span {
        let begin = span.begin();
        let path = span.source.path.display().to_string();
        let shown = Shown::new(span);
        let snippet = Snippet::source(shown.line)
            .line_start(begin.line)
            .fold(false)
            .annotation(AnnotationKind::Primary.span(shown.start..shown.end));
        // Of a line that is cut the renderer cannot tell the column.
        group = match shown.cut {
            false => group.element(snippet.path(path)),
            true => group
                .element(Origin::path(path).line(begin.line).char_column(begin.column))
                .element(snippet),
        };
    }
    let help = diagnostic.help.iter().map(|line| Level::HELP.message(line));
    renderer.render(&[group.elements(help)])
}

/// The line of a span, cut around it where it is long.
struct Shown {
    line: String,
    start: usize,
    end: usize,
    cut: bool,
}

impl Shown {
    fn new(span: &Span) -> Shown {
        let text = &span.source.text;
        let (line_start, line) = span.source.text_of_line(span.begin().line);
        let start = text.floor_char_boundary(span.start) - line_start;
        let start = start.min(line.len());
        let end = line
            .floor_char_boundary((span.end.saturating_sub(line_start)).clamp(start, line.len()));
        if line.chars().take(LINE_MAX + 1).count() <= LINE_MAX {
            return Shown { line: line.to_owned(), start, end, cut: false };
        }
        let from = line[..start].char_indices().rev().nth(LEAD).map_or(0, |(at, _)| at);
        let to = line[from..].char_indices().nth(LINE_MAX).map_or(line.len(), |(at, _)| from + at);
        let (before, after) =
            (if from > 0 { "..." } else { "" }, if to < line.len() { "..." } else { "" });
        let shift = |at: usize| at.min(to) - from + before.len();
        Shown {
            line: format!("{before}{}{after}", &line[from..to]),
            start: shift(start),
            end: shift(end),
            cut: true,
        }
    }
}
