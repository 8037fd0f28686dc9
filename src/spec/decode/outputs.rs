//! `outputs`: what is read from what an action has printed.
//!
//! Does not know whether what is read is there.

use indexmap::IndexMap;

use super::super::keys;
use super::super::model::{Dynamic, Located, Output, OutputType};
use super::super::yaml::{Kind, Node};
use super::Decoder;
use super::fields::Entry;

impl Decoder<'_> {
    pub(super) fn outputs(&mut self, entry: Entry) -> IndexMap<String, Output> {
        let mut outputs = IndexMap::new();
        let Some(fields) = self.fields("`outputs`", entry.key.number, entry.value) else {
            return outputs;
        };
        for (key, value) in fields.into_entries() {
            self.check_name("an output", &key.text, key.number);
            let at = self.at(key.number);
            let (value, kind) = match value.kind {
                Kind::Map(_) => self.typed_output(&key.text, key.number, value),
                Kind::Null => {
                    self.wrong_type(&format!("output `{}`", key.text), &value, "a template");
                    (None, None)
                }
                _ => (self.dynamic(&value), None),
            };
            // An output that is broken exists all the same.
            let broken = Located { value: Dynamic::Literal(serde_json::Value::Null), at };
            outputs.insert(key.text, Output { value: value.unwrap_or(broken), kind, at });
        }
        outputs
    }

    fn typed_output(
        &mut self,
        name: &str,
        at: u32,
        value: Node,
    ) -> (Option<Located<Dynamic>>, Option<OutputType>) {
        let Some(mut fields) = self.fields_of(format!("output `{name}`"), at, value, &keys::OUTPUT)
        else {
            return (None, None);
        };
        let kind = fields.take("type").and_then(|entry| self.output_type(&entry));
        let value = self.required(&mut fields, "value");
        let value = value.and_then(|entry| self.dynamic(&entry.value));
        self.finish(fields, &keys::OUTPUT);
        (value, kind)
    }

    fn output_type(&mut self, entry: &Entry) -> Option<OutputType> {
        let kind = match entry.value.to_json().as_str() {
            Some("string") => Some(OutputType::String),
            Some("integer") => Some(OutputType::Integer),
            Some("number") => Some(OutputType::Number),
            Some("boolean") => Some(OutputType::Boolean),
            Some("array") => Some(OutputType::Array),
            Some("object") => Some(OutputType::Object),
            _ => None,
        };
        if kind.is_none() {
            let types = "`string`, `integer`, `number`, `boolean`, `array` or `object`";
            self.wrong_type("`type`", &entry.value, types);
        }
        kind
    }
}
