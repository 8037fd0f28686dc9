//! Ending: what a job's end says, whether it is tried again, what is verified, and when a task is done.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::probe::unknown;
use super::{Effect, Failing, Lingering, Machine, Transition};
use crate::core::apply::Unfit;
use crate::core::evaluate::{Evaluate, Out};
use crate::core::job::{End, JobId, Role};
use crate::core::record::{JobEnd, Judgement, Outcome, Record, Verdict};
use crate::core::state::{InstanceId, Job, Knowledge, Phase, Proof};
use crate::spec::model::{self, Retry};

/// A job of ours that an input speaks of.
pub(super) struct Current {
    pub(super) id: InstanceId,
    pub(super) job: Job,
}

impl<E: Evaluate> Machine<E> {
    /// The task whose running job that is; none for a job that is not ours or whose end is known already.
    pub(super) fn current(&self, job: &JobId) -> Option<Current> {
        let id = self.state.find(&job.task)?;
        match self.state.task(id)?.phase {
            Phase::Running(running) if running.attempt == job.attempt => {
                Some(Current { id, job: running })
            }
            _ => None,
        }
    }

    /// The fate of a task's job is known: it need not be asked after any more.
    pub(super) fn fate_is_known(&mut self, id: InstanceId) {
        self.unclear.remove(&id);
        self.orphaned.remove(&id);
    }

    pub(super) fn on_not_spawned(
        &mut self,
        now: Timestamp,
        job: &JobId,
        reason: &str,
        out: &mut Transition,
    ) -> Result<(), Unfit> {
        let Some(current) = self.current(job) else {
            return self.on_part_not_spawned(now, job, reason, out);
        };
        self.fate_is_known(current.id);
        let unborn = format!("could not be started: {reason}");
        let reason = format!("it {unborn}");
        self.note(now, Record::not_spawned(job, &reason), out)?;
        out.plan(Effect::Forget { job: job.clone() });
        self.running.remove(&current.id);
        if self.try_again(now, current.id, current.job.role, None, &reason, out)? {
            return Ok(());
        }
        match current.job.role {
            Role::Probe => {
                let reason = unknown(&in_words(Role::Probe, &unborn));
                self.judge(now, current.id, Judgement::InDoubt, None, reason, out)
            }
            role @ Role::Repair { .. } => self.ask(now, current.id, in_words(role, &unborn), out),
            _ => self.end(now, current.id, Outcome::Failed, Some(reason), out),
        }
    }

    pub(super) fn on_ended(
        &mut self,
        now: Timestamp,
        job: &JobId,
        end: End,
        left: &Out,
        out: &mut Transition,
    ) -> Result<(), Unfit> {
        let Some(Current { id, job: Job { role, .. } }) = self.current(job) else {
            return self.on_part_ended(now, job, end, left, out);
        };
        self.fate_is_known(id);
        let verdict = self.verdict(now, id, role, &end, left);
        let (over, exit) = (end.over, end.exit);
        let record = Record::JobEnded {
            task: job.task.clone(),
            attempt: job.attempt,
            end: JobEnd::Ran(end),
            verdict: verdict.clone(),
        };
        self.note(now, record, out)?;
        match verdict {
            Verdict::Good | Verdict::Overdue { .. } => {
                out.plan(Effect::Forget { job: job.clone() });
                self.running.remove(&id);
                match role {
                    Role::Action => self.keep_outputs(now, id, left, out),
                    Role::Verify(_) => self.go_on_after_action(now, id, out),
                    Role::Probe => self.read_probe(now, id, left, out),
                    Role::Repair { state, action } => {
                        self.go_on_repairing(now, id, state, action + 1, out)
                    }
                    // These are not a task's.
                    Role::Get | Role::Set | Role::Restore => Ok(()),
                }
            }
            Verdict::Repeat { .. } if self.waits(id) => {
                if over {
                    return self.ask_later(now, id, job, out);
                }
                self.running.insert(id);
                self.lingering.insert(id, Lingering { job: job.clone(), again: true, exit });
                Ok(())
            }
            Verdict::Repeat { .. } => {
                out.plan(Effect::Forget { job: job.clone() });
                self.running.remove(&id);
                let every = self.shape(id).and_then(|task| task.repeat).map(|repeat| repeat.every);
                let reason = "it is repeated until its `until` holds".to_owned();
                self.pause(now, id, later(now, every.unwrap_or_default()), reason, out)
            }
            Verdict::Bad { .. } if !over => {
                self.running.insert(id);
                self.lingering.insert(id, Lingering { job: job.clone(), again: false, exit });
                Ok(())
            }
            Verdict::Bad { reason } => {
                out.plan(Effect::Forget { job: job.clone() });
                self.conclude_bad_end(now, id, role, exit, &reason, out)
            }
        }
    }

