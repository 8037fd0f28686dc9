//! What has become of jobs while no executor looks after them.
//!
//! Only reads what their keeper and their processes have left; a resume finds the same, and acts on it.

use super::known::Known;
use crate::core::job::{JobId, Role};
use crate::core::recover::Evidence;
use crate::core::setting::Activity;
use crate::core::standing::TaskStanding;
use crate::core::state::{Job, Phase};
use crate::journal::RunFolder;
use crate::keeper;
use crate::lock::FileLock;
use crate::report::setting::SettingRow;
use crate::report::status::{Status, TaskRow};
use crate::spec::model::Effect;

/// About how many jobs it is found out: the rest would fill no other screen.
const ASKED_MAX: usize = 20;

/// Says of every task and setting with a job that was left behind what is known of the job.
pub(super) fn tell(known: &Known, status: &mut Status) {
    let keeper = FileLock::is_held(&known.folder.keeper_lock()).unwrap_or(true);
    tell_of_settings(known, &mut status.settings, keeper);
    let mut asked = 0;
    for row in status.tasks.iter_mut().filter(|row| row.state == TaskStanding::Running) {
        let task = known.state.find(&row.id).and_then(|id| known.state.task(id));
        row.reason = match task.map(|task| task.phase) {
            Some(Phase::Running(job)) if asked < ASKED_MAX => {
                asked += 1;
                Some(words(known, &row.id, job, what_follows(row, job.role), keeper))
            }
            Some(Phase::Verifying(_)) if row.last.is_none() => {
                Some("what it asks is answered; a resume goes on with what comes after".to_owned())
            }
            Some(Phase::Verifying(_)) => {
                Some("its effect has happened; a resume goes on with what comes after".to_owned())
            }
            Some(Phase::Judging(_)) => {
                Some("its job has ended badly; a resume finds out what that means".to_owned())
            }
            Some(Phase::Pausing(..)) => Some("a resume tries it again".to_owned()),
            _ => continue,
        };
    }
}

fn tell_of_settings(known: &Known, rows: &mut [SettingRow], keeper: bool) {
    for (id, part) in known.state.all_parts().take(ASKED_MAX) {
        let Activity::Running(way, job) = part.activity else { continue };
        let name = &known.state.instance(id).id;
        if let Some(row) = rows.iter_mut().find(|row| *row.id == **name) {
            let task = known.state.job_name(id, way);
            row.reason = Some(words(known, &task, job, "a resume does what is left to do", keeper));
        }
    }
}

/// What a resume does about a job of a task of which nothing says how it ended.
fn what_follows(row: &TaskRow, role: Role) -> &'static str {
    match (role, row.effect, row.probe) {
        (Role::Action, Effect::Once, true) | (Role::Repair { .. }, ..) => "a resume asks its probe",
        (Role::Action, Effect::Once, false) => "it has no probe, so that you decide after a resume",
        (Role::Probe, ..) => "its probe is asked again by a resume",
        _ => "a resume does it again",
    }
}

fn words(known: &Known, task: &str, running: Job, then: &str, keeper: bool) -> String {
    let job = JobId { task: task.into(), attempt: running.attempt };
    let boot = known.state.run().boots.get(running.executor as usize).cloned().flatten();
    let number = running.attempt;
    match evidence(&known.folder, &job, boot.as_deref(), keeper) {
        Ok(Evidence::Running) => format!("job {number} runs under its keeper"),
        Ok(Evidence::Orphaned { pid, command }) if keeper => {
            format!("job {number} runs under its keeper, as process {pid}: {command}")
        }
        Ok(Evidence::Orphaned { pid, command }) => format!(
            "process {pid} of job {number} lives on without its keeper: {command}; a resume waits until it has ended"
        ),
        Ok(Evidence::Ended(end)) => format!("job {number} {end}; a resume takes that over"),
        Ok(Evidence::NotSpawned(reason)) => format!("job {number} could not be started: {reason}"),
        Ok(Evidence::NeverStarted) => {
            format!("job {number} was never begun; a resume starts it when its turn comes")
        }
        Ok(Evidence::Over) => {
            format!("job {number} is over, and nothing says how it ended; {then}")
        }
        Err(error) => format!("what became of job {number} cannot be read: {error}"),
    }
}

fn evidence(
    folder: &RunFolder,
    job: &JobId,
    boot: Option<&str>,
    keeper: bool,
) -> Result<Evidence, keeper::KeeperError> {
    // A keeper that lives may be about to begin it.
    if let (false, Some(boot)) = (keeper, boot)
        && keeper::was_never_started(folder.path(), job, boot)?
    {
        return Ok(Evidence::NeverStarted);
    }
    match keeper::gather(folder.path(), job)? {
        Evidence::Over if keeper => Ok(Evidence::Running),
        evidence => Ok(evidence),
    }
}
