//! Questions to people: who answers them and when, and whether the records about them may follow.
//!
//! Counts for itself who has said yes; what a power cut has taken away counts no more.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use serde_json::{Value, json};
use windlass::core::machine::{Order, may_answer};
use windlass::core::question::{Answer, Field, Question, QuestionKind};
use windlass::core::record::{Actor, Decision, GivenOutputs, Outcome, Record};
use windlass::core::state::{InstanceId, Phase, State};
use windlass::plan::graph::{Meaning, Mend, Work};

use crate::debts::Debts;
use crate::run::somebody;
use crate::watch::{Promise, ensure};
use crate::world::{Cell, time};

/// Everybody who may come by.
const PEOPLE: [&str; 3] = ["ada", "bob", "op"];

/// What is asked in the simulation, by a number that is drawn.
pub(crate) fn question(manual: bool, drawn: u64) -> Question {
    let by =
        if drawn.is_multiple_of(3) { vec!["ada".to_owned(), "op".to_owned()] } else { Vec::new() };
    let field = Field { schema: json!({"type": "integer"}), default: None };
    let told = manual && drawn.is_multiple_of(2);
    Question {
        kind: if manual { QuestionKind::Manual } else { QuestionKind::Approval },
        text: "well?".to_owned(),
        confirm: false,
        fields: told.then(|| ("number".to_owned(), field)).into_iter().collect(),
        by: if manual { Vec::new() } else { by },
        min: if manual { 1 } else { u32::try_from(drawn % 2).unwrap_or(0) + 1 },
        until: None,
    }
}

/// What was asked, and who has said yes to it.
#[derive(Debug, Default)]
pub(crate) struct Questions {
    /// By task: who has said yes, to what.
    open: BTreeMap<Arc<str>, (Question, BTreeSet<String>)>,
    /// Tasks of which enough people have said yes, with what was told.
    agreed: BTreeMap<Arc<str>, GivenOutputs>,
    /// Asked under this executor.
    pub(crate) fresh: BTreeSet<Arc<str>>,
}

impl Questions {
    /// Another executor has read the journal, whose end may be lost.
    pub(crate) fn new_executor(&mut self, written: &[Record]) {
        *self = Self::default();
        written.iter().for_each(|record| self.note(record));
        self.fresh.clear();
    }

    /// People are asked: once, and not before its turn.
    pub(crate) fn check_asked(
        &self,
        state: &State,
        id: InstanceId,
        now: i64,
        asked: &Question,
    ) -> Promise {
        let task = &state.instance(id).id;
        ensure(!self.open.contains_key(task), || "people are asked twice".to_owned())?;
        let known = state.graph().task(state.instance(id).node);
        let shape = match (known.map(|task| task.work), repair(state, id)) {
            (_, Some(mend)) => {
                let manual = mend.manual && asked.kind == QuestionKind::Manual;
                ensure(manual, || "people are asked to do what a job does".to_owned())?;
                windlass::plan::graph::Question { manual, timeout: None }
            }
            (Some(Work::Question(shape)), None) => shape,
            _ => return Err("nobody is to be asked".to_owned()),
        };
        let until = shape
            .timeout
            .map(|timeout| time(now + i64::try_from(timeout.as_millis()).unwrap_or(i64::MAX)));
        ensure(asked.until == until, || format!("it may be answered until {:?}", asked.until))?;
        if shape.manual { Debts::check_gates(state, id) } else { Ok(()) }
    }

    /// An answer counts once, and only of somebody who is asked, in time.
    pub(crate) fn check_answered(&self, task: &Arc<str>, by: &Actor, at: Timestamp) -> Promise {
        let (question, agreed) = self.open.get(task).ok_or("nobody has asked")?;
        let asked = question.by.is_empty() || question.by.contains(&by.user);
        ensure(asked, || "somebody has answered who is not asked".to_owned())?;
        ensure(!agreed.contains(&by.user), || "somebody has answered twice".to_owned())?;
        ensure(question.until.is_none_or(|until| at < until), || "it is too late".to_owned())
    }

    /// A task that asks has ended without a job.
    pub(crate) fn check_end(
        &self,
        state: &State,
        id: InstanceId,
        outcome: Outcome,
        now: i64,
    ) -> Promise {
        let task = &state.instance(id).id;
        let (question, _) = self.open.get(task).ok_or("nobody has asked")?;
        let over = question.until.is_some_and(|until| until <= time(now));
        ensure(outcome == Outcome::Failed && over, || "it ends without an answer".to_owned())
    }

