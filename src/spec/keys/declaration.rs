//! Declarations of parameters and inputs: the keywords of JSON Schema that authors use most.
//!
//! Does not know the keywords that are seldom used; `spec::schema` has the list of all.

use super::{Key, Shape, Table};

const TYPES: Shape = Shape::Word(&[
    ("string", "A text."),
    ("integer", "A whole number."),
    ("number", "A number."),
    ("boolean", "`true` or `false`."),
    ("array", "A list."),
    ("object", "A map."),
    ("null", "Nothing."),
]);

/// One parameter or input.
pub(crate) static PARAMETER: Table = Table {
    name: "parameter",
    description: "A parameter or input, declared by keywords of JSON Schema (draft 2020-12).",
    keys: &[&[
        Key::new(
            "type",
            Shape::Either(&[TYPES, Shape::Set(&TYPES, 1)]),
            "What kind of value it is.",
        )
        .examples(&["\"string\"", "\"array\""]),
        Key::new("description", Shape::Text, "What it is, for whoever has to give it."),
        Key::new(
            "default",
            Shape::Any,
            "The value that is taken if none is given. Without it, a value must be given.",
        ),
        Key::new("enum", Shape::List(&Shape::Any, 0), "The values that are allowed."),
        Key::new(
            "items",
            Shape::Either(&[Shape::Truth, Shape::Declaration]),
            "What each item of a list must be, in the same keywords.",
        )
        .examples(&["{\"type\": \"string\"}"]),
        Key::new("minItems", Shape::Whole(0), "How many items a list has at least."),
        Key::new("maxItems", Shape::Whole(0), "How many items a list has at most."),
        Key::new("uniqueItems", Shape::Truth, "Whether no item of a list may stand there twice."),
        Key::new("minimum", Shape::Any, "The least number that is allowed."),
        Key::new("maximum", Shape::Any, "The greatest number that is allowed."),
        Key::new("minLength", Shape::Whole(0), "How many characters a text has at least."),
        Key::new("maxLength", Shape::Whole(0), "How many characters a text has at most."),
        Key::new(
            "pattern",
            Shape::Text,
            "A regular expression that must match somewhere in a text.",
        )
        .examples(&["\"^[a-z0-9.-]+$\""]),
        Key::new("format", Shape::Text, "A form that a text must have.").examples(&[
            "\"email\"",
            "\"hostname\"",
            "\"date-time\"",
        ]),
        Key::new("properties", Shape::Any, "What stands under the keys of a map."),
        Key::new("required", Shape::Set(&Shape::Text, 0), "The keys that a map must have."),
    ]],
    ..Table::EMPTY
};
