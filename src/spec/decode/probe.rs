//! `probe`: the action that looks, the states of the world, and what each of them means.
//!
//! Does not know whether the action that is asked after needs a probe.

use indexmap::IndexMap;

use super::super::codes;
use super::super::keys;
use super::super::model::{Confirm, Located, Meaning, Probe, ProbeState, Work};
use super::super::near::did_you_mean;
use super::super::yaml::{Key, Kind, Node};
use super::Decoder;
use super::action::{Owner, Part};
use super::fields::{Entry, Fields};

/// States whose names say what they mean.
const PLAIN: [&str; 2] = ["done", "absent"];
/// What any other state may mean.
const MEANINGS: [&str; 3] = ["wait", "repair", "stop"];

impl Decoder<'_> {
    /// A probe; one that is broken is a probe all the same, so that what needs one is not reported as well.
    pub(super) fn probe(&mut self, entry: Entry, owner: Owner) -> Located<Box<Probe>> {
        let at = entry.key.number;
        let owner = owner.of(Part::Probe);
        let mut probe = Probe {
            work: Work::nothing(),
            confirm: None,
            refuse_found: false,
            states: IndexMap::new(),
        };
        if let Some(mut fields) = self.fields_of("the probe", at, entry.value, &keys::PROBE) {
            probe.confirm = fields.take("confirm").and_then(|entry| self.confirm(entry));
            probe.refuse_found =
                fields.take("found").and_then(|entry| self.found(&entry)) == Some(false);
            if let Some(entry) = self.required(&mut fields, "states") {
                probe.states = self.states(entry, owner);
            }
            let help = "a probe that fails says nothing, which is a doubt; `success` says which ends are good";
            self.misplaced(&mut fields, "retry", "a probe has no `retry`", help);
            if let Some(work) = self.work(&mut fields, owner) {
                probe.work = self.looking(work, owner.part);
            }
            self.finish(fields, &keys::PROBE);
        }
        self.located(Box::new(probe), at)
    }

    /// `found`: whether what is there before the first start is taken.
    pub(super) fn found(&mut self, entry: &Entry) -> Option<bool> {
        match &entry.value.kind {
            Kind::Text(text) if text == "accept" => Some(true),
            Kind::Text(text) if text == "refuse" => Some(false),
            _ => {
                self.wrong_type("`found`", &entry.value, "`accept` or `refuse`");
                None
            }
        }
    }

    fn confirm(&mut self, entry: Entry) -> Option<Confirm> {
        let mut fields =
            self.fields_of("`confirm`", entry.key.number, entry.value, &keys::CONFIRM)?;
        let times = self.required(&mut fields, "times");
        let times = times.and_then(|entry| self.whole_number(&entry, 1));
        let every = self.required(&mut fields, "every");
        let every = every.and_then(|entry| self.duration(&entry, true));
        self.finish(fields, &keys::CONFIRM);
        Some(Confirm { times: times?, every: every? })
    }

    fn states(&mut self, entry: Entry, owner: Owner) -> IndexMap<String, ProbeState> {
        let mut states = IndexMap::new();
        let at = entry.key.number;
        let Some(fields) = self.fields("`states`", at, entry.value) else { return states };
        let entries = self.with_what_is_theirs("state", fields.into_entries(), &keys::STATE);
        let has = |name: &str| entries.iter().any(|(key, _)| key.text == name);
        let (done, absent) = (has("done"), has("absent"));
        let before = self.findings.errors();
        for (key, value) in entries {
            self.check_name("a state", &key.text, key.number);
            if let Some(state) = self.state(&key, value, owner) {
                states.insert(key.text, state);
            }
        }
        // A misspelt name is told once.
        if self.findings.errors() == before {
            self.must_say_enough(at, done, absent);
        }
        states
    }

    /// An action with a probe starts only out of `absent`, and a lost end is found done only by `done`.
    fn must_say_enough(&mut self, at: u32, done: bool, absent: bool) {
        if !absent {
            let message = "the probe has no state `absent`, so the action would never be started";
            let help = "say how the world looks where nothing of it has happened: `absent: EXPR`";
            self.errors(codes::STATES, at, message, help.to_owned());
        }
        if !done {
            let message = "the probe has no state `done`, so what has happened could not be told";
            let help = "say how the world looks afterwards: `done: EXPR`";
            self.errors(codes::STATES, at, message, help.to_owned());
        }
    }

    fn state(&mut self, key: &Key, value: Node, owner: Owner) -> Option<ProbeState> {
        let what = format!("state `{}`", key.text);
        let plain = PLAIN.contains(&key.text.as_str());
        if !matches!(value.kind, Kind::Map(_)) {
            if !plain && !matches!(value.kind, Kind::Null | Kind::List(_)) {
                return self.means_nothing(key, &what);
            }
            let when = self.expression(&format!("`{}`", key.text), &value)?;
            let meaning = plain_meaning(&key.text);
            return Some(ProbeState { when, meaning, at: self.at(key.number) });
        }
        let known = if plain { &keys::PLAIN_STATE } else { &keys::STATE };
        let mut fields = self.fields_of(what.as_str(), key.number, value, known)?;
        let when = self.required(&mut fields, "when");
        let when = when.and_then(|entry| self.expression("`when`", &entry.value));
        let meaning = match plain {
            true => {
                self.no_meaning(&mut fields, &key.text);
                Some(plain_meaning(&key.text))
            }
            false => self.meaning(&mut fields, key, owner),
        };
        self.finish(fields, known);
        Some(ProbeState { when: when?, meaning: meaning?, at: self.at(key.number) })
    }

    /// `done` and `absent` mean what their names say.
    fn no_meaning(&mut self, fields: &mut Fields, name: &str) {
        for key in MEANINGS {
            let Some(entry) = fields.take(key) else { continue };
            let message = format!("state `{name}` means what its name says, so it has no `{key}`");
            let help = format!("give the state that needs `{key}` a name of its own");
            self.errors(codes::STATES, entry.key.number, message, help);
        }
    }

    fn meaning(&mut self, fields: &mut Fields, key: &Key, owner: Owner) -> Option<Meaning> {
        let Some(first) = MEANINGS.into_iter().find(|meaning| fields.has(meaning)) else {
            let what = fields.what.clone();
            self.means_nothing(key, &what);
            return None;
        };
        let entry = fields.take(first)?;
        for other in MEANINGS {
            if let Some(entry) = fields.take(other) {
                let message = format!("{} has both `{first}` and `{other}`", fields.what);
                let help = "one thing follows from a state; make two states of it".to_owned();
                self.errors(codes::STATES, entry.key.number, message, help);
            }
        }
        match first {
            "wait" => self.wait(entry),
            "repair" => self.repair(entry, owner),
            _ => self.template_entry(&entry).map(Meaning::Stop),
        }
    }

    fn means_nothing(&mut self, key: &Key, what: &str) -> Option<ProbeState> {
        let message = format!("{what} does not say what follows from it");
        let help = did_you_mean(&key.text, PLAIN).unwrap_or_else(|| {
            format!(
                "write `{}: {{when: EXPR, stop: TEXT}}`, or `wait` or `repair` in place of `stop`",
                key.text
            )
        });
        self.errors(codes::STATES, key.number, message, help);
        None
    }

    fn wait(&mut self, entry: Entry) -> Option<Meaning> {
        let at = entry.key.number;
        if let Kind::Text(every) = &entry.value.kind {
            let message = format!("`wait` must be a map, not {}", entry.value.in_words());
            let help = format!("write `wait: {{every: {every}}}`");
            self.errors(codes::WRONG_TYPE, entry.value.number, message, help);
            return None;
        }
        let mut fields = self.fields_of("`wait`", at, entry.value, &keys::STATE_WAIT)?;
        let every = self.required(&mut fields, "every");
        let every = every.and_then(|entry| self.duration(&entry, false));
        let timeout = fields.take("timeout").and_then(|entry| self.duration(&entry, false));
        self.finish(fields, &keys::STATE_WAIT);
        Some(Meaning::Wait { every: every?, timeout })
    }

    fn repair(&mut self, entry: Entry, owner: Owner) -> Option<Meaning> {
        let Kind::List(items) = entry.value.kind else {
            self.wrong_type("`repair`", &entry.value, "a list of actions");
            return None;
        };
        if items.is_empty() {
            self.error(codes::WRONG_TYPE, entry.value.number, "`repair` names no action");
            return None;
        }
        let owner = owner.of(Part::Repair);
        let mut actions = Vec::with_capacity(items.len());
        for item in items {
            let number = item.number;
            let Some(mut fields) =
                self.fields_of("an action of `repair`", number, item, &keys::REPAIR)
            else {
                continue;
            };
            let work = self.work(&mut fields, owner);
            self.finish(fields, &keys::REPAIR);
            if let Some(work) = &work {
                self.check_used(work, owner.part);
            }
            actions.extend(work.map(|work| self.located(work, number)));
        }
        Some(Meaning::Repair(actions))
    }
}

fn plain_meaning(name: &str) -> Meaning {
    if name == "done" { Meaning::Done } else { Meaning::Absent }
}
