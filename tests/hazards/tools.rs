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
fn the_runbook_that_is_shipped_brings_back_what_a_successful_move_has_dropped() {
    for fault in ["missing-mail", "rewritten-headers"] {
        let bench = Bench::new();
        bench.maillab(&["fault", fault, "--mailbox", "alice"]);
        let run = bench.run_ours();
        assert!(run.status.success(), "{fault}: {}", text(&run.stderr));
        assert_eq!(bench.audit()["clean"], true, "{fault}: {:#}", bench.audit());
        let archive = bench.archive("alice");
        let again = bench.maillab(&["recover", "alice", "--from", &archive]);
        assert_eq!(again["messages"], 0, "{fault}: nothing is brought twice");
    }
}

#[test]
fn the_runbook_that_is_shipped_comes_to_its_end_under_every_fault_of_a_move() {
    let listed = Bench::new().maillab(&["fault", "--list"]);
    let of_moves = listed.as_array().unwrap().iter().filter(|fault| fault["operation"] == "move");
    let mut struck = 0;
    for fault in of_moves.map(|fault| fault["name"].as_str().unwrap()) {
        let bench = Bench::with(&["--service-pack", "3"]);
        bench.maillab(&["fault", fault, "--mailbox", "alice"]);
        let mut run = bench.run_ours();
        if fault == "second-admin" {
            assert_eq!(run.status.code(), Some(8), "what somebody else has changed is for people");
            bench.decide(&["rca", "--as", "absent", "--because", "no home was reset"]);
            run = bench.resume();
        }
        assert!(run.status.success(), "{fault}: {}", text(&run.stderr));
        assert_eq!(bench.audit()["clean"], true, "{fault}: {:#}", bench.audit());
        let armed = bench.maillab(&["fault", "--list"]).to_string();
        assert!(!armed.contains("\"armed_for\":[\"alice\"]"), "{fault} did not strike");
        struck += 1;
    }
    assert!(struck > 10, "{struck}");
}
