//! Blanks that look like a space and are none: they come along when a runbook is copied from a page or a chat.
//!
//! In texts they are welcome; in front of a key or behind its colon YAML takes them for letters.

use super::{Line, Suspect};

/// The last line before the parser gave up with such a blank where a space should be.
pub(super) fn odd(text: &str, lines: &[Line<'_>]) -> Option<Suspect> {
    lines.iter().rev().find_map(|line| {
        let rest = &text[line.start..];
        let whole = rest.split('\n').next().unwrap_or(rest);
        let at = in_front(whole).or_else(|| behind_mark(whole))?;
        let blank = whole[at..].chars().next()?;
        Some(Suspect {
            bytes: line.start + at..line.start + at + blank.len_utf8(),
            message: format!("this looks like a space and is {}", in_words(blank)),
            help: "type an ordinary space in its place".to_owned(),
        })
    })
}

/// Among the blanks that a line begins with.
fn in_front(line: &str) -> Option<usize> {
    let blanks = line.char_indices().take_while(|(_, c)| c.is_whitespace() || is_odd(*c));
    blanks.into_iter().find(|(_, c)| is_odd(*c)).map(|(at, _)| at)
}

/// Directly behind the colon of a key, or behind the dash of an item.
fn behind_mark(line: &str) -> Option<usize> {
    let body = line.trim_start();
    let begin = line.len() - body.len();
    let item = body.strip_prefix('-').filter(|rest| rest.starts_with(is_odd)).map(|_| 1);
    let key = body.trim_start_matches("- ");
    let end = key.find(|c: char| !super::is_of_word(c))?;
    let colon = key[end..].strip_prefix(':').filter(|rest| end > 0 && rest.starts_with(is_odd));
    let colon = colon.map(|rest| body.len() - rest.len());
    item.or(colon).map(|at| begin + at)
}

/// What no eye tells from a space, or from nothing; a tab is told otherwise.
fn is_odd(c: char) -> bool {
    matches!(
        c,
        '\u{a0}' | '\u{1680}' | '\u{2000}'
            ..='\u{200d}' | '\u{202f}' | '\u{205f}' | '\u{2060}' | '\u{3000}' | '\u{feff}'
    )
}

fn in_words(c: char) -> String {
    match c {
        '\u{a0}' | '\u{202f}' => "a no-break space".to_owned(),
        _ => format!("the character U+{:04X}", u32::from(c)),
    }
}
