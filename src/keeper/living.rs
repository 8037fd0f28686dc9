//! Whether a job of a run lives, for somebody who is not its executor.
//!
//! Does not know what depends on it; whoever asks holds the run's lock, so that no executor starts anything meanwhile.

use std::path::Path;

use super::client::Keeper;
use super::evidence::gather;
use super::protocol::{Kept, Standing};
use super::{KeeperError, exits, proc};
use crate::core::job::JobId;
use crate::core::recover::Evidence;

/// A job that lives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Living {
    /// Which.
    pub job: JobId,
    /// A process of it; 0 if it cannot be seen.
    pub pid: u32,
    /// The command line of that process.
    pub command: String,
}

/// A job of one of the tasks meant that lives, under its keeper or without one.
///
/// # Errors
/// If a keeper lives and does not answer, or what keepers have left behind cannot be read.
pub fn living(
    folder: &Path,
    is_meant: impl Fn(&str) -> bool,
) -> Result<Option<Living>, KeeperError> {
    // Connecting also makes sure that a keeper has done all that its last executor had asked for.
    if let Some((_connection, greeting)) = Keeper::connect(folder)? {
        let mut meant = greeting.jobs.iter().filter(|kept| is_meant(&kept.job.task));
        if let Some(found) = meant.find_map(kept_alive) {
            return Ok(Some(found));
        }
    }
    let noted = exits::open_jobs(folder).map_err(|error| KeeperError::Io {
        doing: format!("`{}` cannot be read", folder.join(exits::FILE).display()),
        error,
    })?;
    for job in noted.into_iter().filter(|job| is_meant(&job.task)) {
        if let Evidence::Orphaned { pid, command } = gather(folder, &job)? {
            return Ok(Some(Living { job, pid, command }));
        }
    }
    Ok(None)
}

/// A job whose run's folder is gone, found by what all its jobs have in their environment.
#[must_use]
pub fn living_without_folder(run: &str, is_meant: impl Fn(&str) -> bool) -> Option<Living> {
    let of_run = proc::all().into_iter().filter(|process| {
        !process.ended && proc::environment_holds(process.pid, &[format!("WINDLASS_RUN={run}")])
    });
    of_run.into_iter().find_map(|process| {
        let task = proc::environment_value(process.pid, "WINDLASS_TASK")?;
        let job = JobId { task: task.into(), attempt: 0 };
        let command = || proc::command(process.pid);
        is_meant(&job.task).then(|| Living { pid: process.pid, command: command(), job })
    })
}

/// What has ended badly and has left something behind is found by the notes about it.
fn kept_alive(kept: &Kept) -> Option<Living> {
    match &kept.standing {
        Standing::Running { pid } => {
            Some(Living { job: kept.job.clone(), pid: *pid, command: proc::command(*pid) })
        }
        Standing::Ended(_) | Standing::NotSpawned { .. } => None,
    }
}
