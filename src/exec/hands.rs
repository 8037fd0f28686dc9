//! The executor's hands: starts, adopts, asks after and ends jobs by way of the keeper.
//!
//! Does not know what a job is for, nor what follows from its end.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::{Event, out};
use crate::core::job::{Command, JobId};
use crate::core::machine::{Effect, Input};
use crate::core::recover::Evidence;
use crate::journal::RunFolder;
use crate::keeper::{self, Greeting, Keeper, KeeperError, Kept, Report, Request};

/// How many keepers may be lost in a row, without one that has seen the end of a job: another one would fare no better.
const LOST_MAX: u32 = 5;

/// What is remembered of a job while it is under way.
#[derive(Debug, Clone, Copy, Default)]
struct Interest {
    /// Its standard output is to come with its end.
    reads_stdout: bool,
    /// It is known to run.
    running: bool,
}

pub(super) struct Hands {
    folder: RunFolder,
    keeper: Option<Keeper>,
    /// The connection to it has ended. It stays until [`Self::lose`] is called.
    gone: bool,
    /// What the keeper said of its jobs when it greeted.
    kept: BTreeMap<JobId, Kept>,
    interests: BTreeMap<JobId, Interest>,
    /// How many keepers have gone since a job has ended.
    lost: u32,
    /// Why nothing can be started any more.
    failure: Option<KeeperError>,
}

impl Hands {
    pub(super) fn new(folder: &RunFolder) -> Self {
        Self {
            folder: folder.clone(),
            keeper: None,
            gone: false,
            kept: BTreeMap::new(),
            interests: BTreeMap::new(),
            lost: 0,
            failure: None,
        }
    }

    /// Connects to the keeper that an earlier executor has left behind; returns whether one lives.
    ///
    /// # Errors
    /// If it lives and cannot be talked to: what it does can then not be known.
    pub(super) fn connect_to_living(&mut self) -> Result<bool, KeeperError> {
        if let Some((keeper, greeting)) = Keeper::connect(self.folder.path())? {
            self.welcome(keeper, greeting);
        }
        Ok(self.keeper.is_some())
    }

    fn welcome(&mut self, mut keeper: Keeper, greeting: Greeting) {
        self.gone = false;
        self.kept = greeting.jobs.into_iter().map(|kept| (kept.job.clone(), kept)).collect();
        // If it has gone already, that is heard in its turn.
        drop(keeper.send(&[Request::EndsOnly]));
        self.keeper = Some(keeper);
    }

    /// The keeper, as long as something may be heard of it.
    pub(super) fn voice(&self) -> Option<&Keeper> {
        self.keeper.as_ref().filter(|_| !self.gone)
    }

    /// What the keeper has said since the last call.
    pub(super) fn listen(&mut self) -> impl Iterator<Item = Event> + use<> {
        let keeper = self.keeper.as_mut().filter(|_| !self.gone);
        let heard = keeper.map(Keeper::hear).unwrap_or_default();
        self.gone |= heard.ended;
        heard.reports.into_iter().map(Event::Report).chain(heard.ended.then_some(Event::KeeperGone))
    }

    /// Carries effects out, and returns what was found out at once.
    pub(super) fn carry_out(&mut self, effects: Vec<Effect>) -> Vec<Input> {
        let mut requests = Vec::with_capacity(effects.len());
        let mut found = Vec::new();
        for effect in effects {
            match effect {
                Effect::Spawn { job, command, reads_stdout, opening, .. } => {
                    self.interests.insert(job.clone(), Interest { reads_stdout, running: true });
                    requests.push(self.start(job, command, opening));
                }
                Effect::Kill { job } => requests.push(Request::Kill { job }),
                Effect::Forget { job } => {
                    self.interests.remove(&job);
                    self.kept.remove(&job);
                    requests.push(Request::Forget { job });
                }
                Effect::Gather { job, reads_stdout, boot } => {
                    found.push(self.gather(job, reads_stdout, boot.as_deref()));
                }
                Effect::Read { job } => {
                    let left = out::read(&self.job_folder(&job), Some(0), true);
                    found.push(Input::Read { job, out: left });
                }
                Effect::Timer { .. }
                | Effect::Ask { .. }
                | Effect::Acquire { .. }
                | Effect::Release { .. }
                | Effect::Verify { .. }
                | Effect::Withdraw { .. } => {}
            }
        }
        self.send(&requests);
        found
    }

