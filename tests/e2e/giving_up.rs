//! Giving up a run that holds locks and has a setting in force.

use windlass::lock::claims::ClaimFolder;

use crate::bench::{Bench, finish, kill};

/// Locks for the run, the item and the task, a setting that is held, and a job that says that it is there and then fails.
const MOVES: &str = r#"
windlass: 1
name: moves
locks: [server]
settings:
  schedule:
    get: {run: [cat, schedule]}
    set: {run: [sh, -c, 'printf %s "$1" > schedule', sh, "{{ value }}"]}
    to: never
    locks: [schedule]
    around: [boxes]
    on_failure: hold
steps:
  boxes:
    for_each: {items: [alice], as: box}
    locks: ["mailbox:{{ box }}"]
    steps:
      move:
        locks: [log]
        run: [sh, -c, 'echo at > "$HERE/here"; read x < "$HERE/go"; exit 1']
"#;

const ALL: [&str; 4] = ["log", "mailbox:alice", "schedule", "server"];

/// The names of all locks that are held.
fn held(bench: &Bench) -> Vec<String> {
    let folder = ClaimFolder::open(&bench.path("locks")).unwrap();
    folder.list().unwrap().claims.into_iter().map(|claim| claim.name).collect()
}

/// A run whose executor was killed while its job ran; whoever gives it up then waits for that job.
fn a_doubt_under_locks(bench: &Bench) {
    let (here, go) = (bench.fifo("here"), bench.fifo("go"));
    bench.write("schedule", "always");
    bench.write("book.yaml", MOVES);
    let executor = bench.start(&["run", "book.yaml", "--run-id", "one"]);
    here.hear();
    kill(executor);
    assert_eq!(held(bench), ALL);
    let abandon = bench.start(&["abandon", "one", "--because", "enough"]);
    go.say("on\n");
    let refused = finish(abandon).exits(8).stderr;
    assert!(refused.contains("1 of its tasks is in doubt"), "{refused}");
    assert!(refused.contains("run one is not abandoned, and starts nothing"), "{refused}");
    assert!(refused.contains("`schedule` is put back once that is settled"), "{refused}");
    assert!(!refused.contains("--write-off"), "{refused}");
    assert_eq!(held(bench), ALL, "what is in doubt keeps its locks");
    assert_eq!(bench.read("schedule"), "never", "and its setting");
    bench
        .windlass(&[
            "resolve",
            "one",
            "boxes[alice].move",
            "--as",
            "failed",
            "--because",
            "nothing is there",
        ])
        .exits(0);
    assert_eq!(held(bench), ALL, "nobody has given the run up yet");
}

#[test]
fn a_run_that_is_given_up_leaves_neither_a_setting_nor_a_lock() {
    let bench = Bench::new();
    a_doubt_under_locks(&bench);
    bench.windlass(&["abandon", "one", "--because", "enough"]).exits(0);
    assert_eq!(bench.status()["state"], "abandoned");
    assert_eq!(bench.status()["claims"], serde_json::json!([]));
    assert_eq!(bench.read("schedule"), "always");
    assert_eq!(held(&bench), [""; 0]);
}

#[test]
fn what_is_written_off_stays_as_it_is_and_its_locks_go_all_the_same() {
    let bench = Bench::new();
    a_doubt_under_locks(&bench);
    let abandon = ["abandon", "one", "--because", "the server is gone", "--write-off", "schedule"];
    bench.windlass(&abandon).exits(0);
    assert_eq!(bench.status()["state"], "abandoned");
    assert_eq!(bench.status()["settings"][0]["state"], "written_off");
    assert_eq!(bench.read("schedule"), "never");
    assert_eq!(held(&bench), [""; 0]);
}

