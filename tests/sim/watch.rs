//! The promises of a run, checked at every record.
//!
//! Sees records as a reader of the journal does, and compares them with what really happens; decides nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};
use windlass::core::job::{JobId, Role};
use windlass::core::question::QuestionKind;
use windlass::core::record::{Decision, JobEnd, Judgement, Outcome, Record, StopReason, Verdict};
use windlass::core::setting::Way;
use windlass::core::state::{
    InstanceBody, InstanceId, Knowledge, Phase, Proof, ScopeId, Settled, State,
};
use windlass::plan::graph::{Meaning, NodeBody, Task, Work};
use windlass::spec::model::Effect;

use crate::debts::Debts;
use crate::inquiry::Inquiries;
use crate::questions::Questions;
use crate::standing::Opinion;
use crate::waits;
use crate::windows;
use crate::world::{Cell, World, time};

/// What a promise's breach is told as.
pub(crate) type Promise = Result<(), String>;

/// A reader of the journal who trusts nobody.
#[derive(Debug)]
pub(crate) struct Watch {
    /// What the records so far add up to.
    pub(crate) state: State,
    slots: usize,
    debts: Debts,
    /// An operator has decided something since the run came to rest.
    disturbed: bool,
    /// Tasks whose effect a good end has proved, until an operator says otherwise.
    done: BTreeSet<Arc<str>>,
    /// Outputs as they were kept, until an operator decides about the task.
    outputs: BTreeMap<Arc<str>, Value>,
    /// How often a task's present job was started since something good, a decision or a resume.
    tries: BTreeMap<Arc<str>, u32>,
    /// How often a repair's present action was started, in the same way.
    mends: BTreeMap<Arc<str>, u32>,
    /// Exit codes of the jobs that ended last, but for probes.
    exits: BTreeMap<Arc<str>, Option<i32>>,
    pub(crate) inquiries: Inquiries,
    pub(crate) questions: Questions,
    /// Items that are let in to their groups, as far as starts show it.
    inside: BTreeMap<InstanceId, BTreeSet<ScopeId>>,
}

impl Watch {
    pub(crate) fn new(state: State) -> Self {
        Self {
            state,
            slots: 1,
            debts: Debts::default(),
            disturbed: false,
            done: BTreeSet::new(),
            outputs: BTreeMap::new(),
            inside: BTreeMap::new(),
            tries: BTreeMap::new(),
            mends: BTreeMap::new(),
            exits: BTreeMap::new(),
            inquiries: Inquiries::default(),
            questions: Questions::default(),
        }
    }

    /// Another executor has read the journal: what is known now may be less than before, but nothing else.
    pub(crate) fn new_executor(
        &mut self,
        state: State,
        written: &[Record],
        slots: usize,
    ) -> Promise {
        self.state = state;
        self.slots = slots;
        self.debts.new_executor(&self.state)?;
        self.inside.clear();
        self.tries.clear();
        self.mends.clear();
        self.exits.clear();
        self.inquiries.new_executor(&self.state);
        self.questions.new_executor(written);
        let ended: BTreeSet<Arc<str>> = self
            .state
            .tasks()
            .filter(|(_, _, task)| matches!(task.knowledge, Knowledge::Done(_)))
            .map(|(_, instance, _)| instance.id.clone())
            .collect();
        self.done.retain(|task| ended.contains(task));
        let state = &self.state;
        self.outputs.retain(|task, _| {
            state
                .find(task)
                .and_then(|id| state.task(id))
                .is_some_and(|task| task.outputs.is_some())
        });
        for (task, outputs) in &self.outputs {
            let now = self.state.find(task).and_then(|id| self.state.task(id)?.outputs.clone());
            ensure(now.as_deref() == Some(outputs), || format!("the outputs of {task} changed"))?;
        }
        let in_flight: Vec<InstanceId> = self
            .state
            .tasks()
            .filter(|(_, _, task)| {
                matches!(
                    task.phase,
                    Phase::Running(_) | Phase::Judging(_) | Phase::Sleeping(_) | Phase::Awaiting
                )
            })
            .map(|(id, ..)| id)
            .collect();
        for id in in_flight {
            self.note_inside(id);
        }
        Ok(())
    }

