//! The jobs of a keeper: starting them, taking notice of their ends, ending them, until they are forgotten.
//!
//! Knows nothing of sockets: whoever drives it hands in requests and the ends of children, and fetches the reports.

mod ending;
mod starting;

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{self, Write};
use std::path::PathBuf;
use std::time::Instant;

use indexmap::IndexMap;
use jiff::Timestamp;

use super::environment::Base;
use super::exits::{Exits, Fact};
use super::job::{Job, Stage};
use super::kin;
use super::launch;
use super::proc::{self, Process};
use super::protocol::{Kept, Report, Request};
use super::spare::Spares;
use super::unix::{Newborn, Reaped};
use crate::core::job::{JobId, Survivor};
use starting::Admitted;

/// All jobs of a keeper.
#[derive(Debug)]
pub(super) struct Jobs {
    jobs: BTreeMap<JobId, Job>,
    /// To be started in this order.
    admitted: Vec<Admitted>,
    /// Folders for jobs to come.
    spares: Spares,
    /// Folders of jobs that were forgotten, in which something may be tidied away.
    left: Vec<PathBuf>,
    /// Main processes that may not be their programs yet.
    newborn: Vec<(JobId, Newborn)>,
    /// Main processes that run.
    running: BTreeMap<u32, JobId>,
    /// Ended, and not over.
    lingering: BTreeSet<JobId>,
    timers: BTreeSet<(Instant, JobId)>,
    exits: Exits,
    reports: Vec<Report>,
    /// Below the environment of each job.
    base: Base,
    nothing: File,
    boot_id: String,
    /// An executor is there who journals ends.
    observed: bool,
}

impl Jobs {
    /// `nothing` is what jobs read that are given no input.
    pub(super) fn new(exits: Exits, nothing: File) -> Self {
        Self {
            jobs: BTreeMap::new(),
            admitted: Vec::new(),
            spares: Spares::new(),
            left: Vec::new(),
            newborn: Vec::new(),
            running: BTreeMap::new(),
            lingering: BTreeSet::new(),
            timers: BTreeSet::new(),
            exits,
            reports: Vec::new(),
            base: Base::default(),
            nothing,
            boot_id: proc::boot_id(),
            observed: false,
        }
    }

    /// An executor has come, with this environment.
    pub(super) fn observe(&mut self, env: &IndexMap<String, String>) {
        self.observed = true;
        self.base = Base::new(env);
    }

    /// The executor has gone: from now on what is not on disk may be lost.
    pub(super) fn lose_observer(&mut self) {
        self.observed = false;
        self.reports.clear();
        for job in
            self.jobs.values().filter(|job| matches!(job.stage, Stage::Ended(_)) && !job.forgotten)
        {
            complain(launch::sync_outputs(&job.folder), "output cannot be synced");
        }
    }

    /// Writes down what has happened; on disk if nobody else does.
    pub(super) fn record(&mut self) {
        let outcome = if self.observed { self.exits.flush() } else { self.exits.sync() };
        complain(outcome, "`exits` cannot be written");
    }

    /// Whether everything is written down that has happened, or nobody will ever ask.
    pub(super) fn is_recorded(&self) -> bool {
        self.exits.is_flushed() || self.exits.is_deleted() || self.jobs.is_empty()
    }

    /// Whether nothing is left to keep.
    pub(super) fn is_idle(&self) -> bool {
        !self.jobs.values().any(Job::holds_keeper)
    }

    /// All jobs that an executor may want to know of.
    pub(super) fn kept(&self) -> Vec<Kept> {
        let kept =
            |(id, job): (&JobId, &Job)| Some(Kept { job: id.clone(), standing: job.standing()? });
        self.jobs.iter().filter_map(kept).collect()
    }

    /// What has happened since the last call.
    pub(super) fn take_reports(&mut self) -> Vec<Report> {
        std::mem::take(&mut self.reports)
    }

    /// Tidies up after jobs that were forgotten. Nobody waits for that, so it has time until all else is done.
    pub(super) fn tidy_up(&mut self) {
        for folder in std::mem::take(&mut self.left) {
            if !self.spares.give(&folder) {
                launch::tidy(&folder);
            }
        }
    }

    /// Removes the folders that are kept for jobs to come.
    pub(super) fn clear_spares(&mut self) {
        self.spares.clear();
    }

    /// When something must be looked at, whatever happens.
    pub(super) fn next_wake(&self) -> Option<Instant> {
        self.timers.first().map(|(at, _)| *at)
    }

    /// Carries out requests, in their order.
    pub(super) fn carry_out(&mut self, requests: impl IntoIterator<Item = Request>) {
        for request in requests {
            if let Request::Start { job, folder, command } = request {
                self.admit(job, folder, command);
                continue;
            }
            self.start_admitted();
            match request {
                Request::Kill { job } => self.kill(&job),
                Request::Forget { job } => self.forget(&job),
                Request::Hello { .. } | Request::EndsOnly | Request::Start { .. } => {}
            }
        }
        self.start_admitted();
    }

    fn refuse(&mut self, job: JobId, reason: &str) {
        self.reports.push(Report::Refused { job: Some(job), reason: reason.to_owned() });
    }

