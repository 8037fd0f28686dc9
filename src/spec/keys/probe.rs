//! The keys of probes: the action that looks, the states of the world, and what each of them means.
//!
//! Does not know what a probe is asked for.

use super::waiting::{MANUAL_KEY, NOT_BY_HAND};
use super::work::{AGAIN, AROUND, COMMAND, COMMANDS, JUDGED, LOOKING, OUTPUTS, WITH};
use super::{Key, Shape, Table};

/// `found`, of a probe or a setting.
pub(super) const FOUND: Shape = Shape::Word(&[
    ("accept", "It is taken for done."),
    ("refuse", "It is a doubt, and an operator decides."),
]);

/// A probe.
pub(crate) static PROBE: Table = Table {
    name: "probe",
    description: "An action that looks in what state the world is, and what follows from each state.",
    keys: &[
        COMMAND,
        AROUND,
        LOOKING,
        &[
            OUTPUTS,
            Key::new("confirm", Shape::Map(&CONFIRM), "How often `absent` must be seen before it is believed."),
            Key::new("found", FOUND, "What to make of `done` where the action was never started.").default("\"accept\""),
            Key::new(
                "states",
                Shape::Map(&STATES),
                "The states of the world, by name; the first that holds counts. If none does, it is a doubt, and never `absent`.",
            )
            .required(),
        ],
    ],
    one_of: COMMANDS,
    with: WITH,
    ..Table::EMPTY
};

/// `confirm`.
pub(crate) static CONFIRM: Table = Table {
    name: "confirm",
    description: "How often `absent` must be seen before it is believed.",
    keys: &[&[
        Key::new("times", Shape::Whole(1), "How often in a row.").required().examples(&["2"]),
        Key::new("every", Shape::DurationOrZero, "How long is waited in between.")
            .required()
            .examples(&["\"30s\""]),
    ]],
    ..Table::EMPTY
};

/// `states`.
static STATES: Table = Table {
    name: "states",
    description: "The states of the world. `done` and `absent` must be among them; all others have a name of your choice.",
    keys: &[&[
        Key::new(
            "done",
            PLAIN,
            "How the world looks when the effect has happened: it is not started, but verified.",
        )
        .required(),
        Key::new(
            "absent",
            PLAIN,
            "How the world looks when nothing of the effect has happened: it is started.",
        )
        .required(),
    ]],
    named: Some(Shape::Map(&STATE)),
    ..Table::EMPTY
};

const PLAIN: Shape = Shape::Either(&[Shape::Expression, Shape::Map(&PLAIN_STATE)]);

const WHEN: Key = Key::new(
    "when",
    Shape::Expression,
    "When the world is in this state, by what the probe has printed.",
)
.required()
.examples(&["\"out.json.home == inputs.to\""]);

/// `done` or `absent`, written as a map.
pub(crate) static PLAIN_STATE: Table = Table {
    name: "plain_state",
    description: "A state that means what its name says.",
    keys: &[&[WHEN]],
    ..Table::EMPTY
};

/// A state of the author's own.
pub(crate) static STATE: Table = Table {
    name: "state",
    description: "A state, and what follows from it.",
    keys: &[&[
        WHEN,
        Key::new(
            "wait",
            Shape::Map(&STATE_WAIT),
            "It is still going on: the probe is asked again.",
        ),
        Key::new(
            "repair",
            Shape::List(&Shape::Map(&REPAIR), 1),
            "Actions that are done one after the other; then the probe is asked again.",
        ),
        Key::new("stop", Shape::Template, "It is a doubt, and this is what the operator is told."),
    ]],
    one_of: &["wait", "repair", "stop"],
    ..Table::EMPTY
};

/// `wait` of a state.
pub(crate) static STATE_WAIT: Table = Table {
    name: "state_wait",
    description: "How often the probe is asked again, and for how long.",
    keys: &[&[
        Key::new("every", Shape::Duration, "How long is waited in between.")
            .required()
            .examples(&["\"10s\""]),
        Key::new(
            "timeout",
            Shape::Duration,
            "After so long it is a doubt; without it there is no limit.",
        )
        .examples(&["\"1h\""]),
    ]],
    ..Table::EMPTY
};

/// One of `repair`.
pub(crate) static REPAIR: Table = Table {
    name: "repair",
    description: "An action of a repair; it is `once` unless it says otherwise.",
    keys: &[COMMAND, &[MANUAL_KEY], AROUND, AGAIN, JUDGED],
    one_of: &["run", "shell", "uses", "manual"],
    with: WITH,
    without: &[("manual", NOT_BY_HAND)],
    ..Table::EMPTY
};
