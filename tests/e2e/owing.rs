//! What is owed: settings that are not back to what they were, and giving a run up.

use crate::bench::{Bench, finish, kill};

/// A setting that is held, around a step that may not be done twice.
const HELD: &str = r#"
windlass: 1
name: held
settings:
  schedule:
    title: The schedule
    get: {run: [cat, schedule]}
    set: {run: [sh, -c, 'printf %s "$1" > schedule', sh, "{{ value }}"]}
    to: never
    around: [move]
    on_failure: hold
steps:
  move: {run: [test, -e, ready]}
"#;

fn a_doubt_under_a_setting(bench: &Bench) {
    bench.write("schedule", "always");
    bench.write("book.yaml", HELD);
    bench.windlass(&["run", "book.yaml", "--run-id", "one"]).exits(8);
    assert_eq!(bench.read("schedule"), "never");
}

#[test]
fn what_is_owed_stands_first_and_is_put_back_when_the_run_is_given_up() {
    let bench = Bench::new();
    a_doubt_under_a_setting(&bench);
    let told = bench.windlass(&["status"]).exits(0).stdout;
    let place = |words: &str| told.find(words).unwrap_or_else(|| panic!("no {words:?}:\n{told}"));
    let owed = "schedule (The schedule): it was \"always\" and was made \"never\", held because";
    assert!(place(owed) < place("in doubt:\n  move: "), "{told}");
    assert_eq!(
        bench.status()["settings"],
        serde_json::json!([{"id": "schedule", "state": "in_force", "old": "always", "in_force": "never"}])
    );
    let shown = bench.windlass(&["show", "one", "schedule"]).exits(0).stdout;
    assert!(shown.contains("to set it, job 2 started: sh -c "), "{shown}");
    let abandon = ["abandon", "one", "--because", "enough"];
    let refused = bench.windlass(&abandon).exits(8).stderr;
    assert!(refused.contains("1 of its tasks is in doubt"), "{refused}");
    assert_eq!(bench.read("schedule"), "never");
    let resolved = bench.windlass(&[
        "resolve",
        "one",
        "move",
        "--as",
        "failed",
        "--because",
        "it is not there",
    ]);
    assert!(resolved.exits(0).stdout.contains("windlass abandon one"));
    bench.windlass(&abandon).exits(0);
    assert_eq!(bench.read("schedule"), "always");
    assert_eq!(bench.status()["state"], "abandoned");
    bench.windlass(&abandon).exits(6);
    let all = bench.windlass(&["status", "--all"]).exits(0).stdout;
    assert_eq!(all, "every run is at its end\n");
}

#[test]
fn a_setting_that_somebody_has_changed_is_left_to_people() {
    let bench = Bench::new();
    a_doubt_under_a_setting(&bench);
    bench.write("schedule", "hourly");
    bench
        .windlass(&["resolve", "one", "move", "--as", "done", "--because", "it is there"])
        .exits(0);
    bench.windlass(&["resume", "one"]).exits(8);
    assert_eq!(bench.read("schedule"), "hourly");
    let told = bench.windlass(&["status"]).exits(0).stdout;
    let words = "it was \"always\", this run has made it \"never\", and it is \"hourly\" now";
    assert!(told.contains(words), "{told}");
    assert!(
        told.contains("resolve one schedule --as absent --because WHY   # it is put back"),
        "{told}"
    );
    let unknown = ["abandon", "one", "--because", "enough", "--write-off", "shedule"];
    let refused = bench.windlass(&unknown).exits(2).stderr;
    assert!(refused.contains("did you mean `schedule`?"), "{refused}");
    bench
        .windlass(&["resolve", "one", "schedule", "--as", "absent", "--because", "it was me"])
        .exits(0);
    bench.windlass(&["resume", "one"]).exits(0);
    assert_eq!(bench.read("schedule"), "always");
}

