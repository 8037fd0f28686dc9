//! [`State::apply`]: what each record changes.
//!
//! Decides nothing and evaluates nothing. What a record claims is checked once more here, so that neither a wrong decision nor a
//! foreign journal gets past: a record that does not fit is refused.

mod claim;
mod enter;
mod judge;
mod question;
mod resolve;
mod setting;
mod window;

pub(super) use self::enter::item_id;

use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;

use super::job::Role;
use super::record::{Closing, Item, JobEnd, Outcome, Record, StopReason, Verdict};
use super::state::{InstanceBody, InstanceId, Job, Knowledge, Phase, Proof, State, TaskState};
use crate::spec::model::Effect;

/// A record that does not fit what is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unfit {
    /// It speaks of a task that the plan does not have.
    UnknownTask(Arc<str>),
    /// It contradicts an earlier record.
    Contradiction {
        /// Of which task or run.
        subject: String,
        /// What is wrong.
        what: &'static str,
    },
}

impl fmt::Display for Unfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownTask(task) => write!(f, "the plan has no task `{task}`"),
            Self::Contradiction { subject, what } => write!(f, "`{subject}`: {what}"),
        }
    }
}

impl std::error::Error for Unfit {}

impl State {
    /// Takes one more fact, known since `at`.
    ///
    /// # Errors
    /// If the record does not fit what is known; the state is then unchanged.
    pub fn apply(&mut self, at: Timestamp, record: &Record) -> Result<(), Unfit> {
        if let Some(result) = self.apply_to_setting(at, record) {
            return result;
        }
        match record {
            Record::Opened(opened) => {
                check(self.run.opened.is_none(), "the run", "it was opened before")?;
                self.run.opened = Some(Arc::new(opened.as_ref().clone()));
                self.run.started = Some(at);
                self.run.boots.push(opened.by.boot.as_deref().map(Arc::from));
                self.enter(InstanceId::ROOT, &[Item::single()]);
                self.settle([InstanceId::ROOT]);
            }
            Record::Resumed { by, .. } => {
                check(!self.run.closed, "the run", "it is closed")?;
                self.run.resumes += 1;
                self.run.boots.push(by.boot.as_deref().map(Arc::from));
                self.run.stopped = None;
                self.run.ended = None;
                self.claims.denied.clear();
                self.windows.clear();
                self.grant_fresh_attempts();
                self.grant_fresh_attempts_to_settings();
                self.settle_everything();
            }
            Record::Stopped { why, .. } => {
                self.run.stopped = Some(*why);
                self.run.ended = Some(at);
                if *why == StopReason::Abandoned {
                    self.touched_tasks().for_each(TaskState::break_off_repair);
                    self.settle_everything();
                }
            }
            Record::Closed { outcome } => {
                let abandoned = *outcome == Closing::Abandoned;
                let may_close = if abandoned {
                    self.run.stopped == Some(StopReason::Abandoned) && self.may_be_abandoned()
                } else {
                    self.is_complete()
                };
                check(may_close, "the run", "it is closed although something in it is open")?;
                let free = self.claims.held.is_empty();
                check(free, "the run", "it is closed although it holds a lock")?;
                self.run.closed = true;
                self.run.abandoned = abandoned;
                self.run.ended = Some(at);
            }
            Record::ItemsFrozen { task, items } => {
                let id = self.known(task)?;
                let group = self
                    .group(id)
                    .ok_or_else(|| contradiction(task, "it has items but is not a group"))?;
                check(
                    group.items.is_none() && group.ended.is_none(),
                    task,
                    "its items were frozen before",
                )?;
                self.enter(id, items);
                self.mark_begun(id);
                self.settle([id]);
            }
            Record::Claimed { task, locks, token } => self.claimed(at, task, locks, token)?,
            Record::Denied { task, by } => self.denied(task, by)?,
            Record::Released { task, token } => self.released(task, token)?,
            Record::ClaimLost { task, names } => self.claim_lost(task, names)?,
            Record::JobStarting { task, attempt, role, effect, digest, .. } => {
                self.start_job(
                    at,
                    task,
                    Job {
                        attempt: *attempt,
                        role: *role,
                        since: at,
                        executor: count(self.run.boots.len().saturating_sub(1)),
                    },
                    *effect,
                    digest,
                )?;
            }
            Record::JobEnded { task, attempt, end, verdict } => {
                self.end_job(task, *attempt, end, verdict)?;
            }
            Record::JobLost { task, attempt } => {
                let (id, job) = self.running(task, *attempt)?;
                let state = self.task_mut(id).expect("a running job belongs to a task");
                state.phase = Phase::Judging(job.role);
                state.orphan = None;
                state.streak = 0;
                state.reason = Some(Arc::from("its end is lost"));
            }
            Record::JobOrphaned { task, attempt, pid, command } => {
                let id = self.known(task)?;
                let state = self
                    .task_mut(id)
                    .ok_or_else(|| contradiction(task, "it has a job but is not a task"))?;
                let in_flight = matches!(state.phase, Phase::Running(_) | Phase::Judging(_));
                check(in_flight && state.jobs == *attempt, task, "no such job of it is in flight")?;
                check(state.orphan != Some(*pid), task, "that process is known already")?;
                state.orphan = Some(*pid);
                state.reason = Some(
                    format!("its keeper has gone, and process {pid} of it lives: {command}").into(),
                );
            }
            Record::Judged { task, judgement, state, reason } => {
                let id = self.known(task)?;
                let asks = self.asks(id);
                let known = self
                    .task_mut(id)
                    .ok_or_else(|| contradiction(task, "it is judged but is not a task"))?;
                known.judge(at, task, *judgement, state.as_ref(), asks)?;
                known.reason = Some(Arc::from(reason.as_str()));
                self.settle([id]);
            }
            Record::OutputsKept { task, outputs } => {
                let id = self.known(task)?;
                let state = self
                    .task_mut(id)
                    .ok_or_else(|| contradiction(task, "it has outputs but is not a task"))?;
                check(
                    matches!(state.knowledge, Knowledge::Done(_)),
                    task,
                    "it has outputs although it is not done",
                )?;
                state.outputs = Some(outputs.clone());
            }
            Record::WaitUntil { task, until, reason } => {
                self.wait_until(at, task, *until, reason)?;
            }
            Record::WindowAwaited { task, window, until } => {
                self.window_awaited(task, window, *until)?;
            }
            Record::Asked { task, question } => self.asked(at, task, question)?,
            Record::Answered { task, by, answer } => self.answered(at, task, by, answer)?,
            Record::TaskEnded { task, outcome, reason } => {
                self.end_task(at, task, *outcome, reason.as_deref())?;
            }
            Record::SettingMoved { task, .. } => return Err(Unfit::UnknownTask(task.clone())),
            Record::Resolved { task, decision, because, outputs, .. } => {
                self.resolve(at, task, *decision, because, outputs.as_ref())?;
                self.settle_everything();
            }
        }
        Ok(())
    }

