//! One trial: a runbook, kills at points that the seed picks, and resumes until the run has ended.
//!
//! Does not judge: that is the oracle's.

mod acts;

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::Write;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::process::Child;
use std::time::{Duration, Instant};

use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rustix::fs::{FlockOperation, flock};
use serde_json::Value;

use crate::book::Book;
use crate::figures::Figures;
use crate::ledger::{self, Entry, Follower};
use crate::place::{Place, RUN};
use crate::processes::{self, Kind};
use crate::{operator, oracle};

/// After that time a trial has failed in which nothing ends. No outcome depends on it.
pub(crate) const PATIENCE: Duration = Duration::from_secs(120);
/// So often a run may be resumed.
const RESUMES_MAX: u32 = 60;

/// When somebody is killed next.
#[derive(Debug, Clone, Copy)]
enum Moment {
    /// After so many more lines of that file.
    Lines(Which, u64),
    /// As soon as a job waits at its gate.
    Gate,
}

#[derive(Debug, Clone, Copy)]
enum Which {
    Journal,
    Exits,
    Ledger,
}

impl Moment {
    fn at_random(rng: &mut ChaCha8Rng) -> Self {
        if rng.random_bool(0.35) {
            return Self::Gate;
        }
        let which = [Which::Journal, Which::Exits, Which::Ledger][rng.random_range(0..3)];
        Self::Lines(which, rng.random_range(0..20))
    }
}

pub(crate) struct Trial {
    seed: u64,
    rng: ChaCha8Rng,
    book: Book,
    place: Place,
    journal: Follower,
    exits: Follower,
    ledger: Follower,
    entries: Vec<Entry>,
    /// Open as long as the trial lasts, so that a word that was said to a gate waits there for its job.
    gates: BTreeMap<String, File>,
    /// Tasks that wait at their gate.
    waiting: BTreeSet<String>,
    /// Processes that have outlived their keeper.
    orphans: BTreeSet<u32>,
    executors: Vec<Child>,
    /// An executor was killed since the last rest.
    bereft: bool,
    /// How many lines the journal had when the present executor was started.
    begun: u64,
    /// How many executors were started since the last rest.
    racing: usize,
    /// Exit codes of the executors that have ended by themselves since the last rest.
    codes: Vec<i32>,
    trail: Vec<String>,
    figures: Figures,
    /// The run is given up in the end, instead of being resumed until it has succeeded.
    gives_up: bool,
    /// Somebody other than an executor has written the last word into the journal since the last rest.
    overruled: bool,
    /// What `status` said at the last rest.
    status: Value,
}

