//! Expressions of settings: the temporary value, the commands that read and change it, and what was read.
//!
//! Does not know when they are asked for.

use serde_json::{Map, Value};

use super::super::evaluate::Out;
use super::super::job::Role;
use super::super::state::{InstanceId, State};
use super::{Expressions, Leaf, scope};
use crate::plan::PlannedSetting;
use crate::plan::graph::NodeId;
use crate::spec::model::Work;
use crate::spec::template::Scope;

/// The output of `get` that is the value, where it declares one.
const VALUE: &str = "value";

impl Expressions {
    fn planned_setting(&self, node: NodeId) -> Result<&PlannedSetting, String> {
        self.plan.step(node).setting.as_deref().ok_or_else(|| "it is no setting".to_owned())
    }

    /// The work of a setting's job; `None` for what is no setting.
    pub(super) fn of_setting(&self, node: NodeId, role: Role) -> Option<Result<&Work, String>> {
        let setting = self.plan.step(node).setting.as_deref()?;
        Some(match role {
            Role::Get => Ok(&setting.get),
            Role::Set => Ok(setting.set()),
            Role::Restore => Ok(setting.restore()),
            _ => Err("a setting has no such job".to_owned()),
        })
    }

    /// Adds the item that a part of a setting is for.
    pub(super) fn with_own_item(&self, state: &State, instance: InstanceId, scope: Scope) -> Scope {
        let Some(part) = state.part(instance) else { return scope };
        match &self.plan.step(state.instance(instance).node).for_each {
            Some(for_each) => scope
                .with(for_each.name.value.as_str(), part.item.as_ref())
                .with("index", i64::from(part.index)),
            None => scope,
        }
    }

    pub(super) fn temporary_value(&self, state: &State, part: InstanceId) -> Result<Value, String> {
        let to = &self.planned_setting(state.instance(part).node)?.to.value;
        let scope = self.scope(state, part, to.references());
        to.render(&scope).map_err(|error| format!("`to`: {error}"))
    }

    /// What a setting's job really is. `old` is the value to be put back, where that is not recorded yet.
    pub(super) fn leaf_of_setting<'a>(
        &'a self,
        state: &State,
        part: InstanceId,
        role: Role,
        old: Option<&Value>,
    ) -> Result<Leaf<'a>, String> {
        let node = state.instance(part).node;
        let (work, _) = self.of_role(node, role)?;
        let mut scope = self.scope(state, part, scope::references(work));
        match role {
            Role::Set => scope = scope.with("value", self.temporary_value(state, part)?),
            Role::Restore => {
                let recorded = state.part(part).and_then(|part| part.old.as_deref());
                let value = old.or(recorded).ok_or("its old value is not known")?;
                scope = scope.with("value", value);
            }
            _ => {}
        }
        match work.target() {
            Some(target) => {
                let inputs = self.inputs(state, part, work, Some(&scope))?;
                Ok(Leaf { work: &target.work, scope: self.inside(inputs) })
            }
            None => Ok(Leaf { work, scope }),
        }
    }

    /// The value that `get` has read: its output `value`, else what it printed without the last line's end.
    pub(super) fn value_read(
        &self,
        state: &State,
        part: InstanceId,
        out: &Out,
    ) -> Result<Value, String> {
        let get = &self.planned_setting(state.instance(part).node)?.get;
        let Leaf { work: leaf, scope: inner } =
            self.leaf_of_setting(state, part, Role::Get, None)?;
        let mut kept = Map::new();
        if let Some(target) = get.target() {
            let left = scope::out(out, scope::output_references(&target.work))?;
            self.keep(&leaf.outputs, &inner.with("out", left), &mut kept)?;
        }
        let own = self.scope(state, part, scope::output_references(get));
        let left = scope::out(out, scope::output_references(get))?;
        self.keep(&get.outputs, &own.with("out", left), &mut kept)?;
        match kept.remove(VALUE) {
            Some(value) => Ok(value),
            None => scope::printed(out).map(Value::from),
        }
    }
}
