//! The promises about temporary settings, checked at every record and against the values that the world really has.
//!
//! Shares no code with `core`: what surrounds what is read off the plan, and who has written a value last off the world.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::Value;
use windlass::core::job::Role;
use windlass::core::record::{Record, StopReason};
use windlass::core::setting::{Activity, Part, SettingStanding, Way};
use windlass::core::state::{InstanceBody, InstanceId, Items, Knowledge, Phase, Settled, State};
use windlass::plan::graph::Setting;

use crate::answers::temporary;
use crate::standing::Opinion;
use crate::watch::{Promise, ensure};
use crate::world::World;

/// What a reader of the journal knows about settings.
#[derive(Debug, Default)]
pub(crate) struct Debts {
    /// Old values as they were captured, until they are restored.
    old: BTreeMap<Arc<str>, Value>,
    /// Parts about which an operator has decided: what they are by now is his affair.
    pub(crate) pardoned: BTreeSet<Arc<str>>,
}

fn shape(state: &State, id: InstanceId) -> Option<&Setting> {
    state.graph().setting(state.instance(id).node)
}

impl Debts {
    /// Another executor has read the journal: what was not synced is forgotten.
    pub(crate) fn new_executor(&mut self, state: &State) -> Promise {
        self.old.clear();
        for (id, part) in state.all_parts() {
            if let (Some(old), true) = (&part.old, part.standing.is_open()) {
                self.old.insert(state.instance(id).id.clone(), old.as_ref().clone());
            }
        }
        Ok(())
    }

