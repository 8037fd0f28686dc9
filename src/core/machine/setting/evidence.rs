//! Settings on resume: what became of a job of one that an earlier executor had started, or that has lost its keeper.
//!
//! Draws no conclusions about the setting itself: whatever its value is by now, opening or closing goes on from where it stands.

use jiff::Timestamp;

use crate::core::apply::Unfit;
use crate::core::evaluate::{Evaluate, Out};
use crate::core::job::{JobId, Role};
use crate::core::machine::{Effect, Lingering, Machine, Transition};
use crate::core::record::{JobEnd, Record};
use crate::core::recover::{Evidence, Next, recover};
use crate::core::setting::{Activity, Way};
use crate::core::state::InstanceId;
use crate::spec::model;

impl<E: Evaluate> Machine<E> {
    /// Asks what became of a part's job.
    pub(in crate::core::machine) fn ask_after_part(
        &mut self,
        id: InstanceId,
        out: &mut Transition,
    ) {
        let Some(part) = self.state.part(id) else { return };
        let (way, role, executor) = match part.activity {
            Activity::Running(way, job) => (way, job.role, Some(job.executor)),
            Activity::Judging(way, role) => (way, role, None),
            _ => return,
        };
        let boots = &self.state.run().boots;
        let boot = executor.and_then(|executor| boots.get(executor as usize).cloned().flatten());
        let job = JobId { task: self.state.job_name(id, way), attempt: part.jobs(way) };
        let reads_stdout = self.evaluate.reads_stdout(&self.state, id, role);
        out.plan(Effect::Gather { job, reads_stdout, boot });
    }

    /// What was found out about a part's job.
    pub(in crate::core::machine) fn on_part_evidence(
        &mut self,
        now: Timestamp,
        job: &JobId,
        evidence: Evidence,
        left: &Out,
        out: &mut Transition,
    ) -> Result<(), Unfit> {
        let Some(id) = self.state.find(&job.task) else { return Ok(()) };
        let (Some(part), Some(way)) = (self.state.part(id), Way::of(&job.task)) else {
            return Ok(());
        };
        let activity = part.activity;
        // An answer that comes twice may be about the other way by now.
        let on = match activity {
            Activity::Running(on, _) | Activity::Judging(on, _) => on,
            _ => way,
        };
        if on != way || part.jobs(way) != job.attempt {
            return Ok(());
        }
        self.fate_is_known(id);
        match activity {
            Activity::Running(_, running) => {
                self.settle_started_part(now, id, job, running.role, evidence, left, out)
            }
            Activity::Judging(..) => self.settle_ended_part(now, id, job, &evidence, out),
            _ => Ok(()),
        }
    }

    #[expect(clippy::too_many_arguments, reason = "these are the facts of one row of the table")]
    fn settle_started_part(
        &mut self,
        now: Timestamp,
        id: InstanceId,
        job: &JobId,
        role: Role,
        evidence: Evidence,
        left: &Out,
        out: &mut Transition,
    ) -> Result<(), Unfit> {
        let effect =
            if role == Role::Get { model::Effect::Read } else { model::Effect::Idempotent };
        match (recover(role, effect, false, &evidence), evidence) {
            (Next::TakeOver, Evidence::Ended(end)) => {
                let (verdict, value) = self.verdict_on_setting(now, id, role, &end, left);
                if value.is_none() {
                    return self.on_part_ended(now, job, end, left, out);
                }
                // What was read while nobody looked after it may be something else by now.
                let JobId { task, attempt } = job.clone();
                let end = JobEnd::Ran(end);
                self.note(now, Record::JobEnded { task, attempt, end, verdict }, out)?;
                out.plan(Effect::Forget { job: job.clone() });
                self.begin_anew(now, id, job, "its value is read again", out)
            }
            (Next::TakeOver, Evidence::NotSpawned(reason)) => {
                self.on_part_not_spawned(now, job, &reason, out)
            }
            (_, Evidence::Orphaned { pid, command }) => {
                self.wait_for_orphan(now, id, pid, command, out)
            }
            (Next::Adopt | Next::TakeOver | Next::Wait, _) => {
                self.running.insert(id);
                Ok(())
            }
            (_, Evidence::NeverStarted) => {
                let reason = "its executor died before it could be started";
                self.note(now, Record::not_spawned(job, reason), out)?;
                self.begin_anew(now, id, job, reason, out)
            }
            (Next::Again | Next::Ask | Next::InDoubt, _) => {
                self.note(now, Record::job_lost(job), out)?;
                self.come_back(id);
                Ok(())
            }
        }
    }

    /// A job whose bad end is in the journal, but not what follows from it.
    fn settle_ended_part(
        &mut self,
        now: Timestamp,
        id: InstanceId,
        job: &JobId,
        evidence: &Evidence,
        out: &mut Transition,
    ) -> Result<(), Unfit> {
        let (alive, exit) = match evidence {
            Evidence::Running => (true, None),
            Evidence::Ended(end) => (!end.over, end.exit),
            Evidence::Orphaned { pid, command } => {
                return self.wait_for_orphan(now, id, *pid, command.clone(), out);
            }
            Evidence::Over | Evidence::NeverStarted | Evidence::NotSpawned(_) => (false, None),
        };
        if alive {
            self.running.insert(id);
            self.lingering.insert(id, Lingering { job: job.clone(), again: false, exit });
            return Ok(());
        }
        self.begin_anew(now, id, job, "nothing of its last job is left", out)
    }

    fn begin_anew(
        &mut self,
        now: Timestamp,
        id: InstanceId,
        job: &JobId,
        reason: &str,
        out: &mut Transition,
    ) -> Result<(), Unfit> {
        let way = Way::of(&job.task).unwrap_or(Way::Set);
        self.rest(now, id, way, reason, out)?;
        self.come_back(id);
        Ok(())
    }

    /// A part is looked at again: by whoever waits for it, or because it is to be closed.
    fn come_back(&mut self, id: InstanceId) {
        self.running.remove(&id);
        self.lingering.remove(&id);
        self.queue(id);
    }
}
