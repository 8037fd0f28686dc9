//! Locks that runs hold on disk: who is told what of them, and when an operator may take one away.

use std::fs;
use std::path::Path;
use std::process::Command;

use jiff::Timestamp;
use serde_json::Value;
use windlass::journal::{RunFolder, StateFolder};
use windlass::lock::claims::{Attempt, ClaimFolder, Claimant, Owner, RunClaims, Want};
use windlass::lock::{Holder, try_lock_run};
use windlass::spec::model::Sharing::{self, Exclusive, Shared};

use crate::bench::{Bench, Done, finish, kill};

const FAILS: &str = r#"
windlass: 1
name: fails
steps:
  good: {effect: read, run: ["true"]}
  bad: {effect: read, run: ["false"]}
"#;

/// Says that it is there, and waits until it may go on.
const MEETS: &str = r#"
windlass: 1
name: meets
steps:
  move: {run: [sh, -c, 'echo at > "$HERE/here"; read x < "$HERE/go"']}
  other: {run: ["false"]}
"#;

fn folder(bench: &Bench) -> ClaimFolder {
    ClaimFolder::open(&bench.path("locks")).unwrap()
}

fn claims(bench: &Bench, run: &RunFolder) -> RunClaims {
    let claimant = Claimant {
        owner: Owner::of(run),
        opened: Timestamp::now(),
        executor: Holder::this_process(Timestamp::now()),
    };
    folder(bench).for_run(claimant).unwrap()
}

fn want(scope: &str, name: &str, sharing: Sharing) -> Want {
    Want { scope: scope.to_owned(), token: "1".to_owned(), names: vec![(name.to_owned(), sharing)] }
}

#[track_caller]
fn hold(bench: &Bench, run: &Path, scope: &str, name: &str, sharing: Sharing) {
    let attempt = claims(bench, &RunFolder::at(run)).acquire(&want(scope, name, sharing));
    assert_eq!(attempt.unwrap(), Attempt::Granted);
}

fn held(bench: &Bench, name: &str) -> usize {
    folder(bench).holders(name).unwrap().len()
}

fn release(bench: &Bench, more: &[&str]) -> Done {
    let words = [&["locks", "release", "--because", "seen it"], more].concat();
    bench.windlass(&words)
}

fn listed(bench: &Bench) -> Value {
    serde_json::from_str(&bench.windlass(&["locks", "--format", "json"]).exits(0).stdout).unwrap()
}

#[test]
fn the_list_says_who_holds_and_who_wants_what_and_what_to_type() {
    let bench = Bench::new();
    let none = bench.windlass(&["locks"]).exits(0);
    assert!(none.stdout.starts_with("no run holds a lock in "), "{}", none.stdout);
    assert!(!bench.path("locks").exists(), "looking made something");
    bench.write("book.yaml", FAILS);
    bench.windlass(&["run", "book.yaml", "--run-id", "one"]).exits(1);
    hold(&bench, &bench.run_folder(), "bad", "mailbox:ana", Exclusive);
    hold(&bench, &bench.run_folder(), "good", "disk", Exclusive);
    let other = StateFolder::at(&bench.path("elsewhere"));
    let other = other.new_run(Some("two"), Timestamp::now()).unwrap();
    let lock = try_lock_run(&other).unwrap();
    let waiting = claims(&bench, &other).acquire(&want("m[x]", "mailbox:ana", Shared)).unwrap();
    assert!(matches!(waiting, Attempt::Held(_)));

    let list = listed(&bench);
    let [disk, ana] = [&list["claims"][0], &list["claims"][1]];
    assert_eq!([&disk["name"], &disk["scope_state"]], ["disk", "succeeded"]);
    assert_eq!(disk["waiting"], Value::Array(Vec::new()));
    for (key, expected) in [
        ("name", "mailbox:ana"),
        ("sharing", "exclusive"),
        ("run", "one"),
        ("scope", "bad"),
        ("scope_state", "failed"),
        ("executor", "gone"),
        ("state", "failed"),
    ] {
        assert_eq!(ana[key], expected, "{key} in {ana:#}");
    }
    assert_eq!([&ana["waiting"][0]["run"], &ana["waiting"][0]["scope"]], ["two", "m[x]"]);
    let next = [
        "windlass resume one",
        "windlass status one",
        "windlass locks release mailbox:ana --because WHY   # only if resume does not help",
    ];
    assert_eq!(ana["next"], Value::from(next.to_vec()));
    let text = bench.windlass(&["locks"]).exits(0).stdout;
    assert!(text.contains("holds 2 locks; failed, and no executor works on it\n"), "{text}");
    assert!(text.contains("\n  mailbox:ana for bad (failed), since "), "{text}");
    assert!(text.contains("\n    wanted by run two for m[x], since "), "{text}");
    assert!(text.contains("\nnext:\n  windlass resume one\n"), "{text}");

    // Of a run in another state folder the commands name that folder.
    hold(&bench, other.path(), "", "server", Exclusive);
    let list = listed(&bench);
    let server = list["claims"].as_array().unwrap().iter().find(|row| row["name"] == "server");
    let server = server.unwrap();
    assert_eq!(server["executor"], "alive");
    let status = server["next"][0].as_str().unwrap();
    assert!(status.starts_with("windlass --state-dir ") && status.ends_with(" status two"));
    drop(lock);
}

