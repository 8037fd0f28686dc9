//! Settings: opened before the first of what they surround starts, closed after the last, and never over something that lives
//! or is in doubt.
//!
//! Knows no items and no doors; whoever wants to start asks whether it may pass, and is called again when it may.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::finish::{answers_to, delay, in_words, later};
use super::{Effect, Lingering, Machine, Transition};
use crate::core::apply::Unfit;
use crate::core::evaluate::{Evaluate, Out};
use crate::core::job::{Command, End, JobId, Role};
use crate::core::record::{Item, JobEnd, Outcome, Record, StopReason, Verdict};
use crate::core::setting::{
    Activity, Part, SettingCommands, SettingStanding, SettingState, Way, is_same,
};
use crate::core::state::{InstanceId, Phase, State};
use crate::spec::model;

/// A way that a part goes, and the next job on it.
type NextJob = (Way, Role);

impl<E: Evaluate> Machine<E> {
    /// Whether every setting around a task is in force. If one is not, it is opened, outer ones first, and the task is put in line
    /// again when that is done. What is under way and cannot pass has failed, or is in doubt, as if its command could not be
    /// rendered.
    pub(super) fn passes_settings(
        &mut self,
        now: Timestamp,
        id: InstanceId,
        role: Role,
        out: &mut Transition,
    ) -> Result<bool, Unfit> {
        for setting in self.state.settings_around(id) {
            if self.open_setting(now, setting, out)? {
                continue;
            }
            if !self.state.bars(setting) {
                self.gates.entry(setting).or_default().insert(id);
            } else if !self.is_waiting(id) {
                let name = self.state.instance(setting).id.clone();
                let error = format!("the setting `{name}` around it is not in force");
                self.cannot_begin(now, id, role, error, out)?;
            }
            return Ok(false);
        }
        Ok(true)
    }

    fn is_waiting(&self, id: InstanceId) -> bool {
        self.state.task(id).is_some_and(|task| task.phase == Phase::Waiting)
    }

    /// Does the next thing that brings a setting into force; says whether it is.
    fn open_setting(
        &mut self,
        now: Timestamp,
        setting: InstanceId,
        out: &mut Transition,
    ) -> Result<bool, Unfit> {
        let Some(known) = self.state.setting(setting) else { return Ok(true) };
        if known.skipped {
            return Ok(true);
        }
        if self.state.bars(setting) {
            return Ok(false);
        }
        if known.parts.is_none() && !self.freeze_parts(now, setting, out)? {
            return Ok(self.state.setting(setting).is_some_and(|known| known.skipped));
        }
        let closed: Vec<InstanceId> = self
            .state
            .parts_of(setting)
            .filter(|(_, part)| !part.lets_pass())
            .map(|(id, _)| id)
            .collect();
        for &part in &closed {
            if self.state.part(part).is_some_and(|part| part.activity == Activity::Resting) {
                self.queue(part);
            }
        }
        Ok(closed.is_empty())
    }

    /// Asks for the condition and the items of a setting; `false` if it is not opened.
    fn freeze_parts(
        &mut self,
        now: Timestamp,
        setting: InstanceId,
        out: &mut Transition,
    ) -> Result<bool, Unfit> {
        let conditional = self.state.node(setting).conditional;
        let fans_out = self.state.shape_of_setting(setting).is_some_and(|shape| shape.fan_out);
        let wanted = if conditional { self.evaluate.when(&self.state, setting) } else { Ok(true) };
        let items = match wanted {
            Ok(false) => {
                self.end(now, setting, Outcome::Skipped, None, out)?;
                return Ok(false);
            }
            Ok(true) if !fans_out => Ok(vec![Item { key: None, value: serde_json::Value::Null }]),
            Ok(true) => self
                .evaluate
                .items(&self.state, setting)
                .map_err(|error| format!("`for_each`: {error}")),
            Err(error) => Err(format!("`when`: {error}")),
        };
        match items {
            Ok(items) => {
                let task = self.state.instance(setting).id.clone();
                self.note(now, Record::ItemsFrozen { task, items }, out)?;
                Ok(true)
            }
            Err(error) => {
                self.end(now, setting, Outcome::Failed, Some(error), out)?;
                self.release(setting);
                Ok(false)
            }
        }
    }