impl Trial {
    pub(crate) fn new(seed: u64) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let book = Book::at_random(&mut rng);
        let place = Place::new(&book);
        let gives_up = rng.random_bool(0.2);
        let open = |name: &str| {
            let path = place.path(&format!("gate.{name}"));
            let gate = File::options().read(true).write(true).open(path).unwrap();
            (name.to_owned(), gate)
        };
        Self {
            seed,
            rng,
            journal: Follower::new(&place.of_run("journal.jsonl")),
            exits: Follower::new(&place.of_run("exits")),
            ledger: Follower::new(&place.path("ledger")),
            entries: Vec::new(),
            gates: book.gates().map(open).collect(),
            waiting: BTreeSet::new(),
            orphans: BTreeSet::new(),
            executors: Vec::new(),
            bereft: false,
            begun: 0,
            racing: 0,
            codes: Vec::new(),
            trail: Vec::new(),
            figures: Figures { trials: 1, ..Figures::default() },
            gives_up,
            overruled: false,
            status: Value::Null,
            book,
            place,
        }
    }

    /// Runs it; what went wrong is told with all that is needed to see why.
    pub(crate) fn run(mut self, told: bool) -> Figures {
        let outcome = catch_unwind(AssertUnwindSafe(|| self.work()));
        for process in processes::with_mark(&self.place.mark()) {
            processes::kill(process.pid, &self.place.mark());
        }
        self.executors.iter_mut().for_each(|child| drop(child.wait()));
        if told || outcome.is_err() {
            eprintln!("{}", self.book.text);
            eprintln!("{}", self.trail.join("\n"));
            eprintln!("{}", self.place.read("said"));
            eprintln!("{}", self.place.read("ledger"));
        }
        if let Err(cause) = outcome {
            let kept = self.place.keep();
            eprintln!(
                "seed {} fails: `WINDLASS_TORTURE=seed:{0} cargo test --locked --test torture`; what is left of it: {}",
                self.seed,
                kept.display()
            );
            resume_unwind(cause);
        }
        self.figures
    }

    fn work(&mut self) {
        let mut kills = self.rng.random_range(1..9);
        self.start(&["run", "book.yaml", "--run-id", RUN, "--jobs", "3"]);
        loop {
            let moment = (kills > 0).then(|| Moment::at_random(&mut self.rng));
            if self.watch(moment) {
                kills -= 1;
                if self.rng.random_bool(0.15) {
                    self.stop();
                } else {
                    self.kill_somebody();
                }
            }
            if !self.executors.is_empty() {
                continue;
            }
            if self.rest(kills == 0) {
                return;
            }
            if self.gives_up && (kills == 0 || self.rng.random_bool(0.4)) {
                self.give_up();
            } else {
                self.resume();
            }
        }
    }

    fn tell(&mut self, text: String) {
        self.trail.push(text);
    }

    fn start(&mut self, arguments: &[&str]) {
        self.racing += 1;
        self.begun = self.journal.lines;
        self.executors.push(self.place.start(arguments));
    }

    fn resume(&mut self) {
        self.figures.resumes += 1;
        assert!(self.figures.resumes < RESUMES_MAX.into(), "the run does not come to its end");
        if self.journal.lines < 2 {
            // It was killed before there was a run.
            assert!(self.entries.is_empty());
            drop(std::fs::remove_dir_all(self.place.of_run("")));
            self.tell("run again".to_owned());
            return self.start(&["run", "book.yaml", "--run-id", RUN, "--jobs", "3"]);
        }
        self.start(&["resume", RUN, "--jobs", "3"]);
        if self.rng.random_bool(0.2) {
            self.figures.races += 1;
            self.start(&["resume", RUN, "--jobs", "3"]);
        }
        self.tell(format!("resumed by {}", self.executors.len()));
    }

    /// Follows the run until the moment has come (`true`), or no executor is left.
    fn watch(&mut self, moment: Option<Moment>) -> bool {
        let deadline = Instant::now() + PATIENCE;
        let since = [self.journal.lines, self.exits.lines, self.ledger.lines];
        loop {
            self.follow();
            self.reap();
            let reached = match moment {
                Some(Moment::Gate) => !self.waiting.is_empty() && self.journal.lines > self.begun,
                Some(Moment::Lines(Which::Journal, count)) => {
                    self.journal.lines >= since[0] + count
                }
                Some(Moment::Lines(Which::Exits, count)) => self.exits.lines >= since[1] + count,
                Some(Moment::Lines(Which::Ledger, count)) => self.ledger.lines >= since[2] + count,
                None => false,
            };
            if self.executors.is_empty() || reached {
                self.tell(format!("{moment:?} reached: {reached}"));
                return !self.executors.is_empty();
            }
            // A gate that is not awaited is no obstacle, and none is left closed to an executor that has just begun.
            if !matches!(moment, Some(Moment::Gate)) && self.journal.lines > self.begun {
                self.open_gates();
            }
            assert!(Instant::now() < deadline, "nothing ends");
            std::thread::yield_now();
        }
    }

    /// Takes in what has been written since the last time.
    fn follow(&mut self) {
        for line in self.ledger.fresh() {
            let fresh = ledger::parse(&line);
            for entry in &fresh {
                match entry.what.as_str() {
                    "gate" => drop(self.waiting.insert(entry.task.clone())),
                    "hang" if self.orphans.contains(&entry.pid) => self.end(entry.pid),
                    _ => {}
                }
            }
            self.entries.extend(fresh);
        }
        self.exits.fresh();
        for line in self.journal.fresh() {
            let record: Value = serde_json::from_str(&line).unwrap();
            if record["event"] == "job_orphaned" {
                self.end_orphan(&record);
            }
        }
    }

    /// A job that has outlived its keeper, and is named: it may go on, and one that would never end is ended, as its operator would.
    fn end_orphan(&mut self, record: &Value) {
        self.figures.orphans += 1;
        let (task, pid) = (record["task"].as_str().unwrap(), record["pid"].as_u64().unwrap());
        let pid = u32::try_from(pid).unwrap();
        self.orphans.insert(pid);
        self.tell(format!("process {pid} of {task} has outlived its keeper"));
        // A setting's job waits for no gate.
        if self.gates.contains_key(task) {
            self.open(&task.to_owned());
        }
        if self.entries.iter().any(|entry| entry.what == "hang" && entry.pid == pid) {
            self.end(pid);
        }
    }

    fn end(&self, pid: u32) {
        processes::kill(pid, &self.place.mark());
    }

    fn open(&mut self, task: &String) {
        self.gates.get_mut(task).unwrap().write_all(b"go\n").unwrap();
        self.waiting.remove(task);
    }

    fn open_gates(&mut self) {
        for task in std::mem::take(&mut self.waiting) {
            self.open(&task);
        }
    }

    /// Takes notice of executors that have ended by themselves.
    fn reap(&mut self) {
        let codes = &mut self.codes;
        self.executors.retain_mut(|child| {
            let Some(status) = child.try_wait().unwrap() else { return true };
            codes.push(status.code().expect("nobody has killed it"));
            false
        });
    }

    /// Kills some of those that are there, in any order; at least one executor if nothing else is found.
    fn kill_somebody(&mut self) {
        let mark = self.place.mark();
        let mut found = processes::with_mark(&mark);
        found.shuffle(&mut self.rng);
        let kinds = self.rng.random_range(1..8_u8);
        let (whole, one) = (self.rng.random_bool(0.5), self.rng.random_bool(0.5));
        let mut struck = None;
        for process in found {
            let chosen = match process.kind {
                Kind::Executor => kinds & 1 != 0,
                Kind::Keeper | Kind::Beginning => kinds & 2 != 0,
                Kind::Job if one && struck.as_ref().is_some_and(|task| *task != process.task) => {
                    false
                }
                Kind::Job => kinds & 4 != 0 && (whole || process.leads),
            };
            if !chosen || !processes::kill(process.pid, &mark) {
                continue;
            }
            match process.kind {
                Kind::Executor => self.figures.executors += 1,
                Kind::Keeper => self.figures.keepers += 1,
                Kind::Beginning => self.figures.beginnings += 1,
                Kind::Job => {
                    self.figures.jobs += 1;
                    struck = Some(process.task.clone());
                }
            }
            self.tell(format!("killed {:?} {} {:?}", process.kind, process.pid, process.task));
        }
        if kinds & 1 != 0 {
            self.bereft = true;
            // One that has only just been started has not got its environment yet.
            for mut child in std::mem::take(&mut self.executors) {
                drop(child.kill());
                child.wait().unwrap();
            }
            // A keeper that has only just been started holds, for a moment, all that its executor held.
            if let Ok(lock) = File::open(self.place.of_run("run.lock")) {
                flock(&lock, FlockOperation::LockShared).unwrap();
            }
        }
    }

    /// Looks at a run that nobody works on, and settles what is in doubt; returns whether it is at its end.
    fn rest(&mut self, in_earnest: bool) -> bool {
        self.follow();
        let codes = std::mem::take(&mut self.codes);
        oracle::ledger(&self.book, &self.entries);
        if self.journal.lines < 2 {
            return false;
        }
        let status = self.place.status();
        self.tell(format!("rests: {} after {codes:?}", status["state"]));
        let lost_races = codes.iter().filter(|code| **code == 4).count();
        let overruled = std::mem::take(&mut self.overruled);
        let racing = std::mem::take(&mut self.racing);
        assert!(overruled || lost_races < racing, "nobody has got the run's lock");
        // Whoever was to give the run up and could not, says so by a code that says nothing of the run.
        let refused = |code: &i32| *code == 4 || (self.gives_up && *code == 6);
        let mut ended: Vec<i32> = codes.into_iter().filter(|code| !refused(code)).collect();
        if std::mem::take(&mut self.bereft) || overruled {
            // Whoever lost the race may have worked on after the others had ended.
            ended.clear();
        }
        oracle::at_rest(&self.place, &status, &ended);
        if !ended.is_empty() {
            oracle::no_job_lives(&self.place, &self.orphans);
        }
        if status["state"] == "succeeded" || status["state"] == "abandoned" {
            for task in self.book.tasks.keys().cloned().collect::<Vec<_>>() {
                self.open(&task);
            }
            self.follow();
            if status["state"] == "succeeded" {
                oracle::at_end(&self.place, &self.book, &self.entries, &status);
            } else {
                self.figures.given_up += 1;
                oracle::at_early_end(&self.place, &self.book, &self.entries, &status);
            }
            let effects = self.entries.iter().filter(|entry| entry.what == "effect").count();
            self.figures.effects += effects as u64;
            return true;
        }
        let doubts = operator::doubts(&status);
        let (place, entries) = (&self.place, &self.entries);
        let said = operator::settle(place, &doubts, entries, &mut self.rng, in_earnest);
        let setting = operator::settle_setting(place, &status, &mut self.rng, in_earnest);
        let said: Vec<String> = said.into_iter().chain(setting).collect();
        self.figures.decisions += said.len() as u64;
        self.trail.extend(said);
        self.drift(&status);
        self.status = status;
        false
    }
}
