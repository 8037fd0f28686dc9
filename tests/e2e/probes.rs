//! Probes: what the state of the world says is what is done.

use crate::bench::{Bench, kill};
use crate::crashes::end_keeper_and_jobs;

/// An action whose world is a file: it says that it is there, waits until it may go on, and makes the world what a file says.
const STEP: &str = r#"
windlass: 1
name: probed
steps:
  move:
    run: [sh, -c, 'echo started >> "$HERE/ledger"; echo at > "$HERE/here"; read x < "$HERE/go"; cp "$HERE/makes" "$HERE/world"; test "$(cat "$HERE/makes")" = done; echo 42']
    outputs: {number: {value: "{{ out.stdout }}", type: integer}}
    probe:
      run: [sh, -c, 'cat "$HERE/world"; echo 7']
      outputs: {number: {value: "{{ out.lines[1] }}", type: integer}}
      states:
        done: out.lines[0] == 'done'
        absent: out.lines[0] == 'absent'
        stranded:
          when: out.lines[0] == 'stranded'
          repair:
            - {effect: idempotent, run: [sh, -c, 'echo repaired >> "$HERE/ledger"; echo done > "$HERE/world"']}
        half:
          when: out.lines[0] == 'half'
          stop: "part of it is there ({{ out.lines[0] }}); clear it away first"
  check:
    needs: [move]
    run: [sh, -c, 'echo "$1" >> "$HERE/seen"', check, "{{ steps.move.outputs.number }}"]
    effect: idempotent
"#;

fn bench() -> Bench {
    let bench = Bench::new();
    bench.write("book.yaml", STEP);
    bench.write("world", "absent\n");
    bench.write("makes", "done\n");
    bench
}

/// Starts the run, and kills executor, keeper and job in the middle of the action.
fn cut_short(bench: &Bench) {
    let here = bench.fifo("here");
    let _go = bench.fifo("go");
    let executor = bench.start(&["run", "book.yaml"]);
    here.hear();
    kill(executor);
    end_keeper_and_jobs(bench);
    std::fs::remove_file(bench.path("here")).unwrap();
    std::fs::remove_file(bench.path("go")).unwrap();
    bench.write("here", "");
    bench.write("go", "on\n");
}

#[test]
fn a_lost_start_of_which_nothing_has_happened_runs_again() {
    let bench = bench();
    cut_short(&bench);
    bench.windlass(&["resume", "latest"]).exits(0);
    assert_eq!(bench.ledger("ledger"), ["started", "started"]);
    assert_eq!(bench.ledger("seen"), ["42"], "the outputs are those of the action");
}

#[test]
fn a_lost_start_that_is_found_done_is_taken_for_done() {
    let bench = bench();
    cut_short(&bench);
    bench.write("world", "done\n");
    bench.windlass(&["resume", "latest"]).exits(0);
    assert_eq!(bench.ledger("ledger"), ["started"]);
    assert_eq!(bench.ledger("seen"), ["7"], "the outputs are those of the probe");
}

#[test]
fn a_stranded_state_is_repaired() {
    let bench = bench();
    cut_short(&bench);
    bench.write("world", "stranded\n");
    bench.windlass(&["resume", "latest"]).exits(0);
    assert_eq!(bench.ledger("ledger"), ["started", "repaired"]);
}

#[test]
fn a_state_that_says_stop_waits_for_the_operator_and_is_asked_again_by_the_next_resume() {
    let bench = bench();
    cut_short(&bench);
    bench.write("world", "half\n");
    let stopped = bench.windlass(&["resume", "latest"]).exits(8);
    assert!(stopped.stderr.contains("part of it is there (half)"), "{}", stopped.stderr);
    let shown = bench.windlass(&["show", "latest", "move"]).exits(0);
    assert!(shown.stdout.contains("part of it is there (half)"), "{}", shown.stdout);
    bench.windlass(&["resume", "latest"]).exits(8);
    assert_eq!(bench.ledger("ledger"), ["started"]);
    // The operator clears it away by hand, and has nothing to say to anybody.
    bench.write("world", "absent\n");
    bench.windlass(&["resume", "latest"]).exits(0);
    assert_eq!(bench.ledger("ledger"), ["started", "started"]);
}