#[test]
fn a_claim_is_not_taken_away_while_a_job_under_it_lives() {
    let bench = Bench::new();
    let (here, go) = (bench.fifo("here"), bench.fifo("go"));
    bench.write("book.yaml", MEETS);
    let executor = bench.start(&["run", "book.yaml", "--run-id", "one", "--jobs", "2"]);
    here.hear();
    while bench.state_of("other") != "in_doubt" {}
    let run = bench.run_folder();
    hold(&bench, &run, "move", "mailbox:ana", Exclusive);
    hold(&bench, &run, "other", "mailbox:bob", Exclusive);
    hold(&bench, &run, "", "server", Exclusive);

    let told = release(&bench, &["mailbox:ana"]).exits(4);
    let executor_is = format!("process {}", executor.id());
    assert!(told.stderr.contains("the executor of run one lives"), "{}", told.stderr);
    assert!(told.stderr.contains(&executor_is), "{}", told.stderr);
    assert!(told.stderr.contains("windlass stop one"), "{}", told.stderr);
    kill(executor);

    // The job is its keeper's now. What is held for another task is not held for it.
    for name in ["mailbox:ana", "server"] {
        let told = release(&bench, &[name]).exits(6);
        assert!(
            told.stderr.contains("a job of `move` lives under it: process "),
            "{}",
            told.stderr
        );
        assert!(told.stderr.contains(", sh -c "), "{}", told.stderr);
        assert!(told.stderr.contains("windlass resume one"), "{}", told.stderr);
        assert_eq!(held(&bench, name), 1);
    }
    let told = release(&bench, &["mailbox:bob"]).exits(0);
    assert!(
        told.stdout.contains("released: lock `mailbox:bob`, which was held by run one (`other`)")
    );
    assert!(told.stdout.contains("\nwindlass resume one   # "), "{}", told.stdout);
    assert_eq!(held(&bench, "mailbox:bob"), 0);

    // And then nobody's.
    let keeper = keeper_of(&bench, "move");
    assert!(Command::new("kill").args(["-9", &keeper]).status().unwrap().success());
    bench.keeper_lock_is_free();
    let told = release(&bench, &["mailbox:ana"]).exits(6);
    assert!(told.stderr.contains("a job of `move` lives under it: process "), "{}", told.stderr);

    go.say("on\n");
    // It ends by itself once it has read that.
    while release(&bench, &["mailbox:ana"]).code != Some(0) {}
    assert_eq!(held(&bench, "mailbox:ana"), 0);
    let list = listed(&bench);
    let released: Vec<&Value> = list["released"].as_array().unwrap().iter().collect();
    assert_eq!(
        released.iter().map(|note| &note["name"]).collect::<Vec<_>>(),
        ["mailbox:bob", "mailbox:ana"]
    );
    assert_eq!([&released[0]["run"], &released[0]["because"]], ["one", "seen it"]);
    let text = bench.windlass(&["locks"]).exits(0).stdout;
    assert!(text.contains("\ntaken away by operators:\n"), "{text}");
    assert!(text.contains("  mailbox:ana from run one, by "), "{text}");
    let gone = claims(&bench, &RunFolder::at(&run));
    let names = ["mailbox:ana".to_owned(), "server".to_owned()];
    assert_eq!(gone.missing(&names, "1").unwrap(), ["mailbox:ana"]);
}

