//! What a step or a driver's action does, as written: how it is started, tried again, checked, and what it leaves.
//!
//! Does not know where it stands in the runbook.

use std::sync::Arc;
use std::time::Duration;

use indexmap::IndexMap;

use super::{DriverAction, Dynamic, Located, LockName, Param, Place, Probe};
use crate::spec::template::{Expression, Template};

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
    /// `env` of a driver's action or of a check; a step's own env stands in [`Step::env`](super::Step::env).
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
    /// `locks` that an action of a driver brings; a step's own stand in [`Step::locks`](super::Step::locks).
    pub locks: Vec<Located<LockName>>,
    /// `outputs`.
    pub outputs: IndexMap<String, Output>,
}

impl Work {
    /// What stands for an action that could not be understood: nothing that could be started.
    pub(in crate::spec) fn nothing() -> Work {
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