    /// A record about a setting.
    pub(crate) fn judge(
        &mut self,
        now: i64,
        state: &State,
        id: InstanceId,
        record: &Record,
        world: &World,
    ) -> Promise {
        let name = state.instance(id).id.clone();
        match record {
            Record::ItemsFrozen { .. } | Record::TaskEnded { .. } if state.part(id).is_none() => {
                ensure(state.run().stopped.is_none(), || {
                    "a setting is opened in a stopped run".to_owned()
                })
            }
            Record::JobStarting { task, role, .. } => {
                let part = state.part(id).ok_or("a job of a setting that is not one value")?;
                match Way::of(task) {
                    Some(Way::Set) => self.check_opening(state, &name, *role),
                    Some(Way::Restore) => self.check_closing(now, state, part, *role, world),
                    None => Err("a job of a setting on no way".to_owned()),
                }
            }
            Record::JobLost { .. } | Record::WaitUntil { .. } | Record::Judged { .. } => {
                ensure(!world.is_setting_alive(&name, now), || "something of it lives".to_owned())
            }
            Record::SettingMoved { state: to, value, .. } => {
                self.check_move(now, state, id, *to, value.as_deref(), world)
            }
            Record::Resolved { .. } => {
                let parts = state.parts_of(id).map(|(part, _)| part);
                for part in parts.chain([id]) {
                    let found = state.part(part).filter(|part| part.was_found());
                    if let Some(found) = found.and_then(|part| part.found.as_deref()) {
                        self.old.insert(state.instance(part).id.clone(), found.clone());
                    }
                }
                self.pardoned.insert(name);
                for (part, _) in state.parts_of(id) {
                    self.pardoned.insert(state.instance(part).id.clone());
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn check_opening(&self, state: &State, name: &Arc<str>, role: Role) -> Promise {
        ensure(state.run().stopped.is_none(), || "it is opened in a stopped run".to_owned())?;
        ensure(role == Role::Get || self.old.contains_key(name), || {
            "it is changed before its old value is known".to_owned()
        })
    }

    fn check_closing(
        &self,
        now: i64,
        state: &State,
        part: &Part,
        role: Role,
        world: &World,
    ) -> Promise {
        ensure(part.standing != SettingStanding::Drifted, || "it drifted".to_owned())?;
        self.check_surroundings(now, state, part, world)?;
        if role == Role::Restore && part.standing == SettingStanding::InForce {
            ensure(part.activity == Activity::Read(Way::Restore), || {
                "it is put back without having been read".to_owned()
            })?;
        }
        Ok(())
    }

    /// Nothing inside may live or be in doubt, nor start without a resume, unless what is half put back is needed again.
    fn check_surroundings(&self, now: i64, state: &State, part: &Part, world: &World) -> Promise {
        let owner = part.owner;
        let setting = shape(state, owner).ok_or("it is no setting")?;
        for task in tasks_inside(state, owner) {
            let known = state.task(task).ok_or("it is no task")?;
            let name = &state.instance(task).id;
            ensure(!world.is_alive(name, now), || {
                format!("it is put back while something of {name} lives")
            })?;
            let shape = state.graph().task(state.instance(task).node);
            let maybe = known.inquiry.repair.is_some()
                || matches!(known.knowledge, Knowledge::Maybe(_))
                    && shape.is_some_and(|shape| shape.asks());
            let asked = matches!(known.phase, Phase::Asking | Phase::Waiting) && maybe;
            let abandoned = state.run().stopped == Some(StopReason::Abandoned);
            ensure(abandoned || !known.is_in_hands(), || {
                format!("it is put back while somebody may be doing {name}")
            })?;
            let doubtful = asked
                || matches!(known.phase, Phase::InDoubt | Phase::Running(_) | Phase::Judging(_));
            // What is half put back is put back wholly before it is opened anew; nothing inside has started since.
            let again = part.standing == SettingStanding::Restoring
                && matches!(known.phase, Phase::Asking | Phase::Waiting);
            ensure(!doubtful || again, || {
                format!("it is put back over {name}, which is {:?}", known.phase)
            })?;
        }
        if part.standing == SettingStanding::Restoring {
            return Ok(());
        }
        let opinion = Opinion::of(state);
        let inside = || setting.around.iter().map(|&slot| opinion.get(state.sibling(owner, slot)));
        let good = inside().all(|inside| inside.settled == Settled::Good);
        let open = inside().any(|inside| inside.settled == Settled::Open);
        let abandoned = state.run().stopped == Some(StopReason::Abandoned);
        ensure(good || abandoned || !setting.hold, || "it was to be held".to_owned())?;
        ensure(!open || state.run().stopped.is_some(), || {
            "it is put back although something inside can still start".to_owned()
        })
    }

    fn check_move(
        &mut self,
        now: i64,
        state: &State,
        id: InstanceId,
        to: SettingStanding,
        value: Option<&Value>,
        world: &World,
    ) -> Promise {
        // A setting that does not fan out is named by its one part.
        let id = state.parts_of(id).next().map_or(id, |(part, _)| part);
        let name = &state.instance(id).id;
        let setting = shape(state, id).ok_or("it is no setting")?;
        let ours = Value::from(temporary(state, id));
        match to {
            SettingStanding::Captured => {
                let value = value.ok_or("nothing was captured")?;
                ensure(*value != ours || setting.accept_found, || {
                    "the temporary value is taken for the old one".to_owned()
                })?;
                self.old.insert(name.clone(), value.clone());
                self.pardoned.remove(name);
            }
            SettingStanding::Idle => {
                ensure(value == Some(&ours), || "the old value is taken for ours".to_owned())?;
            }
            SettingStanding::InForce => {
                ensure(value != self.old.get(name) || value == Some(&ours), || {
                    "it is in force although nothing has changed".to_owned()
                })?;
            }
            SettingStanding::Drifted => {
                let part = state.part(id).ok_or("it is no part")?;
                let known = [part.old.as_deref(), part.in_force.as_deref()];
                ensure(!known.contains(&value), || "it has not drifted".to_owned())?;
            }
            SettingStanding::Restored => {
                let old = self.old.remove(name).ok_or("it was not open")?;
                let untouched = value.is_none()
                    && state
                        .part(id)
                        .is_some_and(|part| part.standing == SettingStanding::Captured);
                ensure(untouched || value == Some(&old), || "it is not what it was".to_owned())?;
                ensure(untouched || !world.is_setting_alive(name, now), || {
                    "something of it lives".to_owned()
                })?;
            }
            _ => {}
        }
        Ok(())
    }

    /// A job of a task starts: every setting around it must be in force, for a probe of what has begun excepted.
    pub(crate) fn check_gates(state: &State, id: InstanceId) -> Promise {
        let mut at = id;
        while at != InstanceId::ROOT {
            let scope = state.instance(at).scope;
            for sibling in state.children(scope) {
                let around = shape(state, sibling)
                    .is_some_and(|s| s.around.iter().any(|&slot| state.sibling(at, slot) == at));
                if !around {
                    continue;
                }
                let InstanceBody::Setting(known) = &state.instance(sibling).body else { continue };
                let in_force = |part: &Part| {
                    matches!(part.standing, SettingStanding::InForce | SettingStanding::WrittenOff)
                };
                let open = known.parts.is_some()
                    && state.parts_of(sibling).all(|(_, part)| in_force(part));
                ensure(known.skipped || open, || {
                    format!("it starts while {} is not in force", state.instance(sibling).id)
                })?;
            }
            at = state.scope(scope).group;
        }
        Ok(())
    }

    /// What is changed in the world must be open in the state, with its old value, unless an operator has decided otherwise.
    pub(crate) fn check(&self, now: i64, state: &State, world: &World) -> Promise {
        for (id, part) in state.all_parts() {
            let name = &state.instance(id).id;
            let in_flight = part.activity.is_in_flight();
            ensure(in_flight || !world.is_setting_alive(name, now), || {
                format!("{name} is {:?} while something of it lives", part.activity)
            })?;
            let accepted = part.old.as_deref() == Some(&Value::from(temporary(state, id)));
            if accepted || self.pardoned.contains(name) || !world.is_ours(name, now) {
                continue;
            }
            ensure(part.standing.is_open() && part.old.is_some(), || {
                format!("{name} has our value, and is {}", part.standing)
            })?;
        }
        if state.run().closed {
            let open = |part: &Part| part.standing.is_open();
            ensure(!state.all_parts().any(|(_, part)| open(part)), || {
                "the run is closed with a debt".to_owned()
            })?;
        }
        Ok(())
    }
}

/// The tasks that a setting surrounds, at any depth.
fn tasks_inside(state: &State, setting: InstanceId) -> Vec<InstanceId> {
    let around = shape(state, setting).map_or(&[][..], |shape| &shape.around);
    let mut work: Vec<InstanceId> =
        around.iter().map(|&slot| state.sibling(setting, slot)).collect();
    let mut tasks = Vec::new();
    while let Some(id) = work.pop() {
        match &state.instance(id).body {
            InstanceBody::Task(_) => tasks.push(id),
            InstanceBody::Group(group) => {
                let scopes = group.items.into_iter().flat_map(Items::scopes);
                work.extend(scopes.flat_map(|scope| state.children(scope)));
            }
            InstanceBody::Setting(_) | InstanceBody::Part(_) => {}
        }
    }
    tasks
}