    /// Takes one more record.
    pub(crate) fn read(
        &mut self,
        now: i64,
        at: Timestamp,
        record: &Record,
        world: &World,
        orphaned: &BTreeSet<InstanceId>,
    ) -> Promise {
        self.judge(now, record, world, orphaned)
            .map_err(|broken| format!("{broken}: {record:?}"))?;
        if now % 8 == 0 {
            self.check_refusals(at, record)?;
        }
        let role = self.running_role(record);
        self.state.apply(at, record).map_err(|unfit| format!("{unfit}: {record:?}"))?;
        match record {
            Record::Stopped { .. } => self.disturbed = false,
            Record::Resolved { .. } => self.disturbed = true,
            _ => {}
        }
        self.count_tries(record, role);
        self.inquiries.note(now, record, role);
        self.questions.note(record);
        self.check_resume(record)?;
        self.see_who_leaves();
        Ok(())
    }

    /// A record that does not fit must be refused, and leave no trace: the same fact twice, or a number that is left out.
    fn check_refusals(&self, at: Timestamp, record: &Record) -> Promise {
        let refuses = |state: &State, wrong: &Record| {
            let mut copy = state.clone();
            let refused = copy.apply(at, wrong).is_err();
            ensure(refused && copy == *state, || format!("it is taken: {wrong:?}"))
        };
        if let Record::JobStarting { attempt, .. } = record {
            let mut wrong = record.clone();
            if let Record::JobStarting { attempt: number, .. } = &mut wrong {
                *number = attempt + 1;
            }
            refuses(&self.state, &wrong)?;
        }
        if let Record::JobStarting { task, role: Role::Probe, .. } = record
            && self
                .state
                .find(task)
                .and_then(|id| self.state.task(id))
                .is_some_and(|task| !task.inquiry.cleared)
        {
            let mut wrong = record.clone();
            if let Record::JobStarting { role, effect, .. } = &mut wrong {
                (*role, *effect) = (Role::Action, Effect::Once);
            }
            refuses(&self.state, &wrong)?;
        }
        let repeatable = matches!(
            record,
            Record::Resumed { .. }
                | Record::Stopped { .. }
                | Record::Resolved { .. }
                | Record::OutputsKept { .. }
                | Record::Closed { .. }
        );
        let mut after = self.state.clone();
        after.apply(at, record).map_err(|unfit| format!("{unfit}: {record:?}"))?;
        if repeatable { Ok(()) } else { refuses(&after, record) }
    }

    /// What the job is for whose end a record tells.
    fn running_role(&self, record: &Record) -> Option<Role> {
        let Record::JobEnded { task, .. } = record else { return None };
        match self.state.task(self.state.find(task)?)?.phase {
            Phase::Running(job) => Some(job.role),
            _ => None,
        }
    }

    /// A resume asks again what is in doubt and can be asked after.
    fn check_resume(&self, record: &Record) -> Promise {
        let Record::Resumed { .. } = record else { return Ok(()) };
        let mut doubts = self.state.tasks().filter(|(_, _, task)| task.phase == Phase::InDoubt);
        let asked = doubts.find(|(id, ..)| self.probed(*id));
        ensure(asked.is_none(), || "a doubt with a probe outlives a resume".to_owned())
    }