/// The keeper that has started a job of the task in the only run.
fn keeper_of(bench: &Bench, task: &str) -> String {
    let exits = fs::read_to_string(bench.run_folder().join("exits")).unwrap();
    let notes = exits.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let mut started = notes.filter(|note| note["job"]["task"] == task);
    let pid = started.find_map(|note| note["started"]["pid"].as_u64()).unwrap();
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    stat.rsplit(')').next().unwrap().split_whitespace().nth(1).unwrap().to_owned()
}

#[test]
fn a_claim_under_which_nothing_is_open_is_said_to_be_just_left_over() {
    let bench = Bench::new();
    bench.write("book.yaml", FAILS);
    bench.windlass(&["run", "book.yaml", "--run-id", "one"]).exits(1);
    let run = bench.run_folder();
    hold(&bench, &run, "good", "a", Exclusive);
    hold(&bench, &run, "", "b", Exclusive);
    let told = release(&bench, &["a"]).exits(0);
    assert!(told.stdout.ends_with("nothing under it was open any more\n"), "{}", told.stdout);
    let told = release(&bench, &["b"]).exits(0);
    assert!(told.stdout.contains("windlass resume one"), "{}", told.stdout);
}

#[test]
fn of_several_holders_one_is_named() {
    let bench = Bench::new();
    bench.write("book.yaml", FAILS);
    for run in ["one", "one-more"] {
        bench.windlass(&["run", "book.yaml", "--run-id", run]).exits(1);
        let folder = bench.path("state/runs").join(run);
        hold(&bench, &folder, "bad", "server", Shared);
        hold(&bench, &folder, "good", "server", Shared);
    }
    let told = release(&bench, &["server"]).exits(2);
    assert!(told.stderr.contains("several runs hold lock `server`"), "{}", told.stderr);
    let command = "windlass locks release server --run one-more --because WHY";
    assert!(told.stderr.contains(command), "{}", told.stderr);
    release(&bench, &["server", "--run", "two"]).exits(2);
    // A whole id is meant even where it is also the beginning of another.
    release(&bench, &["server", "--run", "one"]).exits(0);
    assert_eq!(held(&bench, "server"), 2);
    release(&bench, &["server", "--run", "one-"]).exits(0);
    let told = release(&bench, &["server"]).exits(2);
    assert!(told.stderr.contains("nobody holds lock `server`"), "{}", told.stderr);
    assert!(told.stderr.contains("took it away from run one-more at "), "{}", told.stderr);
    assert!(told.stderr.contains("`windlass locks`"), "{}", told.stderr);
}

