//! Records: the facts of a run, in the order in which they became known. Everything else about a run is derived from them.
//!
//! A record carries results (items, verdicts, outputs), so that whoever replays it evaluates nothing.

mod parts;

use std::sync::Arc;

use indexmap::IndexMap;
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

pub use self::parts::{
    Actor, Adopted, Closing, Decision, Item, JobEnd, Judgement, Opened, Outcome, StopReason,
    Verdict,
};
use super::claim::{Blocker, Lock};
use super::job::{JobId, Role};
use super::question::{Answer, Question};
use super::setting::{SettingCommands, SettingStanding};
use super::tagged::Tagged;
use crate::spec::model::Effect;

/// Declares the records, and the same once more as [`Tagged`] reads them: without a tag of their own.
macro_rules! records {
    ($(#[$doc:meta])* pub enum Record { $($variants:tt)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
        #[serde(tag = "event", rename_all = "snake_case")]
        pub enum Record { $($variants)* }

        #[derive(Deserialize)]
        #[serde(remote = "Record", rename_all = "snake_case")]
        enum Untagged { $($variants)* }
    };
}

records! {
/// One fact of a run.
pub enum Record {
    /// The run exists.
    Opened(Box<Opened>),
    /// An executor has taken the run up again; failed tasks get fresh attempts.
    Resumed {
        /// Who did it, and where.
        by: Actor,
        /// The runbook that is in force from here on, if it was changed.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        runbook: Option<Box<Adopted>>,
    },
    /// Nothing new starts from here on, until the run is resumed.
    Stopped {
        /// Why.
        why: StopReason,
        /// Who asked for it, if anybody did.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        by: Option<Actor>,
        /// The reason given.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        because: Option<String>,
    },
    /// A group was entered with these items, which stay as they are for the life of the run.
    ItemsFrozen {
        /// Id of the group.
        task: Arc<str>,
        /// The items in their order; one without a key if the group does not fan out.
        items: Vec<Item>,
    },
    /// Locks are held from here on.
    Claimed {
        /// For what: id of a task, a group or an item; empty for the whole run.
        task: Arc<str>,
        /// The locks, in the order of their names.
        locks: Vec<Lock>,
        /// Names this claim among all of the run.
        token: Arc<str>,
    },
    /// Locks are waited for, because another run holds one of them.
    Denied {
        /// For what: id of a task, a group or an item; empty for the whole run.
        task: Arc<str>,
        /// Who holds it.
        by: Box<Blocker>,
    },
    /// Locks are held no more: nothing under them is open.
    Released {
        /// For what: id of a task, a group or an item; empty for the whole run.
        task: Arc<str>,
        /// Which claim.
        token: Arc<str>,
    },
    /// Locks that were held have been taken away.
    ClaimLost {
        /// For what: id of a task, a group or an item; empty for the whole run.
        task: Arc<str>,
        /// Which of them.
        names: Vec<Arc<str>>,
    },
    /// A job is about to be started.
    JobStarting {
        /// Id of the task.
        task: Arc<str>,
        /// Number of the job among all jobs of the task.
        attempt: u32,
        /// What it is for.
        role: Role,
        /// What may happen if it is done again.
        effect: Effect,
        /// The command without its secrets.
        argv: Vec<String>,
        /// Fingerprint of all that was rendered: argv, environment, folder, standard input.
        digest: String,
    },
    /// A job has ended, or could not be started.
    JobEnded {
        /// Id of the task.
        task: Arc<str>,
        /// Number of the job.
        attempt: u32,
        /// How.
        end: JobEnd,
        /// What `success` says of it.
        verdict: Verdict,
    },
    /// A job is over, and how it ended is lost.
    JobLost {
        /// Id of the task.
        task: Arc<str>,
        /// Number of the job.
        attempt: u32,
    },
    /// A job's keeper has gone, and a process of the job lives: nothing follows before it is over, or an operator decides.
    JobOrphaned {
        /// Id of the task.
        task: Arc<str>,
        /// Number of the job.
        attempt: u32,
        /// Process id.
        pid: u32,
        /// Its command line.
        command: String,
    },
    /// What has been concluded about a task that was started.
    Judged {
        /// Id of the task.
        task: Arc<str>,
        /// The conclusion.
        judgement: Judgement,
        /// The state that the probe has found the world in, if it was asked and one holds.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        state: Option<Arc<str>>,
        /// In words.
        reason: String,
    },
    /// The task's outputs.
    OutputsKept {
        /// Id of the task.
        task: Arc<str>,
        /// By name.
        outputs: Arc<Value>,
    },
    /// A task, or an item, does not begin before that time: its window is closed, or will not be open for long enough.
    WindowAwaited {
        /// For what: id of a task, a group or an item.
        task: Arc<str>,
        /// The window.
        window: Arc<str>,
        /// When it opens.
        until: Timestamp,
    },
    /// People are asked to do something, or to decide.
    Asked {
        /// Id of the task.
        task: Arc<str>,
        /// The question.
        question: Box<Question>,
    },
    /// Somebody has answered.
    Answered {
        /// Id of the task.
        task: Arc<str>,
        /// Who.
        by: Actor,
        /// What.
        answer: Box<Answer>,
    },
    /// The task goes on, or is tried again, but not before that time.
    WaitUntil {
        /// Id of the task.
        task: Arc<str>,
        /// The time.
        until: Timestamp,
        /// Why it waits.
        reason: String,
    },
    /// A task, or a group that was not entered, has ended.
    TaskEnded {
        /// Id of the task or group.
        task: Arc<str>,
        /// How.
        outcome: Outcome,
        /// In words, where there is something to say.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
    },
    /// An operator has decided about a task, a group or an item.
    Resolved {
        /// Id of the task, group or item.
        task: Arc<str>,
        /// The decision.
        decision: Decision,
        /// The reason given.
        because: String,
        /// Who decided.
        by: Actor,
        /// Outputs that the operator gives, where the task is said to be done.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        outputs: Option<Arc<Value>>,
    },
    /// How a temporary setting stands, and what its value is.
    SettingMoved {
        /// Id of the setting, with the key of its item where it fans out.
        task: Arc<str>,
        /// How it stands.
        state: SettingStanding,
        /// The value that was read; absent where nothing was.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        value: Option<Arc<Value>>,
        /// How it was read and is put back, where its old value is recorded.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        commands: Option<Box<SettingCommands>>,
        /// In words, where there is something to say.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
    },
    /// The run is closed for good.
    Closed {
        /// How.
        outcome: Closing,
    },
}
}

impl<'de> Deserialize<'de> for Record {
    fn deserialize<D: Deserializer<'de>>(inner: D) -> Result<Self, D::Error> {
        Untagged::deserialize(Tagged { tag: "event", inner })
    }
}

