//! Expressions and templates in a rehearsal: those of the runbook, with made-up values in place of what only a run can know.
//!
//! Knows nothing of what happens in the world but what a job has left behind.

use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap};
use std::path::PathBuf;
use std::sync::Arc;

use indexmap::IndexMap;
use serde_json::Value;

use super::made_up;
use super::world::Cell;
use crate::core::claim::{Holder, Lock};
use crate::core::evaluate::{Evaluate, Out};
use crate::core::expressions::Expressions;
use crate::core::job::{Command, Role};
use crate::core::question::Question;
use crate::core::record::Item;
use crate::core::state::{InstanceId, State};
use crate::plan::graph::{Meaning, NodeId};
use crate::spec::model::{Meaning as Means, Probe};
use crate::spec::template::Reference;

/// What a probe prints that finds the world so.
pub(super) fn finding(cell: Cell) -> String {
    match cell {
        Cell::Absent => "absent".to_owned(),
        Cell::Done => "done".to_owned(),
        Cell::Half => "half".to_owned(),
        Cell::In(index) | Cell::GoesOn(index) => index.to_string(),
    }
}

/// Something that only a run can know, and what was done about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Assumption {
    /// A `when` that depends on what a step has found.
    Condition(NodeId),
    /// An `assert` that depends on what a step has found.
    Assertion(NodeId),
    /// Items that depend on what a step has found.
    Items(NodeId),
    /// Of so many items only the first few are rehearsed.
    Cut(NodeId, usize),
    /// A command that cannot be rendered with made-up values.
    Command(NodeId),
    /// A probe that knows nothing between `done` and `absent`.
    TwoStates(NodeId),
}

/// The answers of one rehearsal.
pub(super) struct Answers {
    expressions: Expressions,
    items_max: usize,
    /// The step whose condition, which depends on what a step has found, is taken for false.
    denied: Option<NodeId>,
    assumed: RefCell<BTreeSet<Assumption>>,
    commands: RefCell<HashMap<(Arc<str>, Role), Command>>,
    locks: RefCell<HashMap<Arc<str>, Vec<Lock>>>,
    /// By task, which of the states of its probe hold whatever the probe finds.
    always: RefCell<HashMap<Arc<str>, Vec<u32>>>,
}

/// The same as the machine asks for it.
#[derive(Clone, Copy)]
pub(super) struct Asked<'a>(pub(super) &'a Answers);

impl Answers {
    pub(super) fn new(expressions: Expressions, items_max: usize, denied: Option<NodeId>) -> Self {
        Self {
            expressions,
            items_max,
            denied,
            assumed: RefCell::default(),
            commands: RefCell::default(),
            locks: RefCell::default(),
            always: RefCell::default(),
        }
    }

    /// What was assumed so far.
    pub(super) fn assumed(&self) -> Vec<Assumption> {
        self.assumed.borrow().iter().copied().collect()
    }

    pub(super) fn expressions(&self) -> &Expressions {
        &self.expressions
    }

    fn assume(&self, assumption: Assumption) {
        self.assumed.borrow_mut().insert(assumption);
    }

    fn render(&self, state: &State, instance: InstanceId, role: Role) -> Result<Command, String> {
        match self.expressions.command(state, instance, role) {
            Ok(command) => Ok(command),
            Err(error) => {
                // With what a run finds it may well be rendered; without any of that it will fail in the run as well.
                let unknown = role != Role::Action
                    || self.expressions.action_depends_on(state, instance).is_some();
                self.stand_in(state, instance, unknown.then_some(()).ok_or(error))
            }
        }
    }

    fn stand_in(
        &self,
        state: &State,
        instance: InstanceId,
        unknown: Result<(), String>,
    ) -> Result<Command, String> {
        unknown?;
        let at = state.instance(instance);
        self.assume(Assumption::Command(at.node));
        Ok(Command {
            argv: vec![format!("(command of {})", at.id)],
            env: IndexMap::new(),
            dir: PathBuf::from("/"),
            stdin: None,
            timeout_ms: None,
            grace_ms: 0,
        })
    }

