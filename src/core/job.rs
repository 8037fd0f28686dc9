//! A job as data: what is to be started, and how it ended.
//!
//! Knows nothing of who starts it or where.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use indexmap::IndexMap;
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Which job: every job of a task has a number of its own, in the order of their starts.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct JobId {
    /// Id of the task that it serves.
    pub task: Arc<str>,
    /// 1, 2, 3, ... over all jobs of that task.
    pub attempt: u32,
}

impl fmt::Display for JobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}#{}", self.task, self.attempt)
    }
}

/// What a job is for.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// The task's action itself.
    Action,
    /// The task's verification of that number, counted from 0.
    Verify(u32),
    /// The task's probe: it reads in which state the world is.
    Probe,
    /// An action of a repair.
    Repair {
        /// Number of the probe's state that it belongs to, counted from 0.
        state: u32,
        /// Its number among the actions of that state, counted from 0.
        action: u32,
    },
    /// Reads the value of a setting.
    Get,
    /// Gives a setting its temporary value.
    Set,
    /// Puts a setting back.
    Restore,
}

impl Role {
    /// What people call it beside the task's id; nothing for the action itself.
    #[must_use]
    pub fn label(self) -> Option<String> {
        match self {
            Self::Action => None,
            Self::Verify(number) => Some(format!("verification {}", number + 1)),
            Self::Probe => Some("probe".to_owned()),
            Self::Repair { action, .. } => Some(format!("repair, action {}", action + 1)),
            Self::Get => Some("reading it".to_owned()),
            Self::Set | Self::Restore => None,
        }
    }
}

/// A rendered command.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Command {
    /// Program and arguments; never empty.
    pub argv: Vec<String>,
    /// Added to the environment of the executor.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub env: IndexMap<String, String>,
    /// Working directory.
    pub dir: PathBuf,
    /// What it reads on standard input; nothing if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stdin: Option<String>,
    /// Milliseconds after which its processes get TERM.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout_ms: Option<u64>,
    /// Milliseconds between TERM and KILL.
    pub grace_ms: u64,
}

impl Command {
    /// Fingerprint of all that decides what the command does; times are left out, since they may change between attempts.
    #[must_use]
    pub fn digest(&self) -> String {
        let mut hasher = blake3::Hasher::new();
        let mut part = |bytes: &[u8]| {
            hasher.update(&(bytes.len() as u64).to_le_bytes());
            hasher.update(bytes);
        };
        part(&(self.argv.len() as u64).to_le_bytes());
        for argument in &self.argv {
            part(argument.as_bytes());
        }
        for (name, value) in &self.env {
            part(name.as_bytes());
            part(value.as_bytes());
        }
        part(self.dir.as_os_str().as_encoded_bytes());
        part(self.stdin.as_deref().unwrap_or_default().as_bytes());
        hasher.finalize().to_hex()[..32].to_owned()
    }
}

/// How a job ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct End {
    /// Exit code, if it exited.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exit: Option<i32>,
    /// Signal, if one ended it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signal: Option<i32>,
    /// It was ended because its time was up.
    #[serde(default, skip_serializing_if = "is_false")]
    pub timed_out: bool,
    /// It was ended because somebody asked for it.
    #[serde(default, skip_serializing_if = "is_false")]
    pub killed: bool,
    /// When it was started.
    pub started: Timestamp,
    /// When its main process ended.
    pub ended: Timestamp,
    /// Whether nothing of it is left alive.
    pub over: bool,
    /// What was still alive after its main process had ended.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub survivors: Vec<Survivor>,
}

/// A process that outlived the job that it belongs to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Survivor {
    /// Process id.
    pub pid: u32,
    /// Its command line.
    pub command: String,
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.timed_out, self.killed, self.exit, self.signal) {
            (true, ..) => write!(f, "timed out"),
            (_, true, ..) => write!(f, "was killed on request"),
            (_, _, Some(code), _) => write!(f, "exited with {code}"),
            (_, _, None, Some(signal)) => write!(f, "was ended by signal {signal}"),
            (_, _, None, None) => write!(f, "ended in an unknown way"),
        }
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_false(value: &bool) -> bool {
    !*value
}
