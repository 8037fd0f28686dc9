//! Whether a record may follow, one kind of record after the other.
//!
//! Looks at what was known before the record is applied.

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Value, json};
use windlass::core::job::{JobId, Role};
use windlass::core::question::QuestionKind;
use windlass::core::record::{Decision, JobEnd, Judgement, Outcome, Record, StopReason, Verdict};
use windlass::core::setting::Way;
use windlass::core::state::{InstanceId, Knowledge, Phase, Proof, Settled};
use windlass::plan::graph::{NodeBody, Work};
use windlass::spec::model::Effect;

use super::{Promise, Watch, ensure};
use crate::debts::Debts;
use crate::questions;
use crate::standing::Opinion;
use crate::waits;
use crate::windows;
use crate::world::{Cell, World, time};

impl Watch {
    pub(super) fn judge(
        &mut self,
        now: i64,
        record: &Record,
        world: &World,
        orphaned: &BTreeSet<InstanceId>,
    ) -> Promise {
        ensure(!self.state.run().closed, || "a record after the last".to_owned())?;
        let of_setting = record
            .subject()
            .and_then(|subject| self.state.find(subject))
            .filter(|&id| self.state.is_of_setting(id));
        if let Some(id) = of_setting {
            if let Record::JobStarting { task, .. } = record {
                self.check_slots(id, orphaned)?;
                // What is put back is put back wherever it is.
                if Way::of(task) == Some(Way::Set) {
                    self.note_inside(id);
                    self.check_parallel()?;
                }
            }
            return self.debts.judge(now, &self.state, id, record, world);
        }
        match record {
            Record::JobStarting { task, attempt, role, effect, .. } => {
                let id = self.task(task)?;
                self.check_slots(id, orphaned)?;
                self.judge_start(now, id, *attempt, (*role, *effect), world)
            }
            Record::ItemsFrozen { task, .. } => {
                let id = self.task(task)?;
                self.check_start(id, true)
            }
            Record::TaskEnded { task, outcome, .. } => {
                let id = self.task(task)?;
                self.check_end(now, id, *outcome)
            }
            Record::JobEnded { task, attempt, end, verdict } => {
                let job = JobId { task: task.clone(), attempt: *attempt };
                self.judge_job_end(now, &job, end, verdict, world)
            }
            Record::WindowAwaited { task, until, .. } => {
                windows::check_awaited(&self.state, task, now, *until)
            }
            Record::Asked { task, question } => {
                let id = self.task(task)?;
                self.questions.check_asked(&self.state, id, now, question)?;
                if let Some(mend) = questions::repair(&self.state, id) {
                    let cell = world.cell(task, now);
                    // People whose answer went with a power cut may have done all of it, and are asked to go on.
                    let done = cell == Cell::Done && questions::goes_on(&self.state, id);
                    ensure(cell == Cell::Stranded || done, || {
                        format!("the world is repaired that is {cell:?}")
                    })?;
                    self.inquiries.check_repair(task)?;
                    let jobs = self.state.task(id).map_or(0, |known| known.jobs);
                    self.inquiries.hand_over(task, jobs, mend.effect);
                    return self.check_start(id, false);
                }
                if question.kind == QuestionKind::Manual {
                    windows::check_open(&self.state, id, now)?;
                }
                self.check_start(id, true)
            }
            Record::Answered { task, by, .. } => self.questions.check_answered(task, by, time(now)),
            Record::JobOrphaned { task, .. } => {
                ensure(world.is_alive(task, now), || "nothing of it lives".to_owned())
            }
            Record::JobLost { task, .. } => {
                ensure(!world.is_alive(task, now), || "something of it lives".to_owned())
            }
            Record::Claimed { .. }
            | Record::Denied { .. }
            | Record::Released { .. }
            | Record::ClaimLost { .. } => Ok(()),
            Record::WaitUntil { task, until, .. } => self.judge_wait(now, task, *until, world),
            Record::Judged { task, judgement, state, .. } => {
                ensure(!world.is_alive(task, now), || "something of it lives".to_owned())?;
                let id = self.task(task)?;
                let known = self.state.task(id).ok_or("a judgement of what is not a task")?;
                let shape = self.shape(id).ok_or("a judgement of what is not a task")?;
                if let Judgement::Retry { until } = judgement {
                    self.check_pause(now, task, *until)?;
                }
                let concluded = (*judgement, state.as_ref());
                self.inquiries.check_judgement(now, task, concluded, (shape, known), world)
            }
            Record::OutputsKept { task, outputs } => self.judge_outputs(task, outputs),
            Record::Resolved { task, decision, .. } => {
                let lives = *decision == Decision::Absent && world.is_alive(task, now);
                ensure(!lives, || "nothing is said to have happened while it lives".to_owned())?;
                self.outputs.remove(task);
                if *decision == Decision::Absent {
                    self.done.remove(task);
                }
                Ok(())
            }
            Record::SettingMoved { .. }
            | Record::Opened(_)
            | Record::Resumed { .. }
            | Record::Stopped { .. }
            | Record::Closed { .. } => Ok(()),
        }
    }

