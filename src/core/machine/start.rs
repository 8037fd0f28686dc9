//! Starting: conditions, turns and slots. Which items may come in is the door's business.

use std::cmp::Reverse;

use jiff::Timestamp;

use super::{Effect, Machine, Transition, Turn};
use crate::core::apply::Unfit;
use crate::core::evaluate::Evaluate;
use crate::core::job::Role;
use crate::core::record::{Item, Outcome, Record};
use crate::core::state::{InstanceId, Phase, TaskState};
use crate::plan::graph::{self, NodeBody, Work};
use crate::spec::model;

impl<E: Evaluate> Machine<E> {
    /// Starts all that may be started now.
    pub(super) fn advance(&mut self, now: Timestamp, out: &mut Transition) -> Result<(), Unfit> {
        if !self.knows_enough() {
            return Ok(());
        }
        if self.is_stopped() {
            return self.ask_probes(now, out);
        }
        loop {
            self.queue_closings(now, out)?;
            let fresh = self.state.take_startable();
            if !fresh.is_empty() {
                for id in fresh {
                    self.consider(now, id, out)?;
                }
            } else if let Some(turn) = self.slotless.pop_first() {
                self.start(now, turn.instance, out)?;
            } else if !self.has_room() {
                return Ok(());
            } else if self.ask_next(out) {
                // It is on its way; perhaps there is room for another one.
            } else if let Some(turn) = self.ready.pop_first() {
                self.start(now, turn.instance, out)?;
            } else if !self.admit_next() {
                return Ok(());
            }
        }
    }

    /// Whether a job may start now, as far as the others are concerned. A resume may find more jobs than there are slots.
    pub(super) fn has_room(&self) -> bool {
        self.knows_enough() && self.running.len() + self.gate.asked < self.slots
    }

    /// Whether all is known that an earlier executor has left behind: nothing starts before.
    pub(super) fn knows_enough(&self) -> bool {
        self.unclear.is_empty() && !self.gate.unverified
    }

    /// Looks at an instance whose needs are met: skips it, enters it, or puts it in line for a slot.
    fn consider(
        &mut self,
        now: Timestamp,
        id: InstanceId,
        out: &mut Transition,
    ) -> Result<(), Unfit> {
        if id == InstanceId::ROOT
            || !self.state.may_start(id)
            || !self.is_wanted(id)
            || !self.is_admitted(self.state.instance(id).scope)
        {
            return Ok(());
        }
        let graph = self.state.graph().clone();
        let node = graph.node(self.state.instance(id).node);
        // What was started once was wanted: its condition is not asked again on resume.
        let begun = self.state.task(id).is_some_and(|task| task.started.is_some());
        if node.conditional && !begun {
            match self.evaluate.when(&self.state, id) {
                Ok(true) => {}
                Ok(false) => return self.end(now, id, Outcome::Skipped, None, out),
                Err(error) => {
                    return self.end(
                        now,
                        id,
                        Outcome::Failed,
                        Some(format!("`when`: {error}")),
                        out,
                    );
                }
            }
        }
        match &node.body {
            NodeBody::Group(group) => self.enter(now, id, group.fan_out.is_some(), out),
            NodeBody::Task(task) if task.work == Work::Assert => {
                match self.evaluate.assert(&self.state, id) {
                    Ok(None) => self.end(now, id, Outcome::Succeeded, None, out),
                    Ok(Some(message)) => self.end(now, id, Outcome::Failed, Some(message), out),
                    Err(error) => {
                        self.end(now, id, Outcome::Failed, Some(format!("`assert`: {error}")), out)
                    }
                }
            }
            NodeBody::Task(_) => {
                self.queue(id);
                Ok(())
            }
            // A setting is opened by whoever needs it.
            NodeBody::Setting(_) => Ok(()),
        }
    }

    fn enter(
        &mut self,
        now: Timestamp,
        id: InstanceId,
        fans_out: bool,
        out: &mut Transition,
    ) -> Result<(), Unfit> {
        let items = if fans_out {
            match self.evaluate.items(&self.state, id) {
                Ok(items) => items,
                Err(error) => {
                    return self.end(
                        now,
                        id,
                        Outcome::Failed,
                        Some(format!("`for_each`: {error}")),
                        out,
                    );
                }
            }
        } else {
            vec![Item::single()]
        };
        let task = self.state.instance(id).id.clone();
        self.note(now, Record::ItemsFrozen { task, items }, out)?;
        self.open_door(id);
        Ok(())
    }

    /// Ends a task that has no job running, or a group that was not entered.
    pub(super) fn end(
        &mut self,
        now: Timestamp,
        id: InstanceId,
        outcome: Outcome,
        reason: Option<String>,
        out: &mut Transition,
    ) -> Result<(), Unfit> {
        let task = self.state.instance(id).id.clone();
        self.note(now, Record::TaskEnded { task, outcome, reason }, out)
    }

    /// Puts a task in line, for a slot if its next step takes one.
    pub(super) fn queue(&mut self, id: InstanceId) {
        let turn = self.turn(id);
        if self.takes_no_slot(id) {
            self.slotless.insert(turn)
        } else {
            self.ready.insert(turn)
        };
    }

    pub(super) fn turn(&self, id: InstanceId) -> Turn {
        let begun = self.state.task(id).is_none_or(|task| task.jobs > 0);
        Turn { begun: Reverse(begun), rank: Reverse(self.state.node(id).rank), instance: id }
    }

