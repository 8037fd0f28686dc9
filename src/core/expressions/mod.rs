//! [`Evaluate`] for a plan: its expressions and templates, asked in the scope of one task.
//!
//! Pure: reads the plan and the state and nothing else, so that every answer can be had again from the journal.

mod beforehand;
mod items;
mod locks;
mod probe;
mod question;
mod render;
mod scope;
mod setting;

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::{Map, Value};

use super::claim::{Holder, Lock};
use super::evaluate::{Evaluate, Out};
use super::job::{Command, Role};
use super::question::Question;
use super::record::Item;
use super::state::{InstanceId, State};
use crate::plan::Plan;
use crate::plan::graph::NodeId;
use crate::spec::inputs::{InputCheck, check_inputs};
use crate::spec::model::{Action, DriverAction, Output, Work};
use crate::spec::template::{Expression, Scope};

/// The expressions of a plan, for one run of it.
#[derive(Debug)]
pub struct Expressions {
    plan: Arc<Plan>,
    base: Scope,
    /// What the inputs of each driver's action must be, prepared once.
    checks: HashMap<*const DriverAction, InputCheck>,
}

/// A piece of work with the scope that its templates are read in.
struct Leaf<'a> {
    work: &'a Work,
    scope: Scope,
}

impl Expressions {
    /// For the run with that id, whose folder is `dir`.
    #[must_use]
    pub fn new(plan: Arc<Plan>, run: &str, dir: &str) -> Self {
        let base = Scope::new()
            .with("params", &plan.params)
            .with("vars", &plan.vars)
            .with("run", serde_json::json!({"id": run, "dir": dir}));
        let used = plan.steps.iter().filter_map(|step| step.work.as_deref());
        let with_checks = used.flat_map(|work| {
            let around = work.probe.iter().flat_map(|probe| probe::works(&probe.value));
            std::iter::once(work).chain(work.verify.iter().map(|check| &check.value)).chain(around)
        });
        let of_settings = plan.steps.iter().filter_map(|step| step.setting.as_deref());
        let with_checks = with_checks.chain(of_settings.flat_map(|setting| setting.works()));
        let mut checks = HashMap::new();
        for target in with_checks.filter_map(|work| work.target()) {
            // A schema that is not sound is told when a task gives its inputs; a checked runbook has none.
            if let (false, Ok(check)) =
                (checks.contains_key(&Arc::as_ptr(target)), InputCheck::new(&target.inputs))
            {
                checks.insert(Arc::as_ptr(target), check);
            }
        }
        Self { plan, base, checks }
    }

    /// The plan.
    #[must_use]
    pub fn plan(&self) -> &Arc<Plan> {
        &self.plan
    }

    fn work(&self, node: NodeId) -> Result<&Work, String> {
        self.plan.step(node).work.as_deref().ok_or_else(|| "it has no action".to_owned())
    }

    /// The work of one job: the action, one of the verifications (those of the driver's action come first), the probe, or an
    /// action of a repair.
    fn of_role(
        &self,
        node: NodeId,
        role: Role,
    ) -> Result<(&Work, Option<&Arc<DriverAction>>), String> {
        if let Some(work) = self.of_setting(node, role) {
            return work.map(|work| (work, None));
        }
        let work = self.work(node)?;
        let number = match role {
            Role::Action => return Ok((work, None)),
            Role::Probe => return self.probe(node).map(|(probe, owner)| (&probe.work, owner)),
            Role::Repair { state, action } => return self.mend(node, state, action),
            Role::Verify(number) => number as usize,
            Role::Get | Role::Set | Role::Restore => return Err("it is no setting".to_owned()),
        };
        let inherited = work.target().map_or(0, |target| target.work.verify.len());
        let found = match work.target() {
            Some(target) if number < inherited => {
                target.work.verify.get(number).map(|check| (&check.value, Some(target)))
            }
            _ => work.verify.get(number - inherited).map(|check| (&check.value, None)),
        };
        found.ok_or_else(|| format!("it has no verification {}", number + 1))
    }