    /// A job starts: what it is for must be to be done now.
    fn judge_start(
        &mut self,
        now: i64,
        id: InstanceId,
        attempt: u32,
        (role, effect): (Role, Effect),
        world: &World,
    ) -> Promise {
        let task = &self.state.instance(id).id.clone();
        let probed = self.probed(id);
        let known = self.state.task(id).ok_or("a job of what is not a task")?;
        ensure(known.jobs + 1 == attempt, || "a number is left out".to_owned())?;
        let done = matches!(known.knowledge, Knowledge::Done(_));
        match role {
            Role::Action => {
                ensure(!self.done.contains(task), || "it is done already".to_owned())?;
                let fresh = known.knowledge == Knowledge::NotBegun;
                ensure(effect != Effect::Once || fresh, || "it may have happened".to_owned())?;
                ensure(!probed || known.inquiry.cleared, || {
                    "its probe was not asked just before".to_owned()
                })?;
            }
            Role::Verify(_) => {
                ensure(done, || "it is verified but not done".to_owned())?;
            }
            Role::Probe => {
                ensure(probed && !done, || "there is nothing to ask".to_owned())?;
            }
            Role::Get | Role::Set | Role::Restore => {
                return Err("a setting's job of a task".to_owned());
            }
            Role::Repair { .. } => {
                let cell = world.cell(task, now);
                ensure(probed && cell == Cell::Stranded, || {
                    format!("the world is repaired that is {cell:?}")
                })?;
                self.inquiries.check_repair(task)?;
            }
        }
        let asked =
            known.phase == Phase::Asking || matches!(known.phase, Phase::Pausing(Role::Probe, _));
        let has_begun =
            matches!(known.knowledge, Knowledge::Maybe(_)) || known.inquiry.repair.is_some();
        if !(asked && has_begun && role == Role::Probe) {
            Debts::check_gates(&self.state, id)?;
        }
        if let Phase::Pausing(_, until) = known.phase {
            ensure(until <= time(now), || format!("its pause lasts until {until}"))?;
        }
        let begins = known.phase == Phase::Waiting;
        // The action follows its probe at once.
        if begins && !known.inquiry.cleared {
            windows::check_open(&self.state, id, now)?;
        }
        let abandoned = self.state.run().stopped == Some(StopReason::Abandoned);
        let confirms = abandoned && matches!(known.phase, Phase::Pausing(Role::Probe, _));
        let asks = (confirms || known.phase == Phase::Asking)
            && role == Role::Probe
            && (matches!(known.knowledge, Knowledge::Maybe(_)) || known.inquiry.repair.is_some());
        if asks && self.state.run().stopped.is_some() {
            // What has been started is found out about in a stopped run as well.
            return Ok(());
        }
        self.check_start(id, begins)
    }