    /// Puts those in line again that wait for a setting which is in force now, or will not be.
    fn release(&mut self, setting: InstanceId) {
        let open = self.state.parts_of(setting).all(|(_, part)| part.lets_pass());
        if open || self.state.bars(setting) {
            for id in self.gates.remove(&setting).unwrap_or_default() {
                self.queue(id);
            }
        } else if !self.is_waited_for(setting) {
            self.gates.remove(&setting);
        } else {
            let rests = |part: &Part| part.activity == Activity::Resting && !part.lets_pass();
            let next: Vec<InstanceId> = self
                .state
                .parts_of(setting)
                .filter(|(_, part)| rests(part))
                .map(|(id, _)| id)
                .collect();
            next.into_iter().for_each(|part| self.queue(part));
        }
    }

    /// Whether somebody waits for a setting who can still start.
    fn is_waited_for(&self, setting: InstanceId) -> bool {
        let open = self.state.setting(setting).is_some_and(SettingState::surrounds_open);
        open && self.gates.contains_key(&setting)
    }

    /// Whether a probe pauses that must be asked once more before the run can be given up.
    pub(super) fn confirmation_pauses(&self) -> bool {
        let pauses = |id: &InstanceId| {
            self.state
                .task(*id)
                .filter(|task| task.may_have_happened())
                .is_some_and(|task| matches!(task.phase, Phase::Pausing(Role::Probe, _)))
        };
        self.state.run().stopped == Some(StopReason::Abandoned) && self.pausing.iter().any(pauses)
    }

    /// Puts in line what is to be closed now.
    pub(super) fn queue_closings(
        &mut self,
        now: Timestamp,
        out: &mut Transition,
    ) -> Result<(), Unfit> {
        for setting in std::mem::take(&mut self.state.restless) {
            if !self.state.closes(setting) {
                continue;
            }
            for part in self.closable(setting, now) {
                if self.is_untouched(part) {
                    self.go_on_with_part(now, part, out)?;
                } else {
                    self.queue(part);
                }
            }
        }
        Ok(())
    }

    fn is_untouched(&self, part: InstanceId) -> bool {
        self.state.part(part).is_some_and(|part| part.standing == SettingStanding::Captured)
    }

    /// The parts of a setting that could be closed at once. A pause of an opening does not matter to a closing.
    fn closable(&self, setting: InstanceId, now: Timestamp) -> Vec<InstanceId> {
        let rests = |part: &Part| match part.activity {
            Activity::Resting | Activity::Pausing(Way::Set, _) => true,
            Activity::Pausing(Way::Restore, until) => until <= now,
            Activity::Running(..) | Activity::Read(_) | Activity::Judging(..) => false,
        };
        self.state
            .parts_of(setting)
            .filter(|(_, part)| part.can_close() && rests(part))
            .map(|(id, _)| id)
            .collect()
    }

    /// In a stopped run: closes what nothing alive or in doubt is inside of, inner settings before outer ones. A setting that is held
    /// stays in force, unless the run is given up.
    pub(super) fn close_in_stopped_run(
        &mut self,
        now: Timestamp,
        out: &mut Transition,
    ) -> Result<(), Unfit> {
        let settings: Vec<InstanceId> = self
            .instances_in_order()
            .filter(|&id| self.state.setting(id).is_some_and(|known| known.parts.is_some()))
            .collect();
        if settings.is_empty() {
            return Ok(());
        }
        let mut lively = self.around_what_lives();
        for &setting in settings.iter().rev() {
            if self.may_close_in_stopped_run(setting, &lively) {
                for part in self.closable(setting, now) {
                    if self.has_room() || self.is_untouched(part) {
                        self.close(now, part, out)?;
                    }
                }
            }
            if self.is_unsettled(setting) {
                self.mark_around(setting, &mut lively);
            }
        }
        Ok(())
    }

    /// Whether a setting whose closing has begun is still to be closed.
    fn may_close_now(&self, setting: InstanceId) -> bool {
        if self.is_stopped() {
            self.may_close_in_stopped_run(setting, &self.around_what_lives())
        } else {
            self.state.closes(setting)
        }
    }

