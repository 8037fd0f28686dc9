//! Going no further than one step: that step, and what comes before it, and nothing else.
//!
//! What is left out is not skipped: it is not looked at in this execution, and a resume goes on with it.

use jiff::Timestamp;

use super::{Machine, Transition};
use crate::core::apply::Unfit;
use crate::core::evaluate::Evaluate;
use crate::core::record::StopReason;
use crate::core::state::{InstanceId, ScopeId, Settled};
use crate::plan::graph::{Graph, NodeId};

/// Where to stop.
#[derive(Debug, Clone)]
pub(super) struct Goal {
    /// Slot of the step among the steps of the run.
    slot: u32,
    /// By slot: the step itself, and all that it waits for.
    wanted: Vec<bool>,
}

impl Goal {
    fn new(graph: &Graph, step: NodeId) -> Self {
        let siblings = graph.group(NodeId::ROOT).map_or(&[][..], |root| &root.children);
        let mut wanted = vec![false; siblings.len()];
        let slot = graph.node(step).slot;
        let mut open = vec![slot];
        while let Some(slot) = open.pop() {
            if !std::mem::replace(&mut wanted[slot as usize], true) {
                let node = graph.node(siblings[slot as usize]);
                open.extend(node.predecessors());
            }
        }
        Self { slot, wanted }
    }
}

impl<E: Evaluate> Machine<E> {
    /// The same machine for an execution that ends once `step`, one of the run's own steps, has succeeded.
    #[must_use]
    pub fn until(mut self, step: NodeId) -> Self {
        self.goal = Some(Goal::new(self.state.graph(), step));
        self
    }

    /// Whether an instance is part of what this execution is for; what is inside a step is as wanted as the step.
    pub(super) fn is_wanted(&self, id: InstanceId) -> bool {
        let instance = self.state.instance(id);
        let Some(goal) = self.goal.as_ref().filter(|_| instance.scope == ScopeId(0)) else {
            return true;
        };
        goal.wanted.get(self.state.node(id).slot as usize).copied().unwrap_or(true)
    }

    /// Stops the run once it has come as far as it was to go.
    pub(super) fn stop_at_goal(
        &mut self,
        now: Timestamp,
        out: &mut Transition,
    ) -> Result<(), Unfit> {
        let Some(goal) = &self.goal else { return Ok(()) };
        let reached = !self.state.scopes.is_empty() && {
            let step = InstanceId(self.state.scope(ScopeId(0)).first.0 + goal.slot);
            self.state.instance(step).standing.settled == Settled::Good
        };
        if reached && !self.state.is_complete() {
            self.stop(now, StopReason::Reached, None, None, out)?;
        }
        Ok(())
    }
}
