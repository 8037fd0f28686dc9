//! Two runs that want the same locks and the same setting, while their executors, keepers and jobs are killed: never are both where
//! only one may be.
//!
//! Does not judge how long one waits for the other.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Child;
use std::time::Instant;

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::book::{Book, Company};
use crate::ledger::{self, Entry};
use crate::place::Place;
use crate::processes::{self, Kind};
use crate::trial::PATIENCE;
use crate::{operator, oracle};

const RUNS: [&str; 2] = ["one", "other"];
const TRIALS: u64 = 4;
/// Pairs of runs in the long form.
const TRIALS_LONG: u64 = 60;

struct Rivals {
    rng: ChaCha8Rng,
    book: Book,
    place: Place,
    executors: BTreeMap<&'static str, Child>,
    succeeded: BTreeSet<&'static str>,
    kills: u32,
}

impl Rivals {
    fn new(seed: u64) -> Self {
        let book = Book::of_rivals();
        let place = Place::new(&book);
        Self {
            rng: ChaCha8Rng::seed_from_u64(seed),
            book,
            place,
            executors: BTreeMap::new(),
            succeeded: BTreeSet::new(),
            kills: 0,
        }
    }

    fn entries(&self) -> Vec<Entry> {
        ledger::parse(&self.place.read("ledger"))
    }

    /// Lets both work to their ends, and kills somebody of them `kills` times.
    fn work(&mut self, mut kills: u32) {
        let deadline = Instant::now() + PATIENCE;
        while self.succeeded.len() < RUNS.len() {
            assert!(Instant::now() < deadline, "the runs do not come to their ends");
            for run in RUNS {
                if !self.succeeded.contains(run) && !self.executors.contains_key(run) {
                    self.go_on(run);
                }
            }
            let wanted = self.entries().len() + self.rng.random_range(0..8);
            while self.entries().len() < wanted && !self.executors.is_empty() {
                assert!(Instant::now() < deadline, "nobody does anything any more");
                self.reap();
                self.settle();
            }
            if kills > 0 {
                kills -= 1;
                self.kill_somebody();
            }
            self.reap();
            self.check();
        }
    }

    /// Starts or resumes a run, after what is in doubt has been settled.
    fn go_on(&mut self, run: &'static str) {
        let journal = self.place.journal_of(run);
        if journal.matches('\n').count() < 2 {
            drop(std::fs::remove_dir_all(self.place.path("state/runs").join(run)));
            let child = self.place.start(&["run", "book.yaml", "--run-id", run]);
            self.executors.insert(run, child);
            return;
        }
        let status = self.place.status_of(run);
        if status["state"] == "succeeded" {
            self.succeeded.insert(run);
            return;
        }
        let doubts = operator::doubts(&status);
        operator::settle_all(&self.place, run, &doubts, &self.entries_of(run));
        let child = self.place.start(&["resume", run]);
        self.executors.insert(run, child);
    }

    /// Settles doubts while executors live: each of two runs may wait for what the other one holds over a doubt, and neither ends.
    fn settle(&self) {
        for run in self.executors.keys() {
            let journal = self.place.journal_of(run);
            if journal.matches('\n').count() < 2 {
                continue;
            }
            let doubts = operator::doubts(&self.place.status_of(run));
            operator::settle_all(&self.place, run, &doubts, &self.entries_of(run));
        }
    }

    fn entries_of(&self, run: &str) -> Vec<Entry> {
        let own = |entry: &Entry| entry.key.starts_with(&format!("{run}/"));
        self.entries().into_iter().filter(own).collect()
    }

    fn reap(&mut self) {
        self.executors.retain(|run, child| {
            let Some(status) = child.try_wait().unwrap() else { return true };
            // Killed, or: ended, in doubt, or kept out by the other one, whose executor is gone.
            let code = status.code();
            assert!(matches!(code, None | Some(0 | 1 | 4 | 8)), "{run} has ended with {code:?}");
            false
        });
    }

    fn kill_somebody(&mut self) {
        let mark = self.place.mark();
        let kinds = self.rng.random_range(1..8_u8);
        for process in processes::with_mark(&mark) {
            let chosen = match process.kind {
                Kind::Executor => kinds & 1 != 0,
                Kind::Keeper | Kind::Beginning => kinds & 2 != 0,
                Kind::Job => kinds & 4 != 0,
            };
            if chosen && self.rng.random_bool(0.6) && processes::kill(process.pid, &mark) {
                self.kills += 1;
            }
        }
    }

    /// Nobody has begun beside one beside whom it must not work, or of which it was not known what became of it.
    fn check(&self) {
        let entries = self.entries();
        for (index, entry) in entries.iter().enumerate() {
            let broken = ["crossed", "twin", "bare", "exposed"];
            assert!(!broken.contains(&entry.what.as_str()), "{entry:?}");
            if entry.what != "begin" {
                continue;
            }
            let before = &entries[..index];
            let others: BTreeMap<&str, &Entry> = before
                .iter()
                .filter(|other| other.key != entry.key && self.book.tasks.contains_key(&other.task))
                .map(|other| (other.key.as_str(), other))
                .collect();
            let others = others.into_iter().filter(|(key, _)| !oracle::is_clear(key, before));
            let met: Vec<Company> =
                others.map(|(_, other)| self.book.tasks[&other.task].company).collect();
            let company = self.book.tasks[&entry.task].company;
            assert!(company.bears(&met), "{entry:?} works {company:?}, and began beside {met:?}");
        }
    }
}

#[test]
fn two_runs_are_never_inside_one_lock_together() {
    let is_long = std::env::var("WINDLASS_TORTURE").is_ok_and(|text| text.starts_with("kills"));
    let (mut kills, trials) = (0, if is_long { TRIALS_LONG } else { TRIALS });
    for seed in 0..trials {
        let mut rivals = Rivals::new(seed);
        let times = rivals.rng.random_range(6..14);
        let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| rivals.work(times)));
        kills += rivals.kills;
        for process in processes::with_mark(&rivals.place.mark()) {
            processes::kill(process.pid, &rivals.place.mark());
        }
        if let Err(cause) = outcome {
            eprintln!("{}\n{}", rivals.place.read("said"), rivals.place.read("ledger"));
            eprintln!("seed {seed} fails; what is left of it: {}", rivals.place.keep().display());
            std::panic::resume_unwind(cause);
        }
        assert_eq!(rivals.place.read("setting"), "old\n", "the setting is as it was");
        for run in RUNS {
            for task in rivals.book.tasks.keys() {
                let is_effect =
                    |entry: &&Entry| entry.what == "effect" && entry.key == format!("{run}/{task}");
                assert_eq!(rivals.entries().iter().filter(is_effect).count(), 1, "{run}/{task}");
            }
        }
    }
    println!("{trials} pairs of runs, {kills} kills");
}