    fn may_close_in_stopped_run(&self, setting: InstanceId, lively: &BTreeSet<InstanceId>) -> bool {
        let abandoned = self.state.run().stopped == Some(StopReason::Abandoned);
        let Some(shape) = self.state.shape_of_setting(setting) else { return false };
        let held = shape.hold && !abandoned && !self.state.closes(setting);
        let inside = |slot: &u32| lively.contains(&self.state.sibling(setting, *slot));
        !held && !shape.around.iter().any(inside)
    }

    /// Whether something of a setting is still to be done, or owed, before what is around it may be closed.
    fn is_unsettled(&self, setting: InstanceId) -> bool {
        let abandoned = self.state.run().stopped == Some(StopReason::Abandoned);
        let held = self.state.shape_of_setting(setting).is_some_and(|shape| shape.hold)
            && !abandoned
            && !self.state.closes(setting);
        self.state.parts_of(setting).any(|(_, part)| {
            part.activity.is_in_flight() || (part.standing.is_open() && (!held || part.is_owed()))
        })
    }

    /// Every instance around, or equal to, a task that lives or is in doubt.
    fn around_what_lives(&self) -> BTreeSet<InstanceId> {
        let abandoned = self.state.run().stopped == Some(StopReason::Abandoned);
        let mut around = BTreeSet::new();
        for (id, _, task) in self.state.tasks() {
            // What people are asked to do they may be doing just now.
            let in_hands = task.is_in_hands() && !abandoned;
            if State::is_alive_or_in_doubt(task) || in_hands {
                around.insert(id);
                self.mark_around(id, &mut around);
            }
        }
        around
    }

    fn mark_around(&self, id: InstanceId, around: &mut BTreeSet<InstanceId>) {
        let mut at = id;
        while at != InstanceId::ROOT {
            at = self.state.scope(self.state.instance(at).scope).group;
            if !around.insert(at) {
                return;
            }
        }
    }

    /// Whether a closing is tried again later, so that a stopped run must not end before.
    pub(super) fn closing_pauses(&self) -> bool {
        self.pausing.iter().any(|&id| {
            self.state
                .part(id)
                .is_some_and(|part| matches!(part.activity, Activity::Pausing(Way::Restore, _)))
        })
    }

    /// Does the next thing about a part whose turn it is, unless nobody wants it any more.
    pub(super) fn go_on_with_part(
        &mut self,
        now: Timestamp,
        id: InstanceId,
        out: &mut Transition,
    ) -> Result<(), Unfit> {
        let Some(part) = self.state.part(id) else { return Ok(()) };
        let owner = part.owner;
        if matches!(
            part.activity,
            Activity::Running(..) | Activity::Judging(..) | Activity::Read(_)
        ) {
            return Ok(());
        }
        if self.state.closes(owner) && part.can_close() {
            return self.close(now, id, out);
        }
        let wanted = self.is_waited_for(owner) && !self.state.bars(owner);
        match (next_to_open(part), part.activity) {
            (Some((way, role)), _) if wanted => {
                // What is half put back is put back first, whatever has become of its lock.
                let may = way == Way::Restore
                    || (self.may_claim(id) && self.holds_its_locks(now, id, out)?);
                if may {
                    self.begin_setting_job(now, id, way, role, out)?;
                }
                Ok(())
            }
            (_, Activity::Pausing(way, until)) if until <= now => {
                self.pausing.remove(&id);
                self.rest(now, id, way, "nobody waits for it any more", out)?;
                self.release(owner);
                Ok(())
            }
            _ => {
                self.release(owner);
                Ok(())
            }
        }
    }

    /// Whether a part has its turn to claim its lock: one after the other, in the same order everywhere, so that two items that
    /// open the same setting never wait for each other.
    fn may_claim(&self, id: InstanceId) -> bool {
        let Some(part) = self.state.part(id) else { return false };
        let mut before = self.state.parts_of(part.owner).take_while(|(other, _)| *other != id);
        before.all(|(other, part)| part.lets_pass() || self.has_claimed(other))
    }

