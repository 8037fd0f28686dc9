//! What templates give and what they refuse.

mod bounds;
mod language;
mod strictness;

use serde_json::{Value, json};

use super::{EvalError, Expression, Scope, Template};

/// A scope as a runbook has it.
fn scope() -> Scope {
    Scope::new()
        .with("params", json!({"name": "ada", "size": 25, "flag": true, "none": null, "boxes": ["alice", "bob"], "ratio": 0.5}))
        .with("out", json!({"exit": 0, "stdout": "5\n", "json": {"home": "b", "items": [{"id": 1}, {"id": 2}]}}))
        .with("index", 3_i64)
}

fn eval(source: &str) -> Result<Value, EvalError> {
    Expression::parse(source).unwrap_or_else(|error| panic!("{source}: {error}")).eval(&scope())
}

fn gives(source: &str, expected: Value) {
    assert_eq!(eval(source).map_err(|error| error.message), Ok(expected), "{source}");
}

/// The message, and the part of the source that it is about.
fn refuses(source: &str) -> (String, String) {
    let error = eval(source).map(|value| panic!("{source} gives {value}")).unwrap_err();
    (error.message, source[error.range].to_owned())
}

fn render(source: &str) -> Result<Value, EvalError> {
    Template::parse(source).unwrap_or_else(|error| panic!("{source}: {error}")).render(&scope())
}
