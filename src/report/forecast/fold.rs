//! Which items of large groups are left out, and what is said of them instead.
//!
//! Goes by ids alone; does not know what becomes of a task but to count it.

use std::collections::{BTreeMap, BTreeSet};

use super::counts;
use crate::core::preview::Foreseen;

/// A group with more items than this is folded.
const ITEMS_MAX: usize = 6;

/// How many items of a folded group are shown.
const ITEMS_SHOWN: usize = 2;

/// A task that is not shown.
pub(super) struct Hidden {
    /// The outermost folded group that it is hidden in.
    pub(super) group: String,
    /// It is the first one.
    pub(super) first: bool,
}

/// Which items are hidden, by the ids of their groups: a key holds no brackets, so that an id says which items it is inside of.
pub(super) struct Fold {
    /// The hidden items of each folded group.
    hidden: BTreeMap<String, BTreeSet<String>>,
    told: BTreeSet<String>,
}

impl Fold {
    pub(super) fn new(tasks: &[Foreseen]) -> Self {
        let mut items: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        let mut seen = BTreeSet::new();
        for (group, item) in tasks.iter().flat_map(|task| around(&task.id)) {
            if seen.insert(item) {
                items.entry(group).or_default().push(item);
            }
        }
        let folded = items.into_iter().filter(|(_, items)| items.len() > ITEMS_MAX);
        let hidden = folded.map(|(group, items)| {
            let hidden = items[ITEMS_SHOWN..].iter().map(|item| (*item).to_owned());
            (group.to_owned(), hidden.collect())
        });
        Self { hidden: hidden.collect(), told: BTreeSet::new() }
    }

    pub(super) fn has_hidden(&self) -> bool {
        !self.told.is_empty()
    }

    pub(super) fn hides(&mut self, id: &str) -> Option<Hidden> {
        let (group, _) = around(id).find(|(group, item)| {
            self.hidden.get(*group).is_some_and(|hidden| hidden.contains(*item))
        })?;
        Some(Hidden { group: group.to_owned(), first: self.told.insert(group.to_owned()) })
    }

    /// What is hidden in a group, in words.
    pub(super) fn words(&self, group: &str, tasks: &[Foreseen]) -> String {
        let hidden = self.hidden.get(group);
        let inside = tasks.iter().filter(|task| {
            around(&task.id).any(|(_, item)| hidden.is_some_and(|hidden| hidden.contains(item)))
        });
        let count = hidden.map_or(0, BTreeSet::len);
        format!("{count} more items of {group}: {}", counts(inside))
    }
}

/// The items that a task is inside of, outermost first, each with its group.
pub(super) fn around(id: &str) -> impl Iterator<Item = (&str, &str)> {
    let opened = id.match_indices('[');
    opened.filter_map(move |(open, _)| {
        let close = open + id[open..].find(']')?;
        Some((&id[..open], &id[..=close]))
    })
}
