//! Lines that have lost a level of indentation: keys that stand where a name should, below what they belong to.
//!
//! Does not know lines; it looks at the entries of a map whose keys are names, and at the keys of what is named.

use super::super::codes;
use super::super::keys::{Shape, Table};
use super::super::near::nearest;
use super::super::yaml::{Key, Kind, Node};
use super::Decoder;

impl Decoder<'_> {
    /// What is named in a map, each with the entries behind it that are rather keys of it; these are told.
    pub(super) fn with_what_is_theirs(
        &mut self,
        what: &str,
        entries: Vec<(Key, Node)>,
        known: &Table,
    ) -> Vec<(Key, Node)> {
        let mut named: Vec<(Key, Node)> = Vec::with_capacity(entries.len());
        for (key, value) in entries {
            let above =
                named.last_mut().filter(|(_, above)| is_part_of(above, &key, &value, known));
            let Some((owner, above)) = above else {
                named.push((key, value));
                continue;
            };
            let message = format!("`{}` stands where the name of {} should", key.text, a(what));
            let help = format!("indent it further if it belongs to {what} `{}`", owner.text);
            self.errors(codes::MISPLACED_KEY, key.number, message, help);
            match &mut above.kind {
                Kind::Map(inside) => inside.push((key, value)),
                other => *other = Kind::Map(vec![(key, value)]),
            }
        }
        named
    }
}

fn a(what: &str) -> String {
    format!("{} {what}", if what.starts_with('a') { "an" } else { "a" })
}

/// Whether an entry is rather a key of what is named above it: its name is one that is missing there, and its value is none of what is
/// named here.
fn is_part_of(above: &Node, key: &Key, value: &Node, table: &Table) -> bool {
    let has_room = match &above.kind {
        Kind::Map(entries) => !entries.iter().any(|(known, _)| known.text == key.text),
        other => matches!(other, Kind::Null),
    };
    let known = table.keys().find(|known| known.name == key.text);
    let Some(known) = known.filter(|_| has_room) else { return false };
    match (&value.kind, known.shape) {
        (Kind::Null, _) => false,
        (Kind::Map(entries), Shape::Map(inside)) => {
            let of_key = entries.iter().all(|(key, _)| inside.has(&key.text));
            of_key && !entries.iter().all(|(key, _)| table.has(&key.text))
        }
        (Kind::Map(entries), _) => {
            let mut names = entries.iter().map(|(key, _)| key.text.as_str());
            !names.any(|name| nearest(name, table.names()).is_some())
        }
        _ => true,
    }
}