    /// The inputs that a step gives to its driver's action, completed and checked.
    fn inputs(
        &self,
        state: &State,
        instance: InstanceId,
        work: &Work,
        scope: Option<&Scope>,
    ) -> Result<Map<String, Value>, String> {
        let Action::Uses { target: Some(target), with, name } = &work.action else {
            return Ok(Map::new());
        };
        let own;
        let scope = match scope {
            Some(scope) => scope,
            None => {
                own = self.scope(
                    state,
                    instance,
                    with.values().flat_map(|value| value.value.references()),
                );
                &own
            }
        };
        let mut given = Map::new();
        for (input, value) in with {
            let value =
                value.value.render(scope).map_err(|error| format!("`with.{input}`: {error}"))?;
            given.insert(input.clone(), value);
        }
        let checked = match self.checks.get(&Arc::as_ptr(target)) {
            Some(check) => check.check(&given),
            None => check_inputs(target, &given),
        };
        checked.map_err(|errors| format!("`{}`: {}", name.value, errors.join("; ")))
    }

    /// Scope of a driver's action.
    fn inside(&self, inputs: Map<String, Value>) -> Scope {
        self.base_of_driver().with("inputs", Value::Object(inputs))
    }

    fn base_of_driver(&self) -> Scope {
        Scope::new().with("run", self.base.get("run").cloned().expect("the base scope has `run`"))
    }

    /// What a job really is: the step's own work, or the driver's action behind it, with the scope for its templates.
    fn leaf<'a>(
        &'a self,
        state: &State,
        instance: InstanceId,
        role: Role,
    ) -> Result<Leaf<'a>, String> {
        if state.part(instance).is_some() {
            return self.leaf_of_setting(state, instance, role, None);
        }
        let node = state.instance(instance).node;
        let (work, inherited) = self.of_role(node, role)?;
        if inherited.is_some() {
            let outer = self.work(node)?;
            return Ok(Leaf {
                work,
                scope: self.inside(self.inputs(state, instance, outer, None)?),
            });
        }
        match work.target() {
            Some(target) => {
                let inputs = self.inputs(state, instance, work, None)?;
                Ok(Leaf { work: &target.work, scope: self.inside(inputs) })
            }
            None => Ok(Leaf { work, scope: self.scope(state, instance, scope::references(work)) }),
        }
    }

    fn boolean(
        &self,
        state: &State,
        instance: InstanceId,
        expression: &Expression,
    ) -> Result<bool, String> {
        let scope = self.scope(state, instance, expression.references());
        expression.eval_bool(&scope).map_err(|error| error.to_string())
    }

    /// `success` as the step says it, else as its driver's action does, each with the scope that it is read in.
    fn success_of(
        &self,
        state: &State,
        instance: InstanceId,
        role: Role,
    ) -> Result<Option<(&Expression, Scope)>, String> {
        let node = state.instance(instance).node;
        let (work, inherited) = self.of_role(node, role)?;
        if inherited.is_none()
            && let Some(success) = &work.success
        {
            return Ok(Some((
                &success.value,
                self.scope(state, instance, success.value.references()),
            )));
        }
        let Leaf { work, scope } = self.leaf(state, instance, role)?;
        Ok(work.success.as_ref().map(|success| (&success.value, scope)))
    }

    fn keep(
        &self,
        outputs: &indexmap::IndexMap<String, Output>,
        scope: &Scope,
        into: &mut Map<String, Value>,
    ) -> Result<(), String> {
        for (name, output) in outputs {
            let value =
                output.value.value.render(scope).map_err(|error| format!("`{name}`: {error}"))?;
            let value = match output.kind {
                Some(kind) => kind.convert(value).map_err(|error| format!("`{name}`: {error}"))?,
                None => value,
            };
            into.insert(name.clone(), value);
        }
        Ok(())
    }
}

impl Evaluate for Expressions {
    fn when(&self, state: &State, instance: InstanceId) -> Result<bool, String> {
        match &self.plan.step(state.instance(instance).node).when {
            Some(when) => self.boolean(state, instance, &when.value),
            None => Ok(true),
        }
    }

    fn items(&self, state: &State, instance: InstanceId) -> Result<Vec<Item>, String> {
        self.items_of(state, instance)
    }

    fn locks(&self, state: &State, holder: Holder) -> Result<Vec<Lock>, String> {
        self.locks_of(state, holder)
    }

