//! The keys of what is done: commands, how they are judged, tried again and looked after.
//!
//! Does not know which of them a step, a probe or a setting has.

use super::{Key, Shape, Table};

/// The commands that can stand everywhere.
pub(super) const COMMANDS: &[&str] = &["run", "shell", "uses"];
/// What belongs to one kind of command only.
pub(super) const WITH: &[(&str, &str)] = &[("interpreter", "shell"), ("with", "uses")];

/// What is started.
pub(super) const COMMAND: &[Key] = &[
    Key::new(
        "run",
        Shape::List(&Shape::Template, 1),
        "A command and its arguments, without a shell: each item is one argument, whatever it holds. An item that is one whole template that gives a list becomes as many arguments; one that gives null is left out.",
    )
    .examples(&["[\"rsync\", \"-a\", \"{{ params.from }}\", \"{{ params.to }}\"]"]),
    Key::new(
        "shell",
        Shape::Template,
        "A script. Let values in through `env`; a template inside a script must end in `| sh`, which quotes it.",
    )
    .examples(&["\"tar -cf - \\\"$FOLDER\\\" | gzip > \\\"$ARCHIVE\\\"\""]),
    Key::new("interpreter", Shape::List(&Shape::Text, 1), "What reads the script of `shell`.")
        .default("[\"sh\", \"-eu\"]")
        .examples(&["[\"bash\", \"-euo\", \"pipefail\"]"]),
    Key::new("uses", Shape::Text, "An action of a driver: `DRIVER.ACTION`.").examples(&["\"mail.move\""]),
    Key::new("with", Shape::Named(&Shape::Any), "The inputs of the action that is used, by name.")
        .examples(&["{\"mailbox\": \"{{ mailbox }}\"}"]),
];

/// What surrounds a process.
pub(super) const AROUND: &[Key] = &[
    Key::new("env", Shape::Environment, "Variables that are added to the environment."),
    Key::new(
        "dir",
        Shape::Template,
        "The working directory; without it, the folder in which the runbook stands.",
    ),
    Key::new(
        "stdin",
        Shape::Template,
        "What the command reads on its standard input; nothing without it.",
    ),
    TIMEOUT,
    GRACE,
];

/// `timeout`.
pub(super) const TIMEOUT: Key = Key::new(
    "timeout",
    Shape::Duration,
    "After so long the processes of the job get TERM, and it has failed. Without it there is no limit; a probe has 60 seconds.",
)
.examples(&["\"30m\"", "\"2h30m\""]);

/// `grace`.
pub(super) const GRACE: Key =
    Key::new("grace", Shape::DurationOrZero, "How long after TERM the processes get KILL.")
        .default("\"10s\"")
        .examples(&["\"30s\""]);

/// `retry`.
pub(super) const AGAIN: &[Key] = &[Key::new(
    "retry",
    Shape::Map(&RETRY),
    "How often it is tried, and how long is waited in between. On a `once` step only with a `probe`.",
)];

/// What may happen if it is done again, and whether it has gone well.
pub(super) const JUDGED: &[Key] = &[
    Key::new(
        "effect",
        Shape::Word(&[READ, IDEMPOTENT, ONCE]),
        "What may happen if it is done again.",
    )
    .default("\"once\""),
    SUCCESS,
];

/// The same of what only looks.
pub(super) const LOOKING: &[Key] =
    &[Key::new("effect", Shape::Word(&[READ]), "It only looks.").default("\"read\""), SUCCESS];

/// The same of what changes a setting.
pub(super) const CHANGING: &[Key] = &[
    Key::new("effect", Shape::Word(&[READ, IDEMPOTENT]), "It may be done again after a crash.")
        .default("\"idempotent\""),
    SUCCESS,
];

const READ: (&str, &str) = ("read", "It changes nothing: it may be done again at any time.");
const IDEMPOTENT: (&str, &str) = ("idempotent", "Doing it again does no harm.");
const ONCE: (&str, &str) = (
    "once",
    "It must not happen twice: if it is not known whether it has, its probe is asked, else an operator decides.",
);

