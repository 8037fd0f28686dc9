//! `manual` and `approve`: what people are asked.
//!
//! Does not know who will be there to answer.

use indexmap::IndexMap;
use serde_json::Value;

use super::super::codes;
use super::super::keys;
use super::super::model::{Action, Approve, Dynamic, Located, Manual, Output, OutputType, Param};
use super::super::template::Template;
use super::super::yaml::Kind;
use super::Decoder;
use super::fields::Entry;

impl Decoder<'_> {
    /// `manual`, with its fields as outputs.
    pub(super) fn manual(&mut self, entry: Entry) -> Option<(Action, IndexMap<String, Output>)> {
        let at = entry.key.number;
        let mut fields = self.fields_of("`manual`", at, entry.value, &keys::MANUAL)?;
        let instructions = self.required(&mut fields, "instructions");
        let instructions = instructions.and_then(|entry| self.template_entry(&entry));
        let confirm = fields.take("confirm").and_then(|entry| self.truth(&entry));
        let told = fields.take("fields");
        let told = self.declarations("a field", told);
        self.finish(fields, &keys::MANUAL);
        let outputs = told.iter().map(|(name, field)| (name.clone(), self.output_of(field)));
        let outputs = outputs.collect();
        let confirm = confirm.unwrap_or(told.is_empty());
        let manual = Manual { instructions: instructions?, confirm, fields: told };
        Some((Action::Manual(Box::new(manual)), outputs))
    }

    fn output_of(&self, field: &Param) -> Output {
        let kind = match field.schema.get("type").and_then(Value::as_str) {
            Some("string") => Some(OutputType::String),
            Some("integer") => Some(OutputType::Integer),
            Some("number") => Some(OutputType::Number),
            Some("boolean") => Some(OutputType::Boolean),
            Some("array") => Some(OutputType::Array),
            Some("object") => Some(OutputType::Object),
            _ => None,
        };
        let value = Located { value: Dynamic::Literal(Value::Null), at: field.at };
        Output { value, kind, at: field.at }
    }

    pub(super) fn approve(&mut self, entry: Entry) -> Option<Action> {
        let at = entry.key.number;
        let mut fields = self.fields_of("`approve`", at, entry.value, &keys::APPROVE)?;
        let message = self.required(&mut fields, "message");
        let message = message.and_then(|entry| self.template_entry(&entry));
        let by = fields.take("by").map(|entry| self.users(&entry)).unwrap_or_default();
        let min_at = fields.key_number("min").unwrap_or(at);
        let min = fields.take("min").and_then(|entry| self.whole_number(&entry, 1)).unwrap_or(1);
        let timeout = fields.take("timeout").and_then(|entry| self.duration(&entry, false));
        self.finish(fields, &keys::APPROVE);
        let fixed = by.iter().all(|name| name.value.references().is_empty());
        if fixed && !by.is_empty() && by.len() < min as usize {
            let who =
                if by.len() == 1 { "1 person".to_owned() } else { format!("{} people", by.len()) };
            let message = format!("`min` wants {min} different people, and `by` names {who}");
            let help = "nobody could ever approve it; name more people, or lower `min`";
            self.errors(codes::TOO_FEW, min_at, message, help.to_owned());
        }
        Some(Action::Approve(Box::new(Approve { message: message?, by, min, timeout })))
    }

    /// Names of users: a list, each of which may hold templates.
    fn users(&mut self, entry: &Entry) -> Vec<Located<Template>> {
        match &entry.value.kind {
            Kind::List(items) if items.is_empty() => {
                let help = "leave it out if anybody may answer".to_owned();
                self.errors(codes::WRONG_TYPE, entry.value.number, "`by` names nobody", help);
                Vec::new()
            }
            Kind::List(items) => {
                items.iter().filter_map(|item| self.template("a user's name", item)).collect()
            }
            Kind::Text(name) => {
                let help = format!("write `by: [{name}]`");
                let message = "`by` must be a list of users' names";
                self.errors(codes::WRONG_TYPE, entry.value.number, message, help);
                Vec::new()
            }
            _ => {
                self.wrong_type("`by`", &entry.value, "a list of users' names");
                Vec::new()
            }
        }
    }

    fn truth(&mut self, entry: &Entry) -> Option<bool> {
        let Kind::Bool(truth) = entry.value.kind else {
            let what = format!("`{}`", entry.key.text);
            self.wrong_type(&what, &entry.value, "`true` or `false`");
            return None;
        };
        Some(truth)
    }
}
