//! Runs that go on by themselves, and many runs at once.

use std::io::{BufRead, BufReader};

use serde_json::Value;

use crate::bench::{Bench, finish};
use crate::operator::signal;

const MEETS: &str = r#"
windlass: 1
name: meets
steps:
  first: {effect: idempotent, run: [sh, -c, 'echo at > "$HERE/here"; read x < "$HERE/go"']}
  second: {needs: [first], effect: read, run: ["false"]}
"#;

/// A run of that name with one step.
fn run(bench: &Bench, name: &str, step: &str, code: i32) {
    bench.write("book.yaml", &format!("windlass: 1\nname: {name}\nsteps:\n  a: {{{step}}}\n"));
    bench.windlass(&["run", "book.yaml", "--run-id", name]).exits(code);
}

#[test]
fn a_detached_run_goes_on_in_a_session_of_its_own_and_can_be_followed() {
    let bench = Bench::new();
    let (here, go) = (bench.fifo("here"), bench.fifo("go"));
    bench.write("book.yaml", MEETS);
    let begun = bench.windlass(&["run", "book.yaml", "--detach", "--run-id", "one"]).exits(0);
    assert_eq!(begun.stdout, "one\n");
    assert!(begun.stderr.contains("windlass attach one"), "{}", begun.stderr);
    here.hear();
    let executor = bench.status()["executor"]["pid"].as_u64().unwrap();
    let stat = std::fs::read_to_string(format!("/proc/{executor}/stat")).unwrap();
    let session = stat.rsplit(") ").next().unwrap().split(' ').nth(3).unwrap();
    assert_eq!(session, executor.to_string());
    let attached = bench.start(&["attach", "one"]);
    go.say("on\n");
    let told = finish(attached).exits(1);
    assert!(told.stderr.contains("run one failed"), "{}", told.stderr);
    assert!(bench.read("state/runs/one/executor.log").contains("run one failed"));
    let again = bench.windlass(&["attach", "one"]).exits(1);
    assert!(again.stderr.contains("windlass resume one"), "{}", again.stderr);
    let resumed = bench.windlass(&["resume", "one", "--detach"]).exits(0);
    assert_eq!(resumed.stdout, "one\n");
    bench.windlass(&["attach", "one"]).exits(1);
}

#[test]
fn what_keeps_a_detached_run_from_beginning_is_said_at_once() {
    let bench = Bench::new();
    bench.write("book.yaml", "windlass: 1\nname: bad\nsteps:\n  a: {runs: [\"true\"]}\n");
    let told = bench.windlass(&["run", "book.yaml", "--detach"]).exits(2);
    assert!(told.stderr.contains("did you mean `run`?"), "{}", told.stderr);
    assert_eq!(told.stdout, "");
    bench.write("book.yaml", MEETS);
    let told = bench.windlass(&["run", "book.yaml", "--detach", "--events", "-"]).exits(2);
    assert!(told.stderr.contains("--events"), "{}", told.stderr);
}

#[test]
fn all_open_runs_are_shown_and_continued_but_not_those_stopped_on_purpose() {
    let bench = Bench::new();
    let ids = |status: &str| -> Vec<String> {
        let runs: Value = serde_json::from_str(status).unwrap();
        let runs = runs.as_array().unwrap().iter();
        runs.map(|run| run["run"].as_str().unwrap().to_owned()).collect()
    };
    run(&bench, "good", "effect: read, run: [\"true\"]", 0);
    let done = bench.windlass(&["status", "--all"]).exits(0);
    assert_eq!(done.stdout, "every run is at its end\n");
    run(&bench, "failed", "effect: read, run: [test, -e, ready]", 1);
    run(&bench, "stopped", "effect: read, run: [test, -e, ready]", 1);
    run(&bench, "doubtful", "run: [\"false\"]", 8);
    bench.windlass(&["stop", "stopped", "--because", "not tonight"]).exits(0);
    let shown = bench.windlass(&["status", "--all", "--format", "json"]).exits(8);
    assert_eq!(ids(&shown.stdout), ["doubtful", "stopped", "failed"]);
    bench.write("ready", "");
    let told = bench.windlass(&["resume", "--all", "--jobs", "1"]).exits(8);
    for line in [
        "failed | run failed succeeded",
        "run failed has succeeded",
        "run doubtful has a doubt or a debt open",
        "run stopped was stopped on purpose: `windlass resume stopped`",
    ] {
        assert!(told.stderr.contains(line), "{line}: {}", told.stderr);
    }
    let shown = bench.windlass(&["status", "--all", "--format", "json"]).exits(8);
    assert_eq!(ids(&shown.stdout), ["doubtful", "stopped"]);
}

#[test]
fn a_watched_status_changes_with_the_run_and_ends_with_it() {
    let bench = Bench::new();
    let (here, go) = (bench.fifo("here"), bench.fifo("go"));
    bench.write("book.yaml", &MEETS.replace("\"false\"", "\"true\""));
    let executor = bench.start(&["run", "book.yaml"]);
    here.hear();
    let mut watch = bench.start(&["status", "--watch", "--format", "json"]);
    let mut lines = BufReader::new(watch.stdout.take().unwrap()).lines();
    let state = |line: Option<Result<String, std::io::Error>>| -> Value {
        serde_json::from_str::<Value>(&line.unwrap().unwrap()).unwrap()["state"].take()
    };
    assert_eq!(state(lines.next()), "running");
    go.say("on\n");
    finish(executor).exits(0);
    assert_eq!(state(lines.last()), "succeeded");
    finish(watch).exits(0);
}

#[test]
fn an_interrupt_means_every_run_that_is_continued() {
    let bench = Bench::new();
    let runs = ["one", "two"];
    let fifos =
        runs.map(|run| (bench.fifo(&format!("here-{run}")), bench.fifo(&format!("go-{run}"))));
    for run in runs {
        let wait = format!("echo at > \"$HERE/here-{run}\"; read x < \"$HERE/go-{run}\"");
        bench.write(
            "book.yaml",
            &format!(
                "windlass: 1\nname: {run}\nsteps:\n  a: {{effect: read, shell: '{wait}; test \"$x\" = good'}}\n  b: {{needs: [a], effect: read, run: [\"true\"]}}\n"
            ),
        );
        let first = bench.start(&["run", "book.yaml", "--run-id", run]);
        let (here, go) = &fifos[runs.iter().position(|name| *name == run).unwrap()];
        here.hear();
        go.say("bad\n");
        finish(first).exits(1);
    }
    let all = bench.start(&["resume", "--all"]);
    fifos.iter().for_each(|(here, _)| drop(here.hear()));
    signal("INT", all.id());
    for run in runs {
        // The first stop is the one of the failed step.
        while stops(&bench, run) < 2 {}
    }
    fifos.iter().for_each(|(_, go)| go.say("good\n"));
    let told = finish(all).exits(5);
    assert!(told.stderr.contains("run two was interrupted and can be resumed"), "{}", told.stderr);
    assert!(told.stderr.contains("windlass status --all"), "{}", told.stderr);
}

/// How often the journal of a run says that it was stopped.
fn stops(bench: &Bench, run: &str) -> usize {
    let journal = bench.read(&format!("state/runs/{run}/journal.jsonl"));
    journal.matches("\"event\":\"stopped\"").count()
}
