//! The keys of steps and groups, and what surrounds them: items, locks, dependencies.
//!
//! Does not know whether a name that is needed exists.

use super::waiting::{NOT_ASKING, NOT_BY_HAND, NOT_WAITING, WAITING, WINDOW_KEY};
use super::work::{AGAIN, AROUND, COMMAND, FOLLOWED, JUDGED, OUTPUTS};
use super::{Key, Shape, Table};

/// `allow`.
pub(super) const ALLOW: Key = Key::new(
    "allow",
    Shape::Reasons,
    "Rules of safety that are silenced here, each with the reason.",
)
.examples(&["{\"W0503\": \"the archive is made by hand beforehand\"}"]);

/// A step or a group.
pub(crate) static STEP: Table = Table {
    name: "step",
    description: "One action, or, with `steps`, a group of steps.",
    keys: &[
        &[
            Key::new("title", Shape::Text, "What people call it."),
            Key::new("description", Shape::Text, "What it does and why, for whoever has to decide about it at night."),
            KIND,
            Key::new(
                "needs",
                Shape::Set(&Shape::Text, 0),
                "Steps that must have succeeded, or been skipped by their own `when`, or waived. `NAME:restored` waits until a setting is put back.",
            )
            .examples(&["[\"backup\"]", "[\"schedule:restored\"]"]),
            Key::new(
                "after",
                Shape::Set(&Shape::Text, 0),
                "Steps that must have ended, whatever the outcome. Only for `read` and `idempotent` steps.",
            ),
            Key::new("when", Shape::Expression, "If this is false, it is skipped.").examples(&["\"params.compress\""]),
            Key::new("for_each", Shape::Map(&FOR_EACH), "Once per item."),
            Key::new("steps", Shape::NamedSome(&Shape::Map(&STEP)), "The steps inside of a group, by name."),
            Key::new(
                "settings",
                Shape::Named(&Shape::Map(&super::SETTING)),
                "Temporary changes that are in force around this group, per item.",
            ),
        ],
        COMMAND,
        WAITING,
        &[Key::new("assert", Shape::List(&Shape::Map(&ASSERTION), 0), "Conditions that must hold.")],
        AROUND,
        AGAIN,
        JUDGED,
        FOLLOWED,
        &[
            LOCKS,
            WINDOW_KEY,
            OUTPUTS,
            Key::new(
                "on_failure",
                Shape::Word(&[
                    ("stop", "After a failure or a doubt nothing new starts in that item, or in the run."),
                    ("continue", "Only what needs it is blocked."),
                ]),
                "What a failure means for the steps beside it.",
            )
            .default("\"stop\""),
            ALLOW,
        ],
    ],
    one_of: &["run", "shell", "uses", "assert", "manual", "approve", "wait", "steps"],
    with: &[("interpreter", "shell"), ("with", "uses"), ("settings", "steps")],
    without: &[
        ("steps", ACTION_ONLY),
        ("assert", JOB_ONLY),
        ("manual", NOT_BY_HAND),
        ("approve", NOT_ASKING),
        ("wait", NOT_WAITING),
    ],
    ..Table::EMPTY
};

/// Keys of an action, which a group has not.
const ACTION_ONLY: &[&str] = &[
    "interpreter",
    "with",
    "stdin",
    "retry",
    "effect",
    "success",
    "verify",
    "probe",
    "repeat",
    "outputs",
];

/// Keys of an action that an assertion has not, because nothing is started for it.
const JOB_ONLY: &[&str] = &["stdin", "retry", "success", "verify", "outputs", "probe", "repeat"];

/// `kind`.
pub(super) const KIND: Key = Key::new(
    "kind",
    Shape::Text,
    "A label that policies speak of. The action of a driver brings its own.",
)
.examples(&["\"backup\"", "\"check\"", "\"move\"", "\"verify\""]);

/// `locks`.
pub(super) const LOCKS: Key = Key::new(
    "locks",
    Shape::List(&A_LOCK, 0),
    "Names that no other run may hold meanwhile. They are held until the work under them is finished, also while windlass does not run.",
)
.examples(&["[\"mailbox:{{ mailbox }}\"]"]);

static A_LOCK: Shape = Shape::Either(&[Shape::Template, Shape::Map(&LOCK)]);

/// A lock with how it is shared.
pub(crate) static LOCK: Table = Table {
    name: "lock",
    description: "A lock that others may hold as well.",
    keys: &[&[
        Key::new("name", Shape::Template, "The name.")
            .required()
            .examples(&["\"server:{{ params.source }}\""]),
        Key::new(
            "shared",
            Shape::Truth,
            "Any number may hold it, as long as all of them share it.",
        )
        .default("false"),
        Key::new("slots", Shape::Whole(1), "So many may hold it at the same time."),
    ]],
    without: &[("shared", &["slots"])],
    ..Table::EMPTY
};

/// The keys that every `for_each` has.
pub(super) const FOR_EACH_KEYS: &[Key] = &[
    Key::new(
        "items",
        Shape::Either(&[Shape::Text, Shape::List(&Shape::Any, 0)]),
        "An expression that gives a list, without braces, or a list.",
    )
    .required()
    .examples(&["\"params.mailboxes\""]),
    Key::new("as", Shape::Name, "The name under which expressions inside read the item.").required().examples(&["\"mailbox\""]),
    Key::new(
        "key",
        Shape::Expression,
        "What tells one item from another in ids: unique, and stable. Without it, the item itself, which must be a text then.",
    )
    .examples(&["\"mailbox.name\"", "\"'wave_' ~ (index + 1)\""]),
];

/// `for_each` of a step.
pub(crate) static FOR_EACH: Table = Table {
    name: "for_each",
    description: "Once per item.",
    keys: &[
        FOR_EACH_KEYS,
        &[
            Key::new(
                "parallel",
                Shape::Whole(1),
                "How many items are worked on at the same time; without it, as many as there are.",
            ),
            Key::new(
                "max_failures",
                Shape::Whole(0),
                "After more failed items than this no other is begun.",
            )
            .default("0"),
        ],
    ],
    ..Table::EMPTY
};

/// One of `assert`.
pub(crate) static ASSERTION: Table = Table {
    name: "assertion",
    description: "A condition that must hold.",
    keys: &[&[
        Key::new("that", Shape::Expression, "What must hold.")
            .required()
            .examples(&["\"steps.measure.outputs.free_bytes >= 1000000\""]),
        Key::new("message", Shape::Template, "What is said if it does not."),
    ]],
    ..Table::EMPTY
};
