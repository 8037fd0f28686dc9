//! Setting aside what a run's folder holds of jobs that the journal does not know.
//!
//! A power cut loses records that were not synced, and their numbers are used again: what an old job has left behind must not
//! be taken for the new one's. Does not decide what becomes of a task; where an effect may have happened, it refuses.

use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::core::job::JobId;
use crate::core::record::{Outcome, Record};
use crate::core::state::{Knowledge, Phase, State};
use crate::journal::{self, Entry, RunFolder};
use crate::keeper::{KeeperError, Strays};
use crate::plan::graph::NodeBody;
use crate::spec::model::Effect;

/// How many jobs are named in the warning.
const NAMED_MAX: usize = 5;

/// The jobs that a journal knows: for each task the number of its last one.
#[derive(Debug, Clone, Default)]
pub struct JournalJobs(HashMap<Arc<str>, u32>);

impl JournalJobs {
    /// Those of these records. A run that has just been opened has none.
    #[must_use]
    pub fn of(entries: &[Entry<Record>]) -> Self {
        let mut jobs = HashMap::new();
        for entry in entries {
            if let Record::JobStarting { task, attempt, .. } = &entry.record {
                let last = jobs.entry(task.clone()).or_insert(0);
                *last = (*attempt).max(*last);
            }
        }
        Self(jobs)
    }

    fn last_of(&self, task: &str) -> u32 {
        self.0.get(task).copied().unwrap_or(0)
    }
}

/// Why what an unknown job has left behind cannot be set aside.
#[derive(Debug)]
pub enum AsideError {
    /// What a keeper has left behind cannot be read.
    Keeper(KeeperError),
    /// A file or a folder cannot be read or moved.
    Io {
        /// Which.
        path: PathBuf,
        /// What the system says.
        error: io::Error,
    },
    /// A process of such a job lives.
    Alive {
        /// The job.
        job: JobId,
        /// The process.
        pid: u32,
        /// Its command line.
        command: String,
    },
    /// A `once` job was started, and the journal, in which that must have been on disk before, says that none was.
    Once {
        /// The job.
        job: JobId,
    },
}

impl fmt::Display for AsideError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Keeper(error) => error.fmt(f),
            Self::Io { path, error } => write!(f, "cannot set `{}` aside: {error}", path.display()),
            Self::Alive { job, pid, command } => write!(
                f,
                "a job of `{}` that the journal does not know (number {}) still runs: process {pid} ({command})",
                job.task, job.attempt
            ),
            Self::Once { job } => write!(
                f,
                "`{}` is `once`, and its job {} was started, but the journal says that it was not: the journal is older than what was done",
                job.task, job.attempt
            ),
        }
    }
}

impl std::error::Error for AsideError {}

impl From<KeeperError> for AsideError {
    fn from(error: KeeperError) -> Self {
        Self::Keeper(error)
    }
}

fn failed(path: &Path) -> impl FnOnce(io::Error) -> AsideError {
    let path = path.to_owned();
    move |error| AsideError::Io { path, error }
}

/// Sets aside whatever notes and folders there are of jobs that the journal does not know; returns a warning if there are any.
///
/// The run's lock must be held. While a keeper of the run lives nothing is moved under its hands: no records are lost without a
/// power cut, and that ends keepers. But what must not happen twice is refused all the same.
pub(super) fn set_aside(
    folder: &RunFolder,
    known: &JournalJobs,
    state: &State,
    keeper_lives: bool,
) -> Result<Option<String>, AsideError> {
    let strays = Strays::find(folder.path(), |task, attempt| attempt <= known.last_of(task))?;
    if let Some(job) = strays.jobs.iter().find(|job| may_be_done(state, job)) {
        return Err(AsideError::Once { job: job.clone() });
    }
    if keeper_lives {
        return Ok(None);
    }
    if let Some((job, pid, command)) = strays.alive(folder.path())? {
        return Err(AsideError::Alive { job: job.clone(), pid, command });
    }
    let folders = stray_folders(folder, known, state)?;
    if strays.jobs.is_empty() && folders.is_empty() {
        return Ok(None);
    }
    let into = new_folder(folder)?;
    for stray in &folders {
        move_folder(folder, stray, &into)?;
    }
    strays.set_aside(folder.path(), &into).map_err(failed(&into))?;
    Ok(Some(warning(&strays.jobs, &folders, &into)))
}

