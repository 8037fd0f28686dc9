//! What a filter is refused before it is called: what would be guessed at, and what would fill the memory.
//!
//! Does not know how a filter does its work. Errors are one line.

use minijinja::Value;

use super::{convert, operators, text};

/// The longest text that is built.
pub(super) const TEXT_BYTES_MAX: usize = 16 << 20;
/// The largest count of rows or columns, and the widest field.
const COUNT_MAX: i64 = 1_000_000;

/// Checks what a filter is about to be called with: what it works on first, then arguments, named ones last.
pub(super) fn check(filter: &str, values: &[Value]) -> Result<(), String> {
    let Some(input) = values.first() else { return Ok(()) };
    if input.is_none() && filter != "tojson" {
        return Err("null is nothing to work on".to_owned());
    }
    let arguments = Given { values };
    let attribute = arguments.attribute(filter);
    let by = attribute.as_deref().unwrap_or_default();
    if !by.is_empty() {
        each(input, |item| {
            by.split(',').try_for_each(|path| at_path(item, path.trim()).map(|_| ()))
        })?;
    }
    match filter {
        "select" | "reject" if arguments.positional(0).is_none() => {
            each(input, |item| operators::truth(item).map(|_| ()))
        }
        "selectattr" | "rejectattr" if arguments.positional(1).is_none() => {
            each(input, |item| operators::truth(&at_path(item, by)?).map(|_| ()))
        }
        "sort" => by.split(',').try_for_each(|path| one_kind(input, path.trim())),
        "min" | "max" | "unique" | "groupby" => one_kind(input, by),
        "dictsort" if arguments.named("by").is_some() => one_kind(&values_of(input)?, ""),
        "batch" | "slice" => count_in_bounds(arguments.positional(0)),
        "indent" => indent_in_bounds(
            input,
            arguments.positional(0).cloned().or_else(|| arguments.named("width")),
        ),
        "replace" => replace_in_bounds(input, arguments.positional(0), arguments.positional(1)),
        "format" => format_in_bounds(input),
        _ => Ok(()),
    }
}

/// Filters that fold upper and lower case unless told otherwise. Here they do not: `Alice` and `alice` are two mailboxes.
pub(super) const CASE_FOLDING: &[&str] = &["dictsort", "groupby", "max", "min", "sort", "unique"];

/// The arguments of a call, what is worked on not counted.
struct Given<'v> {
    values: &'v [Value],
}

impl<'v> Given<'v> {
    fn positional(&self, index: usize) -> Option<&'v Value> {
        self.values.get(index + 1).filter(|value| !value.is_kwargs())
    }

    fn named(&self, name: &str) -> Option<Value> {
        let last = self.values.last().filter(|value| value.is_kwargs())?;
        last.get_attr(name).ok().filter(|value| !value.is_undefined())
    }

    /// The path of the attribute that a filter reads in each item.
    fn attribute(&self, filter: &str) -> Option<String> {
        let place = match filter {
            "selectattr" | "rejectattr" | "groupby" | "sum" => self.positional(0),
            "join" => self.positional(1),
            _ => None,
        };
        place
            .cloned()
            .or_else(|| self.named("attribute"))
            .and_then(|path| path.as_str().map(str::to_owned))
    }
}

/// Applies a check to each item of a list; what is no list is the filter's business.
fn each(input: &Value, mut check: impl FnMut(&Value) -> Result<(), String>) -> Result<(), String> {
    if !text::is_list(input) {
        return Ok(());
    }
    convert::iterate(input)?.try_for_each(|item| check(&item?))
}

/// Follows a dotted path; a part that is not there is an error.
pub(super) fn at_path(item: &Value, path: &str) -> Result<Value, String> {
    let mut value = item.clone();
    for part in path.split('.').filter(|part| !part.is_empty()) {
        let key = part
            .parse::<usize>()
            .ok()
            .filter(|_| text::is_list(&value))
            .map_or_else(|| Value::from(part), Value::from);
        let found = value.get_item(&key).ok().filter(|found| !found.is_undefined());
        value = found.ok_or_else(|| format!("an item has no `{path}`"))?;
    }
    Ok(value)
}

/// What is put in order or told apart must be of one kind.
fn one_kind(input: &Value, path: &str) -> Result<(), String> {
    let mut first: Option<Value> = None;
    each(input, |item| {
        let value = at_path(item, path)?;
        match &first {
            Some(first) if first.kind() != value.kind() => {
                Err(operators::incomparable(first, &value))
            }
            Some(_) => Ok(()),
            None => {
                first = Some(value);
                Ok(())
            }
        }
    })
}

fn values_of(map: &Value) -> Result<Value, String> {
    let keys = convert::iterate(map)?;
    let values: Result<Vec<Value>, String> =
        keys.map(|key| Ok(map.get_item(&key?).unwrap_or_default())).collect();
    values.map(Value::from)
}

fn count_in_bounds(count: Option<&Value>) -> Result<(), String> {
    match count.and_then(Value::as_i64) {
        Some(count) if count > COUNT_MAX => Err(format!("{count} is more than {COUNT_MAX}")),
        _ => Ok(()),
    }
}

/// No text grows without end.
pub(super) fn text_in_bounds(bytes: usize) -> Result<(), String> {
    if bytes > TEXT_BYTES_MAX {
        Err(format!("the text grows beyond {} MiB", TEXT_BYTES_MAX >> 20))
    } else {
        Ok(())
    }
}

fn indent_in_bounds(input: &Value, width: Option<Value>) -> Result<(), String> {
    let lines = input.as_str().map_or(0, |text| text.lines().count()) + 1;
    text_in_bounds(lines.saturating_mul(width.and_then(|width| width.as_usize()).unwrap_or(0)))
}

fn replace_in_bounds(
    input: &Value,
    from: Option<&Value>,
    to: Option<&Value>,
) -> Result<(), String> {
    let (Some(input), Some(from), Some(to)) =
        (input.as_str(), from.and_then(Value::as_str), to.and_then(Value::as_str))
    else {
        return Ok(());
    };
    text_in_bounds(input.len().saturating_add(input.matches(from).count().saturating_mul(to.len())))
}

/// A field's width stands in the format, so that it can be seen, and has at most four digits.
fn format_in_bounds(format: &Value) -> Result<(), String> {
    const DIGITS_MAX: usize = 4;
    let format = format.as_str().unwrap_or_default();
    let longest = format
        .split(|character: char| !character.is_ascii_digit())
        .map(str::len)
        .max()
        .unwrap_or(0);
    if longest > DIGITS_MAX || format.contains('*') {
        return Err("a width in a format is a number of up to four digits".to_owned());
    }
    Ok(())
}
