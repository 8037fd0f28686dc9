//! Quotes, brackets and braces that are opened and not closed.
//!
//! A quote may go on in the next line; one whose end is followed by what cannot follow a value was never closed where it should be.

use super::Line;

/// A mark that is not closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Open {
    pub(super) mark: char,
    /// Its byte.
    pub(super) at: usize,
    /// Where its line ends.
    pub(super) end: usize,
    line: usize,
}

/// The last mark that is opened before a line and not closed.
pub(super) fn left_open(lines: &[Line<'_>], stumbled: usize) -> Option<Open> {
    let mut scan = Scan::default();
    for line in lines {
        if let Some(open) = scan.line(line) {
            return Some(open);
        }
    }
    let quote = scan.quote;
    quote.or_else(|| scan.flow.pop().filter(|open| open.line < stumbled))
}

#[derive(Default)]
struct Scan {
    quote: Option<Open>,
    /// Brackets and braces.
    flow: Vec<Open>,
}

impl Scan {
    /// Reads a line; returns the quote that should have been closed before it.
    fn line(&mut self, line: &Line<'_>) -> Option<Open> {
        let mut rest = line.body.char_indices().peekable();
        let end = line.begin() + line.body.len();
        // What may a value begin behind: the begin of a line, a colon, a dash, or a mark of a flow.
        let mut before = ':';
        while let Some((offset, c)) = rest.next() {
            let open = || Open { mark: c, at: line.begin() + offset, end, line: line.number };
            if let Some(quote) = self.quote {
                match c {
                    '\\' if quote.mark == '"' => drop(rest.next()),
                    '\'' if c == quote.mark && rest.peek().is_some_and(|(_, next)| *next == c) => {
                        rest.next();
                    }
                    _ if c == quote.mark => {
                        let behind = line.body[offset + 1..].trim_start();
                        let ends =
                            behind.is_empty() || behind.starts_with([',', ']', '}', ':', '#']);
                        if !ends && (quote.line < line.number || begins_another(line, offset)) {
                            return Some(quote);
                        }
                        self.quote = None;
                        before = c;
                    }
                    _ => {}
                }
                continue;
            }
            let begins = matches!(before, ':' | '-' | '[' | '{' | ',') || !self.flow.is_empty();
            match c {
                ' ' => continue,
                '#' if line.body[..offset].ends_with(' ') => break,
                '"' | '\'' if matches!(before, ':' | '-' | '[' | '{' | ',') => {
                    self.quote = Some(open());
                }
                '[' | '{' if begins => self.flow.push(open()),
                ']' | '}' => match self.flow.pop() {
                    Some(open) if open.mark != partner(c) => return Some(open),
                    _ => {}
                },
                _ => {}
            }
            before = c;
        }
        None
    }
}

/// Whether a quote that seems to close one rather opens the next: it stands where a value begins.
fn begins_another(line: &Line<'_>, offset: usize) -> bool {
    let before = &line.body[..offset];
    before.ends_with(": ") || before.ends_with(", ") || before.ends_with(['[', '{'])
}

fn partner(closing: char) -> char {
    if closing == ']' { '[' } else { '{' }
}
