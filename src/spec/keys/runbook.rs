//! The keys of a runbook's file.
//!
//! Does not know what is inside of steps and settings.

use super::step::{ALLOW, LOCKS};
use super::waiting::WINDOWS;
use super::work::{GRACE, TIMEOUT};
use super::{Key, Shape, Table};

/// `windlass`.
pub(super) const VERSION: Key =
    Key::new("windlass", Shape::Version, "The version of the language.")
        .required()
        .examples(&["1"]);

/// A runbook.
pub(crate) static RUNBOOK: Table = Table {
    name: "runbook",
    description: "A runbook: parameters, temporary settings, and a graph of steps.",
    keys: &[&[
        VERSION,
        Key::new("name", Shape::RunbookName, "The runbook's name: small letters, digits and `-`.")
            .required()
            .examples(&["\"move-mailboxes\""]),
        Key::new("title", Shape::Text, "What people call it; without it, the name."),
        Key::new("description", Shape::Text, "What it is for, and what must be true before it is run."),
        Key::new("params", Shape::Named(&Shape::Declaration), "What has to be given for a run, as `-p NAME=VALUE`; read as `params.NAME`."),
        Key::new("vars", Shape::Named(&Shape::Any), "Values that are computed once, at the start; read as `vars.NAME`."),
        Key::new("drivers", Shape::Named(&Shape::Text), "Files of named actions, relative to the runbook. `--driver NAME=FILE` chooses another.")
            .examples(&["{\"mail\": \"drivers/maillab.yaml\"}"]),
        Key::new("env", Shape::Environment, "Variables that are added to the environment of every job."),
        Key::new("defaults", Shape::Map(&DEFAULTS), "Times for every step that does not say otherwise."),
        LOCKS,
        WINDOWS,
        Key::new("settings", Shape::Named(&Shape::Map(&super::SETTING)), "Temporary changes, by name."),
        ALLOW,
        Key::new("steps", Shape::NamedSome(&Shape::Map(&super::STEP)), "What is done, by name. The order is that of `needs` and `after`, not that of the file.")
            .required(),
    ]],
    ..Table::EMPTY
};

/// `defaults`.
pub(crate) static DEFAULTS: Table = Table {
    name: "defaults",
    description: "Times for every step that does not say otherwise.",
    keys: &[&[TIMEOUT, GRACE]],
    ..Table::EMPTY
};