    fn count_tries(&mut self, record: &Record, ended: Option<Role>) {
        match record {
            Record::JobStarting { role: Role::Probe, .. } => {}
            Record::JobEnded { .. } if ended == Some(Role::Probe) => {}
            Record::JobStarting { task, role: Role::Repair { .. }, .. } => {
                *self.mends.entry(task.clone()).or_default() += 1;
            }
            Record::JobEnded { task, verdict: Verdict::Good, .. }
                if matches!(ended, Some(Role::Repair { .. })) =>
            {
                self.mends.remove(task);
            }
            Record::Judged { task, judgement: Judgement::Repair { .. }, .. } => {
                self.mends.remove(task);
            }
            Record::Judged { task, judgement: Judgement::Done, .. } => {
                self.tries.remove(task);
            }
            Record::JobStarting { task, .. } => *self.tries.entry(task.clone()).or_default() += 1,
            Record::JobEnded {
                task,
                verdict: Verdict::Good | Verdict::Repeat { .. } | Verdict::Overdue { .. },
                ..
            } => {
                self.tries.remove(task);
            }
            Record::JobEnded { task, end: JobEnd::Ran(end), .. } => {
                self.exits.insert(task.clone(), end.exit);
            }
            Record::JobEnded { task, .. } => {
                self.exits.insert(task.clone(), None);
            }
            Record::Resumed { .. } => self.tries.clear(),
            Record::Resolved { task, .. } => {
                self.tries.remove(task);
            }
            _ => {}
        }
    }

    /// Whether `retry` grants a task whose job has just ended badly another try, and after which pause.
    fn retry(&self, task: &Arc<str>) -> Option<Duration> {
        let id = self.state.find(task)?;
        let known = self.state.task(id)?;
        let node = self.state.graph().task(self.state.instance(id).node)?;
        let tries = self.tries.get(task).copied().unwrap_or(0);
        let (retry, tries) = match known.phase {
            Phase::Judging(Role::Action) if node.effect != Effect::Once => (&node.retry, tries),
            // A command that could not be started is no doubt, and needs no probe.
            Phase::Judging(Role::Action) if known.knowledge == Knowledge::NotBegun => {
                (&node.retry, tries)
            }
            Phase::Judging(Role::Probe) => (&node.retry, tries),
            Phase::Judging(Role::Verify(number)) => (&node.verify[number as usize], tries),
            Phase::Judging(Role::Repair { state, action }) => {
                let states = &node.probe.as_ref()?.states;
                let Meaning::Repair(actions) = &states[state as usize].meaning else { return None };
                let mend = &actions[action as usize];
                if mend.effect == Effect::Once {
                    return None;
                }
                (&mend.retry, self.mends.get(task).copied().unwrap_or(0))
            }
            _ => return None,
        };
        // An end that an earlier executor has heard of counts as one that is meant.
        let meant = self.exits.get(task).is_none_or(|exit| {
            retry.on_exit.is_empty() || exit.is_some_and(|code| retry.on_exit.contains(&code))
        });
        let longer = (1..tries).fold(retry.delay.as_secs_f64(), |pause, _| pause * retry.backoff);
        let pause = Duration::from_secs_f64(longer).min(retry.max_delay.unwrap_or(Duration::MAX));
        (meant && tries < retry.attempts).then_some(pause)
    }

    /// An item that has come to rest is inside no more, even if a decision lets it go on later.
    fn see_who_leaves(&mut self) {
        let state = &self.state;
        let open = |child: InstanceId| state.instance(child).standing.settled == Settled::Open;
        for items in self.inside.values_mut() {
            items.retain(|&scope| state.children(scope).any(open));
        }
    }

