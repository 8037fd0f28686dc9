//! Filters and tests beyond minijinja's own, and the strict forms of some of its own.
//!
//! Does not know scopes or places.

use minijinja::value::{Kwargs, Rest, ValueKind, ValueOrKwargs};
use minijinja::{Environment, Error, ErrorKind, State, Value, filters as builtin};

use super::tree::Comparison;
use super::{convert, guards, operators, text};

/// Puts each of the filters behind its guard, so that it is guarded also where another filter calls it, as `map` does.
macro_rules! guard_builtin {
    ($environment:ident: $($name:ident)*) => {$(
        $environment.add_filter(unguarded(stringify!($name)), builtin::$name);
        guard($environment, stringify!($name));
    )*};
}

/// Adds them; what is there under the same name is replaced.
pub(super) fn add_to(environment: &mut Environment<'static>) {
    guard_builtin!(environment: abs attr batch capitalize chain dictsort first float format groupby indent int items last
        length lines list lower map max min reject rejectattr replace reverse round select selectattr slice sort split sum title
        trim unique upper zip);
    environment.add_filter(unguarded("count"), builtin::length);
    guard(environment, "count");
    environment.add_filter("join", join);
    environment.add_filter("tojson", to_json);
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

/// The name under which a filter does its work; no template can call it by this.
fn unguarded(name: &str) -> String {
    format!("\0{name}")
}

fn guard(environment: &mut Environment<'static>, name: &'static str) {
    let inner = unguarded(name);
    environment.add_filter(name, move |state: &mut State, arguments: Rest<ValueOrKwargs>| {
        let mut values = arguments.into_values();
        guards::check(name, &values).map_err(refused)?;
        if guards::CASE_FOLDING.contains(&name) {
            respect_case(&mut values)?;
        }
        state.apply_filter(&inner, &values)
    });
}

/// Tells a filter that upper and lower case differ, unless it has been told what it shall do.
fn respect_case(values: &mut Vec<Value>) -> Result<(), Error> {
    let given = match values.last() {
        Some(last) if last.is_kwargs() => values.pop().map(Kwargs::try_from).transpose()?,
        _ => None,
    };
    let mut named = vec![("case_sensitive".to_owned(), Value::from(true))];
    if let Some(given) = given {
        for name in given.args() {
            named.push((name.to_owned(), given.peek(name)?));
        }
    }
    values.push(Kwargs::from_iter(named).into());
    Ok(())
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

/// The items of a list as one text, each as it reads inside a text.
#[expect(clippy::needless_pass_by_value, reason = "minijinja hands named arguments over by value")]
fn join(
    list: &Value,
    joiner: Option<&str>,
    attribute: Option<&str>,
    named: Kwargs,
) -> Result<String, Error> {
    let joiner = joiner.or(named.get("d")?).unwrap_or_default();
    let attribute = attribute.or(named.get("attribute")?).unwrap_or_default();
    named.assert_all_used()?;
    if !text::is_list(list) {
        return Err(refused(format!("a list is needed, not {}", text::describe(list))));
    }
    let mut joined = String::new();
    for (index, item) in convert::iterate(list).map_err(refused)?.enumerate() {
        let item = item.and_then(|item| guards::at_path(&item, attribute)).map_err(refused)?;
        if index > 0 {
            joined.push_str(joiner);
        }
        joined.push_str(&text::in_text(&item).map_err(refused)?);
        guards::text_in_bounds(joined.len()).map_err(refused)?;
    }
    Ok(joined)
}

/// A value as JSON on one line, or with `indent=true` on many. Nothing is escaped for HTML.
#[expect(clippy::needless_pass_by_value, reason = "minijinja hands named arguments over by value")]
fn to_json(value: &Value, indent: Option<bool>, named: Kwargs) -> Result<String, Error> {
    let indent = indent.or(named.get("indent")?).unwrap_or(false);
    named.assert_all_used()?;
    let json = convert::to_json(value).map_err(refused)?;
    let written =
        if indent { serde_json::to_string_pretty(&json) } else { serde_json::to_string(&json) };
    written.map_err(|error| refused(error.to_string()))
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
