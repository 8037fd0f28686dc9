//! The entries of a map while they are decoded: each is taken once, and what is left over is unknown.
//!
//! Does not know which keys there are; `spec::keys` does.

use super::super::codes;
use super::super::keys::{Shape, Table};
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
    /// Unknown keys that stand below a key which takes maps: number, and that key.
    strays: Vec<(u32, &'static str)>,
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
            Kind::Map(entries) => Some(Fields { what, at, entries, strays: Vec::new() }),
            _ => {
                self.wrong_type(&what, &node, "a map");
                None
            }
        }
    }

    /// A map with the keys of a table. A misspelt key is told, and from there on is the one that was meant, so that nothing is said
    /// about what only follows from it.
    pub(super) fn fields_of(
        &mut self,
        what: impl Into<String>,
        at: u32,
        node: Node,
        known: &Table,
    ) -> Option<Fields> {
        let mut fields = self.fields(what, at, node)?;
        self.take_as_meant(&mut fields, known);
        Some(fields)
    }

    /// Tells of misspelt keys, and gives them the names that were meant.
    pub(super) fn take_as_meant(&mut self, fields: &mut Fields, known: &Table) {
        let mut above = None;
        for index in 0..fields.entries.len() {
            let (key, _) = &fields.entries[index];
            if let Some(known) = known.keys().find(|known| known.name == key.text) {
                above = takes_maps(&known.shape).then_some(known.name);
                continue;
            }
            let meant = match not_yet(&key.text) {
                None => self.meant(&key.text, known).filter(|meant| !fields.has(meant)),
                Some(_) => None,
            };
            let (text, number) = (key.text.clone(), key.number);
            if let Some(meant) = meant {
                let help = format!("did you mean `{meant}`?");
                self.unknown(&fields.what, &text, number, Some(help));
                meant.clone_into(&mut fields.entries[index].0.text);
            } else if let Some(above) = above {
                fields.strays.push((number, above));
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
            // A key that would be a step's, a runbook's or a driver's.
            let later = if known.has("title") { not_yet(&key.text) } else { None };
            let above = fields.strays.iter().find(|(number, _)| *number == key.number);
            let meant = self.meant(&key.text, known);
            let meant = meant.map(|meant| format!("did you mean `{meant}`?"));
            let help = later.or(meant).or_else(|| {
                above.map(|(_, above)| {
                    format!("if it is a part of `{above}` above it, indent it further")
                })
            });
            let help = help.or_else(|| {
                let quoted: Vec<String> = known.names().map(|key| format!("`{key}`")).collect();
                (quoted.len() <= LISTED_MAX).then(|| format!("its keys are {}", quoted.join(", ")))
            });
            self.unknown(&fields.what, &key.text, key.number, help);
        }
    }

    /// The key of a table that was probably meant.
    fn meant(&mut self, text: &str, known: &Table) -> Option<&'static str> {
        self.findings.nearest(text.trim(), known.names())
    }

    fn unknown(&mut self, what: &str, key: &str, number: u32, help: Option<String>) {
        if key.trim() != key {
            // What looks like a space would not be seen in the key.
            let message = format!(
                "the key `{}` of {what} has a blank beside it that is no space",
                key.trim()
            );
            let help = "type an ordinary space in its place".to_owned();
            return self.errors(codes::UNKNOWN_KEY, number, message, help);
        }
        let message = format!("{what} has no key `{key}`");
        self.errors(codes::UNKNOWN_KEY, number, message, help);
    }
}

/// Whether a line below a key, indented less than it should be, may belong to it.
fn takes_maps(shape: &Shape) -> bool {
    match shape {
        Shape::Map(_) | Shape::Named(_) | Shape::NamedSome(_) | Shape::Environment => true,
        Shape::Either(shapes) => shapes.iter().any(takes_maps),
        _ => false,
    }
}

/// What to say of a key of a later version.
pub(super) fn not_yet(key: &str) -> Option<String> {
    LATER.contains(&key).then(|| format!("this version of windlass does not have `{key}` yet"))
}
