//! Starting jobs: each is admitted, noted, begun, and known to be its program or never to be that.
//!
//! Does not know how a process is made, nor what becomes of a job that runs.

use std::io;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use jiff::Timestamp;

use super::Jobs;
use crate::core::job::{Command, JobId};
use crate::keeper::exits::{Fact, Started, Starting};
use crate::keeper::job::{Job, Stage};
use crate::keeper::launch::{self, Unstarted};
use crate::keeper::proc;
use crate::keeper::protocol::Report;
use crate::keeper::unix::Newborn;

/// A job that will be started in a moment.
#[derive(Debug)]
pub(super) struct Admitted {
    id: JobId,
    command: Command,
    /// Its folder has its files already.
    has_files: bool,
}

impl Jobs {
    pub(super) fn admit(&mut self, id: JobId, folder: PathBuf, command: Command) {
        if self.jobs.contains_key(&id) {
            return self.refuse(id, "a job of that name is known already");
        }
        let mut job =
            Job::new(folder, launch::marks(&command), Duration::from_millis(command.grace_ms));
        let has_files = self.spares.take(&job.folder);
        let made = if has_files { Ok(()) } else { launch::make_folder(&job.folder) };
        match made {
            Ok(()) => {
                job.owns_folder = true;
                self.jobs.insert(id.clone(), job);
                self.admitted.push(Admitted { id, command, has_files });
            }
            Err(Unstarted::Unfit(reason)) => {
                // Nothing is noted: if there was an earlier start of this attempt, what is noted of that must stand.
                job.stage = Stage::NotSpawned(reason.clone());
                self.jobs.insert(id.clone(), job);
                self.reports.push(Report::NotSpawned { job: id, reason });
            }
            Err(Unstarted::NoRoom(reason)) => {
                self.reports.push(Report::CannotWrite { job: id, reason });
            }
        }
    }

    /// Starts what was admitted, once it is written down that it is about to start.
    pub(super) fn start_admitted(&mut self) {
        if self.admitted.is_empty() {
            return;
        }
        let admitted = std::mem::take(&mut self.admitted);
        if let Err(error) = self.note_starting(&admitted) {
            let reason = format!("`exits` cannot be written: {error}");
            return admitted.iter().for_each(|job| self.withhold(&job.id, &reason));
        }
        for Admitted { id, command, has_files } in admitted {
            self.take_outcomes();
            match self.start(&id, &command, has_files) {
                Ok(newborn) => {
                    self.started(&id, &command, newborn.pid());
                    self.newborn.push((id, newborn));
                }
                Err(Unstarted::Unfit(reason)) => self.not_spawned(id, reason),
                Err(Unstarted::NoRoom(reason)) => {
                    self.exits.note(&id, Fact::Withdrawn(true));
                    self.withhold(&id, &reason);
                }
            }
        }
    }

    /// Writes down that all of these are about to start, or of none.
    fn note_starting(&mut self, admitted: &[Admitted]) -> io::Result<()> {
        let mark = self.exits.mark();
        for Admitted { id, .. } in admitted {
            let Some(job) = self.jobs.get(id) else { continue };
            let starting = Starting { folder: job.folder.clone(), marks: job.kin.marks.clone() };
            self.exits.note(id, Fact::Starting(starting));
        }
        let written = self.exits.flush();
        if written.is_err() {
            self.exits.take_back(mark);
        }
        written
    }

    /// A job is not started, through no fault of its own: it is as if it had never been asked for.
    fn withhold(&mut self, id: &JobId, reason: &str) {
        self.drop_job(id);
        self.reports.push(Report::CannotWrite { job: id.clone(), reason: reason.to_owned() });
    }

    fn start(
        &mut self,
        id: &JobId,
        command: &Command,
        has_files: bool,
    ) -> Result<Newborn, Unstarted> {
        let job = self.jobs.get(id).ok_or_else(|| "it is not known".to_owned())?;
        launch::launch(command, &self.base, &job.folder, has_files, &self.nothing)
    }

    fn started(&mut self, id: &JobId, command: &Command, pid: u32) {
        let Some(job) = self.jobs.get_mut(id) else { return };
        // The process cannot have gone: even if it has ended, nobody has taken notice yet.
        let start_time = proc::read(pid).map_or(0, |process| process.start_time);
        job.kin.main = Some((pid, start_time));
        job.stage = Stage::Running { pid, started: Timestamp::now() };
        let argv: Vec<&str> = command.argv.iter().map(String::as_str).collect();
        let started = Started {
            pid,
            start_time,
            boot_id: self.boot_id.clone(),
            session: pid,
            command: proc::shown_command(&argv),
        };
        self.exits.note(id, Fact::Started(started));
        self.running.insert(pid, id.clone());
        self.reports.push(Report::Started { job: id.clone(), pid });
        let timeout = command
            .timeout_ms
            .and_then(|timeout| Instant::now().checked_add(Duration::from_millis(timeout)));
        self.set_wake(id, timeout);
    }

    /// Takes notice of what has become of new processes, as far as that is known.
    pub(super) fn take_outcomes(&mut self) {
        let decided = self.newborn.extract_if(.., |(_, newborn)| newborn.is_decided());
        for (id, newborn) in decided.collect::<Vec<_>>() {
            if let Err(reason) = launch::outcome(&newborn) {
                self.running.remove(&newborn.pid());
                self.not_spawned(id, reason);
            }
        }
    }

    fn not_spawned(&mut self, id: JobId, reason: String) {
        self.set_wake(&id, None);
        self.exits.note(&id, Fact::NotSpawned(reason.clone()));
        if let Some(job) = self.jobs.get_mut(&id) {
            job.hunt = None;
            job.stage = Stage::NotSpawned(reason.clone());
        }
        self.reports.push(Report::NotSpawned { job: id, reason });
    }
}