    /// The next part of a setting may claim its lock, now that one before it has.
    pub(super) fn let_next_claim(&mut self, id: InstanceId) {
        let Some(owner) = self.state.part(id).map(|part| part.owner) else { return };
        let parts: Vec<InstanceId> = self.state.parts_of(owner).map(|(id, _)| id).collect();
        let next = parts.into_iter().skip_while(|&other| other != id).nth(1);
        next.into_iter().for_each(|next| self.queue(next));
    }

    /// Whether a part is to be brought into force, and nothing of it is under way.
    pub(super) fn waits_to_open(&self, id: InstanceId) -> bool {
        self.state.part(id).is_some_and(|part| {
            self.is_waited_for(part.owner)
                && !self.state.bars(part.owner)
                && matches!(part.activity, Activity::Resting | Activity::Pausing(Way::Set, _))
                && !part.lets_pass()
        })
    }

    fn close(&mut self, now: Timestamp, id: InstanceId, out: &mut Transition) -> Result<(), Unfit> {
        let Some(part) = self.state.part(id) else { return Ok(()) };
        match next_to_close(part) {
            Some((way, role)) => self.begin_setting_job(now, id, way, role, out),
            None if part.standing == SettingStanding::Captured => {
                self.pausing.remove(&id);
                let reason = "nothing was changed".to_owned();
                self.move_part(now, id, SettingStanding::Restored, None, None, Some(reason), out)
            }
            None => Ok(()),
        }
    }

    #[expect(clippy::too_many_arguments, reason = "these are the fields of one record")]
    fn move_part(
        &mut self,
        now: Timestamp,
        id: InstanceId,
        state: SettingStanding,
        value: Option<serde_json::Value>,
        commands: Option<Box<SettingCommands>>,
        reason: Option<String>,
        out: &mut Transition,
    ) -> Result<(), Unfit> {
        let task = self.state.instance(id).id.clone();
        let value = value.map(std::sync::Arc::new);
        self.note(now, Record::SettingMoved { task, state, value, commands, reason }, out)?;
        if let Some(part) = self.state.part(id) {
            self.release(part.owner);
        }
        Ok(())
    }

    fn begin_setting_job(
        &mut self,
        now: Timestamp,
        id: InstanceId,
        way: Way,
        role: Role,
        out: &mut Transition,
    ) -> Result<(), Unfit> {
        self.pausing.remove(&id);
        let Some(part) = self.state.part(id) else { return Ok(()) };
        let recorded = match (way, role) {
            (Way::Restore, Role::Get) => part.get.clone(),
            (Way::Restore, _) => part.restore.clone(),
            (Way::Set, _) => None,
        };
        let command: Result<Command, String> = match recorded {
            Some(command) => Ok(command.as_ref().clone()),
            None => self.evaluate.command(&self.state, id, role),
        };
        let command = match command {
            Ok(command) => command,
            Err(error) => return self.fail_way(now, id, way, error, out),
        };
        let is_fresh = way == Way::Set
            && matches!(part.standing, SettingStanding::Idle | SettingStanding::Restored);
        let opening = part.openings + u32::from(is_fresh);
        let attempt = part.jobs(way) + 1;
        let effect =
            if role == Role::Get { model::Effect::Read } else { model::Effect::Idempotent };
        let task = self.state.job_name(id, way);
        let record = Record::JobStarting {
            task: task.clone(),
            attempt,
            role,
            effect,
            argv: command.argv.clone(),
            digest: command.digest(),
        };
        self.note(now, record, out)?;
        self.running.insert(id);
        let spawn = Effect::Spawn {
            job: JobId { task, attempt },
            role,
            command,
            reads_stdout: self.evaluate.reads_stdout(&self.state, id, role),
            opening: Some(opening),
        };
        // Before a change the old value must be on disk, and that it is being changed.
        if role == Role::Get {
            out.plan(spawn);
        } else {
            out.plan_after_sync(spawn);
        }
        Ok(())
    }

