//! What holds between two records, and when a run has come to rest.
//!
//! Looks at no record at all: only at what is known, and at the world.

use windlass::core::job::{JobId, Role};
use windlass::core::record::StopReason;
use windlass::core::state::{InstanceBody, InstanceId, Knowledge, Phase, Proof, Settled, State};
use windlass::plan::graph::NodeBody;
use windlass::spec::model::Effect;

use super::{Promise, Watch, difference, ensure};
use crate::standing::Opinion;
use crate::waits;
use crate::world::{Cell, World};

impl Watch {
    /// What must hold between any two transitions.
    pub(crate) fn check(&self, now: i64, live: &State, world: &World, thorough: bool) -> Promise {
        ensure(self.state == *live, || {
            format!("the records add up to something else: {}", difference(&self.state, live))
        })?;
        if thorough {
            let recounted = live.recounted();
            ensure(*live == recounted, || {
                format!("counting anew gives something else: {}", difference(live, &recounted))
            })?;
            let opinion = Opinion::of(live);
            for index in 0..live.instances().len() {
                let id = InstanceId(u32::try_from(index).expect("a simulated run is small"));
                let (is, ought) = (live.instance(id).standing, opinion.get(id));
                ensure(is == ought, || {
                    format!("{} is {is:?} and should be {ought:?}", live.instance(id).id)
                })?;
            }
            self.check_knowledge(now, world)?;
            self.debts.check(now, live, world)?;
        }
        Ok(())
    }

    fn check_knowledge(&self, now: i64, world: &World) -> Promise {
        for (_, instance, task) in self.state.tasks() {
            let effect = self.state.graph().task(instance.node).map(|task| task.effect);
            let applied = world.applied(&instance.id, now);
            let probed = self
                .state
                .graph()
                .task(instance.node)
                .is_some_and(windlass::plan::graph::Task::asks);
            let once = effect == Some(Effect::Once) && !probed;
            ensure(!once || applied <= 1, || format!("{} has happened twice", instance.id))?;
            let in_flight = matches!(task.phase, Phase::Running(_) | Phase::Judging(_));
            ensure(in_flight || !world.is_alive(&instance.id, now), || {
                format!("{} is {:?} while something of it lives", instance.id, task.phase)
            })?;
            let sound = match task.knowledge {
                Knowledge::NotBegun if probed => {
                    !task.inquiry.cleared || world.cell(&instance.id, now) == Cell::Absent
                }
                Knowledge::Done(Proof::Probe(_)) => world.cell(&instance.id, now) == Cell::Done,
                Knowledge::NotBegun => applied == 0 || (task.jobs == 0 && !once),
                Knowledge::Done(Proof::Exit(attempt)) => {
                    world.job(&JobId { task: instance.id.clone(), attempt }).is_some_and(|job| {
                        job.role == Role::Action
                            && (job.is_good() || waits::goes_on(&self.state, instance.node))
                    })
                }
                Knowledge::Maybe(_) | Knowledge::Done(Proof::Operator) => true,
            };
            ensure(sound, || format!("{}: {:?} is not so", instance.id, task.knowledge))?;
        }
        Ok(())
    }

    /// The run has come to rest without being closed: nothing may be left that could go on by itself.
    /// `waits` says whether a task cannot start because of a lock that somebody holds.
    pub(crate) fn check_rest(&self, waits: impl Fn(InstanceId) -> bool) -> Promise {
        if self.disturbed {
            return Ok(());
        }
        let opinion = Opinion::of(&self.state);
        let ids = (0..self.state.instances().len())
            .map(|index| InstanceId(u32::try_from(index).expect("a simulated run is small")));
        let open: Vec<InstanceId> = ids
            .filter(|&id| self.state.part(id).is_none())
            .filter(|&id| opinion.get(id).settled == Settled::Open)
            .collect();
        // What keeps a setting's lock without having read it lets go when the run comes to rest, and the next resume goes on.
        let denied = |id: InstanceId| {
            self.state.claims().denied(windlass::core::claim::Holder::Task(id)).is_some()
        };
        let task_waits = |id: InstanceId| {
            let known = self.state.task(id);
            let fresh = known.is_some_and(|task| task.phase == Phase::Waiting);
            let gated = || {
                let around = self.state.settings_around(id).into_iter();
                around
                    .flat_map(|setting| self.state.parts_of(setting))
                    .any(|(part, _)| waits(part) || denied(part))
            };
            // Who has stopped because of a lock does not start again when it is free a moment later.
            let stopped = self.state.run().stopped == Some(StopReason::Locked)
                && self.state.claims().waiting().any(|(holder, _)| self.state.is_under(id, holder));
            known.is_some()
                && (!fresh || self.state.may_start(id))
                && (waits(id) || stopped || gated())
        };
        let part_waits =
            |id: InstanceId| self.state.part(id).is_some() && (waits(id) || denied(id));
        let asks =
            |id: InstanceId| self.state.task(id).is_some_and(|task| task.phase == Phase::Awaiting);
        // Whoever was in the way when the run came to rest may have gone while settings were put back.
        let locked = self.state.run().stopped == Some(StopReason::Locked);
        let was_denied = |id: InstanceId| {
            let around = self.state.holders_around(id).into_iter();
            locked && around.into_iter().any(|by| self.state.claims().denied(by).is_some())
        };
        let task_waits = |id: InstanceId| {
            let task = self.state.task(id).is_some();
            task_waits(id) || asks(id) || (task && was_denied(id))
        };
        let somebody_waits = open.iter().any(|&id| task_waits(id) || part_waits(id));
        for id in open.into_iter().filter(|&id| self.state.part(id).is_none()) {
            let instance = self.state.instance(id);
            let excused = if self.is_free(id) { task_waits(id) } else { somebody_waits };
            ensure(excused, || {
                let inside = match &instance.body {
                    InstanceBody::Task(task) => format!("{:?}", task.phase),
                    InstanceBody::Group(_) => "a group".to_owned(),
                    other => format!("{other:?}"),
                };
                format!("nothing is left to do, but {} is open ({inside})", instance.id)
            })?;
        }
        Ok(())
    }

    /// Whether it is a task that waits for nothing that is inside the run: no other task, and no item that must make room.
    fn is_free(&self, id: InstanceId) -> bool {
        let Some(task) = self.state.task(id) else { return false };
        let mut at = id;
        while at != InstanceId::ROOT {
            let scope = self.state.scope(self.state.instance(at).scope);
            let NodeBody::Group(group) = &self.state.node(scope.group).body else { return false };
            let few = group.fan_out.as_ref().is_some_and(|fan_out| fan_out.parallel.is_some());
            if few || scope.key.is_some() && !scope.begun {
                return false;
            }
            at = scope.group;
        }
        task.phase != Phase::Waiting || self.state.may_start(id)
    }
}
