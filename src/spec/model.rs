//! The runbook as written, after its text has been understood: parameters, drivers, steps.
//!
//! Does not know parameters' values, tasks or runs; every field remembers its place in the text.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use indexmap::IndexMap;
use jiff::civil::{Time, Weekday};
use jiff::tz::TimeZone;
use serde_json::Value;

use super::template::{Expression, Template};
use crate::diag::Source;

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
    pub for_each: Option<ForEach>,
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

/// What may happen if a job is done again.
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
#[serde(rename_all = "lowercase")]
pub enum Effect {
    /// Nothing is changed.
    Read,
    /// The same once more.
    Idempotent,
    /// Harm: it must not happen twice.
    #[default]
    Once,
}

/// An action with all that surrounds it: how it is tried, judged and checked.
#[derive(Debug)]
pub struct Work {
    /// What is done.
    pub action: Action,
    /// `env` of a driver's action or of a check; a step's own env stands in [`Step::env`].
    pub env: IndexMap<String, Located<Template>>,
    /// `dir` of a driver's action or of a check.
    pub dir: Option<Located<Template>>,
    /// `stdin`.
    pub stdin: Option<Located<Template>>,
    /// `timeout` of a driver's action or of a check.
    pub timeout: Option<Duration>,
    /// `grace` of a driver's action or of a check.
    pub grace: Option<Duration>,
    /// `retry`.
    pub retry: Option<Located<Retry>>,
    /// `effect`, where it is said.
    pub effect: Option<Effect>,
    /// `success`; default `out.exit == 0`.
    pub success: Option<Located<Expression>>,
    /// `verify`: actions that must succeed afterwards; each is `read`.
    pub verify: Vec<Located<Work>>,
    /// `probe`: how the state of the world is read.
    pub probe: Option<Located<Box<Probe>>>,
    /// `repeat`: the action is done again until something holds.
    pub repeat: Option<Located<Repeat>>,
    /// `wait: {until: ..}`: the action is asked until its `success`, which is written `met`, holds.
    pub wait: Option<Wait>,
    /// `locks` that an action of a driver brings; a step's own stand in [`Step::locks`].
    pub locks: Vec<Located<LockName>>,
    /// `outputs`.
    pub outputs: IndexMap<String, Output>,
}

impl Work {
    /// What stands for an action that could not be understood: nothing that could be started.
    pub(super) fn nothing() -> Work {
        Work {
            action: Action::Run(Vec::new()),
            env: IndexMap::new(),
            dir: None,
            stdin: None,
            timeout: None,
            grace: None,
            retry: None,
            effect: None,
            success: None,
            verify: Vec::new(),
            probe: None,
            repeat: None,
            wait: None,
            locks: Vec::new(),
            outputs: IndexMap::new(),
        }
    }

    /// The driver's action that it uses, if it uses one.
    #[must_use]
    pub fn target(&self) -> Option<&Arc<DriverAction>> {
        match &self.action {
            Action::Uses { target, .. } => target.as_ref(),
            Action::Run(_)
            | Action::Shell { .. }
            | Action::Assert(_)
            | Action::Manual(_)
            | Action::Approve(_)
            | Action::Pause(_) => None,
        }
    }
}

/// `probe`: an action that reads in which state the world is, and what each state means.
#[derive(Debug)]
pub struct Probe {
    /// The action, which is `read`; its `outputs`, where it has any, are the task's when the state is [`Meaning::Done`].
    pub work: Work,
    /// `confirm`: how often `absent` must be seen before it is believed.
    pub confirm: Option<Confirm>,
    /// `found: refuse`: a state `done` before the first start is a doubt instead of an end.
    pub refuse_found: bool,
    /// `states` in file order; the first that holds is the state of the world.
    pub states: IndexMap<String, ProbeState>,
}

/// `confirm`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Confirm {
    /// How often in a row; at least 1.
    pub times: u32,
    /// Time between two looks.
    pub every: Duration,
}

/// One state of a probe.
#[derive(Debug)]
pub struct ProbeState {
    /// `when`: whether the world is in it, over `out`.
    pub when: Located<Expression>,
    /// What it means.
    pub meaning: Meaning,
    /// The name's place.
    pub at: Place,
}

