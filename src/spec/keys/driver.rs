//! The keys of a driver's file.
//!
//! Does not know who uses its actions.

use super::runbook::VERSION;
use super::step::{KIND, LOCKS};
use super::waiting::{MANUAL_KEY, NOT_BY_HAND};
use super::work::{AGAIN, AROUND, COMMAND, FOLLOWED, JUDGED, OUTPUTS, WITH};
use super::{Key, Shape, Table};

/// A driver.
pub(crate) static DRIVER: Table = Table {
    name: "driver",
    description: "A driver: named actions that runbooks use as `DRIVER.ACTION`.",
    keys: &[&[
        VERSION,
        Key::new("driver", Shape::Name, "The driver's name.").required().examples(&["\"mail\""]),
        Key::new("title", Shape::Text, "What people call it."),
        Key::new("description", Shape::Text, "What it works on, and what it needs for that."),
        Key::new("actions", Shape::Named(&Shape::Map(&ACTION)), "What it can do, by name.")
            .required(),
    ]],
    ..Table::EMPTY
};

/// An action of a driver.
pub(crate) static ACTION: Table = Table {
    name: "action",
    description: "An action with declared inputs.",
    keys: &[
        &[
            Key::new(
                "title",
                Shape::Text,
                "What people call it; shown for a step that has no title.",
            ),
            Key::new("description", Shape::Text, "What it does and why."),
            KIND,
            Key::new(
                "inputs",
                Shape::Named(&Shape::Declaration),
                "What it is given under `with`; read as `inputs.NAME`.",
            ),
        ],
        COMMAND,
        &[MANUAL_KEY],
        AROUND,
        AGAIN,
        JUDGED,
        FOLLOWED,
        &[LOCKS, OUTPUTS],
    ],
    one_of: &["run", "shell", "uses", "manual"],
    with: WITH,
    without: &[("manual", NOT_BY_HAND)],
    ..Table::EMPTY
};
