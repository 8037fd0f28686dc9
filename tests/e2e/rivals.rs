//! Two runs that want the same setting, or each other's locks.

use std::fs;

use serde_json::Value;

use crate::bench::{Bench, Done, finish, kill};

/// Changes a setting around a job that says in which run it is, and waits until it may go on.
const CHANGES: &str = r#"
windlass: 1
name: changes
settings:
  schedule:
    get: {run: [cat, schedule]}
    set: {run: [sh, -c, 'printf %s "$1" > schedule', sh, "{{ value }}"]}
    to: "{{ run.id }}"
    around: [move]
steps:
  move: {run: [sh, -c, 'echo at > "$HERE/here-$WINDLASS_RUN"; read x < "$HERE/go-$WINDLASS_RUN"; cat schedule >> "$HERE/ledger"; echo >> "$HERE/ledger"']}
"#;

/// Has one lock, says so, and wants another one.
fn wants(name: &str, has: &str, wants: &str) -> String {
    format!(
        r#"
windlass: 1
name: {name}
steps:
  group:
    locks: [{has}]
    steps:
      hold: {{effect: read, run: [sh, -c, 'echo at > "$HERE/here-{name}"; read x < "$HERE/go-{name}"']}}
      want: {{needs: [hold], locks: [{wants}], effect: read, run: [sh, -c, 'echo {name} >> "$HERE/ledger"']}}
"#
    )
}

fn status(bench: &Bench, run: &str) -> Value {
    let done = bench.windlass(&["status", run, "--format", "json"]).exits(0);
    serde_json::from_str(&done.stdout).unwrap()
}

fn told(done: &Done) -> String {
    format!("{}{}", done.stdout, done.stderr)
}

/// Returns once the journal of a run says that a lock was denied to it.
fn is_denied(bench: &Bench, run: &str) {
    let journal = bench.path(&format!("state/runs/{run}/journal.jsonl"));
    while !fs::read_to_string(&journal).unwrap_or_default().contains("\"event\":\"denied\"") {
        std::thread::yield_now();
    }
}

#[test]
fn a_run_waits_until_another_one_has_put_a_setting_back_before_it_reads_it() {
    let bench = Bench::new();
    bench.write("schedule", "always");
    bench.write("book.yaml", CHANGES);
    let [(here_one, go_one), (here_two, go_two)] = ["one", "two"]
        .map(|run| (bench.fifo(&format!("here-{run}")), bench.fifo(&format!("go-{run}"))));
    let one = bench.start(&["run", "book.yaml", "--run-id", "one"]);
    here_one.hear();
    let two = bench.start(&["run", "book.yaml", "--run-id", "two"]);
    is_denied(&bench, "two");
    let waiting = status(&bench, "two");
    assert_eq!(waiting["settings"][0]["state"], "idle", "{waiting:#}");
    let text = bench.windlass(&["status", "two"]).exits(0).stdout;
    assert!(text.contains("is held by run one (schedule) of "), "{text}");
    assert_eq!(bench.read("schedule"), "one");
    go_one.say("on\n");
    finish(one).exits(0);
    here_two.hear();
    assert_eq!(status(&bench, "two")["settings"][0]["old"], "always");
    go_two.say("on\n");
    finish(two).exits(0);
    assert_eq!(bench.ledger("ledger"), ["one", "two"]);
    assert_eq!(bench.read("schedule"), "always");
}

#[test]
fn a_run_that_wants_a_setting_of_one_whose_executor_is_gone_says_whom_it_waits_for() {
    let bench = Bench::new();
    bench.write("schedule", "always");
    bench.write("book.yaml", CHANGES);
    let (here, go) = (bench.fifo("here-one"), bench.fifo("go-one"));
    let one = bench.start(&["run", "book.yaml", "--run-id", "one"]);
    here.hear();
    kill(one);
    let done = bench.windlass(&["run", "book.yaml", "--run-id", "two"]).exits(4);
    let text = told(&done);
    assert!(text.contains("is held by run one (schedule) of "), "{text}");
    assert!(text.contains("its executor is gone"), "{text}");
    assert!(text.contains("windlass resume one "), "{text}");
    let two = status(&bench, "two");
    assert_eq!(two["settings"][0]["state"], "idle");
    assert_eq!(two["tasks"][0]["waiting_for"][0], "lock setting: cat schedule");
    assert_eq!(two["next"][0], "windlass resume one   # continues it");
    assert_eq!(bench.read("schedule"), "one", "nobody has touched what another run has changed");
    go.say("on\n");
    bench.windlass(&["resume", "one"]).exits(0);
    assert_eq!(bench.read("schedule"), "always");
}

#[test]
fn of_two_runs_that_want_each_others_locks_the_younger_is_refused_with_the_ring() {
    let bench = Bench::new();
    bench.write("old.yaml", &wants("old", "x", "y"));
    bench.write("young.yaml", &wants("young", "y", "x"));
    let names = ["old", "young"];
    let fifos =
        names.map(|run| (bench.fifo(&format!("here-{run}")), bench.fifo(&format!("go-{run}"))));
    let [old, young] = [0, 1].map(|number| {
        let (book, run) = (format!("{}.yaml", names[number]), names[number]);
        let executor = bench.start(&["run", &book, "--run-id", run]);
        fifos[number].0.hear();
        executor
    });
    fifos.iter().for_each(|(_, go)| go.say("on\n"));
    let refused = told(&finish(young).exits(1));
    for part in [
        "runs wait for each other",
        "run young (`group.want`) waits for lock `x`, held by run old (`group`)",
        "run old (`group.want`) waits for lock `y`, held by run young (`group`)",
    ] {
        assert!(refused.contains(part), "{part}: {refused}");
    }
    // The other one is now in the way of nothing, and held up by a run that nobody works on.
    let text = told(&finish(old).exits(4));
    assert!(text.contains("lock `y` is held by run young (group) of "), "{text}");
    bench.windlass(&["abandon", "young", "--because", "the other one comes first"]).exits(0);
    bench.windlass(&["resume", "old"]).exits(0);
    assert_eq!(bench.ledger("ledger"), ["old"]);
}

