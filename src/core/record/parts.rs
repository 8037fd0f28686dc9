//! What records are made of: who, why, and how something came out.
//!
//! Does not know in which record it stands.

use std::sync::Arc;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::core::job::End;

/// The first fact of a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Opened {
    /// The run's id.
    pub run: String,
    /// The runbook's name.
    pub runbook: String,
    /// The runbook's title.
    pub title: String,
    /// Fingerprint of the runbook, its drivers and the parameters.
    pub digest: String,
    /// Who started it, and where.
    pub by: Actor,
    /// The version of windlass.
    pub version: String,
    /// The folder in which the runbook stands: the default working directory.
    pub folder: String,
    /// The runbook's `vars` as computed.
    pub vars: Value,
}

/// A person or program at a machine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Actor {
    /// User name.
    pub user: String,
    /// Host name.
    pub host: String,
    /// Process id, where it matters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pid: Option<u32>,
    /// Which boot of the host it was, where it matters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub boot: Option<String>,
}

/// A runbook that takes the place of the one a run was opened with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Adopted {
    /// Fingerprint of the runbook and its drivers.
    pub digest: String,
    /// Folder of the frozen copy inside the run's folder.
    pub folder: String,
    /// Tasks whose change the operator has accepted by name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub accepted: Vec<String>,
}

/// Why a run starts nothing more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum StopReason {
    /// Nothing is left that could be started without a person.
    Stuck,
    /// All that is left waits for locks that other runs hold.
    Locked,
    /// All that is left waits for people.
    Waiting,
    /// Ctrl-C or SIGTERM.
    Signal,
    /// `windlass stop`.
    Operator,
    /// `--until` was reached.
    Reached,
    /// It is given up: only open settings are put back.
    Abandoned,
}

/// An item of a group.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Item {
    /// Its key; none in a group that does not fan out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<Arc<str>>,
    /// Its value.
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub value: Arc<Value>,
}

impl Item {
    /// The one item of a group that does not fan out.
    #[must_use]
    pub fn single() -> Self {
        Self { key: None, value: Arc::default() }
    }
}

/// How a job came to an end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum JobEnd {
    /// It ran.
    Ran(End),
    /// It could not be started; nothing has happened.
    NotSpawned {
        /// Why not.
        reason: String,
    },
}

/// What `success` says of a job.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It ended well.
    Good,
    /// It ended well, and is to be done again.
    Repeat {
        /// Whether `until` held.
        held: bool,
    },
    /// What it asks for has not come in time, and the task goes on without.
    Overdue {
        /// In words.
        reason: String,
    },
    /// It ended badly.
    Bad {
        /// Why.
        reason: String,
    },
}

/// What is concluded about a task whose action was started.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Judgement {
    /// It is not known whether its effect has happened: an operator decides.
    InDoubt,
    /// It may be started again.
    Again,
    /// Its probe is to be asked.
    Ask,
    /// The probe says that its effect has happened.
    Done,
    /// The probe says that nothing of it has happened, and has said so often enough.
    Absent,
    /// The probe says so of an attempt that ended badly: the action is tried again.
    Retry {
        /// Not before that time.
        until: Timestamp,
    },
    /// The probe says so, and must say it again.
    Unconfirmed {
        /// When it is asked again.
        until: Timestamp,
    },
    /// The probe says that it is still going on.
    Ongoing {
        /// When it is asked again.
        until: Timestamp,
    },
    /// The repair that belongs to the state begins.
    Repair {
        /// Number of the state, counted from 0.
        index: u32,
    },
    /// All actions of the repair have ended well: the probe is to be asked again.
    Repaired,
}

/// How a task ended.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Well.
    Succeeded,
    /// Its own `when` was false.
    Skipped,
    /// Badly.
    Failed,
    /// The operator accepts that it is left out.
    Waived,
}

/// What an operator decides about a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Decision {
    /// Its effect has happened.
    Done,
    /// Its effect has not happened: it may be started.
    Absent,
    /// It has failed and is not tried again.
    Failed,
    /// It is left out.
    Waived,
}

/// How a run was closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Closing {
    /// Every task has succeeded, was skipped or waived.
    Succeeded,
    /// It was given up.
    Abandoned,
}
