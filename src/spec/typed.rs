//! Text → typed value, by the type that was declared: outputs of steps, and values of parameters.
//!
//! Does not know where the text comes from. Nothing is guessed: what is not clearly of the type is an error.

use serde_json::{Number, Value};

use super::model::OutputType;
use super::schema::describe;

impl OutputType {
    /// Makes a value of the declared type: numbers and booleans also from the text that a command prints. The error is one line.
    pub fn convert(self, value: Value) -> Result<Value, String> {
        let fits = match self {
            OutputType::String => value.is_string(),
            OutputType::Integer => value.is_i64() || value.is_u64(),
            OutputType::Number => value.is_number(),
            OutputType::Boolean => value.is_boolean(),
            OutputType::Array => value.is_array(),
            OutputType::Object => value.is_object(),
        };
        if fits {
            return Ok(value);
        }
        let typed = match (self, &value) {
            (OutputType::Integer, Value::String(text)) => integer(text),
            (OutputType::Integer, Value::Number(number)) => whole(number),
            (OutputType::Number, Value::String(text)) => number(text),
            (OutputType::Boolean, Value::String(text)) => boolean(text),
            _ => None,
        };
        typed.ok_or_else(|| format!("{} is needed, not {}", self.in_words(), describe(&value)))
    }

    fn in_words(self) -> &'static str {
        match self {
            OutputType::String => "a text",
            OutputType::Integer => "a whole number",
            OutputType::Number => "a number",
            OutputType::Boolean => "true or false",
            OutputType::Array => "a list",
            OutputType::Object => "a map",
        }
    }
}

/// A whole number of 64 bits; white space around it does not count.
pub(super) fn integer(text: &str) -> Option<Value> {
    let text = text.trim();
    let digits = text.strip_prefix('-').unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    text.parse::<i64>().map(Value::from).or_else(|_| text.parse::<u64>().map(Value::from)).ok()
}

/// A number as JSON writes it; white space around it does not count.
pub(super) fn number(text: &str) -> Option<Value> {
    integer(text).or_else(|| serde_json::from_str::<Number>(text.trim()).ok().map(Value::Number))
}

/// `true` or `false`; white space around it does not count.
pub(super) fn boolean(text: &str) -> Option<Value> {
    match text.trim() {
        "true" => Some(Value::Bool(true)),
        "false" => Some(Value::Bool(false)),
        _ => None,
    }
}

/// `5.0` is a whole number, as in JSON Schema; beyond 2^53 a float no longer tells whole numbers apart.
fn whole(number: &Number) -> Option<Value> {
    const EXACT_MAX: f64 = 9_007_199_254_740_992.0;
    let float = number.as_f64().filter(|float| float.fract() == 0.0 && float.abs() < EXACT_MAX)?;
    // In these bounds the conversion loses nothing.
    #[expect(clippy::cast_possible_truncation, reason = "the value is whole and below 2^53")]
    Some(Value::from(float as i64))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_a_command_prints_becomes_the_declared_type() {
        for (kind, given, expected) in [
            (OutputType::Integer, json!("42\n"), json!(42)),
            (OutputType::Integer, json!("-7"), json!(-7)),
            (OutputType::Integer, json!("18446744073709551615"), json!(u64::MAX)),
            (OutputType::Integer, json!(5.0), json!(5)),
            (OutputType::Integer, json!(u64::MAX), json!(u64::MAX)),
            (OutputType::Number, json!("0.10"), json!(0.1)),
            (OutputType::Number, json!("3"), json!(3)),
            (OutputType::Number, json!(1e300), json!(1e300)),
            (OutputType::Boolean, json!(" true\n"), json!(true)),
            (OutputType::String, json!("5"), json!("5")),
            (OutputType::Array, json!([1]), json!([1])),
            (OutputType::Object, json!({"a": 1}), json!({"a": 1})),
        ] {
            assert_eq!(kind.convert(given.clone()), Ok(expected), "{given}");
        }
    }

    #[test]
    fn what_is_not_of_the_type_is_refused() {
        for (kind, given, message) in [
            (OutputType::Integer, json!(""), "a whole number is needed, not the text ``"),
            (OutputType::Integer, json!("5 GB"), "a whole number is needed, not the text `5 GB`"),
            (OutputType::Integer, json!("1_000"), "a whole number is needed, not the text `1_000`"),
            (
                OutputType::Integer,
                json!("18446744073709551616"),
                "a whole number is needed, not the text `18446744073709551616`",
            ),
            (OutputType::Integer, json!(5.5), "a whole number is needed, not the number 5.5"),
            (OutputType::Integer, json!(1e300), "a whole number is needed, not the number 1e+300"),
            (OutputType::Integer, json!(true), "a whole number is needed, not true"),
            (OutputType::Number, json!("inf"), "a number is needed, not the text `inf`"),
            (OutputType::Number, json!("NaN"), "a number is needed, not the text `NaN`"),
            (OutputType::Number, json!(null), "a number is needed, not null"),
            (OutputType::Boolean, json!("yes"), "true or false is needed, not the text `yes`"),
            (OutputType::Boolean, json!(1), "true or false is needed, not the number 1"),
            (OutputType::String, json!(5), "a text is needed, not the number 5"),
            (OutputType::Array, json!("[1]"), "a list is needed, not the text `[1]`"),
            (OutputType::Object, json!([]), "a map is needed, not a list"),
        ] {
            assert_eq!(kind.convert(given.clone()), Err(message.to_owned()), "{given}");
        }
    }
}
