//! Q252869: a move that is tried again deletes the mailbox.

use crate::bench::{Bench, text};

const RUNBOOK: &str = "retried-move.yaml";

#[test]
fn without_a_fault_the_naive_runbook_loses_nothing() {
    let bench = Bench::new();
    let run = bench.run(RUNBOOK);
    assert!(run.status.success(), "{}", text(&run.stderr));
    let audit = bench.audit();
    assert_eq!(audit["clean"], true, "{audit:#}");
    assert_eq!(bench.maillab(&["locate", "alice"])["home"], "new");
}

#[test]
fn with_a_fault_armed_the_second_attempt_loses_the_whole_mailbox() {
    for fault in ["wrong-server-sync", "dies-copying"] {
        let bench = Bench::new();
        bench.maillab(&["fault", fault, "--mailbox", "alice"]);
        let run = bench.run(RUNBOOK);
        assert!(!run.status.success(), "{fault}: {}", text(&run.stderr));
        let audit = bench.audit();
        assert_eq!(audit["lost"], 5, "{fault}: {audit:#}");
        assert_eq!(audit["accepted"], 10);
    }
}

#[test]
fn the_runbook_that_is_shipped_finishes_what_was_begun_and_loses_nothing() {
    for fault in ["dies-copying", "wrong-server-sync", "stale-row"] {
        let bench = Bench::new();
        bench.maillab(&["fault", fault, "--mailbox", "alice"]);
        let run = bench.run_ours();
        assert!(run.status.success(), "{fault}: {}", text(&run.stderr));
        let told = text(&run.stderr);
        assert!(told.contains("repairing"), "{fault} did not strike: {told}");
        assert_eq!(bench.audit()["clean"], true, "{fault}: {}", bench.audit());
    }
}
