//! Runs that want the same locks: who waits, who is told what, and who goes on.

use std::fs;

use serde_json::Value;
use windlass::lock::claims::ClaimFolder;

use crate::bench::{Bench, finish, kill};

/// Says that it is there, waits until it may go on, and says in a ledger that it was done.
const HOLDS: &str = r#"
windlass: 1
name: holds
locks: [server]
steps:
  move:
    locks: ["mailbox:alice"]
    run: [sh, -c, 'echo at > "$HERE/here"; read x < "$HERE/go"; echo first >> "$HERE/ledger"']
"#;

const WANTS: &str = r#"
windlass: 1
name: wants
locks: [server]
steps:
  move: {effect: read, run: [sh, -c, 'echo second >> "$HERE/ledger"']}
"#;

fn held(bench: &Bench) -> Vec<String> {
    let folder = ClaimFolder::open(&bench.path("locks")).unwrap();
    let claims = folder.list().unwrap().claims.into_iter();
    claims
        .map(|claim| format!("{} {} {}", claim.name, claim.hold.owner.run, claim.hold.scope))
        .collect()
}

fn status(bench: &Bench, run: &str) -> Value {
    let done = bench.windlass(&["status", run, "--format", "json"]).exits(0);
    serde_json::from_str(&done.stdout).unwrap()
}

#[test]
fn a_run_whose_executor_was_killed_keeps_its_locks_and_the_next_one_is_told_what_to_type() {
    let bench = Bench::new();
    let (here, go) = (bench.fifo("here"), bench.fifo("go"));
    bench.write("holds.yaml", HOLDS);
    bench.write("wants.yaml", WANTS);
    let executor = bench.start(&["run", "holds.yaml", "--run-id", "one"]);
    here.hear();
    kill(executor);
    assert_eq!(held(&bench), ["mailbox:alice one move", "server one "]);
    let done = bench.windlass(&["run", "wants.yaml", "--run-id", "two"]).exits(4);
    let told = format!("{}{}", done.stdout, done.stderr);
    assert!(told.contains("lock `server` is held by run one of "), "{told}");
    assert!(told.contains("its executor is gone"), "{told}");
    assert!(told.contains("windlass resume one "), "{told}");
    let two = status(&bench, "two");
    assert_eq!(two["state"], "waiting");
    assert_eq!(two["tasks"][0]["waiting_for"][0], "lock server");
    assert!(!bench.path("ledger").exists(), "it ran without its lock");
    go.say("on\n");
    bench.windlass(&["resume", "one"]).exits(0);
    assert_eq!(held(&bench), [""; 0], "a closed run holds nothing");
    bench.windlass(&["resume", "two"]).exits(0);
    assert_eq!(bench.ledger("ledger"), ["first", "second"]);
    assert_eq!(held(&bench), [""; 0]);
}

#[test]
fn a_run_waits_for_a_lock_as_long_as_the_holder_goes_on_unless_it_is_told_not_to() {
    let bench = Bench::new();
    let (here, go) = (bench.fifo("here"), bench.fifo("go"));
    bench.write("holds.yaml", HOLDS);
    bench.write("wants.yaml", WANTS);
    let first = bench.start(&["run", "holds.yaml", "--run-id", "one"]);
    here.hear();
    bench.windlass(&["run", "wants.yaml", "--run-id", "hurried", "--no-wait"]).exits(4);
    let second = bench.start(&["run", "wants.yaml", "--run-id", "two"]);
    let journal = bench.path("state/runs/two/journal.jsonl");
    while !fs::read_to_string(&journal).unwrap_or_default().contains("\"denied\"") {
        std::thread::yield_now();
    }
    assert_eq!(status(&bench, "one")["claims"][0]["name"], "server");
    go.say("on\n");
    finish(first).exits(0);
    finish(second).exits(0);
    assert_eq!(bench.ledger("ledger"), ["first", "second"]);
    bench.windlass(&["resume", "hurried"]).exits(0);
    assert_eq!(held(&bench), [""; 0]);
}