    fn probe(&self, node: NodeId) -> Option<&Probe> {
        let work = self.expressions.plan().step(node).work.as_deref()?;
        let own = work.probe.as_ref();
        let inherited = || work.target()?.work.probe.as_ref();
        own.or_else(inherited).map(|probe| probe.value.as_ref())
    }

    /// The states that do not look at what the probe finds, and hold.
    fn states_that_always_hold(&self, state: &State, instance: InstanceId) -> Vec<u32> {
        let Some(probe) = self.probe(state.instance(instance).node) else { return Vec::new() };
        let any_exit = probe.work.success.is_some()
            || probe.work.target().is_some_and(|target| target.work.success.is_some());
        let looks =
            |path: &Reference| path.root() == "out" && (any_exit || path.name(1) != Some("exit"));
        let blind = probe
            .states
            .values()
            .zip(0..)
            .filter(|(state, _)| !state.when.value.references().iter().any(looks));
        let out = Out { exit: Some(0), stdout: Some(Ok(String::new())) };
        let holds = |index: &u32| {
            self.expressions.state_holds(state, instance, *index, &out).unwrap_or(false)
        };
        blind.map(|(_, index)| index).filter(holds).collect()
    }

    /// Whether a state is told by what the probe finds.
    fn is_seen(&self, node: NodeId, index: usize) -> bool {
        let Some(probe) = self.probe(node) else { return false };
        let Some((_, state)) = probe.states.get_index(index) else { return false };
        let mut references = state.when.value.references().iter();
        references.any(|path| path.root() == "out")
    }
}