    /// Nothing of a job is left that had ended badly: now it may be judged.
    pub(super) fn on_over(
        &mut self,
        now: Timestamp,
        job: &JobId,
        out: &mut Transition,
    ) -> Result<(), Unfit> {
        let Some(id) = self.state.find(&job.task) else { return Ok(()) };
        let Some(lingering) = self.lingering.get(&id).filter(|known| known.job == *job) else {
            return Ok(());
        };
        if self.state.part(id).is_some() {
            return self.on_part_over(now, job, out);
        }
        let (exit, again) = (lingering.exit, lingering.again);
        self.lingering.remove(&id);
        if again {
            return self.ask_later(now, id, job, out);
        }
        out.plan(Effect::Forget { job: job.clone() });
        let Some(task) = self.state.task(id) else { return Ok(()) };
        let Phase::Judging(role) = task.phase else { return Ok(()) };
        let reason = task.reason.clone();
        self.conclude_bad_end(
            now,
            id,
            role,
            exit,
            reason.as_deref().unwrap_or("it ended badly"),
            out,
        )
    }

    pub(super) fn verdict(
        &self,
        now: Timestamp,
        id: InstanceId,
        role: Role,
        end: &End,
        left: &Out,
    ) -> Verdict {
        let waits = role == Role::Action && self.waits(id);
        if waits && end.timed_out {
            return self.verdict_of_ask(now, id, end.over);
        }
        if end.timed_out || end.killed {
            return Verdict::Bad { reason: end.to_string() };
        }
        match self.evaluate.success(&self.state, id, role, left) {
            Ok(false) if waits => self.verdict_of_ask(now, id, end.over),
            Err(error) if waits => {
                Verdict::Bad { reason: format!("it {end}, and `met` cannot be evaluated: {error}") }
            }
            Ok(true) if role == Role::Action => self.verdict_of_round(id, left),
            Ok(true) => Verdict::Good,
            Ok(false) if end.exit == Some(0) => {
                Verdict::Bad { reason: format!("{end}, and its `success` does not hold") }
            }
            Ok(false) => Verdict::Bad { reason: end.to_string() },
            Err(error) => Verdict::Bad {
                reason: format!("it {end}, and `success` cannot be evaluated: {error}"),
            },
        }
    }

    /// An action that is repeated is done when `until` has held often enough in a row.
    fn verdict_of_round(&self, id: InstanceId, left: &Out) -> Verdict {
        let (Some(repeat), Some(task)) =
            (self.shape(id).and_then(|task| task.repeat), self.state.task(id))
        else {
            return Verdict::Good;
        };
        let held = match self.evaluate.until(&self.state, id, left) {
            Ok(held) => held,
            Err(error) => {
                return Verdict::Bad { reason: format!("`until` cannot be evaluated: {error}") };
            }
        };
        let (round, streak) = (task.rounds + 1, if held { task.streak + 1 } else { 0 });
        if streak >= repeat.consecutive {
            Verdict::Good
        } else if repeat.max.is_some_and(|max| round >= max) {
            let reason = format!("its `until` has not held often enough in {round} rounds");
            Verdict::Bad { reason }
        } else {
            Verdict::Repeat { held }
        }
    }

    fn conclude_bad_end(
        &mut self,
        now: Timestamp,
        id: InstanceId,
        role: Role,
        exit: Option<i32>,
        reason: &str,
        out: &mut Transition,
    ) -> Result<(), Unfit> {
        self.running.remove(&id);
        let reason = in_words(role, reason);
        match role {
            Role::Action if self.state.asks(id) => {
                self.failing.insert(id, Failing { exit, reason: reason.clone() });
                self.ask(now, id, reason, out)
            }
            Role::Action if self.effect(id) == model::Effect::Once => {
                self.doubt(now, id, &reason, out)
            }
            Role::Probe => self.judge(now, id, Judgement::InDoubt, None, unknown(&reason), out),
            _ if self.try_again(now, id, role, exit, &reason, out)? => Ok(()),
            Role::Repair { .. } => self.ask(now, id, reason, out),
            _ => self.end(now, id, Outcome::Failed, Some(reason), out),
        }
    }

