//! What is promised to whoever runs a runbook, asked at every record, every start and every end.
//!
//! Looks at what has really happened, and at the facts in the state; asks the machine for no opinion.

use std::sync::Arc;

use super::world::{Cell, World};
use crate::core::job::Role;
use crate::core::record::{Judgement, Outcome, Record};
use crate::core::setting::SettingStanding;
use crate::core::state::{InstanceBody, InstanceId, Items, Knowledge, Phase, Proof, State};
use crate::plan::graph::{Meaning, Work};
use crate::spec::model::Effect;

/// A promise that was broken.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Breach {
    /// The task, the setting or the lock that it is about; empty for the run.
    pub(super) about: Arc<str>,
    /// In words.
    pub(super) what: String,
}

impl Breach {
    /// What it is about, and what is wrong.
    pub(super) fn in_words(&self) -> String {
        if self.about.is_empty() {
            self.what.clone()
        } else {
            format!("`{}`: {}", self.about, self.what)
        }
    }
}

fn breach(about: &Arc<str>, what: impl Into<String>) -> Breach {
    Breach { about: about.clone(), what: what.into() }
}

/// A record was written.
pub(super) fn of_record(state: &State, world: &World, record: &Record) -> Option<Breach> {
    match record {
        Record::Judged { task, judgement: Judgement::Done, .. }
            if world.cell(task) != Cell::Done =>
        {
            Some(breach(task, format!("its probe says `done`, {}", so(world.cell(task)))))
        }
        Record::TaskEnded { task, outcome: Outcome::Succeeded, .. } => {
            let id = state.find(task)?;
            let shape = state.graph().task(state.instance(id).node)?;
            let operator = state.task(id)?.knowledge == Knowledge::Done(Proof::Operator);
            let acts = shape.work == Work::Job && shape.effect != Effect::Read && !operator;
            let wrong = acts && world.cell(task) != Cell::Done;
            wrong.then(|| breach(task, format!("it counts as succeeded, {}", so(world.cell(task)))))
        }
        _ => None,
    }
}

/// What has become of an effect, in the second half of a sentence.
fn so(cell: Cell) -> &'static str {
    match cell {
        Cell::Absent => "and nothing of it has happened",
        Cell::In(_) | Cell::GoesOn(_) | Cell::Half => "and it has happened in part",
        Cell::Done => "and it has happened already",
    }
}

/// A job is started.
pub(super) fn of_start(state: &State, world: &World, id: InstanceId, role: Role) -> Vec<Breach> {
    let name = &state.instance(id).id;
    let mut breaches = Vec::new();
    match role {
        Role::Action => {
            let once = state.graph().task(state.instance(id).node);
            let once = once.is_some_and(|task| task.effect == Effect::Once);
            if once && world.cell(name) != Cell::Absent {
                let what = format!("it is `once` and is started, {}", so(world.cell(name)));
                breaches.push(breach(name, what));
            }
            breaches.extend(unmet(state, id));
            breaches.extend(not_in_force(state, world, id));
        }
        Role::Repair { state: number, action } => {
            let once = mend(state, id, number, action) == Some(Effect::Once);
            if once && world.has_broken_off(name, role) {
                let what =
                    "an action of its repair is `once` and is started again over what it has done";
                breaches.push(breach(name, what));
            }
        }
        Role::Restore => breaches.extend(over_a_doubt(state, id)),
        _ => {}
    }
    breaches
}

/// What may happen if an action of a repair is done again.
fn mend(state: &State, id: InstanceId, number: u32, action: u32) -> Option<Effect> {
    let probe = state.graph().task(state.instance(id).node)?.probe.as_ref()?;
    match &probe.states.get(number as usize)?.meaning {
        Meaning::Repair(actions) => actions.get(action as usize).map(|mend| mend.effect),
        _ => None,
    }
}

/// What a task, or a group around it, needs and has not ended well.
fn unmet(state: &State, id: InstanceId) -> Option<Breach> {
    let mut at = id;
    while at != InstanceId::ROOT {
        let node = state.node(at);
        let bad = node.needs.iter().map(|&slot| state.sibling(at, slot));
        if let Some(need) = bad.into_iter().find(|&need| !has_ended_well(state, need)) {
            let what = format!("it is started before {}", state.instance(need).id);
            return Some(breach(&state.instance(id).id, what));
        }
        at = state.scope(state.instance(at).scope).group;
    }
    None
}

