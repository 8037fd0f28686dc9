//! What must hold: while a run is worked on, whenever it rests, and at its end.
//!
//! Judges by what the effects have written, what processes live, and what windlass prints; never by the journal alone.

use std::fs::File;
use std::time::Instant;

use rustix::fs::{FlockOperation, flock};
use serde_json::Value;

use crate::book::Book;
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
        let file = File::open(place.path(&format!("live.{task}"))).unwrap();
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
            "old" => never_over_a_doubt(book, before),
            "begin" => alone(book, before, entry),
            "bare" => panic!("`{}` began without the setting", entry.task),
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

/// A job has begun: if it works alone, nobody else who does may be at work or in doubt.
fn alone(book: &Book, before: &[Entry], entry: &Entry) {
    if !book.tasks[&entry.task].alone {
        return;
    }
    for (name, task) in &book.tasks {
        let is_other = *name != entry.task && task.alone && task.once;
        assert!(
            !is_other || is_clear(&key_of(name), before),
            "`{}` began beside `{name}`",
            entry.task
        );
    }
}

/// Checks a run that has succeeded.
pub(crate) fn at_end(place: &Place, book: &Book, entries: &[Entry], status: &Value) {
    assert_eq!(status["state"], "succeeded");
    assert_eq!(place.read("setting"), "old\n", "the setting is as it was");
    for debt in status["settings"].as_array().unwrap() {
        let state = debt["state"].as_str().unwrap();
        assert!(["idle", "restored"].contains(&state), "{debt}");
    }
    assert_eq!(status["claims"], Value::Array(Vec::new()), "no claim is left");
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

/// Checks that no job lives but those that were left behind by a good end.
pub(crate) fn no_job_lives(place: &Place) {
    for process in processes::with_mark(&place.mark()) {
        assert!(
            process.kind != Kind::Job || is_left(&process),
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
