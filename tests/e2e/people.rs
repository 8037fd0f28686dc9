//! Steps that wait for people: asked once, answered from anywhere.

use crate::bench::{Bench, finish, kill};

const BOOK: &str = r#"
windlass: 1
name: people
steps:
  go: {approve: {message: Shall we begin?}}
  look:
    needs: [go]
    manual:
      instructions: Count them.
      fields: {count: {type: integer, minimum: 0}, note: {type: string, default: none}}
    verify: [{run: [sh, -c, 'echo verified >> "$HERE/ledger"']}]
  beside: {run: [sh, -c, 'echo beside >> "$HERE/ledger"']}
  say:
    needs: [look]
    run: [sh, -c, 'echo "$1" >> "$HERE/ledger"', say, "{{ steps.look.outputs.count + 1 }} {{ steps.look.outputs.note }}"]
"#;

fn bench() -> Bench {
    let bench = Bench::new();
    bench.write("book.yaml", BOOK);
    bench
}

/// How often people were asked in the latest run.
fn asked(bench: &Bench) -> usize {
    let journal = std::fs::read_to_string(bench.run_folder().join("journal.jsonl")).unwrap();
    journal.matches("\"event\":\"asked\"").count()
}

#[test]
fn a_run_that_waits_for_people_ends_and_says_how_to_answer() {
    let bench = bench();
    let done = bench.windlass(&["run", "book.yaml"]).exits(3);
    assert_eq!(bench.ledger("ledger"), ["beside"]);
    assert!(done.stderr.contains("Shall we begin?"), "{}", done.stderr);
    let status = bench.status();
    assert_eq!(status["state"], "waiting");
    let next: Vec<&str> =
        status["next"].as_array().unwrap().iter().map(|line| line.as_str().unwrap()).collect();
    let run = status["run"].as_str().unwrap();
    assert!(next[0].starts_with(&format!("windlass approve {run} go")), "{next:?}");
    assert!(next[1].starts_with(&format!("windlass reject {run} go --because WHY")), "{next:?}");
    bench.windlass(&["approve", "latest", "go"]).exits(0);
    bench.windlass(&["resume", "latest"]).exits(3);
    bench.windlass(&["approve", "latest", "look", "--field", "count=3"]).exits(0);
    bench.windlass(&["resume", "latest"]).exits(0);
    assert_eq!(bench.ledger("ledger"), ["beside", "verified", "4 none"]);
    assert_eq!(asked(&bench), 2);
}

#[test]
fn what_does_not_answer_is_refused_with_what_to_type() {
    let bench = bench();
    bench.windlass(&["run", "book.yaml"]).exits(3);
    let early = bench.windlass(&["approve", "latest", "look"]).exits(6);
    assert!(early.stderr.contains("it has not come to that yet"), "{}", early.stderr);
    bench.windlass(&["approve", "latest", "go"]).exits(0);
    bench.windlass(&["approve", "latest", "go"]).exits(6);
    bench.windlass(&["resume", "latest"]).exits(3);
    for (field, told) in [
        ("cuont=3", "did you mean `count`?"),
        ("count=many", "a whole number is needed"),
        ("count=-1", "`count`"),
        ("count", "NAME=VALUE"),
    ] {
        let done = bench.windlass(&["approve", "latest", "look", "--field", field]).exits(2);
        assert!(done.stderr.contains(told), "{}", done.stderr);
        assert!(done.stderr.contains(" show "), "{}", done.stderr);
    }
    bench.windlass(&["resolve", "latest", "look", "--as", "done", "--because", "x"]).exits(6);
    bench.windlass(&["resolve", "latest", "look", "--as", "waived", "--because", "x"]).exits(0);
    assert_eq!(bench.state_of("look"), "waived");
}

#[test]
fn a_no_fails_the_step_and_a_resume_asks_anew() {
    let bench = bench();
    bench.windlass(&["run", "book.yaml"]).exits(3);
    bench.windlass(&["reject", "latest", "go", "--because", "not today"]).exits(0);
    let status = bench.status();
    assert_eq!(status["state"], "failed");
    assert!(status["tasks"][0]["reason"].as_str().unwrap().ends_with(": not today"), "{status:#}");
    bench.windlass(&["resume", "latest"]).exits(3);
    bench.windlass(&["approve", "latest", "go"]).exits(0);
    assert_eq!(asked(&bench), 2);
}

#[test]
fn only_those_who_are_named_can_answer() {
    let bench = Bench::new();
    let go = "{approve: {message: Go?, by: [nobody-of-that-name]}}";
    bench.write("book.yaml", &format!("windlass: 1\nname: named\nsteps:\n  go: {go}\n"));
    bench.windlass(&["run", "book.yaml"]).exits(3);
    let refused = bench.windlass(&["approve", "latest", "go"]).exits(6);
    assert!(refused.stderr.contains("answered by nobody-of-that-name"), "{}", refused.stderr);
}

/// Returns once an executor works on the latest run, and that task asks.
fn is_asking(bench: &Bench, task: &str) {
    loop {
        let done = bench.windlass(&["status", "latest", "--format", "json"]);
        let status: serde_json::Value = serde_json::from_str(&done.stdout).unwrap_or_default();
        let mut rows = status["tasks"].as_array().into_iter().flatten();
        let asks = |row: &serde_json::Value| {
            row["id"] == task && row["waiting_for"] == serde_json::json!(["an operator"])
        };
        if status["executor"].is_object() && rows.any(asks) {
            return;
        }
        std::thread::yield_now();
    }
}

#[test]
fn an_answer_reaches_a_living_executor_and_a_question_outlives_a_dead_one() {
    let bench = bench();
    let executor = bench.start(&["run", "book.yaml", "--wait"]);
    is_asking(&bench, "go");
    kill(executor);
    let executor = bench.start(&["resume", "latest", "--wait"]);
    is_asking(&bench, "go");
    let told = bench.windlass(&["approve", "latest", "go"]).exits(0).stdout;
    assert!(told.contains("recorded by the running executor"), "{told}");
    is_asking(&bench, "look");
    bench.windlass(&["approve", "latest", "look", "--field", "count=9"]).exits(0);
    finish(executor).exits(0);
    assert_eq!(bench.ledger("ledger").last().unwrap(), "10 none");
    assert_eq!(asked(&bench), 2);
}

const FROZEN: &str = r#"
windlass: 1
name: frozen
settings:
  freeze:
    get: {run: [cat, "{{ params.here }}/value"]}
    set: {run: [sh, -c, 'printf "%s" "$1" > "$2/value"', set, "{{ value }}", "{{ params.here }}"]}
    to: frozen
    around: [look]
params: {here: {type: string}}
steps:
  look: {manual: {instructions: Look while it is frozen.}}
"#;

#[test]
fn what_is_changed_for_a_time_stays_so_while_somebody_may_be_at_work() {
    let bench = Bench::new();
    bench.write("book.yaml", FROZEN);
    bench.write("value", "free");
    let here = format!("here={}", bench.path(".").display());
    bench.windlass(&["run", "book.yaml", "-p", &here]).exits(3);
    assert_eq!(bench.read("value"), "frozen");
    let executor = bench.start(&["resume", "latest", "--wait"]);
    is_asking(&bench, "look");
    bench.windlass(&["stop", "latest"]).exits(0);
    finish(executor).exits(5);
    assert_eq!(bench.read("value"), "frozen");
    bench.windlass(&["approve", "latest", "look"]).exits(0);
    bench.windlass(&["resume", "latest"]).exits(0);
    assert_eq!(bench.read("value"), "free");
}
