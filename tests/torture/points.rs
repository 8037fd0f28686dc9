//! Every point of a small run, one after the other: the disk is full, a sync fails, or somebody dies, just there.
//!
//! Does not know where these points are: it counts calls until a run has none left.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::thread;

use crate::book::Book;
use crate::ledger::{self, Entry};
use crate::operator;
use crate::oracle;
use crate::place::{Place, RUN};

/// More calls of one kind than the run makes.
const POINTS_MAX: u64 = 200;

/// The library that makes calls fail; nothing where it cannot be had.
fn preload() -> Option<&'static Path> {
    static BUILT: OnceLock<Option<PathBuf>> = OnceLock::new();
    BUILT.get_or_init(build).as_deref()
}

fn build() -> Option<PathBuf> {
    let library = Path::new(env!("CARGO_TARGET_TMPDIR")).join("libwindlass_fault.so");
    let compiler = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/torture/preload.rs");
    let built = Command::new(compiler)
        .args(["--edition", "2024", "--crate-type", "cdylib", source, "-o"])
        .arg(&library)
        .status();
    if !built.is_ok_and(|status| status.success()) {
        println!("skipped: no compiler is at hand for the library that makes calls fail");
        return None;
    }
    Some(library)
}

/// What is to happen, and where.
#[derive(Debug, Clone, Copy)]
struct Fault {
    who: &'static str,
    call: &'static str,
    file: &'static str,
    what: &'static str,
}

/// What a run with a fault has led to.
struct Outcome {
    /// Exit code of the executor; nothing if it was killed.
    code: Option<i32>,
    stderr: String,
    /// Doubts that the operator had to settle.
    doubts: usize,
}

/// Lets a fault strike at each of its points, checks each run with `judge`, and resumes it to its end.
fn at_every_point(fault: Fault, judge: impl Fn(&Fault, u64, &Outcome)) -> u64 {
    let Some(library) = preload() else { return 0 };
    for number in 1..POINTS_MAX {
        let book = Book::small();
        let place = Place::new(&book);
        let Fault { who, call, file, what } = fault;
        let output = place
            .command(&["run", "book.yaml", "--run-id", RUN, "--jobs", "2"])
            .env("LD_PRELOAD", library)
            .env("WINDLASS_FAULT", format!("{who} {call} {file} {number} {what}"))
            .stdout(Stdio::null())
            .output()
            .unwrap();
        if !place.path("struck").exists() {
            assert_eq!(output.status.code(), Some(0), "without a fault it succeeds");
            return number - 1;
        }
        std::fs::write(place.path("room"), "").unwrap();
        let doubts = finish(&place, &book);
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        judge(&fault, number, &Outcome { code: output.status.code(), stderr, doubts });
    }
    panic!("{fault:?} has no end");
}

fn entries(place: &Place) -> Vec<Entry> {
    ledger::parse(&place.read("ledger"))
}

/// Resumes until the run has succeeded; returns how many doubts the operator has had to settle.
fn finish(place: &Place, book: &Book) -> usize {
    let mut settled = 0;
    for _ in 0..10 {
        let begun = std::fs::read_to_string(place.of_run("journal.jsonl")).unwrap_or_default();
        if begun.matches('\n').count() < 2 {
            assert_eq!(entries(place), [], "nothing runs before there is a run");
            drop(std::fs::remove_dir_all(place.of_run("")));
            let (code, _, stderr) = place.windlass(&["run", "book.yaml", "--run-id", RUN]);
            assert_eq!(code, Some(0), "{stderr}");
        }
        let status = place.status();
        oracle::at_rest(place, &status, &[]);
        oracle::ledger(book, &entries(place));
        if status["state"] == "succeeded" {
            oracle::at_end(place, book, &entries(place), &status);
            return settled;
        }
        let doubts = operator::doubts(&status);
        settled += operator::settle_all(place, RUN, &doubts, &entries(place)).len();
        let (code, _, stderr) = place.windlass(&["resume", RUN]);
        assert!(matches!(code, Some(0 | 8)), "{code:?}: {stderr}");
    }
    panic!("the run does not come to its end");
}

fn try_all(faults: &[Fault], judge: impl Fn(&Fault, u64, &Outcome) + Sync) {
    thread::scope(|scope| {
        for fault in faults {
            let judge = &judge;
            scope.spawn(move || {
                let points = at_every_point(*fault, judge);
                println!("{fault:?}: {points} points");
                assert!(points > 0 || preload().is_none(), "{fault:?} never strikes");
            });
        }
    });
}

#[test]
fn a_journal_that_cannot_be_written_stops_the_run_and_loses_nothing() {
    let fault = |call, what| Fault { who: "executor", call, file: "journal.jsonl", what };
    let faults = [fault("write", "full"), fault("write", "torn"), fault("sync", "fails")];
    try_all(&faults, |fault, number, outcome| {
        assert_eq!(outcome.code, Some(7), "{fault:?} {number}: {}", outcome.stderr);
        assert_eq!(outcome.doubts, 0, "{fault:?} {number}: {}", outcome.stderr);
    });
}