    /// Opening or closing has failed in this execution.
    pub(super) fn fail_way(
        &mut self,
        now: Timestamp,
        id: InstanceId,
        way: Way,
        reason: String,
        out: &mut Transition,
    ) -> Result<(), Unfit> {
        let task = self.state.job_name(id, way);
        let reason = Some(reason);
        self.note(now, Record::TaskEnded { task, outcome: Outcome::Failed, reason }, out)?;
        if let Some(part) = self.state.part(id) {
            self.release(part.owner);
        }
        Ok(())
    }

    /// The part whose running job that is.
    fn part_with(&self, job: &JobId) -> Option<(InstanceId, Way, Role)> {
        let id = self.state.find(&job.task)?;
        match self.state.part(id)?.activity {
            Activity::Running(way, running)
                if running.attempt == job.attempt && Way::of(&job.task) == Some(way) =>
            {
                Some((id, way, running.role))
            }
            _ => None,
        }
    }

    pub(super) fn on_part_not_spawned(
        &mut self,
        now: Timestamp,
        job: &JobId,
        reason: &str,
        out: &mut Transition,
    ) -> Result<(), Unfit> {
        let Some((id, way, role)) = self.part_with(job) else { return Ok(()) };
        self.fate_is_known(id);
        let reason = format!("it could not be started: {reason}");
        let record = Record::JobEnded {
            task: job.task.clone(),
            attempt: job.attempt,
            end: JobEnd::NotSpawned { reason: reason.clone() },
            verdict: Verdict::Bad { reason: reason.clone() },
        };
        self.note(now, record, out)?;
        out.plan(Effect::Forget { job: job.clone() });
        self.conclude_bad_setting(now, id, way, role, None, &reason, out)
    }

    pub(super) fn on_part_ended(
        &mut self,
        now: Timestamp,
        job: &JobId,
        end: End,
        left: &Out,
        out: &mut Transition,
    ) -> Result<(), Unfit> {
        let Some((id, way, role)) = self.part_with(job) else { return Ok(()) };
        self.fate_is_known(id);
        let (verdict, value) = self.verdict_on_setting(now, id, role, &end, left);
        let (over, exit) = (end.over, end.exit);
        let record = Record::JobEnded {
            task: job.task.clone(),
            attempt: job.attempt,
            end: JobEnd::Ran(end),
            verdict: verdict.clone(),
        };
        self.note(now, record, out)?;
        let Verdict::Bad { reason } = verdict else {
            out.plan(Effect::Forget { job: job.clone() });
            self.running.remove(&id);
            return match (way, value) {
                (Way::Set, Some(value)) => self.read_on_opening(now, id, value, out),
                (Way::Restore, Some(value)) => self.read_on_closing(now, id, value, out),
                (_, None) => {
                    self.queue(id);
                    Ok(())
                }
            };
        };
        if !over {
            self.running.insert(id);
            self.lingering.insert(id, Lingering { job: job.clone(), again: false, exit });
            return Ok(());
        }
        out.plan(Effect::Forget { job: job.clone() });
        self.conclude_bad_setting(now, id, way, role, exit, &reason, out)
    }

    pub(super) fn on_part_due(&mut self, now: Timestamp, id: InstanceId, out: &mut Transition) {
        match self.state.part(id).map(|part| part.activity) {
            Some(Activity::Pausing(_, until)) if until <= now => {
                self.pausing.remove(&id);
                self.queue(id);
            }
            Some(Activity::Pausing(_, until)) => {
                out.plan(Effect::Timer { instance: id, at: until });
            }
            _ => {}
        }
    }

    /// Parts that wait for a time go on waiting.
    pub(super) fn reschedule_parts(&mut self, now: Timestamp) {
        let pausing: Vec<(InstanceId, Timestamp)> = self
            .state
            .all_parts()
            .filter_map(|(id, part)| match part.activity {
                Activity::Pausing(_, until) => Some((id, until)),
                _ => None,
            })
            .collect();
        for (id, until) in pausing {
            self.pausing.insert(id);
            if until <= now {
                self.queue(id);
            }
        }
    }

