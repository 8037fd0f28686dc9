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

/// Ways in which `alice` comes to be stranded, and mail that comes to her afterwards.
const STRANDED: &[&[&[&str]]] = &[
    &[&["fault", "wrong-server-sync"], &["move", "alice", "--to", "new"], &["deliver", "alice"]],
    &[&["fault", "mail-after-crash"], &["move", "alice", "--to", "new"], &["drain"]],
    &[&["fault", "status-expired"], &["move", "alice", "--to", "new"]],
    &[&["fault", "stale-row"], &["move", "alice", "--to", "new"], &["deliver", "alice"]],
    // The home was reset by a cycle of the Recipient Connection Agreement; the mail for it waits in the queue.
    &[&["fault", "rca-cycle"], &["move", "alice", "--to", "new"], &["deliver", "alice"]],
];

const RECOVERY: &str = "recover-stranded-move.yaml";
const OF_ALICE: &[&str] = &[r#"mailboxes=["alice"]"#, "source=old", "target=new"];

#[test]
fn the_recovery_puts_the_directory_right_and_keeps_the_mail_that_came_to_the_source() {
    for (n, commands) in STRANDED.iter().enumerate() {
        let bench = Bench::new();
        commands.iter().for_each(|command| bench.attempt(command));
        assert_eq!(bench.audit()["clean"], false, "case {n} is stranded");
        let run = bench.run_shipped(RECOVERY, OF_ALICE);
        assert!(run.status.success(), "case {n}: {}", text(&run.stderr));
        assert_eq!(bench.audit()["clean"], true, "case {n}: {:#}", bench.audit());
        assert_eq!(bench.maillab(&["locate", "alice"])["home"], "new");
    }
}

#[test]
fn the_recovery_refuses_what_is_not_stranded_and_changes_nothing() {
    let cases: [&[&[&str]]; 2] =
        [&[], &[&["fault", "dies-copying"], &["move", "alice", "--to", "new"]]];
    for (n, commands) in cases.iter().enumerate() {
        let bench = Bench::new();
        commands.iter().for_each(|command| bench.attempt(command));
        let before = bench.audit();
        let run = bench.run_shipped(RECOVERY, OF_ALICE);
        assert_eq!(run.status.code(), Some(1), "case {n}: {}", text(&run.stderr));
        assert!(text(&run.stderr).contains("Q252869"), "{}", text(&run.stderr));
        assert_eq!(bench.audit(), before, "case {n}");
    }
}
