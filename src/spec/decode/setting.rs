//! `settings`: temporary changes, how they are read, made and put back.
//!
//! Does not know what they surround, but by the names that stand under `around`.

use super::super::codes;
use super::super::keys::{self, Table};
use super::super::model::{Change, Dynamic, Effect, Setting, Work};
use super::super::yaml::{Key, Kind, Node};
use super::Decoder;
use super::action::{Owner, Part};
use super::fields::{Entry, Fields};

impl Decoder<'_> {
    /// `settings`.
    pub(super) fn settings(&mut self, entry: Option<Entry>) -> Vec<Setting> {
        let Some(Entry { key, value }) = entry else { return Vec::new() };
        let Some(fields) = self.fields("`settings`", key.number, value) else { return Vec::new() };
        let entries = self.with_what_is_theirs("setting", fields.into_entries(), &keys::SETTING);
        entries.into_iter().map(|(key, value)| self.setting(key, value)).collect()
    }

    /// A setting; what is broken in it is left out, so that others may name it.
    fn setting(&mut self, key: Key, value: Node) -> Setting {
        self.check_name("a setting", &key.text, key.number);
        let at = self.at(key.number);
        let mut setting = Setting {
            name: key.text,
            at,
            title: None,
            description: None,
            get: Work::nothing(),
            change: Change::Set(Box::new(Work::nothing())),
            to: self.located(Dynamic::Literal(serde_json::Value::Null), key.number),
            around: Vec::new(),
            needs: Vec::new(),
            when: None,
            for_each: None,
            hold: false,
            accept_found: false,
            locks: Vec::new(),
        };
        let what = format!("setting `{}`", setting.name);
        if let Some(mut fields) = self.fields_of(what, key.number, value, &keys::SETTING) {
            self.fill(&mut setting, &mut fields);
            self.finish(fields, &keys::SETTING);
        }
        setting
    }

    fn fill(&mut self, setting: &mut Setting, fields: &mut Fields) {
        setting.title = fields.take("title").and_then(|entry| self.text(entry));
        setting.description = fields.take("description").and_then(|entry| self.text(entry));
        if let Some(entry) = self.required(fields, "get") {
            setting.get = self.get(entry, &setting.name);
        }
        if let Some(change) = self.change(fields, &setting.name) {
            setting.change = change;
        }
        let to = self.required(fields, "to").and_then(|entry| {
            if matches!(entry.value.kind, Kind::Null) {
                self.wrong_type("`to`", &entry.value, "a value");
                return None;
            }
            self.dynamic(&entry.value)
        });
        if let Some(to) = to {
            setting.to = to;
        }
        if let Some(entry) = fields.take("around") {
            setting.around = self.around(entry);
        }
        setting.needs = fields.take("needs").map(|entry| self.names(entry)).unwrap_or_default();
        setting.when =
            fields.take("when").and_then(|entry| self.expression("`when`", &entry.value));
        setting.for_each = fields.take("for_each").and_then(|entry| self.for_each(entry, false));
        setting.hold = fields.take("on_failure").is_some_and(|entry| self.hold(&entry));
        setting.accept_found =
            fields.take("found").and_then(|entry| self.found(&entry)) == Some(true);
        let locks = fields.take("locks");
        setting.locks = self.locks(locks);
    }

    fn around(&mut self, entry: Entry) -> Vec<super::super::model::Located<String>> {
        if matches!(&entry.value.kind, Kind::List(items) if items.is_empty()) {
            let message = "`around` names no step";
            let help = "without `around` it is in force around everything beside it".to_owned();
            self.errors(codes::WRONG_TYPE, entry.value.number, message, help);
        }
        self.names(entry)
    }

    fn hold(&mut self, entry: &Entry) -> bool {
        let hold = matches!(&entry.value.kind, Kind::Text(text) if text == "hold");
        if !hold {
            let message =
                format!("`on_failure` of a setting must be `hold`, not {}", entry.value.in_words());
            let help = "without it the setting is restored after a failure".to_owned();
            self.errors(codes::WRONG_TYPE, entry.value.number, message, help);
        }
        hold
    }

    fn get(&mut self, entry: Entry, setting: &str) -> Work {
        let owner = Owner { part: Part::Get, in_driver: false };
        let Some(work) = self.part(entry, setting, owner, &keys::SETTING_GET) else {
            return Work::nothing();
        };
        for (name, output) in work.outputs.iter().filter(|(name, _)| *name != "value") {
            let message = format!("`get` of setting `{setting}` has no output `{name}`");
            let help = "its only output is `value`; without it, the value is what it prints";
            self.errors(codes::UNKNOWN_KEY, output.at.node, message, help.to_owned());
        }
        self.looking(work, Part::Get)
    }

    /// `set`, or `change` and `restore`.
    fn change(&mut self, fields: &mut Fields, setting: &str) -> Option<Change> {
        let (set, change, restore) =
            (fields.take("set"), fields.take("change"), fields.take("restore"));
        match (set, change, restore) {
            (Some(set), None, None) => {
                self.changing(set, setting).map(|set| Change::Set(Box::new(set)))
            }
            (None, Some(change), Some(restore)) => {
                let change = self.changing(change, setting);
                let restore = self.changing(restore, setting);
                Some(Change::Pair { change: Box::new(change?), restore: Box::new(restore?) })
            }
            (Some(_), Some(other), _) | (Some(_), None, Some(other)) => {
                let message =
                    format!("setting `{setting}` has both `set` and `{}`", other.key.text);
                let help = "`set` is for both ways; where one command cannot serve, `change` and `restore` take its place";
                self.errors(codes::MISPLACED_KEY, other.key.number, message, help.to_owned());
                None
            }
            (None, Some(one), None) | (None, None, Some(one)) => {
                let other = if one.key.text == "change" { "restore" } else { "change" };
                let message =
                    format!("setting `{setting}` has `{}`, but no `{other}`", one.key.text);
                let help = "where one command serves for both ways, write it under `set`";
                self.errors(codes::MISSING_KEY, one.key.number, message, help.to_owned());
                None
            }
            (None, None, None) => {
                let help = "it changes and restores: `set: {run: [COMMAND, \"{{ value }}\"]}`";
                let message = format!("{} has no `set`", fields.what);
                self.errors(codes::MISSING_KEY, fields.at, message, help.to_owned());
                None
            }
        }
    }

    /// What changes a setting may be done again: its author has written it in a setting.
    fn changing(&mut self, entry: Entry, setting: &str) -> Option<Work> {
        let owner = Owner { part: Part::Set, in_driver: false };
        let mut work = self.part(entry, setting, owner, &keys::SETTING_SET)?;
        self.check_used(&work, owner.part);
        let declared = work.target().map(|target| target.work.effect.unwrap_or_default());
        work.effect = work.effect.or(declared).or(Some(Effect::Idempotent));
        Some(work)
    }

    fn part(&mut self, entry: Entry, setting: &str, owner: Owner, keys: &Table) -> Option<Work> {
        let what = format!("`{}` of setting `{setting}`", entry.key.text);
        let mut fields = self.fields_of(what, entry.key.number, entry.value, keys)?;
        let work = self.work(&mut fields, owner);
        self.finish(fields, keys);
        work
    }
}