#[test]
fn a_claim_of_a_run_that_was_removed_can_be_taken_away_unless_something_of_it_lives() {
    let bench = Bench::new();
    bench.write("book.yaml", FAILS);
    bench.windlass(&["run", "book.yaml", "--run-id", "lost-and-gone"]).exits(1);
    let run = bench.run_folder();
    hold(&bench, &run, "m[x]", "a", Exclusive);
    fs::remove_dir_all(&run).unwrap();
    let list = listed(&bench);
    assert!(list["claims"][0]["error"].as_str().unwrap().starts_with("there is no folder "));
    let stray = Command::new("cat")
        .env("WINDLASS_RUN", "lost-and-gone")
        .env("WINDLASS_TASK", "m[x].move")
        .stdin(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let told = release(&bench, &["a"]).exits(6);
    assert!(told.stderr.contains(&format!("process {}, cat", stray.id())), "{}", told.stderr);
    finish(stray);
    // A state folder that is not there at all may be on a disk that is not mounted.
    fs::rename(bench.path("state"), bench.path("away")).unwrap();
    release(&bench, &["a"]).exits(7);
    fs::rename(bench.path("away"), bench.path("state")).unwrap();
    let told = release(&bench, &["a"]).exits(0);
    assert!(told.stdout.contains("nothing says what was open under it"), "{}", told.stdout);
}

#[test]
fn a_file_that_cannot_be_read_is_told_and_keeps_its_lock() {
    let bench = Bench::new();
    bench.write("book.yaml", FAILS);
    bench.windlass(&["run", "book.yaml", "--run-id", "one"]).exits(1);
    hold(&bench, &bench.run_folder(), "", "a", Exclusive);
    bench.write("locks/b.json", "{");
    let told = bench.windlass(&["locks"]).exits(7);
    assert!(told.stdout.contains("holds 1 lock;"), "{}", told.stdout);
    assert!(
        told.stderr.contains("locks/b.json` does not say who holds the lock"),
        "{}",
        told.stderr
    );
    release(&bench, &["b"]).exits(7);
    assert_eq!(bench.read("locks/b.json"), "{");
}

#[test]
fn where_others_do_not_see_the_locks_a_warning_says_so() {
    let bench = Bench::new();
    // Nobody may make files in a folder that is a file.
    let script = "unset WINDLASS_LOCKS_DIR; exec \"$0\" locks";
    let mut shell = Command::new("sh");
    shell.args(["-c", script, env!("CARGO_BIN_EXE_windlass")]);
    shell.env("WINDLASS_STATE_DIR", bench.path("state"));
    let told: Done = shell.output().unwrap().into();
    let own = told.stdout.contains(&*bench.path("state/locks").to_string_lossy());
    assert_eq!(own, told.stderr.contains("WINDLASS_LOCKS_DIR"), "{}{}", told.stdout, told.stderr);
}

#[test]
fn a_lock_that_was_taken_away_is_told_as_lost_and_what_is_in_doubt_under_it_is_named() {
    let bench = Bench::new();
    bench.write(
        "book.yaml",
        r#"
windlass: 1
name: doubt
locks: [server]
steps:
  hold:
    locks: [one]
    steps:
      first: {run: ["false"]}
"#,
    );
    bench.windlass(&["run", "book.yaml", "--run-id", "one"]).exits(8);
    let told = release(&bench, &["one"]).exits(0).stderr;
    assert!(
        told.contains("warning: under it `hold.first` may have happened and nobody knows"),
        "{told}"
    );
    assert!(told.contains("windlass status one"), "{told}");
    let text = bench.windlass(&["status", "one"]).exits(0).stdout;
    let (held, lost) = text.split_once("locks lost, as a resume will find:\n").expect(&text);
    assert!(held.contains("server (the run)") && !held.contains("one (hold)"), "{text}");
    assert!(lost.contains("one (hold): taken away by "), "{text}");
    assert!(lost.contains(" because: seen it\n"), "{text}");
    let status = bench.status();
    let claims = &status["claims"];
    assert_eq!(claims.as_array().unwrap().len(), 1, "{claims}");
    let lost = &status["claims_lost"];
    assert_eq!(lost.as_array().unwrap().len(), 1, "{lost}");
    let told = [&lost[0]["name"], &lost[0]["scope"], &lost[0]["because"]];
    assert_eq!(told, ["one", "hold", "seen it"], "{lost}");
    assert_eq!(status["claims_awaited"], Value::Array(Vec::new()));
}
