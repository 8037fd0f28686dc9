//! How values read as text: inside a text, and in messages to people.
//!
//! Does not know filters or operators.

use minijinja::{Value, value::ValueKind};

use super::convert;

/// What a value is, in words.
pub(super) fn kind(value: &Value) -> &'static str {
    match value.kind() {
        ValueKind::None => "null",
        ValueKind::Bool => "a boolean",
        ValueKind::Number => "a number",
        ValueKind::String => "a text",
        ValueKind::Seq | ValueKind::Iterable => "a list",
        ValueKind::Map => "a map",
        ValueKind::Undefined => "nothing",
        _ => "no plain value",
    }
}

/// Whether it is a list.
pub(super) fn is_list(value: &Value) -> bool {
    matches!(value.kind(), ValueKind::Seq | ValueKind::Iterable)
}

/// What a value is with what it holds, as far as that is short: "the number 5", "the text `a`", "a list".
pub(super) fn describe(value: &Value) -> String {
    match value.kind() {
        ValueKind::Bool => value.is_true().to_string(),
        ValueKind::Number => format!("the number {value}"),
        ValueKind::String => format!("the text `{}`", shorten(value.as_str().unwrap_or_default())),
        _ => kind(value).to_owned(),
    }
}

fn shorten(text: &str) -> String {
    const CHARACTERS_MAX: usize = 40;
    match text.char_indices().nth(CHARACTERS_MAX) {
        Some((cut, _)) => format!("{}…", text[..cut].escape_debug()),
        None => text.escape_debug().to_string(),
    }
}

/// A value inside a text. Null, lists and maps have no one way to be written there, so they are errors.
pub(super) fn in_text(value: &Value) -> Result<String, String> {
    match value.kind() {
        ValueKind::String => Ok(value.as_str().unwrap_or_default().to_owned()),
        ValueKind::Bool => Ok(value.is_true().to_string()),
        ValueKind::Number => convert::to_number(value).map(|number| number.to_string()),
        ValueKind::Seq | ValueKind::Iterable | ValueKind::Map => {
            Err(format!("{} cannot stand inside a text; `| tojson` writes it as JSON", kind(value))
                + list_hint(value))
        }
        _ => Err(format!("{} cannot stand inside a text", kind(value))),
    }
}

fn list_hint(value: &Value) -> &'static str {
    if is_list(value) { ", `| join(\" \")` its items one after the other" } else { "" }
}
