//! What is in scope for a task: parameters, items around it, and the steps that it may look at.
//!
//! Only what is referred to is put in, so that a scope costs what the expression uses and not what the run holds.

use serde_json::{Map, Value, json};

use super::super::evaluate::Out;
use super::super::standing::TaskStanding;
use super::super::state::{InstanceBody, InstanceId, State};
use super::Expressions;
use crate::spec::model::{Action, Work};
use crate::spec::template::{Reference, Scope};

impl Expressions {
    /// The scope of an instance, holding what these references name.
    pub(super) fn scope<'a>(
        &self,
        state: &State,
        instance: InstanceId,
        references: impl IntoIterator<Item = &'a Reference>,
    ) -> Scope {
        let mut scope = self.base.clone();
        let mut steps = Map::new();
        let mut every_step = false;
        let mut roots: Vec<&str> = Vec::new();
        for path in references {
            match (path.root(), path.name(1)) {
                ("steps", Some(name)) => {
                    if !steps.contains_key(name)
                        && let Some(found) = visible(state, instance, name)
                    {
                        steps.insert(name.to_owned(), describe(state, found));
                    }
                }
                ("steps", None) => every_step = true,
                (root, _) => roots.push(root),
            }
        }
        if every_step {
            steps = all_visible(state, instance);
        }
        if !steps.is_empty() || every_step {
            scope = scope.with("steps", Value::Object(steps));
        }
        let scope = self.with_items(state, instance, &roots, scope);
        self.with_own_item(state, instance, scope)
    }

    /// Adds the items around an instance, outer before inner.
    fn with_items(
        &self,
        state: &State,
        instance: InstanceId,
        roots: &[&str],
        scope: Scope,
    ) -> Scope {
        let mut around = Vec::new();
        let mut at = instance;
        while at != InstanceId::ROOT {
            let number = state.instance(at).scope;
            around.push(number);
            at = state.scope(number).group;
        }
        around.into_iter().rev().fold(scope, |scope, number| {
            let item = state.scope(number);
            let group = state.instance(item.group).node;
            let Some(for_each) = &self.plan.step(group).for_each else { return scope };
            let scope = match roots.contains(&for_each.name.value.as_str()) {
                true => scope.with(for_each.name.value.as_str(), item.value.as_ref()),
                false => scope,
            };
            scope.with("index", i64::from(item.index))
        })
    }
}

/// The step of that name that an instance sees: beside it first, then further out.
fn visible(state: &State, from: InstanceId, name: &str) -> Option<InstanceId> {
    let mut at = from;
    while at != InstanceId::ROOT {
        let scope = state.instance(at).scope;
        let found =
            state.child(scope, name).filter(|&child| child != at && !state.is_of_setting(child));
        if found.is_some() {
            return found;
        }
        at = state.scope(scope).group;
    }
    None
}

fn all_visible(state: &State, from: InstanceId) -> Map<String, Value> {
    let mut steps = Map::new();
    let mut at = from;
    while at != InstanceId::ROOT {
        let scope = state.instance(at).scope;
        for child in state.children(scope).filter(|&child| !state.is_of_setting(child)) {
            let name = state.node(child).name.as_ref();
            if !steps.contains_key(name) {
                steps.insert(name.to_owned(), describe(state, child));
            }
        }
        at = state.scope(scope).group;
    }
    steps
}

/// A step as expressions see it.
fn describe(state: &State, instance: InstanceId) -> Value {
    match &state.instance(instance).body {
        InstanceBody::Task(task) => {
            let mut map = Map::new();
            map.insert("status".to_owned(), status(state, instance).into());
            if let Some(outputs) = &task.outputs {
                map.insert("outputs".to_owned(), outputs.as_ref().clone());
            } else if !state
                .graph()
                .task(state.instance(instance).node)
                .is_some_and(|task| task.outputs)
            {
                map.insert("outputs".to_owned(), Value::Object(Map::new()));
            }
            Value::Object(map)
        }
        InstanceBody::Group(group) => {
            let shape = state.graph().group(state.instance(instance).node);
            let fan_out = shape.and_then(|group| group.fan_out.as_ref());
            let mut items = Map::new();
            for scope in group.items.into_iter().flat_map(super::super::state::Items::scopes) {
                let single = fan_out.is_some_and(|fan_out| fan_out.single);
                let inside = match state.children(scope).next() {
                    Some(child) if single => describe(state, child),
                    _ => state
                        .children(scope)
                        .filter(|&child| !state.is_of_setting(child))
                        .map(|child| (state.node(child).name.to_string(), describe(state, child)))
                        .collect(),
                };
                match &state.scope(scope).key {
                    Some(key) => items.insert(key.to_string(), inside),
                    None => return json!({"status": status(state, instance), "steps": inside}),
                };
            }
            json!({"status": status(state, instance), "items": items})
        }
        // A setting is no step.
        InstanceBody::Setting(_) | InstanceBody::Part(_) => Value::Null,
    }
}