    /// A doubt about which nobody can be asked but the operator.
    pub(super) fn doubt(
        &mut self,
        now: Timestamp,
        id: InstanceId,
        reason: &str,
        out: &mut Transition,
    ) -> Result<(), Unfit> {
        let reason = format!("{reason}; nothing says whether its effect has happened");
        self.judge(now, id, Judgement::InDoubt, None, reason, out)
    }

    /// Lets a job that ended badly be tried again later, if its `retry` has tries left.
    fn try_again(
        &mut self,
        now: Timestamp,
        id: InstanceId,
        role: Role,
        exit: Option<i32>,
        reason: &str,
        out: &mut Transition,
    ) -> Result<bool, Unfit> {
        let Some((until, reason)) = self.next_try(now, id, role, exit, reason) else {
            return Ok(false);
        };
        self.pause(now, id, until, reason, out)?;
        Ok(true)
    }

    /// When a job that ended badly may be tried again, if its `retry` has tries left, and why in words.
    pub(super) fn next_try(
        &self,
        now: Timestamp,
        id: InstanceId,
        role: Role,
        exit: Option<i32>,
        reason: &str,
    ) -> Option<(Timestamp, String)> {
        let (task, known) = (self.shape(id)?, self.state.task(id)?);
        let (retry, tries) = match role {
            Role::Action => (&task.retry, known.tries),
            Role::Verify(number) => (task.verify.get(number as usize)?, known.tries),
            Role::Probe | Role::Get | Role::Set | Role::Restore => return None,
            Role::Repair { state, action } => {
                let interrupted = known.inquiry.repair.as_ref().is_none_or(|r| r.interrupted);
                let mend = self.mend(id, state, action)?;
                if interrupted || mend.effect == model::Effect::Once {
                    return None;
                }
                (&mend.retry, known.inquiry.mends)
            }
        };
        let overdue = role == Role::Action && self.is_overdue(now, id);
        if tries >= retry.attempts || !answers_to(retry, exit) || overdue {
            return None;
        }
        let reason = format!("{reason}; try {} of {}", tries + 1, retry.attempts);
        Some((later(now, delay(retry, tries)), reason))
    }

    /// Lets a task go on no earlier than at that time.
    pub(super) fn pause(
        &mut self,
        now: Timestamp,
        id: InstanceId,
        until: Timestamp,
        reason: String,
        out: &mut Transition,
    ) -> Result<(), Unfit> {
        let task = self.state.instance(id).id.clone();
        self.note(now, Record::WaitUntil { task, until, reason }, out)?;
        self.wake(id, until, out);
        Ok(())
    }

    /// Asks to be told when a task's pause is over.
    pub(super) fn wake(&mut self, id: InstanceId, until: Timestamp, out: &mut Transition) {
        self.pausing.insert(id);
        out.plan(Effect::Timer { instance: id, at: until });
    }

    pub(super) fn on_due(
        &mut self,
        now: Timestamp,
        id: InstanceId,
        out: &mut Transition,
    ) -> Result<(), Unfit> {
        match self.state.task(id).map(|task| task.phase) {
            _ if id == InstanceId::ROOT => self.poll_claims(now, out),
            Some(Phase::Pausing(_, until) | Phase::Sleeping(until)) if until <= now => {
                self.queue(id);
            }
            Some(Phase::Pausing(_, until) | Phase::Sleeping(until)) => {
                out.plan(Effect::Timer { instance: id, at: until });
            }
            Some(Phase::Waiting) if self.window_due(now, id, out) => {}
            Some(Phase::Awaiting) => self.question_due(now, id, out)?,
            _ if self.orphaned.contains(&id) => self.ask_after(id, out),
            _ => self.on_part_due(now, id, out),
        }
        Ok(())
    }

