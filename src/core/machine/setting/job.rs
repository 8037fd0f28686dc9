//! Jobs of settings: one at a time for each part, from its start to its end.
//!
//! Does not know what a value that was read means.

use jiff::Timestamp;

use super::next_to_open;
use crate::core::apply::Unfit;
use crate::core::evaluate::{Evaluate, Out};
use crate::core::job::{Command, End, JobId, Role};
use crate::core::machine::{Effect, Lingering, Machine, Transition};
use crate::core::record::{JobEnd, Outcome, Record, Verdict};
use crate::core::setting::{Activity, SettingCommands, SettingStanding, Way};
use crate::core::state::InstanceId;
use crate::spec::model;

impl<E: Evaluate> Machine<E> {
    /// Does the next thing about a part whose turn it is, unless nobody wants it any more.
    pub(in crate::core::machine) fn go_on_with_part(
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

    #[expect(clippy::too_many_arguments, reason = "these are the fields of one record")]
    pub(super) fn move_part(
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

    pub(super) fn begin_setting_job(
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
    pub(in crate::core::machine) fn fail_way(
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

    pub(in crate::core::machine) fn on_part_not_spawned(
        &mut self,
        now: Timestamp,
        job: &JobId,
        reason: &str,
        out: &mut Transition,
    ) -> Result<(), Unfit> {
        let Some((id, way, role)) = self.part_with(job) else { return Ok(()) };
        self.fate_is_known(id);
        let reason = format!("it could not be started: {reason}");
        self.note(now, Record::not_spawned(job, &reason), out)?;
        out.plan(Effect::Forget { job: job.clone() });
        self.conclude_bad_setting(now, id, way, role, None, &reason, out)
    }

    pub(in crate::core::machine) fn on_part_ended(
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

    pub(in crate::core::machine) fn on_part_due(
        &mut self,
        now: Timestamp,
        id: InstanceId,
        out: &mut Transition,
    ) {
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
    pub(in crate::core::machine) fn reschedule_parts(&mut self, now: Timestamp) {
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
    pub(in crate::core::machine) fn verdict_on_setting(
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
    pub(in crate::core::machine) fn on_part_over(
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

    /// What had ended is not concluded; the part begins anew where it stands.
    pub(in crate::core::machine) fn rest(
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
