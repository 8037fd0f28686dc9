//! A run's folder, an executor's connection, and jobs that wait for a word.

use std::cell::RefCell;
use std::fs::{self, File};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use indexmap::IndexMap;
use tempfile::TempDir;
use windlass::core::job::{Command, End, JobId};
use windlass::keeper::{Greeting, Heard, Keeper, Kept, Report, Request, Standing};

/// After that time a test that waits for a report has failed. No outcome depends on it.
pub(crate) const PATIENCE: Duration = Duration::from_secs(120);

pub(crate) fn executable() -> PathBuf {
    PathBuf::from(env!("CARGO_BIN_EXE_windlass"))
}

pub(crate) fn job(task: &str) -> JobId {
    attempt(task, 1)
}

pub(crate) fn attempt(task: &str, attempt: u32) -> JobId {
    JobId { task: task.into(), attempt }
}

/// The folder of a run.
pub(crate) struct Run {
    _root: TempDir,
    path: PathBuf,
}

impl Run {
    pub(crate) fn new() -> Self {
        Self::below("run-1")
    }

    pub(crate) fn below(path: impl AsRef<Path>) -> Self {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join(path);
        fs::create_dir_all(&path).unwrap();
        Self { _root: root, path }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn executor(&self) -> Executor {
        let (keeper, greeting) = Keeper::connect_or_start(&self.path, &executable()).unwrap();
        Executor::new(keeper, greeting)
    }

    pub(crate) fn folder(&self, job: &JobId) -> PathBuf {
        self.path.join(relative(job))
    }

    pub(crate) fn read(&self, job: &JobId, file: &str) -> String {
        fs::read_to_string(self.folder(job).join(file)).unwrap()
    }

    /// A fifo in the run's folder.
    pub(crate) fn fifo(&self, name: &str) -> PathBuf {
        let path = self.path.join(name);
        assert!(std::process::Command::new("mkfifo").arg(&path).status().unwrap().success());
        path
    }

    /// A command in the run's folder, with the marks of that job.
    pub(crate) fn command(&self, job: &JobId, argv: &[&str]) -> Command {
        let env = [
            ("WINDLASS_RUN", "run-1".to_owned()),
            ("WINDLASS_TASK", job.task.to_string()),
            ("WINDLASS_ATTEMPT", job.attempt.to_string()),
            ("WINDLASS_IDEMPOTENCY_KEY", format!("{}/{}", self.path.display(), job.task)),
        ];
        Command {
            argv: argv.iter().map(|argument| (*argument).to_owned()).collect(),
            env: env
                .map(|(name, value)| (name.to_owned(), value))
                .into_iter()
                .collect::<IndexMap<_, _>>(),
            dir: self.path.clone(),
            stdin: None,
            timeout_ms: None,
            grace_ms: 50,
        }
    }

    pub(crate) fn start(&self, job: &JobId, argv: &[&str]) -> Request {
        start(job, self.command(job, argv))
    }

    pub(crate) fn script(&self, job: &JobId, script: &str) -> Request {
        self.start(job, &["sh", "-c", script])
    }

    /// Returns once no keeper lives.
    pub(crate) fn wait_for_keeper(&self) {
        wait_for_lock(&self.path.join("keeper.lock"));
    }

    /// Returns once no process holds the job's life lock.
    pub(crate) fn wait_for_processes(&self, job: &JobId) {
        wait_for_lock(&self.folder(job).join("alive"));
    }

    pub(crate) fn evidence(&self, job: &JobId) -> windlass::core::recover::Evidence {
        windlass::keeper::gather(&self.path, job).unwrap()
    }
}

fn relative(job: &JobId) -> PathBuf {
    PathBuf::from(format!("tasks/{}/{}", job.task, job.attempt))
}

pub(crate) fn start(job: &JobId, command: Command) -> Request {
    Request::Start { job: job.clone(), folder: relative(job), command }
}

fn wait_for_lock(path: &Path) {
    if let Ok(file) = File::open(path) {
        rustix::fs::flock(&file, rustix::fs::FlockOperation::LockShared).unwrap();
    }
}

/// Returns the line that a job writes into a fifo.
pub(crate) fn hear(fifo: &Path) -> String {
    // Open for writing too, so that opening it does not wait for a job that may never come that far.
    let mut file = File::options().read(true).write(true).open(fifo).unwrap();
    let patience = rustix::event::Timespec::try_from(PATIENCE).unwrap();
    let mut awaited = [rustix::event::PollFd::new(&file, rustix::event::PollFlags::IN)];
    assert_eq!(
        rustix::event::poll(&mut awaited, Some(&patience)).unwrap(),
        1,
        "the job says nothing"
    );
    let mut bytes = [0; 256];
    let count = file.read(&mut bytes).unwrap();
    String::from_utf8_lossy(&bytes[..count]).into_owned()
}

/// Lets a job go on that reads from a fifo.
pub(crate) fn say(fifo: &Path) {
    File::options().write(true).open(fifo).unwrap().write_all(b"go\n").unwrap();
}

/// A connection to a keeper, with what it has told.
pub(crate) struct Executor {
    keeper: RefCell<Keeper>,
    pub(crate) greeting: Greeting,
    /// What it has told and nobody has looked at yet.
    told: RefCell<Heard>,
}

impl Executor {
    pub(crate) fn new(keeper: Keeper, greeting: Greeting) -> Self {
        Self { keeper: keeper.into(), greeting, told: RefCell::default() }
    }

    pub(crate) fn send(&mut self, requests: &[Request]) {
        self.keeper.get_mut().send(requests).unwrap();
    }

    /// The next report; nothing at the end of the connection.
    pub(crate) fn next(&self) -> Option<Report> {
        let (mut keeper, mut told) = (self.keeper.borrow_mut(), self.told.borrow_mut());
        let deadline = Instant::now() + PATIENCE;
        while told.reports.is_empty() && !told.ended {
            windlass::keeper::wait(Some(&keeper), &[], Some(PATIENCE));
            assert!(Instant::now() < deadline, "the keeper says nothing");
            *told = keeper.hear();
        }
        (!told.reports.is_empty()).then(|| told.reports.remove(0))
    }

    /// Reports up to the end of that job.
    pub(crate) fn end_of(&self, wanted: &JobId) -> End {
        loop {
            match self.next().expect("the keeper has gone") {
                Report::Ended { job, end } if job == *wanted => return end,
                Report::NotSpawned { job, reason } if job == *wanted => panic!("{job}: {reason}"),
                _ => {}
            }
        }
    }

    /// Reports until that job is over.
    pub(crate) fn over(&self, wanted: &JobId) {
        while self.next().expect("the keeper has gone") != (Report::Over { job: wanted.clone() }) {}
    }

    pub(crate) fn refusal(&self) -> String {
        loop {
            if let Report::Refused { reason, .. } = self.next().expect("the keeper has gone") {
                return reason;
            }
        }
    }

    pub(crate) fn kept(&self, wanted: &JobId) -> &Standing {
        let kept: Option<&Kept> = self.greeting.jobs.iter().find(|kept| kept.job == *wanted);
        &kept.expect("the keeper knows the job").standing
    }
}
