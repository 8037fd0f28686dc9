//! What a template may read: names with values, made once and shared by every evaluation.
//!
//! Does not know what the names mean; a value that costs something to build is looked up only when it is read.

use std::fmt;
use std::sync::Arc;

use indexmap::IndexMap;
use minijinja::value::{Enumerator, Object};

use super::{convert, text};

/// A map whose values are found when they are read.
pub trait Lookup: fmt::Debug + Send + Sync {
    /// The value of a key, or nothing if there is no such key.
    fn get(&self, key: &str) -> Option<ScopeValue>;

    /// The keys, in order.
    fn keys(&self) -> Vec<String>;

    /// Why there is no such key, where that can be said better than "has no `key`". One line, lowercase, no full stop.
    fn why_missing(&self, _key: &str) -> Option<String> {
        None
    }
}

/// A value in a scope. A clone shares it.
#[derive(Clone)]
pub struct ScopeValue(pub(super) minijinja::Value);

impl ScopeValue {
    /// A list of values that are shared, not copied.
    pub fn list(items: Vec<ScopeValue>) -> ScopeValue {
        ScopeValue(items.into_iter().map(|item| item.0).collect())
    }

    /// A map of values that are shared, not copied.
    pub fn map(entries: IndexMap<String, ScopeValue>) -> ScopeValue {
        ScopeValue(minijinja::Value::from_pairs(
            entries.into_iter().map(|(key, value)| (key, value.0)),
        ))
    }

    /// A map whose values are found when they are read.
    pub fn lookup(lookup: Arc<dyn Lookup>) -> ScopeValue {
        ScopeValue(minijinja::Value::from_object(LookupObject(lookup)))
    }

    /// The items of a list, shared; nothing if it is no list.
    pub fn items(&self) -> Option<Vec<ScopeValue>> {
        text::is_list(&self.0)
            .then(|| self.0.try_iter().into_iter().flatten().map(ScopeValue).collect())
    }

    /// The value under a key of a map, shared.
    pub fn get(&self, key: &str) -> Option<ScopeValue> {
        self.0.get_attr(key).ok().filter(|value| !value.is_undefined()).map(ScopeValue)
    }

    /// The text, if it is one.
    pub fn as_str(&self) -> Option<&str> {
        self.0.as_str()
    }

    /// A copy as JSON. The error says in one line why it cannot be had: a number that JSON cannot hold, or a value of absurd size.
    pub fn to_json(&self) -> Result<serde_json::Value, String> {
        convert::to_json(&self.0)
    }
}

impl fmt::Debug for ScopeValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ScopeValue({})", text::describe(&self.0))
    }
}

impl From<&serde_json::Value> for ScopeValue {
    fn from(value: &serde_json::Value) -> ScopeValue {
        ScopeValue(convert::from_json(value))
    }
}

impl From<serde_json::Value> for ScopeValue {
    fn from(value: serde_json::Value) -> ScopeValue {
        ScopeValue(convert::from_json(&value))
    }
}

impl From<&str> for ScopeValue {
    fn from(value: &str) -> ScopeValue {
        ScopeValue(value.into())
    }
}

impl From<String> for ScopeValue {
    fn from(value: String) -> ScopeValue {
        ScopeValue(value.into())
    }
}

impl From<bool> for ScopeValue {
    fn from(value: bool) -> ScopeValue {
        ScopeValue(value.into())
    }
}

impl From<i64> for ScopeValue {
    fn from(value: i64) -> ScopeValue {
        ScopeValue(value.into())
    }
}

impl From<u64> for ScopeValue {
    fn from(value: u64) -> ScopeValue {
        ScopeValue(value.into())
    }
}

/// Names with values. A clone is cheap, and so is a scope that adds a name to another.
#[derive(Clone, Debug, Default)]
pub struct Scope(Option<Arc<Binding>>);

#[derive(Debug)]
struct Binding {
    name: Arc<str>,
    value: ScopeValue,
    outer: Scope,
}

impl Scope {
    /// A scope without names.
    pub fn new() -> Scope {
        Scope::default()
    }

    /// This scope with one name more; the name hides an equal one.
    #[must_use]
    pub fn with(&self, name: impl Into<Arc<str>>, value: impl Into<ScopeValue>) -> Scope {
        Scope(Some(Arc::new(Binding {
            name: name.into(),
            value: value.into(),
            outer: self.clone(),
        })))
    }

    /// The value of a name.
    pub fn get(&self, name: &str) -> Option<&ScopeValue> {
        self.bindings().find(|binding| &*binding.name == name).map(|binding| &binding.value)
    }

    /// The names, innermost first; a hidden one appears again.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.bindings().map(|binding| &*binding.name)
    }

    fn bindings(&self) -> impl Iterator<Item = &Binding> {
        std::iter::successors(self.0.as_deref(), |binding| binding.outer.0.as_deref())
    }
}

/// A [`Lookup`] as minijinja sees it.
#[derive(Debug)]
pub(super) struct LookupObject(pub(super) Arc<dyn Lookup>);

impl Object for LookupObject {
    fn get_value(self: &Arc<Self>, key: &minijinja::Value) -> Option<minijinja::Value> {
        self.get_value_by_str(key.as_str()?)
    }

    fn get_value_by_str(self: &Arc<Self>, key: &str) -> Option<minijinja::Value> {
        self.0.get(key).map(|value| value.0)
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::Values(self.0.keys().into_iter().map(minijinja::Value::from).collect())
    }
}
