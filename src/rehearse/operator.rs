//! The operator of a rehearsal: reads the status, looks at the world, and types what the status says.
//!
//! Never lies, and never decides what the status does not ask for.

use std::sync::Arc;

use serde_json::Value;

use super::answers::Answers;
use super::life::somebody;
use super::made_up;
use super::promises::Breach;
use super::world::{Cell, World};
use crate::core::machine::may_resolve;
use crate::core::record::{Decision, Record};
use crate::core::setting::SettingStanding;
use crate::core::standing::TaskStanding;
use crate::core::state::State;
use crate::report::setting::SettingRow;
use crate::report::status::{Status, TaskRow};

/// Stands for the id of a run that does not exist.
pub(super) const RUN: &str = "RUN";

/// How many doubts are named one by one in what to do next.
const NAMED_MAX: usize = 5;

/// What the operator had to do about one thing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Deed {
    /// The task or setting.
    pub(super) about: Arc<str>,
    /// How the status says that it stands.
    pub(super) sees: String,
    /// What is put right by hand before, if anything is.
    pub(super) by_hand: bool,
    /// What is typed; nothing where `resume` is all.
    pub(super) decision: Option<Decision>,
}

/// What follows from one look at the status.
#[derive(Debug, Default)]
pub(super) struct Answered {
    pub(super) deeds: Vec<Deed>,
    pub(super) records: Vec<Record>,
    pub(super) breaches: Vec<Breach>,
}

/// Looks at a run that is at rest, puts right by hand what must be, and decides what it asks for.
pub(super) fn answer(answers: &Answers, state: &State, world: &mut World) -> Answered {
    let status = Status::new(RUN, answers.expressions().plan(), state, None);
    let mut answered = Answered::default();
    let doubts = || status.standing(TaskStanding::InDoubt);
    let few = doubts().count() <= NAMED_MAX;
    for row in doubts() {
        let named = status.next.iter().any(|command| command.contains(&row.id));
        if few && !named {
            answered.breaches.push(Breach {
                about: row.id.as_str().into(),
                what: "it is in doubt, and the status does not say what to do about it".to_owned(),
            });
        }
        of_doubt(answers, state, world, row, &mut answered);
    }
    for row in status.settings.iter().filter(|row| row.debt && row.is_for_people()) {
        of_setting(state, world, row, &mut answered);
    }
    if status.next.is_empty() {
        let what = "it is at rest, and the status does not say what to do next".to_owned();
        answered.breaches.push(Breach { about: "".into(), what });
    }
    for row in status.standing(TaskStanding::Failed) {
        answered.deeds.push(Deed {
            about: row.id.as_str().into(),
            sees: format!("failed: {}", row.reason.as_deref().unwrap_or("without a reason")),
            by_hand: false,
            decision: None,
        });
    }
    answered
}

fn of_doubt(
    answers: &Answers,
    state: &State,
    world: &mut World,
    row: &TaskRow,
    into: &mut Answered,
) {
    let task: Arc<str> = row.id.as_str().into();
    let cell = world.cell(&task);
    let partly = !matches!(cell, Cell::Absent | Cell::Done);
    if partly {
        world.set_cell(&task, Cell::Done);
    }
    // Whoever has put it right lets the probe see that.
    let decision = match cell {
        Cell::Absent => Some(Decision::Absent),
        _ if partly && row.probe => None,
        _ => Some(Decision::Done),
    };
    if let Some(decision) = decision {
        let outputs = (decision == Decision::Done && !row.outputs.is_empty())
            .then(|| given(answers, state, &task))
            .flatten();
        resolve(state, world, &task, decision, outputs, into);
    }
    into.deeds.push(Deed {
        about: task,
        sees: format!("in doubt: {}", row.reason.as_deref().unwrap_or("without a reason")),
        by_hand: partly,
        decision,
    });
}

fn given(answers: &Answers, state: &State, task: &str) -> Option<Arc<Value>> {
    let id = state.find(task)?;
    let step = answers.expressions().plan().step(state.instance(id).node);
    Some(made_up::outputs(&state.node(id).name, step.work.as_deref()?, 1).into())
}

fn of_setting(state: &State, world: &mut World, row: &SettingRow, into: &mut Answered) {
    let decision = match row.state {
        SettingStanding::Idle if row.found.is_some() => Some(Decision::Done),
        // Whoever has changed it had a reason.
        SettingStanding::Drifted => Some(Decision::Done),
        _ => None,
    };
    let setting: Arc<str> = row.id.as_str().into();
    if let Some(decision) = decision {
        resolve(state, world, &setting, decision, None, into);
    }
    let sees = format!("owed: {}", row.words());
    into.deeds.push(Deed { about: setting, sees, by_hand: false, decision });
}

fn resolve(
    state: &State,
    world: &World,
    task: &Arc<str>,
    decision: Decision,
    outputs: Option<Arc<Value>>,
    into: &mut Answered,
) {
    if let Err(refusal) = may_resolve(state, task, decision) {
        let what = format!("what the status asks for is refused: {refusal}");
        into.breaches.push(Breach { about: task.clone(), what });
        return;
    }
    into.records.push(Record::Resolved {
        task: task.clone(),
        decision,
        because: "somebody has looked".to_owned(),
        by: somebody(world),
        outputs,
    });
}
