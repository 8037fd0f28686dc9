//! Text that is no YAML → the line that is most likely to blame, which is often not the one where the parser gave up.
//!
//! Looks at lines alone, as an author does, and does not parse. What it cannot tell it leaves to the parser's own words.

mod blanks;
mod level;
mod quotes;

use std::ops::Range;

use self::quotes::Open;

/// Keys whose values are often texts of several lines.
const TEXTS: [&str; 6] = ["description", "title", "instructions", "message", "stop", "shell"];

/// A line that is most likely to blame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Suspect {
    /// The bytes that are shown.
    pub(super) bytes: Range<usize>,
    /// What is wrong with it.
    pub(super) message: String,
    /// What to do about it.
    pub(super) help: String,
}

/// A line that has something in it beside a comment, and is no text of a block.
#[derive(Debug, Clone, Copy)]
struct Line<'a> {
    /// Counted from 1.
    number: usize,
    /// Its first byte.
    start: usize,
    indent: usize,
    /// Without indentation and blanks at the end.
    body: &'a str,
}

impl Line<'_> {
    fn begin(&self) -> usize {
        self.start + self.indent
    }

    /// Its key, if it has one: a word, a colon, and then a blank or nothing.
    fn key(&self) -> Option<&str> {
        let body = self.body.trim_start_matches("- ").trim_start();
        let end = body.find(|c: char| !is_of_word(c) && c != '"' && c != '\'')?;
        let behind = body[end..].strip_prefix(':')?;
        (end > 0 && (behind.is_empty() || behind.starts_with(' '))).then(|| &body[..end])
    }

    /// Whether it is a key without a value, behind which a comment may stand.
    fn is_empty_key(&self) -> bool {
        self.key().is_some()
            && self.body.split(" #").next().unwrap_or_default().trim_end().ends_with(':')
    }

    fn whole(&self) -> Range<usize> {
        self.begin()..self.begin() + self.body.len()
    }
}

fn is_of_word(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '-' | '.')
}

/// Who is to blame for what the parser says about a line, counted from 1.
pub(super) fn suspect(text: &str, said: &str, line: usize) -> Option<Suspect> {
    let mut lines = structural(text, usize::MAX);
    let next = lines.iter().find(|known| known.number > line).copied();
    lines.retain(|known| known.number <= line);
    if let Some(odd) = blanks::odd(text, &lines) {
        return Some(odd);
    }
    if let Some(open) = quotes::left_open(&lines, line) {
        return Some(left_open(&open));
    }
    if said.contains("expected '-'") {
        return list_and_map(&lines);
    }
    let stumbled = ["expected ':'", "mapping values", "expected key", "expected <block end>"];
    if !stumbled.iter().any(|words| said.contains(words)) {
        return None;
    }
    let last = lines.last().filter(|last| last.number == line && said.contains("mapping values"));
    let above = above(&lines, line);
    text_without_mark(&above)
        .or_else(|| last.and_then(two_colons))
        .or_else(|| above.run.first().and_then(keyless))
        .or_else(|| item_without_colon(&lines))
        .or_else(|| out_of_step(&lines, 2))
        .or_else(|| level::out_of_place(&lines, next.as_ref()))
        .or_else(|| out_of_step(&lines, 4))
}

/// The lines up to that one, without comments and the texts of blocks.
fn structural(text: &str, last: usize) -> Vec<Line<'_>> {
    let mut lines = Vec::new();
    let mut start = 0;
    // How far the key of a block is indented, and its text, once that has begun.
    let mut block: Option<(usize, Option<usize>)> = None;
    for (raw, number) in text.split_inclusive('\n').zip(1..=last) {
        let body = raw.trim();
        let indent = raw.len() - raw.trim_start_matches(' ').len();
        let line = Line { number, start, indent, body };
        start += raw.len();
        if body.is_empty() {
            continue;
        }
        if let Some((outer, text)) = block
            && indent >= text.unwrap_or(outer + 1)
        {
            block = Some((outer, text.or(Some(indent))));
            continue;
        }
        if body.starts_with('#') {
            continue;
        }
        block = opens_block(body).then_some((indent, None));
        lines.push(line);
    }
    lines
}

/// Whether the lines below are a text: `key: >`, `- |-`.
fn opens_block(body: &str) -> bool {
    let marks = |word: &str| {
        word.starts_with(['>', '|']) && word[1..].chars().all(|c| "+-0123456789".contains(c))
    };
    let code = body.split(" #").next().unwrap_or(body).trim_end();
    let (before, word) = code.rsplit_once(' ').unwrap_or(("", code));
    marks(word) && (before.ends_with(':') || before.ends_with('-'))
}

fn left_open(open: &Open) -> Suspect {
    let (what, close) = match open.mark {
        '[' => ("`[` is not closed", "]"),
        '{' => ("`{` is not closed", "}"),
        '"' => ("the quote is not closed", "\""),
        _ => ("the quote is not closed", "'"),
    };
    Suspect {
        bytes: open.at..open.end,
        message: what.to_owned(),
        help: format!("put `{close}` where it ends"),
    }
}