#[test]
fn what_wants_the_same_lock_never_runs_at_the_same_time() {
    let bench = Bench::new();
    // A folder can be made once; whoever finds it there was not alone.
    bench.write(
        "book.yaml",
        r#"
windlass: 1
name: alone
steps:
  boxes:
    for_each: {items: [a, b, c, d, e, f], as: box}
    locks: [server]
    steps:
      go: {effect: read, run: [sh, -c, 'mkdir "$HERE/alone" && echo done >> "$HERE/ledger"']}
      leave: {needs: [go], effect: read, run: [rmdir, "{{ run.dir }}/../../../alone"]}
"#,
    );
    bench.windlass(&["run", "book.yaml", "--jobs", "4"]).exits(0);
    assert_eq!(bench.ledger("ledger").len(), 6);
    assert_eq!(held(&bench), [""; 0]);
}

#[test]
fn a_lock_that_was_taken_away_is_noticed_before_anything_starts() {
    let bench = Bench::new();
    bench.write(
        "book.yaml",
        r#"
windlass: 1
name: lost
locks: [server]
steps:
  test: {effect: read, run: [test, -e, "{{ run.dir }}/../../../ready"]}
"#,
    );
    bench.windlass(&["run", "book.yaml"]).exits(1);
    bench.windlass(&["locks", "release", "server", "--because", "a test"]).exits(0);
    assert_eq!(held(&bench), [""; 0]);
    bench.write("ready", "");
    let done = bench.windlass(&["resume", "latest"]).exits(0);
    let told = format!("{}{}", done.stdout, done.stderr);
    assert!(told.contains("somebody has taken away lock `server`"), "{told}");
    assert_eq!(held(&bench), [""; 0]);
}

#[test]
fn parts_of_a_run_that_wait_for_each_other_are_told_instead_of_hanging() {
    let bench = Bench::new();
    let (here, go) = (bench.fifo("here"), bench.fifo("go"));
    // Each has its lock before either asks for the other's.
    bench.write(
        "book.yaml",
        r#"
windlass: 1
name: ring
steps:
  left:
    locks: [x]
    steps:
      hold: {effect: read, run: [sh, -c, 'echo at > "$HERE/here"']}
      want: {needs: [hold], locks: [y], effect: read, run: ["true"]}
  right:
    locks: [y]
    steps:
      hold: {effect: read, run: [sh, -c, 'read x < "$HERE/go"']}
      want: {needs: [hold], locks: [x], effect: read, run: ["true"]}
"#,
    );
    let run = bench.start(&["run", "book.yaml", "--jobs", "2"]);
    here.hear();
    go.say("on\n");
    let done = finish(run).exits(1);
    let told = format!("{}{}", done.stdout, done.stderr);
    assert!(told.contains("parts of the run wait for each other"), "{told}");
    assert!(told.contains("wants lock `x`, which `left` holds"), "{told}");
}

#[test]
fn a_setting_does_not_share_the_lock_of_what_is_around_it() {
    let bench = Bench::new();
    bench.write("schedule", "always");
    // Two items would open it at the same time, under the one lock of the run.
    bench.write(
        "book.yaml",
        r#"
windlass: 1
name: shares
locks: [schedule]
steps:
  boxes:
    for_each: {items: [a, b], as: box, max_failures: 2}
    settings:
      schedule:
        get: {run: [cat, schedule]}
        set: {run: [sh, -c, 'echo "$1" >> "$HERE/ledger"; printf %s "$1" > schedule', sh, "{{ value }}"]}
        to: "{{ box }}"
        locks: [schedule]
    steps:
      move: {effect: read, run: ["true"]}
"#,
    );
    let done = bench.windlass(&["run", "book.yaml", "--jobs", "2"]).exits(1);
    let told = format!("{}{}", done.stdout, done.stderr);
    let words = "it can never have lock `schedule`, because the run itself holds `schedule`";
    assert!(told.contains(words), "{told}");
    assert_eq!(bench.ledger("ledger"), [""; 0], "nothing was changed");
}
