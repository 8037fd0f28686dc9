//! Declarations of parameters and inputs: JSON Schema keywords under a name.
//!
//! Does not know values that are given.

use indexmap::IndexMap;
use serde_json::Value;

use super::super::codes;
use super::super::finding::Findings;
use super::super::model::Param;
use super::super::schema::Schema;
use super::super::yaml::{Kind, Node};
use super::Decoder;
use super::fields::Entry;
use super::scalar::number_at;

impl Decoder<'_> {
    /// `params` or `inputs`.
    pub(super) fn declarations(
        &mut self,
        what: &str,
        entry: Option<Entry>,
    ) -> IndexMap<String, Param> {
        let mut declared = IndexMap::new();
        let Some(Entry { key, value }) = entry else { return declared };
        let Some(fields) = self.fields(format!("`{}`", key.text), key.number, value) else {
            return declared;
        };
        for (key, value) in fields.into_entries() {
            self.check_name(what, &key.text, key.number);
            let param = self.declaration(&key.text, key.number, &value);
            declared.insert(key.text, param);
        }
        declared
    }

    fn declaration(&mut self, name: &str, at: u32, node: &Node) -> Param {
        let mut param =
            Param { schema: Value::Bool(true), default: None, description: None, at: self.at(at) };
        let Kind::Map(entries) = &node.kind else {
            let message = format!("`{name}` must be declared by a map, not {}", node.in_words());
            self.errors(
                codes::WRONG_TYPE,
                node.number,
                message,
                format!("write `{name}: {{type: string}}`"),
            );
            return param;
        };
        if let Some((key, _)) = entries.iter().find(|(key, _)| key.text == "secret") {
            let message = format!("declaration of `{name}` has no key `secret`");
            self.errors(codes::UNKNOWN_KEY, key.number, message, super::fields::not_yet("secret"));
            return param;
        }
        let mut schema = node.to_json();
        let keywords = schema.as_object_mut().expect("a map becomes an object");
        param.default = keywords.shift_remove("default");
        param.description = keywords.get("description").and_then(Value::as_str).map(str::to_owned);
        if !self.findings.may_compile(patterns(&schema)) {
            let max = Findings::PATTERNS_MAX;
            let message =
                format!("`{name}`: there are more than {max} patterns in all declarations");
            self.error(codes::TOO_MUCH, at, message);
            param.schema = Value::Bool(true);
            return param;
        }
        match Schema::parse(&schema) {
            Ok(checked) => self.check_default(name, &checked, param.default.as_ref(), node),
            Err(errors) => {
                for error in errors {
                    let message = format!("`{name}`: {}", error.message);
                    self.errors(
                        codes::BAD_SCHEMA,
                        number_at(node, &error.path),
                        message,
                        error.help,
                    );
                }
                schema = Value::Bool(true);
            }
        }
        param.schema = schema;
        param
    }

    fn check_default(&mut self, name: &str, schema: &Schema, default: Option<&Value>, node: &Node) {
        let Some(default) = default else { return };
        let at = number_at(node, &["default".to_owned()]);
        for violation in schema.violations(default) {
            let message =
                format!("the default of `{name}` breaks its own schema: {}", violation.of(name));
            self.error(codes::BAD_DEFAULT, at, message);
        }
    }
}

/// How many patterns a schema has, in the schemas inside it as well.
fn patterns(schema: &Value) -> usize {
    match schema {
        Value::Object(keywords) => {
            let own = keywords.get("pattern").is_some_and(Value::is_string);
            let keys = keywords.get("patternProperties").and_then(Value::as_object);
            let inside: usize = keywords.values().map(patterns).sum();
            usize::from(own) + keys.map_or(0, serde_json::Map::len) + inside
        }
        Value::Array(items) => items.iter().map(patterns).sum(),
        _ => 0,
    }
}
