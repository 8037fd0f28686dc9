//! Every shipped runbook under every fault of its article, with mail coming in all the time, its executor killed with -9 at records of
//! its journal, and an operator who types what `status` says: nothing is lost, nothing is double, everything is put back.
//!
//! Does not know what a runbook does. A few kill points are picked by a seed, which is printed; `WINDLASS_SEED` picks others, and
//! all of them are tried by
//!
//! ```text
//! WINDLASS_HAZARDS=all cargo test --locked --test hazards killed -- --nocapture
//! ```
//!
//! With `WINDLASS_FAULT=rca-cycle` beside it, only those under that fault.

use std::env;
use std::io::{BufRead, BufReader};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::Mutex;
use std::thread;

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::bench::Bench;
use crate::operator;

/// Kill points of a runbook that are tried if not all are.
const SAMPLE: usize = 4;
/// Trials at a time, if all points are tried: most of the time one waits for the disk.
const AT_A_TIME: usize = 4;
/// The run of a trial.
const RUN: &str = "trial";

/// A runbook, and what is to happen to it.
struct Case<'a> {
    /// Its file.
    runbook: &'static str,
    /// Its parameters.
    parameters: &'static [&'static str],
    /// Options of `maillab init`.
    laboratory: &'static [&'static str],
    /// What is armed for `alice` before the run begins; one at a time, and once none.
    faults: &'static [&'static str],
    /// Commands of the laboratory that come before the run, of which some may fail.
    before: &'a [&'a [&'a str]],
}

/// What came of the trials of a runbook.
#[derive(Debug, Default)]
struct Tally {
    trials: usize,
    kills: usize,
    commands: usize,
    accepted: u64,
    lost: u64,
    double: u64,
}

impl Tally {
    fn add(&mut self, other: &Tally) {
        self.trials += other.trials;
        self.kills += other.kills;
        self.commands += other.commands;
        self.accepted += other.accepted;
        self.lost += other.lost;
        self.double += other.double;
    }
}

impl Case<'_> {
    /// Kills at all points under all faults, or at a sample of them.
    fn try_out(&self) {
        if self.conditions().is_empty() {
            return println!("{} has no such fault", self.runbook);
        }
        let all = env::var("WINDLASS_HAZARDS").is_ok_and(|which| which == "all");
        let tally = if all { self.everywhere() } else { self.sample() };
        println!("{}: {tally:?}", self.runbook);
        assert!(tally.kills > 0, "{tally:?}");
    }

    fn everywhere(&self) -> Tally {
        let conditions = Mutex::new(self.conditions().into_iter());
        let total = Mutex::new(Tally::default());
        let next = || conditions.lock().unwrap().next();
        thread::scope(|scope| {
            for _ in 0..AT_A_TIME {
                scope.spawn(|| {
                    while let Some(fault) = next() {
                        let mut tally = Tally::default();
                        let survived = (1..).find(|&record| !self.trial(fault, record, &mut tally));
                        assert!(survived.is_some());
                        println!("{} under {fault:?}: {tally:?}", self.runbook);
                        total.lock().unwrap().add(&tally);
                    }
                });
            }
        });
        total.into_inner().unwrap()
    }

    fn sample(&self) -> Tally {
        let seed = env::var("WINDLASS_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(1);
        println!("WINDLASS_SEED={seed}");
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let mut tally = Tally::default();
        let conditions = self.conditions();
        // A run under a fault is at least about as long as one without.
        let records = self.records();
        for _ in 0..SAMPLE {
            let fault = conditions[random.random_range(0..conditions.len())];
            self.trial(fault, random.random_range(1..records), &mut tally);
        }
        tally
    }

    fn conditions(&self) -> Vec<Option<&'static str>> {
        let only = env::var("WINDLASS_FAULT").ok();
        let conditions = [None].into_iter().chain(self.faults.iter().copied().map(Some));
        conditions.filter(|fault| only.is_none() || *fault == only.as_deref()).collect()
    }

    /// Records of a run that nobody disturbs.
    fn records(&self) -> usize {
        let bench = self.bench(None);
        let (mut run, journal) = self.begin(&bench);
        let records = journal.lines().count();
        assert!(run.wait().unwrap().success());
        records
    }

    fn bench(&self, fault: Option<&str>) -> Bench {
        let bench = Bench::with(self.laboratory);
        for command in self.before {
            bench.attempt(command);
        }
        if let Some(fault) = fault {
            bench.maillab(&["fault", fault, "--mailbox", "alice"]);
        }
        bench
    }

    /// Starts the run; its journal can be read as it grows.
    fn begin(&self, bench: &Bench) -> (Child, BufReader<ChildStdout>) {
        let runbook = format!("{}/runbooks/{}", env!("CARGO_MANIFEST_DIR"), self.runbook);
        let mut run: Command = bench.windlass(&["run", &runbook, "--run-id", RUN, "--events", "-"]);
        for parameter in self.parameters {
            run.args(["-p", parameter]);
        }
        let mut executor = run.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let journal = BufReader::new(executor.stdout.take().unwrap());
        (executor, journal)
    }

    /// One run that is killed when its journal has so many records; tells whether it lived that long.
    fn trial(&self, fault: Option<&str>, record: usize, tally: &mut Tally) -> bool {
        let what = format!("{} under {fault:?}, killed at record {record}", self.runbook);
        let bench = self.bench(fault);
        let stream = bench.stream();
        let killed = kill_at(self.begin(&bench), record);
        let commands = operator::bring_to_its_end(&bench, RUN);
        stream.stop();
        let audit = bench.audit();
        let number = |name: &str| audit[name].as_u64().unwrap();
        tally.add(&Tally {
            trials: 1,
            kills: usize::from(killed),
            commands,
            accepted: number("accepted"),
            lost: number("lost"),
            double: number("double"),
        });
        assert_eq!(audit["clean"], true, "{what}: {audit:#}");
        let locks = bench.windlass(&["locks", "--format", "json"]).output().unwrap();
        let locks: serde_json::Value = serde_json::from_slice(&locks.stdout).unwrap();
        assert_eq!(locks["claims"], serde_json::json!([]), "{what}");
        killed
    }
}

