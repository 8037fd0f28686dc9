//! What an executor and a keeper say to each other: one JSON object a line, over a stream.
//!
//! Plain data. Knows neither the socket it goes through nor what a request leads to. Unknown fields are ignored, so that a
//! later version may add some; whatever an earlier version would misunderstand takes a new [`VERSION`].

use std::path::PathBuf;

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

use crate::core::job::{Command, End, JobId};
use crate::core::recover::Evidence;

/// Version of the protocol. A keeper and an executor of different versions do not work together.
pub const VERSION: u32 = 1;

/// What an executor asks for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "request", rename_all = "snake_case")]
pub enum Request {
    /// The first word of a connection. The answer is [`Report::Greeting`].
    Hello {
        /// The executor's [`VERSION`].
        version: u32,
        /// Environment of all jobs that this connection starts; a job's own comes on top of it.
        env: IndexMap<String, String>,
    },
    /// Start a job. A job that is known already is refused, never started twice.
    Start {
        /// Which.
        job: JobId,
        /// Where its files go, relative to the run's folder.
        folder: PathBuf,
        /// What is to be started.
        command: Command,
    },
    /// End all processes of a job: TERM, and after its grace KILL.
    Kill {
        /// Which.
        job: JobId,
    },
    /// Leave [`Report::Started`] out from now on: nothing follows from it for this executor, and it would be woken for each.
    EndsOnly,
    /// The end of a job is known for good: forget it, and remove those of its files that are empty.
    Forget {
        /// Which.
        job: JobId,
    },
}

/// What a keeper tells.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "report", rename_all = "snake_case")]
pub enum Report {
    /// The answer to [`Request::Hello`].
    Greeting(Greeting),
    /// A job has a process. Where that cannot become the program, [`Report::NotSpawned`] follows.
    Started {
        /// Which.
        job: JobId,
        /// Its main process, which leads a session of its own.
        pid: u32,
    },
    /// A job could not be started; nothing of it has run.
    NotSpawned {
        /// Which.
        job: JobId,
        /// Why not.
        reason: String,
    },
    /// A job was not started, because the keeper cannot write in the run's folder; it starts nothing that it cannot write down.
    CannotWrite {
        /// Which.
        job: JobId,
        /// What cannot be written, and why.
        reason: String,
    },
    /// The main process of a job has ended.
    Ended {
        /// Which.
        job: JobId,
        /// How. Where it is not over, [`Report::Over`] follows.
        end: End,
    },
    /// Nothing is left alive of a job that has ended.
    Over {
        /// Which.
        job: JobId,
    },
    /// A request was not carried out, and has changed nothing.
    Refused {
        /// The job that it was about, if it was about one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        job: Option<JobId>,
        /// Why.
        reason: String,
    },
}

/// How a keeper introduces itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Greeting {
    /// The keeper's [`VERSION`].
    pub version: u32,
    /// The keeper's process.
    pub pid: u32,
    /// All jobs that it knows, but those that it was told to forget.
    pub jobs: Vec<Kept>,
}

/// A job that a keeper knows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    /// Which.
    pub job: JobId,
    /// How it stands.
    pub standing: Standing,
}

/// How a job stands that a keeper knows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// Its main process runs, or is about to become the program.
    Running {
        /// The main process.
        pid: u32,
    },
    /// Its main process has ended.
    Ended(End),
    /// It could not be started.
    NotSpawned {
        /// Why not.
        reason: String,
    },
}

impl Kept {
    /// What the keeper's word proves of the job.
    #[must_use]
    pub fn evidence(&self) -> Evidence {
        match &self.standing {
            Standing::Running { .. } => Evidence::Running,
            Standing::Ended(end) => Evidence::Ended(end.clone()),
            Standing::NotSpawned { reason } => Evidence::NotSpawned(reason.clone()),
        }
    }
}
