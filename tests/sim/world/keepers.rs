//! What keepers know of jobs, and what is found out where none lives.
//!
//! Does not know who asks.

use windlass::core::evaluate::Out;
use windlass::core::job::{End, JobId, Role, Survivor};
use windlass::core::recover::Evidence;
use windlass::core::setting::Way;

use super::{How, Process, World, time};

impl World {
    /// What can be found out about a job.
    pub(crate) fn evidence(&self, now: i64, id: &JobId) -> Evidence {
        let Some(job) = self.jobs.get(id) else { return Evidence::Over };
        let kept = self.keeper == Some(job.keeper) && !job.forgotten;
        match (kept, job.recorded) {
            (_, true) if job.how == How::Unborn && job.ends <= now => {
                Evidence::NotSpawned("no such program".to_owned())
            }
            (_, true) if job.ends <= now => Evidence::Ended(self.end(now, job)),
            (true, _) => Evidence::Running,
            (false, _) if job.is_alive(now) => {
                Evidence::Orphaned { pid: 7, command: id.to_string() }
            }
            (false, _) => Evidence::Over,
        }
    }

    fn end(&self, now: i64, job: &Process) -> End {
        let alive = job.is_alive(now);
        End {
            exit: job.exit(),
            signal: job.exit().is_none().then_some(15),
            timed_out: job.how == How::Timeout,
            killed: job.how == How::Killed,
            started: time(job.started),
            ended: time(job.ends),
            over: !alive,
            survivors: if alive {
                vec![Survivor { pid: 8, command: "survivor".to_owned() }]
            } else {
                Vec::new()
            },
        }
    }

    /// What a job has printed, and how it exited.
    pub(crate) fn out(&self, id: &JobId) -> Out {
        let job = self.jobs.get(id);
        let probed = job.filter(|job| job.role == Role::Probe);
        let said = match probed {
            _ if job.is_some_and(|job| job.role == Role::Get) => {
                let part = Way::both().iter().find_map(|way| id.task.strip_suffix(way.suffix()));
                let ends = job.map_or(0, |job| job.ends);
                let value = part.and_then(|part| self.last_change(part, ends));
                value.map(|(value, _)| value.to_owned()).unwrap_or_default()
            }
            Some(job) => self.cell(&id.task, job.ends).name().to_owned(),
            None => id.to_string(),
        };
        Out { exit: job.and_then(Process::exit), stdout: Some(Ok(said)) }
    }

    /// Whether the keeper that has started a job can still tell of it.
    pub(crate) fn is_kept(&self, id: &JobId) -> bool {
        self.jobs.get(id).is_some_and(|job| self.keeper == Some(job.keeper) && !job.forgotten)
    }
}
