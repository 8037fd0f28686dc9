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
    /// It is not known whether its effect has happened: the operator decides.
    InDoubt,
}

/// The rows of the table that hold for a job without a recorded end.
#[must_use]
pub fn recover(role: Role, effect: Effect, evidence: &Evidence) -> Next {
    match evidence {
        Evidence::Ended(_) | Evidence::NotSpawned(_) => Next::TakeOver,
        Evidence::Running => Next::Adopt,
        Evidence::NeverStarted => Next::Again,
        Evidence::Orphaned { .. } => Next::Wait,
        Evidence::Over => after_bad_end(role, effect),
    }
}

/// The rows of the table that hold for a job that ended badly, or whose end is lost.
#[must_use]
pub fn after_bad_end(role: Role, effect: Effect) -> Next {
    match (role, effect) {
        (Role::Verify(_), _) | (Role::Action, Effect::Read | Effect::Idempotent) => Next::Again,
        (Role::Action, Effect::Once) => Next::InDoubt,
    }
}
