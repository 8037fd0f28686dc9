//! What templates may call: filters, tests and functions, each named here.
//!
//! Does not know how they are called. Nothing here reads a clock, a random source or the machine.

use std::sync::LazyLock;

use minijinja::{Environment, Error, State, UndefinedBehavior, Value};

use super::filters;

/// The filters.
pub(super) const FILTERS: &[&str] = &[
    "abs",
    "attr",
    "basename",
    "batch",
    "bool",
    "capitalize",
    "chain",
    "count",
    "dictsort",
    "dirname",
    "first",
    "float",
    "format",
    "groupby",
    "indent",
    "int",
    "items",
    "join",
    "last",
    "length",
    "lines",
    "list",
    "lower",
    "map",
    "max",
    "min",
    "pwsh",
    "reject",
    "rejectattr",
    "replace",
    "reverse",
    "round",
    "select",
    "selectattr",
    "sh",
    "slice",
    "sort",
    "split",
    "string",
    "sum",
    "title",
    "tojson",
    "trim",
    "unique",
    "upper",
    "zip",
];

/// Filters whose cost does not depend on how much they are given.
pub(super) const CHEAP_FILTERS: &[&str] = &["length", "count", "first", "last", "attr"];

/// The tests.
pub(super) const TESTS: &[&str] = &[
    "!=",
    "<",
    "<=",
    "==",
    ">",
    ">=",
    "boolean",
    "divisibleby",
    "endingwith",
    "eq",
    "equalto",
    "even",
    "false",
    "float",
    "ge",
    "greaterthan",
    "gt",
    "in",
    "int",
    "integer",
    "iterable",
    "le",
    "lessthan",
    "lower",
    "lt",
    "mapping",
    "ne",
    "none",
    "number",
    "odd",
    "sequence",
    "startingwith",
    "string",
    "true",
    "upper",
];

/// The functions.
pub(super) const FUNCTIONS: &[&str] = &["range"];

/// Why a filter that Jinja knows is not offered.
pub(super) fn why_no_filter(name: &str) -> Option<&'static str> {
    match name {
        "default" | "d" => Some(
            "a name that does not exist is an error, so a default cannot help; give the parameter a `default`",
        ),
        "safe" | "escape" | "e" => {
            Some("nothing is escaped; `sh` quotes for a shell, `tojson` for JSON")
        }
        "pprint" => Some("`tojson` writes a value out"),
        _ => None,
    }
}

/// Why a test that Jinja knows is not offered.
pub(super) fn why_no_test(name: &str) -> Option<&'static str> {
    match name {
        "defined" | "undefined" => Some(
            "a name that does not exist is an error; for a key of a map write `\"key\" in map`",
        ),
        _ => None,
    }
}

static ENVIRONMENT: LazyLock<Environment<'static>> = LazyLock::new(|| {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    for unwanted in ["default", "d", "safe", "escape", "e", "pprint"] {
        environment.remove_filter(unwanted);
    }
    for unwanted in ["defined", "undefined", "safe", "escaped", "filter", "test", "sameas"] {
        environment.remove_test(unwanted);
    }
    filters::add_to(&mut environment);
    environment
});

/// What filters and tests are called with.
pub(super) fn state() -> State<'static, 'static> {
    ENVIRONMENT.empty_state()
}

/// Calls a function.
pub(super) fn call(
    state: &mut State<'static, 'static>,
    name: &str,
    arguments: &[Value],
) -> Result<Value, Error> {
    let function = state.lookup(name).unwrap_or_default();
    function.call(state, arguments)
}
