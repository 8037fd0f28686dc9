//! A runbook's file: its head, and the keys around its steps.
//!
//! Does not load drivers: first the head says which are named, then the rest is decoded with what was loaded.

use std::sync::Arc;

use indexmap::IndexMap;

use super::super::codes;
use super::super::keys;
use super::super::model::{Defaults, Driver, Dynamic, Located, Place, Runbook};
use super::super::near::nearest;
use super::super::yaml::{Kind, Node};
use super::Decoder;
use super::fields::{Entry, Fields};

/// What must be known of a runbook before its drivers are loaded.
#[derive(Debug, Default)]
pub(crate) struct Head {
    /// Drivers by name.
    pub drivers: IndexMap<String, DriverFile>,
}

/// A driver's file as the runbook names it.
#[derive(Debug)]
pub(crate) struct DriverFile {
    /// The path, relative to the runbook.
    pub path: String,
    /// Where the path stands.
    pub at: Place,
}

/// Reads which drivers a runbook names, and reports nothing: the same is read again by [`decode`].
pub(crate) fn head(file: u32, root: &Node) -> Head {
    let Kind::Map(entries) = &root.kind else { return Head::default() };
    let is = |name: &str| entries.iter().find(|(key, _)| key.text == name);
    // A misspelt key is told later; that each driver is missing is not told as well.
    let meant = || {
        let is_meant = |text: &str| nearest(text, keys::RUNBOOK.names()) == Some("drivers");
        entries.iter().find(|(key, _)| key.text != "driver" && is_meant(&key.text))
    };
    let Some((_, drivers)) = is("drivers").or_else(meant) else { return Head::default() };
    let Kind::Map(drivers) = &drivers.kind else { return Head::default() };
    let driver = |(key, value): &(super::super::yaml::Key, Node)| match &value.kind {
        Kind::Text(path) => Some((
            key.text.clone(),
            DriverFile { path: path.clone(), at: Place { file, node: value.number } },
        )),
        _ => None,
    };
    Head { drivers: drivers.iter().filter_map(driver).collect() }
}

/// Decodes a runbook. Nothing comes back if it is no map at all; sources and drivers are left to whoever loads them.
pub(crate) fn decode(mut decoder: Decoder<'_>, root: Node) -> Option<Runbook> {
    let mut fields = decoder.fields("the runbook", root.number, root)?;
    if decoder.is_driver(&fields) {
        return None;
    }
    decoder.take_as_meant(&mut fields, &keys::RUNBOOK);
    decoder.language(&mut fields);
    let name = decoder.runbook_name(&mut fields);
    let title = fields.take("title").and_then(|entry| decoder.text(entry));
    let description = fields.take("description").and_then(|entry| decoder.text(entry));
    let params = fields.take("params");
    let params = decoder.declarations("a parameter", params);
    let vars = fields.take("vars").map(|entry| decoder.vars(entry)).unwrap_or_default();
    if let Some(entry) = fields.take("drivers") {
        decoder.driver_names(entry);
    }
    let env = fields.take("env");
    let env = decoder.env(env);
    let defaults = fields.take("defaults").map(|entry| decoder.defaults(entry)).unwrap_or_default();
    let locks = fields.take("locks");
    let locks = decoder.locks(locks);
    let windows = fields.take("windows").map(|entry| decoder.windows(entry)).unwrap_or_default();
    let settings = fields.take("settings");
    let settings = decoder.settings(settings);
    let allow = decoder.allow(&mut fields);
    let steps = decoder.required(&mut fields, "steps");
    let steps = steps.map(|entry| decoder.steps("the runbook", entry)).unwrap_or_default();
    decoder.finish(fields, &keys::RUNBOOK);
    Some(Runbook {
        sources: Vec::new(),
        title: title.unwrap_or_else(|| name.clone()),
        name,
        description,
        params,
        vars,
        drivers: IndexMap::new(),
        env,
        defaults,
        locks,
        windows,
        settings,
        allow,
        steps,
    })
}

