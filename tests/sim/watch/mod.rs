//! The promises of a run, checked at every record.
//!
//! Sees records as a reader of the journal does, and compares them with what really happens; decides nothing.

mod judge;
mod rest;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;
use windlass::core::job::Role;
use windlass::core::record::{JobEnd, Judgement, Record, Verdict};
use windlass::core::state::{InstanceId, Knowledge, Phase, ScopeId, Settled, State};
use windlass::plan::graph::{Meaning, Task};
use windlass::spec::model::Effect;

use crate::debts::Debts;
use crate::inquiry::Inquiries;
use crate::questions::Questions;
use crate::world::World;

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

    fn shape(&self, id: InstanceId) -> Option<&Task> {
        self.state.graph().task(self.state.instance(id).node)
    }

    fn probed(&self, id: InstanceId) -> bool {
        self.shape(id).is_some_and(Task::asks)
    }

    fn task(&self, id: &str) -> Result<InstanceId, String> {
        self.state.find(id).ok_or_else(|| format!("the plan has no {id}"))
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
