//! Operators on values: comparisons within one kind, arithmetic on numbers, truth.
//!
//! Does not know places or names. Errors are one line.

use std::sync::LazyLock;

use minijinja::{Environment, Expression, Value, context, value::ValueKind};

use super::convert::{iterate, plain_message, to_number};
use super::text::{self, describe, kind};
use super::tree::{Arithmetic, Comparison};

/// True or false, if it is one of them.
pub(super) fn as_bool(value: &Value) -> Option<bool> {
    (value.kind() == ValueKind::Bool).then(|| value.is_true())
}

/// Whether a value counts as true in `and`, `or`, `not` and `if`.
///
/// A text does not count as either: the output `false` of a command is a text, and it would count as true.
pub(super) fn truth(value: &Value) -> Result<bool, String> {
    match value.kind() {
        ValueKind::String => {
            Err(format!("{} is neither true nor false; compare it: `== \"...\"`", describe(value)))
        }
        _ => Ok(value.is_true()),
    }
}

/// A comparison of two values of one kind.
pub(super) fn compare(comparison: Comparison, left: &Value, right: &Value) -> Result<bool, String> {
    match comparison {
        Comparison::Equal => equal(left, right),
        Comparison::NotEqual => equal(left, right).map(|same| !same),
        Comparison::In => contains(right, left),
        Comparison::NotIn => contains(right, left).map(|found| !found),
        Comparison::Less => order(left, right).map(|order| order.is_lt()),
        Comparison::LessOrEqual => order(left, right).map(|order| order.is_le()),
        Comparison::Greater => order(left, right).map(|order| order.is_gt()),
        Comparison::GreaterOrEqual => order(left, right).map(|order| order.is_ge()),
    }
}

/// Whether two values are the same. Anything may be compared with null; other kinds only with their own.
pub(super) fn equal(left: &Value, right: &Value) -> Result<bool, String> {
    match (left.kind(), right.kind()) {
        (ValueKind::None, _) | (_, ValueKind::None) => Ok(left.is_none() && right.is_none()),
        (ValueKind::Map, ValueKind::Map) => equal_maps(left, right),
        _ if text::is_list(left) && text::is_list(right) => equal_lists(left, right),
        (ValueKind::Bool, ValueKind::Bool)
        | (ValueKind::Number, ValueKind::Number)
        | (ValueKind::String, ValueKind::String) => Ok(left == right),
        _ => Err(incomparable(left, right)),
    }
}

fn equal_lists(left: &Value, right: &Value) -> Result<bool, String> {
    if left.len() != right.len() {
        return Ok(false);
    }
    for (left, right) in iterate(left)?.zip(iterate(right)?) {
        if !equal(&left?, &right?)? {
            return Ok(false);
        }
    }
    Ok(true)
}

fn equal_maps(left: &Value, right: &Value) -> Result<bool, String> {
    if left.len() != right.len() {
        return Ok(false);
    }
    for key in iterate(left)? {
        let key = key?;
        let read = |map: &Value| map.get_item(&key).map_err(|error| plain_message(&error));
        let (left, right) = (read(left)?, read(right)?);
        if right.is_undefined() || !equal(&left, &right)? {
            return Ok(false);
        }
    }
    Ok(true)
}

fn order(left: &Value, right: &Value) -> Result<std::cmp::Ordering, String> {
    match (left.kind(), right.kind()) {
        (ValueKind::Number, ValueKind::Number) | (ValueKind::String, ValueKind::String) => {
            Ok(left.cmp(right))
        }
        (left_kind, right_kind) if left_kind == right_kind => {
            Err(format!("{} has no order; numbers and texts have", kind(left)))
        }
        _ => Err(incomparable(left, right)),
    }
}