    /// What a job of a setting has achieved, and the value that it has read.
    pub(super) fn verdict_on_setting(
        &self,
        now: Timestamp,
        id: InstanceId,
        role: Role,
        end: &End,
        left: &Out,
    ) -> (Verdict, Option<serde_json::Value>) {
        match self.verdict(now, id, role, end, left) {
            Verdict::Good if role == Role::Get => {
                match self.evaluate.setting_value(&self.state, id, left) {
                    Ok(value) => (Verdict::Good, Some(value)),
                    Err(reason) => (Verdict::Bad { reason }, None),
                }
            }
            verdict => (verdict, None),
        }
    }

    /// Nothing of a job is left that had ended badly.
    pub(super) fn on_part_over(
        &mut self,
        now: Timestamp,
        job: &JobId,
        out: &mut Transition,
    ) -> Result<(), Unfit> {
        let Some(id) = self.state.find(&job.task) else { return Ok(()) };
        let Some(lingering) = self.lingering.get(&id).filter(|known| known.job == *job) else {
            return Ok(());
        };
        let exit = lingering.exit;
        self.lingering.remove(&id);
        out.plan(Effect::Forget { job: job.clone() });
        let Some(part) = self.state.part(id) else { return Ok(()) };
        let Activity::Judging(way, role) = part.activity else { return Ok(()) };
        let reason = part.reason.clone();
        let reason = reason.as_deref().unwrap_or("it ended badly");
        self.conclude_bad_setting(now, id, way, role, exit, reason, out)
    }

    #[expect(clippy::too_many_arguments, reason = "these are the facts of one end")]
    fn conclude_bad_setting(
        &mut self,
        now: Timestamp,
        id: InstanceId,
        way: Way,
        role: Role,
        exit: Option<i32>,
        reason: &str,
        out: &mut Transition,
    ) -> Result<(), Unfit> {
        self.running.remove(&id);
        let reason = in_words(role, reason);
        let (Some(shape), Some(part)) = (self.state.shape_of_setting(id), self.state.part(id))
        else {
            return Ok(());
        };
        let retry = match (way, role) {
            (_, Role::Get) => &shape.get,
            (Way::Set, _) => &shape.set,
            (Way::Restore, _) => &shape.restore,
        };
        if part.tries >= retry.attempts || !answers_to(retry, exit) {
            return self.fail_way(now, id, way, reason, out);
        }
        let until = later(now, delay(retry, part.tries));
        let reason = format!("{reason}; try {} of {}", part.tries + 1, retry.attempts);
        let task = self.state.job_name(id, way);
        self.note(now, Record::WaitUntil { task, until, reason }, out)?;
        self.wake(id, until, out);
        // Whoever closes does not wait for what would open again.
        self.state.restless.push(self.state.part(id).map_or(id, |part| part.owner));
        Ok(())
    }

    /// The value was read while the setting was opened: it is what it was, or what it is now.
    fn read_on_opening(
        &mut self,
        now: Timestamp,
        id: InstanceId,
        value: serde_json::Value,
        out: &mut Transition,
    ) -> Result<(), Unfit> {
        let Some(part) = self.state.part(id) else { return Ok(()) };
        let wanted = self.evaluate.setting_to(&self.state, id);
        if part.standing == SettingStanding::Changing {
            // Taking the old value for ours would start the work unprotected, and never put back what `get` does not show.
            let is_old = part.old.as_ref().is_some_and(|old| is_same(old, &value));
            if is_old && !wanted.is_ok_and(|wanted| is_same(&wanted, &value)) {
                let reason = format!("its `set` ended well, but the value is still {value}");
                return self.fail_way(now, id, Way::Set, reason, out);
            }
            return self.move_part(now, id, SettingStanding::InForce, Some(value), None, None, out);
        }
        let accepts = self.state.shape_of_setting(id).is_some_and(|shape| shape.accept_found);
        let commands = self.evaluate.command(&self.state, id, Role::Get).and_then(|get| {
            let restore = self.evaluate.restore_command(&self.state, id, &value)?;
            Ok(Box::new(SettingCommands { get, restore }))
        });
        let (wanted, commands) = match (wanted, commands) {
            (Ok(wanted), Ok(commands)) => (wanted, commands),
            (Err(error), _) | (_, Err(error)) => {
                return self.fail_way(now, id, Way::Set, error, out);
            }
        };
        if is_same(&value, &wanted) && !accepts {
            let reason = "the temporary value is in force already: somebody else has set it, or has not put it back"
                .to_owned();
            let state = SettingStanding::Idle;
            return self.move_part(now, id, state, Some(value), Some(commands), Some(reason), out);
        }
        let state = SettingStanding::Captured;
        self.move_part(now, id, state, Some(value), Some(commands), None, out)?;
        self.queue(id);
        Ok(())
    }

