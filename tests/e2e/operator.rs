//! Signals and orders.

use std::process::Command;

use crate::bench::{Bench, finish, kill};

const TWO_STEPS: &str = r#"
windlass: 1
name: two
steps:
  first: {effect: idempotent, run: [sh, -c, 'echo at > "$HERE/here"; read x < "$HERE/go"; echo first >> "$HERE/ledger"']}
  second: {needs: [first], effect: idempotent, run: [sh, -c, 'echo second >> "$HERE/ledger"']}
"#;

pub(crate) fn signal(name: &str, pid: u32) {
    assert!(
        Command::new("kill")
            .args([&format!("-{name}"), &pid.to_string()])
            .status()
            .unwrap()
            .success()
    );
}

#[test]
fn the_first_interrupt_waits_for_what_runs_and_starts_nothing_more() {
    let bench = Bench::new();
    let (here, go) = (bench.fifo("here"), bench.fifo("go"));
    bench.write("book.yaml", TWO_STEPS);
    let executor = bench.start(&["run", "book.yaml"]);
    here.hear();
    signal("INT", executor.id());
    // It has been told once its journal says so.
    while !stopped(&bench) {}
    go.say("on\n");
    let done = finish(executor).exits(5);
    assert!(done.stderr.contains("windlass resume"), "{}", done.stderr);
    assert_eq!(bench.ledger("ledger"), ["first"]);
    bench.windlass(&["resume", "latest"]).exits(0);
    assert_eq!(bench.ledger("ledger"), ["first", "second"]);
}

#[test]
fn the_second_interrupt_leaves_at_once_and_the_job_goes_on() {
    let bench = Bench::new();
    let (here, go) = (bench.fifo("here"), bench.fifo("go"));
    bench.write("book.yaml", TWO_STEPS);
    let executor = bench.start(&["run", "book.yaml"]);
    here.hear();
    signal("INT", executor.id());
    while !stopped(&bench) {}
    signal("INT", executor.id());
    let done = finish(executor).exits(5);
    assert!(done.stderr.contains("windlass resume"), "{}", done.stderr);
    go.say("on\n");
    bench.windlass(&["resume", "latest"]).exits(0);
    assert_eq!(bench.ledger("ledger"), ["first", "second"]);
}

#[test]
fn a_hang_up_does_not_end_a_run() {
    let bench = Bench::new();
    let (here, go) = (bench.fifo("here"), bench.fifo("go"));
    bench.write("book.yaml", TWO_STEPS);
    let executor = bench.start(&["run", "book.yaml"]);
    here.hear();
    signal("HUP", executor.id());
    go.say("on\n");
    finish(executor).exits(0);
    assert_eq!(bench.ledger("ledger"), ["first", "second"]);
}

#[test]
fn orders_reach_a_living_executor() {
    let bench = Bench::new();
    let (here, _go) = (bench.fifo("here"), bench.fifo("go"));
    bench.write("book.yaml", TWO_STEPS);
    let executor = bench.start(&["run", "book.yaml"]);
    here.hear();
    let refused = bench.windlass(&["resume", "latest"]).exits(4).stderr;
    assert!(refused.contains("  `windlass attach 2"), "{refused}");
    let refused =
        bench.windlass(&["resolve", "latest", "first", "--as", "done", "--because", "no"]).exits(6);
    assert!(refused.stderr.contains("its end is not known yet"), "{}", refused.stderr);
    bench.windlass(&["stop", "latest", "--because", "enough"]).exits(0);
    bench.windlass(&["stop", "latest", "--kill", "first"]).exits(0);
    finish(executor).exits(1);
    assert_eq!(bench.state_of("first"), "failed");
    let shown = bench.windlass(&["show", "latest", "first"]).exits(0);
    assert!(shown.stdout.contains("killed on request"), "{}", shown.stdout);
}