    fn wait_until(
        &mut self,
        at: Timestamp,
        task: &Arc<str>,
        until: Timestamp,
        reason: &str,
    ) -> Result<(), Unfit> {
        let id = self.known(task)?;
        let state =
            self.task_mut(id).ok_or_else(|| contradiction(task, "it waits but is not a task"))?;
        // What it does is not asked: a runbook that was changed since may do something else there.
        let sleeps = state.phase == Phase::Waiting;
        state.phase = match state.phase {
            Phase::Judging(role) => Phase::Pausing(role, until),
            Phase::Waiting => Phase::Sleeping(until),
            _ => {
                let what = "it waits although nothing of it has just ended";
                return Err(contradiction(task, what));
            }
        };
        state.reason = Some(Arc::from(reason));
        if sleeps {
            state.started.get_or_insert(at);
            self.mark_begun(id);
            self.mark_started(id);
        }
        Ok(())
    }

    fn known(&self, task: &Arc<str>) -> Result<InstanceId, Unfit> {
        self.find(task).ok_or_else(|| Unfit::UnknownTask(task.clone()))
    }

    fn running(&self, task: &Arc<str>, attempt: u32) -> Result<(InstanceId, Job), Unfit> {
        let id = self.known(task)?;
        match self.task(id).map(|state| state.phase) {
            Some(Phase::Running(job)) if job.attempt == attempt => Ok((id, job)),
            _ => Err(contradiction(task, "a job of it has ended that was not running")),
        }
    }

