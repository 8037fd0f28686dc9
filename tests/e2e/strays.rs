//! What the folder of a run holds of jobs that its journal does not know, as after a power cut.

use std::fs;
use std::path::PathBuf;

use crate::bench::Bench;

/// The records of these lines are what a power cut loses: they were written, and not synced.
fn lose_records_from(bench: &Bench, first_lost: &str) {
    bench.keeper_has_gone();
    cut_records_from(bench, first_lost);
}

/// The same while the socket of a keeper that was killed is still there.
pub(crate) fn cut_records_from(bench: &Bench, first_lost: &str) {
    let path = bench.run_folder().join("journal.jsonl");
    let journal = fs::read_to_string(&path).unwrap();
    let kept: Vec<&str> =
        journal.split_inclusive('\n').take_while(|line| !line.contains(first_lost)).collect();
    assert!(kept.len() < journal.lines().count(), "{first_lost} is not in {journal}");
    fs::write(&path, kept.concat()).unwrap();
}

fn aside(bench: &Bench) -> PathBuf {
    bench.run_folder().join("aside-1")
}

#[test]
fn an_attempt_that_the_journal_has_lost_is_not_taken_for_the_new_one_of_its_number() {
    let bench = Bench::new();
    bench.write(
        "book.yaml",
        r#"
windlass: 1
name: lost
steps:
  first: {effect: read, shell: 'echo one'}
  second: {needs: [first], effect: idempotent, shell: 'echo second >> "$HERE/ledger"; echo it ran; exit 3'}
"#,
    );
    bench.windlass(&["run", "book.yaml"]).exits(1);
    lose_records_from(&bench, "\"event\":\"job_starting\",\"task\":\"second\"");
    let exits = fs::read_to_string(bench.run_folder().join("exits")).unwrap();

    let done = bench.windlass(&["resume", "latest"]).exits(1);
    assert_eq!(done.stderr.matches("warning").count(), 1, "{}", done.stderr);
    assert!(done.stderr.contains("`second` (job 1)"), "{}", done.stderr);
    assert_eq!(bench.ledger("ledger"), ["second", "second"]);
    // The new attempt has the number, the folder and the notes for itself.
    let noted = |text: &str| text.lines().filter(|line| line.contains("\"second\"")).count();
    assert_eq!(noted(&fs::read_to_string(aside(&bench).join("exits")).unwrap()), noted(&exits));
    assert_eq!(
        noted(&fs::read_to_string(bench.run_folder().join("exits")).unwrap()),
        noted(&exits)
    );
    assert_eq!(
        fs::read_to_string(aside(&bench).join("tasks/second/1/stdout")).unwrap(),
        "it ran\n"
    );
    assert_eq!(bench.windlass(&["logs", "latest", "second"]).stdout.matches("it ran").count(), 1);
    let again = bench.windlass(&["resume", "latest"]).exits(1);
    assert!(!again.stderr.contains("warning"), "{}", again.stderr);
}

#[test]
fn folders_of_unknown_jobs_are_set_aside_also_without_a_note() {
    let bench = Bench::new();
    bench.write(
        "book.yaml",
        "windlass: 1\nname: folders\nsteps:\n  good: {effect: read, run: [echo, hello]}\n  bad: {needs: [good], effect: read, run: [\"false\"]}\n",
    );
    bench.windlass(&["run", "book.yaml"]).exits(1);
    bench.keeper_has_gone();
    let tasks = bench.run_folder().join("tasks");
    for unknown in ["bad/2", "gone/1"] {
        fs::create_dir_all(tasks.join(unknown)).unwrap();
        fs::write(tasks.join(unknown).join("stdout"), "old").unwrap();
    }
    let done = bench.windlass(&["resume", "latest"]).exits(1);
    assert!(done.stderr.contains("tasks/bad/2"), "{}", done.stderr);
    assert!(done.stderr.contains("exited with 1"), "{}", done.stderr);
    assert!(aside(&bench).join("tasks/bad/2/stdout").exists());
    assert!(aside(&bench).join("tasks/gone/1/stdout").exists());
    assert!(tasks.join("good/1/stdout").exists());
}

#[test]
fn a_once_job_that_the_journal_should_know_is_never_started_again() {
    let bench = Bench::new();
    bench.write(
        "book.yaml",
        r#"
windlass: 1
name: older
steps:
  look: {effect: read, run: ["true"]}
  boxes:
    needs: [look]
    for_each: {items: [a], as: box}
    steps:
      move: {shell: 'echo moved >> "$HERE/ledger"; exit 1'}
"#,
    );
    bench.windlass(&["run", "book.yaml"]).exits(8);
    let journal = bench.run_folder().join("journal.jsonl");
    let whole = fs::read(&journal).unwrap();
    // An older copy of the journal: once without the start, once without the items.
    for lost in ["\"event\":\"job_starting\",\"task\":\"boxes[a].move\"", "\"task\":\"boxes\""] {
        lose_records_from(&bench, lost);
        let refused = bench.windlass(&["resume", "latest"]).exits(7);
        assert!(refused.stderr.contains("`boxes[a].move` is `once`"), "{}", refused.stderr);
        assert!(refused.stderr.contains("windlass resume"), "{}", refused.stderr);
    }
    assert_eq!(bench.ledger("ledger"), ["moved"]);
    fs::write(&journal, whole).unwrap();
    bench.windlass(&["resume", "latest"]).exits(8);
    assert_eq!(bench.ledger("ledger"), ["moved"]);
}

#[test]
fn a_lost_verification_of_a_once_job_is_repeated_and_the_job_is_not() {
    let bench = Bench::new();
    bench.write(
        "book.yaml",
        r#"
windlass: 1
name: verified
steps:
  move: {shell: 'echo moved >> "$HERE/ledger"', verify: [{shell: 'echo looked; test -e "$HERE/ready"'}]}
"#,
    );
    bench.windlass(&["run", "book.yaml"]).exits(1);
    lose_records_from(&bench, "\"event\":\"job_starting\",\"task\":\"move\",\"attempt\":2");
    bench.write("ready", "");
    let done = bench.windlass(&["resume", "latest"]).exits(0);
    assert!(done.stderr.contains("`move` (job 2)"), "{}", done.stderr);
    assert_eq!(bench.ledger("ledger"), ["moved"]);
}