#[test]
fn what_no_state_describes_is_a_doubt_and_never_absent() {
    let bench = bench();
    cut_short(&bench);
    bench.write("world", "elsewhere\n");
    bench.windlass(&["resume", "latest"]).exits(8);
    assert_eq!(bench.state_of("move"), "in_doubt");
    assert_eq!(bench.ledger("ledger"), ["started"]);
}

#[test]
fn what_is_done_before_the_first_start_is_found_done() {
    let bench = bench();
    bench.write("world", "done\n");
    bench.windlass(&["run", "book.yaml"]).exits(0);
    assert_eq!(bench.ledger("ledger"), [""; 0]);
    assert_eq!(bench.ledger("seen"), ["7"]);
}

#[test]
fn a_bad_end_that_has_changed_nothing_is_tried_again() {
    let bench = Bench::new();
    bench.write(
        "book.yaml",
        r#"
windlass: 1
name: retried
steps:
  move:
    run: [sh, -c, 'echo started >> "$HERE/ledger"; test "$(wc -l < "$HERE/ledger")" -ge 2 && echo done > "$HERE/world"']
    retry: {attempts: 3, delay: 0s}
    probe:
      run: [cat, world]
      states: {done: out.stdout == 'done', absent: out.stdout == 'absent'}
"#,
    );
    bench.write("world", "absent\n");
    bench.windlass(&["run", "book.yaml"]).exits(0);
    assert_eq!(bench.ledger("ledger"), ["started", "started"]);
}

#[test]
fn a_sweep_is_repeated_until_it_finds_nothing_twice_in_a_row() {
    let bench = Bench::new();
    bench.write(
        "book.yaml",
        r#"
windlass: 1
name: swept
steps:
  sweep:
    effect: idempotent
    run: [sh, -c, 'echo pass >> "$HERE/ledger"; head -n 1 "$HERE/left"; sed -i 1d "$HERE/left"']
    repeat: {until: out.stdout == '0', consecutive: 2, every: 0s, max: 9}
"#,
    );
    bench.write("left", "3\n0\n1\n0\n0\n5\n");
    bench.windlass(&["run", "book.yaml"]).exits(0);
    assert_eq!(bench.ledger("ledger").len(), 5);
}

#[test]
fn a_repair_that_people_do_is_asked_of_them_and_gone_on_with_after_their_answer() {
    let bench = bench();
    let by_hand = r#"          repair:
            - manual: {instructions: "Set the home of {{ params.who }} by hand."}
"#;
    let book = STEP.replace("          repair:\n", by_hand);
    let book = book.replace("steps:\n  move", "params: {who: {default: alice}}\nsteps:\n  move");
    bench.write("book.yaml", &book);
    bench.write("world", "stranded\n");
    let waits = bench.windlass(&["run", "book.yaml"]).exits(3);
    assert!(waits.stderr.contains("Set the home of alice by hand."), "{}", waits.stderr);
    bench.windlass(&["approve", "latest", "move"]).exits(0);
    assert!(bench.ledger("ledger").is_empty(), "nobody goes on with it before the resume");
    bench.windlass(&["resume", "latest"]).exits(0);
    assert_eq!(bench.ledger("ledger"), ["repaired"]);
    assert_eq!(bench.ledger("seen"), ["7"]);
}

#[test]
fn a_repair_that_people_have_refused_is_a_doubt_until_it_is_found_done() {
    let bench = bench();
    let book = STEP.replace(
        r#"- {effect: idempotent, run: [sh, -c, 'echo repaired >> "$HERE/ledger"; echo done > "$HERE/world"']}"#,
        "- manual: {instructions: Set its home by hand.}",
    );
    bench.write("book.yaml", &book);
    bench.write("world", "stranded\n");
    bench.windlass(&["run", "book.yaml"]).exits(3);
    bench.windlass(&["reject", "latest", "move", "--because", "no rights"]).exits(0);
    let status = bench.status();
    assert_eq!(status["state"], "in_doubt", "{status:#}");
    assert!(status["tasks"][0]["reason"].as_str().unwrap().ends_with(": no rights"), "{status:#}");
    // How far they came is not known: nobody is asked to begin anew.
    bench.windlass(&["resume", "latest"]).exits(8);
    bench.write("world", "done\n");
    bench.windlass(&["resume", "latest"]).exits(0);
    assert!(bench.ledger("ledger").is_empty());
}