#[test]
fn what_is_waived_lets_the_others_go_on() {
    let bench = Bench::new();
    bench.write(
        "book.yaml",
        r#"
windlass: 1
name: waive
steps:
  boxes:
    for_each: {items: [a, b], as: box, max_failures: 1}
    steps:
      move: {run: [test, "{{ box }}", "=", a]}
      after_move: {needs: [move], effect: read, run: ["true"]}
  end: {needs: [boxes], effect: read, run: ["true"]}
"#,
    );
    bench.windlass(&["run", "book.yaml"]).exits(8);
    bench
        .windlass(&["resolve", "latest", "boxes[b]", "--as", "waived", "--because", "it is empty"])
        .exits(0);
    bench.windlass(&["resume", "latest"]).exits(0);
    assert_eq!(bench.state_of("boxes[b].after_move"), "waived");
    assert_eq!(bench.state_of("end"), "succeeded");
}

/// Whether the journal of the only run says that it was stopped.
fn stopped(bench: &Bench) -> bool {
    std::fs::read_to_string(bench.run_folder().join("journal.jsonl"))
        .unwrap()
        .contains("\"event\":\"stopped\"")
}

#[test]
fn a_run_is_resumed_only_where_its_jobs_were() {
    let bench = Bench::new();
    bench.write(
        "book.yaml",
        "windlass: 1\nname: here\nsteps:\n  no: {effect: read, run: [\"false\"]}\n",
    );
    bench.windlass(&["run", "book.yaml"]).exits(1);
    let journal = bench.run_folder().join("journal.jsonl");
    // Another machine's journal, made the way that machine would have made it: the same records, another host.
    let contents = windlass::journal::read::<windlass::core::record::Record>(&journal).unwrap();
    std::fs::remove_file(&journal).unwrap();
    let mut other =
        windlass::journal::Journal::create(&journal, &contents.run, contents.begun).unwrap();
    for entry in contents.entries {
        let mut record = entry.record;
        if let windlass::core::record::Record::Opened(opened) = &mut record {
            opened.by.host = "elsewhere".to_owned();
        }
        other.append(entry.at, &record).unwrap();
    }
    other.sync().unwrap();
    let refused = bench.windlass(&["resume", "latest"]).exits(6);
    assert!(refused.stderr.contains("`elsewhere`"), "{}", refused.stderr);
}

#[test]
fn what_has_become_of_a_job_is_told_although_nobody_looks_after_it() {
    let bench = Bench::new();
    let (here, go) = (bench.fifo("here"), bench.fifo("go"));
    bench.write("book.yaml", TWO_STEPS);
    let executor = bench.start(&["run", "book.yaml", "--run-id", "one"]);
    here.hear();
    kill(executor);
    let told = bench.windlass(&["status"]).exits(0).stdout;
    assert!(told.contains("its executor has gone without a word"), "{told}");
    assert!(told.contains(": job 1 runs under its keeper, as process "), "{told}");
    go.say("on\n");
    bench.keeper_has_gone();
    let told = bench.windlass(&["show", "one", "first"]).exits(0).stdout;
    assert!(told.contains("job 1 exited with 0; a resume takes that over"), "{told}");
    assert!(told.contains("\n  windlass resume one\n"), "{told}");
    bench.windlass(&["resume", "one"]).exits(0);
}

#[test]
fn a_doubt_says_what_its_probe_has_found_and_printed_and_what_the_author_says_of_it() {
    let bench = Bench::new();
    bench.write(
        "book.yaml",
        r#"
windlass: 1
name: probed
steps:
  move:
    run: [sh, -c, 'echo half > "$HERE/place"; exit 1']
    probe:
      run: [sh, -c, 'printf "{\"place\": \"%s\"}" "$(cat "$HERE/place" 2>/dev/null)"']
      states:
        done: out.json.place == "all"
        absent: out.json.place == ""
        half: {when: out.json.place == "half", stop: "half of it is there\nexport the source first"}
"#,
    );
    let ran = bench.windlass(&["run", "book.yaml", "--run-id", "one"]).exits(8);
    let status = bench.windlass(&["status"]).exits(0);
    let shown = bench.windlass(&["show", "one", "move"]).exits(0);
    for (view, text) in [("run", ran.stderr), ("status", status.stdout), ("show", shown.stdout)] {
        for part in
            ["`half`: half of it is there", "export the source first", "| {\"place\": \"half\"}"]
        {
            assert!(text.contains(part), "{view} lacks {part}:\n{text}");
        }
        assert!(text.contains("windlass resume one   # asks the probe again"), "{view}:\n{text}");
    }
    let row = &bench.status()["tasks"][0];
    assert_eq!((&row["state"], &row["verdict"]), (&"in_doubt".into(), &"half".into()));
    bench.write("place", "all");
    bench.windlass(&["resume", "one"]).exits(0);
    assert_eq!(bench.status()["tasks"][0]["verdict"], "done");
}