    /// What asks people has succeeded only if enough of them have said yes.
    pub(crate) fn check_success(&self, state: &State, id: InstanceId) -> Promise {
        let instance = state.instance(id);
        let asks = state.graph().task(instance.node).map(|task| task.work);
        if !matches!(asks, Some(Work::Question(_))) {
            return Ok(());
        }
        let told = self.agreed.get(&instance.id).ok_or("nobody has said yes")?;
        let outputs = state.task(id).and_then(|task| task.outputs.as_deref().cloned());
        let told = (!told.is_empty()).then(|| Value::Object(told.clone().into_iter().collect()));
        ensure(outputs == told, || "its outputs are not what was told".to_owned())
    }

    pub(crate) fn note(&mut self, record: &Record) {
        match record {
            Record::Asked { task, question } => {
                self.open.insert(task.clone(), (question.as_ref().clone(), BTreeSet::new()));
                self.agreed.remove(task);
                self.fresh.insert(task.clone());
            }
            Record::Answered { task, by, answer } => {
                let Some((question, agreed)) = self.open.get_mut(task) else { return };
                if !answer.go {
                    self.open.remove(task);
                } else {
                    agreed.insert(by.user.clone());
                    if agreed.len() >= question.min as usize {
                        self.open.remove(task);
                        self.agreed.insert(task.clone(), answer.fields.clone());
                    }
                }
            }
            Record::TaskEnded { task, .. } => {
                self.open.remove(task);
            }
            Record::Resolved { task, decision, .. } => {
                self.open.remove(task);
                // Whoever waives an item or a group waives what is asked in it.
                let inside = |other: &Arc<str>| {
                    other.strip_prefix(&**task).is_some_and(|rest| rest.starts_with(['.', '[']))
                };
                self.open.retain(|other, _| !inside(other));
                match decision {
                    Decision::Done => drop(self.agreed.insert(task.clone(), GivenOutputs::new())),
                    _ => drop(self.agreed.remove(task)),
                }
            }
            _ => {}
        }
    }
}

/// The action that the repair of a task goes on with.
pub(crate) fn repair(state: &State, id: InstanceId) -> Option<&Mend> {
    let Phase::Repairing(number, action) = state.task(id)?.phase else { return None };
    let probe = state.graph().task(state.instance(id).node)?.probe.as_ref()?;
    let Meaning::Repair(actions) = &probe.states[number as usize].meaning else { return None };
    actions.get(action as usize)
}

/// Whether people have done what comes before in a repair.
pub(crate) fn goes_on(state: &State, id: InstanceId) -> bool {
    let repair = state.task(id).and_then(|task| task.inquiry.repair.as_ref());
    repair.is_some_and(|repair| repair.by_hand.is_some())
}

/// What comes of a repair that a person says to be done, or not to be done; nothing but for its last action.
pub(crate) fn mended(
    state: &State,
    id: InstanceId,
    go: bool,
    rng: &mut ChaCha8Rng,
) -> Option<Cell> {
    let (number, action) = state.task(id)?.inquiry.repair.as_ref()?.by_hand?;
    let probe = state.graph().task(state.instance(id).node)?.probe.as_ref()?;
    let Meaning::Repair(actions) = &probe.states[number as usize].meaning else { return None };
    let comes = match go {
        true if action as usize + 1 < actions.len() => return None,
        true => [Cell::Done, Cell::Done, Cell::Absent, Cell::Stranded],
        false => [Cell::Done, Cell::Stranded, Cell::Stranded, Cell::Stranded],
    };
    Some(comes[rng.random_range(0..4)])
}

/// An answer to something that is asked, if somebody can give one. Who is `willing` says yes.
pub(crate) fn answer(
    state: &State,
    now: i64,
    willing: bool,
    rng: &mut ChaCha8Rng,
) -> Option<(Arc<str>, Actor, Answer)> {
    let open: Vec<_> = state.questions().collect();
    let (_, instance, question) = open.get(rng.random_range(0..open.len().max(1)))?;
    let go = willing || rng.random_bool(0.8);
    let mut fields = GivenOutputs::new();
    if go && !question.fields.is_empty() {
        fields.insert("number".to_owned(), json!(rng.random_range(0..100)));
    }
    let answer = Answer { go, fields, because: None };
    let first = rng.random_range(0..PEOPLE.len());
    let mut people = PEOPLE.iter().cycle().skip(first).take(PEOPLE.len());
    let user =
        people.find(|user| may_answer(state, &instance.id, user, &answer, time(now)).is_ok())?;
    Some((instance.id.clone(), Actor { user: (*user).to_owned(), ..somebody() }, answer))
}

/// The same as an order; now and then of somebody who may not.
pub(crate) fn order(state: &State, now: i64, willing: bool, rng: &mut ChaCha8Rng) -> Option<Order> {
    let (task, mut by, answer) = answer(state, now, willing, rng)?;
    if !willing && rng.random_bool(0.2) {
        by.user = PEOPLE[rng.random_range(0..PEOPLE.len())].to_owned();
    }
    Some(Order::Answer { task: task.to_string(), answer, by })
}
