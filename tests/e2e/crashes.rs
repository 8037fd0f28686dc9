//! The executor dies; nothing is done twice and nothing is lost.

use std::fs;
use std::io::Write;
use std::process::Command;

use crate::bench::{Bench, finish, kill};

/// Says that it is there, waits until it may go on, and says in a ledger that it was done.
const STEP: &str = r#"
windlass: 1
name: crash
steps:
  move:
    run: [sh, -c, 'echo at > "$HERE/here"; read x < "$HERE/go"; echo moved >> "$HERE/ledger"; echo 42']
    outputs: {number: {value: "{{ out.stdout }}", type: integer}}
  check:
    needs: [move]
    assert: [{that: steps.move.outputs.number == 42}]
"#;

#[test]
fn a_job_goes_on_when_the_executor_is_killed_and_its_result_is_taken_over() {
    let bench = Bench::new();
    let (here, go) = (bench.fifo("here"), bench.fifo("go"));
    bench.write("book.yaml", STEP);
    let executor = bench.start(&["run", "book.yaml"]);
    here.hear();
    kill(executor);
    assert_eq!(bench.status()["state"], "interrupted");
    go.say("on\n");
    bench.windlass(&["resume", "latest"]).exits(0);
    assert_eq!(bench.ledger("ledger"), ["moved"]);
}

#[test]
fn a_job_that_still_runs_is_adopted() {
    let bench = Bench::new();
    let (here, go) = (bench.fifo("here"), bench.fifo("go"));
    bench.write("book.yaml", STEP);
    let executor = bench.start(&["run", "book.yaml"]);
    here.hear();
    kill(executor);
    let second = bench.start(&["resume", "latest"]);
    while bench.status()["state"] != "running" {}
    go.say("on\n");
    finish(second).exits(0);
    assert_eq!(bench.ledger("ledger"), ["moved"]);
}

#[test]
fn the_end_of_a_once_job_that_is_lost_is_a_doubt_and_the_operator_settles_it() {
    let bench = Bench::new();
    let here = bench.fifo("here");
    let _go = bench.fifo("go");
    bench.write("book.yaml", STEP);
    let executor = bench.start(&["run", "book.yaml"]);
    here.hear();
    kill(executor);
    end_keeper_and_jobs(&bench);
    let doubt = bench.windlass(&["resume", "latest"]).exits(8);
    assert!(doubt.stderr.contains("windlass resolve"), "{}", doubt.stderr);
    assert_eq!(bench.state_of("move"), "in_doubt");
    bench.windlass(&["resume", "latest"]).exits(8);
    let missing = bench
        .windlass(&["resolve", "latest", "move", "--as", "done", "--because", "seen"])
        .exits(2);
    assert!(missing.stderr.contains("--output number="), "{}", missing.stderr);
    bench
        .windlass(&[
            "resolve",
            "latest",
            "move",
            "--as",
            "done",
            "--because",
            "seen",
            "--output",
            "number=42",
        ])
        .exits(0);
    bench.windlass(&["resume", "latest"]).exits(0);
    assert_eq!(bench.ledger("ledger"), [""; 0]);
    let shown = bench.windlass(&["show", "latest", "move"]).exits(0);
    assert!(shown.stdout.contains("because seen"), "{}", shown.stdout);
}

#[test]
fn a_once_job_that_ended_badly_is_a_doubt_and_starts_again_only_when_told() {
    let bench = Bench::new();
    bench.write(
        "book.yaml",
        "windlass: 1\nname: bad\nsteps:\n  move: {shell: 'echo x >> \"$HERE/ledger\"; test -e \"$HERE/ready\"'}\n",
    );
    bench.windlass(&["run", "book.yaml"]).exits(8);
    bench.write("ready", "");
    bench.windlass(&["resume", "latest"]).exits(8);
    assert_eq!(bench.ledger("ledger").len(), 1);
    bench
        .windlass(&["resolve", "latest", "move", "--as", "absent", "--because", "looked"])
        .exits(0);
    bench.windlass(&["resume", "latest"]).exits(0);
    assert_eq!(bench.ledger("ledger").len(), 2);
}

