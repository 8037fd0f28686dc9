//! Expressions of probes and of what is repeated.
//!
//! A probe that a driver's action brings sees that action's inputs; one that a step has of its own sees what the step sees.

use std::sync::Arc;

use serde_json::{Map, Value};

use super::super::evaluate::Out;
use super::super::state::{InstanceId, State};
use super::{Expressions, render, scope};
use crate::plan::graph::NodeId;
use crate::spec::model::{DriverAction, Located, Meaning, Probe, ProbeState, Repeat, Work};
use crate::spec::template::{Reference, Scope};

/// The pieces of work that a probe may have done: its own, and those of its repairs.
pub(super) fn works(probe: &Probe) -> impl Iterator<Item = &Work> {
    let repairs = probe.states.values().filter_map(|state| match &state.meaning {
        Meaning::Repair(actions) => Some(actions.iter().map(|action| &action.value)),
        _ => None,
    });
    std::iter::once(&probe.work).chain(repairs.flatten())
}

impl Expressions {
    /// A node's probe, and the driver's action that it comes from, if it is not the step's own.
    pub(super) fn probe(
        &self,
        node: NodeId,
    ) -> Result<(&Probe, Option<&Arc<DriverAction>>), String> {
        let work = self.work(node)?;
        if let Some(probe) = &work.probe {
            return Ok((&probe.value, None));
        }
        let target = work.target();
        let inherited = target.and_then(|target| target.work.probe.as_ref());
        inherited
            .map(|probe| (probe.value.as_ref(), target))
            .ok_or_else(|| "it has no probe".to_owned())
    }

    /// An action of a repair.
    pub(super) fn mend(
        &self,
        node: NodeId,
        state: u32,
        action: u32,
    ) -> Result<(&Work, Option<&Arc<DriverAction>>), String> {
        let (probe, owner) = self.probe(node)?;
        let meaning = probe.states.get_index(state as usize).map(|(_, state)| &state.meaning);
        match meaning {
            Some(Meaning::Repair(actions)) => actions
                .get(action as usize)
                .map(|action| (&action.value, owner))
                .ok_or_else(|| format!("its repair has no action {}", action + 1)),
            _ => Err("its state is not repaired".to_owned()),
        }
    }

    /// The scope in which a probe's expressions are read, without what the probe has printed.
    fn scope_of_probe<'a>(
        &self,
        state: &State,
        instance: InstanceId,
        owner: Option<&Arc<DriverAction>>,
        references: impl IntoIterator<Item = &'a Reference>,
    ) -> Result<Scope, String> {
        match owner {
            Some(_) => {
                let outer = self.work(state.instance(instance).node)?;
                Ok(self.inside(self.inputs(state, instance, outer, None)?))
            }
            None => Ok(self.scope(state, instance, references)),
        }
    }

    /// Number of the first state that holds. What the later ones would read is not asked of them.
    pub(super) fn first_state(
        &self,
        state: &State,
        instance: InstanceId,
        out: &Out,
    ) -> Result<Option<u32>, String> {
        let (probe, owner) = self.probe(state.instance(instance).node)?;
        let references = || probe.states.values().flat_map(|state| state.when.value.references());
        let scope = self.scope_of_probe(state, instance, owner, references())?;
        for ((name, probed), number) in probe.states.iter().zip(0..) {
            let failed = |error: String| format!("its probe's state `{name}`: {error}");
            let left = scope::out(out, probed.when.value.references()).map_err(failed)?;
            let holds = probed.when.value.eval_bool(&scope.with("out", left));
            if holds.map_err(|error| failed(error.to_string()))? {
                return Ok(Some(number));
            }
        }
        Ok(None)
    }

    /// Whether the state of that number holds, whatever the states before it say.
    ///
    /// # Errors
    /// If it cannot be evaluated, or gives no boolean.
    pub fn state_holds(
        &self,
        state: &State,
        instance: InstanceId,
        index: u32,
        out: &Out,
    ) -> Result<bool, String> {
        let (probe, owner) = self.probe(state.instance(instance).node)?;
        let probed = probe.states.get_index(index as usize).map(|(_, state)| state);
        let when = &probed.ok_or("its probe has no such state")?.when.value;
        let scope = self.scope_of_probe(state, instance, owner, when.references())?;
        let left = scope::out(out, when.references())?;
        when.eval_bool(&scope.with("out", left)).map_err(|error| error.to_string())
    }

    pub(super) fn message_of_state(
        &self,
        state: &State,
        instance: InstanceId,
        index: u32,
        out: &Out,
    ) -> Result<String, String> {
        let (probe, owner) = self.probe(state.instance(instance).node)?;
        let found = probe.states.get_index(index as usize).map(|(_, state)| state);
        let Some(ProbeState { meaning: Meaning::Stop(message), .. }) = found else {
            return Err("its state has no message".to_owned());
        };
        let references = message.value.references();
        let left = scope::out(out, references)?;
        let scope = self.scope_of_probe(state, instance, owner, references)?.with("out", left);
        let text = message.value.render(&scope).map_err(|error| error.to_string())?;
        render::text(&text).ok_or_else(|| "it is no text".to_owned())
    }

    /// The outputs that a probe declares itself; `false` if it declares none.
    pub(super) fn outputs_of_probe(
        &self,
        state: &State,
        instance: InstanceId,
        out: &Out,
        kept: &mut Map<String, Value>,
    ) -> Result<bool, String> {
        let (probe, owner) = self.probe(state.instance(instance).node)?;
        if probe.work.outputs.is_empty() {
            return Ok(false);
        }
        let references = || scope::output_references(&probe.work);
        let left = scope::out(out, references())?;
        let scope = self.scope_of_probe(state, instance, owner, references())?.with("out", left);
        self.keep(&probe.work.outputs, &scope, kept)?;
        Ok(true)
    }

    /// `repeat` of a node, and whether it comes from its driver's action.
    fn repeat(&self, node: NodeId) -> Option<(&Located<Repeat>, bool)> {
        let work = self.work(node).ok()?;
        match &work.repeat {
            Some(repeat) => Some((repeat, false)),
            None => work.target()?.work.repeat.as_ref().map(|repeat| (repeat, true)),
        }
    }

    pub(super) fn repeat_reads_stdout(&self, node: NodeId) -> bool {
        self.repeat(node).is_some_and(|(repeat, _)| {
            repeat.value.until.value.references().iter().any(scope::reads_stdout)
        })
    }

    pub(super) fn until_holds(
        &self,
        state: &State,
        instance: InstanceId,
        out: &Out,
    ) -> Result<bool, String> {
        let node = state.instance(instance).node;
        let (repeat, inherited) = self.repeat(node).ok_or("it is not repeated")?;
        let until = &repeat.value.until.value;
        let scope = if inherited {
            self.inside(self.inputs(state, instance, self.work(node)?, None)?)
        } else {
            self.scope(state, instance, until.references())
        };
        let scope = scope.with("out", scope::out(out, until.references())?);
        until.eval_bool(&scope).map_err(|error| error.to_string())
    }
}