    /// The value was read while the setting was closed.
    fn read_on_closing(
        &mut self,
        now: Timestamp,
        id: InstanceId,
        value: serde_json::Value,
        out: &mut Transition,
    ) -> Result<(), Unfit> {
        let Some(part) = self.state.part(id) else { return Ok(()) };
        let is = |known: &Option<std::sync::Arc<serde_json::Value>>| {
            known.as_ref().is_some_and(|known| is_same(known, &value))
        };
        let wanted = self.may_close_now(part.owner);
        let (is_old, is_ours) = (is(&part.old), is(&part.in_force));
        let told = part.old.clone().map(|old| old.to_string()).unwrap_or_default();
        match part.standing {
            SettingStanding::InForce if is_old => {
                let reason = "it had been put back already".to_owned();
                let state = SettingStanding::Restored;
                self.move_part(now, id, state, Some(value), None, Some(reason), out)
            }
            SettingStanding::InForce if is_ours && !wanted => {
                let owner = part.owner;
                self.rest(now, id, Way::Restore, "it is needed again", out)?;
                self.release(owner);
                Ok(())
            }
            SettingStanding::InForce if is_ours && self.has_room() => {
                self.begin_setting_job(now, id, Way::Restore, Role::Restore, out)
            }
            SettingStanding::InForce if is_ours => {
                self.rest(now, id, Way::Restore, "no slot is free", out)?;
                self.queue(id);
                Ok(())
            }
            SettingStanding::InForce => {
                let reason = format!("somebody else has changed it: it is {value}, and was {told}");
                let state = SettingStanding::Drifted;
                self.move_part(now, id, state, Some(value), None, Some(reason), out)
            }
            _ if is_old => {
                let state = SettingStanding::Restored;
                self.move_part(now, id, state, Some(value), None, None, out)
            }
            _ => {
                let reason = format!("it was put back to {told}, and is {value}");
                self.fail_way(now, id, Way::Restore, reason, out)
            }
        }
    }

    /// What had ended is not concluded; the part begins anew where it stands.
    pub(super) fn rest(
        &mut self,
        now: Timestamp,
        id: InstanceId,
        way: Way,
        reason: &str,
        out: &mut Transition,
    ) -> Result<(), Unfit> {
        let record = Record::Judged {
            task: self.state.job_name(id, way),
            judgement: crate::core::record::Judgement::Again,
            state: None,
            reason: reason.to_owned(),
        };
        self.note(now, record, out)
    }
}

/// The next job that brings a part into force; what is half put back is put back first.
fn next_to_open(part: &Part) -> Option<NextJob> {
    match part.standing {
        SettingStanding::Idle | SettingStanding::Restored => Some((Way::Set, Role::Get)),
        SettingStanding::Captured => Some((Way::Set, Role::Set)),
        SettingStanding::Changing if part.changed => Some((Way::Set, Role::Get)),
        SettingStanding::Changing => Some((Way::Set, Role::Set)),
        SettingStanding::Restoring => next_to_close(part),
        SettingStanding::InForce | SettingStanding::Drifted | SettingStanding::WrittenOff => None,
    }
}

/// The next job that puts a part back. Before the value in force is known, and once it is being put back, any value is ours.
fn next_to_close(part: &Part) -> Option<NextJob> {
    match part.standing {
        SettingStanding::InForce => Some((Way::Restore, Role::Get)),
        SettingStanding::Restoring if part.changed => Some((Way::Restore, Role::Get)),
        SettingStanding::Changing | SettingStanding::Restoring => {
            Some((Way::Restore, Role::Restore))
        }
        _ => None,
    }
}
