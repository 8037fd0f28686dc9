//! What probes have said and what was repaired, as a reader of the journal has seen it; and whether the next conclusion may follow.
//!
//! Shares no code with the core: it counts for itself.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use windlass::core::job::Role;
use windlass::core::record::{Decision, JobEnd, Judgement, Record, Verdict};
use windlass::core::state::{Knowledge, Phase, State, TaskState};
use windlass::plan::graph::{Meaning, Task};
use windlass::spec::model::Effect;

use crate::watch::{Promise, ensure};
use crate::world::{Cell, World};

/// What was seen of each task since the last resume, but for what is never forgotten.
#[derive(Debug, Default)]
pub(crate) struct Inquiries {
    /// How often in a row a probe has found a task `absent`.
    absents: BTreeMap<Arc<str>, u32>,
    /// Since when it says that the effect is going on.
    ongoing: BTreeMap<Arc<str>, i64>,
    /// Tasks whose action has ended well and is to be done again, and how often in a row `until` has held.
    repeating: BTreeMap<Arc<str>, u32>,
    /// Tasks whose last action has not brought what it is for, and by which job that is known.
    unmet: BTreeMap<Arc<str>, u32>,
    /// Tasks that this executor has put in line for their probe.
    asking: BTreeSet<Arc<str>>,
    /// The state whose repair has ended well last.
    repaired: BTreeMap<Arc<str>, Arc<str>>,
    /// How many repairs were begun in the life of a task.
    repairs: BTreeMap<Arc<str>, u32>,
    /// Tasks with a repair that this executor has begun and not finished.
    repairing: BTreeSet<Arc<str>>,
    /// Tasks with a repair that is not finished and of which something that is `once` was started, by which job.
    spoilt: BTreeMap<Arc<str>, u32>,
    /// Tasks whose repair is in somebody's hands, or was and has not gone on since.
    by_hand: BTreeSet<Arc<str>>,
}

impl Inquiries {
    /// Another executor has read the journal, whose end may be lost.
    pub(crate) fn new_executor(&mut self, state: &State) {
        let known = |task: &Arc<str>| state.find(task).and_then(|id| state.task(id));
        // Whether people were asked may have been lost with the journal's end.
        let in_hands = |task: &Arc<str>| {
            let repair = known(task).and_then(|task| task.inquiry.repair.as_ref());
            repair.is_some_and(|repair| repair.by_hand.is_some())
        };
        for task in self.by_hand.iter().filter(|task| !in_hands(task)) {
            if !known(task).is_some_and(|task| task.inquiry.is_spoilt()) {
                self.spoilt.remove(task);
            }
        }
        // So may what has followed, as long as nothing of it was done.
        let tasks = state.tasks().map(|(_, instance, _)| instance.id.clone());
        self.by_hand = tasks.filter(in_hands).collect();
        self.repairing.extend(self.by_hand.iter().cloned());
        self.spoilt.retain(|task, attempt| known(task).is_some_and(|task| task.jobs >= *attempt));
        for (task, repairs) in &mut self.repairs {
            *repairs = (*repairs).min(known(task).map_or(0, |task| task.inquiry.repairs));
        }
        self.forget();
    }

    fn forget(&mut self) {
        self.absents.clear();
        self.ongoing.clear();
        self.repeating.clear();
        self.asking.clear();
        self.repaired.clear();
        let by_hand = &self.by_hand;
        self.repairing.retain(|task| by_hand.contains(task));
    }

    /// People are asked to go on with a repair, after so many jobs of the task.
    pub(crate) fn hand_over(&mut self, task: &Arc<str>, jobs: u32, effect: Effect) {
        self.by_hand.insert(task.clone());
        if effect == Effect::Once {
            self.spoilt.entry(task.clone()).or_insert(jobs);
        }
    }

