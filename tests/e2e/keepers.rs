//! Keepers that cannot be talked to, and jobs that nobody knows: what the operator is told, and that nothing is started.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixListener;
use std::process::Command;

use rustix::fs::{FlockOperation, flock};

use crate::bench::{Bench, kill};
use crate::crashes::end_keeper_and_jobs;
use crate::strays::cut_records_from;

const STEP: &str = r#"
windlass: 1
name: kept
steps:
  first: {effect: read, run: ["true"]}
  second:
    needs: [first]
    effect: idempotent
    shell: 'echo $$ > "$HERE/here"; read x < "$HERE/go"; echo second >> "$HERE/ledger"'
"#;

#[test]
fn a_keeper_of_another_version_is_left_alone() {
    let bench = Bench::new();
    let (here, _go) = (bench.fifo("here"), bench.fifo("go"));
    bench.write("book.yaml", STEP);
    let executor = bench.start(&["run", "book.yaml"]);
    here.hear();
    kill(executor);
    end_keeper_and_jobs(&bench);

    // One that speaks a later version of the protocol.
    let folder = bench.run_folder();
    let lock = File::options().append(true).open(folder.join("keeper.lock")).unwrap();
    flock(&lock, FlockOperation::LockExclusive).unwrap();
    fs::remove_file(folder.join("keeper.sock")).unwrap();
    let listener = UnixListener::bind(folder.join("keeper.sock")).unwrap();
    let keeper = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut hello = String::new();
        BufReader::new(stream.try_clone().unwrap()).read_line(&mut hello).unwrap();
        writeln!(stream, r#"{{"report":"greeting","version":7,"pid":1,"jobs":[]}}"#).unwrap();
        hello
    });
    let refused = bench.windlass(&["resume", "latest"]).exits(4);
    assert!(keeper.join().unwrap().contains("\"request\":\"hello\""));
    assert!(refused.stderr.contains("speaks version 7 of the protocol"), "{}", refused.stderr);
    assert!(
        refused.stderr.contains("go on with the windlass that started it"),
        "{}",
        refused.stderr
    );
    assert!(refused.stderr.contains("windlass status"), "{}", refused.stderr);
    let journal = fs::read_to_string(folder.join("journal.jsonl")).unwrap();
    assert_eq!(journal.matches("\"event\":\"job_starting\",\"task\":\"second\"").count(), 1);

    fs::remove_file(folder.join("keeper.sock")).unwrap();
    drop(lock);
    fs::remove_file(bench.path("here")).unwrap();
    fs::remove_file(bench.path("go")).unwrap();
    bench.write("go", "on\n");
    bench.windlass(&["resume", "latest"]).exits(0);
    assert_eq!(bench.ledger("ledger"), ["second"]);
}

#[test]
fn a_job_that_the_journal_does_not_know_and_that_lives_is_named_and_nothing_is_started() {
    let bench = Bench::new();
    let (here, go) = (bench.fifo("here"), bench.fifo("go"));
    bench.write("book.yaml", STEP);
    let executor = bench.start(&["run", "book.yaml"]);
    let pid = here.hear();
    kill(executor);
    let keeper = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    let keeper = keeper.rsplit(')').next().unwrap().split_whitespace().nth(1).unwrap().to_owned();
    assert!(Command::new("kill").args(["-s", "KILL", "--", &keeper]).status().unwrap().success());
    let lock = File::open(bench.run_folder().join("keeper.lock")).unwrap();
    flock(&lock, FlockOperation::LockShared).unwrap();
    drop(lock);
    cut_records_from(&bench, "\"event\":\"job_starting\",\"task\":\"second\"");

    let refused = bench.windlass(&["resume", "latest"]).exits(4);
    assert!(refused.stderr.contains(&format!("process {pid} (")), "{}", refused.stderr);
    assert!(
        refused.stderr.contains("`second` that the journal does not know"),
        "{}",
        refused.stderr
    );
    assert!(refused.stderr.contains("windlass resume"), "{}", refused.stderr);
    assert_eq!(bench.ledger("ledger"), [""; 0]);

    go.say("on\n");
    let alive = File::open(bench.run_folder().join("tasks/second/1/alive")).unwrap();
    flock(&alive, FlockOperation::LockShared).unwrap();
    fs::remove_file(bench.path("here")).unwrap();
    fs::remove_file(bench.path("go")).unwrap();
    bench.write("go", "on\n");
    // The lock goes a moment before the process does.
    while fs::metadata(format!("/proc/{pid}")).is_ok() {
        std::thread::yield_now();
    }
    let done = bench.windlass(&["resume", "latest"]).exits(0);
    assert!(done.stderr.contains("is set aside"), "{}", done.stderr);
    assert_eq!(bench.ledger("ledger"), ["second", "second"]);
}
