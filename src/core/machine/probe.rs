//! Probes: what the state of the world says about a task's effect, and what is done about it.
//!
//! Asked as the last thing before each start of an action that is `once`, and whenever a start is in doubt. What cannot be read is
//! never taken for "nothing has happened".

use jiff::Timestamp;

use super::finish::later;
use super::{Machine, Transition};
use crate::core::apply::Unfit;
use crate::core::evaluate::{Evaluate, Out};
use crate::core::job::Role;
use crate::core::record::{Judgement, Outcome, Record, StopReason};
use crate::core::state::{InstanceId, Knowledge, Phase};
use crate::plan::graph::{Meaning, Mend, ProbeState, Question};

/// How many repairs a task may have in its life.
pub const REPAIRS_MAX: u32 = 3;

impl<E: Evaluate> Machine<E> {
    /// What a task begins with: its probe, if it has one that must be asked.
    pub(super) fn first_role(&self, id: InstanceId) -> Role {
        if self.state.asks(id) { Role::Probe } else { Role::Action }
    }

    /// An action of a repair.
    pub(super) fn mend(&self, id: InstanceId, state: u32, action: u32) -> Option<&Mend> {
        let probe = self.shape(id)?.probe.as_ref()?;
        match &probe.states.get(state as usize)?.meaning {
            Meaning::Repair(actions) => actions.get(action as usize),
            _ => None,
        }
    }

    /// After a stop nothing new starts, but what has been started is still found out about.
    pub(super) fn ask_probes(&mut self, now: Timestamp, out: &mut Transition) -> Result<(), Unfit> {
        let asking = |id: &InstanceId| {
            self.state
                .task(*id)
                .is_some_and(|task| task.phase == Phase::Asking && task.may_have_happened())
        };
        let abandoned = self.state.run().stopped == Some(StopReason::Abandoned);
        let confirming = |id: &InstanceId| {
            self.state.task(*id).is_some_and(|task| {
                let due = matches!(task.phase, Phase::Pausing(Role::Probe, until) if until <= now);
                due && task.may_have_happened()
            })
        };
        let idle = |id: &InstanceId| !self.running.contains(id) && !self.orphaned.contains(id);
        // A run that is given up cannot wait for an item's turn: whatever is in doubt is asked after.
        let due: Vec<InstanceId> = if abandoned {
            let all = self.instances_in_order();
            all.filter(|id| idle(id) && (asking(id) || confirming(id))).collect()
        } else {
            self.ready.iter().map(|turn| turn.instance).filter(asking).collect()
        };
        for id in due {
            if self.has_room() {
                self.ready.remove(&self.turn(id));
                self.pausing.remove(&id);
                self.begin_job(now, id, Role::Probe, out)?;
            }
        }
        Ok(())
    }

    /// Puts a task in line for its probe.
    pub(super) fn ask(
        &mut self,
        now: Timestamp,
        id: InstanceId,
        reason: String,
        out: &mut Transition,
    ) -> Result<(), Unfit> {
        self.judge(now, id, Judgement::Ask, None, reason, out)?;
        self.queue(id);
        Ok(())
    }

    pub(super) fn judge(
        &mut self,
        now: Timestamp,
        id: InstanceId,
        judgement: Judgement,
        state: Option<&ProbeState>,
        reason: String,
        out: &mut Transition,
    ) -> Result<(), Unfit> {
        let task = self.state.instance(id).id.clone();
        let state = state.map(|state| state.name.clone());
        self.note(now, Record::Judged { task, judgement, state, reason }, out)
    }

    /// A command that cannot be rendered is never started.
    pub(super) fn cannot_begin(
        &mut self,
        now: Timestamp,
        id: InstanceId,
        role: Role,
        error: String,
        out: &mut Transition,
    ) -> Result<(), Unfit> {
        let known = self.state.task(id).map(|task| task.knowledge);
        match role {
            // Without its probe or its repair it is not known where the task stands.
            Role::Probe | Role::Repair { .. } if known != Some(Knowledge::NotBegun) => {
                self.judge(now, id, Judgement::InDoubt, None, unknown(&error), out)
            }
            _ => self.end(now, id, Outcome::Failed, Some(error), out),
        }
    }

