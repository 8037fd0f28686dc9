//! What people are asked, as its step or its driver's action words it.
//!
//! Does not know who is asked it, nor when.

use indexmap::IndexMap;
use serde_json::Value;

use super::render::rendered_text;
use super::{Expressions, Leaf};
use crate::core::job::Role;
use crate::core::question::{Field, Question, QuestionKind};
use crate::core::state::{InstanceId, Phase, State};
use crate::spec::model::{Action, Approve, Manual};
use crate::spec::template::Scope;

impl Expressions {
    pub(super) fn question_of(
        &self,
        state: &State,
        instance: InstanceId,
    ) -> Result<Question, String> {
        let role = match state.task(instance).map(|task| task.phase) {
            Some(Phase::Repairing(state, action)) => Role::Repair { state, action },
            _ => Role::Action,
        };
        let Leaf { work, scope } = self.leaf(state, instance, role)?;
        match &work.action {
            Action::Manual(manual) => to_do(manual, &scope),
            Action::Approve(approve) => to_decide(approve, &scope),
            _ => Err("it asks nobody anything".to_owned()),
        }
    }
}

fn to_do(manual: &Manual, scope: &Scope) -> Result<Question, String> {
    let fields = manual.fields.iter().map(|(name, field)| {
        let (schema, default) = (field.schema.clone(), field.default.clone());
        (name.clone(), Field { schema, default })
    });
    Ok(Question {
        kind: QuestionKind::Manual,
        text: rendered_text(&manual.instructions, scope, "instructions")?,
        confirm: manual.confirm,
        fields: fields.collect(),
        by: Vec::new(),
        min: 1,
        until: None,
    })
}

fn to_decide(approve: &Approve, scope: &Scope) -> Result<Question, String> {
    let mut by = Vec::new();
    for name in &approve.by {
        match name.value.render(scope).map_err(|error| format!("`by`: {error}"))? {
            Value::String(name) => by.push(name),
            Value::Array(names) if names.iter().all(Value::is_string) => {
                by.extend(names.iter().filter_map(Value::as_str).map(str::to_owned));
            }
            _ => return Err("`by` must name users".to_owned()),
        }
    }
    by.sort();
    by.dedup();
    if !approve.by.is_empty() && by.len() < approve.min as usize {
        let (min, named) = (approve.min, by.len());
        return Err(format!("`min` wants {min} people, and `by` names {named}"));
    }
    Ok(Question {
        kind: QuestionKind::Approval,
        text: rendered_text(&approve.message, scope, "message")?,
        confirm: false,
        fields: IndexMap::new(),
        by,
        min: approve.min,
        until: None,
    })
}