/// Whether a list holds a value, a map a key, or a text a text.
fn contains(container: &Value, value: &Value) -> Result<bool, String> {
    match container.kind() {
        ValueKind::Seq | ValueKind::Iterable => list_contains(container, value),
        ValueKind::Map | ValueKind::String if value.kind() != ValueKind::String => Err(format!(
            "{} holds {}, and {} is none",
            kind(container),
            if container.kind() == ValueKind::Map { "keys that are texts" } else { "texts" },
            describe(value)
        )),
        ValueKind::Map => container
            .get_item(value)
            .map(|found| !found.is_undefined())
            .map_err(|e| plain_message(&e)),
        ValueKind::String => {
            let needle = value.as_str().unwrap_or_default();
            Ok(container.as_str().unwrap_or_default().contains(needle))
        }
        _ => {
            Err(format!("nothing is in {}; a list, a map or a text is needed", describe(container)))
        }
    }
}

/// Found is found; but not found among values of another kind is a mistake, not an answer.
fn list_contains(list: &Value, value: &Value) -> Result<bool, String> {
    let mut incomparable = None;
    for item in iterate(list)? {
        match equal(&item?, value) {
            Ok(true) => return Ok(true),
            Ok(false) => {}
            Err(message) => incomparable = incomparable.or(Some(message)),
        }
    }
    incomparable.map_or(Ok(false), Err)
}

/// What is said of two values of different kinds.
pub(super) fn incomparable(left: &Value, right: &Value) -> String {
    let advice = match (left.kind(), right.kind()) {
        (ValueKind::Number, ValueKind::String) | (ValueKind::String, ValueKind::Number) => {
            "; an output that is a number says `type: integer`, and `| int` makes one of a text"
        }
        (ValueKind::Bool, ValueKind::String) | (ValueKind::String, ValueKind::Bool) => {
            "; an output that is true or false says `type: boolean`"
        }
        _ => "",
    };
    format!("{} and {} cannot be compared{advice}", describe(left), describe(right))
}

/// minijinja's own arithmetic; it does not offer it but as expressions.
static ARITHMETIC: LazyLock<[Expression<'static, 'static>; 7]> = LazyLock::new(|| {
    ["a + b", "a - b", "a * b", "a / b", "a // b", "a % b", "a ** b"].map(compile)
});
static SLICE: LazyLock<Expression<'static, 'static>> =
    LazyLock::new(|| compile("value[start:stop:step]"));

fn compile(source: &'static str) -> Expression<'static, 'static> {
    static ENVIRONMENT: LazyLock<Environment<'static>> = LazyLock::new(Environment::empty);
    ENVIRONMENT.compile_expression(source).expect("the expressions of this file are expressions")
}

/// A part of a list or of a text; null stands for a bound that is not given.
pub(super) fn slice(
    value: &Value,
    start: &Value,
    stop: &Value,
    step: &Value,
) -> Result<Value, String> {
    SLICE
        .eval(context! { value => value, start => start, stop => stop, step => step })
        .map_err(|error| plain_message(&error))
}

/// Two numbers, or for `+` also two texts. A result that does not fit in 64 bits is an error.
pub(super) fn calculate(
    operator: Arithmetic,
    left: &Value,
    right: &Value,
) -> Result<Value, String> {
    let symbol = ["+", "-", "*", "/", "//", "%", "**"][operator as usize];
    let joins = operator == Arithmetic::Add
        && left.kind() == ValueKind::String
        && right.kind() == ValueKind::String;
    let calculates = left.is_number() && right.is_number();
    if !joins && !calculates {
        return Err(format!(
            "`{symbol}` needs two numbers, not {} and {}",
            describe(left),
            describe(right)
        ));
    }
    let result = ARITHMETIC[operator as usize]
        .eval(context! { a => left, b => right })
        .map_err(|error| plain_message(&error).replacen("unable to", "cannot", 1))?;
    if result.is_number() {
        to_number(&result)?;
    }
    Ok(result)
}

/// Minus a number.
pub(super) fn negate(value: &Value) -> Result<Value, String> {
    if !value.is_number() {
        return Err(format!("`-` needs a number, not {}", describe(value)));
    }
    match value.is_integer() {
        true => calculate(Arithmetic::Subtract, &Value::from(0), value),
        // Not `0 - value`, which would lose the sign of a zero.
        false => f64::try_from(value.clone())
            .map(|float| Value::from(-float))
            .map_err(|error| plain_message(&error)),
    }
}
