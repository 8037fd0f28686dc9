//! The entries of a map while they are decoded: each is taken once, and what is left over is unknown.
//!
//! Does not know which keys there are; `spec::keys` does.

use super::super::codes;
use super::super::keys::Table;
use super::super::near::did_you_mean;
use super::super::yaml::{Key, Kind, Node};
use super::Decoder;

/// Keys listed in full where an unknown one resembles none of them.
const LISTED_MAX: usize = 12;
/// Keys that the language has, and this version does not understand yet.
const LATER: [&str; 4] = ["hosts", "host", "sensitive", "secret"];

/// A map with what it is, in words.
pub(super) struct Fields {
    /// "step `move`", "`retry`".
    pub(super) what: String,
    /// The value or key that the map is shown by.
    pub(super) at: u32,
    entries: Vec<(Key, Node)>,
}

/// An entry that was taken.
pub(super) struct Entry {
    pub(super) key: Key,
    pub(super) value: Node,
}

impl Fields {
    pub(super) fn has(&self, key: &str) -> bool {
        self.entries.iter().any(|(known, _)| known.text == key)
    }

    /// Whether a key that is left was probably meant to be this one, which is told when the map is finished.
    pub(super) fn resembles(&self, key: &str) -> bool {
        self.entries.iter().any(|(left, _)| did_you_mean(&left.text, [key]).is_some())
    }

    /// Number of a key that is there.
    pub(super) fn key_number(&self, key: &str) -> Option<u32> {
        self.entries.iter().find(|(known, _)| known.text == key).map(|(known, _)| known.number)
    }

    pub(super) fn take(&mut self, key: &str) -> Option<Entry> {
        let index = self.entries.iter().position(|(known, _)| known.text == key)?;
        let (key, value) = self.entries.remove(index);
        Some(Entry { key, value })
    }

    /// All entries, for maps whose keys are names.
    pub(super) fn into_entries(self) -> Vec<(Key, Node)> {
        self.entries
    }
}

impl Decoder<'_> {
    /// A map; what is none is reported.
    pub(super) fn fields(
        &mut self,
        what: impl Into<String>,
        at: u32,
        node: Node,
    ) -> Option<Fields> {
        let what = what.into();
        match node.kind {
            Kind::Map(entries) => Some(Fields { what, at, entries }),
            _ => {
                self.wrong_type(&what, &node, "a map");
                None
            }
        }
    }

    /// A key that must be there.
    pub(super) fn required(&mut self, fields: &mut Fields, key: &str) -> Option<Entry> {
        let entry = fields.take(key);
        if entry.is_none() {
            self.error(codes::MISSING_KEY, fields.at, format!("{} has no `{key}`", fields.what));
        }
        entry
    }

    /// Reports a key that has no business in this map, though others have it.
    pub(super) fn misplaced(&mut self, fields: &mut Fields, key: &str, message: &str, help: &str) {
        if let Some(entry) = fields.take(key) {
            self.errors(codes::MISPLACED_KEY, entry.key.number, message, help.to_owned());
        }
    }

    /// Reports every entry that is left.
    pub(super) fn finish(&mut self, fields: Fields, known: &Table) {
        for (key, _) in fields.entries {
            let message = format!("{} has no key `{}`", fields.what, key.text);
            // A key that would be a step's, a runbook's or a driver's.
            let later = if known.has("title") { not_yet(&key.text) } else { None };
            let help = later.or_else(|| did_you_mean(&key.text, known.names())).or_else(|| {
                let quoted: Vec<String> = known.names().map(|key| format!("`{key}`")).collect();
                (quoted.len() <= LISTED_MAX).then(|| format!("its keys are {}", quoted.join(", ")))
            });
            self.errors(codes::UNKNOWN_KEY, key.number, message, help);
        }
    }
}

/// What to say of a key of a later version.
pub(super) fn not_yet(key: &str) -> Option<String> {
    LATER.contains(&key).then(|| format!("this version of windlass does not have `{key}` yet"))
}
