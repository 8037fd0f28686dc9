//! Taking a run up for work: its lock, its journal, and what that says.
//!
//! Does not know what is to be done with it.

use std::sync::Arc;

use super::failure::{Failure, REFUSED};
use super::{actor, known};
use crate::core::record::{Actor, Record};
use crate::core::state::State;
use crate::journal::{Entry, Journal, RunFolder};
use crate::lock::{self, RunLock};
use crate::plan::Plan;

/// A run that nobody else works on while this exists.
pub(super) struct TakenUp {
    pub(super) folder: RunFolder,
    pub(super) lock: RunLock,
    pub(super) journal: Journal,
    pub(super) entries: Vec<Entry<Record>>,
    pub(super) plan: Arc<Plan>,
    pub(super) state: State,
    /// This process.
    pub(super) by: Actor,
}

/// Takes a run up, unless somebody works on it.
pub(super) fn take_up(folder: RunFolder) -> Result<TakenUp, Failure> {
    let lock = lock::try_lock_run(&folder)?;
    let (journal, contents) = Journal::open::<Record>(&folder.journal())?;
    for warning in &contents.warnings {
        eprintln!("warning: {warning}");
    }
    let (plan, state) = known::rebuild(&folder, &contents.entries)?;
    let by = actor::this_process();
    Ok(TakenUp { folder, lock, journal, entries: contents.entries, plan, state, by })
}

impl TakenUp {
    /// What became of a run's jobs can be found out only where its keeper was; `command` is what to type there.
    pub(super) fn is_here(&self, command: &str) -> Result<(), Failure> {
        let last = self.entries.iter().rev().find_map(|entry| match &entry.record {
            Record::Opened(opened) => Some(&opened.by),
            Record::Resumed { by, .. } => Some(by),
            _ => None,
        });
        let (run, here) = (self.folder.id(), &self.by.host);
        match last {
            Some(Actor { host: there, .. }) if there != here => Err(Failure::new(
                REFUSED,
                format!("run {run} was worked on at `{there}`, and this is `{here}`"),
            )
            .help(format!(
                "only there can it be known what became of its jobs: type `{command}` there"
            ))),
            _ => Ok(()),
        }
    }
}