    /// The idempotency key is the same for all attempts of a task, and a new one when a setting is opened again.
    fn start(&self, job: JobId, mut command: Command, opening: Option<u32>) -> Request {
        let opening = opening.map(|number| format!("/{number}")).unwrap_or_default();
        let key = format!("{}/{}{opening}", self.folder.id(), job.task);
        command.env.extend([
            ("WINDLASS_RUN".to_owned(), self.folder.id().to_owned()),
            ("WINDLASS_TASK".to_owned(), job.task.to_string()),
            ("WINDLASS_ATTEMPT".to_owned(), job.attempt.to_string()),
            ("WINDLASS_IDEMPOTENCY_KEY".to_owned(), key),
        ]);
        let folder = self.job_folder(&job);
        let folder = folder.strip_prefix(self.folder.path()).map_or(folder.clone(), PathBuf::from);
        Request::Start { job, folder, command }
    }

    fn job_folder(&self, job: &JobId) -> PathBuf {
        self.folder.task(&job.task, job.attempt)
    }

    fn send(&mut self, requests: &[Request]) {
        let starts = requests.iter().any(|request| matches!(request, Request::Start { .. }));
        if self.keeper.is_none() && starts {
            let started = keeper::executable()
                .and_then(|executable| Keeper::connect_or_start(self.folder.path(), &executable));
            match started {
                Ok((keeper, greeting)) => self.welcome(keeper, greeting),
                Err(error) => {
                    self.failure = Some(error);
                    self.interests.clear();
                    return;
                }
            }
        }
        let Some(keeper) = &mut self.keeper else { return };
        if !requests.is_empty() {
            // If it has gone, that is heard after all that it said before. Until
            // that is heard no other keeper may be started: what was asked of this one, and is lost, would never be asked after.
            drop(keeper.send(requests));
        }
    }

    /// Finds out what became of a job: from the living keeper, else from what a keeper has left behind.
    fn gather(&mut self, job: JobId, reads_stdout: bool, boot: Option<&str>) -> Input {
        self.interests.insert(job.clone(), Interest { reads_stdout, running: false });
        let evidence = match self.kept.get(&job).filter(|_| self.keeper.is_some()) {
            Some(kept) => kept.evidence(),
            None => self.look(&job, boot).unwrap_or_else(|error| Evidence::Orphaned {
                pid: 0,
                command: format!("(what became of it cannot be read: {error})"),
            }),
        };
        let exit = match &evidence {
            Evidence::Ended(end) => end.exit,
            _ => None,
        };
        let ended = matches!(evidence, Evidence::Ended(_));
        if evidence == Evidence::Running {
            self.interests.insert(job.clone(), Interest { reads_stdout, running: true });
        }
        let left = out::read(&self.job_folder(&job), exit, reads_stdout && ended);
        Input::Evidence { job, evidence, out: left }
    }

    /// What a keeper that has gone, and the job's own processes, have left.
    fn look(&self, job: &JobId, boot: Option<&str>) -> Result<Evidence, KeeperError> {
        if let Some(boot) = boot
            && keeper::was_never_started(self.folder.path(), job, boot)?
        {
            return Ok(Evidence::NeverStarted);
        }
        keeper::gather(self.folder.path(), job)
    }

    /// What a report says to the machine.
    pub(super) fn hear(&mut self, report: Report) -> Option<Input> {
        match report {
            Report::Ended { job, end } => {
                self.lost = 0;
                let interest = self.interests.entry(job.clone()).or_default();
                interest.running = false;
                let reads_stdout = interest.reads_stdout;
                let left = out::read(&self.job_folder(&job), end.exit, reads_stdout);
                Some(Input::JobEnded { job, end, out: left })
            }
            Report::NotSpawned { job, reason } => {
                self.interests.entry(job.clone()).or_default().running = false;
                Some(Input::NotSpawned { job, reason })
            }
            Report::CannotWrite { job, reason } => {
                self.interests.remove(&job);
                let folder = self.folder.path().to_owned();
                self.failure.get_or_insert(KeeperError::CannotWrite { folder, reason });
                None
            }
            Report::Over { job } => Some(Input::Over { job }),
            Report::Greeting(_) | Report::Started { .. } | Report::Refused { .. } => None,
        }
    }

    /// The present connection has ended. From here on what is to be started goes to another keeper.
    pub(super) fn lose(&mut self) {
        self.keeper = None;
        self.kept.clear();
        self.lost += 1;
        if self.lost > LOST_MAX {
            self.failure = Some(KeeperError::Dying { folder: self.folder.path().to_owned() });
        }
    }

    /// Why nothing can be started any more, if that has come about.
    pub(super) fn take_failure(&mut self) -> Option<KeeperError> {
        self.failure.take()
    }

    /// Whether a job is known to run.
    pub(super) fn has_running(&self) -> bool {
        self.interests.values().any(|interest| interest.running)
    }

    /// Ends the connection: the keeper goes once its jobs have.
    pub(super) fn let_go(&mut self) {
        self.keeper = None;
    }
}
