//! What the machine asks of expressions and templates.
//!
//! Whoever answers is pure: the same state gives the same answer, so that a run can be replayed and rehearsed.

use serde_json::Value;

use super::claim::{Holder, Lock};
use super::job::{Command, Role};
use super::question::Question;
use super::record::Item;
use super::state::{InstanceId, State};

/// What a job has left behind that expressions may read as `out`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Out {
    /// Exit code; none if a signal ended it.
    pub exit: Option<i32>,
    /// Standard output, where an expression reads it; or why it cannot be read.
    pub stdout: Option<Result<String, String>>,
}

/// Answers of expressions and templates; every error is a sentence for the operator.
pub trait Evaluate {
    /// `when` of a step or group.
    ///
    /// # Errors
    /// If it cannot be evaluated, or gives no boolean.
    fn when(&self, state: &State, instance: InstanceId) -> Result<bool, String>;

    /// The items of a group that fans out, with keys that are all different.
    ///
    /// # Errors
    /// If they cannot be evaluated, or a key is missing, malformed or double.
    fn items(&self, state: &State, instance: InstanceId) -> Result<Vec<Item>, String>;

    /// The locks of a task, of an item, of what is inside a group, or of the run.
    ///
    /// # Errors
    /// If a name cannot be rendered.
    fn locks(&self, state: &State, holder: Holder) -> Result<Vec<Lock>, String>;

    /// An `assert`: the message of the first condition that does not hold.
    ///
    /// # Errors
    /// If a condition cannot be evaluated.
    fn assert(&self, state: &State, instance: InstanceId) -> Result<Option<String>, String>;

    /// What people are asked by a task; without the time after which it is too late.
    ///
    /// # Errors
    /// If a text of it cannot be rendered.
    fn question(&self, state: &State, instance: InstanceId) -> Result<Question, String>;

    /// The command of a job.
    ///
    /// # Errors
    /// If a template of it cannot be rendered.
    fn command(&self, state: &State, instance: InstanceId, role: Role) -> Result<Command, String>;

    /// `success` of a job.
    ///
    /// # Errors
    /// If it cannot be evaluated, or gives no boolean.
    fn success(
        &self,
        state: &State,
        instance: InstanceId,
        role: Role,
        out: &Out,
    ) -> Result<bool, String>;

    /// The outputs of a task whose effect has happened, read from what its action, or its probe, has left behind.
    ///
    /// # Errors
    /// If one cannot be evaluated or has the wrong type.
    fn outputs(
        &self,
        state: &State,
        instance: InstanceId,
        role: Role,
        out: &Out,
    ) -> Result<Value, String>;

    /// Number of the first state of a task's probe that holds, if any does.
    ///
    /// # Errors
    /// If a state before it cannot be evaluated, or gives no boolean.
    fn probed(&self, state: &State, instance: InstanceId, out: &Out)
    -> Result<Option<u32>, String>;

    /// The author's message of a state that says `stop`.
    ///
    /// # Errors
    /// If it cannot be rendered.
    fn stop_message(
        &self,
        state: &State,
        instance: InstanceId,
        index: u32,
        out: &Out,
    ) -> Result<String, String>;

    /// `until` of a task that is repeated.
    ///
    /// # Errors
    /// If it cannot be evaluated, or gives no boolean.
    fn until(&self, state: &State, instance: InstanceId, out: &Out) -> Result<bool, String>;

    /// `to` of a setting's part: its temporary value.
    ///
    /// # Errors
    /// If it cannot be evaluated.
    fn setting_to(&self, state: &State, part: InstanceId) -> Result<Value, String>;

    /// The value that `get` of a setting's part has read.
    ///
    /// # Errors
    /// If it cannot be read from what the job has left behind.
    fn setting_value(&self, state: &State, part: InstanceId, out: &Out) -> Result<Value, String>;

    /// The command that puts a setting's part back to `old`.
    ///
    /// # Errors
    /// If a template of it cannot be rendered.
    fn restore_command(
        &self,
        state: &State,
        part: InstanceId,
        old: &Value,
    ) -> Result<Command, String>;

    /// Whether any expression reads what a job printed.
    fn reads_stdout(&self, state: &State, instance: InstanceId, role: Role) -> bool;
}