/// Whether a job that the journal does not know may have had an effect that must not happen twice.
///
/// What a task has had since its effect may have happened are verifications, and these may be repeated.
fn may_be_done(state: &State, job: &JobId) -> bool {
    let task = |id| state.graph().task(state.instance(id).node).zip(state.task(id));
    match state.find(&job.task).and_then(task) {
        Some((task, known)) => {
            task.effect == Effect::Once && known.knowledge == Knowledge::NotBegun
        }
        None => state.graph().nodes.iter().any(|node| {
            matches!(&node.body, NodeBody::Task(task) if task.effect == Effect::Once)
                && may_be_of(&job.task, &node.name)
        }),
    }
}

/// Whether a task with that id may be of a step with that name. A key may hold anything, so that this is more often true than right.
fn may_be_of(task: &str, step: &str) -> bool {
    let ends = |task: &str| {
        task.strip_suffix(step).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    };
    ends(task) || task.ends_with(']') && task.match_indices('[').any(|(at, _)| ends(&task[..at]))
}

/// The folders, relative to the run's, of jobs that the journal does not know. Looks only into those of tasks that may have
/// another job.
fn stray_folders(
    folder: &RunFolder,
    known: &JournalJobs,
    state: &State,
) -> Result<Vec<PathBuf>, AsideError> {
    let names = names_in(&folder.tasks())?;
    if names.is_empty() {
        return Ok(Vec::new());
    }
    let by_name: HashMap<String, (&str, u32)> = known
        .0
        .iter()
        .map(|(task, last)| (journal::encode(task), (task.as_ref(), *last)))
        .collect();
    let mut strays = Vec::new();
    for name in names {
        let path = Path::new("tasks").join(&name);
        let Some((task, last)) = by_name.get(&name) else {
            strays.push(path);
            continue;
        };
        if has_ended_well(state, task) {
            continue;
        }
        let jobs = names_in(&folder.path().join(&path))?;
        let unknown = |job: &String| job.parse::<u32>().is_ok_and(|number| number > *last);
        strays.extend(jobs.iter().filter(|job| unknown(job)).map(|job| path.join(job)));
    }
    Ok(strays)
}

fn has_ended_well(state: &State, task: &str) -> bool {
    state.find(task).and_then(|id| state.task(id)).is_some_and(|known| {
        matches!(known.phase, Phase::Ended(Outcome::Succeeded | Outcome::Skipped))
    })
}

/// The names in a folder, sorted; none if there is no such folder.
fn names_in(folder: &Path) -> Result<Vec<String>, AsideError> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(failed(folder)(error)),
    };
    let mut names = Vec::new();
    for entry in entries {
        let name = entry.map_err(failed(folder))?.file_name();
        // windlass gives no other names; what somebody else has put there is not looked at.
        names.extend(name.into_string());
    }
    names.sort_unstable();
    Ok(names)
}

/// A folder for what is set aside, `aside-1` at first.
fn new_folder(folder: &RunFolder) -> Result<PathBuf, AsideError> {
    let free = (1_u32..).map(|number| folder.path().join(format!("aside-{number}")));
    let path = free
        .into_iter()
        .find(|path| !path.exists())
        .expect("there are more numbers than a folder has entries");
    journal::make_folder(&path).map_err(failed(&path))?;
    Ok(path)
}

fn move_folder(folder: &RunFolder, stray: &Path, into: &Path) -> Result<(), AsideError> {
    let (from, to) = (folder.path().join(stray), into.join(stray));
    let parents = [&from, &to].map(|path| path.parent().expect("it is inside a folder").to_owned());
    journal::make_folder(&parents[1]).map_err(failed(&from))?;
    fs::rename(&from, &to).map_err(failed(&from))?;
    parents.iter().try_for_each(|parent| journal::sync_folder(parent)).map_err(failed(&from))
}

fn warning(jobs: &BTreeSet<JobId>, folders: &[PathBuf], into: &Path) -> String {
    let mut named: Vec<String> =
        jobs.iter().map(|job| format!("`{}` (job {})", job.task, job.attempt)).collect();
    let unnoted = folders.iter().map(|folder| format!("`{}`", folder.display()));
    if named.is_empty() {
        named.extend(unnoted);
    }
    let more = named.len().saturating_sub(NAMED_MAX);
    named.truncate(NAMED_MAX);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!(
        "the journal does not know what is left of {}{more}: it is set aside in `{}`, and started again where it is needed",
        named.join(", "),
        into.display()
    )
}

#[cfg(test)]
mod tests {
    use super::may_be_of;

    #[test]
    fn a_task_is_of_the_step_whose_name_comes_last_outside_of_keys() {
        for of_move in
            ["move", "move[a]", "boxes[a.b].move", "w[1].boxes[x].move", "w[1].move[a.c]"]
        {
            assert!(may_be_of(of_move, "move"), "{of_move}");
        }
        for other in ["remove", "move[a].check", "boxes[move]", "moves[a]"] {
            assert!(!may_be_of(other, "move"), "{other}");
        }
    }
}