#[test]
fn locks_that_cannot_be_written_stop_the_run_and_lose_nothing() {
    let fault = |call, file, what| Fault { who: "executor", call, file, what };
    let faults = [
        fault("write", ".json.new", "full"),
        fault("write", ".json.new", "torn"),
        fault("sync", ".json.new", "fails"),
        fault("rename", ".json", "full"),
        fault("sync", "/locks", "fails"),
        fault("unlink", ".json", "fails"),
    ];
    try_all(&faults, |fault, number, outcome| {
        // What a run has waited for is a help to others only: that it cannot be removed stops nobody.
        let may_go_on = fault.call == "unlink" && outcome.code == Some(0);
        assert!(may_go_on || outcome.code == Some(7), "{fault:?} {number}: {}", outcome.stderr);
        assert_eq!(outcome.doubts, 0, "{fault:?} {number}: {}", outcome.stderr);
    });
}

#[test]
fn an_executor_that_is_killed_over_its_locks_leaves_none_that_nobody_holds() {
    let fault = |call, file, what| Fault { who: "executor", call, file, what };
    let faults = [
        fault("write", ".json.new", "kill"),
        fault("sync", ".json.new", "killed"),
        fault("rename", ".json", "kill"),
        fault("rename", ".json", "killed"),
        fault("unlink", ".json", "kill"),
        fault("unlink", ".json", "killed"),
        fault("sync", "/locks", "killed"),
    ];
    try_all(&faults, |fault, number, outcome| {
        let (code, doubts) = (outcome.code, outcome.doubts);
        assert_eq!((code, doubts), (None, 0), "{fault:?} {number}: {}", outcome.stderr);
    });
}

#[test]
fn a_keeper_that_cannot_write_starts_nothing_more_and_loses_nothing() {
    let fault = |call, file, what| Fault { who: "keeper", call, file, what };
    let faults = [
        fault("write", "exits", "full"),
        fault("write", "exits", "torn"),
        fault("mkdir", "", "full"),
    ];
    try_all(&faults, |fault, number, outcome| {
        assert!(matches!(outcome.code, Some(0 | 7)), "{fault:?} {number}: {}", outcome.stderr);
        assert_eq!(outcome.doubts, 0, "{fault:?} {number}: {}", outcome.stderr);
        if outcome.code == Some(7) {
            assert!(outcome.stderr.contains("windlass resume"), "{}", outcome.stderr);
        }
    });
}

#[test]
fn an_executor_that_is_killed_at_any_point_leaves_no_doubt() {
    let fault = |call, file, what| Fault { who: "executor", call, file, what };
    let faults = [
        fault("write", "journal.jsonl", "kill"),
        fault("write", "journal.jsonl", "killed"),
        fault("sync", "journal.jsonl", "kill"),
        fault("sync", "journal.jsonl", "killed"),
        fault("spawn", "", "kill"),
        fault("spawn", "", "killed"),
    ];
    try_all(&faults, |fault, number, outcome| {
        assert_eq!(
            (outcome.code, outcome.doubts),
            (None, 0),
            "{fault:?} {number}: {}",
            outcome.stderr
        );
    });
}

#[test]
fn a_keeper_that_is_killed_at_any_point_is_followed_by_another_one() {
    let fault = |call, file, what| Fault { who: "keeper", call, file, what };
    let faults = [
        fault("write", "exits", "kill"),
        fault("write", "exits", "killed"),
        fault("spawn", "", "kill"),
        fault("spawn", "", "killed"),
        fault("mkdir", "", "kill"),
        fault("mkdir", "", "killed"),
        fault("unlink", "keeper.sock", "kill"),
        fault("unlink", "keeper.sock", "killed"),
        fault("unlink", "alive", "kill"),
    ];
    try_all(&faults, |fault, number, outcome| {
        assert!(matches!(outcome.code, Some(0 | 8)), "{fault:?} {number}: {}", outcome.stderr);
    });
}

#[test]
fn keepers_that_die_one_after_the_other_end_the_executor() {
    let Some(library) = preload() else { return };
    let book = Book::small();
    let place = Place::new(&book);
    let output = place
        .command(&["run", "book.yaml", "--run-id", RUN])
        .env("LD_PRELOAD", library)
        .env("WINDLASS_FAULT", "keeper mkdir  1 dies")
        .output()
        .unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(7), "{stderr}");
    assert!(stderr.contains("one keeper after the other dies"), "{stderr}");
    assert!(stderr.contains(&format!("windlass resume {RUN}")), "{stderr}");
    std::fs::write(place.path("room"), "").unwrap();
    finish(&place, &book);
}

#[test]
fn keeper_and_executor_may_be_killed_together_at_any_point() {
    let fault = |call, file| Fault { who: "keeper", call, file, what: "kill-both" };
    let faults =
        [fault("write", "exits"), fault("spawn", ""), fault("mkdir", ""), fault("unlink", "")];
    try_all(&faults, |_, _, _| {});
}
