//! A run as it can be read from its folder, whether or not an executor works on it.

use std::sync::Arc;

use super::arguments::Place;
use super::failure::{BUG, Failure, JOURNAL};
use super::{aftermath, in_the_way, lost};
use crate::core::record::Record;
use crate::core::state::State;
use crate::exec::{self, FreezeError};
use crate::journal::{self, Entry, JournalError, RunFolder, StateFolder};
use crate::lock;
use crate::plan::Plan;
use crate::report::next;
use crate::report::status::{Executor, Status};
use crate::spec::near::did_you_mean;

/// A run that was read.
pub(super) struct Known {
    pub(super) folder: RunFolder,
    pub(super) plan: Arc<Plan>,
    pub(super) state: State,
    pub(super) entries: Vec<Entry<Record>>,
    pub(super) executor: Option<Executor>,
}

impl Known {
    pub(super) fn status(&self) -> Status {
        let executor = self.executor.clone();
        let mut status = Status::new(self.folder.id(), &self.plan, &self.state, executor)
            .with_findings(&self.folder);
        status = in_the_way::look(&self.folder, lost::look(&self.folder, status));
        if self.executor.is_none() && !self.state.run().closed {
            aftermath::tell(self, &mut status);
        }
        status
    }
}

/// The state folder.
pub(super) fn state_folder(place: &Place) -> Result<StateFolder, Failure> {
    Ok(StateFolder::locate(place.state_dir.as_deref())?)
}

/// The folder of the run that was typed.
pub(super) fn find(place: &Place, run: &str) -> Result<RunFolder, Failure> {
    Ok(state_folder(place)?.find(run)?)
}

/// Reads a run without touching it.
pub(super) fn read(folder: RunFolder) -> Result<Known, Failure> {
    let alive = lock::is_locked(&folder)?;
    let contents = journal::read::<Record>(&folder.journal())?;
    // A living executor may be writing its last line right now; that is no damage.
    for warning in contents.warnings.iter().filter(|_| !alive) {
        eprintln!("warning: {warning}");
    }
    if alive && contents.entries.is_empty() {
        let again = next::command(&["status", folder.id()]);
        return Err(Failure::new(JOURNAL, format!("run {} is being begun just now", folder.id()))
            .help(format!("`{again}` shows it in a moment")));
    }
    let (plan, state) = rebuild(&folder, &contents.entries)?;
    let executor = if alive { Some(executor(&folder, &contents.entries)) } else { None };
    Ok(Known { folder, plan, state, entries: contents.entries, executor })
}

/// A run has no task, group or item of that name.
pub(super) fn unknown_task(code: u8, run: &str, state: &State, name: &str) -> Failure {
    let mut failure = Failure::new(code, format!("run {run} has no task, group or item `{name}`"));
    let ids = state.instances().iter().map(|instance| instance.id.as_ref());
    if let Some(near) = did_you_mean(name, ids.filter(|id| !id.is_empty())) {
        failure = failure.help(near);
    }
    failure.help(format!("`{}` lists the tasks", next::command(&["status", run])))
}

/// The plan and the state of a run, by its frozen files and its records.
pub(super) fn rebuild(
    folder: &RunFolder,
    entries: &[Entry<Record>],
) -> Result<(Arc<Plan>, State), Failure> {
    let frozen = exec::thaw(folder, entries).map_err(|error| broken_files(folder, &error))?;
    let plan = Arc::new(frozen.plan);
    let state =
        exec::replay(plan.graph.clone(), entries, frozen.adopted).map_err(|(seq, unfit)| {
            Failure::new(
                BUG,
                format!(
                    "record {seq} of run {} does not fit what comes before it: {unfit}",
                    folder.id()
                ),
            )
            .help(format!(
                "`{}` checks the whole journal",
                next::command(&["journal", "check", folder.id()])
            ))
        })?;
    Ok((plan, state))
}

fn broken_files(folder: &RunFolder, error: &FreezeError) -> Failure {
    match error {
        FreezeError::Unsound(diagnostics) => super::runbook::tell(diagnostics),
        FreezeError::NotOpened => {
            return JournalError::NeverBegun { path: folder.journal() }.into();
        }
        FreezeError::Io { .. } | FreezeError::Malformed { .. } => {}
    }
    Failure::new(JOURNAL, format!("run {} cannot be read: {error}", folder.id()))
        .help(format!("its files are in {}", folder.path().display()))
}

fn executor(folder: &RunFolder, entries: &[Entry<Record>]) -> Executor {
    let _ = folder;
    let by = entries.iter().rev().find_map(|entry| match &entry.record {
        Record::Resumed { by, .. } => Some(by.clone()),
        Record::Opened(opened) => Some(opened.by.clone()),
        _ => None,
    });
    match by {
        Some(by) => Executor { pid: by.pid.unwrap_or_default(), user: by.user, host: by.host },
        None => Executor { pid: 0, user: String::new(), host: String::new() },
    }
}