    /// A job has ended: it is called what it was, and not too early.
    fn judge_job_end(
        &mut self,
        now: i64,
        job: &JobId,
        end: &JobEnd,
        verdict: &Verdict,
        world: &World,
    ) -> Promise {
        let task = &job.task;
        let real = world.job(job).ok_or("the end of a job that never was")?;
        let good = *verdict == Verdict::Good;
        ensure(!good || real.is_good(), || "a bad end is called good".to_owned())?;
        if real.role == Role::Action {
            let id = self.task(task)?;
            let shape = self.shape(id).ok_or("a job of a group")?;
            self.inquiries.check_end(task, shape, verdict)?;
            let over = !matches!(end, JobEnd::Ran(end) if !end.over);
            waits::check_ask(&self.state, id, now, verdict, (real.is_good(), over))?;
        }
        if real.role == Role::Action && matches!(verdict, Verdict::Good | Verdict::Overdue { .. }) {
            self.done.insert(task.clone());
        }
        Ok(())
    }

    /// Something waits: it may begin with that, is asked again, or is tried again.
    fn judge_wait(
        &mut self,
        now: i64,
        task: &Arc<str>,
        until: Timestamp,
        world: &World,
    ) -> Promise {
        ensure(!world.is_alive(task, now), || "something of it lives".to_owned())?;
        let id = self.task(task)?;
        if self.state.task(id).is_some_and(|task| task.phase == Phase::Waiting) {
            waits::check_pause(&self.state, id, now, until)?;
            windows::check_open(&self.state, id, now)?;
            Debts::check_gates(&self.state, id)?;
            return self.check_start(id, true);
        }
        if self.inquiries.is_repeating(&self.state, task) {
            return waits::check_next_ask(&self.state, id, now, until);
        }
        self.check_pause(now, task, until)
    }

    /// Outputs are kept: they are those that the job has printed.
    fn judge_outputs(&mut self, task: &Arc<str>, outputs: &Value) -> Promise {
        let id = self.task(task)?;
        let said = match self.state.task(id).map(|task| task.knowledge) {
            Some(Knowledge::Done(Proof::Exit(attempt))) => {
                JobId { task: task.clone(), attempt }.to_string()
            }
            Some(Knowledge::Done(Proof::Probe(_))) => "done".to_owned(),
            _ => return Err("outputs of what no job has done".to_owned()),
        };
        ensure(*outputs == json!({ "said": said }), || {
            "outputs that the job did not print".to_owned()
        })?;
        self.outputs.insert(task.clone(), outputs.clone());
        Ok(())
    }

    fn check_pause(&self, now: i64, task: &Arc<str>, until: Timestamp) -> Promise {
        let pause = self.retry(task).ok_or("it is tried again although it has no try left")?;
        let ought = now + i64::try_from(pause.as_millis()).unwrap_or(0);
        ensure((until.as_millisecond() - ought).abs() <= 1, || {
            format!("it waits until {until} and should wait {pause:?}")
        })
    }

    fn check_slots(&self, starting: InstanceId, orphaned: &BTreeSet<InstanceId>) -> Promise {
        let busy = self.state.tasks().filter(|(id, _, task)| {
            *id != starting
                && !orphaned.contains(id)
                && matches!(task.phase, Phase::Running(_) | Phase::Judging(_))
        });
        let settings = self.state.all_parts().filter(|(id, part)| {
            *id != starting && !orphaned.contains(id) && part.activity.is_in_flight()
        });
        let busy = busy.count() + settings.count();
        ensure(busy < self.slots, || format!("{busy} jobs run and there are {} slots", self.slots))
    }