/// Two runs at rest, each of which holds what the other wants; returns the last words of `x`.
fn rest_in_a_ring(bench: &Bench) -> String {
    bench.write("x.yaml", &wants("x", "X", "Y"));
    bench.write("y.yaml", &wants("y", "Y", "X"));
    let [(here_x, go_x), (here_y, go_y)] = ["x", "y"]
        .map(|run| (bench.fifo(&format!("here-{run}")), bench.fifo(&format!("go-{run}"))));
    let x = bench.start(&["run", "x.yaml", "--run-id", "x"]);
    here_x.hear();
    kill(x);
    let y = bench.start(&["run", "y.yaml", "--run-id", "y"]);
    here_y.hear();
    go_y.say("on\n");
    let text = told(&finish(y).exits(4));
    assert!(text.contains("windlass resume x   # continues it"), "{text}");
    // Whether somebody works on it is looked at now, whatever it was when the lock was denied.
    let x = bench.start(&["resume", "x"]);
    while status(bench, "y")["next"][0] != "windlass status x   # it goes on" {}
    go_x.say("on\n");
    told(&finish(x).exits(4))
}

#[test]
fn two_runs_at_rest_that_hold_what_the_other_wants_say_so_and_what_breaks_the_ring() {
    let bench = Bench::new();
    let text = rest_in_a_ring(&bench);
    let breaks = "windlass abandon y --because WHY   # gives it up, and its locks back; then\n  windlass resume x\n";
    assert!(text.contains(breaks), "{text}");
    let text = bench.windlass(&["status", "x"]).exits(0).stdout;
    for part in [
        breaks,
        "each holds what the other wants\n",
        "    run x (group.want) waits for lock `Y`, held by run y\n",
        "    run y (group.want) waits for lock `X`, held by run x\n",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let other = status(&bench, "y");
    assert!(other["next"][0].as_str().unwrap().starts_with("windlass abandon x "), "{other:#}");
    let awaited = &other["claims_awaited"][0];
    let told = [&awaited["scope"], &awaited["by"]["lock"], &awaited["by"]["run"]];
    assert_eq!(told, ["group.want", "X", "x"], "{awaited:#}");
    let runs = awaited["now"]["ring"].as_array().unwrap().iter().map(|link| &link["run"]);
    assert_eq!(runs.collect::<Vec<_>>(), ["y", "x"], "{awaited:#}");
    bench.windlass(&["abandon", "y", "--because", "the other one comes first"]).exits(0);
    bench.windlass(&["resume", "x"]).exits(0);
    assert_eq!(bench.ledger("ledger"), ["x"]);
}

#[test]
fn a_ring_of_which_a_lock_was_taken_away_is_none_any_more() {
    let bench = Bench::new();
    rest_in_a_ring(&bench);
    bench.windlass(&["locks", "release", "Y", "--because", "looked", "--run", "y"]).exits(0);
    for (run, says) in [
        ("x", "lock `Y` was held by run y (group), and is not any more"),
        ("y", "Y (group): taken away by "),
    ] {
        let text = bench.windlass(&["status", run]).exits(0).stdout;
        assert!(text.contains(says), "{says}: {text}");
        assert!(!text.contains("each holds") && !text.contains("abandon"), "{text}");
    }
    let next = status(&bench, "x")["next"].clone();
    assert_eq!(next[0], "windlass resume x", "{next}");
    bench.windlass(&["resume", "x"]).exits(0);
    assert_eq!(bench.ledger("ledger"), ["x"]);
}

#[test]
fn a_lock_of_a_run_whose_folder_is_gone_is_released_and_not_resumed() {
    let bench = Bench::new();
    // Where a folder is gone a job is known by the name of its run alone, and other tests have runs of their own.
    bench.write("x.yaml", &wants("gone", "X", "Y"));
    bench.write("y.yaml", &wants("left", "Y", "X"));
    let (here_x, go_x) = (bench.fifo("here-gone"), bench.fifo("go-gone"));
    let (here_y, go_y) = (bench.fifo("here-left"), bench.fifo("go-left"));
    let x = bench.start(&["run", "x.yaml", "--run-id", "gone"]);
    here_x.hear();
    kill(x);
    go_x.say("on\n");
    bench.keeper_has_gone();
    let y = bench.start(&["run", "y.yaml", "--run-id", "left"]);
    here_y.hear();
    go_y.say("on\n");
    finish(y).exits(4);
    fs::remove_dir_all(bench.path("state/runs/gone")).unwrap();
    let next = status(&bench, "left")["next"][0].as_str().unwrap().to_owned();
    assert_eq!(
        next,
        "windlass locks release X --because WHY --run gone   # its run is gone, or at its end"
    );
    bench.windlass(&["locks", "release", "X", "--because", "looked", "--run", "gone"]).exits(0);
    assert_eq!(status(&bench, "left")["next"][0], "windlass resume left");
    bench.windlass(&["resume", "left"]).exits(0);
    assert_eq!(bench.ledger("ledger"), ["left"]);
}
