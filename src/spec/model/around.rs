//! What stands around steps, as written: windows, locks and settings.
//!
//! Does not know who holds a lock, nor what a setting's value is.

use std::time::Duration;

use jiff::civil::{Time, Weekday};
use jiff::tz::TimeZone;

use super::{Dynamic, ForEach, Located, Place, Work};
use crate::spec::template::{Expression, Template};

/// When something may begin.
#[derive(Debug, Clone)]
pub struct Window {
    /// `days` on which it opens.
    pub days: Vec<Weekday>,
    /// `from`: when it opens, by the clocks of `tz`.
    pub from: Time,
    /// `to`: when it closes; if that is not later, on the next day.
    pub to: Time,
    /// `tz`.
    pub tz: TimeZone,
    /// The name's place.
    pub at: Place,
}

/// `window` of a step or group.
#[derive(Debug)]
pub struct WindowUse {
    /// Its name under `windows`.
    pub name: Located<String>,
    /// `expect`: how long it takes; default `timeout`.
    pub expect: Option<Located<Duration>>,
}

/// A lock as a runbook names it.
#[derive(Debug)]
pub struct LockName {
    /// Its name; may hold templates.
    pub name: Located<Template>,
    /// Who may hold it beside us.
    pub sharing: Sharing,
}

/// Who may hold a lock at the same time.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Default,
    serde::Serialize,
    serde::Deserialize,
    schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Sharing {
    /// Nobody else.
    #[default]
    Exclusive,
    /// Everybody who shares it as well.
    Shared,
    /// So many holders.
    Slots(u32),
}

/// A temporary change: what it was is read and kept, and put back afterwards.
#[derive(Debug)]
pub struct Setting {
    /// Its key in `settings`.
    pub name: String,
    /// The key's place.
    pub at: Place,
    /// `title`.
    pub title: Option<String>,
    /// `description`.
    pub description: Option<String>,
    /// `get`, which is `read`: its output `value` if it declares one, else what it prints without the line's end.
    pub get: Work,
    /// How it is changed and put back; `idempotent`.
    pub change: Change,
    /// `to`: the temporary value.
    pub to: Located<Dynamic>,
    /// `around`: names of steps beside it; empty: everything beside it.
    pub around: Vec<Located<String>>,
    /// `needs`: names of steps beside it that must have succeeded before it is opened.
    pub needs: Vec<Located<String>>,
    /// `when`.
    pub when: Option<Located<Expression>>,
    /// `for_each`: one setting for each item; without limits.
    pub for_each: Option<Box<ForEach>>,
    /// `on_failure: hold`.
    pub hold: bool,
    /// `found: accept`: the temporary value may be in force already.
    pub accept_found: bool,
    /// `locks` in place of the one that is named after `get`.
    pub locks: Vec<Located<LockName>>,
}

/// How a setting is changed.
#[derive(Debug)]
pub enum Change {
    /// `set`, for both ways; `value` is what it shall be.
    Set(Box<Work>),
    /// `change` and `restore`; `value` is what it shall be.
    Pair {
        /// `change`.
        change: Box<Work>,
        /// `restore`.
        restore: Box<Work>,
    },
}
