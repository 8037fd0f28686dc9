//! Ending jobs: TERM to all processes of one, and after its grace KILL until none is left.
//!
//! Does not know why a job is ended, nor what is told of it.

use std::collections::BTreeSet;
use std::time::Instant;

use super::{Jobs, log};
use crate::core::job::JobId;
use crate::keeper::job::{Hunt, Job, Stage};
use crate::keeper::kin;
use crate::keeper::proc::{self, Process};
use crate::keeper::unix::{self, Signal};

/// How often processes are looked for in one go before others get their turn: what forks faster than that is met again soon.
const SWEEPS_MAX: u32 = 8;

impl Jobs {
    pub(super) fn kill(&mut self, id: &JobId) {
        let Some(job) = self.jobs.get_mut(id) else {
            return self.refuse(id.clone(), "no such job is known");
        };
        match &job.stage {
            Stage::Running { .. } if job.hunt.is_none() => job.killed = true,
            Stage::Ended(end) if !end.over => {}
            // It is being ended already, or there is nothing left to end.
            _ => return,
        }
        self.hunt(id);
    }

    /// Begins to end all processes of a job, unless that has begun already.
    pub(super) fn hunt(&mut self, id: &JobId) {
        let now = Instant::now();
        let Some(job) = self.jobs.get_mut(id) else { return };
        if job.hunt.is_some() {
            return;
        }
        let kill_at = now.checked_add(job.grace).unwrap_or(now);
        job.hunt = Some(Hunt { rounds: 0 });
        for process in find(job) {
            signal(id, &process, Signal::TERM, true);
        }
        self.set_wake(id, Some(kill_at));
    }

    /// Does what is due: timeouts, and the end of patience with those that got TERM.
    pub(in crate::keeper) fn due(&mut self, now: Instant) {
        while let Some((at, id)) = self.timers.first().cloned().filter(|(at, _)| *at <= now) {
            self.timers.remove(&(at, id.clone()));
            let Some(job) = self.jobs.get_mut(&id) else { continue };
            job.wake = None;
            if job.hunt.is_some() {
                self.kill_round(&id);
            } else if matches!(job.stage, Stage::Running { .. }) {
                job.timed_out = true;
                self.hunt(&id);
            }
        }
    }

    /// Sends KILL to all processes of a job that can be found, and to those that they have started meanwhile.
    fn kill_round(&mut self, id: &JobId) {
        let Some(job) = self.jobs.get_mut(id) else { return };
        let Some(hunt) = &mut job.hunt else { return };
        let first = hunt.rounds == 0;
        hunt.rounds += 1;
        let pause = hunt.pause();
        let mut sent = BTreeSet::new();
        for _ in 0..SWEEPS_MAX {
            let fresh: Vec<Process> = find(job)
                .into_iter()
                .filter(|process| sent.insert((process.pid, process.start_time)))
                .collect();
            if fresh.is_empty() {
                break;
            }
            for process in fresh {
                signal(id, &process, Signal::KILL, first);
            }
        }
        self.set_wake(id, Instant::now().checked_add(pause));
        if self.lingering.contains(id) {
            self.settle_if_over(id);
        }
    }
}

/// The processes of a job that live.
fn find(job: &mut Job) -> Vec<Process> {
    let life = kin::held_life(&job.folder);
    job.kin.find(&proc::descendants(std::process::id()), life)
}

/// Sends a signal; a failure is told in the keeper's log if it is `news`.
fn signal(id: &JobId, process: &Process, signal: Signal, news: bool) {
    if let Err(error) = unix::send(process, signal)
        && news
    {
        let command = proc::command(process.pid);
        log(&format!(
            "{id}: process {} ({command}) cannot be sent {signal:?}: {error}",
            process.pid
        ));
    }
}