impl Record {
    /// A job could not be started, so that nothing of it has happened.
    #[must_use]
    pub fn not_spawned(job: &JobId, reason: &str) -> Self {
        Self::JobEnded {
            task: job.task.clone(),
            attempt: job.attempt,
            end: JobEnd::NotSpawned { reason: reason.to_owned() },
            verdict: Verdict::Bad { reason: reason.to_owned() },
        }
    }

    /// Nothing is left of a job, nor of its end.
    #[must_use]
    pub fn job_lost(job: &JobId) -> Self {
        Self::JobLost { task: job.task.clone(), attempt: job.attempt }
    }

    /// Whether it tells of locks that are asked for, held or given back.
    #[must_use]
    pub fn is_about_claims(&self) -> bool {
        matches!(
            self,
            Self::Claimed { .. }
                | Self::Denied { .. }
                | Self::Released { .. }
                | Self::ClaimLost { .. }
        )
    }

    /// The task, group or item that the record speaks of.
    #[must_use]
    pub fn subject(&self) -> Option<&Arc<str>> {
        match self {
            Self::ItemsFrozen { task, .. }
            | Self::Claimed { task, .. }
            | Self::Denied { task, .. }
            | Self::Released { task, .. }
            | Self::ClaimLost { task, .. }
            | Self::JobStarting { task, .. }
            | Self::JobEnded { task, .. }
            | Self::JobLost { task, .. }
            | Self::JobOrphaned { task, .. }
            | Self::Judged { task, .. }
            | Self::OutputsKept { task, .. }
            | Self::WaitUntil { task, .. }
            | Self::WindowAwaited { task, .. }
            | Self::Asked { task, .. }
            | Self::Answered { task, .. }
            | Self::TaskEnded { task, .. }
            | Self::SettingMoved { task, .. }
            | Self::Resolved { task, .. } => Some(task),
            Self::Opened(_) | Self::Resumed { .. } | Self::Stopped { .. } | Self::Closed { .. } => {
                None
            }
        }
    }
}

/// Outputs that an operator gives by name.
pub type GivenOutputs = IndexMap<String, Value>;