#[test]
fn a_torn_last_line_is_cut_with_a_warning() {
    let bench = Bench::new();
    bench.write(
        "book.yaml",
        "windlass: 1\nname: torn\nsteps:\n  no: {effect: read, run: [\"false\"]}\n",
    );
    bench.windlass(&["run", "book.yaml"]).exits(1);
    let journal = bench.run_folder().join("journal.jsonl");
    let mut file = fs::OpenOptions::new().append(true).open(&journal).unwrap();
    file.write_all(b"{\"seq\":99,\"at\":\"2026-").unwrap();
    drop(file);
    let done = bench.windlass(&["resume", "latest"]).exits(1);
    assert!(done.stderr.contains("warning"), "{}", done.stderr);
    bench.windlass(&["journal", "check", "latest"]).exits(0);
}

/// Ends the keeper of the only run and the jobs under it, as a power cut would.
pub(crate) fn end_keeper_and_jobs(bench: &Bench) {
    // The job may have said that it is there before its keeper has noted that it was started.
    let started: serde_json::Value = loop {
        let exits = fs::read_to_string(bench.run_folder().join("exits")).unwrap();
        let lines = exits.split_inclusive('\n').filter(|line| line.ends_with('\n'));
        let mut started = lines.filter(|line| line.contains("\"started\":{"));
        let last: Option<serde_json::Value> =
            started.next_back().map(|line| serde_json::from_str(line).unwrap());
        let lives = |last: &serde_json::Value| {
            let pid = last["started"]["pid"].as_u64().unwrap().to_string();
            fs::metadata(format!("/proc/{pid}")).is_ok() && !is_zombie(&pid)
        };
        if let Some(started) = last.filter(lives) {
            break started;
        }
    };
    let job = started["started"]["pid"].as_u64().unwrap().to_string();
    let stat = fs::read_to_string(format!("/proc/{job}/stat")).unwrap();
    let keeper = stat.rsplit(')').next().unwrap().split_whitespace().nth(1).unwrap().to_owned();
    assert!(
        Command::new("kill")
            .args(["-s", "KILL", "--", &keeper, &format!("-{job}")])
            .status()
            .unwrap()
            .success()
    );
    // The lock that the job's processes have inherited is free once they are gone.
    let alive = format!("/proc/{job}");
    while fs::metadata(&alive).is_ok_and(|_| !is_zombie(&job)) {
        std::thread::yield_now();
    }
}

fn is_zombie(pid: &str) -> bool {
    fs::read_to_string(format!("/proc/{pid}/stat"))
        .is_ok_and(|stat| stat.rsplit(')').next().unwrap().trim().starts_with('Z'))
}

#[test]
fn a_journal_that_cannot_grow_stops_the_run_and_nothing_is_done_twice() {
    let bench = Bench::new();
    let steps: String = (0..40)
        .map(|n| {
            let needs = if n == 0 { String::new() } else { format!("needs: [s{}], ", n - 1) };
            format!(
                "  s{n}: {{{needs}run: [sh, -c, 'echo {n} >> \"$HERE/ledger\"; printf %0400d 0'], outputs: {{text: \"{{{{ out.stdout }}}}\"}}}}\n"
            )
        })
        .collect();
    bench.write("book.yaml", &format!("windlass: 1\nname: full\nsteps:\n{steps}"));
    // Writes past that size fail with an error, as on a disk that is full. What the keeper writes, which inherits the limit, is
    // shorter: it does not keep outputs.
    let limited = "trap '' XFSZ; ulimit -f 16; exec \"$0\" run book.yaml";
    let windlass = env!("CARGO_BIN_EXE_windlass");
    let mut command = bench.command(&[""; 0]);
    let mut shell = Command::new("sh");
    shell
        .args(["-c", limited, windlass])
        .current_dir(bench.path(""))
        .stderr(std::process::Stdio::piped());
    shell.envs(
        command
            .stdin(std::process::Stdio::null())
            .get_envs()
            .filter_map(|(name, value)| Some((name, value?))),
    );
    let stopped: crate::bench::Done = shell.output().unwrap().into();
    let stopped = stopped.exits(7);
    assert!(stopped.stderr.contains("windlass resume"), "{}", stopped.stderr);
    assert!(bench.ledger("ledger").len() < 40);
    // The limit is the keeper's too, and it would serve the next executor if it had not gone yet.
    bench.keeper_has_gone();
    bench.windlass(&["resume", "latest"]).exits(0);
    let expected: Vec<String> = (0..40).map(|n| n.to_string()).collect();
    assert_eq!(bench.ledger("ledger"), expected);
}
