//! What can be said before a run, or before a task's turn: what an answer depends on that is not known yet.
//!
//! Starts nothing, and takes no answer for settled that may still change.

use super::{Expressions, scope};
use crate::core::evaluate::Evaluate;
use crate::core::job::Role;
use crate::core::state::{InstanceId, State};

impl Expressions {
    /// The step on whose outcome `when` depends, if on any.
    #[must_use]
    pub fn condition_depends_on(&self, state: &State, instance: InstanceId) -> Option<String> {
        let when = self.plan.step(state.instance(instance).node).when.as_ref()?;
        scope::first_step(state, instance, when.value.references())
    }

    /// What `when` says before anything has run, if that does not hang on a step's outcome; else that step. What a false part
    /// before it makes irrelevant is not looked at.
    ///
    /// # Errors
    /// The step on whose outcome it depends.
    pub fn when_beforehand(
        &self,
        state: &State,
        instance: InstanceId,
    ) -> Result<Result<bool, String>, String> {
        let Some(when) = &self.plan.step(state.instance(instance).node).when else {
            return Ok(Ok(true));
        };
        let Some(until) = self.condition_depends_on(state, instance) else {
            return Ok(self.when(state, instance));
        };
        let known = when.value.references().iter().filter(|path| path.root() != "steps");
        let scope = self.scope(state, instance, known);
        // Whatever looks at a step is an error in a scope without steps.
        when.value.eval_bool(&scope).map(Ok).map_err(|_| until)
    }

    /// Whether a job's command, or what decides on its answer, reads the id or the folder of the run.
    #[must_use]
    pub fn knows_its_run(&self, state: &State, instance: InstanceId, role: Role) -> bool {
        let Ok((work, inherited)) = self.of_role(state.instance(instance).node, role) else {
            return false;
        };
        let behind = work.target().map(|target| &target.work);
        let outer = inherited.and_then(|_| self.work(state.instance(instance).node).ok());
        let works = [Some(work), behind, outer].into_iter().flatten();
        works.flat_map(scope::references).any(|path| path.root() == "run")
    }

    /// The step on whose outcome the items of a group depend, if on any.
    #[must_use]
    pub fn items_depend_on(&self, state: &State, instance: InstanceId) -> Option<String> {
        let for_each = self.plan.step(state.instance(instance).node).for_each.as_ref()?;
        let keys = for_each.key.iter().flat_map(|key| key.value.references());
        scope::first_step(state, instance, for_each.items.value.references().chain(keys))
    }

    /// The step on whose outcome a task's command or assertion depends, if on any.
    #[must_use]
    pub fn action_depends_on(&self, state: &State, instance: InstanceId) -> Option<String> {
        let work = self.work(state.instance(instance).node).ok()?;
        scope::first_step(state, instance, scope::references(work)).or_else(|| {
            let mut at = instance;
            while at != InstanceId::ROOT {
                let step = self.plan.step(state.instance(at).node);
                let own = step
                    .env
                    .values()
                    .chain(&step.dir)
                    .flat_map(|template| template.value.references());
                if let Some(found) = scope::first_step(state, at, own) {
                    return Some(found);
                }
                at = state.scope(state.instance(at).scope).group;
            }
            None
        })
    }
}