    /// Starts what a task in line is waiting to do, unless something has come between.
    fn start(&mut self, now: Timestamp, id: InstanceId, out: &mut Transition) -> Result<(), Unfit> {
        match self.state.task(id).map(|task| task.phase) {
            Some(Phase::Waiting) if self.state.may_start(id) => {
                if let Some(time) = self.pause_of(id) {
                    self.fall_asleep(now, id, time, out)
                } else if let Some(question) = self.asks_people(id) {
                    self.put_question(now, id, question, Role::Action, out)
                } else {
                    self.begin_within_settings(now, id, self.first_role(id), out)
                }
            }
            Some(Phase::Sleeping(until)) => self.wake_up(now, id, until, out),
            Some(Phase::Pausing(role, _)) => {
                self.pausing.remove(&id);
                match role {
                    Role::Probe => self.ask_again(now, id, out),
                    Role::Action => self.begin_within_settings(now, id, self.first_role(id), out),
                    _ => self.begin_within_settings(now, id, role, out),
                }
            }
            Some(Phase::Asking) => self.ask_again(now, id, out),
            Some(Phase::Repairing(state, action)) => {
                self.go_on_repairing(now, id, state, action, out)
            }
            Some(Phase::Verifying(_)) => self.go_on_after_action(now, id, out),
            None => self.go_on_with_part(now, id, out),
            _ => Ok(()),
        }
    }

    /// Asks a probe that was asked before. One that finds out about a start does not wait for settings: they may be put back only
    /// when its answer is known.
    fn ask_again(
        &mut self,
        now: Timestamp,
        id: InstanceId,
        out: &mut Transition,
    ) -> Result<(), Unfit> {
        let has_begun = self.state.task(id).is_some_and(TaskState::may_have_happened);
        if has_begun {
            return self.begin_job(now, id, Role::Probe, out);
        }
        self.begin_within_settings(now, id, Role::Probe, out)
    }

    /// Begins a job once its locks are held and every setting around it is in force.
    fn begin_within_settings(
        &mut self,
        now: Timestamp,
        id: InstanceId,
        role: Role,
        out: &mut Transition,
    ) -> Result<(), Unfit> {
        if self.may_begin(now, id, role, out)? {
            self.begin_job(now, id, role, out)?;
        }
        Ok(())
    }

    /// Whether all is as it must be before a task begins. If not, it is seen to, and the task is put in line again.
    pub(super) fn may_begin(
        &mut self,
        now: Timestamp,
        id: InstanceId,
        role: Role,
        out: &mut Transition,
    ) -> Result<bool, Unfit> {
        Ok(self.passes_windows(now, id, out)?
            && self.holds_its_locks(now, id, out)?
            && self.passes_settings(now, id, role, out)?)
    }

    pub(super) fn begin_job(
        &mut self,
        now: Timestamp,
        id: InstanceId,
        role: Role,
        out: &mut Transition,
    ) -> Result<(), Unfit> {
        if !self.holds_its_locks(now, id, out)? {
            return Ok(());
        }
        let command = match self.evaluate.command(&self.state, id, role) {
            Ok(command) => command,
            Err(error) => return self.cannot_begin(now, id, role, error, out),
        };
        let attempt = self.state.task(id).map_or(0, |task| task.jobs) + 1;
        let effect = self.effect_of(id, role);
        let follows_people = self.follows_people(id, role);
        let record = Record::JobStarting {
            task: self.state.instance(id).id.clone(),
            attempt,
            role,
            effect,
            argv: command.argv.clone(),
            digest: command.digest(),
        };
        self.note(now, record, out)?;
        self.running.insert(id);
        let reads_stdout = self.evaluate.reads_stdout(&self.state, id, role);
        let job = self.job_id(id, attempt);
        let spawn = Effect::Spawn { job, role, command, reads_stdout, opening: None };
        match effect {
            model::Effect::Once => out.plan_after_sync(spawn),
            _ if follows_people => out.plan_after_sync(spawn),
            model::Effect::Read | model::Effect::Idempotent => out.plan(spawn),
        }
        Ok(())
    }

    /// Whether a job goes on with a repair after what people have done of it. A resume goes on there, too, so that it must not be able to
    /// forget that more was begun.
    fn follows_people(&self, id: InstanceId, role: Role) -> bool {
        let repair = self.state.task(id).and_then(|task| task.inquiry.repair.as_ref());
        matches!(role, Role::Repair { .. }) && repair.is_some_and(|it| it.by_hand.is_some())
    }

    /// What may happen if a task's action is done again.
    pub(super) fn effect(&self, id: InstanceId) -> model::Effect {
        self.shape(id).map_or(model::Effect::Once, |task| task.effect)
    }

    fn effect_of(&self, id: InstanceId, role: Role) -> model::Effect {
        match role {
            Role::Action => self.effect(id),
            Role::Verify(_) | Role::Probe | Role::Get => model::Effect::Read,
            Role::Set | Role::Restore => model::Effect::Idempotent,
            Role::Repair { state, action } => {
                self.mend(id, state, action).map_or(model::Effect::Once, |mend| mend.effect)
            }
        }
    }

    /// The task of an instance, as the graph has it.
    pub(super) fn shape(&self, id: InstanceId) -> Option<&graph::Task> {
        self.state.graph().task(self.state.instance(id).node)
    }
}
