//! A line that has lost or gained a level of indentation, so that a line below it does not fit.
//!
//! Looks at who is indented how far beside whom. Of the keys of the language it knows no more than their names, to tell them from names
//! that authors choose.

use super::super::keys;
use super::{Line, Suspect, opens_block, spaces};

/// The line to blame where the parser stumbles over the last of these lines; `next` is the one behind it.
pub(super) fn out_of_place(lines: &[Line<'_>], next: Option<&Line<'_>>) -> Option<Suspect> {
    let [.., above, last] = lines else { return None };
    if last.indent > above.indent {
        deeper(lines, above, last, next)
    } else if last.indent < above.indent {
        shallower(lines, last)
    } else {
        None
    }
}

/// A line is deeper than the one above, which has a value: either of them may be where it should not.
fn deeper(
    lines: &[Line<'_>],
    above: &Line<'_>,
    last: &Line<'_>,
    next: Option<&Line<'_>>,
) -> Option<Suspect> {
    let has_value = opens_block(above.body) || !above.is_empty_key();
    if !has_value || !(above.key().is_some() || above.body.starts_with("- ")) {
        return None;
    }
    let before = &lines[..lines.len() - 2];
    if let Some(too_far_left) = beside_empty_key(before, above) {
        return Some(too_far_left);
    }
    let around = before.iter().rev().find(|line| line.indent <= last.indent);
    let has_neighbours = around.is_some_and(|line| line.indent == last.indent);
    let next_is_beside = next.is_some_and(|next| next.indent == above.indent);
    if has_neighbours && (!next_is_beside || is_alone(before, above, next)) {
        return Some(too_far_left(above, last.indent));
    }
    Some(Suspect {
        bytes: last.whole(),
        message: "this line is indented further than the one above, which has a value".to_owned(),
        help: format!("indent it by {}", spaces(above.indent)),
    })
}

/// A line is less deep than the one above, and nobody stands as far as it does: what it should stand beside is out of place.
fn shallower(lines: &[Line<'_>], last: &Line<'_>) -> Option<Suspect> {
    let (_, before) = lines.split_last()?;
    let owner = before.iter().rposition(|line| line.indent < last.indent)?;
    let (outside, first) = (&before[..owner], before.get(owner + 1)?);
    if let Some(too_far_left) = beside_empty_key(outside, &before[owner]) {
        return Some(too_far_left);
    }
    if first.indent == last.indent {
        let (above, is_item) = (before.last()?, last.body.starts_with("- "));
        return (is_item && above.body.starts_with("- ")).then(|| too_far_left(last, above.indent));
    }
    let around = outside.iter().rev().find(|line| line.indent <= last.indent);
    let has_neighbours = around.is_some_and(|around| around.indent == last.indent);
    let block = &before[owner + 1..];
    let as_deep = block.iter().filter(|line| line.indent == first.indent).count();
    let is_empty = first.is_empty_key() && block.get(1).is_some_and(|l| l.indent == first.indent);
    let may_be_key = has_neighbours && before[owner].key().is_some_and(is_known);
    if first.indent > last.indent && (is_empty || as_deep == 1 && !may_be_key) {
        return Some(Suspect {
            bytes: first.whole(),
            message: "this line is indented further than the ones below it".to_owned(),
            help: format!("indent it by {}", spaces(last.indent)),
        });
    }
    has_neighbours.then(|| too_far_left(&before[owner], last.indent))
}

/// Whether a line is a key of the language, and what stands as far left before and behind it is not.
fn is_alone(before: &[Line<'_>], line: &Line<'_>, next: Option<&Line<'_>>) -> bool {
    let previous = before.iter().rev().find(|other| other.indent <= line.indent);
    let beside = [previous, next].into_iter().flatten().filter(|other| other.indent == line.indent);
    let mut keys = beside.filter_map(Line::key);
    line.key().is_none_or(is_known) && !keys.any(is_known)
}

/// Whether that is a key of steps, settings, probes, parameters or drivers' actions.
fn is_known(key: &str) -> bool {
    let tables = [&keys::STEP, &keys::DRIVER_ACTION, &keys::SETTING, &keys::PROBE, &keys::STATE];
    tables.iter().any(|table| table.has(key)) || keys::PARAMETER.has(key)
}

/// A line that stands as far as the key above it, which has nothing.
fn beside_empty_key(before: &[Line<'_>], line: &Line<'_>) -> Option<Suspect> {
    let outer = before.last().filter(|outer| outer.indent == line.indent)?;
    let key = outer.key().filter(|_| outer.is_empty_key())?;
    Some(Suspect {
        bytes: line.whole(),
        message: format!("this line is indented no further than `{key}:` above it"),
        help: format!("indent it further if it belongs to `{key}`"),
    })
}

fn too_far_left(line: &Line<'_>, indent: usize) -> Suspect {
    Suspect {
        bytes: line.whole(),
        message: "this line is indented less than the lines beside it".to_owned(),
        help: format!("indent it by {}, as they are", spaces(indent)),
    }
}