    fn judge(
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
                let probed = self.probed(id);
                let known = self.state.task(id).ok_or("a job of what is not a task")?;
                ensure(known.jobs + 1 == *attempt, || "a number is left out".to_owned())?;
                let done = matches!(known.knowledge, Knowledge::Done(_));
                match role {
                    Role::Action => {
                        ensure(!self.done.contains(task), || "it is done already".to_owned())?;
                        let fresh = known.knowledge == Knowledge::NotBegun;
                        ensure(*effect != Effect::Once || fresh, || {
                            "it may have happened".to_owned()
                        })?;
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
                let asked = known.phase == Phase::Asking
                    || matches!(known.phase, Phase::Pausing(Role::Probe, _));
                let has_begun = matches!(known.knowledge, Knowledge::Maybe(_))
                    || known.inquiry.repair.is_some();
                if !(asked && has_begun && *role == Role::Probe) {
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
                    && *role == Role::Probe
                    && (matches!(known.knowledge, Knowledge::Maybe(_))
                        || known.inquiry.repair.is_some());
                if asks && self.state.run().stopped.is_some() {
                    // What has been started is found out about in a stopped run as well.
                    return Ok(());
                }
                self.check_start(id, begins)
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
                let real = world.job(&job).ok_or("the end of a job that never was")?;
                let good = *verdict == Verdict::Good;
                ensure(!good || real.is_good(), || "a bad end is called good".to_owned())?;
                if real.role == Role::Action {
                    let id = self.task(task)?;
                    let shape = self.shape(id).ok_or("a job of a group")?;
                    self.inquiries.check_end(task, shape, verdict)?;
                    let over = !matches!(end, JobEnd::Ran(end) if !end.over);
                    waits::check_ask(&self.state, id, now, verdict, (real.is_good(), over))?;
                }
                if real.role == Role::Action
                    && matches!(verdict, Verdict::Good | Verdict::Overdue { .. })
                {
                    self.done.insert(task.clone());
                }
                Ok(())
            }
            Record::WindowAwaited { task, until, .. } => {
                windows::check_awaited(&self.state, task, now, *until)
            }
            Record::Asked { task, question } => {
                let id = self.task(task)?;
                self.questions.check_asked(&self.state, id, now, question)?;
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
            Record::WaitUntil { task, until, .. } => {
                ensure(!world.is_alive(task, now), || "something of it lives".to_owned())?;
                let id = self.task(task)?;
                if self.state.task(id).is_some_and(|task| task.phase == Phase::Waiting) {
                    waits::check_pause(&self.state, id, now, *until)?;
                    windows::check_open(&self.state, id, now)?;
                    Debts::check_gates(&self.state, id)?;
                    return self.check_start(id, true);
                }
                if self.inquiries.is_repeating(&self.state, task) {
                    return waits::check_next_ask(&self.state, id, now, *until);
                }
                self.check_pause(now, task, *until)
            }
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
            Record::OutputsKept { task, outputs } => {
                let id = self.task(task)?;
                let said = match self.state.task(id).map(|task| task.knowledge) {
                    Some(Knowledge::Done(Proof::Exit(attempt))) => {
                        JobId { task: task.clone(), attempt }.to_string()
                    }
                    Some(Knowledge::Done(Proof::Probe(_))) => "done".to_owned(),
                    _ => return Err("outputs of what no job has done".to_owned()),
                };
                ensure(**outputs == json!({ "said": said }), || {
                    "outputs that the job did not print".to_owned()
                })?;
                self.outputs.insert(task.clone(), outputs.as_ref().clone());
                Ok(())
            }
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

    fn check_pause(&self, now: i64, task: &Arc<str>, until: Timestamp) -> Promise {
        let pause = self.retry(task).ok_or("it is tried again although it has no try left")?;
        let ought = now + i64::try_from(pause.as_millis()).unwrap_or(0);
        ensure((until.as_millisecond() - ought).abs() <= 1, || {
            format!("it waits until {until} and should wait {pause:?}")
        })
    }

    fn shape(&self, id: InstanceId) -> Option<&Task> {
        self.state.graph().task(self.state.instance(id).node)
    }

    fn probed(&self, id: InstanceId) -> bool {
        self.shape(id).is_some_and(Task::asks)
    }

    fn task(&self, id: &str) -> Result<InstanceId, String> {
        self.state.find(id).ok_or_else(|| format!("the plan has no {id}"))
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

    fn note_inside(&mut self, id: InstanceId) {
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

fn difference(one: &State, other: &State) -> String {
    let pairs = one.instances().iter().zip(other.instances());
    let differs = pairs.filter(|(one, other)| one != other).map(|(a, b)| format!("{a:?} / {b:?}"));
    let instances: Vec<String> = differs.take(2).collect();
    format!("{:?} / {:?}; {}", one.run().stopped, other.run().stopped, instances.join("; "))
}

pub(crate) fn ensure(holds: bool, what: impl FnOnce() -> String) -> Promise {
    if holds { Ok(()) } else { Err(what()) }
}
