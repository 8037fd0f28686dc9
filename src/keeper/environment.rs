//! The environment below that of each job: what the executor's own was when it came.
//!
//! Each variable is made ready once for all the jobs that get it. Does not know the jobs' own.

use std::ffi::{CStr, CString};
use std::sync::Arc;

use indexmap::IndexMap;

/// Variables in the form in which the system takes them.
#[derive(Debug, Default)]
pub(super) struct Base {
    /// `NAME=VALUE` for each name.
    entries: IndexMap<String, Arc<CStr>>,
}

impl Base {
    /// Of these variables. One that holds a NUL byte cannot have come out of a process's environment, and is left out.
    pub(super) fn new(variables: &IndexMap<String, String>) -> Self {
        let entries = variables.iter().filter_map(|(name, value)| {
            Some((name.clone(), CString::new(format!("{name}={value}")).ok()?.into()))
        });
        Self { entries: entries.collect() }
    }

    /// The value of a variable.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.entries.get(name)?.to_str().ok()?.get(name.len() + 1..)
    }

    /// All of them but those whose names are in `replaced`.
    pub(super) fn without<'a>(
        &'a self,
        replaced: &'a IndexMap<String, String>,
    ) -> impl Iterator<Item = &'a Arc<CStr>> {
        let kept = self.entries.iter().filter(|(name, _)| !replaced.contains_key(*name));
        kept.map(|(_, entry)| entry)
    }
}
