//! Filters and tests beyond minijinja's own, and the strict forms of some of its own.
//!
//! Does not know scopes or places.

use minijinja::{Environment, Error, ErrorKind, Value, value::ValueKind};

use super::tree::Comparison;
use super::{convert, operators, text};

/// Adds them; what is there under the same name is replaced.
pub(super) fn add_to(environment: &mut Environment<'static>) {
    environment.add_filter("sh", |value: &Value| quote(value, sh, " "));
    environment.add_filter("pwsh", |value: &Value| quote(value, pwsh, ", "));
    environment.add_filter("basename", |path: &str| basename(path).to_owned());
    environment.add_filter("dirname", |path: &str| dirname(path).to_owned());
    environment.add_filter("string", |value: &Value| text::in_text(value).map_err(refused));
    environment.add_filter("bool", |value: &Value| to_bool(value).map_err(refused));
    for (names, comparison) in COMPARISONS {
        for name in *names {
            environment.add_test(*name, move |left: &Value, right: &Value| {
                operators::compare(*comparison, left, right).map_err(refused)
            });
        }
    }
}

const COMPARISONS: &[(&[&str], Comparison)] = &[
    (&["eq", "equalto", "=="], Comparison::Equal),
    (&["ne", "!="], Comparison::NotEqual),
    (&["lt", "lessthan", "<"], Comparison::Less),
    (&["le", "<="], Comparison::LessOrEqual),
    (&["gt", "greaterthan", ">"], Comparison::Greater),
    (&["ge", ">="], Comparison::GreaterOrEqual),
    (&["in"], Comparison::In),
];

fn refused(message: String) -> Error {
    Error::new(ErrorKind::InvalidOperation, message)
}

/// Quotes a text, or each item of a list.
fn quote(
    value: &Value,
    quote_one: fn(&str) -> Result<String, String>,
    separator: &str,
) -> Result<String, Error> {
    let one =
        |value: &Value| text::in_text(value).and_then(|text| quote_one(&text)).map_err(refused);
    if !text::is_list(value) {
        return one(value);
    }
    let items = convert::iterate(value).map_err(refused)?;
    let quoted: Result<Vec<String>, Error> =
        items.map(|item| one(&item.map_err(refused)?)).collect();
    Ok(quoted?.join(separator))
}

/// One word for a POSIX shell (POSIX.1-2017, Shell Command Language, 2.2.2).
fn sh(text: &str) -> Result<String, String> {
    refuse_nul(text)?;
    Ok(format!("'{}'", text.replace('\'', r"'\''")))
}

/// One verbatim string for PowerShell, which takes typographic quotes for quotes too (about_Quoting_Rules).
fn pwsh(text: &str) -> Result<String, String> {
    refuse_nul(text)?;
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('\'');
    for character in text.chars() {
        if matches!(character, '\'' | '\u{2018}'..='\u{201B}') {
            quoted.push(character);
        }
        quoted.push(character);
    }
    quoted.push('\'');
    Ok(quoted)
}

fn refuse_nul(text: &str) -> Result<(), String> {
    if text.contains('\0') {
        Err("a text with a NUL character cannot be an argument".to_owned())
    } else {
        Ok(())
    }
}

/// The last part of a path, as POSIX `basename` gives it.
fn basename(path: &str) -> &str {
    let trimmed = path.trim_end_matches('/');
    match trimmed.rsplit('/').next() {
        Some("") | None if path.starts_with('/') => "/",
        last => last.unwrap_or_default(),
    }
}

/// All but the last part of a path, as POSIX `dirname` gives it.
fn dirname(path: &str) -> &str {
    match path.trim_end_matches('/').rsplit_once('/') {
        Some((parent, _)) if parent.trim_end_matches('/').is_empty() => "/",
        Some((parent, _)) => parent.trim_end_matches('/'),
        None if path.starts_with('/') => "/",
        None => ".",
    }
}

/// True or false of the texts `true` and `false`; nothing else counts.
fn to_bool(value: &Value) -> Result<bool, String> {
    match (value.kind(), value.as_str()) {
        (ValueKind::Bool, _) => Ok(value.is_true()),
        (_, Some("true")) => Ok(true),
        (_, Some("false")) => Ok(false),
        _ => Err(format!("{} is neither `true` nor `false`", text::describe(value))),
    }
}
