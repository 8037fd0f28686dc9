//! From a place in a scalar's value to the place in the text as it is written: quotes, escapes, folding, indentation.
//!
//! Does not parse YAML; value and writing are walked side by side, and where they part nothing is told.

use std::ops::Range;

/// How a scalar is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Style {
    /// Without quotes.
    Plain,
    /// `'...'`.
    SingleQuoted,
    /// `"..."`.
    DoubleQuoted,
    /// `|` or `>`.
    Block,
}

/// The range of `raw`, the scalar as written, that a range of `value` comes from.
pub(crate) fn raw_range(
    raw: &str,
    value: &str,
    style: Style,
    range: &Range<usize>,
) -> Option<Range<usize>> {
    let mut walk = Walk::new(raw, style);
    let (mut start, mut end) = (None, None);
    for (offset, character) in value.char_indices() {
        if offset >= range.end {
            break;
        }
        let (from, to) = walk.step(character)?;
        if offset >= range.start {
            start.get_or_insert(from);
            end = Some(to);
        }
    }
    Some(start?..end?)
}

struct Walk<'r> {
    raw: &'r str,
    at: usize,
    style: Style,
    indent: usize,
}

impl<'r> Walk<'r> {
    fn new(raw: &'r str, style: Style) -> Walk<'r> {
        let mut walk = Walk { raw, at: 0, style, indent: 0 };
        match style {
            Style::Plain => {}
            Style::SingleQuoted | Style::DoubleQuoted => walk.at = 1,
            Style::Block => {
                // The writing may begin with the header (`|-`) or only after it.
                if raw.starts_with(['|', '>']) {
                    walk.at = raw.find('\n').map_or(raw.len(), |end| end + 1);
                }
                let first = raw[walk.at..].lines().find(|line| !line.trim().is_empty());
                walk.indent =
                    first.map_or(0, |line| line.len() - line.trim_start_matches(' ').len());
                walk.skip_indent();
            }
        }
        walk
    }

    /// Consumes what one character of the value is written as.
    fn step(&mut self, wanted: char) -> Option<(usize, usize)> {
        loop {
            let from = self.at;
            let next = self.raw[self.at..].chars().next()?;
            if next == '\\' && self.style == Style::DoubleQuoted {
                return self.escape(wanted).then_some((from, self.at));
            }
            if self.folds(wanted) {
                return Some((from, self.at));
            }
            if next == '\r' && self.raw[self.at..].starts_with("\r\n") {
                self.at += 1;
                continue;
            }
            if next == wanted {
                self.at += next.len_utf8();
                if next == '\'' && self.style == Style::SingleQuoted {
                    self.at += 1;
                }
                if next == '\n' {
                    self.skip_indent();
                }
                return Some((from, self.at));
            }
            if next == '\n' && self.style == Style::Block {
                self.at += 1;
                self.skip_indent();
                if wanted == ' ' {
                    return Some((from, self.at));
                }
                continue;
            }
            return None;
        }
    }

    /// A line break in a plain or quoted scalar, with the blanks around it, stands for a space.
    fn folds(&mut self, wanted: char) -> bool {
        if self.style == Style::Block || wanted != ' ' {
            return false;
        }
        let rest = &self.raw[self.at..];
        let blanks = rest.len() - rest.trim_start().len();
        if !rest[..blanks].contains('\n') {
            return false;
        }
        self.at += blanks;
        true
    }

    /// An escape of one character; longer ones end the walk.
    fn escape(&mut self, wanted: char) -> bool {
        let means = match self.raw[self.at + 1..].chars().next() {
            Some('n') => '\n',
            Some('t') => '\t',
            Some(same @ ('"' | '\\' | '/' | ' ')) => same,
            _ => return false,
        };
        self.at += 2;
        means == wanted
    }

    fn skip_indent(&mut self) {
        if self.style == Style::Block {
            let rest = &self.raw[self.at..];
            let spaces = rest.len() - rest.trim_start_matches(' ').len();
            self.at += spaces.min(self.indent);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_in_the_value_is_found_in_the_writing() {
        let block = "|\n    echo {{ a }}\n    echo {{ bad }}\n";
        for (raw, value, style, part) in [
            ("{{ bad }}", "{{ bad }}", Style::Plain, "bad"),
            ("'it''s {{ bad }}'", "it's {{ bad }}", Style::SingleQuoted, "bad"),
            (r#""a \"b\" {{ bad }}""#, r#"a "b" {{ bad }}"#, Style::DoubleQuoted, "bad"),
            ("one\n   two bad", "one two bad", Style::Plain, "bad"),
            (block, "echo {{ a }}\necho {{ bad }}\n", Style::Block, "bad"),
            (">-\n  a\n  b\n\n  bad", "a b\nbad", Style::Block, "bad"),
            ("|\r\n  a\r\n  bad\r\n", "a\nbad\n", Style::Block, "bad"),
        ] {
            let start = value.find(part).unwrap();
            let found = raw_range(raw, value, style, &(start..start + part.len())).unwrap();
            assert_eq!(&raw[found], part, "{raw}");
        }
        assert_eq!(raw_range(r#""\x41bad""#, "Abad", Style::DoubleQuoted, &(1..4)), None);
    }
}
