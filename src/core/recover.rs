//! What follows for a job that was started, by what is known of it: the decision table of a resume.
//!
//! One pure function; ARCHITECTURE.md has the same table for people.

use super::job::{End, Role};
use crate::spec::model::Effect;

/// What is known of a job that the journal says was started and that has no recorded end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Evidence {
    /// Its end is known: its keeper has it, or left it behind.
    Ended(End),
    /// Its keeper lives and has it running.
    Running,
    /// No keeper ever got it, though the journal says that it was about to be started: nothing of it has run.
    NeverStarted,
    /// Its keeper says that it could not be started.
    NotSpawned(String),
    /// Its keeper is gone, and a process of it lives.
    Orphaned {
        /// Process id.
        pid: u32,
        /// Its command line.
        command: String,
    },
    /// Nothing of it is left, nor its end.
    Over,
}

/// What follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// Its end is taken over and judged like any other.
    TakeOver,
    /// It goes on; its end will come.
    Adopt,
    /// Nothing starts in its place; it is asked after again, and the operator may decide.
    Wait,
    /// It is run again.
    Again,
    /// The task's probe is asked, and what follows is said by the state that it finds.
    Ask,
    /// It is not known whether its effect has happened: the operator decides.
    InDoubt,
}

/// The rows of the table that hold for a job without a recorded end.
#[must_use]
pub fn recover(role: Role, effect: Effect, asks: bool, evidence: &Evidence) -> Next {
    match evidence {
        Evidence::Ended(_) | Evidence::NotSpawned(_) => Next::TakeOver,
        Evidence::Running => Next::Adopt,
        Evidence::NeverStarted => Next::Again,
        Evidence::Orphaned { .. } => Next::Wait,
        Evidence::Over => after_lost_end(role, effect, asks),
    }
}

/// The rows of the table that hold for a job whose end is lost, or was bad without anybody having drawn the conclusion.
/// `effect` is the action's, `asks` tells whether the task has a probe that is asked.
#[must_use]
pub fn after_lost_end(role: Role, effect: Effect, asks: bool) -> Next {
    match (role, effect) {
        (Role::Verify(_) | Role::Probe | Role::Get, _)
        | (Role::Action, Effect::Read | Effect::Idempotent) => Next::Again,
        // Whatever the value is by now, it is taken for ours: setting it once more settles it.
        (Role::Set | Role::Restore, _) => Next::Again,
        // A repair is never continued: the probe says what has become of it.
        (Role::Repair { .. }, _) => Next::Ask,
        (Role::Action, Effect::Once) if asks => Next::Ask,
        (Role::Action, Effect::Once) => Next::InDoubt,
    }
}