    /// The probe has ended well: the state that it finds says what follows.
    pub(super) fn read_probe(
        &mut self,
        now: Timestamp,
        id: InstanceId,
        left: &Out,
        out: &mut Transition,
    ) -> Result<(), Unfit> {
        let index = match self.evaluate.probed(&self.state, id, left) {
            Ok(Some(index)) => index,
            Ok(None) => {
                let reason = unknown("no state of its probe holds");
                return self.judge(now, id, Judgement::InDoubt, None, reason, out);
            }
            Err(error) => {
                return self.judge(now, id, Judgement::InDoubt, None, unknown(&error), out);
            }
        };
        let graph = self.state.graph().clone();
        let shape = graph.task(self.state.instance(id).node).and_then(|task| task.probe.as_ref());
        let Some((probe, state)) =
            shape.and_then(|probe| Some((probe, probe.states.get(index as usize)?)))
        else {
            let reason = unknown("its probe has no such state");
            return self.judge(now, id, Judgement::InDoubt, None, reason, out);
        };
        let Some(task) = self.state.task(id) else { return Ok(()) };
        let found = format!("its probe finds it `{}`", state.name);
        if task.inquiry.is_spoilt() && !matches!(state.meaning, Meaning::Done) {
            let reason = format!(
                "{found}, after a repair that must not be done twice was begun and not finished"
            );
            return self.judge(now, id, Judgement::InDoubt, Some(state), reason, out);
        }
        match &state.meaning {
            Meaning::Done if probe.refuse_found && task.attempts == 0 => {
                let reason =
                    format!("{found} before it was ever started, which `found: refuse` forbids");
                self.judge(now, id, Judgement::InDoubt, Some(state), reason, out)
            }
            Meaning::Done => {
                self.failing.remove(&id);
                self.judge(now, id, Judgement::Done, Some(state), found, out)?;
                self.keep_outputs(now, id, left, out)
            }
            Meaning::Absent => {
                let seen = task.inquiry.absents + 1;
                match probe.confirm.filter(|confirm| seen < confirm.times) {
                    Some(confirm) => {
                        let reason = format!("{found}, seen {seen} of {} times", confirm.times);
                        let until = later(now, confirm.every);
                        let judgement = Judgement::Unconfirmed { until };
                        self.judge(now, id, judgement, Some(state), reason, out)?;
                        self.wake(id, until, out);
                        Ok(())
                    }
                    None => self.found_absent(now, id, state, found, out),
                }
            }
            Meaning::Wait { every, timeout } => {
                let since = task.inquiry.waiting_since.unwrap_or(now);
                let last = timeout.map(|timeout| later(since, timeout));
                if last.is_some_and(|last| last <= now) {
                    let reason = format!("{found}, and its `wait` is over");
                    return self.judge(now, id, Judgement::InDoubt, Some(state), reason, out);
                }
                let next = later(now, *every);
                let until = last.map_or(next, |last| next.min(last));
                self.judge(now, id, Judgement::Ongoing { until }, Some(state), found, out)?;
                self.wake(id, until, out);
                Ok(())
            }
            Meaning::Repair(_) => self.repair(now, id, index, state, found, out),
            Meaning::Stop => {
                let message = self.evaluate.stop_message(&self.state, id, index, left);
                let message = message.unwrap_or_else(|error| format!("`stop`: {error}"));
                let reason = format!("{found}: {message}");
                self.judge(now, id, Judgement::InDoubt, Some(state), reason, out)
            }
        }
    }

    /// Nothing of the effect has happened: a failed attempt is tried again or has failed, everything else starts.
    fn found_absent(
        &mut self,
        now: Timestamp,
        id: InstanceId,
        state: &ProbeState,
        found: String,
        out: &mut Transition,
    ) -> Result<(), Unfit> {
        if let Some(failing) = self.failing.remove(&id) {
            let reason = format!("{}, and {found}", failing.reason);
            if let Some((until, reason)) =
                self.next_try(now, id, Role::Action, failing.exit, &reason)
            {
                self.judge(now, id, Judgement::Retry { until }, Some(state), reason, out)?;
                self.wake(id, until, out);
                return Ok(());
            }
            self.judge(now, id, Judgement::Absent, Some(state), found, out)?;
            return self.end(now, id, Outcome::Failed, Some(reason), out);
        }
        self.judge(now, id, Judgement::Absent, Some(state), found, out)?;
        if !self.state.may_start(id) || self.is_stopped() {
            return Ok(());
        }
        if !self.has_room() {
            self.queue(id);
            return Ok(());
        }
        if !self.passes_settings(now, id, Role::Action, out)? {
            return Ok(());
        }
        self.begin_job(now, id, Role::Action, out)
    }

    fn repair(
        &mut self,
        now: Timestamp,
        id: InstanceId,
        index: u32,
        state: &ProbeState,
        found: String,
        out: &mut Transition,
    ) -> Result<(), Unfit> {
        let Some(task) = self.state.task(id) else { return Ok(()) };
        let finished = task.inquiry.repair.as_ref().filter(|repair| repair.finished);
        if finished.is_some_and(|repair| repair.state == state.name) {
            let reason = format!("{found} still, after its repair has ended well");
            return self.judge(now, id, Judgement::InDoubt, Some(state), reason, out);
        }
        if task.inquiry.repairs >= REPAIRS_MAX {
            let reason = format!("{found}, and {REPAIRS_MAX} repairs have not helped");
            return self.judge(now, id, Judgement::InDoubt, Some(state), reason, out);
        }
        self.judge(now, id, Judgement::Repair { index }, Some(state), found, out)?;
        self.go_on_repairing(now, id, index, 0, out)
    }

    /// Starts the next action of a repair, or asks the probe again after the last.
    pub(super) fn go_on_repairing(
        &mut self,
        now: Timestamp,
        id: InstanceId,
        state: u32,
        action: u32,
        out: &mut Transition,
    ) -> Result<(), Unfit> {
        let Some(mend) = self.mend(id, state, action).cloned() else {
            let reason = "its repair has ended well".to_owned();
            self.judge(now, id, Judgement::Repaired, None, reason, out)?;
            self.queue(id);
            return Ok(());
        };
        let repair = self.state.task(id).and_then(|task| task.inquiry.repair.as_ref());
        if repair.is_none_or(|repair| repair.interrupted) {
            let reason = "its repair was interrupted, and is not continued".to_owned();
            return self.ask(now, id, reason, out);
        }
        if self.is_stopped() {
            return Ok(());
        }
        if mend.manual {
            let shape = Question { manual: true, timeout: None };
            return self.put_question(now, id, shape, Role::Repair { state, action }, out);
        }
        if !self.has_room() {
            self.queue(id);
            return Ok(());
        }
        if !self.passes_settings(now, id, Role::Repair { state, action }, out)? {
            return Ok(());
        }
        self.begin_job(now, id, Role::Repair { state, action }, out)
    }
}

/// Why a task is in doubt whose probe gives no answer.
pub(super) fn unknown(why: &str) -> String {
    format!("{why}, so it is not known in which state the world is")
}
