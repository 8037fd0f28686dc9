//! What goes into the machine and what comes out of it: plain data.

use std::sync::Arc;

use jiff::Timestamp;

use crate::core::claim::{Blocker, KnownClaim, Lock};
use crate::core::evaluate::Out;
use crate::core::job::{Command, End, JobId, Role};
use crate::core::question::Answer;
use crate::core::record::{Actor, Adopted, Decision, GivenOutputs, Opened, Record};
use crate::core::recover::Evidence;
use crate::core::state::InstanceId;

/// Something that has happened.
#[derive(Debug, Clone)]
pub enum Input {
    /// A new run begins.
    Opened(Box<Opened>),
    /// An executor takes up a run whose records have been applied.
    Resumed {
        /// Who, and where.
        by: Actor,
        /// A runbook that takes the place of the one in force.
        runbook: Option<Adopted>,
    },
    /// An executor takes up a run whose records have been applied, to give it up: only open settings are put back.
    Abandon {
        /// Who, and where.
        by: Actor,
        /// Why.
        because: String,
        /// Settings that are not put back.
        write_off: Vec<String>,
    },
    /// A job could not be started.
    NotSpawned {
        /// Which.
        job: JobId,
        /// Why not.
        reason: String,
    },
    /// A job's main process has ended.
    JobEnded {
        /// Which.
        job: JobId,
        /// How.
        end: End,
        /// What it left behind.
        out: Out,
    },
    /// Nothing of a job is left alive that had ended before.
    Over {
        /// Which.
        job: JobId,
    },
    /// The answer to [`Effect::Gather`]; also what was found out about each job in flight when its keeper has died under a living
    /// executor.
    Evidence {
        /// Which job.
        job: JobId,
        /// What was found.
        evidence: Evidence,
        /// What it left behind, if it has ended.
        out: Out,
    },
    /// The keeper has gone while jobs ran under it.
    KeeperGone,
    /// The answer to [`Effect::Read`].
    Read {
        /// Which job.
        job: JobId,
        /// What it left behind.
        out: Out,
    },
    /// [`Effect::Acquire`]: the locks are held.
    Granted {
        /// For what.
        holder: Arc<str>,
        /// Which claim.
        token: Arc<str>,
    },
    /// [`Effect::Acquire`]: none of the locks is held, because somebody holds one of them.
    Denied {
        /// For what.
        holder: Arc<str>,
        /// Which claim.
        token: Arc<str>,
        /// The other runs that are in the way; nobody if it is this run itself.
        by: Vec<Blocker>,
    },
    /// [`Effect::Acquire`]: the locks cannot be had, and waiting for them would not help.
    Refused {
        /// For what.
        holder: Arc<str>,
        /// Which claim.
        token: Arc<str>,
        /// Why, in words.
        reason: String,
    },
    /// [`Effect::Release`]: the locks are held no more.
    Released {
        /// For what.
        holder: Arc<str>,
        /// Which claim.
        token: Arc<str>,
    },
    /// The answer to [`Effect::Verify`].
    Verified {
        /// What was taken away: for whom it was held, and the names.
        lost: Vec<(Arc<str>, Vec<Arc<str>>)>,
    },
    /// The time of an [`Effect::Timer`] has come.
    Due {
        /// Whose.
        instance: InstanceId,
    },
    /// Somebody orders something.
    Order(Order),
    /// Nobody is there to answer what people are asked just now: the executor ends if nothing else is left to wait for.
    Unattended,
    /// Ctrl-C or SIGTERM.
    Signal {
        /// Whose executor got it.
        by: Actor,
    },
}

