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
