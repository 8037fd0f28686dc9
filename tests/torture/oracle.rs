//! What must hold: while a run is worked on, whenever it rests, and at its end.
//!
//! Judges by what the effects have written, what processes live, and what windlass prints; never by the journal alone.

use std::collections::BTreeSet;
use std::fs::File;
use std::time::Instant;

use rustix::fs::{FlockOperation, flock};
use serde_json::Value;

use crate::book::{Book, Company};
use crate::ledger::Entry;
use crate::operator::doubts;
use crate::place::{Place, RUN};
use crate::processes::{self, Kind};

/// What an exit code says of a run.
fn code_of(state: &str) -> i32 {
    match state {
        "succeeded" => 0,
        "failed" => 1,
        "interrupted" => 5,
        "in_doubt" => 8,
        "abandoned" => 0,
        other => panic!("a run that nobody works on is `{other}`"),
    }
}

/// Checks a run that no executor works on; `codes` are those of executors that have ended by themselves.
pub(crate) fn at_rest(place: &Place, status: &Value, codes: &[i32]) {
    assert_eq!(status["executor"], Value::Null, "nobody works on it");
    let code = code_of(status["state"].as_str().unwrap());
    if !codes.is_empty() {
        assert!(codes.contains(&code), "exit codes {codes:?}, and the run is {}", status["state"]);
    }
    for task in doubts(status) {
        let file = File::open(place.path(&format!("live.{RUN}.{task}"))).unwrap();
        flock(&file, FlockOperation::NonBlockingLockShared)
            .unwrap_or_else(|_| panic!("`{task}` is in doubt, and a job of it lives"));
    }
    let (code, _, stderr) = place.windlass(&["journal", "check", RUN]);
    assert_eq!(code, Some(0), "{stderr}");
}

/// Checks what the ledger says, at any time.
pub(crate) fn ledger(book: &Book, entries: &[Entry]) {
    for (index, entry) in entries.iter().enumerate() {
        let before = &entries[..index];
        match entry.what.as_str() {
            "old" | "theirs" => {
                never_over_a_doubt(book, before);
                never_over_what_others_set(before);
            }
            "temporary" => never_over_what_others_set(before),
            "begin" => in_its_company(book, before, entry),
            "bare" => {
                let values = ["temporary", "old", "theirs", "drift"];
                let last = before.iter().rfind(|entry| values.contains(&entry.what.as_str()));
                let by_others = last.is_some_and(|last| last.what == "drift");
                assert!(by_others, "`{}` began without the setting", entry.task);
            }
            "exposed" => panic!("the setting was restored over a job that lives"),
            "crossed" => panic!("`{}` was not alone", entry.task),
            _ => {}
        }
        let Some(task) = book.tasks.get(&entry.task) else { continue };
        assert_ne!(entry.what, "twin", "a second job of `{}` met the first", entry.task);
        assert_eq!(entry.key, key_of(&entry.task), "the key of a task never changes");
        let has_effect = |name: &String| {
            before.iter().any(|before| before.what == "effect" && before.task == *name)
        };
        if let Some(needed) = task.needs.iter().find(|name| !has_effect(name)) {
            panic!("`{}` began before `{needed}` had its effect", entry.task);
        }
        if task.once && entry.what == "effect" {
            assert!(!has_effect(&entry.task), "`{}` had its effect twice", entry.task);
        }
    }
}

fn key_of(task: &str) -> String {
    format!("{RUN}/{task}")
}

/// Whether it is known what became of a task with that key: what was last said of it is that it has ended, or what it is.
pub(crate) fn is_clear(key: &str, entries: &[Entry]) -> bool {
    let last = entries.iter().rfind(|entry| entry.key == key);
    last.is_none_or(|last| ["finished", "probed", "settled"].contains(&last.what.as_str()))
}

/// The setting has got its old value back.
fn never_over_a_doubt(book: &Book, before: &[Entry]) {
    for task in book.around.iter().filter(|task| book.tasks[*task].once) {
        assert!(
            is_clear(&key_of(task), before),
            "the setting was restored while `{task}` was in doubt"
        );
    }
}