#[test]
fn a_setting_that_cannot_be_put_back_keeps_the_run_and_its_lock_until_it_is_written_off() {
    let bench = Bench::new();
    a_doubt_under_locks(&bench);
    // Where the value should be is a folder: it can neither be read nor written.
    std::fs::rename(bench.path("schedule"), bench.path("kept")).unwrap();
    std::fs::create_dir(bench.path("schedule")).unwrap();
    let abandon = ["abandon", "one", "--because", "enough"];
    let refused = bench.windlass(&abandon).exits(8).stderr;
    assert!(refused.contains("the setting `schedule` is not put back"), "{refused}");
    assert!(refused.contains("--write-off schedule` leaves it as it is"), "{refused}");
    assert!(held(&bench).contains(&"schedule".to_owned()), "{:?}", held(&bench));
    // What hindered it is gone, and the same command settles the debt.
    std::fs::remove_dir(bench.path("schedule")).unwrap();
    std::fs::rename(bench.path("kept"), bench.path("schedule")).unwrap();
    bench.windlass(&abandon).exits(0);
    assert_eq!(bench.read("schedule"), "always");
    assert_eq!(held(&bench), [""; 0]);
}

#[test]
fn a_decision_needs_a_reason_and_a_run_that_was_given_up_is_not_resumed() {
    let bench = Bench::new();
    bench.write(
        "book.yaml",
        "windlass: 1\nname: no\nsteps:\n  a: {run: [\"false\"], outputs: {n: {value: out.text}}}\n",
    );
    bench.windlass(&["run", "book.yaml", "--run-id", "one"]).exits(8);
    for reason in ["", "WHY"] {
        bench.windlass(&["abandon", "one", "--because", reason]).exits(2);
        bench.windlass(&["resolve", "one", "a", "--as", "failed", "--because", reason]).exits(2);
    }
    let resolve = |decision, output| {
        let words =
            ["resolve", "one", "a", "--as", decision, "--because", "looked", "--output", output];
        bench.windlass(&words).exits(2)
    };
    assert!(resolve("done", "n=VALUE").stderr.contains("stands for"));
    assert!(resolve("failed", "n=1").stderr.contains("`--as done` only"));
    bench.windlass(&["resolve", "one", "a", "--as", "failed", "--because", "looked"]).exits(0);
    bench.windlass(&["abandon", "one", "--because", "it is off"]).exits(0);
    let refused = bench.windlass(&["resume", "one"]).exits(6).stderr;
    assert!(refused.contains("run one was abandoned 2"), "{refused}");
    assert!(refused.contains(": it is off\n"), "{refused}");
    assert!(refused.contains("windlass run "), "{refused}");
    bench.windlass(&["attach", "one"]).exits(6);
}

#[test]
fn what_is_written_off_is_told_for_ever_and_may_be_written_off_again() {
    let bench = Bench::new();
    bench.write("schedule", "always");
    bench.write(
        "book.yaml",
        r#"
windlass: 1
name: off
settings:
  schedule:
    get: {run: [cat, schedule]}
    set: {run: [sh, -c, 'printf %s "$1" > schedule', sh, "{{ value }}"]}
    to: never
    around: [move]
steps:
  move: {run: ["false"]}
"#,
    );
    bench.windlass(&["run", "book.yaml", "--run-id", "one"]).exits(8);
    let abandon = ["abandon", "one", "--because", "it is off", "--write-off", "schedule"];
    // The doubt keeps it from being given up; what was written off is so all the same.
    let refused = bench.windlass(&abandon).exits(8).stderr;
    for decision in ["failed", "waived", "done", "absent"] {
        let answer = format!("windlass resolve one move --as {decision} --because WHY   # ");
        assert!(refused.contains(&answer), "{refused}");
    }
    assert!(!refused.contains("puts its settings back"), "{refused}");
    let resolve = ["resolve", "one", "move", "--as", "failed", "--because", "looked"];
    let told = bench.windlass(&resolve).exits(0).stdout;
    assert!(told.ends_with("--because WHY   # gives the run up\n"), "{told}");
    let closing = bench.windlass(&abandon).exits(0).stderr;
    let status = bench.windlass(&["status", "one"]).exits(0).stdout;
    for text in [closing, status] {
        let told = "written off:\n  schedule: it was \"always\", and stays \"never\"";
        assert!(text.contains(told), "{text}");
    }
    assert_eq!(bench.read("schedule"), "never");
}
