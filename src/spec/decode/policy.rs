//! A policy's file: named rules, each with a kind, a demand and a source.
//!
//! Does not know which kinds runbooks use.

use indexmap::IndexMap;

use super::super::codes;
use super::super::keys;
use super::super::policy::{Demand, Part, Policy, PolicyRule};
use super::super::yaml::{Key, Kind, Node};
use super::Decoder;
use super::fields::{Entry, Fields};
use crate::diag::Severity;

/// Decodes a policy's file. Nothing comes back if it is no map at all.
pub(crate) fn decode(mut decoder: Decoder<'_>, root: Node) -> Option<Policy> {
    let mut fields = decoder.fields_of("the policy", root.number, root, &keys::POLICY)?;
    decoder.language(&mut fields);
    let name = decoder.required(&mut fields, "policy").and_then(|entry| decoder.text(entry));
    let title = fields.take("title").and_then(|entry| decoder.text(entry));
    fields.take("description").and_then(|entry| decoder.text(entry));
    let rules = decoder.required(&mut fields, "rules").map(|entry| decoder.policy_rules(entry));
    decoder.finish(fields, &keys::POLICY);
    Some(Policy { name: name.unwrap_or_default(), title, rules: rules.unwrap_or_default() })
}

/// The keys of which a rule has one.
fn demands() -> impl Iterator<Item = &'static str> {
    keys::POLICY_RULE.one_of().iter().copied()
}

impl Decoder<'_> {
    fn policy_rules(&mut self, entry: Entry) -> IndexMap<String, PolicyRule> {
        let mut rules = IndexMap::new();
        let Some(fields) = self.fields("`rules`", entry.key.number, entry.value) else {
            return rules;
        };
        for (key, value) in fields.into_entries() {
            self.check_name("a rule", &key.text, key.number);
            if let Some(rule) = self.policy_rule(&key, value) {
                rules.insert(key.text, rule);
            }
        }
        rules
    }

    fn policy_rule(&mut self, key: &Key, value: Node) -> Option<PolicyRule> {
        let mut fields =
            self.fields_of(format!("rule `{}`", key.text), key.number, value, &keys::POLICY_RULE)?;
        let title = self.required(&mut fields, "title").and_then(|entry| self.text(entry));
        let source = self.required(&mut fields, "source").and_then(|entry| self.text(entry));
        let kind = self.required(&mut fields, "kind").and_then(|entry| self.text(entry));
        let severity = fields.take("severity").map(|entry| self.severity(&entry));
        let demand = self.demand(&mut fields);
        self.finish(fields, &keys::POLICY_RULE);
        Some(PolicyRule {
            title: title?,
            source: source?,
            severity: severity.unwrap_or(Severity::Error),
            kind: kind?,
            demand: demand?,
            at: self.at(key.number),
        })
    }

    fn severity(&mut self, entry: &Entry) -> Severity {
        match &entry.value.kind {
            Kind::Text(text) if text == "error" => Severity::Error,
            Kind::Text(text) if text == "warning" => Severity::Warning,
            Kind::Text(text) if text == "note" => Severity::Note,
            _ => {
                self.wrong_type("`severity`", &entry.value, "`error`, `warning` or `note`");
                Severity::Error
            }
        }
    }

    /// The one demand of a rule.
    fn demand(&mut self, fields: &mut Fields) -> Option<Demand> {
        let mut given: Vec<Entry> = demands().filter_map(|key| fields.take(key)).collect();
        if given.len() > 1 {
            let message = format!("{} demands two things", fields.what);
            let help = "write a rule for each".to_owned();
            self.errors(codes::ACTIONS, given[1].key.number, message, help);
        }
        if given.is_empty() {
            let message = format!("{} demands nothing", fields.what);
            let known: Vec<String> = demands().map(|key| format!("`{key}`")).collect();
            let help = format!("it has one of {}", known.join(", "));
            self.errors(codes::MISSING_KEY, fields.at, message, help);
            return None;
        }
        let entry = given.swap_remove(0);
        match entry.key.text.as_str() {
            "preceded_by" => self.kinds(entry).map(Demand::PrecededBy),
            "followed_by" => self.kinds(entry).map(Demand::FollowedBy),
            "under_setting" => self.kinds(entry).map(Demand::UnderSetting),
            "locked_by" => self.text(entry).map(Demand::LockedBy),
            "between" => self.between(&entry),
            "has" => self.demanded_part(&entry).map(Demand::Has),
            _ => self.never(&entry),
        }
    }

    /// A kind, or a list of kinds of which one will do.
    fn kinds(&mut self, entry: Entry) -> Option<Vec<String>> {
        if matches!(entry.value.kind, Kind::Text(_)) {
            return self.text(entry).map(|kind| vec![kind]);
        }
        let kinds = self.names(entry);
        (!kinds.is_empty()).then(|| kinds.into_iter().map(|kind| kind.value).collect())
    }

    fn between(&mut self, entry: &Entry) -> Option<Demand> {
        if let Kind::List(items) = &entry.value.kind
            && let [first, second] = items.as_slice()
            && let (Kind::Text(first), Kind::Text(second)) = (&first.kind, &second.kind)
        {
            return Some(Demand::Between(first.clone(), second.clone()));
        }
        self.wrong_type("`between`", &entry.value, "a list of two kinds");
        None
    }

    fn demanded_part(&mut self, entry: &Entry) -> Option<Part> {
        let part = match &entry.value.kind {
            Kind::Text(text) => Part::ALL.iter().find(|(name, _)| name == text),
            _ => None,
        };
        if part.is_none() {
            self.wrong_type("`has`", &entry.value, "`probe`, `verify` or `timeout`");
        }
        part.map(|(_, part)| *part)
    }

    fn never(&mut self, entry: &Entry) -> Option<Demand> {
        if entry.value.to_json().as_bool() == Some(true) {
            return Some(Demand::Never);
        }
        self.wrong_type("`never`", &entry.value, "`true`");
        None
    }
}
