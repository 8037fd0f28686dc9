//! Inputs of a driver's action: what `with` gives against what the action declares.
//!
//! Does not render templates; whoever has the values asks.

use indexmap::IndexMap;
use serde_json::{Map, Value};

use super::model::{DriverAction, Param};
use super::near::did_you_mean;
use super::schema::Schema;

/// Declared inputs with their schemas understood, to check many calls of one action.
#[derive(Debug)]
pub struct InputCheck {
    declared: IndexMap<String, (Schema, Option<Value>)>,
}

impl InputCheck {
    /// Understands the schemas; the errors are lines, each with the input's name.
    pub fn new(inputs: &IndexMap<String, Param>) -> Result<InputCheck, Vec<String>> {
        let mut declared = IndexMap::with_capacity(inputs.len());
        let mut errors = Vec::new();
        for (name, input) in inputs {
            match Schema::parse(&input.schema) {
                Ok(schema) => {
                    declared.insert(name.clone(), (schema, input.default.clone()));
                }
                Err(wrong) => errors
                    .extend(wrong.into_iter().map(|error| format!("`{name}`: {}", error.message))),
            }
        }
        if errors.is_empty() { Ok(InputCheck { declared }) } else { Err(errors) }
    }

    /// The inputs as the action sees them: in the order in which it declares them, defaults filled in. The errors are lines.
    pub fn check(&self, given: &Map<String, Value>) -> Result<Map<String, Value>, Vec<String>> {
        let mut errors: Vec<String> = given.keys().filter_map(|name| self.unknown(name)).collect();
        let mut complete = Map::with_capacity(self.declared.len());
        for (name, (schema, default)) in &self.declared {
            match given.get(name).or(default.as_ref()) {
                Some(value) => {
                    errors.extend(
                        schema.violations(value).iter().map(|violation| violation.of(name)),
                    );
                    complete.insert(name.clone(), value.clone());
                }
                None => errors.push(format!("`{name}` is missing")),
            }
        }
        if errors.is_empty() { Ok(complete) } else { Err(errors) }
    }

    /// What one value breaks, for `with` of which only a part is known; an input that is not declared is an error too.
    pub fn check_one(&self, name: &str, value: &Value) -> Vec<String> {
        match self.declared.get(name) {
            Some((schema, _)) => {
                schema.violations(value).iter().map(|violation| violation.of(name)).collect()
            }
            None => self.unknown(name).into_iter().collect(),
        }
    }

    fn unknown(&self, name: &str) -> Option<String> {
        if self.declared.contains_key(name) {
            return None;
        }
        let hint = did_you_mean(name, self.declared.keys().map(String::as_str))
            .map_or(String::new(), |hint| format!("; {hint}"));
        Some(format!("there is no input `{name}`{hint}"))
    }
}

/// [`InputCheck::check`] for one call of an action.
pub fn check_inputs(
    action: &DriverAction,
    given: &Map<String, Value>,
) -> Result<Map<String, Value>, Vec<String>> {
    InputCheck::new(&action.inputs)?.check(given)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::spec::model::Place;

    fn check(given: &Value) -> Result<String, Vec<String>> {
        let input = |schema: Value, default: Option<Value>| Param {
            schema,
            default,
            description: None,
            at: Place { file: 0, node: 0 },
        };
        let declared = IndexMap::from([
            ("mailbox".to_owned(), input(json!({"type": "string"}), None)),
            ("limit".to_owned(), input(json!({"type": "integer", "minimum": 1}), Some(json!(5)))),
            ("dry".to_owned(), input(json!({"type": ["boolean", "null"]}), Some(json!(null)))),
        ]);
        let complete = InputCheck::new(&declared).unwrap().check(given.as_object().unwrap())?;
        Ok(serde_json::to_string(&complete).unwrap())
    }

    #[test]
    fn defaults_are_filled_in_and_everything_wrong_is_told() {
        assert_eq!(
            check(&json!({"limit": 7, "mailbox": "a"})),
            Ok(r#"{"mailbox":"a","limit":7,"dry":null}"#.to_owned())
        );
        assert_eq!(
            check(&json!({"mailbox": 5, "limit": 0, "mailbx": "a", "zzz": 1})),
            Err(vec![
                "there is no input `mailbx`; did you mean `mailbox`?".to_owned(),
                "there is no input `zzz`".to_owned(),
                "`mailbox`: a text is needed, not the number 5".to_owned(),
                "`limit`: the number 0 is less than 1".to_owned(),
            ])
        );
        assert_eq!(check(&json!({})), Err(vec!["`mailbox` is missing".to_owned()]));
        assert_eq!(
            check(&json!({"mailbox": null})),
            Err(vec!["`mailbox`: a text is needed, not null".to_owned()])
        );
    }
}
