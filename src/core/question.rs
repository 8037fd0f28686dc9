//! Questions to people: what is asked, who may answer, and whether an answer will do.
//!
//! Knows no terminal and no command: who has answered what is told to it.

use indexmap::IndexMap;
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::record::GivenOutputs;
use crate::spec::near::did_you_mean;
use crate::spec::schema::Schema;

/// What is asked of people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum QuestionKind {
    /// That they do something, and say when it is done.
    Manual,
    /// Whether the run may go on.
    Approval,
}

/// A question as it was put.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Question {
    /// What is asked of people.
    pub kind: QuestionKind,
    /// What they are to do, or to decide about.
    pub text: String,
    /// On a terminal a bare Enter does not do: an explicit yes is wanted.
    #[serde(default, skip_serializing_if = "is_false")]
    pub confirm: bool,
    /// What they are to tell, by name.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub fields: IndexMap<String, Field>,
    /// The users who may answer; anybody if there are none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub by: Vec<String>,
    /// How many different people must say so.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub min: u32,
    /// After that time it is too late.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
}

/// Something that people are to tell.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Field {
    /// A JSON Schema.
    pub schema: Value,
    /// What it is if nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default: Option<Value>,
}

/// What somebody has answered.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Answer {
    /// It is done, or the run may go on.
    pub go: bool,
    /// What was told, by name.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub fields: GivenOutputs,
    /// Why, if it was said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub because: Option<String>,
}

impl Question {
    /// Whether a user may answer.
    #[must_use]
    pub fn is_for(&self, user: &str) -> bool {
        self.by.is_empty() || self.by.iter().any(|name| name == user)
    }

    /// Whether it is too late to answer.
    #[must_use]
    pub fn is_over(&self, now: Timestamp) -> bool {
        self.until.is_some_and(|until| until <= now)
    }

    /// What was told, with defaults filled in, in the order of the question. The errors are lines.
    ///
    /// # Errors
    /// If a field is missing, is not asked for, or breaks its schema.
    pub fn complete(&self, given: &GivenOutputs) -> Result<GivenOutputs, Vec<String>> {
        let mut errors: Vec<String> = given.keys().filter_map(|name| self.unknown(name)).collect();
        let mut complete = GivenOutputs::new();
        for (name, field) in &self.fields {
            let Some(value) = given.get(name).or(field.default.as_ref()) else {
                errors.push(format!("`{name}` is missing"));
                continue;
            };
            errors.extend(field.violations(name, value));
            complete.insert(name.clone(), value.clone());
        }
        if errors.is_empty() { Ok(complete) } else { Err(errors) }
    }

    fn unknown(&self, name: &str) -> Option<String> {
        if self.fields.contains_key(name) {
            return None;
        }
        let near = did_you_mean(name, self.fields.keys().map(String::as_str));
        let hint = near.unwrap_or_else(|| {
            let names: Vec<&str> = self.fields.keys().map(String::as_str).collect();
            match names.as_slice() {
                [] => "nothing is".to_owned(),
                names => format!("what is asked for is {}", names.join(", ")),
            }
        });
        Some(format!("`{name}` is not asked for; {hint}"))
    }

    /// Who may answer, in words.
    #[must_use]
    pub fn whom(&self) -> String {
        let who = match self.by.as_slice() {
            [] => "an operator".to_owned(),
            [one] => one.clone(),
            several => several.join(" or "),
        };
        if self.min > 1 { format!("{} of {who}", self.min) } else { who }
    }
}

impl Field {
    /// What is to be told, in words.
    #[must_use]
    pub fn words(&self) -> String {
        let said = self.schema.get("description").and_then(Value::as_str);
        let schema = self.schema.as_object().into_iter().flatten();
        let keywords = schema.filter(|(key, _)| key.as_str() != "description");
        let rules: Vec<String> = keywords.map(|(key, value)| format!("{key} {value}")).collect();
        let default = self.default.as_ref().map(|default| format!("else {default}"));
        let parts: Vec<String> =
            said.map(str::to_owned).into_iter().chain(rules).chain(default).collect();
        if parts.is_empty() { "anything".to_owned() } else { parts.join(", ") }
    }

    /// What a value breaks, each a line.
    #[must_use]
    pub fn violations(&self, name: &str, value: &Value) -> Vec<String> {
        match Schema::parse(&self.schema) {
            Ok(schema) => {
                schema.violations(value).iter().map(|violation| violation.of(name)).collect()
            }
            Err(errors) => {
                errors.iter().map(|error| format!("`{name}`: {}", error.message)).collect()
            }
        }
    }
}

fn one() -> u32 {
    1
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_one(number: &u32) -> bool {
    *number == 1
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_false(value: &bool) -> bool {
    !*value
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn question() -> Question {
        let field = |schema: Value, default| Field { schema, default };
        Question {
            kind: QuestionKind::Manual,
            text: "look".to_owned(),
            confirm: false,
            fields: IndexMap::from([
                ("count".to_owned(), field(json!({"type": "integer", "minimum": 0}), None)),
                ("note".to_owned(), field(json!({"type": "string"}), Some(json!("none")))),
            ]),
            by: vec!["ada".to_owned()],
            min: 1,
            until: None,
        }
    }

    #[test]
    fn an_answer_is_completed_and_all_that_is_wrong_is_told() {
        let given = |value: Value| -> GivenOutputs {
            value.as_object().map(|map| map.clone().into_iter().collect()).unwrap_or_default()
        };
        let complete = question().complete(&given(json!({"count": 3})));
        assert_eq!(complete, Ok(given(json!({"count": 3, "note": "none"}))));
        let wrong = question().complete(&given(json!({"cuont": 3, "note": 4})));
        assert_eq!(wrong.map_err(|errors| errors.len()), Err(3));
    }

    #[test]
    fn only_those_who_are_named_may_answer() {
        assert!(question().is_for("ada") && !question().is_for("bob"));
        assert!(Question { by: Vec::new(), ..question() }.is_for("bob"));
    }
}
