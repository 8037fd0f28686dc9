//! Resuming: what became of the jobs that an earlier executor started.

use jiff::{SignedDuration, Timestamp};

use super::{Effect, Lingering, Machine, Transition};
use crate::core::apply::Unfit;
use crate::core::evaluate::{Evaluate, Out};
use crate::core::job::{JobId, Role};
use crate::core::record::{Judgement, Record};
use crate::core::recover::{Evidence, Next, after_lost_end, recover};
use crate::core::state::{InstanceId, Knowledge, Phase};

/// How long it takes until a job that lives on without its keeper is asked after again.
const ORPHAN_POLL: SignedDuration = SignedDuration::from_secs(2);

impl<E: Evaluate> Machine<E> {
    /// Asks after every job whose end, or what follows from it, is not in the journal. Nothing starts before all answers are in.
    pub(super) fn ask_after_jobs(&mut self, out: &mut Transition) {
        let open: Vec<InstanceId> =
            self.instances_in_order()
                .filter(|&id| {
                    self.state.task(id).is_some_and(|task| {
                        matches!(task.phase, Phase::Running(_) | Phase::Judging(_))
                    }) || self.state.part(id).is_some_and(|part| part.activity.is_in_flight())
                })
                .collect();
        for id in open {
            self.unclear.insert(id);
            self.ask_after(id, out);
        }
    }

    pub(super) fn ask_after(&mut self, id: InstanceId, out: &mut Transition) {
        let Some(task) = self.state.task(id) else { return self.ask_after_part(id, out) };
        let role = match task.phase {
            Phase::Running(job) => job.role,
            Phase::Judging(role) => role,
            _ => return,
        };
        let job = self.job_id(id, task.jobs);
        let reads_stdout = self.evaluate.reads_stdout(&self.state, id, role);
        let boot = match task.phase {
            Phase::Running(job) => {
                self.state.run().boots.get(job.executor as usize).cloned().flatten()
            }
            _ => None,
        };
        out.plan(Effect::Gather { job, reads_stdout, boot });
    }

    /// What was found out about a job, because it was asked for or because its keeper has gone.
    pub(super) fn on_evidence(
        &mut self,
        now: Timestamp,
        job: &JobId,
        evidence: Evidence,
        left: &Out,
        out: &mut Transition,
    ) -> Result<(), Unfit> {
        let Some(id) = self.state.find(&job.task) else { return Ok(()) };
        if self.state.part(id).is_some() {
            return self.on_part_evidence(now, job, evidence, left, out);
        }
        let Some(task) = self.state.task(id).filter(|task| task.jobs == job.attempt) else {
            return Ok(());
        };
        let phase = task.phase;
        self.fate_is_known(id);
        match phase {
            Phase::Running(running) => {
                self.settle_started(now, id, job, running.role, evidence, left, out)
            }
            Phase::Judging(role) => self.settle_ended(now, id, job, role, &evidence, out),
            _ => Ok(()),
        }
    }

    #[expect(clippy::too_many_arguments, reason = "these are the facts of one row of the table")]
    fn settle_started(
        &mut self,
        now: Timestamp,
        id: InstanceId,
        job: &JobId,
        role: Role,
        evidence: Evidence,
        left: &Out,
        out: &mut Transition,
    ) -> Result<(), Unfit> {
        match (recover(role, self.effect(id), self.state.asks(id), &evidence), evidence) {
            (Next::TakeOver, Evidence::Ended(end)) => self.on_ended(now, job, end, left, out),
            (Next::TakeOver, Evidence::NotSpawned(reason)) => {
                self.on_not_spawned(now, job, &reason, out)
            }
            (_, Evidence::Orphaned { pid, command }) => {
                self.wait_for_orphan(now, id, pid, command, out)
            }
            (Next::Adopt | Next::TakeOver | Next::Wait, _) => {
                self.running.insert(id);
                Ok(())
            }
            (next, Evidence::NeverStarted) => {
                let reason = "its executor died before it could be started";
                self.note(now, Record::not_spawned(job, reason), out)?;
                self.conclude_lost(now, id, next, reason, out)
            }
            (next @ (Next::Again | Next::Ask | Next::InDoubt), _) => {
                self.note(now, Record::job_lost(job), out)?;
                self.conclude_lost(now, id, next, "its end is lost", out)
            }
        }
    }

    /// A job whose end is in the journal, but not what follows from it.
    fn settle_ended(
        &mut self,
        now: Timestamp,
        id: InstanceId,
        job: &JobId,
        role: Role,
        evidence: &Evidence,
        out: &mut Transition,
    ) -> Result<(), Unfit> {
        let (alive, exit) = match evidence {
            Evidence::Running => (true, self.state.task(id).and_then(|task| task.last_exit)),
            Evidence::Ended(end) => (!end.over, end.exit),
            Evidence::Orphaned { pid, command } => {
                return self.wait_for_orphan(now, id, *pid, command.clone(), out);
            }
            Evidence::Over | Evidence::NeverStarted | Evidence::NotSpawned(_) => (false, None),
        };
        if alive {
            // What has not come yet is asked for again when nothing is left of this ask, and that is no failure.
            let again = self.waits(id) && self.state.task(id).is_some_and(|task| task.again);
            self.running.insert(id);
            self.lingering.insert(id, Lingering { job: job.clone(), again, exit });
            return Ok(());
        }
        let Some(task) = self.state.task(id) else { return Ok(()) };
        let reason = task.reason.clone();
        let next = match task.knowledge {
            // A command that could not be started has failed, without doubt.
            Knowledge::NotBegun if role == Role::Action => Next::Again,
            _ => after_lost_end(role, self.effect(id), self.state.asks(id)),
        };
        self.conclude_lost(now, id, next, reason.as_deref().unwrap_or("it ended badly"), out)
    }

    fn conclude_lost(
        &mut self,
        now: Timestamp,
        id: InstanceId,
        next: Next,
        reason: &str,
        out: &mut Transition,
    ) -> Result<(), Unfit> {
        self.running.remove(&id);
        self.lingering.remove(&id);
        match next {
            Next::InDoubt => self.doubt(now, id, reason, out),
            Next::Ask => self.ask(now, id, reason.to_owned(), out),
            _ => {
                self.judge(now, id, Judgement::Again, None, reason.to_owned(), out)?;
                self.queue(id);
                Ok(())
            }
        }
    }

    pub(super) fn wait_for_orphan(
        &mut self,
        now: Timestamp,
        id: InstanceId,
        pid: u32,
        command: String,
        out: &mut Transition,
    ) -> Result<(), Unfit> {
        self.running.remove(&id);
        self.lingering.remove(&id);
        self.orphaned.insert(id);
        if let Some(task) = self.state.task(id)
            && task.orphan != Some(pid)
        {
            let attempt = task.jobs;
            let task = self.state.instance(id).id.clone();
            let command = command.clone();
            self.note(now, Record::JobOrphaned { task, attempt, pid, command }, out)?;
        }
        if let Some((job, known)) = self.state.last_job_of_part(id)
            && known != Some(pid)
        {
            let JobId { task, attempt } = job;
            self.note(now, Record::JobOrphaned { task, attempt, pid, command }, out)?;
        }
        out.plan(Effect::Timer {
            instance: id,
            at: now.checked_add(ORPHAN_POLL).unwrap_or(Timestamp::MAX),
        });
        Ok(())
    }
}
