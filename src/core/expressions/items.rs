//! The items that a group fans out over, and their keys.
//!
//! Does not know that they are frozen once they are known.

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::Value;

use super::{Expressions, kind_of};
use crate::core::record::Item;
use crate::core::state::{InstanceId, State};

impl Expressions {
    /// The items of a group, each with the key that it has for good.
    pub(super) fn items_of(
        &self,
        state: &State,
        instance: InstanceId,
    ) -> Result<Vec<Item>, String> {
        let for_each = self
            .plan
            .step(state.instance(instance).node)
            .for_each
            .as_ref()
            .ok_or("it does not fan out")?;
        let scope = self.scope(state, instance, for_each.items.value.references());
        let values = match for_each
            .items
            .value
            .render(&scope)
            .map_err(|error| format!("`items`: {error}"))?
        {
            Value::Array(values) => values,
            other => return Err(format!("`items` must be a list, and is {}", kind_of(&other))),
        };
        let outer =
            for_each.key.as_ref().map(|key| self.scope(state, instance, key.value.references()));
        let mut keys = HashMap::with_capacity(values.len());
        let mut items = Vec::with_capacity(values.len());
        for (index, value) in values.into_iter().enumerate() {
            let key = match (&for_each.key, &outer) {
                (Some(key), Some(outer)) => {
                    let scope = outer
                        .with(for_each.name.value.as_str(), &value)
                        .with("index", index as u64);
                    key.value
                        .eval(&scope)
                        .map_err(|error| format!("`key` of item {}: {error}", index + 1))?
                }
                _ => value.clone(),
            };
            let key = key_text(&key, index)?;
            if let Some(earlier) = keys.insert(key.clone(), index) {
                return Err(format!(
                    "items {} and {} have the same key `{key}`",
                    earlier + 1,
                    index + 1
                ));
            }
            items.push(Item { key: Some(key), value: value.into() });
        }
        Ok(items)
    }
}

/// A key as text: a text or a whole number, of characters that can stand in a task's id.
fn key_text(key: &Value, index: usize) -> Result<Arc<str>, String> {
    let text = match key {
        Value::String(text) => text.clone(),
        Value::Number(number) if number.is_i64() || number.is_u64() => number.to_string(),
        other => {
            return Err(format!(
                "item {} is {}, which cannot be its key: give `key`, an expression over the item",
                index + 1,
                kind_of(other)
            ));
        }
    };
    if text.is_empty() || text.chars().any(|c| c.is_control() || c == '[' || c == ']') {
        return Err(format!(
            "the key {text:?} of item {} is empty, or holds a bracket or a control character",
            index + 1
        ));
    }
    Ok(text.into())
}