    fn start_job(
        &mut self,
        at: Timestamp,
        task: &Arc<str>,
        job: Job,
        effect: Effect,
        digest: &str,
    ) -> Result<(), Unfit> {
        let id = self.known(task)?;
        let shape = self.graph.task(self.instance(id).node);
        let declared = shape.map(|task| task.effect);
        let waits = shape.is_some_and(|task| task.wait.is_some());
        let asks = self.asks(id);
        let state = self
            .task_mut(id)
            .ok_or_else(|| contradiction(task, "a job is started for it but it is not a task"))?;
        check(job.attempt == state.jobs + 1, task, "its jobs are not numbered in a row")?;
        match (job.role, state.phase) {
            (Role::Action, Phase::Waiting | Phase::Pausing(Role::Action, _)) => {
                let once = effect == Effect::Once || declared == Some(Effect::Once);
                check(
                    !once || state.knowledge == Knowledge::NotBegun,
                    task,
                    "its action is `once` and may have happened",
                )?;
                check(!matches!(state.knowledge, Knowledge::Done(_)), task, "its action is done")?;
                check(!asks || state.inquiry.cleared, task, "its probe was not asked just before")?;
                if state.knowledge == Knowledge::NotBegun {
                    state.knowledge = Knowledge::Maybe(job.attempt);
                }
                if waits {
                    state.asking_since.get_or_insert(at);
                }
                state.attempts += 1;
            }
            (
                Role::Probe,
                Phase::Waiting | Phase::Asking | Phase::Pausing(Role::Action | Role::Probe, _),
            ) => {
                check(!matches!(state.knowledge, Knowledge::Done(_)), task, "its action is done")?;
                state.inquiry.attempt = Some(job.attempt);
            }
            (
                Role::Repair { .. },
                Phase::Repairing(..) | Phase::Pausing(Role::Repair { .. }, _),
            ) => {
                let repair = state
                    .inquiry
                    .repair
                    .as_mut()
                    .ok_or_else(|| contradiction(task, "no repair of it has begun"))?;
                repair.by_hand = None;
                if effect == Effect::Once {
                    repair.once.get_or_insert(job.attempt);
                }
            }
            (Role::Verify(_), Phase::Verifying(_) | Phase::Pausing(Role::Verify(_), _)) => {
                check(
                    matches!(state.knowledge, Knowledge::Done(_)),
                    task,
                    "it is verified although it is not done",
                )?;
            }
            _ => return Err(contradiction(task, "a job of it is started out of turn")),
        }
        state.jobs = job.attempt;
        match job.role {
            Role::Action | Role::Verify(_) => state.tries += 1,
            Role::Repair { .. } => state.inquiry.mends += 1,
            Role::Probe | Role::Get | Role::Set | Role::Restore => {}
        }
        state.inquiry.cleared = false;
        state.phase = Phase::Running(job);
        state.reason = None;
        if job.role == Role::Action {
            state.digest = Some(Arc::from(digest));
        }
        state.started.get_or_insert(at);
        self.mark_begun(id);
        self.mark_started(id);
        Ok(())
    }

    fn end_job(
        &mut self,
        task: &Arc<str>,
        attempt: u32,
        end: &JobEnd,
        verdict: &Verdict,
    ) -> Result<(), Unfit> {
        let (id, job) = self.running(task, attempt)?;
        let state = self.task_mut(id).expect("a running job belongs to a task");
        state.orphan = None;
        state.again = matches!(verdict, Verdict::Repeat { .. });
        state.last_exit = match end {
            JobEnd::Ran(end) => end.exit,
            JobEnd::NotSpawned { .. } => None,
        };
        if let (Role::Action, JobEnd::Ran(end)) = (job.role, end) {
            state.exit = end.exit;
        }
        match (verdict, job.role) {
            (Verdict::Good | Verdict::Overdue { .. }, Role::Action) => {
                state.knowledge = Knowledge::Done(Proof::Exit(attempt));
                state.phase = Phase::Verifying(0);
                state.tries = 0;
                if let Verdict::Overdue { reason } = verdict {
                    state.reason = Some(Arc::from(reason.as_str()));
                }
            }
            (Verdict::Overdue { .. }, _) => {
                return Err(contradiction(task, "such a job does not wait for anything"));
            }
            (Verdict::Good, Role::Verify(number)) => {
                state.phase = Phase::Verifying(number + 1);
                state.tries = 0;
            }
            (Verdict::Good, Role::Probe) => state.phase = Phase::Judging(Role::Probe),
            (Verdict::Good, Role::Repair { state: of, action }) => {
                state.phase = Phase::Repairing(of, action + 1);
                state.inquiry.mends = 0;
            }
            (Verdict::Good, Role::Get | Role::Set | Role::Restore) => {
                return Err(contradiction(task, "such a job is a setting's"));
            }
            (Verdict::Repeat { held }, role) => {
                state.rounds += 1;
                state.streak = if *held { state.streak + 1 } else { 0 };
                state.tries = 0;
                state.phase = Phase::Judging(role);
            }
            (Verdict::Bad { reason }, role) => {
                if matches!(end, JobEnd::NotSpawned { .. }) {
                    state.forget_start(role, attempt);
                }
                state.streak = 0;
                state.phase = Phase::Judging(role);
                state.reason = Some(Arc::from(reason.as_str()));
            }
        }
        Ok(())
    }