/// What a state of a probe means.
#[derive(Debug)]
pub enum Meaning {
    /// The effect has happened: the state `done`.
    Done,
    /// Nothing of it has happened: the state `absent`.
    Absent,
    /// `wait`: it is still going on, and is asked after again.
    Wait {
        /// Time between two looks.
        every: Duration,
        /// After so long it is a doubt; no limit if absent.
        timeout: Option<Duration>,
    },
    /// `repair`: these actions, one after the other, then the probe again.
    Repair(Vec<Located<Work>>),
    /// `stop`: a doubt, with the author's message.
    Stop(Located<Template>),
}

/// `repeat`.
#[derive(Debug)]
pub struct Repeat {
    /// `until`: an expression over `out`.
    pub until: Located<Expression>,
    /// How often in a row it must hold; at least 1.
    pub consecutive: u32,
    /// Time between two runs of the action.
    pub every: Duration,
    /// After so many runs in one execution the step has failed; no limit if absent.
    pub max: Option<u32>,
}

/// `wait: {until: ACTION, ..}`, but for the action and for `met`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wait {
    /// Time between the end of one ask and the next one.
    pub every: Duration,
    /// After so long, counted from the first ask, it is over; no limit if absent.
    pub timeout: Option<Duration>,
    /// `on_timeout: continue`: the step has then succeeded all the same.
    pub goes_on: bool,
}

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
    pub for_each: Option<ForEach>,
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

/// What a step does.
#[derive(Debug)]
pub enum Action {
    /// `run`: argv without a shell.
    Run(Vec<Located<Template>>),
    /// `shell`: a script and its interpreter.
    Shell {
        /// The script.
        script: Located<Template>,
        /// The argv that the script is appended to as `-c SCRIPT` (default `sh -eu`).
        interpreter: Vec<String>,
    },
    /// `uses`: an action of a driver, and its inputs.
    Uses {
        /// `mail.move` as written.
        name: Located<String>,
        /// The action, if it was found.
        target: Option<Arc<DriverAction>>,
        /// `with`.
        with: IndexMap<String, Located<Dynamic>>,
    },
    /// `assert`.
    Assert(Vec<Assertion>),
    /// `wait: {for: ..}`: nothing but time passes.
    Pause(Duration),
    /// `manual`: the operator does it.
    Manual(Box<Manual>),
    /// `approve`: people decide whether the run goes on.
    Approve(Box<Approve>),
}

/// `manual`.
#[derive(Debug)]
pub struct Manual {
    /// `instructions`; may hold templates.
    pub instructions: Located<Template>,
    /// `confirm`: on a terminal an explicit yes is wanted; default where there are no fields.
    pub confirm: bool,
    /// `fields`: what the operator tells. Each is an output of the step as well.
    pub fields: IndexMap<String, Param>,
}

/// `approve`.
#[derive(Debug)]
pub struct Approve {
    /// `message`; may hold templates.
    pub message: Located<Template>,
    /// `by`: users who may answer; may hold templates. Anybody if it is empty.
    pub by: Vec<Located<Template>>,
    /// `min`: how many different people must say yes.
    pub min: u32,
    /// `timeout`: after so long without an answer it has failed.
    pub timeout: Option<Duration>,
}

/// One condition of an `assert`.
#[derive(Debug)]
pub struct Assertion {
    /// `that`.
    pub that: Located<Expression>,
    /// `message`; may hold templates.
    pub message: Option<Located<Template>>,
}

/// `retry`.
#[derive(Debug, Clone, PartialEq)]
pub struct Retry {
    /// How often it is tried at the most, the first time included.
    pub attempts: u32,
    /// Time before the second attempt.
    pub delay: Duration,
    /// Each delay is this many times the one before; at least 1.
    pub backoff: f64,
    /// No delay is longer.
    pub max_delay: Option<Duration>,
    /// Only these exit codes are tried again; empty: every bad end.
    pub on_exit: Vec<i32>,
}

/// One output of a step.
#[derive(Debug)]
pub struct Output {
    /// How it is read from `out`; null where it is what the operator tells.
    pub value: Located<Dynamic>,
    /// JSON Schema `type` it must have, if said.
    pub kind: Option<OutputType>,
    /// The name's place.
    pub at: Place,
}

/// `type` of an output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OutputType {
    /// Text.
    String,
    /// A whole number; digits in a text are taken.
    Integer,
    /// A number; digits in a text are taken.
    Number,
    /// `true` or `false`, also as text.
    Boolean,
    /// A list.
    Array,
    /// A map.
    Object,
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
