//! What is known of a job whose keeper has gone.
//!
//! Judges only what the keeper and the job's own processes have left; what follows from it is the machine's affair.

use std::path::Path;

use super::KeeperError;
use super::exits::{self, Trace};
use super::kin::{self, Kin};
use super::proc;
use crate::core::job::JobId;
use crate::core::recover::Evidence;

/// A process of a job that lives.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Alive {
    pid: u32,
    command: String,
}

/// Finds out what became of a job: reads its end, then looks whether anything of it lives, then reads its end again.
///
/// # Errors
/// If what the keeper has left behind cannot be read.
pub fn gather(folder: &Path, job: &JobId) -> Result<Evidence, KeeperError> {
    let read = || {
        exits::trace(folder, job).map_err(|error| KeeperError::Io {
            doing: format!("`{}` cannot be read", folder.join(exits::FILE).display()),
            error,
        })
    };
    let before = read()?;
    if let Some(evidence) = settled(&before) {
        return Ok(evidence);
    }
    let alive = look_for_life(folder, &before);
    let after = read()?;
    Ok(judge(&after, alive))
}

/// Whether it is certain that no keeper has ever begun to start a job that was to be started in that boot of the machine.
///
/// A keeper writes down that a job is about to start before it starts it, and only the end of a boot can lose what is written.
/// No keeper may be alive, or one that has greeted and does not know the job.
///
/// # Errors
/// If what the keeper has left behind cannot be read.
pub fn was_never_started(folder: &Path, job: &JobId, boot: &str) -> Result<bool, KeeperError> {
    if boot.is_empty() || boot != proc::boot_id() {
        return Ok(false);
    }
    let trace = exits::trace(folder, job).map_err(|error| KeeperError::Io {
        doing: format!("`{}` cannot be read", folder.join(exits::FILE).display()),
        error,
    })?;
    Ok(trace == Trace::default())
}

/// What needs no look at what lives.
fn settled(trace: &Trace) -> Option<Evidence> {
    if trace.withdrawn {
        return Some(Evidence::NeverStarted);
    }
    let mut end = trace.end.clone()?;
    end.over |= trace.over;
    end.over.then_some(Evidence::Ended(end))
}

/// What follows from the notes about a job, read after it was looked for.
fn judge(trace: &Trace, alive: Option<Alive>) -> Evidence {
    if let Some(evidence) = settled(trace) {
        return evidence;
    }
    match (&trace.end, alive) {
        // Those that outlive a good end hold up nobody.
        (Some(end), Some(_)) if end.exit == Some(0) && !end.timed_out && !end.killed => {
            Evidence::Ended(end.clone())
        }
        (_, Some(alive)) => Evidence::Orphaned { pid: alive.pid, command: alive.command },
        (Some(end), None) => {
            let mut end = end.clone();
            end.over = true;
            Evidence::Ended(end)
        }
        (None, None) => match &trace.not_spawned {
            Some(reason) => Evidence::NotSpawned(reason.clone()),
            None => Evidence::Over,
        },
    }
}

/// A process of the job that lives: one that holds its life lock, or is of its session, or has its marks in the environment.
fn look_for_life(folder: &Path, trace: &Trace) -> Option<Alive> {
    // Nothing of a job can have lived before it was noted that it is about to start, nor lives where it could not be.
    let starting = trace.starting.as_ref()?;
    // A session that was recorded in another boot of the machine has ended with it.
    let boot_id = proc::boot_id();
    let started = trace.started.as_ref().filter(|started| started.boot_id == boot_id);
    let life = kin::held_life(&folder.join(&starting.folder));
    if life.is_none() && started.is_none() && trace.started.is_some() {
        return None;
    }
    let mut kin =
        Kin::new(started.map(|started| (started.pid, started.start_time)), starting.marks.clone());
    let own = std::process::id();
    let candidates = proc::descendants(0);
    let found = kin.find(&candidates, life).into_iter().find(|process| process.pid != own);
    match found {
        Some(process) => Some(Alive { pid: process.pid, command: proc::command(process.pid) }),
        None => life.map(|_| Alive {
            pid: 0,
            command: format!(
                "(a process that cannot be seen holds `{}`)",
                starting.folder.join(kin::LIFE_FILE).display()
            ),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::job::End;
    use jiff::Timestamp;

    fn end(exit: i32, over: bool) -> End {
        End {
            exit: Some(exit),
            signal: None,
            timed_out: false,
            killed: false,
            started: Timestamp::UNIX_EPOCH,
            ended: Timestamp::UNIX_EPOCH,
            over,
            survivors: Vec::new(),
        }
    }

    fn ended(exit: i32, over: bool) -> Trace {
        Trace { end: Some(end(exit, over)), ..Trace::default() }
    }

    fn alive() -> Option<Alive> {
        Some(Alive { pid: 7, command: "sleep".to_owned() })
    }

    fn orphaned() -> Evidence {
        Evidence::Orphaned { pid: 7, command: "sleep".to_owned() }
    }

    #[test]
    fn the_table_of_ends_and_life() {
        let not_spawned = Trace { not_spawned: Some("no".to_owned()), ..Trace::default() };
        let over_later = Trace { over: true, ..ended(1, false) };
        let withdrawn = Trace { withdrawn: true, ..Trace::default() };
        let rows = [
            (Trace::default(), None, Evidence::Over),
            (Trace::default(), alive(), orphaned()),
            (not_spawned, None, Evidence::NotSpawned("no".to_owned())),
            (ended(0, true), None, Evidence::Ended(end(0, true))),
            (ended(0, false), None, Evidence::Ended(end(0, true))),
            (ended(0, false), alive(), Evidence::Ended(end(0, false))),
            (ended(1, true), None, Evidence::Ended(end(1, true))),
            (ended(1, false), None, Evidence::Ended(end(1, true))),
            (ended(1, false), alive(), orphaned()),
            (over_later, alive(), Evidence::Ended(end(1, true))),
            (withdrawn, None, Evidence::NeverStarted),
        ];
        for (trace, alive, expected) in rows {
            assert_eq!(judge(&trace, alive.clone()), expected, "{trace:?}, {alive:?}");
        }
    }
}
