//! Where the values of a document stand in its text, by their numbers. The only file that names `saphyr_parser`.
//!
//! Does not know what the values mean. Runs only when something must be shown, and reads no further than it has to.

use std::collections::{BTreeSet, HashMap};
use std::ops::Range;

use saphyr_parser::{Event, Parser, ScalarStyle, Span};

use super::scalar::{self, Style};

/// The place of one value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Location {
    /// Bytes of the text. A map or list over several lines is shown by its first line.
    pub bytes: Range<usize>,
    /// The value, if it is a text, how it is written, and where its writing begins.
    scalar: Option<(String, Style, usize)>,
}

impl Location {
    /// The bytes in the file of a range of the value's own text; the whole value where that cannot be told.
    pub(crate) fn within(&self, text: &str, range: &Range<usize>) -> Range<usize> {
        let Some((value, style, begin)) = &self.scalar else { return self.bytes.clone() };
        let raw = &text[*begin..self.bytes.end];
        match scalar::raw_range(raw, value, *style, range) {
            Some(range) => begin + range.start..begin + range.end,
            None => self.bytes.clone(),
        }
    }
}

/// The places of the wanted values; a number that the document does not have is left out.
pub(crate) fn find(text: &str, wanted: &BTreeSet<u32>) -> HashMap<u32, Location> {
    let mut search = Search {
        text,
        offsets: Offsets::new(text),
        wanted,
        found: HashMap::new(),
        next: 0,
        open: Vec::new(),
        sizes: HashMap::new(),
    };
    let last = wanted.last().copied().unwrap_or(0);
    for event in Parser::new_from_str(text) {
        let Ok((event, span)) = event else { break };
        search.take(event, span);
        if search.next > last && !search.open.iter().any(|open| wanted.contains(&open.number)) {
            break;
        }
    }
    search.found
}

struct Search<'a> {
    text: &'a str,
    offsets: Offsets,
    wanted: &'a BTreeSet<u32>,
    found: HashMap<u32, Location>,
    next: u32,
    open: Vec<Open>,
    /// How many values an anchor stands for.
    sizes: HashMap<usize, u32>,
}

/// A map or list that has begun.
struct Open {
    number: u32,
    start: usize,
    anchor: usize,
}

impl Search<'_> {
    fn take(&mut self, event: Event<'_>, span: Span) {
        match event {
            Event::Scalar(value, style, anchor, _) => {
                let number = self.count(anchor, 1);
                if self.wanted.contains(&number) {
                    let bytes = self.bytes(span);
                    let bytes = bytes.start..self.trimmed(&bytes, style);
                    let begin = self.begin_of_writing(bytes.start, style);
                    let scalar = Some((value.into_owned(), style_of(style), begin));
                    self.found.insert(number, Location { bytes, scalar });
                }
            }
            Event::Alias(anchor) => {
                let size = self.sizes.get(&anchor).copied().unwrap_or(1);
                let bytes = self.bytes(span);
                for &number in self.wanted.range(self.next..self.next.saturating_add(size)) {
                    self.found.insert(number, Location { bytes: bytes.clone(), scalar: None });
                }
                self.next = self.next.saturating_add(size);
            }
            Event::SequenceStart(anchor, _) | Event::MappingStart(anchor, _) => {
                let start = self.offsets.byte(self.text, span.start.index());
                self.open.push(Open { number: self.next, start, anchor });
                self.next += 1;
            }
            Event::SequenceEnd | Event::MappingEnd => self.close(span),
            _ => {}
        }
    }

    fn count(&mut self, anchor: usize, size: u32) -> u32 {
        let number = self.next;
        self.next += size;
        if anchor != 0 {
            self.sizes.insert(anchor, size);
        }
        number
    }

    fn close(&mut self, span: Span) {
        let Some(open) = self.open.pop() else { return };
        if open.anchor != 0 {
            self.sizes.insert(open.anchor, self.next - open.number);
        }
        if self.wanted.contains(&open.number) {
            let end = self.offsets.byte(self.text, span.end.index()).max(open.start);
            let whole = &self.text[open.start..end];
            let line = whole.lines().next().unwrap_or_default().trim_end();
            let end = open.start + line.len();
            self.found.insert(open.number, Location { bytes: open.start..end, scalar: None });
        }
    }

    fn bytes(&mut self, span: Span) -> Range<usize> {
        let start = self.offsets.byte(self.text, span.start.index());
        let end = self.offsets.byte(self.text, span.end.index());
        start..end.max(start)
    }

    /// A block's first line is indented like the others, but the parser begins it behind the indentation.
    fn begin_of_writing(&self, start: usize, style: ScalarStyle) -> usize {
        let line = self.text[..start].rfind('\n').map_or(0, |end| end + 1);
        let indented = self.text[line..start].bytes().all(|byte| byte == b' ');
        match style {
            ScalarStyle::Literal | ScalarStyle::Folded if indented => line,
            _ => start,
        }
    }

    /// Where a scalar ends that the parser lets run on over the blanks behind it.
    fn trimmed(&self, bytes: &Range<usize>, style: ScalarStyle) -> usize {
        let raw = &self.text[bytes.clone()];
        match style {
            ScalarStyle::Plain => bytes.start + raw.trim_end().len(),
            _ => bytes.end,
        }
    }
}

fn style_of(style: ScalarStyle) -> Style {
    match style {
        ScalarStyle::Plain => Style::Plain,
        ScalarStyle::SingleQuoted => Style::SingleQuoted,
        ScalarStyle::DoubleQuoted => Style::DoubleQuoted,
        ScalarStyle::Literal | ScalarStyle::Folded => Style::Block,
    }
}

/// Characters → bytes: every so many characters the byte is remembered.
struct Offsets {
    marks: Vec<usize>,
    ascii: bool,
}

impl Offsets {
    const STRIDE: usize = 64;

    fn new(text: &str) -> Offsets {
        let ascii = text.is_ascii();
        let marks = if ascii {
            Vec::new()
        } else {
            text.char_indices().step_by(Self::STRIDE).map(|(byte, _)| byte).collect()
        };
        Offsets { marks, ascii }
    }

    fn byte(&self, text: &str, character: usize) -> usize {
        if self.ascii {
            return character.min(text.len());
        }
        let Some(&mark) = self.marks.get(character / Self::STRIDE) else { return text.len() };
        let rest = text[mark..].char_indices().nth(character % Self::STRIDE);
        rest.map_or(text.len(), |(offset, _)| mark + offset)
    }
}
