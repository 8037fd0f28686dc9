//! Every piece of work in a runbook or driver: actions of steps, and the smaller ones around them.
//!
//! Does not know what is wrong with any of them.

use super::shape::Shape;
use crate::spec::model::{Body, Change, Driver, Effect, Meaning, Step, Work};

use super::deed;

/// A piece of work with what it is for.
pub(crate) struct Piece<'r> {
    /// The step that it belongs to; nothing for a driver's, or a setting of the whole run.
    pub(crate) step: Option<usize>,
    pub(crate) work: &'r Work,
    pub(crate) role: Role,
    /// What it may do: what its role says, else what it says itself.
    pub(crate) effect: Effect,
    /// Whether something around it bounds its time.
    pub(crate) is_bounded: bool,
}

/// What a piece of work is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    Action,
    Probe,
    Repair,
    Verify,
    Get,
    Set,
}

impl Role {
    /// In words, with an article.
    pub(crate) fn in_words(self) -> &'static str {
        match self {
            Role::Action => "the action",
            Role::Probe => "the probe",
            Role::Repair => "a repair",
            Role::Verify => "a verification",
            Role::Get => "`get`",
            Role::Set => "`set`",
        }
    }
}

pub(crate) fn of_runbook<'r>(shape: &Shape<'r>) -> Vec<Piece<'r>> {
    let mut pieces = Vec::new();
    let defaults = shape.runbook.is_some_and(|runbook| runbook.defaults.timeout.is_some());
    for (number, node) in shape.nodes.iter().enumerate() {
        let Body::Action(work) = &node.step.body else { continue };
        let timed = |step: &Step| step.timeout.is_some();
        let bounded = defaults || shape.chain(number).any(|at| timed(shape.nodes[at].step));
        add(&mut pieces, Some(number), work, bounded);
    }
    for level in &shape.levels {
        for setting in level.settings {
            let mut push = |work, role| {
                let effect = if role == Role::Get { Effect::Read } else { Effect::Idempotent };
                let is_bounded = defaults || work_is_bounded(work);
                pieces.push(Piece { step: level.owner, work, role, effect, is_bounded });
            };
            push(&setting.get, Role::Get);
            match &setting.change {
                Change::Set(work) => push(work, Role::Set),
                Change::Pair { change, restore } => {
                    push(change, Role::Set);
                    push(restore, Role::Set);
                }
            }
        }
    }
    pieces
}

pub(crate) fn of_driver(driver: &Driver) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    for action in driver.actions.values() {
        add(&mut pieces, None, &action.work, false);
    }
    pieces
}

fn add<'r>(pieces: &mut Vec<Piece<'r>>, step: Option<usize>, work: &'r Work, bounded: bool) {
    let effect = deed::effect(work);
    let is_bounded = bounded || work_is_bounded(work);
    pieces.push(Piece { step, work, role: Role::Action, effect, is_bounded });
    let mut inner = |work, role, effect, is_bounded| {
        pieces.push(Piece { step, work, role, effect, is_bounded });
    };
    for check in &work.verify {
        inner(&check.value, Role::Verify, Effect::Read, bounded || work_is_bounded(&check.value));
    }
    if let Some(probe) = &work.probe {
        // A probe has a timeout of its own where none is said.
        inner(&probe.value.work, Role::Probe, Effect::Read, true);
        for state in probe.value.states.values() {
            let Meaning::Repair(actions) = &state.meaning else { continue };
            for action in actions {
                let (work, effect) = (&action.value, deed::effect(&action.value));
                inner(work, Role::Repair, effect, bounded || work_is_bounded(work));
            }
        }
    }
}

fn work_is_bounded(work: &Work) -> bool {
    work.timeout.is_some() || work.target().is_some_and(|action| action.work.timeout.is_some())
}