#[test]
fn a_setting_is_written_off_by_name() {
    let bench = Bench::new();
    a_doubt_under_a_setting(&bench);
    bench
        .windlass(&["resolve", "one", "move", "--as", "failed", "--because", "it is not there"])
        .exits(0);
    let abandon = ["abandon", "one", "--because", "the server is gone", "--write-off", "schedule"];
    bench.windlass(&abandon).exits(0);
    assert_eq!(bench.read("schedule"), "never");
    assert_eq!(bench.status()["settings"][0]["state"], "written_off");
}

#[test]
fn the_status_for_programs_has_the_keys_that_are_promised() {
    let bench = Bench::new();
    bench.write("schedule", "always");
    bench.write("book.yaml", &format!("{HELD}locks: [\"server:old\"]\n"));
    bench.windlass(&["run", "book.yaml"]).exits(8);
    let status = bench.status();
    let keys = |value: &serde_json::Value| {
        value.as_object().unwrap().keys().map(String::as_str).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(
        keys(&status),
        "run runbook title state executor started ended next_due settings claims claims_lost \
         claims_awaited tasks next"
    );
    assert_eq!(keys(&status["settings"][0]), "id state old in_force");
    assert_eq!(status["claims"][0], serde_json::json!({"name": "server:old", "scope": ""}));
    assert_eq!(
        keys(&status["tasks"][0]),
        "id step item kind effect state verdict attempts exit started ended waiting_for until reason"
    );
}

#[test]
fn a_change_that_was_cut_off_is_told_as_what_it_is() {
    let bench = Bench::new();
    let (here, go) = (bench.fifo("here"), bench.fifo("go"));
    bench.write("schedule", "always");
    let meets = "echo at > \"$HERE/here\"; read x < \"$HERE/go\"; ";
    let book = HELD.replace("sh, -c, '", &format!("sh, -c, '{meets}"));
    bench.write(
        "book.yaml",
        &book.replace("move: {run: [test, -e, ready]}", "move: {run: [\"true\"]}"),
    );
    let executor = bench.start(&["run", "book.yaml", "--run-id", "one"]);
    here.hear();
    kill(executor);
    let told = bench.windlass(&["status"]).exits(0).stdout;
    let words = "it was \"always\" and is being changed: what it is now is not known; job 2 runs under its keeper";
    assert!(told.contains(words), "{told}");
    go.say("on\n");
    let resumed = bench.start(&["resume", "one"]);
    here.hear();
    go.say("on\n");
    finish(resumed).exits(0);
    assert_eq!(bench.read("schedule"), "always");
}

#[test]
fn a_plan_says_what_is_changed_for_a_time() {
    let bench = Bench::new();
    let after = "  after: {needs: [\"schedule:restored\"], effect: read, run: [ls]}\n";
    bench.write("book.yaml", &format!("{HELD}{after}"));
    let told = bench.windlass(&["plan", "book.yaml"]).exits(0).stdout;
    for line in [
        "schedule is made \"never\" around move; held after a failure",
        "read by $ cat schedule",
        "needs schedule:restored",
    ] {
        assert!(told.contains(line), "{line}: {told}");
    }
}

#[test]
fn a_setting_whose_set_changes_nothing_lets_nothing_start() {
    let bench = Bench::new();
    bench.write("schedule", "always");
    bench.write("ready", "");
    bench.write("book.yaml", &HELD.replace("> schedule", "> elsewhere"));
    let told = bench.windlass(&["run", "book.yaml", "--run-id", "one"]).exits(8).stderr;
    assert!(told.contains("its `set` ended well, but the value is still \"always\""), "{told}");
    assert_eq!(bench.status()["tasks"][0]["state"], "blocked");
    bench.windlass(&["abandon", "one", "--because", "it cannot be set"]).exits(0);
}

#[test]
fn what_somebody_changes_while_no_executor_lives_is_found_before_it_is_put_back() {
    let bench = Bench::new();
    let (here, go) = (bench.fifo("here"), bench.fifo("go"));
    bench.write("schedule", "always");
    let meets = "move: {run: [sh, -c, 'echo at > \"$HERE/here\"; read x < \"$HERE/go\"']}";
    bench.write("book.yaml", &HELD.replace("move: {run: [test, -e, ready]}", meets));
    let executor = bench.start(&["run", "book.yaml", "--run-id", "one"]);
    here.hear();
    kill(executor);
    bench.write("schedule", "hourly");
    go.say("on\n");
    let told = bench.windlass(&["resume", "one"]).exits(8).stderr;
    assert!(told.contains("schedule"), "{told}");
    assert_eq!(bench.read("schedule"), "hourly", "what somebody else has changed is left to them");
    assert_eq!(bench.state_of("move"), "succeeded");
    assert_eq!(bench.status()["settings"][0]["state"], "drifted");
    let told = bench.windlass(&["status"]).exits(0).stdout;
    let words = "it was \"always\", this run has made it \"never\", and it is \"hourly\" now";
    assert!(told.contains(words), "{told}");
    // A resume alone asks again, and overwrites nothing.
    bench.windlass(&["resume", "one"]).exits(8);
    assert_eq!(bench.read("schedule"), "hourly");
    bench
        .windlass(&["resolve", "one", "schedule", "--as", "done", "--because", "hourly it is"])
        .exits(0);
    bench.windlass(&["resume", "one"]).exits(0);
    assert_eq!(bench.read("schedule"), "hourly");
    assert_eq!(bench.status()["state"], "succeeded");
}

#[test]
fn a_value_that_was_read_while_no_executor_lived_is_read_again_before_it_is_put_back() {
    let bench = Bench::new();
    let (here, go) = (bench.fifo("here"), bench.fifo("go"));
    bench.write("schedule", "always");
    let get = "get: {run: [sh, -c, 'cat schedule; if test -e slow; then echo at > \"$HERE/here\"; read x < \"$HERE/go\"; fi']}";
    let book = HELD.replace("get: {run: [cat, schedule]}", get);
    bench.write("book.yaml", &book.replace("[test, -e, ready]", "[touch, slow]"));
    let executor = bench.start(&["run", "book.yaml", "--run-id", "one"]);
    // It has been read in order to put it back, and its reader is still there.
    here.hear();
    kill(executor);
    go.say("on\n");
    bench.keeper_has_gone();
    bench.write("schedule", "hourly");
    std::fs::remove_file(bench.path("slow")).unwrap();
    bench.windlass(&["resume", "one"]).exits(8);
    assert_eq!(bench.read("schedule"), "hourly", "what was read before says nothing any more");
    assert_eq!(bench.status()["settings"][0]["state"], "drifted");
}

#[test]
fn a_run_whose_folder_is_removed_ends_and_says_what_has_to_be_put_back_by_hand() {
    let bench = Bench::new();
    let (here, go) = (bench.fifo("here"), bench.fifo("go"));
    bench.write("schedule", "always");
    bench.write(
        "book.yaml",
        r#"
windlass: 1
name: gone
settings:
  schedule:
    get: {run: [cat, schedule]}
    set: {run: [sh, -c, 'printf %s "$1" > schedule', sh, "{{ value }}"]}
    to: never
    around: [move]
steps:
  move: {run: [sh, -c, 'echo at > "$HERE/here"; read x < "$HERE/go"']}
  report: {needs: [move], effect: read, run: [sh, -c, 'echo report >> "$HERE/ledger"']}
"#,
    );
    let executor = bench.start(&["run", "book.yaml", "--run-id", "one"]);
    here.hear();
    std::fs::rename(bench.path("state/runs/one"), bench.path("elsewhere")).unwrap();
    go.say("on\n");
    let text = finish(executor).exits(7).stderr;
    for part in [
        "the run's folder has gone; its journal cannot be kept",
        "owed: schedule: it was \"always\" and was made \"never\": put it back by hand",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert!(!text.contains("windlass resume"), "{text}");
    assert!(!bench.path("ledger").exists(), "nothing more is started");
    let none = bench.windlass(&["status", "--all"]).exits(2).stderr;
    assert!(none.contains("no runs"), "{none}");
}