/// `steps.NAME.status`. Whether something is blocked is no fact, and may change with the next resume: it is waiting.
fn status(state: &State, instance: InstanceId) -> &'static str {
    match state.task_standing(instance) {
        TaskStanding::Blocked => TaskStanding::Waiting.name(),
        standing => standing.name(),
    }
}

/// The first step that references look at.
pub(super) fn first_step<'a>(
    state: &State,
    from: InstanceId,
    references: impl IntoIterator<Item = &'a Reference>,
) -> Option<String> {
    let name = references.into_iter().find(|path| path.root() == "steps")?.name(1)?;
    Some(
        visible(state, from, name)
            .map_or_else(|| name.to_owned(), |found| state.instance(found).id.to_string()),
    )
}

/// Everything that the templates of a piece of work refer to, but for its outputs.
pub(super) fn references<'a>(work: &'a Work) -> impl Iterator<Item = &'a Reference> {
    let action: Vec<&'a Reference> = match &work.action {
        Action::Run(argv) => argv.iter().flat_map(|part| part.value.references()).collect(),
        Action::Shell { script, .. } => script.value.references().iter().collect(),
        Action::Uses { with, .. } => {
            with.values().flat_map(|value| value.value.references()).collect()
        }
        Action::Pause(_) => Vec::new(),
        Action::Manual(manual) => manual.instructions.value.references().iter().collect(),
        Action::Approve(approve) => std::iter::once(&approve.message)
            .chain(&approve.by)
            .flat_map(|text| text.value.references())
            .collect(),
        Action::Assert(assertions) => {
            let message = |assertion: &'a crate::spec::model::Assertion| {
                assertion.message.iter().flat_map(|message| message.value.references())
            };
            assertions
                .iter()
                .flat_map(|assertion| {
                    assertion.that.value.references().iter().chain(message(assertion))
                })
                .collect()
        }
    };
    let surroundings = work
        .env
        .values()
        .chain(&work.dir)
        .chain(&work.stdin)
        .flat_map(|template| template.value.references());
    action
        .into_iter()
        .chain(surroundings)
        .chain(work.success.iter().flat_map(|success| success.value.references()))
}

/// What the outputs of a piece of work refer to.
pub(super) fn output_references(work: &Work) -> impl Iterator<Item = &Reference> {
    work.outputs.values().flat_map(|output| output.value.value.references())
}

/// Whether a reference is to what a job has printed.
pub(super) fn reads_stdout(path: &Reference) -> bool {
    path.root() == "out" && path.name(1).is_none_or(|field| field != "exit")
}

/// `out`, with what is referred to: `exit`, `stdout`, `lines`, `json`.
pub(super) fn out<'a>(
    left: &Out,
    references: impl IntoIterator<Item = &'a Reference>,
) -> Result<Value, String> {
    let mut map = Map::new();
    map.insert("exit".to_owned(), left.exit.map_or(Value::Null, Value::from));
    for path in references {
        if path.root() != "out" {
            continue;
        }
        let fields: &[&str] = match path.name(1) {
            Some("stdout") => &["stdout"],
            Some("lines") => &["lines"],
            Some("json") => &["json"],
            Some(_) => &[],
            None => &["stdout", "lines"],
        };
        for field in fields {
            if !map.contains_key(*field) {
                map.insert((*field).to_owned(), read(left, field)?);
            }
        }
    }
    Ok(Value::Object(map))
}

fn read(left: &Out, field: &str) -> Result<Value, String> {
    let text = match &left.stdout {
        Some(Ok(text)) => text,
        Some(Err(error)) => return Err(format!("its standard output cannot be read: {error}")),
        None => "",
    };
    match field {
        "lines" => Ok(text.lines().map(Value::from).collect()),
        "json" => serde_json::from_str(text).map_err(|error| {
            let seen: String = text.chars().take(60).collect();
            format!("`out.json`: standard output is not JSON ({error}); it begins {seen:?}")
        }),
        _ => Ok(Value::from(text.strip_suffix('\n').unwrap_or(text))),
    }
}

/// What a job has printed, without the last line's end.
pub(super) fn printed(left: &Out) -> Result<String, String> {
    match &left.stdout {
        Some(Ok(text)) => Ok(text.strip_suffix('\n').unwrap_or(text).to_owned()),
        Some(Err(error)) => Err(format!("its standard output cannot be read: {error}")),
        None => Ok(String::new()),
    }
}