    /// Whether an action of a task is to be done again because it is repeated, or was to be when its executor died.
    pub(crate) fn is_repeating(&self, state: &State, task: &Arc<str>) -> bool {
        let known = state.find(task).and_then(|id| state.task(id));
        let judged = known.filter(|known| known.phase == Phase::Judging(Role::Action));
        let left = judged.is_some_and(|known| self.unmet.get(task) == Some(&known.jobs));
        left || self.repeating.contains_key(task)
    }

    /// Takes note of a record; `ended` is what the job was for whose end it tells.
    pub(crate) fn note(&mut self, now: i64, record: &Record, ended: Option<Role>) {
        match record {
            Record::JobStarting { task, .. }
            | Record::Judged { task, .. }
            | Record::Resolved { task, .. } => {
                self.by_hand.remove(task);
            }
            Record::Answered { task, answer, .. } if !answer.go => {
                self.by_hand.remove(task);
            }
            _ => {}
        }
        match record {
            Record::JobStarting { task, attempt, role: Role::Repair { .. }, effect, .. }
                if *effect == Effect::Once =>
            {
                self.spoilt.entry(task.clone()).or_insert(*attempt);
            }
            Record::JobEnded { task, attempt, end: JobEnd::NotSpawned { .. }, .. }
                if matches!(ended, Some(Role::Repair { .. }))
                    && self.spoilt.get(task) == Some(attempt) =>
            {
                self.spoilt.remove(task);
            }
            Record::JobEnded { task, attempt, verdict, .. } if ended == Some(Role::Action) => {
                self.unmet.remove(task);
                if matches!(verdict, Verdict::Repeat { .. }) {
                    self.unmet.insert(task.clone(), *attempt);
                }
                let streak = self.repeating.remove(task).unwrap_or(0);
                if let Verdict::Repeat { held } = verdict {
                    self.repeating.insert(task.clone(), if *held { streak + 1 } else { 0 });
                }
            }
            Record::Judged { task, judgement, state, .. } => {
                self.note_judgement(now, task, *judgement, state.as_ref());
            }
            Record::Resolved { task, decision: Decision::Absent, .. } => {
                self.absents.remove(task);
                self.ongoing.remove(task);
                self.spoilt.remove(task);
                self.repaired.remove(task);
            }
            Record::Resumed { .. } => self.forget(),
            _ => {}
        }
    }

    fn note_judgement(
        &mut self,
        now: i64,
        task: &Arc<str>,
        judgement: Judgement,
        state: Option<&Arc<str>>,
    ) {
        if judgement == Judgement::Ask {
            self.asking.insert(task.clone());
        } else {
            self.asking.remove(task);
        }
        match judgement {
            Judgement::Unconfirmed { .. } => *self.absents.entry(task.clone()).or_default() += 1,
            Judgement::Ongoing { .. } => {
                self.absents.remove(task);
                self.ongoing.entry(task.clone()).or_insert(now);
            }
            Judgement::Repaired => {
                self.spoilt.remove(task);
                self.repairing.remove(task);
            }
            Judgement::Again | Judgement::InDoubt => {}
            Judgement::Ask => {
                self.repairing.remove(task);
                self.repaired.remove(task);
                self.absents.remove(task);
            }
            Judgement::Repair { .. } => {
                *self.repairs.entry(task.clone()).or_default() += 1;
                self.repairing.insert(task.clone());
                self.repaired.extend(state.map(|state| (task.clone(), state.clone())));
                self.absents.remove(task);
                self.ongoing.remove(task);
            }
            Judgement::Done | Judgement::Absent | Judgement::Retry { .. } => {
                self.repaired.remove(task);
                self.absents.remove(task);
                self.ongoing.remove(task);
            }
        }
    }

    /// Whether this executor has said that it asks a task's probe, and has not concluded anything from it.
    pub(crate) fn is_asking(&self, task: &Arc<str>) -> bool {
        self.asking.contains(task)
    }