    fn set_wake(&mut self, id: &JobId, at: Option<Instant>) {
        let Some(job) = self.jobs.get_mut(id) else { return };
        if let Some(before) = job.wake.take() {
            self.timers.remove(&(before, id.clone()));
        }
        job.wake = at;
        self.timers.extend(at.map(|at| (at, id.clone())));
    }

    /// Takes notice of a child that has ended; returns whether it was the main process of a job.
    pub(super) fn reaped(&mut self, reaped: Reaped) -> bool {
        let newborn = self.newborn.iter().find(|(_, newborn)| newborn.pid() == reaped.pid);
        let was_new = newborn.map(|(_, newborn)| newborn.set_reaped()).is_some();
        self.take_outcomes();
        let Some(id) = self.running.remove(&reaped.pid) else { return was_new };
        self.ended(&id, reaped);
        true
    }

    fn ended(&mut self, id: &JobId, reaped: Reaped) {
        let Some(job) = self.jobs.get(id) else { return };
        let Stage::Running { started, .. } = job.stage else { return };
        if !self.observed {
            complain(launch::sync_outputs(&job.folder), "output cannot be synced");
        }
        let good = job.is_good(reaped);
        let left = self.left_of(id, good);
        let survivors = left.processes.iter().map(survivor).collect();
        let Some(job) = self.jobs.get_mut(id) else { return };
        let end = job.end(reaped, started, left.is_over, survivors);
        job.stage = Stage::Ended(end.clone());
        self.exits.note(id, Fact::Ended(end.clone()));
        self.reports.push(Report::Ended { job: id.clone(), end });
        if left.is_over {
            job.hunt = None;
            self.set_wake(id, None);
            return;
        }
        self.lingering.insert(id.clone());
        if good {
            self.set_wake(id, None);
        } else {
            self.hunt(id);
        }
    }

    /// Looks whether jobs that had ended are over by now: to be called when a child has ended that was no job's main process.
    pub(super) fn look_after(&mut self) {
        for id in self.lingering.clone() {
            self.settle_if_over(&id);
        }
    }

    fn settle_if_over(&mut self, id: &JobId) {
        if !self.left_of(id, false).is_over {
            return;
        }
        self.set_wake(id, None);
        self.lingering.remove(id);
        self.exits.note(id, Fact::Over(true));
        self.reports.push(Report::Over { job: id.clone() });
        let Some(job) = self.jobs.get_mut(id) else { return };
        job.hunt = None;
        if let Stage::Ended(end) = &mut job.stage {
            end.over = true;
        }
        if job.forgotten {
            self.drop_job(id);
        }
    }

    /// What lives of a job whose main process has ended. `trusting` its life lock: a process that has let go of that does not
    /// matter where the job has ended well.
    fn left_of(&mut self, id: &JobId, trusting: bool) -> Left {
        let Some(job) = self.jobs.get_mut(id) else {
            return Left { is_over: true, processes: Vec::new() };
        };
        let life = kin::held_life(&job.folder);
        if life.is_none() && (trusting || has_no_orphans(&self.running)) {
            return Left { is_over: true, processes: Vec::new() };
        }
        let mut processes = job.kin.find(&proc::descendants(std::process::id()), life);
        if life.is_none() && processes.is_empty() {
            // One that was begun while its parent ended may have been missed by the first look, but not by a second one.
            processes = job.kin.find(&proc::descendants(std::process::id()), life);
        }
        Left { is_over: life.is_none() && processes.is_empty(), processes }
    }

    fn forget(&mut self, id: &JobId) {
        // What an earlier keeper knew, this one need not forget.
        let Some(job) = self.jobs.get_mut(id) else { return };
        match &job.stage {
            Stage::Admitted | Stage::Running { .. } => self.refuse(id.clone(), "it still runs"),
            Stage::Ended(end) if !end.over && job.hunt.is_some() => job.forgotten = true,
            Stage::Ended(_) | Stage::NotSpawned(_) => self.drop_job(id),
        }
    }

    fn drop_job(&mut self, id: &JobId) {
        self.set_wake(id, None);
        self.lingering.remove(id);
        let Some(job) = self.jobs.remove(id) else { return };
        // Those that live on after a good end may still write.
        let survived = matches!(&job.stage, Stage::Ended(end) if !end.over);
        if job.owns_folder && !survived {
            self.left.push(job.folder);
        }
    }
}

/// What lives of a job whose main process has ended.
struct Left {
    is_over: bool,
    processes: Vec<Process>,
}

/// Whether this process has no child but the main processes of jobs. Every other process of a job descends either from one of
/// these or, once its parents have ended, from a child of this process that is none of them.
fn has_no_orphans(running: &BTreeMap<u32, JobId>) -> bool {
    proc::own_children()
        .is_some_and(|children| children.iter().all(|pid| running.contains_key(pid)))
}

fn survivor(process: &Process) -> Survivor {
    Survivor { pid: process.pid, command: proc::command(process.pid) }
}

/// Tells the keeper's log of something that went wrong and that nothing follows from.
fn complain(outcome: io::Result<()>, what: &str) {
    if let Err(error) = outcome {
        log(&format!("{what}: {error}"));
    }
}

/// Writes a line into the keeper's log. A keeper does not end because its log cannot be written.
fn log(line: &str) {
    drop(writeln!(io::stderr(), "{} {line}", Timestamp::now()));
}
