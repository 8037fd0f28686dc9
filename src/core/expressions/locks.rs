//! Rendering the names of locks.

use std::sync::Arc;

use super::super::claim::{Holder, Lock};
use super::super::job::Role;
use super::super::state::{InstanceId, State};
use super::{Expressions, scope};
use crate::plan::PlannedStep;
use crate::spec::model::{Located, LockName, Sharing};
use crate::spec::template::{Reference, Scope};

impl Expressions {
    /// The locks of a holder: for a task those of its step and of its driver's action, for a scope those of its group.
    pub(super) fn locks_of(&self, state: &State, holder: Holder) -> Result<Vec<Lock>, String> {
        let Some((step, inside)) = self.place_of(state, holder) else { return Ok(Vec::new()) };
        if let (Holder::Task(part), Some(_)) = (holder, &step.setting) {
            return self.locks_of_setting(state, part, &step.locks);
        }
        let mut locks = Vec::new();
        if !step.locks.is_empty() {
            let scope = self.scope(state, inside, references(&step.locks));
            render(&step.locks, &scope, &mut locks)?;
        }
        if let (Holder::Task(task), Some(work)) = (holder, &step.work) {
            if !work.locks.is_empty() {
                let scope = self.scope(state, task, references(&work.locks));
                render(&work.locks, &scope, &mut locks)?;
            }
            if work.target().is_some_and(|target| !target.work.locks.is_empty()) {
                let leaf = self.leaf(state, task, Role::Action)?;
                render(&leaf.work.locks, &leaf.scope, &mut locks)?;
            }
        }
        Ok(locks)
    }

    /// The locks of a setting: its own, else one that is named after the command that reads its value. Nobody shares them.
    fn locks_of_setting(
        &self,
        state: &State,
        part: InstanceId,
        own: &[Located<LockName>],
    ) -> Result<Vec<Lock>, String> {
        let mut locks = Vec::new();
        if own.is_empty() {
            let get = self.render(state, part, Role::Get)?;
            let words = get.argv.iter().map(String::as_str);
            let words = shlex::try_join(words).unwrap_or_else(|_| get.argv.join(" "));
            let name = format!("setting: {words}");
            locks.push(Lock { name: name.into(), sharing: Sharing::Exclusive });
        } else {
            let scope = self.scope(state, part, references(own));
            render(own, &scope, &mut locks)?;
            locks.iter_mut().for_each(|lock| lock.sharing = Sharing::Exclusive);
        }
        Ok(locks)
    }

    /// The step on whose outcome the names of a holder's locks depend, if on any.
    #[must_use]
    pub fn locks_depend_on(&self, state: &State, holder: Holder) -> Option<String> {
        let (step, inside) = self.place_of(state, holder)?;
        let own = step.locks.iter().chain(step.work.iter().flat_map(|work| &work.locks));
        let own = own.flat_map(|lock| lock.value.name.value.references());
        let brings = |work: &&crate::spec::model::Work| {
            work.target().is_some_and(|target| !target.work.locks.is_empty())
        };
        let work = step.work.as_deref().filter(brings);
        scope::first_step(state, inside, own.chain(work.into_iter().flat_map(scope::references)))
    }

    /// Whose locks they are, and an instance whose names are those that they are written in.
    fn place_of(&self, state: &State, holder: Holder) -> Option<(&PlannedStep, InstanceId)> {
        match holder {
            Holder::Task(task) => Some((self.plan.step(state.instance(task).node), task)),
            Holder::Scope(scope) => {
                let group = state.instance(state.scope(scope).group).node;
                Some((self.plan.step(group), state.children(scope).next()?))
            }
        }
    }
}

fn references(locks: &[Located<LockName>]) -> impl Iterator<Item = &Reference> {
    locks.iter().flat_map(|lock| lock.value.name.value.references())
}

fn render(locks: &[Located<LockName>], scope: &Scope, into: &mut Vec<Lock>) -> Result<(), String> {
    for lock in locks {
        let LockName { name: template, sharing } = &lock.value;
        let name = template.value.render_text(scope).map_err(|error| error.to_string())?;
        if name.trim().is_empty() {
            return Err(format!("`{}` gives no name", template.value.source()));
        }
        into.push(Lock { name: Arc::from(name), sharing: *sharing });
    }
    Ok(())
}
