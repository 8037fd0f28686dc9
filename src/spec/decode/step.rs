//! Steps: their keys, and the steps inside groups.
//!
//! Does not know whether a name that is needed exists.

use std::collections::HashSet;

use indexmap::IndexMap;

use super::super::codes;
use super::super::keys;
use super::super::model::{Body, Dynamic, ForEach, Located, OnFailure, Setting, Step};
use super::super::template::{Expression, Template};
use super::super::yaml::{Key, Kind, Node};
use super::Decoder;
use super::action::Owner;
use super::fields::{Entry, Fields};

/// Actions that take as long as something else takes.
const WAITS: [&str; 3] = ["manual", "approve", "wait"];

/// Groups inside groups.
const DEPTH_MAX: usize = 40;

impl Decoder<'_> {
    /// `steps`.
    pub(super) fn steps(&mut self, owner: &str, entry: Entry) -> Vec<Step> {
        self.steps_at(owner, entry, 0)
    }

    fn steps_at(&mut self, owner: &str, entry: Entry, depth: usize) -> Vec<Step> {
        if matches!(entry.value.kind, Kind::List(_)) {
            let help = "write each step under its name: `copy: {run: [cp, a, b]}`";
            let message = "`steps` must be a map, not a list";
            self.errors(codes::WRONG_TYPE, entry.value.number, message, help.to_owned());
            return Vec::new();
        }
        let Some(fields) = self.fields("`steps`", entry.key.number, entry.value) else {
            return Vec::new();
        };
        let entries = fields.into_entries();
        if entries.is_empty() {
            self.error(codes::MISSING_KEY, entry.key.number, format!("{owner} has no steps"));
        }
        if depth > DEPTH_MAX {
            let message = format!("groups are nested more than {DEPTH_MAX} deep");
            self.error(codes::TOO_MUCH, entry.key.number, message);
            return Vec::new();
        }
        let entries = self.with_what_is_theirs("step", entries, &keys::STEP);
        entries.into_iter().map(|(key, value)| self.step(key, value, depth)).collect()
    }

    fn step(&mut self, key: Key, value: Node, depth: usize) -> Step {
        self.check_name("a step", &key.text, key.number);
        let what = format!("step `{}`", key.text);
        let Some(mut fields) = self.fields_of(what, key.number, value, &keys::STEP) else {
            return self.empty_step(key);
        };
        let is_group = fields.has("steps");
        self.check_waits(&mut fields);
        let step = Step {
            at: self.at(key.number),
            title: fields.take("title").and_then(|entry| self.text(entry)),
            description: fields.take("description").and_then(|entry| self.text(entry)),
            kind: fields.take("kind").and_then(|entry| self.text(entry)),
            needs: fields.take("needs").map(|entry| self.names(entry)).unwrap_or_default(),
            after: fields.take("after").map(|entry| self.names(entry)).unwrap_or_default(),
            when: fields.take("when").and_then(|entry| self.expression("`when`", &entry.value)),
            for_each: fields.take("for_each").and_then(|entry| self.for_each(entry, true)),
            env: {
                let entry = fields.take("env");
                self.env(entry)
            },
            dir: fields.take("dir").and_then(|entry| self.template_entry(&entry)),
            timeout: fields.take("timeout").and_then(|entry| self.duration(&entry, false)),
            grace: fields.take("grace").and_then(|entry| self.duration(&entry, true)),
            on_failure: fields
                .take("on_failure")
                .map(|entry| self.on_failure(&entry))
                .unwrap_or_default(),
            window: fields.take("window").and_then(|entry| self.window_of(entry)),
            locks: {
                let entry = fields.take("locks");
                self.locks(entry)
            },
            settings: self.settings_of_group(&mut fields, is_group),
            allow: self.allow(&mut fields),
            body: if is_group {
                self.group(&key.text, &mut fields, depth)
            } else {
                self.work(&mut fields, Owner::STEP)
                    .map_or(Body::Group(Vec::new()), |work| Body::Action(Box::new(work)))
            },
            name: key.text,
        };
        self.finish(fields, &keys::STEP);
        step
    }

    /// A step that waits says for itself how long; `timeout` and `grace` are those of commands.
    fn check_waits(&mut self, fields: &mut Fields) {
        let Some(key) = WAITS.into_iter().find(|key| fields.has(key)) else { return };
        for limit in ["timeout", "grace"] {
            let message = format!("{} waits, and has no `{limit}` of its own", fields.what);
            let help = match (limit, key) {
                ("timeout", "manual") => "a person takes the time that it takes".to_owned(),
                ("timeout", _) => format!("how long it may take is said under `{key}`"),
                _ => "it belongs to what is started".to_owned(),
            };
            self.misplaced(fields, limit, &message, &help);
        }
    }

    fn settings_of_group(&mut self, fields: &mut Fields, is_group: bool) -> Vec<Setting> {
        if is_group {
            let entry = fields.take("settings");
            return self.settings(entry);
        }
        let message = format!("{} is no group, so it has no `settings`", fields.what);
        let help = "write it beside the step, with the step's name under `around`";
        self.misplaced(fields, "settings", &message, help);
        Vec::new()
    }

    /// What stands for a step that is no map, so that others may name it.
    fn empty_step(&mut self, key: Key) -> Step {
        Step {
            at: self.at(key.number),
            name: key.text,
            title: None,
            description: None,
            kind: None,
            needs: Vec::new(),
            after: Vec::new(),
            when: None,
            for_each: None,
            env: IndexMap::new(),
            dir: None,
            timeout: None,
            grace: None,
            on_failure: OnFailure::default(),
            window: None,
            locks: Vec::new(),
            settings: Vec::new(),
            allow: IndexMap::new(),
            body: Body::Group(Vec::new()),
        }
    }

    fn group(&mut self, name: &str, fields: &mut Fields, depth: usize) -> Body {
        self.several_actions(fields, "steps", Owner::STEP);
        for key in keys::STEP.excluded_by("steps") {
            let message = format!("group `{name}` has no action, so it has no `{key}`");
            self.misplaced(fields, key, &message, "write it in the steps inside");
        }
        let Some(entry) = fields.take("steps") else { return Body::Group(Vec::new()) };
        Body::Group(self.steps_at(&format!("group `{name}`"), entry, depth + 1))
    }

    /// `needs` or `after`: a list of names, or one name.
    pub(super) fn names(&mut self, entry: Entry) -> Vec<Located<String>> {
        let what = format!("`{}`", entry.key.text);
        let items = match entry.value.kind {
            Kind::List(items) => items,
            Kind::Text(name) => {
                let message = format!("{what} must be a list of steps");
                let help = format!("write `{}: [{name}]`", entry.key.text);
                self.errors(codes::WRONG_TYPE, entry.value.number, message, help);
                return Vec::new();
            }
            _ => {
                self.wrong_type(&what, &entry.value, "a list of steps");
                return Vec::new();
            }
        };
        let mut names = Vec::with_capacity(items.len());
        let mut seen = HashSet::new();
        for item in items {
            let Kind::Text(name) = item.kind else {
                self.wrong_type(&format!("an item of {what}"), &item, "the name of a step");
                continue;
            };
            if !seen.insert(name.clone()) {
                self.error(
                    codes::LISTED_TWICE,
                    item.number,
                    format!("{what} lists `{name}` twice"),
                );
                continue;
            }
            names.push(self.located(name, item.number));
        }
        names
    }

    fn on_failure(&mut self, entry: &Entry) -> OnFailure {
        match entry.value.kind {
            Kind::Text(ref text) if text == "stop" => OnFailure::Stop,
            Kind::Text(ref text) if text == "continue" => OnFailure::Continue,
            _ => {
                self.wrong_type("`on_failure`", &entry.value, "`stop` or `continue`");
                OnFailure::default()
            }
        }
    }

    /// `for_each`, with limits for items that run beside each other.
    pub(super) fn for_each(&mut self, entry: Entry, limits: bool) -> Option<Box<ForEach>> {
        let at = entry.key.number;
        if let Kind::Text(items) = &entry.value.kind {
            let message = format!("`for_each` must be a map, not {}", entry.value.in_words());
            let help = format!("write `for_each: {{items: {items}, as: NAME}}`");
            self.errors(codes::WRONG_TYPE, entry.value.number, message, help);
            return None;
        }
        let mut fields = self.fields_of("`for_each`", at, entry.value, &keys::FOR_EACH)?;
        let items = self.required(&mut fields, "items").and_then(|entry| self.items(&entry.value));
        let name = self.required(&mut fields, "as").and_then(|entry| {
            let number = entry.value.number;
            let name = self.text(entry)?;
            self.check_name("an item", &name, number);
            Some(self.located(name, number))
        });
        let key = fields.take("key").and_then(|entry| self.expression("`key`", &entry.value));
        if !limits {
            for key in keys::FOR_EACH.names().filter(|key| !keys::SETTING_FOR_EACH.has(key)) {
                let message = format!("`for_each` of a setting has no `{key}`");
                self.misplaced(&mut fields, key, &message, "its items are in force together");
            }
        }
        let parallel = fields.take("parallel").and_then(|entry| self.whole_number(&entry, 1));
        let max_failures =
            fields.take("max_failures").and_then(|entry| self.whole_number(&entry, 0));
        self.finish(fields, if limits { &keys::FOR_EACH } else { &keys::SETTING_FOR_EACH });
        // Without a name the steps inside cannot be checked, but they are looked at all the same.
        let name = name.unwrap_or_else(|| self.located(String::new(), at));
        let items =
            items.unwrap_or_else(|| self.located(Dynamic::Literal(serde_json::json!([])), at));
        Some(Box::new(ForEach {
            items,
            name,
            key,
            parallel,
            max_failures: max_failures.unwrap_or(0),
            at: self.at(at),
        }))
    }

    /// An expression that gives a list, or a list with templates in it. An expression is kept as the template that is nothing but it.
    fn items(&mut self, value: &Node) -> Option<Located<Dynamic>> {
        if matches!(value.kind, Kind::List(_)) {
            return self.dynamic(value);
        }
        if !matches!(value.kind, Kind::Text(_)) {
            self.wrong_type("`items`", value, "an expression that gives a list, or a list");
            return None;
        }
        let expression: Located<Expression> = self.expression("`items`", value)?;
        match Template::parse(&format!("{ITEMS_OPEN}{} }}}}", expression.value.source())) {
            Ok(template) => Some(self.located(Dynamic::Template(template), value.number)),
            Err(error) => {
                self.template_error(value.number, error);
                None
            }
        }
    }
}

/// What [`ForEach::items`] has in front of the expression that was written.
pub(crate) const ITEMS_OPEN: &str = "{{ ";
