//! The keys of temporary settings.
//!
//! Does not know what a setting surrounds.

use super::probe::FOUND;
use super::step::{FOR_EACH_KEYS, LOCKS};
use super::work::{AGAIN, AROUND, CHANGING, COMMAND, COMMANDS, LOOKING, OUTPUTS, WITH};
use super::{Key, Shape, Table};

/// A setting.
pub(crate) static SETTING: Table = Table {
    name: "setting",
    description: "A temporary change. The old value is on disk before it is made, and a run does not succeed until it is put back.",
    keys: &[&[
        Key::new("title", Shape::Text, "What people call it."),
        Key::new("description", Shape::Text, "What it is for, and who must know of it."),
        Key::new("get", Shape::Map(&SETTING_GET), "Prints the present value; it is `read`. The value is its output `value` if it declares one, else what it prints.")
            .required(),
        Key::new("set", Shape::Map(&SETTING_SET), "Sets `value`, both ways: to the temporary value and back to the old one."),
        Key::new("change", Shape::Map(&SETTING_SET), "Sets the temporary value, where one command cannot serve both ways."),
        Key::new("restore", Shape::Map(&SETTING_SET), "Puts the old `value` back, where one command cannot serve both ways."),
        Key::new("to", Shape::Any, "The temporary value.").required().examples(&["\"never\"", "false"]),
        Key::new(
            "around",
            Shape::Set(&Shape::Text, 1),
            "The steps around which it is in force; without it, everything beside it.",
        )
        .examples(&["[\"move\"]"]),
        Key::new("needs", Shape::Set(&Shape::Text, 0), "Steps that must have succeeded before it is made."),
        Key::new("when", Shape::Expression, "If this is false, nothing is changed."),
        Key::new("for_each", Shape::Map(&SETTING_FOR_EACH), "One change for each item; they are in force together."),
        Key::new("on_failure", Shape::Word(&[("hold", "It stays in force until an operator has settled what failed.")]), "Without it, it is put back after a failure."),
        Key::new("found", FOUND, "What to make of it if the temporary value is there already.").default("\"refuse\""),
        LOCKS,
    ]],
    one_of: &["set", "change"],
    with: &[("change", "restore"), ("restore", "change")],
    ..Table::EMPTY
};

/// `get`.
pub(crate) static SETTING_GET: Table = Table {
    name: "setting_get",
    description: "An action that reads the present value.",
    keys: &[COMMAND, AROUND, AGAIN, LOOKING, &[OUTPUTS]],
    one_of: COMMANDS,
    with: WITH,
    ..Table::EMPTY
};

/// `set`, `change` and `restore`.
pub(crate) static SETTING_SET: Table = Table {
    name: "setting_set",
    description: "An action that sets a value. It is done again after a crash, so it must not be `once`.",
    keys: &[COMMAND, AROUND, AGAIN, CHANGING],
    one_of: COMMANDS,
    with: WITH,
    ..Table::EMPTY
};

/// `for_each` of a setting.
pub(crate) static SETTING_FOR_EACH: Table = Table {
    name: "setting_for_each",
    description: "One change for each item.",
    keys: &[FOR_EACH_KEYS],
    ..Table::EMPTY
};