    /// A repair may only be gone on with by the executor that has begun it.
    pub(crate) fn check_repair(&self, task: &Arc<str>) -> Promise {
        ensure(self.repairing.contains(task), || "an interrupted repair is continued".to_owned())
    }

    /// An action that is repeated is done when `until` has held often enough in a row.
    pub(crate) fn check_end(&self, task: &Arc<str>, shape: &Task, verdict: &Verdict) -> Promise {
        let Some(repeat) = shape.repeat.filter(|_| *verdict == Verdict::Good) else {
            return Ok(());
        };
        let streak = self.repeating.get(task).copied().unwrap_or(0) + 1;
        ensure(streak >= repeat.consecutive, || "it is not repeated often enough".to_owned())
    }

    /// A conclusion must be so in the world, and be the one that its place in the table allows.
    pub(crate) fn check_judgement(
        &self,
        now: i64,
        name: &Arc<str>,
        (judgement, state): (Judgement, Option<&Arc<str>>),
        (shape, task): (&Task, &TaskState),
        world: &World,
    ) -> Promise {
        let once = shape.effect == Effect::Once;
        let maybe = matches!(task.knowledge, Knowledge::Maybe(_));
        let cell = world.cell(name, now);
        let spoilt = self.spoilt.contains_key(name);
        let absent = cell == Cell::Absent && !spoilt;
        let probe = shape.probe.as_ref().filter(|_| shape.asks());
        let seen = self.absents.get(name).copied().unwrap_or(0) + 1;
        let enough =
            seen >= probe.and_then(|probe| probe.confirm).map_or(1, |confirm| confirm.times);
        let asked = task.phase == Phase::Judging(Role::Probe);
        let fits = match (judgement, task.phase) {
            (Judgement::InDoubt, Phase::Judging(Role::Action)) => once && maybe && probe.is_none(),
            (Judgement::InDoubt, Phase::Asking | Phase::Repairing(..) | Phase::Pausing(..)) => {
                probe.is_some()
            }
            (Judgement::InDoubt, _) => asked,
            (Judgement::Again, Phase::Judging(Role::Action)) => !(once && maybe),
            (Judgement::Again, Phase::Judging(Role::Verify(_) | Role::Probe)) => true,
            (Judgement::Ask, Phase::Judging(Role::Action)) => once && maybe && probe.is_some(),
            (Judgement::Ask, Phase::Judging(Role::Repair { .. }) | Phase::Repairing(..)) => true,
            (Judgement::Done, _) => {
                let refused = task.attempts == 0 && probe.is_some_and(|probe| probe.refuse_found);
                asked && cell == Cell::Done && !refused
            }
            (Judgement::Absent | Judgement::Retry { .. }, _) => asked && absent && enough,
            (Judgement::Unconfirmed { .. }, _) => asked && absent && !enough,
            (Judgement::Ongoing { .. }, _) => {
                asked && !spoilt && !self.is_too_long(now, name, shape)
            }
            (Judgement::Repair { .. }, _) => {
                let repairs = self.repairs.get(name).copied().unwrap_or(0);
                let helped = self.repaired.get(name) != state;
                asked && cell == Cell::Stranded && !spoilt && repairs < 3 && helped
            }
            (Judgement::Repaired, phase) => matches!(phase, Phase::Repairing(..)),
            _ => false,
        };
        ensure(fits, || {
            format!("it is judged with {cell:?}, {:?}, {:?}", task.knowledge, task.phase)
        })
    }

    fn is_too_long(&self, now: i64, task: &Arc<str>, shape: &Task) -> bool {
        let Some(since) = self.ongoing.get(task) else { return false };
        let states = shape.probe.iter().flat_map(|probe| &probe.states);
        let mut limits = states.filter_map(|state| match &state.meaning {
            Meaning::Wait { timeout, .. } => *timeout,
            _ => None,
        });
        limits.any(|limit| now - since >= i64::try_from(limit.as_millis()).unwrap_or(i64::MAX))
    }
}
