//! One job as its keeper sees it.
//!
//! Holds what is known; does nothing. Does not know what the job is for.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use jiff::Timestamp;

use super::kin::Kin;
use super::protocol::Standing;
use super::unix::Reaped;
use crate::core::job::{End, Survivor};

/// How long it takes at first until processes that got KILL are looked for again; it doubles each time.
const ROUND_FIRST: Duration = Duration::from_millis(20);
/// How long it takes at most.
const ROUND_MAX: Duration = Duration::from_secs(1);

/// One job.
#[derive(Debug)]
pub(super) struct Job {
    /// Where its files are, relative to the run's folder.
    pub(super) folder: PathBuf,
    /// The keeper has made its folder, and may remove what stayed empty in it.
    pub(super) owns_folder: bool,
    pub(super) stage: Stage,
    pub(super) kin: Kin,
    /// Between TERM and KILL.
    pub(super) grace: Duration,
    pub(super) timed_out: bool,
    pub(super) killed: bool,
    /// The executor has no more interest in it; it is dropped once it is over.
    pub(super) forgotten: bool,
    /// Its processes are being ended.
    pub(super) hunt: Option<Hunt>,
    /// When it must be looked at, whatever happens.
    pub(super) wake: Option<Instant>,
}

/// How far a job is.
#[derive(Debug)]
pub(super) enum Stage {
    /// It will be started in a moment.
    Admitted,
    NotSpawned(String),
    Running {
        pid: u32,
        started: Timestamp,
    },
    Ended(End),
}

/// Processes that are being ended have got TERM, and get KILL until none is left.
#[derive(Debug, Clone, Copy)]
pub(super) struct Hunt {
    /// How often they have got KILL.
    pub(super) rounds: u32,
}

impl Hunt {
    /// How long to wait before the next round.
    pub(super) fn pause(self) -> Duration {
        ROUND_FIRST.saturating_mul(1 << self.rounds.min(10)).min(ROUND_MAX)
    }
}

impl Job {
    pub(super) fn new(folder: PathBuf, marks: Vec<String>, grace: Duration) -> Self {
        Self {
            folder,
            owns_folder: false,
            stage: Stage::Admitted,
            kin: Kin::new(None, marks),
            grace,
            timed_out: false,
            killed: false,
            forgotten: false,
            hunt: None,
            wake: None,
        }
    }

    /// How it stands, for an executor; nothing where that is not of interest.
    pub(super) fn standing(&self) -> Option<Standing> {
        match &self.stage {
            _ if self.forgotten => None,
            Stage::Admitted => None,
            Stage::NotSpawned(reason) => Some(Standing::NotSpawned { reason: reason.clone() }),
            Stage::Running { pid, .. } => Some(Standing::Running { pid: *pid }),
            Stage::Ended(end) => Some(Standing::Ended(end.clone())),
        }
    }

    /// Whether the keeper may not go while it stands so.
    pub(super) fn holds_keeper(&self) -> bool {
        match &self.stage {
            Stage::Admitted | Stage::Running { .. } => true,
            Stage::NotSpawned(_) => false,
            Stage::Ended(end) => !end.over && self.hunt.is_some(),
        }
    }

    /// Whether an exit like that leaves nothing to be cleared away.
    pub(super) fn is_good(&self, reaped: Reaped) -> bool {
        reaped.exit == Some(0) && !self.timed_out && !self.killed
    }

    /// Its end, with what is left of it.
    pub(super) fn end(
        &self,
        reaped: Reaped,
        started: Timestamp,
        over: bool,
        survivors: Vec<Survivor>,
    ) -> End {
        End {
            exit: reaped.exit,
            signal: reaped.signal,
            timed_out: self.timed_out,
            killed: self.killed,
            started,
            ended: Timestamp::now(),
            over,
            survivors,
        }
    }
}
