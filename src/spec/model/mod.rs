//! The runbook as written, after its text has been understood: parameters, drivers, steps.
//!
//! Does not know parameters' values, tasks or runs; every field remembers its place in the text.

mod action;
mod around;
mod probe;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use indexmap::IndexMap;
use serde_json::Value;

use super::template::{Expression, Template};
use crate::diag::Source;

pub use action::{
    Action, Approve, Assertion, Effect, Manual, Output, OutputType, Repeat, Retry, Wait, Work,
};
pub use around::{Change, LockName, Setting, Sharing, Window, WindowUse};
pub use probe::{Confirm, Meaning, Probe, ProbeState};

/// Where a value stands: a file of the runbook, and the number of the value in that file, counted in document order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Place {
    /// Index into [`Runbook::sources`].
    pub file: u32,
    /// Number of the value in document order.
    pub node: u32,
}

/// A value with its place.
#[derive(Debug, Clone, PartialEq)]
pub struct Located<T> {
    /// The value.
    pub value: T,
    /// Where it stands.
    pub at: Place,
}

/// A runbook with the drivers that it names.
#[derive(Debug)]
pub struct Runbook {
    /// The runbook's own text first, then each driver's.
    pub sources: Vec<Arc<Source>>,
    /// `name`.
    pub name: String,
    /// `title`, else the name.
    pub title: String,
    /// `description`.
    pub description: Option<String>,
    /// `params`, in file order.
    pub params: IndexMap<String, Param>,
    /// `vars`, in file order; a later one may use an earlier one.
    pub vars: IndexMap<String, Located<Dynamic>>,
    /// `drivers` as loaded.
    pub drivers: IndexMap<String, Arc<Driver>>,
    /// `env` of every job.
    pub env: IndexMap<String, Located<Template>>,
    /// `defaults`.
    pub defaults: Defaults,
    /// `locks`, claimed for the whole run.
    pub locks: Vec<Located<LockName>>,
    /// `windows`, in file order.
    pub windows: IndexMap<String, Window>,
    /// `settings` around the whole run, or around some of its steps.
    pub settings: Vec<Setting>,
    /// `allow`: rules that keep silent about what belongs to no step.
    pub allow: IndexMap<String, Allowed>,
    /// The steps in file order.
    pub steps: Vec<Step>,
}

/// One parameter: a JSON Schema, with its default taken out.
#[derive(Debug, Clone)]
pub struct Param {
    /// The schema as JSON, without the keys that are windlass's own.
    pub schema: Value,
    /// `default`, if given; a parameter without one is required.
    pub default: Option<Value>,
    /// `description`.
    pub description: Option<String>,
    /// The name's place.
    pub at: Place,
}

/// A file of named actions.
#[derive(Debug)]
pub struct Driver {
    /// The kind of driver that the file says it is (`driver:`), e.g. `mail`.
    pub name: String,
    /// `title`.
    pub title: Option<String>,
    /// Actions by name.
    pub actions: IndexMap<String, Arc<DriverAction>>,
    /// Names of actions that are there and could not be understood, which was told.
    pub broken: BTreeSet<String>,
    /// Index of its text in [`Runbook::sources`].
    pub file: u32,
    /// The place of its name.
    pub at: Place,
}

/// A named action of a driver.
#[derive(Debug)]
pub struct DriverAction {
    /// `title`.
    pub title: Option<String>,
    /// `description`.
    pub description: Option<String>,
    /// `kind`, the label that policies speak of.
    pub kind: Option<String>,
    /// Declared inputs, by name.
    pub inputs: IndexMap<String, Param>,
    /// What is done: never `uses`.
    pub work: Work,
    /// The action's place.
    pub at: Place,
}

/// Defaults for every step that does not say otherwise.
#[derive(Debug, Clone, Default)]
pub struct Defaults {
    /// `timeout`.
    pub timeout: Option<Duration>,
    /// `grace`.
    pub grace: Option<Duration>,
}

/// A step as written: one action, or a group of steps.
#[derive(Debug)]
pub struct Step {
    /// Its key in `steps`.
    pub name: String,
    /// The key's place.
    pub at: Place,
    /// `title`.
    pub title: Option<String>,
    /// `description`.
    pub description: Option<String>,
    /// `kind`.
    pub kind: Option<String>,
    /// `needs`: names of steps beside this one, and `NAME:restored` of settings beside it.
    pub needs: Vec<Located<String>>,
    /// `after`: names of steps beside this one.
    pub after: Vec<Located<String>>,
    /// `when`.
    pub when: Option<Located<Expression>>,
    /// `for_each`.
    pub for_each: Option<Box<ForEach>>,
    /// `env`, added to the runbook's and the enclosing groups'.
    pub env: IndexMap<String, Located<Template>>,
    /// `dir`; default the enclosing group's, else the runbook's folder.
    pub dir: Option<Located<Template>>,
    /// `timeout`.
    pub timeout: Option<Duration>,
    /// `grace` between TERM and KILL.
    pub grace: Option<Duration>,
    /// `on_failure`.
    pub on_failure: OnFailure,
    /// `window`: of an action, or of each item of a group.
    pub window: Option<WindowUse>,
    /// `locks`: of an action while it is unfinished; of a group per item.
    pub locks: Vec<Located<LockName>>,
    /// `settings` of a group, in force in each of its items.
    pub settings: Vec<Setting>,
    /// `allow`: rules by code that keep silent about this step, and about all that is inside.
    pub allow: IndexMap<String, Allowed>,
    /// One action, or steps.
    pub body: Body,
}

/// A rule of safety that an author has looked at, and silences.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Allowed {
    /// Why it does no harm here.
    pub reason: String,
    /// The code's place.
    pub at: Place,
}

/// What a step holds.
#[derive(Debug)]
pub enum Body {
    /// A group: steps inside, in file order.
    Group(Vec<Step>),
    /// One action.
    Action(Box<Work>),
}

/// What fans out, and how far.
#[derive(Debug)]
pub struct ForEach {
    /// `items`: an expression (or a whole template, or a literal list) that gives a list.
    pub items: Located<Dynamic>,
    /// `as`: the name under which an item is in scope.
    pub name: Located<String>,
    /// `key`: an expression over the item and `index`; default the item itself.
    pub key: Option<Located<Expression>>,
    /// `parallel`: how many items may be open at a time; default no limit but `--jobs`.
    pub parallel: Option<u32>,
    /// `max_failures`: how many bad items are borne before no new one starts.
    pub max_failures: u32,
    /// The place of `for_each`.
    pub at: Place,
}

/// `on_failure`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OnFailure {
    /// Nothing new starts in that item or run.
    #[default]
    Stop,
    /// Only what needs the failed step is blocked.
    Continue,
}

/// A JSON value whose texts may be templates. A text that is one whole template keeps the type of what it gives.
#[derive(Debug, Clone)]
pub enum Dynamic {
    /// Holds no template.
    Literal(Value),
    /// A text with templates.
    Template(Template),
    /// A list with templates in it.
    List(Vec<Dynamic>),
    /// A map with templates in it.
    Map(IndexMap<String, Dynamic>),
}
