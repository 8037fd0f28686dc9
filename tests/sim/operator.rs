//! What people decide: by what has really happened, or at random.
//!
//! Decides nothing that the product would refuse silently; whether it may be decided is asked of the product.

use std::sync::Arc;

use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use windlass::core::claim::Holder;
use windlass::core::machine::Order;
use windlass::core::record::{Decision, GivenOutputs, Outcome, Record};
use windlass::core::setting::SettingStanding;
use windlass::core::state::{Instance, InstanceId, Knowledge, Phase, State, TaskState};

use crate::run::somebody;
use crate::world::{Cell, World};

/// A decision about a task, a group or an item.
pub(crate) struct Decided {
    pub(crate) task: Arc<str>,
    pub(crate) decision: Decision,
}

impl Decided {
    pub(crate) fn record(self) -> Record {
        Record::Resolved {
            task: self.task,
            decision: self.decision,
            because: "somebody has looked".to_owned(),
            by: somebody(),
            outputs: None,
        }
    }
}

/// The task of which a record says that nothing has happened.
pub(crate) fn says_absent(record: &Record) -> Option<&Arc<str>> {
    match record {
        Record::Resolved { task, decision: Decision::Absent, .. } => Some(task),
        _ => None,
    }
}

/// Decides every doubt truthfully, and takes back what was given up.
///
/// Who is `desperate` also waives what waits for a lock that something of the run holds that cannot go on before, and what is
/// inside of settings that wait for each other and are held whatever fails.
pub(crate) fn settle_all(state: &State, world: &World, now: i64, desperate: bool) -> Vec<Decided> {
    let needs_somebody =
        |task: &TaskState| task.phase == Phase::InDoubt || (is_failed(task) && task.given_up);
    let debts = state
        .all_parts()
        .filter(|(_, part)| part.was_found() || part.standing == SettingStanding::Drifted);
    let debts = debts.map(|(id, part)| {
        let task = state.instance(id).id.clone();
        let odd = part.openings % 2 == 1 && !part.was_found();
        let decision = match odd {
            // Whoever is asked the same again and again goes on without the setting.
            _ if part.openings > 5 => Decision::Waived,
            true => Decision::Absent,
            false => Decision::Done,
        };
        Decided { task, decision }
    });
    // Locks that the runbook asks for in a way that can never be granted: somebody must change it, or leave that out.
    let waits = |id: InstanceId| {
        let denied = |holder| state.claims().denied(holder).is_some_and(|by| by.run == "simulated");
        let settings = state.settings_around(id).into_iter();
        let parts = settings.flat_map(|setting| state.parts_of(setting));
        let parts = parts.map(|(part, _)| Holder::Task(part));
        let refused = |id| {
            let reason = state.part(id).and_then(|part| part.reason.as_deref());
            reason.is_some_and(|reason| reason.contains("wait for each other"))
        };
        desperate
            && state.holders_around(id).into_iter().chain(parts).any(|holder| {
                denied(holder) || matches!(holder, Holder::Task(part) if refused(part))
            })
    };
    let hopeless = |id: InstanceId, task: &TaskState| {
        let reason = task.reason.as_deref().unwrap_or_default();
        task.phase == Phase::Waiting && waits(id)
            || is_failed(task)
                && (reason.contains("can never have") || reason.contains("wait for each other"))
    };
    state
        .tasks()
        .filter(|(id, _, task)| needs_somebody(task) || hopeless(*id, task))
        .map(|(id, instance, task)| match hopeless(id, task) {
            true => Decided { task: instance.id.clone(), decision: Decision::Waived },
            false => truth(state, instance, task, world, now),
        })
        .chain(debts)
        .collect()
}

