//! When two moments of a run are alike: everything that decides what happens next is the same.
//!
//! A run that has become like the undisturbed one needs no more looking at: it ends as that one does.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};

use super::world::{Cell, World};
use crate::core::record::Outcome;
use crate::core::setting::{Activity, Part, SettingStanding, Way};
use crate::core::state::{InstanceBody, Knowledge, Phase, State, TaskState};

/// The moments of a run.
#[derive(Debug, Default)]
pub(super) struct Moments {
    all: HashSet<u64>,
    /// What is seen of them at a glance, so that most that are not alike cost nothing.
    glances: HashSet<u64>,
}

impl Moments {
    pub(super) fn add(&mut self, state: &State, world: &World) {
        self.glances.insert(glance(state, world));
        self.all.insert(likeness(state, world));
    }

    /// Whether one of them is like this.
    pub(super) fn have(&self, state: &State, world: &World) -> bool {
        self.glances.contains(&glance(state, world)) && self.all.contains(&likeness(state, world))
    }
}

/// What runs, what is held, and whether the run goes on.
fn glance(state: &State, world: &World) -> u64 {
    let mut hasher = DefaultHasher::new();
    for job in &world.running {
        (&job.task, world.jobs.get(job).map(|job| job.course)).hash(&mut hasher);
    }
    (state.run().stopped.map(|why| why as u8), state.run().closed).hash(&mut hasher);
    state.claims().held().count().hash(&mut hasher);
    hasher.finish()
}

/// A number that is the same for moments that are alike.
///
/// Left out is what only tells how a task has come to where it stands: numbers of jobs, times, who has decided.
fn likeness(state: &State, world: &World) -> u64 {
    let mut sum: u64 = 0;
    for instance in state.instances() {
        let mut hasher = DefaultHasher::new();
        let counts = match &instance.body {
            InstanceBody::Task(task) => task_counts(task, world.cell(&instance.id), &mut hasher),
            InstanceBody::Group(group) => {
                let count = group.items.map(|items| items.count);
                (count, group.ended).hash(&mut hasher);
                count.is_some() || group.ended.is_some()
            }
            InstanceBody::Setting(setting) => {
                (setting.skipped, setting.failed.is_some()).hash(&mut hasher);
                setting.parts.is_some()
            }
            InstanceBody::Part(part) => part_counts(part, &mut hasher),
        };
        if counts {
            instance.id.hash(&mut hasher);
            sum = sum.wrapping_add(hasher.finish());
        }
    }
    let mut hasher = DefaultHasher::new();
    for (thing, value) in world.things() {
        (thing, value.to_string()).hash(&mut hasher);
    }
    for (holder, claim) in state.claims().held() {
        (holder, claim.whole, claim.locks.len()).hash(&mut hasher);
    }
    glance(state, world).hash(&mut hasher);
    sum.wrapping_add(hasher.finish())
}

/// Adds what is known of a task; says whether there is anything.
fn task_counts(task: &TaskState, cell: Cell, into: &mut DefaultHasher) -> bool {
    match task.phase {
        Phase::Ended(Outcome::Succeeded | Outcome::Skipped) => {
            (1_u8, task.outputs.is_some()).hash(into);
            return true;
        }
        Phase::Waiting if task.knowledge == Knowledge::NotBegun && task.jobs == 0 => return false,
        Phase::Waiting => 2_u8.hash(into),
        Phase::Running(job) => (3_u8, job.role).hash(into),
        Phase::Judging(role) => (4_u8, role).hash(into),
        Phase::Pausing(role, _) => (5_u8, role).hash(into),
        Phase::Sleeping(_) => 11_u8.hash(into),
        Phase::Awaiting => {
            let by_hand = task.inquiry.repair.as_ref().and_then(|repair| repair.by_hand);
            (12_u8, task.agreed.len(), by_hand).hash(into);
        }
        Phase::Asking => 6_u8.hash(into),
        Phase::Repairing(state, action) => {
            let by_hand =
                task.inquiry.repair.as_ref().is_some_and(|repair| repair.by_hand.is_some());
            (7_u8, state, action, by_hand).hash(into);
        }
        Phase::Verifying(number) => (8_u8, number).hash(into),
        Phase::InDoubt => 9_u8.hash(into),
        Phase::Ended(outcome) => (10_u8, outcome).hash(into),
    }
    let knowledge = match task.knowledge {
        Knowledge::NotBegun => 0_u8,
        Knowledge::Maybe(_) => 1,
        Knowledge::Done(_) => 2,
    };
    let inquiry = &task.inquiry;
    let repair = inquiry.repair.as_ref().map(|repair| (&repair.state, repair.finished));
    (knowledge, task.given_up, task.attempts > 1, task.outputs.is_some(), cell).hash(into);
    (inquiry.cleared, inquiry.absents, inquiry.repairs, repair, inquiry.is_spoilt()).hash(into);
    (task.rounds, task.streak, task.orphan.is_some()).hash(into);
    true
}

fn part_counts(part: &Part, into: &mut DefaultHasher) -> bool {
    if part.standing == SettingStanding::Restored {
        99_u8.hash(into);
        return true;
    }
    part.standing.name().hash(into);
    match part.activity {
        Activity::Resting => 0_u8.hash(into),
        Activity::Running(way, job) => (1_u8, way == Way::Set, job.role).hash(into),
        Activity::Read(_) => 2_u8.hash(into),
        Activity::Judging(_, role) => (3_u8, role).hash(into),
        Activity::Pausing(..) => 4_u8.hash(into),
    }
    part.old.as_ref().map(ToString::to_string).hash(into);
    part.in_force.as_ref().map(ToString::to_string).hash(into);
    (part.failed.is_some(), part.changed, part.found.is_some()).hash(into);
    true
}
