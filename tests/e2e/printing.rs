//! What people and programs read.

use serde_json::Value;

use crate::bench::Bench;

const BOOK: &str = r#"
windlass: 1
name: print
title: Prints a little
steps:
  say: {effect: read, run: [echo, hello]}
  fail: {needs: [say], effect: read, shell: 'echo wrong >&2; exit 3'}
"#;

#[test]
fn without_a_terminal_there_are_plain_lines_and_events_are_the_records() {
    let bench = Bench::new();
    bench.write("book.yaml", BOOK);
    let done = bench.windlass(&["run", "book.yaml", "--run-id", "one", "--events", "-"]).exits(1);
    assert!(done.stderr.chars().all(|c| c == '\n' || !c.is_control()), "{:?}", done.stderr);
    assert!(done.stderr.contains("wrong"), "the end of the log of what failed: {}", done.stderr);
    let events: Vec<Value> =
        done.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(events[0]["event"], "opened");
    let numbers: Vec<u64> = events.iter().map(|event| event["seq"].as_u64().unwrap()).collect();
    assert_eq!(numbers, (1..=numbers.len() as u64).collect::<Vec<_>>());
    let last = events.last().unwrap();
    assert_eq!((last["event"].as_str(), last["why"].as_str()), (Some("stopped"), Some("stuck")));
}

#[test]
fn logs_show_and_runs_tell_what_happened() {
    let bench = Bench::new();
    bench.write("book.yaml", BOOK);
    bench.windlass(&["run", "book.yaml", "--run-id", "one"]).exits(1);
    let logs = bench.windlass(&["logs", "one"]).exits(0);
    assert_eq!(
        logs.stdout,
        "==> say, job 1, stdout <==\nhello\n==> fail, job 1, stderr <==\nwrong\n"
    );
    let one = bench.windlass(&["logs", "one", "fail"]).exits(0);
    assert_eq!(one.stdout, "==> fail, job 1, stderr <==\nwrong\n");
    let unknown = bench.windlass(&["logs", "one", "nope"]).exits(2);
    assert!(unknown.stderr.contains("windlass status one"), "{}", unknown.stderr);
    let shown = bench.windlass(&["show", "one", "fail"]).exits(0);
    assert!(shown.stdout.contains("exited with 3"), "{}", shown.stdout);
    let runs = bench.windlass(&["runs", "--format", "json"]).exits(0);
    let runs: Value = serde_json::from_str(&runs.stdout).unwrap();
    assert_eq!((runs[0]["run"].as_str(), runs[0]["state"].as_str()), (Some("one"), Some("failed")));
    let status = bench.status();
    assert_eq!(
        status["next"],
        serde_json::json!(["windlass logs one fail", "windlass resume one"])
    );
}

#[test]
fn a_plan_writes_nothing_and_says_what_is_not_known() {
    let bench = Bench::new();
    bench.write(
        "book.yaml",
        r#"
windlass: 1
name: planned
steps:
  list: {effect: read, run: [echo, "[1]"], outputs: {items: "{{ out.json }}"}}
  each:
    needs: [list]
    for_each: {items: steps.list.outputs.items, as: item}
    run: [echo, "{{ item }}"]
  known: {effect: read, run: [echo, "a b"]}
"#,
    );
    let plan = bench.windlass(&["plan", "book.yaml", "--format", "json"]).exits(0);
    let plan: Value = serde_json::from_str(&plan.stdout).unwrap();
    let told: Vec<(&str, &str, &Value)> = plan["tasks"]
        .as_array()
        .unwrap()
        .iter()
        .map(|task| {
            (
                task["id"].as_str().unwrap(),
                task["verdict"].as_str().unwrap(),
                &task["unknown_until"],
            )
        })
        .collect();
    assert!(told.contains(&("each[?]", "unknown", &Value::from("list"))), "{told:?}");
    assert!(told.contains(&("known", "will_run", &Value::Null)), "{told:?}");
    assert!(!bench.path("state").exists());
}

#[test]
fn nothing_is_started_when_the_runbook_or_a_parameter_is_wrong() {
    let bench = Bench::new();
    bench.write(
        "book.yaml",
        "windlass: 1\nname: wrong\nparams: {n: {type: integer}}\nsteps:\n  a: {run: [\"true\"], needs: [b]}\n",
    );
    let done = bench.windlass(&["run", "book.yaml"]).exits(2);
    assert!(done.stderr.contains("book.yaml:5:"), "{}", done.stderr);
    bench.write(
        "book.yaml",
        "windlass: 1\nname: wrong\nparams: {n: {type: integer}}\nsteps:\n  a: {run: [\"true\"]}\n",
    );
    bench.windlass(&["run", "book.yaml", "-p", "n=many"]).exits(2);
    bench.windlass(&["run", "book.yaml"]).exits(2);
    bench.windlass(&["run", "book.yaml", "-p", "m=1", "-p", "n=1"]).exits(2);
    assert!(!bench.path("state").exists());
    let none = bench.windlass(&["status"]).exits(2);
    assert!(none.stderr.contains("windlass run"), "{}", none.stderr);
}

#[test]
fn a_run_whose_events_cannot_be_written_leaves_nothing_behind() {
    let bench = Bench::new();
    bench.write("book.yaml", BOOK);
    let done = bench.windlass(&["run", "book.yaml", "--events", "nowhere/events"]).exits(2);
    assert!(done.stderr.contains("`--events nowhere/events`"), "{}", done.stderr);
    let runs = bench.windlass(&["runs", "--format", "json"]).exits(0);
    assert_eq!(runs.stdout, "[]\n");
}

#[test]
fn a_group_and_an_item_are_shown_by_what_is_in_them() {
    let bench = Bench::new();
    bench.write(
        "book.yaml",
        r#"
windlass: 1
name: groups
steps:
  all:
    for_each: {items: ["a", "b", "bb"], as: name, max_failures: 3}
    steps:
      look: {effect: read, run: [echo, "{{ name }}"]}
      change: {needs: [look], run: [test, "{{ name }}", "!=", b]}
"#,
    );
    bench.windlass(&["run", "book.yaml", "--run-id", "one"]).exits(8);
    let logs = bench.windlass(&["logs", "one", "all[b]"]).exits(0);
    assert_eq!(logs.stdout, "==> all[b].look, job 1, stdout <==\nb\n");
    let item = bench.windlass(&["show", "one", "all[b]"]).exits(0).stdout;
    assert!(item.contains("\nstate    in doubt\n"), "{item}");
    assert!(item.contains("it holds 2 tasks: 1 in doubt, 1 succeeded\n"), "{item}");
    assert!(item.ends_with("\nnext:\n  windlass show one 'all[b].change'\n"), "{item}");
    let other = bench.windlass(&["show", "one", "all[bb]"]).exits(0).stdout;
    assert!(other.contains("\nstate    succeeded\n"), "{other}");
    let silent = bench.windlass(&["logs", "one", "all[b].change"]).exits(0);
    assert_eq!(silent.stderr, "nothing was printed by all[b].change\n");
}
