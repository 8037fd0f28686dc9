//! JSON ⇄ the values that templates work on.
//!
//! Does not know why a value is converted; what it does know is that each conversion costs, so nothing else converts.

use minijinja::{Value, value::ValueKind};
use serde_json::{Map, Number, Value as Json};

/// A value with more parts than this is not written out: shared lists inside shared lists would fill the memory.
const PARTS_MAX: usize = 2_000_000;
/// Bytes of text that count as a part.
const BYTES_A_PART: usize = 32;

/// Makes a value to be shared from now on.
pub(super) fn from_json(json: &Json) -> Value {
    #[cfg(test)]
    count::one();
    match json {
        Json::Null => Value::from(()),
        Json::Bool(value) => Value::from(*value),
        Json::Number(number) => from_number(number),
        Json::String(text) => Value::from(text.as_str()),
        Json::Array(items) => items.iter().map(from_json).collect(),
        Json::Object(entries) => {
            Value::from_pairs(entries.iter().map(|(key, value)| (key.as_str(), from_json(value))))
        }
    }
}

fn from_number(number: &Number) -> Value {
    if let Some(value) = number.as_i64() {
        Value::from(value)
    } else if let Some(value) = number.as_u64() {
        Value::from(value)
    } else {
        Value::from(number.as_f64().expect("a JSON number is an i64, a u64 or an f64"))
    }
}

/// Makes JSON of a value; the error is one line.
pub(super) fn to_json(value: &Value) -> Result<Json, String> {
    let mut parts_left = PARTS_MAX;
    write_json(value, &mut parts_left)
}

fn write_json(value: &Value, parts_left: &mut usize) -> Result<Json, String> {
    #[cfg(test)]
    count::one();
    let parts = 1 + value.as_str().map_or(0, str::len) / BYTES_A_PART;
    *parts_left =
        parts_left.checked_sub(parts).ok_or("the value is too large to be written out")?;
    Ok(match value.kind() {
        ValueKind::None => Json::Null,
        ValueKind::Bool => Json::Bool(value.is_true()),
        ValueKind::Number => Json::Number(to_number(value)?),
        ValueKind::String => Json::String(value.as_str().expect("a text has a text").to_owned()),
        ValueKind::Seq | ValueKind::Iterable => {
            let mut items = Vec::new();
            for item in iterate(value)? {
                items.push(write_json(&item?, parts_left)?);
            }
            Json::Array(items)
        }
        ValueKind::Map => {
            let mut entries = Map::new();
            for key in iterate(value)? {
                let key = key?;
                let entry = value.get_item(&key).map_err(|error| plain_message(&error))?;
                let name = key.as_str().ok_or("a key of the map is not a text")?;
                entries.insert(name.to_owned(), write_json(&entry, parts_left)?);
            }
            Json::Object(entries)
        }
        ValueKind::Undefined => return Err("a part of the value is undefined".to_owned()),
        _ => return Err("a part of the value cannot be kept as JSON".to_owned()),
    })
}

/// The items of a list or the keys of a map; an item that could not be computed is an error.
pub(super) fn iterate(
    value: &Value,
) -> Result<impl Iterator<Item = Result<Value, String>>, String> {
    let items = value.try_iter().map_err(|error| plain_message(&error))?;
    Ok(items.checked().map(|item| item.map_err(|error| plain_message(&error))))
}

/// A number as JSON holds it: 64 bits, whole or not; infinite ones have no JSON.
pub(super) fn to_number(value: &Value) -> Result<Number, String> {
    if !value.is_integer() {
        let float = f64::try_from(value.clone()).map_err(|error| plain_message(&error))?;
        return Number::from_f64(float).ok_or_else(|| format!("the number {float} is not finite"));
    }
    if let Ok(whole) = i64::try_from(value.clone()) {
        return Ok(Number::from(whole));
    }
    u64::try_from(value.clone())
        .map(Number::from)
        .map_err(|_| format!("the number {value} does not fit in 64 bits"))
}

/// What minijinja says, without its classification.
pub(super) fn plain_message(error: &minijinja::Error) -> String {
    error.detail().map_or_else(|| error.kind().to_string(), str::to_owned)
}

/// Counts conversions, so that tests can show that shared values are not converted again.
#[cfg(test)]
pub(super) mod count {
    use std::cell::Cell;

    thread_local! {
        static CONVERTED: Cell<usize> = const { Cell::new(0) };
    }

    pub(in super::super) fn one() {
        CONVERTED.set(CONVERTED.get() + 1);
    }

    /// How many values this thread has converted so far.
    pub(in super::super) fn so_far() -> usize {
        CONVERTED.get()
    }
}