/// What the machine asks. The world says itself whether a job ends well and what a probe finds.
impl Evaluate for Asked<'_> {
    fn when(&self, state: &State, instance: InstanceId) -> Result<bool, String> {
        let node = state.instance(instance).node;
        if self.0.expressions.condition_depends_on(state, instance).is_none() {
            return self.0.expressions.when(state, instance);
        }
        self.0.assume(Assumption::Condition(node));
        Ok(self.0.denied != Some(node))
    }

    fn items(&self, state: &State, instance: InstanceId) -> Result<Vec<Item>, String> {
        let node = state.instance(instance).node;
        let unknown = self.0.expressions.items_depend_on(state, instance).is_some();
        let mut items = match self.0.expressions.items(state, instance) {
            Err(_) if unknown => made_up::items(self.0.items_max),
            known => known?,
        };
        if unknown {
            self.0.assume(Assumption::Items(node));
        } else if items.len() > self.0.items_max {
            self.0.assume(Assumption::Cut(node, items.len()));
        }
        items.truncate(self.0.items_max);
        Ok(items)
    }

    fn locks(&self, state: &State, holder: Holder) -> Result<Vec<Lock>, String> {
        let id = state.holder_id(holder);
        if let Some(known) = self.0.locks.borrow().get(&id) {
            return Ok(known.clone());
        }
        let unknown = self.0.expressions.locks_depend_on(state, holder).is_some();
        let locks = match self.0.expressions.locks(state, holder) {
            Err(_) if unknown => Vec::new(),
            known => known?,
        };
        if !unknown {
            self.0.locks.borrow_mut().insert(id, locks.clone());
        }
        Ok(locks)
    }

    fn assert(&self, state: &State, instance: InstanceId) -> Result<Option<String>, String> {
        if self.0.expressions.action_depends_on(state, instance).is_none() {
            return self.0.expressions.assert(state, instance);
        }
        self.0.assume(Assumption::Assertion(state.instance(instance).node));
        Ok(None)
    }

    /// Whoever is asked in a rehearsal answers for all who should.
    fn question(&self, state: &State, instance: InstanceId) -> Result<Question, String> {
        let known = self.0.expressions.question(state, instance);
        let question = known.or_else(|error| {
            self.0.expressions.action_depends_on(state, instance).ok_or(error)?;
            self.0.assume(Assumption::Command(state.instance(instance).node));
            Ok::<_, String>(made_up::question())
        })?;
        Ok(Question { by: Vec::new(), min: 1, ..question })
    }

    fn command(&self, state: &State, instance: InstanceId, role: Role) -> Result<Command, String> {
        let key = (state.instance(instance).id.clone(), role);
        if let Some(known) = self.0.commands.borrow().get(&key) {
            return Ok(known.clone());
        }
        let command = self.0.render(state, instance, role)?;
        self.0.commands.borrow_mut().insert(key, command.clone());
        Ok(command)
    }

    fn success(&self, _: &State, _: InstanceId, _: Role, out: &Out) -> Result<bool, String> {
        Ok(out.exit == Some(0))
    }

    fn outputs(
        &self,
        state: &State,
        instance: InstanceId,
        _: Role,
        _: &Out,
    ) -> Result<Value, String> {
        let step = self.0.expressions.plan().step(state.instance(instance).node);
        let work = step.work.as_deref().ok_or("it has no action")?;
        Ok(made_up::outputs(&state.node(instance).name, work, self.0.items_max))
    }

    fn probed(
        &self,
        state: &State,
        instance: InstanceId,
        out: &Out,
    ) -> Result<Option<u32>, String> {
        let at = state.instance(instance);
        let said = match &out.stdout {
            Some(Ok(said)) => said.as_str(),
            _ => return Err("its probe has printed nothing".to_owned()),
        };
        let shape = state.graph().task(at.node).and_then(|task| task.probe.as_ref());
        let states = &shape.ok_or("it has no probe")?.states;
        let is = |meaning: &Meaning| match said {
            "done" => matches!(meaning, Meaning::Done),
            "absent" => matches!(meaning, Meaning::Absent),
            _ => false,
        };
        let found = match said.parse::<usize>() {
            Ok(index) => Some(index),
            Err(_) => states.iter().position(|state| is(&state.meaning)),
        };
        let found = found.filter(|&index| self.0.is_seen(at.node, index));
        let found = found.and_then(|index| u32::try_from(index).ok());
        let mut always = self.0.always.borrow_mut();
        let always = always
            .entry(at.id.clone())
            .or_insert_with(|| self.0.states_that_always_hold(state, instance));
        Ok(always.iter().copied().chain(found).min())
    }

    fn stop_message(
        &self,
        state: &State,
        instance: InstanceId,
        index: u32,
        out: &Out,
    ) -> Result<String, String> {
        self.0.expressions.stop_message(state, instance, index, out).or_else(|error| {
            let probe = self.0.probe(state.instance(instance).node).ok_or(error.clone())?;
            match probe.states.get_index(index as usize).map(|(_, state)| &state.meaning) {
                Some(Means::Stop(message)) => Ok(message.value.source().to_owned()),
                _ => Err(error),
            }
        })
    }

    fn until(&self, _: &State, _: InstanceId, _: &Out) -> Result<bool, String> {
        Ok(true)
    }

    fn setting_to(&self, state: &State, part: InstanceId) -> Result<Value, String> {
        let to = self.0.expressions.setting_to(state, part);
        to.or_else(|_| Ok(Value::from(format!("(temporary value of {})", state.instance(part).id))))
    }

    fn setting_value(&self, _: &State, _: InstanceId, out: &Out) -> Result<Value, String> {
        match &out.stdout {
            Some(Ok(text)) => serde_json::from_str(text).map_err(|error| error.to_string()),
            _ => Err("nothing was read".to_owned()),
        }
    }

    fn restore_command(
        &self,
        state: &State,
        part: InstanceId,
        old: &Value,
    ) -> Result<Command, String> {
        let command = self.0.expressions.restore_command(state, part, old);
        command.or_else(|_| self.0.stand_in(state, part, Ok(())))
    }

    fn reads_stdout(&self, _: &State, _: InstanceId, _: Role) -> bool {
        true
    }
}