/// Kills the executor as soon as it has told of so many records; tells whether it was still alive.
fn kill_at((mut executor, journal): (Child, BufReader<ChildStdout>), record: usize) -> bool {
    if journal.lines().nth(record - 1).is_some() {
        executor.kill().unwrap();
    }
    // One that has ended in the meantime was not killed.
    executor.wait().unwrap().code().is_none()
}

/// What can happen to a move.
const MOVES: &[&str] = &[
    "mail-in-window",
    "dies-copying",
    "wrong-server-sync",
    "stale-row",
    "rca-cycle",
    "second-admin",
    "scanner-holds-message",
    "throttled",
    "corrupt-item",
    "rewritten-headers",
    "missing-mail",
    "status-expired",
    "mail-after-crash",
];

#[test]
fn move_mailboxes() {
    let case = Case {
        runbook: "move-mailboxes.yaml",
        parameters: &[r#"mailboxes=["alice","bob"]"#, "source=old", "target=new"],
        laboratory: &["--service-pack", "3"],
        faults: MOVES,
        before: &[],
    };
    case.try_out();
}

#[test]
fn clone_organisation() {
    let case = Case {
        runbook: "clone-organisation.yaml",
        parameters: &[r#"mailboxes=["alice","bob"]"#, "source=old", "target=new"],
        laboratory: &["--layout", "organisations"],
        faults: &["wizard-cancelled", "mail-before-clone", "slow-replication"],
        before: &[],
    };
    case.try_out();
}

#[test]
fn migrate_postoffice() {
    let case = Case {
        runbook: "migrate-postoffice.yaml",
        parameters: &[r#"mailboxes=["alice","bob"]"#, "target=new", "canary=alice", "retire=true"],
        laboratory: &["--layout", "postoffice"],
        faults: &["late-mail", "extraction-dies", "route-stays"],
        before: &[],
    };
    case.try_out();
}

#[test]
fn server_to_server_move() {
    let case = Case {
        runbook: "server-to-server-move.yaml",
        parameters: &[r#"mailboxes=["alice","bob"]"#, "source=old", "target=new"],
        laboratory: &["--service-pack", "3"],
        faults: MOVES,
        before: &[],
    };
    case.try_out();
}

/// No fault strikes a recovery; what it finds is what faults have left.
#[test]
fn recover_stranded_move() {
    let moved: &[&str] = &["move", "alice", "--to", "new"];
    let bob: &[&[&str]] =
        &[&["fault", "wrong-server-sync", "--mailbox", "bob"], &["move", "bob", "--to", "new"]];
    let before: [&[&[&str]]; 3] = [
        &[&["fault", "wrong-server-sync"], moved, &["deliver", "alice"], bob[0], bob[1]],
        &[&["fault", "mail-after-crash"], moved, bob[0], bob[1]],
        &[&["fault", "rca-cycle"], moved, bob[0], bob[1]],
    ];
    for before in before {
        let case = Case {
            runbook: "recover-stranded-move.yaml",
            parameters: &[r#"mailboxes=["alice","bob"]"#, "source=old", "target=new"],
            laboratory: &[],
            faults: &[],
            before,
        };
        case.try_out();
    }
}