    /// Keeps the outputs of a task whose effect has happened: what `left` holds was printed by the job that proves it.
    pub(super) fn keep_outputs(
        &mut self,
        now: Timestamp,
        id: InstanceId,
        left: &Out,
        out: &mut Transition,
    ) -> Result<(), Unfit> {
        if self.declares_outputs(id) {
            let role = match self.state.task(id).map(|task| task.knowledge) {
                Some(Knowledge::Done(Proof::Probe(_))) => Role::Probe,
                _ => Role::Action,
            };
            match self.evaluate.outputs(&self.state, id, role, left) {
                Ok(outputs) => {
                    let task = self.state.instance(id).id.clone();
                    self.note(now, Record::OutputsKept { task, outputs: outputs.into() }, out)?;
                }
                Err(error) => {
                    return self.end(
                        now,
                        id,
                        Outcome::Failed,
                        Some(format!("`outputs`: {error}")),
                        out,
                    );
                }
            }
        }
        self.go_on_after_action(now, id, out)
    }

    /// Reads outputs that are still missing, verifies what is still to be verified, and ends the task after the last.
    pub(super) fn go_on_after_action(
        &mut self,
        now: Timestamp,
        id: InstanceId,
        out: &mut Transition,
    ) -> Result<(), Unfit> {
        let Some(task) = self.state.task(id) else { return Ok(()) };
        let Phase::Verifying(number) = task.phase else { return Ok(()) };
        if let (Knowledge::Done(Proof::Exit(attempt) | Proof::Probe(attempt)), None, true) =
            (task.knowledge, &task.outputs, self.declares_outputs(id))
        {
            self.running.insert(id);
            out.plan(Effect::Read { job: self.job_id(id, attempt) });
            return Ok(());
        }
        let checks = self
            .state
            .graph()
            .task(self.state.instance(id).node)
            .map_or(0, |task| task.verify.len());
        if (number as usize) >= checks {
            let reason = task.reason.as_deref().filter(|_| self.waits(id)).map(str::to_owned);
            return self.end(now, id, Outcome::Succeeded, reason, out);
        }
        if self.is_stopped() {
            return Ok(());
        }
        if !self.has_room() {
            self.queue(id);
            return Ok(());
        }
        if !self.passes_settings(now, id, Role::Verify(number), out)? {
            return Ok(());
        }
        self.begin_job(now, id, Role::Verify(number), out)
    }

    pub(super) fn on_read(
        &mut self,
        now: Timestamp,
        job: &JobId,
        left: &Out,
        out: &mut Transition,
    ) -> Result<(), Unfit> {
        let Some(id) = self.state.find(&job.task) else { return Ok(()) };
        let waits = self.state.task(id).is_some_and(|task| {
            matches!(task.phase, Phase::Verifying(_))
                && task.outputs.is_none()
                && [Proof::Exit(job.attempt), Proof::Probe(job.attempt)]
                    .iter()
                    .any(|&proof| task.knowledge == Knowledge::Done(proof))
        });
        if !waits || !self.running.remove(&id) {
            return Ok(());
        }
        self.keep_outputs(now, id, left, out)
    }

    fn declares_outputs(&self, id: InstanceId) -> bool {
        self.state.graph().task(self.state.instance(id).node).is_some_and(|task| task.outputs)
    }
}

/// Whether a retry is meant for that end.
pub(super) fn answers_to(retry: &Retry, exit: Option<i32>) -> bool {
    retry.on_exit.is_empty() || exit.is_some_and(|code| retry.on_exit.contains(&code))
}

/// The pause after that many tries.
pub(super) fn delay(retry: &Retry, tries: u32) -> Duration {
    let longest = retry.max_delay.unwrap_or(Duration::MAX);
    let factor =
        retry.backoff.max(1.0).powi(i32::try_from(tries.saturating_sub(1)).unwrap_or(i32::MAX));
    let seconds = retry.delay.as_secs_f64() * factor;
    Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX).min(longest)
}

/// A bad end, with what it was the end of.
pub(super) fn in_words(role: Role, reason: &str) -> String {
    match role {
        Role::Action => reason.to_owned(),
        Role::Verify(number) => format!("verification {} {reason}", number + 1),
        Role::Probe => format!("its probe {reason}"),
        Role::Repair { action, .. } => format!("action {} of its repair {reason}", action + 1),
        Role::Get => format!("reading its value {reason}"),
        Role::Set => format!("changing it {reason}"),
        Role::Restore => format!("putting it back {reason}"),
    }
}

pub(super) fn later(now: Timestamp, by: Duration) -> Timestamp {
    SignedDuration::try_from(by)
        .ok()
        .and_then(|by| now.checked_add(by).ok())
        .unwrap_or(Timestamp::MAX)
}
