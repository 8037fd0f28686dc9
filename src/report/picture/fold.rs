//! Steps that differ in nothing but their names, as one box: a picture of two hundred is read as one of twenty.
//!
//! Does not know what the steps do.

use std::collections::BTreeMap;

use super::figure::{Figure, Form, Item};
use super::{Tally, figure};

/// As many of a kind are still drawn one by one.
const DRAWN_MAX: usize = 6;

/// The figure with many steps of a kind as one.
pub(super) fn fold(mut figure: Figure) -> Figure {
    for item in &mut figure.items {
        item.inside = item.inside.take().map(fold);
    }
    let mut becomes: Vec<usize> = (0..figure.items.len()).collect();
    for same in alike(&figure).into_values().filter(|same| same.len() > DRAWN_MAX) {
        same.iter().for_each(|number| becomes[*number] = same[0]);
    }
    if becomes.iter().enumerate().all(|(number, first)| number == *first) {
        return figure;
    }
    let members = |first: usize| {
        becomes.iter().enumerate().filter(move |(_, of)| **of == first).map(|(number, _)| number)
    };
    let firsts: Vec<usize> =
        (0..becomes.len()).filter(|number| becomes[*number] == *number).collect();
    let items = firsts
        .iter()
        .map(|first| together(&figure.items, &members(*first).collect::<Vec<_>>()))
        .collect();
    let place =
        |number: usize| firsts.binary_search(&becomes[number]).expect("each becomes a first one");
    let mut arrows = std::mem::take(&mut figure.arrows);
    arrows
        .iter_mut()
        .for_each(|arrow| (arrow.from, arrow.to) = (place(arrow.from), place(arrow.to)));
    arrows.sort_by_key(|arrow| (arrow.from, arrow.to, !arrow.critical));
    arrows.dedup_by_key(|arrow| (arrow.from, arrow.to));
    for bracket in &mut figure.brackets {
        bracket.around = bracket.around.iter().map(|number| place(*number)).collect();
        bracket.around.sort_unstable();
        bracket.around.dedup();
    }
    Figure { items, arrows, brackets: figure.brackets }
}

/// What makes two steps the same: how they look, what is before and behind them, and what is around them.
type Likeness = (Form, String, Vec<(usize, bool)>, Vec<(usize, bool)>, Vec<usize>);

fn alike(figure: &Figure) -> BTreeMap<Likeness, Vec<usize>> {
    let mut alike: BTreeMap<Likeness, Vec<usize>> = BTreeMap::new();
    let mut before = vec![Vec::new(); figure.items.len()];
    let mut behind = before.clone();
    for arrow in &figure.arrows {
        behind[arrow.from].push((arrow.to, arrow.weak));
        before[arrow.to].push((arrow.from, arrow.weak));
    }
    for (number, item) in figure.items.iter().enumerate().filter(|(_, item)| item.inside.is_none())
    {
        let brackets = figure.brackets.iter().enumerate();
        let brackets = brackets.filter(|(_, bracket)| bracket.around.contains(&number));
        let around = brackets.map(|(bracket, _)| bracket).collect();
        let look = if item.tally.is_empty() { item.note.clone() } else { String::new() };
        let likeness = (
            item.form,
            look,
            std::mem::take(&mut before[number]),
            std::mem::take(&mut behind[number]),
            around,
        );
        alike.entry(likeness).or_default().push(number);
    }
    alike
}

fn together(items: &[Item], members: &[usize]) -> Item {
    let (first, last) = (&items[members[0]], &items[members[members.len() - 1]]);
    if members.len() == 1 {
        return first.clone();
    }
    let mut tally = Tally::new();
    for (standing, count) in members.iter().flat_map(|member| &items[*member].tally) {
        match tally.iter_mut().find(|(known, _)| known == standing) {
            Some((_, sum)) => *sum += count,
            None => tally.push((*standing, *count)),
        }
    }
    let names: Vec<&str> = members.iter().map(|member| items[*member].label.as_str()).collect();
    Item {
        label: format!("{} … {}", first.label, last.label),
        note: match tally.is_empty() {
            true => format!("{} steps · {}", members.len(), first.note),
            false => figure::told(&tally),
        },
        tooltip: format!("{} steps: {}", members.len(), names.join(", ")),
        many: true,
        critical: members.iter().any(|member| items[*member].critical),
        form: first.form,
        tally,
        inside: None,
    }
}
