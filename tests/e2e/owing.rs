//! What is owed: settings that are not back to what they were, and giving a run up.

use crate::bench::Bench;

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
    let owed = "schedule (The schedule): it was \"always\" and is \"never\" now, held because";
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
        told.contains("resolve one schedule --as absent --because WHY   # the next resume"),
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