/// A line that holds one `key: ` too many, which is its own fault.
fn two_colons(last: &Line<'_>) -> Option<Suspect> {
    let key = last.key()?;
    let (before, value) = last.body.split_once(": ")?;
    let value = value.trim_start();
    let is_plain = !value.starts_with(['{', '[', '"', '\'', '|', '>', '&', '*', '!', '#']);
    if !is_plain || !(value.contains(": ") || value.ends_with(':')) {
        return None;
    }
    let begin = last.begin() + last.body.len() - value.len();
    let quoted = match value.contains('"') {
        true => format!("'{}'", value.replace('\'', "''")),
        false => format!("\"{}\"", value.replace('\\', "\\\\")),
    };
    Some(Suspect {
        bytes: begin..last.begin() + last.body.len(),
        message: format!("the text of `{key}` holds a colon, and has no quotes"),
        help: format!("write `{}: {quoted}`", before.trim_start_matches("- ")),
    })
}

/// What stands above the line where the parser gave up.
struct Above<'a> {
    /// The lines without a key.
    run: Vec<Line<'a>>,
    /// The line above these.
    key: Option<Line<'a>>,
}

fn above<'a>(lines: &[Line<'a>], stumbled: usize) -> Above<'a> {
    let before = lines.partition_point(|line| line.number < stumbled);
    let has_key = |line: &Line<'_>| line.key().is_some() || line.body.starts_with("- ");
    let begin = lines[..before].iter().rposition(has_key).map_or(0, |key| key + 1);
    let key = begin.checked_sub(1).map(|key| lines[key]);
    let mut run = lines[begin..before].to_vec();
    // The parser may give up in the middle of a text.
    run.extend(lines[before..].iter().filter(|line| !has_key(line)));
    Above { run, key }
}

/// A text below a key that has no mark for texts of several lines.
fn text_without_mark(above: &Above<'_>) -> Option<Suspect> {
    let (key, first) = (above.key?, above.run.first()?);
    let name = key.key()?;
    let below = key.is_empty_key() && first.indent > key.indent;
    if !below || !TEXTS.contains(&name) {
        return None;
    }
    Some(Suspect {
        bytes: key.whole(),
        message: format!("the text below `{name}:` is no value as it stands"),
        help: format!("write `{name}: >` above a text of several lines"),
    })
}

/// A line that has no key although it should.
fn keyless(line: &Line<'_>) -> Option<Suspect> {
    let body = line.body.strip_prefix("- ").unwrap_or(line.body);
    let begin = line.begin() + (line.body.len() - body.len());
    let word_end = body.find(|c: char| !is_of_word(c)).unwrap_or(body.len());
    let (word, behind) = body.split_at(word_end);
    let (message, help) = if word.is_empty() {
        return None;
    } else if let Some(value) = behind.strip_prefix(':') {
        let message = format!("there is no space behind `{word}:`");
        (message, format!("write `{word}: {}`", value.trim()))
    } else if behind.is_empty() || behind.starts_with(' ') {
        let message = format!("there is no colon behind `{word}`");
        (message, format!("write `{word}:{}`", behind.trim_end()))
    } else {
        return None;
    };
    Some(Suspect { bytes: begin..begin + word_end, message, help })
}

/// Items of a list and keys of a map beside each other: the fewer of them are to blame.
fn list_and_map(lines: &[Line<'_>]) -> Option<Suspect> {
    let (last, before) = lines.split_last()?;
    let beside = before.iter().rev().take_while(|line| line.indent >= last.indent);
    let items: Vec<&Line<'_>> =
        beside.filter(|line| line.indent == last.indent && line.body.starts_with("- ")).collect();
    match items[..] {
        [] => None,
        [item] => Some(Suspect {
            bytes: item.whole(),
            message: "this line begins with a dash, and the one beside it does not".to_owned(),
            help: format!("write `{}`, without the dash", item.body.trim_start_matches("- ")),
        }),
        _ => Some(Suspect {
            bytes: last.whole(),
            message: "this line begins without a dash, and the ones beside it have one".to_owned(),
            help: format!("write `- {}`, or indent it further", last.body),
        }),
    }
}

/// An item that is no map as it stands, with keys below it.
fn item_without_colon(lines: &[Line<'_>]) -> Option<Suspect> {
    let [.., item, below] = lines else { return None };
    let goes_on = below.key().is_some() && below.indent == item.indent + 2;
    let is_bare = item.body.starts_with("- ") && item.key().is_none();
    if goes_on && is_bare { keyless(item) } else { None }
}

/// The nearest line whose indentation is no multiple of that unit, which nearly all others have.
fn out_of_step(lines: &[Line<'_>], unit: usize) -> Option<Suspect> {
    let indented = lines.iter().filter(|line| line.indent > 0);
    let total = indented.clone().count();
    let fit = indented.filter(|line| line.indent % unit == 0).count();
    // One in ten may be out of step, and where there are few lines, one.
    let allowed = (total / 10).max(1);
    if total <= 2 || fit + allowed < total {
        return None;
    }
    let line = lines.iter().rev().find(|line| line.indent % unit != 0)?;
    Some(Suspect {
        bytes: line.whole(),
        message: format!("this line is indented by {}", spaces(line.indent)),
        help: format!("the other lines are indented by multiples of {unit}"),
    })
}

fn spaces(count: usize) -> String {
    match count {
        0 => "nothing".to_owned(),
        1 => "1 space".to_owned(),
        _ => format!("{count} spaces"),
    }
}

#[cfg(test)]
mod tests;
