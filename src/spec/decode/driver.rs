//! A driver's file: named actions with declared inputs.
//!
//! Does not know who uses them.

use std::collections::BTreeSet;
use std::sync::Arc;

use indexmap::IndexMap;

use super::super::codes;
use super::super::keys;
use super::super::model::{Driver, DriverAction};
use super::super::yaml::{Key, Node};
use super::Decoder;
use super::action::Owner;
use super::fields::Entry;

/// Decodes a driver's file. Nothing comes back if it is no map at all.
pub(crate) fn decode(mut decoder: Decoder<'_>, root: Node) -> Option<Driver> {
    let root_number = root.number;
    let mut fields = decoder.fields_of("the driver", root_number, root, &keys::DRIVER)?;
    decoder.language(&mut fields);
    let name = decoder.required(&mut fields, "driver").and_then(|entry| {
        let number = entry.value.number;
        let name = decoder.text(entry)?;
        decoder.check_name("a driver", &name, number);
        Some((name, number))
    });
    let title = fields.take("title").and_then(|entry| decoder.text(entry));
    fields.take("description").and_then(|entry| decoder.text(entry));
    let actions = decoder.required(&mut fields, "actions").map(|entry| decoder.actions(entry));
    let name_at = fields.key_number("driver").unwrap_or(root_number);
    decoder.finish(fields, &keys::DRIVER);
    let (name, number) = name.unwrap_or((String::new(), name_at));
    let (actions, broken) = actions.unwrap_or_default();
    Some(Driver { name, title, actions, broken, file: decoder.file, at: decoder.at(number) })
}

impl Decoder<'_> {
    /// The actions, and the names of those that are broken.
    fn actions(&mut self, entry: Entry) -> (IndexMap<String, Arc<DriverAction>>, BTreeSet<String>) {
        let (mut actions, mut broken) = (IndexMap::new(), BTreeSet::new());
        let Some(fields) = self.fields("`actions`", entry.key.number, entry.value) else {
            return (actions, broken);
        };
        let entries =
            self.with_what_is_theirs("action", fields.into_entries(), &keys::DRIVER_ACTION);
        for (key, value) in entries {
            self.check_name("an action", &key.text, key.number);
            if let Some(action) = self.driver_action(&key, value) {
                actions.insert(key.text, Arc::new(action));
            } else {
                broken.insert(key.text);
            }
        }
        (actions, broken)
    }

    fn driver_action(&mut self, key: &Key, value: Node) -> Option<DriverAction> {
        let what = format!("action `{}`", key.text);
        let mut fields = self.fields_of(what, key.number, value, &keys::DRIVER_ACTION)?;
        let inputs = fields.take("inputs");
        let inputs = self.declarations("an input", inputs);
        let title = fields.take("title").and_then(|entry| self.text(entry));
        let description = fields.take("description").and_then(|entry| self.text(entry));
        let kind = fields.take("kind").and_then(|entry| self.text(entry));
        let work = self.work(&mut fields, Owner::DRIVER);
        self.finish(fields, &keys::DRIVER_ACTION);
        Some(DriverAction {
            title,
            description,
            kind,
            inputs,
            work: work?,
            at: self.at(key.number),
        })
    }

    /// `windlass: 1`.
    pub(super) fn language(&mut self, fields: &mut super::fields::Fields) {
        let Some(Entry { value, .. }) = self.required(fields, "windlass") else { return };
        if value.to_json().as_u64() != Some(super::LANGUAGE) {
            let message = format!("version {} of the language is not known", plain(&value));
            let help = format!("this windlass knows version {}: `windlass: {0}`", super::LANGUAGE);
            self.errors(codes::LANGUAGE, value.number, message, help);
        }
    }
}

fn plain(value: &Node) -> String {
    format!("`{}`", value.to_json().to_string().trim_matches('"'))
}