#[test]
fn a_step_whose_outputs_cannot_be_read_says_that_it_has_happened_and_both_ways_out_work() {
    const BOOK: &str = r#"
windlass: 1
name: unread
steps:
  move:
    run: [sh, -c, 'echo moved >> "$HERE/ledger"; echo items=42']
    outputs: {items: {value: "{{ out.lines[0] | replace('items=', '') }}", type: integer}}
"#;
    let bench = Bench::new();
    bench.write("right.yaml", BOOK);
    bench.write("wrong.yaml", &BOOK.replace("'items='", "'count='"));
    for run in ["one", "two"] {
        let ran = bench.windlass(&["run", "wrong.yaml", "--run-id", run]).exits(1).stderr;
        let status = bench.windlass(&["status", run]).exits(0).stdout;
        let shown = bench.windlass(&["show", run, "move"]).exits(0).stdout;
        for text in [ran, status, shown] {
            assert!(
                text.contains("its effect has happened; only its outputs are missing"),
                "{text}"
            );
            let answer = "move --as done --because WHY --output items=VALUE   # its effect";
            assert!(text.contains(&format!("windlass resolve {run} {answer}")), "{text}");
            let corrected = "--runbook FILE   # with the outputs corrected";
            assert!(text.contains(&format!("windlass resume {run} {corrected}")), "{text}");
        }
    }
    let resolve = ["resolve", "one", "move", "--as", "done", "--because", "seen"];
    bench.windlass(&[&resolve[..], &["--output", "items=42"]].concat()).exits(0);
    bench.windlass(&["resume", "one"]).exits(0);
    bench.windlass(&["resume", "two", "--runbook", "right.yaml"]).exits(0);
    assert_eq!(bench.ledger("ledger"), ["moved", "moved"], "neither was done again");
    let ignored = ["resume", "two", "--runbook", "right.yaml", "--accept", "move"];
    let told = bench.windlass(&ignored).exits(0).stderr;
    for option in ["`--runbook` was ignored", "`--accept` was ignored"] {
        assert!(told.contains(option), "{told}");
    }
}

#[test]
fn what_is_said_to_be_absent_is_gone_on_with_by_a_resume_and_a_wrong_name_is_a_wrong_command() {
    let bench = Bench::new();
    bench.write("book.yaml", "windlass: 1\nname: no\nsteps:\n  a: {run: [\"false\"]}\n");
    bench.windlass(&["run", "book.yaml", "--run-id", "one"]).exits(8);
    let why = ["--as", "absent", "--because", "looked"];
    bench.windlass(&[&["show", "one", "b"][..]].concat()).exits(2);
    bench.windlass(&[&["resolve", "one", "b"], &why[..]].concat()).exits(2);
    bench.windlass(&[&["resolve", "one", "a"], &why[..]].concat()).exits(0);
    let shown = bench.windlass(&["show", "one", "a"]).exits(0).stdout;
    assert!(shown.ends_with("\n  windlass resume one\n"), "{shown}");
    bench.windlass(&["abandon", "one", "--because", "it is off"]).exits(0);
    let status = bench.windlass(&["status", "one"]).exits(0).stdout;
    assert!(status.contains("1 task: 1 left as it was"), "{status}");
}

#[test]
fn a_state_folder_that_cannot_be_used_is_7_whatever_is_typed() {
    let bench = Bench::new();
    bench.write("book.yaml", "windlass: 1\nname: no\nsteps:\n  a: {run: [\"true\"]}\n");
    // A file in its place refuses root as well.
    bench.write("file", "");
    for words in [&["run", "book.yaml"][..], &["status"], &["runs"], &["resume", "one"]] {
        bench.windlass(&[&["--state-dir", "file"], words].concat()).exits(7);
    }
}
