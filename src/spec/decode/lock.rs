//! `locks`: names that nobody else may hold meanwhile.
//!
//! Does not know who holds them, nor when they are claimed.

use std::collections::HashSet;

use super::super::codes;
use super::super::keys;
use super::super::model::{Located, LockName, Sharing};
use super::super::template::Template;
use super::super::yaml::{Kind, Node};
use super::Decoder;
use super::fields::Entry;

impl Decoder<'_> {
    /// A list of names, each alone or with how it is shared.
    pub(super) fn locks(&mut self, entry: Option<Entry>) -> Vec<Located<LockName>> {
        let Some(Entry { key: _, value }) = entry else { return Vec::new() };
        let items = match value.kind {
            Kind::List(items) => items,
            Kind::Text(ref name) => {
                let help = format!("write `locks: [\"{name}\"]`");
                let message = "`locks` must be a list of names";
                self.errors(codes::WRONG_TYPE, value.number, message, help);
                return Vec::new();
            }
            _ => {
                self.wrong_type("`locks`", &value, "a list of names");
                return Vec::new();
            }
        };
        let mut locks: Vec<Located<LockName>> = Vec::with_capacity(items.len());
        let mut seen = HashSet::new();
        for item in items {
            let number = item.number;
            let Some(lock) = self.lock(item) else { continue };
            if seen.insert(lock.name.value.source().to_owned()) {
                locks.push(self.located(lock, number));
            } else {
                let message = format!("`locks` lists `{}` twice", lock.name.value.source());
                self.error(codes::LISTED_TWICE, lock.name.at.node, message);
            }
        }
        locks
    }

    fn lock(&mut self, item: Node) -> Option<LockName> {
        if !matches!(item.kind, Kind::Map(_)) {
            let name = self.lock_name(&item)?;
            return Some(LockName { name, sharing: Sharing::Exclusive });
        }
        let mut fields = self.fields_of("a lock", item.number, item, &keys::LOCK)?;
        let name = self.required(&mut fields, "name");
        let name = name.and_then(|entry| self.lock_name(&entry.value));
        let shared = fields.take("shared");
        let slots = fields.take("slots");
        self.finish(fields, &keys::LOCK);
        if let (Some(_), Some(slots)) = (&shared, &slots) {
            let message = "a lock is either `shared` or has `slots`";
            let help = "`shared` is without limit; `slots` is for so many at a time".to_owned();
            self.errors(codes::MISPLACED_KEY, slots.key.number, message, help);
        }
        let shared = shared.is_some_and(|entry| self.truth_value(&entry));
        let slots = slots.and_then(|entry| self.whole_number(&entry, 1));
        let sharing = match slots {
            _ if shared => Sharing::Shared,
            Some(slots) => Sharing::Slots(slots),
            None => Sharing::Exclusive,
        };
        Some(LockName { name: name?, sharing })
    }

    fn lock_name(&mut self, value: &Node) -> Option<Located<Template>> {
        let name = self.template("the name of a lock", value)?;
        if name.value.source().trim().is_empty() {
            self.error(codes::BAD_NAME, value.number, "the name of a lock is empty");
            return None;
        }
        Some(name)
    }

    fn truth_value(&mut self, entry: &Entry) -> bool {
        match entry.value.kind {
            Kind::Bool(value) => value,
            _ => {
                let what = format!("`{}`", entry.key.text);
                self.wrong_type(&what, &entry.value, "`true` or `false`");
                false
            }
        }
    }
}
