//! The keys of a policy's file.
//!
//! Does not know which kinds runbooks use.

use super::runbook::VERSION;
use super::{Key, Shape, Table};

/// A kind, or several of which one will do.
const KINDS: Shape = Shape::Either(&[Shape::Text, Shape::List(&Shape::Text, 1)]);

/// A policy.
pub(crate) static POLICY: Table = Table {
    name: "policy",
    description: "A policy: what an organisation or a domain demands of runbooks.",
    keys: &[&[
        VERSION,
        Key::new("policy", Shape::Text, "The policy's name.")
            .required()
            .examples(&["\"mailbox-move\""]),
        Key::new("title", Shape::Text, "What people call it."),
        Key::new("description", Shape::Text, "What it is for."),
        Key::new("rules", Shape::Named(&Shape::Map(&RULE)), "The rules, by name.").required(),
    ]],
    ..Table::EMPTY
};

/// A rule of a policy.
pub(crate) static RULE: Table = Table {
    name: "rule",
    description: "One demand on every step of a kind.",
    keys: &[&[
        Key::new("title", Shape::Text, "What is said of a step that does not keep it.").required(),
        Key::new("source", Shape::Text, "Where it comes from.").required(),
        Key::new(
            "severity",
            Shape::Word(&[
                ("error", "A runbook that breaks it is not accepted."),
                ("warning", "It should be kept."),
                ("note", "It is good to know."),
            ]),
            "How much it matters.",
        )
        .default("\"error\""),
        Key::new(
            "kind",
            Shape::Text,
            "The steps that it is about: by their own kind, that of their driver's action, or their name.",
        )
        .required()
        .examples(&["\"move\""]),
        Key::new("preceded_by", KINDS, "A step of this kind must have ended well before."),
        Key::new("followed_by", KINDS, "A step of this kind must come after."),
        Key::new(
            "between",
            Shape::List(&Shape::Text, 2),
            "It must lie between steps of these two kinds.",
        )
        .examples(&["[\"freeze\", \"unfreeze\"]"]),
        Key::new("locked_by", Shape::Text, "A lock must be held whose name begins so.")
            .examples(&["\"mailbox:\""]),
        Key::new("under_setting", KINDS, "A setting of this kind must be in force around it."),
        Key::new(
            "has",
            Shape::Word(&[
                ("probe", "It says how to find out in which state the world is."),
                ("verify", "It is verified."),
                ("timeout", "It cannot hang for ever."),
            ]),
            "What the step must have.",
        ),
        Key::new("never", Shape::Truth, "There must be no such step."),
    ]],
    one_of: &["preceded_by", "followed_by", "between", "locked_by", "under_setting", "has", "never"],
    ..Table::EMPTY
};