const SUCCESS: Key = Key::new(
    "success",
    Shape::Expression,
    "Whether it has gone well, by what it has printed and its exit code.",
)
.default("\"out.exit == 0\"")
.examples(&["\"out.exit in [0, 3]\"", "\"out.json.state == 'ok'\""]);

/// What is read from what was printed.
pub(super) const OUTPUTS: Key = Key::new(
    "outputs",
    Shape::Named(&AN_OUTPUT),
    "Values that later steps read as `steps.NAME.outputs.OUTPUT`, from `out.stdout`, `out.lines`, `out.json` or `out.exit`.",
)
.examples(&["{\"count\": {\"value\": \"{{ out.json.count }}\", \"type\": \"integer\"}}"]);

/// What only an action has, and no part of one.
pub(super) const FOLLOWED: &[Key] = &[
    Key::new(
        "verify",
        Shape::List(&A_CHECK, 0),
        "Actions that look whether it has had its effect. They must succeed before anything goes on.",
    ),
    Key::new(
        "probe",
        Shape::Map(&super::PROBE),
        "Looks in what state the world is. Asked before each start of a `once` action, and whenever it is not known what has happened.",
    ),
    Key::new(
        "repeat",
        Shape::Map(&REPEAT),
        "Does the action again until something has held often enough in a row.",
    ),
];

/// `retry`.
pub(crate) static RETRY: Table = Table {
    name: "retry",
    description: "How often it is tried, and how long is waited in between.",
    keys: &[&[
        Key::new("attempts", Shape::Whole(1), "How often it is started at most.")
            .required()
            .examples(&["3"]),
        Key::new("delay", Shape::DurationOrZero, "How long is waited before the second attempt.")
            .default("\"1s\""),
        Key::new("backoff", Shape::Factor, "By what each delay is longer than the one before.")
            .default("1"),
        Key::new("max_delay", Shape::DurationOrZero, "How long is waited at most.")
            .examples(&["\"5m\""]),
        Key::new(
            "on_exit",
            Shape::List(&Shape::ExitCode, 0),
            "Only these exit codes are tried again; without it, all that are bad.",
        )
        .examples(&["[75]"]),
    ]],
    ..Table::EMPTY
};

/// `repeat`.
pub(crate) static REPEAT: Table = Table {
    name: "repeat",
    description: "Does the action again until something holds.",
    keys: &[&[
        Key::new("until", Shape::Expression, "What must hold, by what the action has printed.")
            .required()
            .examples(&["\"out.json.found == 0\""]),
        Key::new("consecutive", Shape::Whole(1), "How often in a row it must hold.").default("1"),
        Key::new("every", Shape::DurationOrZero, "How long is waited in between.")
            .default("\"0s\""),
        Key::new(
            "max",
            Shape::Whole(1),
            "After so many times it has failed; without it there is no limit.",
        ),
    ]],
    ..Table::EMPTY
};

static A_CHECK: Shape = Shape::Map(&CHECK);

/// One of `verify`.
pub(crate) static CHECK: Table = Table {
    name: "check",
    description: "An action that looks whether an action has had its effect; it is `read`.",
    keys: &[COMMAND, AROUND, AGAIN, LOOKING],
    one_of: COMMANDS,
    with: WITH,
    ..Table::EMPTY
};

static AN_OUTPUT: Shape = Shape::Either(&[Shape::Map(&OUTPUT), Shape::NoMap]);

/// An output with a type.
pub(crate) static OUTPUT: Table = Table {
    name: "output",
    description: "An output, and what kind of value it must be.",
    keys: &[&[
        Key::new("value", Shape::Any, "The value; mostly a template.")
            .required()
            .examples(&["\"{{ out.json.count }}\""]),
        Key::new(
            "type",
            Shape::Word(&[
                ("string", "A text."),
                ("integer", "A whole number."),
                ("number", "A number."),
                ("boolean", "`true` or `false`."),
                ("array", "A list."),
                ("object", "A map."),
            ]),
            "What kind of value it must be; anything else is a failure.",
        ),
    ]],
    ..Table::EMPTY
};
