//! Where every box, arrow and bracket is, in pixels.
//!
//! Does not know colours; how wide a text is, is guessed on the safe side, since nobody knows the fonts.

use unicode_width::UnicodeWidthStr;

use super::figure::{Figure, Item};
use super::layers::{Layers, layers};

/// The way that arrows go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Flow {
    Down,
    Right,
}

/// A figure with its places; the upper left corner is (0, 0).
#[derive(Debug)]
pub(super) struct Placed {
    pub(super) flow: Flow,
    pub(super) width: f64,
    pub(super) height: f64,
    pub(super) boxes: Vec<Frame>,
    /// As in [`Layers::ways`].
    pub(super) ways: Vec<Vec<(f64, f64)>>,
    pub(super) brackets: Vec<Span>,
}

/// A box, with what is inside.
#[derive(Debug)]
pub(super) struct Frame {
    pub(super) x: f64,
    pub(super) y: f64,
    pub(super) width: f64,
    pub(super) height: f64,
    pub(super) inside: Option<(f64, f64, Box<Placed>)>,
}

/// A bracket: it stands at `at` and goes from `begin` to `end`, along the flow.
#[derive(Debug, Clone, Copy)]
pub(super) struct Span {
    pub(super) at: f64,
    pub(super) begin: f64,
    pub(super) end: f64,
}

/// Height of the line that says what a group is.
pub(super) const HEADER: f64 = 28.0;
/// Room between a group's border and what is inside.
const PADDING: f64 = 14.0;
const BOX_HEIGHT: f64 = 42.0;
/// What a bracket with its label takes.
const BRACKET: f64 = 26.0;

/// Width of a text in the font of labels, which has letters of equal width.
pub(super) fn label_width(text: &str) -> f64 {
    columns(text) * 7.9
}

/// Width of a text in the font of notes.
pub(super) fn note_width(text: &str) -> f64 {
    columns(text) * 6.3
}

fn columns(text: &str) -> f64 {
    u32::try_from(text.width()).map_or(f64::MAX, f64::from)
}

/// Gives everything its place.
pub(super) fn place(figure: &Figure, flow: Flow) -> Placed {
    let mut boxes: Vec<Frame> = figure.items.iter().map(|item| frame(item, flow)).collect();
    let turn = |(x, y): (f64, f64)| if flow == Flow::Down { (x, y) } else { (y, x) };
    let sizes: Vec<(f64, f64)> =
        boxes.iter().map(|frame| turn((frame.width, frame.height))).collect();
    let arrows: Vec<(usize, usize)> =
        figure.arrows.iter().map(|arrow| (arrow.from, arrow.to)).collect();
    let Layers { corners, ways, width, height } = layers(&sizes, &arrows);
    let (spans, columns) = spans(figure, &corners, &sizes);
    let aside = f64::from(columns) * BRACKET;

    for (frame, (across, along)) in boxes.iter_mut().zip(&corners) {
        (frame.x, frame.y) = turn((across + aside, *along));
    }
    let ways = ways.into_iter();
    let ways = ways
        .map(|way| way.into_iter().map(|(across, along)| turn((across + aside, along))).collect());
    // A bracket is as long as its label at least.
    let longest =
        figure.brackets.iter().map(|bracket| note_width(&bracket.label)).fold(height, f64::max);
    let (width, height) = turn((width + aside, longest));
    Placed { flow, width, height, boxes, ways: ways.collect(), brackets: spans }
}

fn frame(item: &Item, flow: Flow) -> Frame {
    let text = label_width(&item.label).max(note_width(&item.note));
    let Some(figure) = &item.inside else {
        return Frame { x: 0.0, y: 0.0, width: text + 30.0, height: BOX_HEIGHT, inside: None };
    };
    let inside = place(figure, flow);
    let header = label_width(&item.label) + note_width(&item.note) + 44.0;
    let width = (inside.width + 2.0 * PADDING).max(header);
    let height = inside.height + HEADER + PADDING + 6.0;
    let left = (width - inside.width) / 2.0;
    Frame { x: 0.0, y: 0.0, width, height, inside: Some((left, HEADER + 6.0, Box::new(inside))) }
}

/// The brackets, the widest outside, and how many stand beside each other.
fn spans(figure: &Figure, corners: &[(f64, f64)], sizes: &[(f64, f64)]) -> (Vec<Span>, u32) {
    let mut spans: Vec<(usize, f64, f64)> = Vec::new();
    for (number, bracket) in figure.brackets.iter().enumerate() {
        let begin =
            bracket.around.iter().map(|item| corners[*item].1).fold(f64::INFINITY, f64::min);
        let end =
            bracket.around.iter().map(|item| corners[*item].1 + sizes[*item].1).fold(0.0, f64::max);
        let begin = if begin.is_finite() { begin } else { 0.0 };
        spans.push((number, begin, end.max(begin + note_width(&bracket.label))));
    }
    // The shortest is nearest to what it is around.
    spans.sort_by(|one, other| (one.2 - one.1).total_cmp(&(other.2 - other.1)));
    let mut columns: Vec<Vec<(usize, f64, f64)>> = Vec::new();
    for span in spans {
        let free = columns
            .iter()
            .position(|column| column.iter().all(|other| span.1 > other.2 || span.2 < other.1));
        match free {
            Some(column) => columns[column].push(span),
            None => columns.push(vec![span]),
        }
    }
    let count = u32::try_from(columns.len()).unwrap_or(u32::MAX);
    let mut placed = vec![Span { at: 0.0, begin: 0.0, end: 0.0 }; figure.brackets.len()];
    for (column, spans) in (0..count).zip(&columns) {
        for (number, begin, end) in spans {
            placed[*number] =
                Span { at: f64::from(count - column) * BRACKET - 8.0, begin: *begin, end: *end };
        }
    }
    (placed, count)
}