impl Decoder<'_> {
    /// Whether it is a driver's file, which is reported; everything else about it would only be noise.
    fn is_driver(&mut self, fields: &Fields) -> bool {
        let Some(number) = fields.key_number("driver").filter(|_| !fields.has("steps")) else {
            return false;
        };
        let message = "this is a driver, not a runbook";
        let help = "name it under `drivers` of a runbook, and check that".to_owned();
        self.errors(codes::WRONG_FILE, number, message, help);
        true
    }

    fn runbook_name(&mut self, fields: &mut Fields) -> String {
        let Some(entry) = self.required(fields, "name") else { return String::new() };
        let number = entry.value.number;
        let Some(name) = self.text(entry) else { return String::new() };
        let valid = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if name.is_empty() || !name.chars().all(valid) {
            let help = "small letters, digits and `-`, as in `move-mailboxes`".to_owned();
            self.errors(
                codes::BAD_NAME,
                number,
                format!("`{name}` is no name for a runbook"),
                help,
            );
        }
        name
    }

    fn vars(&mut self, entry: Entry) -> IndexMap<String, Located<Dynamic>> {
        let mut vars = IndexMap::new();
        let Some(fields) = self.fields("`vars`", entry.key.number, entry.value) else {
            return vars;
        };
        for (key, value) in fields.into_entries() {
            self.check_name("a variable", &key.text, key.number);
            let broken = self.located(Dynamic::Literal(serde_json::Value::Null), value.number);
            let dynamic = self.dynamic(&value).unwrap_or(broken);
            vars.insert(key.text, dynamic);
        }
        vars
    }

    fn driver_names(&mut self, entry: Entry) {
        let Some(fields) = self.fields("`drivers`", entry.key.number, entry.value) else { return };
        for (key, value) in fields.into_entries() {
            self.check_name("a driver", &key.text, key.number);
            if !matches!(value.kind, Kind::Text(_)) {
                self.wrong_type(&format!("driver `{}`", key.text), &value, "the path of a file");
            }
        }
    }

    fn defaults(&mut self, entry: Entry) -> Defaults {
        let Some(mut fields) =
            self.fields_of("`defaults`", entry.key.number, entry.value, &keys::DEFAULTS)
        else {
            return Defaults::default();
        };
        let timeout = fields.take("timeout").and_then(|entry| self.duration(&entry, false));
        let grace = fields.take("grace").and_then(|entry| self.duration(&entry, true));
        self.finish(fields, &keys::DEFAULTS);
        Defaults { timeout, grace }
    }

    /// The action of a driver, if it is there; an unknown driver or action is reported.
    pub(super) fn find_action(
        &mut self,
        name: &str,
        node: u32,
    ) -> Option<Arc<super::super::model::DriverAction>> {
        let Some((driver, action)) = name.split_once('.') else {
            let message = format!("`{name}` is no action of a driver");
            self.errors(
                codes::UNKNOWN_ACTION,
                node,
                message,
                "write `DRIVER.ACTION`, as in `mail.move`".to_owned(),
            );
            return None;
        };
        let drivers = self.drivers;
        let Some(loaded) = drivers.get(driver) else {
            let near = self.findings.near(driver, drivers.keys().map(String::as_str));
            let help = near.unwrap_or_else(|| match drivers.is_empty() {
                true => format!("name its file: `drivers: {{{driver}: FILE}}`"),
                false => format!("name its file under `drivers`: `{driver}: FILE`"),
            });
            self.errors(
                codes::UNKNOWN_DRIVER,
                node,
                format!("there is no driver `{driver}`"),
                help,
            );
            return None;
        };
        let loaded: &Driver = loaded.as_deref()?;
        if let Some(action) = loaded.actions.get(action) {
            return Some(action.clone());
        }
        if loaded.broken.contains(action) {
            return None;
        }
        let near = self.findings.near(action, loaded.actions.keys().map(String::as_str));
        self.errors(
            codes::UNKNOWN_ACTION,
            node,
            format!("driver `{driver}` has no action `{action}`"),
            near,
        );
        None
    }
}