    fn assert(&self, state: &State, instance: InstanceId) -> Result<Option<String>, String> {
        let Action::Assert(assertions) = &self.work(state.instance(instance).node)?.action else {
            return Err("it asserts nothing".to_owned());
        };
        for assertion in assertions {
            if self.boolean(state, instance, &assertion.that.value)? {
                continue;
            }
            let message = match &assertion.message {
                Some(message) => {
                    let scope = self.scope(state, instance, message.value.references());
                    let text = message
                        .value
                        .render(&scope)
                        .map_err(|error| format!("`message`: {error}"))?;
                    render::text(&text).unwrap_or_default()
                }
                None => format!("`{}` does not hold", assertion.that.value.source()),
            };
            return Ok(Some(message));
        }
        Ok(None)
    }

    fn question(&self, state: &State, instance: InstanceId) -> Result<Question, String> {
        self.question_of(state, instance)
    }

    fn command(&self, state: &State, instance: InstanceId, role: Role) -> Result<Command, String> {
        self.render(state, instance, role)
    }

    fn setting_to(&self, state: &State, part: InstanceId) -> Result<Value, String> {
        self.temporary_value(state, part)
    }

    fn setting_value(&self, state: &State, part: InstanceId, out: &Out) -> Result<Value, String> {
        self.value_read(state, part, out)
    }

    fn restore_command(
        &self,
        state: &State,
        part: InstanceId,
        old: &Value,
    ) -> Result<Command, String> {
        self.render_with(state, part, Role::Restore, Some(old))
    }

    fn success(
        &self,
        state: &State,
        instance: InstanceId,
        role: Role,
        out: &Out,
    ) -> Result<bool, String> {
        match self.success_of(state, instance, role)? {
            None => Ok(out.exit == Some(0)),
            Some((success, scope)) => {
                let scope = scope.with("out", scope::out(out, success.references())?);
                success.eval_bool(&scope).map_err(|error| error.to_string())
            }
        }
    }

    fn outputs(
        &self,
        state: &State,
        instance: InstanceId,
        role: Role,
        out: &Out,
    ) -> Result<Value, String> {
        let mut kept = Map::new();
        if role == Role::Probe && self.outputs_of_probe(state, instance, out, &mut kept)? {
            return Ok(Value::Object(kept));
        }
        let work = self.work(state.instance(instance).node)?;
        if let Some(target) = work.target() {
            let left = scope::out(out, scope::output_references(&target.work))?;
            let scope = self.inside(self.inputs(state, instance, work, None)?).with("out", left);
            self.keep(&target.work.outputs, &scope, &mut kept)?;
        }
        let left = scope::out(out, scope::output_references(work))?;
        let scope = self.scope(state, instance, scope::output_references(work)).with("out", left);
        self.keep(&work.outputs, &scope, &mut kept)?;
        Ok(Value::Object(kept))
    }

    fn probed(
        &self,
        state: &State,
        instance: InstanceId,
        out: &Out,
    ) -> Result<Option<u32>, String> {
        self.first_state(state, instance, out)
    }

    fn stop_message(
        &self,
        state: &State,
        instance: InstanceId,
        index: u32,
        out: &Out,
    ) -> Result<String, String> {
        self.message_of_state(state, instance, index, out)
    }

    fn until(&self, state: &State, instance: InstanceId, out: &Out) -> Result<bool, String> {
        self.until_holds(state, instance, out)
    }

    fn reads_stdout(&self, state: &State, instance: InstanceId, role: Role) -> bool {
        let node = state.instance(instance).node;
        // The states, and the outputs where the probe has none of its own, look at what the probe has printed.
        if matches!(role, Role::Probe | Role::Get) {
            return true;
        }
        let Ok((work, inherited)) = self.of_role(node, role) else {
            return false;
        };
        if role == Role::Action && self.repeat_reads_stdout(node) {
            return true;
        }
        let own = std::iter::once(work);
        let behind = work.target().filter(|_| inherited.is_none()).map(|target| &target.work);
        own.chain(behind).any(|work| {
            let success = work.success.iter().flat_map(|success| success.value.references());
            success.chain(scope::output_references(work)).any(scope::reads_stdout)
        })
    }
}

/// What kind of value it is, for a sentence.
fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "a map",
    }
}
