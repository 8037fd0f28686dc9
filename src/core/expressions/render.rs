//! Rendering a job's command.

use std::path::PathBuf;
use std::time::Duration;

use indexmap::IndexMap;
use serde_json::Value;

use super::super::job::{Command, Role};
use super::super::state::{InstanceId, State};
use super::{Expressions, Leaf, kind_of};
use crate::plan::graph::NodeId;
use crate::spec::model::{Action, Located};
use crate::spec::template::{Scope, Template};

/// Time between TERM and KILL where nothing else is said.
const GRACE: Duration = Duration::from_secs(10);

/// How long a probe may take where nothing is said of itself: a probe that hangs says nothing.
const PROBE_TIMEOUT: Duration = Duration::from_secs(60);

impl Expressions {
    /// The command of a job, as its step, the groups around it and its driver's action make it.
    pub(super) fn render(
        &self,
        state: &State,
        instance: InstanceId,
        role: Role,
    ) -> Result<Command, String> {
        self.render_with(state, instance, role, None)
    }

    /// The same; `value` is what a setting's part is to be put back to.
    pub(super) fn render_with(
        &self,
        state: &State,
        instance: InstanceId,
        role: Role,
        value: Option<&Value>,
    ) -> Result<Command, String> {
        let leaf = match value {
            Some(_) => self.leaf_of_setting(state, instance, role, value)?,
            None => self.leaf(state, instance, role)?,
        };
        let argv = argv(&leaf)?;
        let (env, dir) = self.surroundings(state, instance, &leaf)?;
        let stdin = match &leaf.work.stdin {
            Some(stdin) => Some(rendered_text(stdin, &leaf.scope, "stdin")?),
            None => self.own_stdin(state, instance, role)?,
        };
        let node = state.instance(instance).node;
        let own = self.of_role(node, role).map(|(work, _)| work)?;
        let around = match role {
            Role::Action => self.nearest(node, |step| step.timeout),
            _ => None,
        };
        let timeout = own.timeout.or(around).or(leaf.work.timeout).or(match role {
            Role::Probe | Role::Get => Some(PROBE_TIMEOUT),
            _ => self.plan.defaults.timeout,
        });
        let grace = own
            .grace
            .or_else(|| self.nearest(node, |step| step.grace))
            .or(leaf.work.grace)
            .or(self.plan.defaults.grace);
        Ok(Command {
            argv,
            env,
            dir,
            stdin,
            timeout_ms: timeout.map(millis),
            grace_ms: millis(grace.unwrap_or(GRACE)),
        })
    }

    /// `stdin` of the step itself, where its driver's action has none.
    fn own_stdin(
        &self,
        state: &State,
        instance: InstanceId,
        role: Role,
    ) -> Result<Option<String>, String> {
        let (work, inherited) = self.of_role(state.instance(instance).node, role)?;
        match (&work.stdin, inherited) {
            (Some(stdin), None) => {
                let scope = self.scope(state, instance, stdin.value.references());
                rendered_text(stdin, &scope, "stdin").map(Some)
            }
            _ => Ok(None),
        }
    }

    /// What the nearest of a node and the groups around it says.
    fn nearest<T>(
        &self,
        node: NodeId,
        says: impl Fn(&crate::plan::PlannedStep) -> Option<T>,
    ) -> Option<T> {
        let mut at = node;
        loop {
            if let Some(found) = says(self.plan.step(at)) {
                return Some(found);
            }
            if at == NodeId::ROOT {
                return None;
            }
            at = self.plan.graph.node(at).parent;
        }
    }

    /// Environment and folder: the runbook's, each group's from outside in, the step's, its driver action's.
    fn surroundings(
        &self,
        state: &State,
        instance: InstanceId,
        leaf: &Leaf<'_>,
    ) -> Result<(IndexMap<String, String>, PathBuf), String> {
        let mut chain = vec![instance];
        let mut at = instance;
        while at != InstanceId::ROOT {
            at = state.scope(state.instance(at).scope).group;
            chain.push(at);
        }
        let mut env = IndexMap::new();
        let mut dir = self.plan.folder.clone();
        let mut own_dir = false;
        for &around in chain.iter().rev() {
            let step = self.plan.step(state.instance(around).node);
            if step.env.is_empty() && step.dir.is_none() {
                continue;
            }
            let scope = self.scope(
                state,
                around,
                step.env.values().chain(&step.dir).flat_map(|template| template.value.references()),
            );
            for (name, value) in &step.env {
                env.insert(name.clone(), rendered_text(value, &scope, &format!("env.{name}"))?);
            }
            if let Some(template) = &step.dir {
                dir = self.plan.folder.join(rendered_text(template, &scope, "dir")?);
                own_dir = true;
            }
        }
        for (name, value) in &leaf.work.env {
            env.insert(name.clone(), rendered_text(value, &leaf.scope, &format!("env.{name}"))?);
        }
        if let (Some(template), false) = (&leaf.work.dir, own_dir) {
            dir = self.plan.folder.join(rendered_text(template, &leaf.scope, "dir")?);
        }
        Ok((env, dir))
    }
}

fn argv(leaf: &Leaf<'_>) -> Result<Vec<String>, String> {
    let mut argv = Vec::new();
    match &leaf.work.action {
        Action::Run(parts) => {
            for (position, part) in parts.iter().enumerate() {
                let name = format!("run[{position}]");
                let value =
                    part.value.render(&leaf.scope).map_err(|error| format!("`{name}`: {error}"))?;
                match value {
                    Value::Null => {}
                    Value::Array(elements) => {
                        for element in &elements {
                            argv.push(argument(element, &name)?);
                        }
                    }
                    single => argv.push(argument(&single, &name)?),
                }
            }
        }
        Action::Shell { script, interpreter } => {
            argv.extend(interpreter.iter().cloned());
            argv.push("-c".to_owned());
            argv.push(rendered_text(script, &leaf.scope, "shell")?);
        }
        Action::Uses { name, .. } => {
            return Err(format!("`{}` is not an action of its driver", name.value));
        }
        Action::Assert(_) => return Err("an assertion has no command".to_owned()),
        Action::Pause(_) | Action::Manual(_) | Action::Approve(_) => {
            return Err("it has no command".to_owned());
        }
    }
    match argv.first() {
        Some(program) if !program.is_empty() => Ok(argv),
        _ => Err("`run` gives no program to start".to_owned()),
    }
}

fn argument(value: &Value, name: &str) -> Result<String, String> {
    let text =
        text(value).ok_or_else(|| format!("`{name}` must be a text, and is {}", kind_of(value)))?;
    if text.contains('\0') {
        Err(format!("`{name}` holds a NUL character, which no command can take"))
    } else {
        Ok(text)
    }
}

pub(super) fn rendered_text(
    template: &Located<Template>,
    scope: &Scope,
    name: &str,
) -> Result<String, String> {
    let value = template.value.render(scope).map_err(|error| format!("`{name}`: {error}"))?;
    argument(&value, name)
}

/// A single value as the text that a command sees.
pub(super) fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(truth) => Some(truth.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
