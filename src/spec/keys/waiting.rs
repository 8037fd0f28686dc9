//! The keys of steps that wait for people or for time, and of windows.
//!
//! Does not know how long anything takes.

use super::work::{AGAIN, AROUND, COMMAND, COMMANDS, WITH};
use super::{Key, Shape, Table};

/// What a step may be that starts no command of its own.
pub(super) const WAITING: &[Key] = &[
    MANUAL_KEY,
    Key::new("approve", Shape::Map(&APPROVE), "People decide whether the run goes on."),
    Key::new(
        "wait",
        Shape::Map(&WAIT),
        "Lets time pass, or asks until something has come. Neither takes a slot meanwhile.",
    ),
];

/// `manual`.
pub(super) const MANUAL_KEY: Key = Key::new(
    "manual",
    Shape::Map(&MANUAL),
    "A person does it, and says when it is done. What is told is its outputs; in a repair it is recorded, and nothing more.",
);

/// `manual`.
pub(crate) static MANUAL: Table = Table {
    name: "manual",
    description: "What a person does.",
    keys: &[&[
        Key::new("instructions", Shape::Template, "What to do.").required(),
        Key::new(
            "confirm",
            Shape::Truth,
            "On a terminal an explicit yes is wanted; it is where nothing is to be told.",
        ),
        Key::new(
            "fields",
            Shape::Named(&Shape::Declaration),
            "What the person tells, read as `steps.NAME.outputs.FIELD`.",
        )
        .examples(&["{\"count\": {\"type\": \"integer\"}}"]),
    ]],
    ..Table::EMPTY
};

/// `approve`.
pub(crate) static APPROVE: Table = Table {
    name: "approve",
    description: "A go or no-go.",
    keys: &[&[
        Key::new("message", Shape::Template, "What there is to decide about.").required(),
        Key::new(
            "by",
            Shape::List(&Shape::Template, 1),
            "The users who may answer; without it, anybody.",
        )
        .examples(&["[\"ada\", \"bob\"]"]),
        Key::new("min", Shape::Whole(1), "How many different people must say yes.").default("1"),
        Key::new("timeout", Shape::Duration, "After so long without an answer it has failed.")
            .examples(&["\"8h\""]),
    ]],
    ..Table::EMPTY
};

/// `wait`.
pub(crate) static WAIT: Table = Table {
    name: "wait",
    description: "For a time, or until an action finds that something has come.",
    keys: &[&[
        Key::new("for", Shape::Duration, "How long.").examples(&["\"10m\""]),
        Key::new("until", Shape::Map(&UNTIL), "What is asked again and again; it only looks."),
        Key::new(
            "met",
            Shape::Expression,
            "Whether it has come, by what was printed and the exit code.",
        )
        .default("\"out.exit == 0\""),
        Key::new("every", Shape::Duration, "How long is waited between two asks.")
            .default("\"10s\""),
        Key::new("timeout", Shape::Duration, "How long it is asked for; without it, for ever."),
        Key::new(
            "on_timeout",
            Shape::Word(&[
                ("fail", "The step has failed."),
                ("continue", "The step has succeeded all the same."),
            ]),
            "What it means that it has not come in time.",
        )
        .default("\"fail\""),
    ]],
    one_of: &["for", "until"],
    without: &[("for", ASKING)],
    ..Table::EMPTY
};

/// Keys of `wait` that only make sense where something is asked.
const ASKING: &[&str] = &["met", "every", "timeout", "on_timeout"];

/// `until` of `wait`.
pub(crate) static UNTIL: Table = Table {
    name: "until",
    description: "An action that looks whether something has come.",
    keys: &[
        COMMAND,
        AROUND,
        AGAIN,
        &[Key::new(
            "effect",
            Shape::Word(&[("read", "It changes nothing: it may be done again at any time.")]),
            "It only looks.",
        )
        .default("\"read\"")],
    ],
    one_of: COMMANDS,
    with: WITH,
    ..Table::EMPTY
};

/// `windows`.
pub(super) const WINDOWS: Key =
    Key::new("windows", Shape::Named(&A_WINDOW), "Times at which steps may begin, by name.");

static A_WINDOW: Shape = Shape::Map(&WINDOW);

/// One of `windows`.
pub(crate) static WINDOW: Table = Table {
    name: "window",
    description: "When something may begin.",
    keys: &[&[
        Key::new(
            "days",
            Shape::List(&DAY, 1),
            "The days on which it opens; without it, every day.",
        )
        .examples(&["[\"Sat\", \"Sun\"]"]),
        Key::new("from", Shape::Text, "When it opens.").required().examples(&["\"22:00\""]),
        Key::new("to", Shape::Text, "When it closes; if that is not later, on the next day.")
            .required()
            .examples(&["\"06:00\"", "\"24:00\""]),
        Key::new("tz", Shape::Text, "By whose clocks: the name of a time zone.")
            .required()
            .examples(&["\"Europe/Berlin\""]),
    ]],
    ..Table::EMPTY
};

static DAY: Shape = Shape::Word(&[
    ("Mon", "Monday."),
    ("Tue", "Tuesday."),
    ("Wed", "Wednesday."),
    ("Thu", "Thursday."),
    ("Fri", "Friday."),
    ("Sat", "Saturday."),
    ("Sun", "Sunday."),
]);

/// `window` of a step or group.
pub(super) const WINDOW_KEY: Key = Key::new(
    "window",
    Shape::Either(&WINDOW_SHAPES),
    "When it may begin: one of `windows`. Of a group: each item, before anything in it starts.",
)
.examples(&["\"nights\"", "{\"name\": \"nights\", \"expect\": \"4h\"}"]);

static WINDOW_SHAPES: [Shape; 2] = [Shape::Text, Shape::Map(&WINDOW_USE)];

/// A window with how much of it must be left.
pub(crate) static WINDOW_USE: Table = Table {
    name: "window_use",
    description: "A window with how much of it must be left.",
    keys: &[&[
        Key::new("name", Shape::Text, "Which of `windows`.").required(),
        Key::new(
            "expect",
            Shape::DurationOrZero,
            "How long it takes: it begins only if that much of the window is left. Without it, the `timeout`.",
        )
        .examples(&["\"4h\""]),
    ]],
    ..Table::EMPTY
};

/// Keys of an action that what a person does has not.
pub(super) const NOT_BY_HAND: &[&str] =
    &["stdin", "timeout", "grace", "retry", "success", "outputs", "probe", "repeat"];

/// Keys of an action that a step has not that only asks people.
pub(super) const NOT_ASKING: &[&str] = &[
    "stdin", "timeout", "grace", "retry", "effect", "success", "verify", "outputs", "probe",
    "repeat",
];

/// Keys of an action that stand under `until`, or nowhere, where a step waits.
pub(super) const NOT_WAITING: &[&str] =
    &["stdin", "timeout", "grace", "retry", "effect", "success", "probe", "repeat"];