/// Decides some doubts and failures, mostly truthfully, and waives something now and then.
pub(crate) fn decide_some(
    state: &State,
    world: &World,
    now: i64,
    rng: &mut ChaCha8Rng,
) -> Vec<Decided> {
    let mut decided = Vec::new();
    for (_, instance, task) in state.tasks() {
        let chance = match task.phase {
            Phase::InDoubt => 0.6,
            Phase::Ended(Outcome::Waived) => 0.25,
            _ => 0.1,
        };
        let can_be_decided = task.phase == Phase::InDoubt
            || matches!(task.phase, Phase::Ended(Outcome::Failed | Outcome::Waived));
        if can_be_decided && rng.random_bool(chance) {
            decided.push(if rng.random_bool(0.7) {
                truth(state, instance, task, world, now)
            } else {
                Decided { task: instance.id.clone(), decision: any_decision(rng) }
            });
        }
    }
    for (id, part) in state.all_parts() {
        let owed = if part.is_owed() { 0.5 } else { 0.02 };
        if rng.random_bool(owed) {
            let decision =
                [Decision::Done, Decision::Absent, Decision::Waived][rng.random_range(0..3)];
            decided.push(Decided { task: state.instance(id).id.clone(), decision });
        }
    }
    if rng.random_bool(0.35) {
        let task = any_name(state, rng);
        decided.push(Decided { task, decision: Decision::Waived });
    }
    decided
}

/// An order to a living executor.
pub(crate) fn random_order(
    state: &State,
    world: &World,
    now: i64,
    rng: &mut ChaCha8Rng,
) -> Option<Order> {
    let orphan = state.tasks().find(|(_, _, task)| task.orphan.is_some());
    if let (Some((_, instance, _)), true) = (orphan, rng.random_bool(0.3)) {
        return Some(resolve(&instance.id, any_decision(rng)));
    }
    Some(match rng.random_range(0..10) {
        0 => Order::Stop { by: somebody(), because: None },
        1..4 => {
            let running: Vec<_> = state
                .tasks()
                .filter(|(_, _, task)| matches!(task.phase, Phase::Running(_) | Phase::Judging(_)))
                .map(|(_, instance, _)| instance.id.to_string())
                .collect();
            let task = running.get(rng.random_range(0..running.len().max(1)))?.clone();
            Order::Kill { task, by: somebody() }
        }
        4..8 => {
            let Decided { task, decision } = decide_some(state, world, now, rng).pop()?;
            resolve(&task, decision)
        }
        _ => {
            let task = any_name(state, rng);
            let decision = if rng.random_bool(0.7) { Decision::Waived } else { any_decision(rng) };
            resolve(&task, decision)
        }
    })
}

fn resolve(task: &str, decision: Decision) -> Order {
    Order::Resolve {
        task: task.to_owned(),
        decision,
        because: "somebody has looked".to_owned(),
        by: somebody(),
        outputs: GivenOutputs::new(),
    }
}

fn truth(state: &State, instance: &Instance, task: &TaskState, world: &World, now: i64) -> Decided {
    let probed = state.graph().task(instance.node).is_some_and(windlass::plan::graph::Task::asks);
    let happened = match world.cell(&instance.id, now) {
        // What is left half done is cleared away by hand.
        cell if probed => cell == Cell::Done,
        _ => world.applied(&instance.id, now) > 0,
    };
    let decision = match task.knowledge {
        Knowledge::Done(_) => Decision::Waived,
        _ if happened => Decision::Done,
        _ => Decision::Absent,
    };
    Decided { task: instance.id.clone(), decision }
}

fn is_failed(task: &TaskState) -> bool {
    task.phase == Phase::Ended(Outcome::Failed)
}

fn any_decision(rng: &mut ChaCha8Rng) -> Decision {
    [Decision::Done, Decision::Absent, Decision::Failed, Decision::Waived][rng.random_range(0..4)]
}

/// A task, a group, or an item; often one that is around a task in flight.
fn any_name(state: &State, rng: &mut ChaCha8Rng) -> Arc<str> {
    let in_flight: Vec<InstanceId> = state
        .tasks()
        .filter(|(_, _, task)| !matches!(task.phase, Phase::Waiting | Phase::Ended(_)))
        .map(|(id, ..)| id)
        .collect();
    let all = u32::try_from(state.instances().len()).expect("a simulated run is small");
    let mut id = InstanceId(rng.random_range(0..all));
    if !in_flight.is_empty() && rng.random_bool(0.5) {
        id = in_flight[rng.random_range(0..in_flight.len())];
    }
    while id != InstanceId::ROOT && rng.random_bool(0.5) {
        let scope = state.scope(state.instance(id).scope);
        if let (Some(key), true) = (&scope.key, rng.random_bool(0.5)) {
            return format!("{}[{key}]", state.instance(scope.group).id).into();
        }
        id = scope.group;
    }
    state.instance(id).id.clone()
}
