//! Steps that wait: for a time, until something has come.

use serde_json::Value;

use crate::bench::{Bench, finish, kill};

const ASKS: &str = r#"
windlass: 1
name: asks
steps:
  ask:
    wait:
      until: {run: [sh, -c, 'echo asked >> "$HERE/ledger"; wc -l < "$HERE/ledger"']}
      met: (out.stdout | trim | int) >= 3
      every: 1ms
    outputs: {times: {value: "{{ out.stdout | trim }}", type: integer}}
  pause: {needs: [ask], wait: {for: 1ms}}
  in_vain:
    needs: [pause]
    wait: {until: {run: ["false"]}, every: 1ms, timeout: 2ms, on_timeout: continue}
  say:
    needs: [in_vain]
    run: [sh, -c, 'echo "$1" > "$HERE/said"', say, "{{ steps.ask.outputs.times }}"]
"#;

#[test]
fn what_is_waited_for_is_asked_until_it_has_come() {
    let bench = Bench::new();
    bench.write("book.yaml", ASKS);
    bench.windlass(&["run", "book.yaml"]).exits(0);
    assert_eq!(bench.ledger("ledger").len(), 3);
    assert_eq!(bench.read("said"), "3\n");
    let shown = bench.windlass(&["show", "latest", "in_vain"]).exits(0).stdout;
    assert!(shown.contains("has not come within 2ms"), "{shown}");
}

#[test]
fn what_has_not_come_in_time_has_failed() {
    let bench = Bench::new();
    let book = "windlass: 1\nname: late\nsteps:\n  ask: {wait: {until: {run: [\"false\"]}, every: 1ms, timeout: 2ms}}\n";
    bench.write("book.yaml", book);
    let done = bench.windlass(&["run", "book.yaml"]).exits(1);
    assert!(done.stderr.contains("has not come within 2ms"), "{}", done.stderr);
}

/// When the pause of the latest run is over, once it has begun.
fn over(bench: &Bench) -> Value {
    loop {
        let done = bench.windlass(&["status", "latest", "--format", "json"]);
        let status: Value = serde_json::from_str(&done.stdout).unwrap_or_default();
        if status["executor"].is_object() && status["tasks"][0]["until"].is_string() {
            return status["tasks"][0]["until"].clone();
        }
        std::thread::yield_now();
    }
}

#[test]
fn a_crash_makes_a_pause_no_longer() {
    let bench = Bench::new();
    bench.write("book.yaml", "windlass: 1\nname: long\nsteps:\n  pause: {wait: {for: 30d}}\n");
    let executor = bench.start(&["run", "book.yaml"]);
    let first = over(&bench);
    kill(executor);
    assert_eq!(bench.state_of("pause"), "waiting");
    let executor = bench.start(&["resume", "latest"]);
    assert_eq!(over(&bench), first);
    bench.windlass(&["stop", "latest"]).exits(0);
    finish(executor).exits(5);
    assert_eq!(bench.status()["tasks"][0]["until"], first);
}

/// A runbook with one step in a window that opens on that day.
fn windowed(day: &str) -> String {
    format!(
        "windlass: 1\nname: windowed\nwindows:\n  w: {{days: [{day}], from: \"00:00\", to: \"24:00\", tz: Asia/Kathmandu}}\nsteps:\n  move: {{run: [\"true\"], window: {{name: w, expect: 1ms}}}}\n"
    )
}

#[test]
fn what_has_a_window_begins_inside_of_it_only() {
    let bench = Bench::new();
    let every = "Mon, Tue, Wed, Thu, Fri, Sat, Sun";
    bench.write("open.yaml", &windowed(every));
    let mut command = bench.command(&["run", "open.yaml"]);
    // The time zones are brought along.
    let done = command.env("TZDIR", bench.path("nowhere")).output().unwrap();
    assert_eq!(done.status.code(), Some(0), "{}", String::from_utf8_lossy(&done.stderr));
    let bench = Bench::new();
    let zone = jiff::tz::TimeZone::get("Asia/Kathmandu").unwrap();
    let opens = jiff::Timestamp::now().to_zoned(zone.clone()).date();
    let opens = opens.checked_add(jiff::Span::new().days(3)).unwrap();
    bench.write("shut.yaml", &windowed(&opens.strftime("%a").to_string()));
    let executor = bench.start(&["run", "shut.yaml"]);
    let until: jiff::Timestamp = over(&bench).as_str().unwrap().parse().unwrap();
    assert_eq!(until, opens.to_zoned(zone).unwrap().timestamp());
    let status = bench.status();
    assert_eq!(status["tasks"][0]["waiting_for"], serde_json::json!(["window w"]));
    assert_eq!(status["next_due"], status["tasks"][0]["until"]);
    kill(executor);
    let executor = bench.start(&["resume", "latest"]);
    let again: jiff::Timestamp = over(&bench).as_str().unwrap().parse().unwrap();
    assert_eq!(again, until);
    bench.windlass(&["stop", "latest"]).exits(0);
    finish(executor).exits(5);
    assert_eq!(bench.state_of("move"), "waiting");
}
