//! [`Runbook`](crate::spec::model::Runbook) and parameters → [`Plan`]: what there is to do, and in which order.
//!
//! Does not know runs or journals. Once the plan exists, nobody reads the runbook's text again but to show a place in it.

mod build;
mod dag;
pub mod graph;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use indexmap::IndexMap;
use serde_json::Value;

pub use self::build::PlanError;
use self::graph::{Graph, NodeId};
use crate::diag::Source;
use crate::spec::model::{Change, Defaults, Dynamic, ForEach, Located, LockName, Place, Work};
use crate::spec::template::{Expression, Template};

/// What a run will do.
#[derive(Debug)]
pub struct Plan {
    /// The runbook's name.
    pub name: String,
    /// The runbook's title.
    pub title: String,
    /// The runbook's description.
    pub description: Option<String>,
    /// Fingerprint of the runbook, its drivers and the parameters.
    pub digest: String,
    /// The parameters, a map.
    pub params: Value,
    /// The runbook's `vars` as computed, a map.
    pub vars: Value,
    /// The runbook's folder: the default working directory of its jobs.
    pub folder: PathBuf,
    /// Timeouts of steps that do not say otherwise.
    pub defaults: Defaults,
    /// The shape.
    pub graph: Arc<Graph>,
    /// What the shape leaves out, by number of the node.
    pub steps: Vec<PlannedStep>,
    /// The texts that the places point into.
    pub sources: Vec<Arc<Source>>,
}

/// What a node does and what people call it.
#[derive(Debug, Default)]
pub struct PlannedStep {
    /// Where the step's name stands.
    pub at: Option<Place>,
    /// `title`.
    pub title: Option<String>,
    /// `description`.
    pub description: Option<String>,
    /// `kind`.
    pub kind: Option<String>,
    /// `when`.
    pub when: Option<Located<Expression>>,
    /// `for_each`, on a group.
    pub for_each: Option<Box<ForEach>>,
    /// `env`; the enclosing groups' comes before it.
    pub env: IndexMap<String, Located<Template>>,
    /// `dir`.
    pub dir: Option<Located<Template>>,
    /// `timeout`.
    pub timeout: Option<Duration>,
    /// `grace`.
    pub grace: Option<Duration>,
    /// `locks`: of a task while it is unfinished, of a group for each item, of the root for the whole run.
    pub locks: Vec<Located<LockName>>,
    /// What is done, on a task.
    pub work: Option<Box<Work>>,
    /// How it is read and changed, on a setting.
    pub setting: Option<Box<PlannedSetting>>,
}

/// How a setting is read and changed.
#[derive(Debug)]
pub struct PlannedSetting {
    /// `get`.
    pub get: Work,
    /// `set`, or `change` and `restore`.
    pub change: Change,
    /// `to`.
    pub to: Located<Dynamic>,
}

impl PlannedSetting {
    /// How the temporary value is set.
    #[must_use]
    pub fn set(&self) -> &Work {
        match &self.change {
            Change::Set(work) => work,
            Change::Pair { change, .. } => change,
        }
    }

    /// How the old value is put back.
    #[must_use]
    pub fn restore(&self) -> &Work {
        match &self.change {
            Change::Set(work) => work,
            Change::Pair { restore, .. } => restore,
        }
    }

    /// Everything that it may have done.
    pub fn works(&self) -> impl Iterator<Item = &Work> {
        [&self.get, self.set(), self.restore()].into_iter()
    }
}

impl Plan {
    /// What a node does.
    #[must_use]
    pub fn step(&self, node: NodeId) -> &PlannedStep {
        &self.steps[node.index()]
    }

    /// The label that policies speak of: the step's own, else its driver action's.
    #[must_use]
    pub fn kind(&self, node: NodeId) -> Option<&str> {
        let step = self.step(node);
        step.kind.as_deref().or_else(|| step.work.as_deref()?.target()?.kind.as_deref())
    }

    /// What people call a node: its title, else its driver action's, else its name.
    #[must_use]
    pub fn title(&self, node: NodeId) -> &str {
        let step = self.step(node);
        let action = || step.work.as_deref()?.target()?.title.as_deref();
        step.title.as_deref().or_else(action).unwrap_or(&self.graph.node(node).name)
    }
}
