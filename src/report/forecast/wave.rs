//! The tasks by when they could begin, with those of one step that begin at the same time as one.
//!
//! Does not know how many run at a time in the end.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use indexmap::IndexMap;

use super::fold::around;
use crate::core::preview::Foreseen;

/// With more waves than this the rest is counted.
const WAVES_MAX: usize = 24;

pub(super) fn waves(text: &mut String, tasks: &[Foreseen]) {
    let mut waves: BTreeMap<u32, IndexMap<String, Alike<'_>>> = BTreeMap::new();
    for task in tasks {
        let Some(wave) = task.wave else { continue };
        let named = waves.entry(wave).or_default().entry(without_key(&task.id));
        named.or_insert(Alike { first: &task.id, count: 0 }).count += 1;
    }
    if waves.len() < 2 {
        return;
    }
    let _ = writeln!(text, "\nin {} waves, each of what could run at the same time:", waves.len());
    for (number, alike) in waves.iter().take(WAVES_MAX) {
        let alike: Vec<String> = alike.iter().map(|(name, alike)| alike.in_words(name)).collect();
        let _ = writeln!(text, "{number:>4}  {}", alike.join(", "));
    }
    if waves.len() > WAVES_MAX {
        let _ = writeln!(text, "   …  {} more", waves.len() - WAVES_MAX);
    }
}

/// Tasks of one step in the items of one group.
struct Alike<'a> {
    first: &'a str,
    count: usize,
}

impl Alike<'_> {
    fn in_words(&self, name: &str) -> String {
        match self.count {
            1 => self.first.to_owned(),
            count => format!("{name} × {count}"),
        }
    }
}

/// The id with `…` for the key of the innermost item.
fn without_key(id: &str) -> String {
    match around(id).last() {
        Some((group, item)) => format!("{group}[…]{}", &id[item.len()..]),
        None => id.to_owned(),
    }
}