/// The setting is given a value: not if somebody else has given it one while it was in force, and no operator has decided since.
fn never_over_what_others_set(before: &[Entry]) {
    let last = before.iter().rfind(|entry| ["drift", "decided"].contains(&entry.what.as_str()));
    assert!(
        last.is_none_or(|last| last.what != "drift"),
        "what somebody else has set is overwritten"
    );
}

/// A job has begun: those beside whom it must not work may be neither at work nor in doubt.
fn in_its_company(book: &Book, before: &[Entry], entry: &Entry) {
    let others = book.tasks.iter().filter(|(name, task)| {
        **name != entry.task && task.once && !is_clear(&key_of(name), before)
    });
    let met: Vec<Company> = others.map(|(_, task)| task.company).collect();
    let company = book.tasks[&entry.task].company;
    assert!(company.bears(&met), "`{}` works {company:?}, and began beside {met:?}", entry.task);
}

/// Checks a run that has succeeded.
pub(crate) fn at_end(place: &Place, book: &Book, entries: &[Entry], status: &Value) {
    assert_eq!(status["state"], "succeeded");
    nothing_is_owed(place, entries, status);
    let rows = status["tasks"].as_array().unwrap();
    assert_eq!(rows.len(), book.tasks.len());
    for row in rows {
        let id = row["id"].as_str().unwrap();
        assert_eq!(row["state"], "succeeded", "{row}");
        let effects =
            entries.iter().filter(|entry| entry.what == "effect" && entry.task == id).count();
        assert!(effects >= 1, "`{id}` has succeeded without its effect");
        assert!(effects == 1 || !book.tasks[id].once, "`{id}` had its effect {effects} times");
    }
    assert!(!place.of_run("aside-1").exists(), "the journal has lost something");
    nothing_lives(place);
}

/// Checks a run that was given up.
pub(crate) fn at_early_end(place: &Place, book: &Book, entries: &[Entry], status: &Value) {
    assert_eq!(status["state"], "abandoned");
    nothing_is_owed(place, entries, status);
    for (name, _) in book.tasks.iter().filter(|(_, task)| task.once) {
        assert!(is_clear(&key_of(name), entries), "nobody knows what became of `{name}`");
    }
    nothing_lives(place);
}

/// Settings are what they were, unless an operator has decided otherwise, and no lock is left.
fn nothing_is_owed(place: &Place, entries: &[Entry], status: &Value) {
    let left = entries.iter().any(|entry| entry.what == "decided" && entry.task == "left");
    for debt in status["settings"].as_array().unwrap() {
        let state = debt["state"].as_str().unwrap();
        let written_off = left && state == "written_off";
        assert!(written_off || ["idle", "restored"].contains(&state), "{debt}");
    }
    let value = place.read("setting");
    assert!(left || value == "old\n", "the setting is not as it was, but {value}");
    assert_eq!(status["claims"], Value::Array(Vec::new()), "no claim is left");
    let claims = std::fs::read_dir(place.path("locks")).into_iter().flatten();
    let claims = claims.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let claims: Vec<String> = claims.filter(|name| name.ends_with(".json")).collect();
    assert!(claims.is_empty(), "these locks are held by nobody: {claims:?}");
}

/// Checks that no job lives but those that were left behind by a good end, and those that are known to have outlived their keeper: an
/// executor that is told to stop does not wait for these.
pub(crate) fn no_job_lives(place: &Place, orphans: &BTreeSet<u32>) {
    for process in processes::with_mark(&place.mark()) {
        assert!(
            process.kind != Kind::Job || is_left(&process) || orphans.contains(&process.pid),
            "a job lives although its executor says that all is over: {process:?}"
        );
    }
}

fn is_left(process: &processes::Process) -> bool {
    process.command.contains("read -r _")
}

/// Waits until the keeper has gone, and makes sure that nothing is left.
fn nothing_lives(place: &Place) {
    let deadline = Instant::now() + crate::trial::PATIENCE;
    loop {
        let left = processes::with_mark(&place.mark());
        if left.is_empty() {
            return;
        }
        assert!(Instant::now() < deadline, "these live on after the run: {left:?}");
        std::thread::yield_now();
    }
}