/// What an operator can order.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(tag = "order", rename_all = "snake_case")]
pub enum Order {
    /// Decide about a task, a group or an item.
    Resolve {
        /// Its id.
        task: String,
        /// The decision.
        decision: Decision,
        /// Why.
        because: String,
        /// Who decides.
        by: Actor,
        /// Outputs, if it is said to be done.
        #[serde(default)]
        outputs: GivenOutputs,
    },
    /// Answer what people are asked by a task.
    Answer {
        /// Its id.
        task: String,
        /// The answer.
        answer: Answer,
        /// Who answers.
        by: Actor,
    },
    /// Start nothing more.
    Stop {
        /// Who orders it.
        by: Actor,
        /// Why, if it was said.
        #[serde(default)]
        because: Option<String>,
    },
    /// End the job that a task has running.
    Kill {
        /// The task's id.
        task: String,
        /// Who orders it.
        by: Actor,
    },
}

/// Something to be done.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// Start a job. Its end comes as [`Input::JobEnded`] or [`Input::NotSpawned`].
    Spawn {
        /// Which.
        job: JobId,
        /// What it is for.
        role: Role,
        /// The command.
        command: Command,
        /// Whether its standard output is to come with its end.
        reads_stdout: bool,
        /// Of a setting's job: for which opening of it, counted from 1.
        opening: Option<u32>,
    },
    /// Find out what became of a job that was started earlier.
    Gather {
        /// Which.
        job: JobId,
        /// Whether its standard output is to come with its end.
        reads_stdout: bool,
        /// Which boot of the host it was when the job was to be started; unknown if its end is in the journal already.
        boot: Option<Arc<str>>,
    },
    /// Read what a job has left behind whose end is recorded.
    Read {
        /// Which.
        job: JobId,
    },
    /// End a job's processes.
    Kill {
        /// Which.
        job: JobId,
    },
    /// The end of a job is in the journal: its keeper need not remember it.
    Forget {
        /// Which.
        job: JobId,
    },
    /// Claim locks, all or none.
    Acquire {
        /// For what: id of a task, a group or an item; empty for the whole run.
        holder: Arc<str>,
        /// The locks, in the order of their names.
        locks: Vec<Lock>,
        /// Names this claim among all of the run.
        token: Arc<str>,
    },
    /// Give locks back, once every record so far is on disk: those of an earlier executor as well, which may not have been
    /// synced. To do it again does no harm.
    Release {
        /// For what.
        holder: Arc<str>,
        /// Their names.
        names: Vec<Arc<str>>,
        /// Which claim.
        token: Arc<str>,
    },
    /// Find out whether what was claimed is still held.
    Verify {
        /// The claims.
        claims: Vec<KnownClaim>,
    },
    /// Nobody waits for locks under that name any more.
    Withdraw {
        /// For what they were wanted.
        holder: Arc<str>,
    },
    /// Let people know that they are asked. The answer comes as [`Order::Answer`], whenever it comes.
    Ask {
        /// By which task.
        instance: InstanceId,
    },
    /// Say so when that time has come.
    Timer {
        /// To whom; the root for those who wait for locks.
        instance: InstanceId,
        /// The time.
        at: Timestamp,
    },
}

/// An effect, and what must be on disk before it.
#[derive(Debug, Clone, PartialEq)]
pub struct Planned {
    /// The effect. All records of its transition are written before it.
    pub effect: Effect,
    /// Position in [`Transition::records`] of the record that must be synced before it, if one must; in a transition without
    /// records, all that was written before.
    pub durable: Option<usize>,
}

/// What follows from an input.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Transition {
    /// New facts, already applied.
    pub records: Vec<Record>,
    /// What is to be done.
    pub effects: Vec<Planned>,
    /// Why an order was refused, if it was.
    pub refused: Option<String>,
}

impl Transition {
    pub(super) fn plan(&mut self, effect: Effect) {
        self.effects.push(Planned { effect, durable: None });
    }

    /// Plans an effect that must not happen before everything that is known so far is on disk.
    pub(super) fn plan_after_sync(&mut self, effect: Effect) {
        self.effects.push(Planned { effect, durable: Some(self.records.len().saturating_sub(1)) });
    }
}
