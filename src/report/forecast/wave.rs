//! The tasks by when they could begin, with those of one step that begin at the same time as one.
//!
//! Does not know how many run at a time in the end.

use std::collections::BTreeMap;
use std::fmt::{self, Write as _};

use super::fold::around;
use crate::core::preview::Foreseen;

/// With more waves than this the rest is counted.
const WAVES_MAX: usize = 24;

pub(super) fn waves(text: &mut String, tasks: &[Foreseen]) {
    let mut waves: BTreeMap<u32, Vec<Alike>> = BTreeMap::new();
    for task in tasks {
        let Some(wave) = task.wave else { continue };
        let wave = waves.entry(wave).or_default();
        let name = without_key(&task.id);
        match wave.iter_mut().find(|known| known.name == name) {
            Some(known) => known.count += 1,
            None => wave.push(Alike { first: &task.id, name, count: 1 }),
        }
    }
    if waves.len() < 2 {
        return;
    }
    let _ = writeln!(text, "\nin {} waves, each of what could run at the same time:", waves.len());
    for (number, alike) in waves.iter().take(WAVES_MAX) {
        let alike: Vec<String> = alike.iter().map(ToString::to_string).collect();
        let _ = writeln!(text, "{number:>4}  {}", alike.join(", "));
    }
    if waves.len() > WAVES_MAX {
        let _ = writeln!(text, "   …  {} more", waves.len() - WAVES_MAX);
    }
}

/// Tasks of one step in the items of one group.
struct Alike<'a> {
    first: &'a str,
    name: String,
    count: usize,
}

impl fmt::Display for Alike<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.count {
            1 => f.write_str(self.first),
            count => write!(f, "{} × {count}", self.name),
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