/// By the ends of the tasks alone.
fn has_ended_well(state: &State, id: InstanceId) -> bool {
    let good = |outcome: Outcome| outcome != Outcome::Failed;
    match &state.instance(id).body {
        InstanceBody::Task(task) => matches!(task.phase, Phase::Ended(outcome) if good(outcome)),
        InstanceBody::Group(group) => match (group.ended, group.items) {
            (Some(outcome), _) => good(outcome),
            (None, Some(items)) => items
                .scopes()
                .all(|scope| state.children(scope).all(|child| has_ended_well(state, child))),
            (None, None) => false,
        },
        InstanceBody::Setting(setting) => {
            setting.skipped
                || state.parts_of(id).all(|(_, part)| {
                    matches!(
                        part.standing,
                        SettingStanding::Idle
                            | SettingStanding::Restored
                            | SettingStanding::WrittenOff
                    )
                })
        }
        InstanceBody::Part(part) => !part.standing.is_open(),
    }
}

/// A setting around a task that is not in force in the world.
fn not_in_force(state: &State, world: &World, id: InstanceId) -> Option<Breach> {
    for setting in state.settings_around(id) {
        let skipped = state.setting(setting).is_some_and(|known| known.skipped);
        for (part_id, part) in state.parts_of(setting) {
            let name = &state.instance(part_id).id;
            let ours = part.in_force.as_deref();
            // What somebody else does to it is seen when it is read again, and no sooner.
            let set = part.standing == SettingStanding::InForce
                && (world.value_of(name) == ours || world.is_meddled_with(name));
            if !skipped && part.standing != SettingStanding::WrittenOff && !set {
                let what = format!("it is started while `{name}` is not in force");
                return Some(breach(&state.instance(id).id, what));
            }
        }
    }
    None
}

/// What a setting surrounds must be at rest when it is put back.
fn over_a_doubt(state: &State, part: InstanceId) -> Option<Breach> {
    let setting = state.part(part)?.owner;
    let shape = state.graph().setting(state.instance(setting).node)?;
    let around = shape.around.iter().map(|&slot| state.sibling(setting, slot));
    let mut work: Vec<InstanceId> = around.collect();
    while let Some(id) = work.pop() {
        match &state.instance(id).body {
            InstanceBody::Task(task) => {
                // What may be done again is no doubt while nothing of it runs.
                let shape = state.graph().task(state.instance(id).node);
                let once = shape.is_some_and(|task| task.effect == Effect::Once);
                let ended = matches!(task.phase, Phase::Ended(_));
                let doubt = once && task.may_have_happened() && !ended;
                if doubt || matches!(task.phase, Phase::Running(_)) {
                    let what = format!("it is put back over {}", state.instance(id).id);
                    return Some(breach(&state.instance(part).id, what));
                }
            }
            InstanceBody::Group(group) => {
                let scopes = group.items.into_iter().flat_map(Items::scopes);
                work.extend(scopes.flat_map(|scope| state.children(scope)));
            }
            InstanceBody::Setting(_) | InstanceBody::Part(_) => {}
        }
    }
    None
}

/// The run is closed, or at rest: what is changed must be owed, and what is held must be held for something.
pub(super) fn of_rest(state: &State, world: &World) -> Vec<Breach> {
    let mut breaches = Vec::new();
    for thing in world.changed() {
        let answers = |(id, part): (InstanceId, &crate::core::setting::Part)| {
            (part.standing.is_open() || part.standing == SettingStanding::WrittenOff)
                && world.is_about(&state.instance(id).id, thing)
        };
        if !state.all_parts().any(answers) {
            breaches.push(breach(thing, "it is not what it was, and the run does not owe it"));
        }
    }
    if state.run().closed {
        for name in world.locks.names() {
            breaches.push(breach(name, "the run is closed and still holds this lock"));
        }
        for (id, part) in state.all_parts().filter(|(_, part)| part.standing.is_open()) {
            let what = format!("the run is closed while it is {}", part.standing);
            breaches.push(breach(&state.instance(id).id, what));
        }
    }
    for (_, instance, task) in state.tasks().filter(|(.., task)| task.phase == Phase::InDoubt) {
        if task.reason.as_deref().is_none_or(str::is_empty) {
            breaches.push(breach(&instance.id, "it is in doubt without a reason"));
        }
    }
    breaches
}