    /// Something starts: a job, a group, or an end without either.
    fn check_start(&mut self, id: InstanceId, begins: bool) -> Promise {
        ensure(self.state.run().stopped.is_none(), || "it starts in a stopped run".to_owned())?;
        let opinion = Opinion::of(&self.state);
        if begins {
            let node = self.state.node(id);
            for &slot in &node.needs {
                let need = opinion.get(self.state.sibling(id, slot)).settled;
                ensure(need == Settled::Good, || format!("what it needs is {need:?}"))?;
            }
            for &slot in &node.after {
                let before = opinion.get(self.state.sibling(id, slot)).settled;
                let come = [Settled::Good, Settled::Failed, Settled::Stuck].contains(&before);
                ensure(come, || format!("what it comes after is {before:?}"))?;
            }
            ensure(!opinion.is_kept_from_starting(id), || {
                "it starts in a halted scope".to_owned()
            })?;
        }
        let mut at = id;
        while at != InstanceId::ROOT {
            let scope = self.state.scope(self.state.instance(at).scope);
            // In a group without items each step has its own say on whether the others go on.
            let old = scope.begun || scope.key.is_none();
            ensure(old || !opinion.has_too_many_failures(scope.group), || {
                "a new item of a failed group starts".to_owned()
            })?;
            at = scope.group;
        }
        self.note_inside(id);
        self.check_parallel()
    }

    pub(super) fn note_inside(&mut self, id: InstanceId) {
        let mut at = id;
        while at != InstanceId::ROOT {
            let number = self.state.instance(at).scope;
            let scope = self.state.scope(number);
            self.inside.entry(scope.group).or_default().insert(number);
            at = scope.group;
        }
    }

    fn check_parallel(&self) -> Promise {
        for (&group, items) in &self.inside {
            let NodeBody::Group(node) = &self.state.node(group).body else { continue };
            let limit = node.fan_out.as_ref().and_then(|fan_out| fan_out.parallel);
            ensure(limit.is_none_or(|limit| items.len() <= limit as usize), || {
                format!("{} items of {} are open", items.len(), self.state.instance(group).id)
            })?;
        }
        Ok(())
    }

    fn check_end(&mut self, now: i64, id: InstanceId, outcome: Outcome) -> Promise {
        let (node, instance) = (self.state.node(id), self.state.instance(id));
        let conditional = node.conditional;
        let Some(known) = self.state.task(id) else { return self.check_start(id, true) };
        if let Phase::Sleeping(until) = known.phase {
            let fits = outcome == Outcome::Succeeded && until <= time(now);
            return ensure(fits, || "it ends before it has waited long enough".to_owned());
        }
        if known.phase == Phase::Awaiting {
            return self.questions.check_end(&self.state, id, outcome, now);
        }
        if known.phase == Phase::Waiting && known.inquiry.cleared {
            let failed = outcome == Outcome::Failed;
            return ensure(failed, || "it ends because its probe finds it absent".to_owned());
        }
        if known.phase == Phase::Waiting {
            let task = self.state.graph().task(instance.node).ok_or("not a task")?;
            let without_job = match outcome {
                Outcome::Succeeded => task.work == Work::Assert,
                Outcome::Skipped => conditional,
                Outcome::Failed => true,
                Outcome::Waived => false,
            };
            ensure(without_job, || "it ends without having begun".to_owned())?;
            return self.check_start(id, true);
        }
        if matches!(known.phase, Phase::Judging(_)) && self.exits.contains_key(&instance.id) {
            let overdue = waits::is_overdue(&self.state, id, now);
            let retried = self.retry(&instance.id).is_some() && !overdue;
            ensure(!retried, || "it fails although it has a try left".to_owned())?;
        }
        if outcome == Outcome::Succeeded {
            self.questions.check_success(&self.state, id)?;
            let task = self.state.graph().task(instance.node).ok_or("not a task")?;
            let verified =
                known.phase == Phase::Verifying(task.verify.len().try_into().unwrap_or(0));
            ensure(verified, || "it ends before it is verified".to_owned())?;
            let by_exit =
                matches!(known.knowledge, Knowledge::Done(Proof::Exit(_) | Proof::Probe(_)));
            let missing = by_exit && task.outputs && known.outputs.is_none();
            ensure(!missing, || "its outputs are missing".to_owned())?;
        }
        Ok(())
    }
}
