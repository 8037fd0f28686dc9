//! What a value looks like, as far as a schema can tell.
//!
//! Does not know expressions and templates from the inside: for an editor they are texts.

use super::Table;

/// What stands under a key.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Shape {
    /// A text that is taken as it is.
    Text,
    /// A text that may hold templates; a whole number is taken for its digits.
    Template,
    /// An expression, without braces.
    Expression,
    /// A name of the language.
    Name,
    /// The name of a runbook.
    RunbookName,
    /// The version of the language.
    Version,
    /// `1h30m`.
    Duration,
    /// `1h30m`, or no time at all.
    DurationOrZero,
    /// A whole number, from that one on.
    Whole(u32),
    /// An exit code of a command that has failed.
    ExitCode,
    /// The factor of growing delays.
    Factor,
    /// `true` or `false`.
    Truth,
    /// Anything, with templates in its texts.
    Any,
    /// The same, but no map.
    NoMap,
    /// One of these words, each with what it means.
    Word(&'static [(&'static str, &'static str)]),
    /// A list, of that many items at least.
    List(&'static Shape, u32),
    /// A list in which nothing stands twice.
    Set(&'static Shape, u32),
    /// Names of the author's choice.
    Named(&'static Shape),
    /// The same, one at least.
    NamedSome(&'static Shape),
    /// Variables of the environment.
    Environment,
    /// Codes of rules, each with a reason.
    Reasons,
    /// One of these.
    Either(&'static [Shape]),
    /// A map with these keys.
    Map(&'static Table),
    /// A parameter's or input's declaration in JSON Schema.
    Declaration,
}
