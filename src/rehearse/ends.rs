//! What a job may leave behind that does not come to a good end, and what that is called.
//!
//! Knows the states that a probe declares, and nothing of what happens in them.

use super::world::{Cell, Leaves, World};
use crate::core::job::{JobId, Role};
use crate::plan::graph::{Meaning, Task};
use crate::spec::model;

/// What a job may leave behind that does not come to a good end, each with what a repair of that comes to. None if that is all
/// the same.
pub(super) fn bad(
    task: Option<&Task>,
    role: Role,
    world: &World,
    job: &JobId,
) -> Vec<(Leaves, Option<Cell>)> {
    let done = Some(Cell::Done);
    match (role, task) {
        (Role::Action, Some(task)) if task.effect == model::Effect::Once => {
            let mut ends = vec![(Leaves::Nothing, done), (Leaves::Everything, done)];
            match task.probe.as_ref().filter(|_| task.asks()) {
                Some(_) => {
                    let parts = found(task).into_iter().filter(|(cell, _)| *cell != Cell::Done);
                    ends.extend(parts.map(|(cell, becomes)| (Leaves::Part(cell), becomes)));
                }
                None => ends.push((Leaves::Part(Cell::Half), done)),
            }
            ends
        }
        (Role::Set | Role::Restore, _) => vec![(Leaves::Nothing, done), (Leaves::Everything, done)],
        (Role::Repair { .. }, _) => {
            let whole = world.jobs.get(job).is_some_and(|job| job.whole);
            let everything = whole.then_some((Leaves::Everything, done));
            std::iter::once((Leaves::Nothing, done)).chain(everything).collect()
        }
        _ => Vec::new(),
    }
}

/// The states of the world, beside `absent`, that the probe of a task may find, each with what a repair or a wait comes to.
pub(super) fn found(task: &Task) -> Vec<(Cell, Option<Cell>)> {
    let (done, absent) = (Some(Cell::Done), Some(Cell::Absent));
    let mut found = vec![(Cell::Done, done), (Cell::Half, done)];
    let states = task.probe.iter().flat_map(|probe| &probe.states);
    for (state, index) in states.zip(0..) {
        match &state.meaning {
            Meaning::Done | Meaning::Absent => {}
            Meaning::Stop => found.push((Cell::In(index), done)),
            Meaning::Repair(_) => found.extend([(Cell::In(index), done), (Cell::In(index), None)]),
            Meaning::Wait { timeout, .. } => {
                let cell = Cell::GoesOn(index);
                found.extend([(cell, done), (cell, absent)]);
                found.extend(timeout.map(|_| (cell, None)));
            }
        }
    }
    found
}

/// Whether something is done about what is left, so that more can go wrong.
pub(super) fn goes_on(task: Option<&Task>, leaves: Leaves) -> bool {
    matches!(leaves, Leaves::Part(Cell::GoesOn(_))) || has_repair(task, leaves)
}

fn has_repair(task: Option<&Task>, leaves: Leaves) -> bool {
    let (Some(task), Leaves::Part(Cell::In(index))) = (task, leaves) else { return false };
    let state = task.probe.as_ref().and_then(|probe| probe.states.get(index as usize));
    state.is_some_and(|state| matches!(state.meaning, Meaning::Repair(_)))
}

/// What is left of an effect, in words.
pub(super) fn left(task: Option<&Task>, leaves: Leaves, becomes: Option<Cell>) -> String {
    let probe = task.and_then(|task| task.probe.as_ref());
    let words = match leaves {
        Leaves::Nothing => "nothing of it has happened".to_owned(),
        Leaves::Everything | Leaves::Part(Cell::Done) => "its effect has happened".to_owned(),
        Leaves::Part(Cell::In(index) | Cell::GoesOn(index)) => {
            let name = probe.and_then(|probe| probe.states.get(index as usize));
            format!("the world is `{}`", name.map_or("?", |state| state.name.as_ref()))
        }
        Leaves::Part(_) if probe.is_some() => {
            "the world is in a state that its probe does not name".to_owned()
        }
        Leaves::Part(_) => "it has happened in part".to_owned(),
    };
    match (leaves, becomes) {
        (Leaves::Part(Cell::In(_)), None) if has_repair(task, leaves) => {
            format!("{words}, and its repair does not help")
        }
        (Leaves::Part(Cell::GoesOn(_)), None) => format!("{words}, and stays so"),
        (Leaves::Part(Cell::GoesOn(_)), Some(Cell::Absent)) => {
            format!("{words}, and comes to nothing")
        }
        _ => words,
    }
}