    fn end_task(
        &mut self,
        at: Timestamp,
        task: &Arc<str>,
        outcome: Outcome,
        reason: Option<&str>,
    ) -> Result<(), Unfit> {
        let id = self.known(task)?;
        match &mut self.instances[id.index()].body {
            InstanceBody::Group(group) => {
                check(
                    group.items.is_none() && group.ended.is_none(),
                    task,
                    "the group ends although it was entered",
                )?;
                group.ended = Some(outcome);
                group.reason = reason.map(Arc::from);
            }
            InstanceBody::Task(state) => {
                check(
                    !matches!(state.phase, Phase::Ended(_) | Phase::InDoubt | Phase::Running(_)),
                    task,
                    "it ends although it has ended, runs or is in doubt",
                )?;
                let settled = !matches!(state.knowledge, Knowledge::Maybe(_));
                check(
                    outcome != Outcome::Skipped || settled,
                    task,
                    "it is skipped although it was started",
                )?;
                state.phase = Phase::Ended(outcome);
                state.question = None;
                state.reason = reason.map(Arc::from);
                state.ended = Some(at);
            }
            InstanceBody::Setting(_) | InstanceBody::Part(_) => {
                return Err(contradiction(task, "a setting is neither a task nor a group"));
            }
        }
        // That an item may begin is not its beginning.
        if outcome != Outcome::Succeeded || !self.is_approval(id) {
            self.mark_begun(id);
        }
        self.settle([id]);
        Ok(())
    }

    /// Whether a task's probe is asked before a start and in doubt.
    pub(super) fn asks(&self, id: InstanceId) -> bool {
        self.graph.task(self.instance(id).node).is_some_and(crate::plan::graph::Task::asks)
    }

    /// The tasks to which something has happened.
    fn touched_tasks(&mut self) -> impl Iterator<Item = &mut TaskState> {
        self.instances.iter_mut().filter_map(|instance| match &mut instance.body {
            InstanceBody::Task(state) => state.touched(),
            InstanceBody::Group(_) | InstanceBody::Setting(_) | InstanceBody::Part(_) => None,
        })
    }

    fn grant_fresh_attempts(&mut self) {
        let graph = self.graph.clone();
        for instance in &mut self.instances {
            match &mut instance.body {
                InstanceBody::Task(state) => {
                    let asks =
                        graph.task(instance.node).is_some_and(crate::plan::graph::Task::asks);
                    if let Some(state) = state.touched() {
                        state.grant_fresh_attempts(asks);
                    }
                }
                InstanceBody::Group(group) if group.ended == Some(Outcome::Failed) => {
                    group.ended = None;
                    group.reason = None;
                }
                InstanceBody::Group(_) | InstanceBody::Setting(_) | InstanceBody::Part(_) => {}
            }
        }
    }
}

fn count(length: usize) -> u32 {
    u32::try_from(length).expect("a run has fewer than four thousand million tasks")
}

fn check(fits: bool, subject: &str, what: &'static str) -> Result<(), Unfit> {
    if fits { Ok(()) } else { Err(contradiction(subject, what)) }
}

fn contradiction(subject: &str, what: &'static str) -> Unfit {
    Unfit::Contradiction { subject: subject.to_owned(), what }
}
