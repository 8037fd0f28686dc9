//! Tools that say less than they should: exit codes that are trusted, items that are skipped, records that expire, and mail that
//! comes before anybody has looked.

use crate::bench::{Bench, text};

/// Runs a naive runbook with this fault armed for `alice`; returns whether the run succeeded, and the audit.
fn run_with(fault: &str, runbook: &str) -> (bool, serde_json::Value) {
    let bench = Bench::new();
    bench.maillab(&["fault", fault, "--mailbox", "alice"]);
    let run = bench.run(runbook);
    let audit = bench.audit();
    assert!(audit["findings"].is_array(), "{}", text(&run.stderr));
    (run.status.success(), audit)
}

#[test]
fn what_a_move_reports_is_no_proof_that_the_mail_is_there() {
    for (fault, kind) in [("missing-mail", "lost"), ("rewritten-headers", "damaged")] {
        let (succeeded, audit) = run_with(fault, "server-to-server-move.yaml");
        assert!(succeeded, "{fault}: a runbook that looks only at the place notices nothing");
        assert_eq!(audit[kind], 1, "{fault}: {audit:#}");
    }
}

#[test]
fn an_item_that_is_skipped_is_lost() {
    let innocent = Bench::new();
    assert!(innocent.run("skipped-items.yaml").status.success());
    assert_eq!(innocent.audit()["clean"], true);
    let (succeeded, audit) = run_with("corrupt-item", "skipped-items.yaml");
    assert!(succeeded);
    assert_eq!(audit["lost"], 1, "{audit:#}");
}

#[test]
fn a_mailbox_is_lost_when_the_record_of_its_move_has_expired_and_it_is_moved_again() {
    let innocent = Bench::new();
    assert!(innocent.run("status-asked.yaml").status.success());
    assert_eq!(innocent.audit()["clean"], true);
    assert_eq!(
        run_with("wrong-server-sync", "status-asked.yaml").1["lost"],
        0,
        "a record is there"
    );
    assert_eq!(run_with("status-expired", "status-asked.yaml").1["lost"], 5);
}

#[test]
fn a_retry_loses_what_has_come_between_the_crash_and_it_too() {
    let (_, audit) = run_with("mail-after-crash", "retried-move.yaml");
    assert_eq!((&audit["accepted"], &audit["lost"]), (&11.into(), &6.into()), "{audit:#}");
}

#[test]
fn a_busy_server_is_the_one_case_that_a_plain_retry_is_right_for() {
    let (succeeded, audit) = run_with("throttled", "retried-move.yaml");
    assert!(succeeded);
    assert_eq!(audit["clean"], true, "{audit:#}");
}

#[test]
fn the_runbook_that_is_shipped_sweeps_what_came_between_the_crash_and_the_repair() {
    let bench = Bench::new();
    bench.maillab(&["fault", "mail-after-crash", "--mailbox", "alice"]);
    let run = bench.run_ours();
    assert!(run.status.success(), "{}", text(&run.stderr));
    let audit = bench.audit();
    assert_eq!((&audit["accepted"], &audit["clean"]), (&11.into(), &true.into()), "{audit:#}");
}

#[test]
fn the_runbook_that_is_shipped_does_not_take_a_success_for_proof() {
    for fault in ["missing-mail", "rewritten-headers", "rca-cycle"] {
        let bench = Bench::new();
        bench.maillab(&["fault", fault, "--mailbox", "alice"]);
        let run = bench.run_ours();
        assert!(!run.status.success(), "{fault}: the verification finds it");
    }
}

#[test]
fn a_run_of_the_runbook_that_is_shipped_never_succeeds_over_a_fault_that_the_audit_sees() {
    let listed = Bench::new().maillab(&["fault", "--list"]);
    let of_moves = listed.as_array().unwrap().iter().filter(|fault| fault["operation"] == "move");
    let mut struck = 0;
    for fault in of_moves.map(|fault| fault["name"].as_str().unwrap()) {
        let bench = Bench::new();
        bench.maillab(&["fault", fault, "--mailbox", "alice"]);
        let mut run = bench.run_ours();
        if !run.status.success() {
            run = bench.resume();
        }
        let audit = bench.audit();
        let (succeeded, clean) = (run.status.success(), audit["clean"] == true);
        assert!(!succeeded || clean, "{fault}: {audit:#}\n{}", text(&run.stderr));
        // The mover itself has dropped it, before anybody could look.
        let lost = if fault == "missing-mail" { 1 } else { 0 };
        assert_eq!((&audit["lost"], &audit["double"]), (&lost.into(), &0.into()), "{fault}");
        struck += 1;
    }
    assert!(struck > 10, "{struck}");
}
