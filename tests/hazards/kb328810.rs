//! KB328810: the homes that are reset, the move back, the log, the antivirus program, the adjuster, the removed server, and what
//! is changed for a time by hand.

use crate::bench::{Bench, text};
use crate::operator;

/// Runs a naive runbook without any fault, and fails unless nothing is wrong afterwards.
fn assert_innocent(runbook: &str) {
    let bench = Bench::new();
    let run = bench.run(runbook);
    assert!(run.status.success(), "{runbook}: {}", text(&run.stderr));
    assert_eq!(bench.audit()["clean"], true, "{runbook}: {:#}", bench.audit());
}

/// Runs a naive runbook with a fault armed, and fails unless all of `alice` is lost.
fn assert_loses_the_mailbox(bench: &Bench, runbook: &str) {
    let run = bench.run(runbook);
    let audit = bench.audit();
    assert_eq!(audit["lost"], 5, "{runbook}: {audit:#}\n{}", text(&run.stderr));
}

/// A laboratory with this fault armed for `alice`.
fn with_fault(fault: &str) -> Bench {
    let bench = Bench::new();
    bench.maillab(&["fault", fault, "--mailbox", "alice"]);
    bench
}

#[test]
fn a_mailbox_whose_home_was_reset_is_lost_when_it_is_moved_again() {
    assert_innocent("moved-again.yaml");
    assert_loses_the_mailbox(&with_fault("rca-cycle"), "moved-again.yaml");

    let resting = with_fault("rca-cycle");
    resting.maillab(&["rca", "set", "never"]);
    assert!(resting.run("moved-again.yaml").status.success());
    assert_eq!(resting.audit()["lost"], 0, "with the schedule `never` there is no hazard");
}

#[test]
fn a_mailbox_that_is_moved_back_after_a_problem_is_lost() {
    assert_innocent("moved-back.yaml");
    assert_loses_the_mailbox(&with_fault("wrong-server-sync"), "moved-back.yaml");
}

#[test]
fn a_move_that_the_log_drive_or_a_scanner_has_stopped_is_lost_when_it_is_tried_again() {
    assert_innocent("retried-move.yaml");
    assert_loses_the_mailbox(&Bench::without_log_space(), "retried-move.yaml");
    assert_loses_the_mailbox(&with_fault("scanner-holds-message"), "retried-move.yaml");

    let unguarded = with_fault("scanner-holds-message");
    unguarded.maillab(&["antivirus", "set", "off"]);
    assert!(unguarded.run("retried-move.yaml").status.success());
    assert_eq!(unguarded.audit()["lost"], 0, "without the program there is no hazard");
}

#[test]
fn what_has_moved_under_circular_logging_is_lost_with_the_database() {
    for (runbook, lost) in [("circular-logging.yaml", 5), ("moved-again.yaml", 0)] {
        let bench = Bench::new();
        bench.maillab(&["full-backup", "new"]);
        assert!(bench.run(runbook).status.success());
        let left_on = bench.audit()["setting"].clone();
        assert_eq!(left_on == 1, lost > 0, "the audit asks for it even without a disaster");
        bench.maillab(&["restore", "new"]);
        assert_eq!(bench.audit()["lost"], lost, "{runbook}");
    }
}

#[test]
fn the_adjuster_with_every_box_makes_a_stale_row_the_home() {
    assert_innocent("every-box.yaml");
    assert_loses_the_mailbox(&with_fault("stale-row"), "every-box.yaml");
}

#[test]
fn a_server_that_is_removed_before_its_users_have_logged_on_locks_them_out() {
    let (all, runbook) = (["alice", "bob"], "removed-server.yaml");
    let bench = Bench::new();
    assert!(bench.run_on(&all, runbook, &[]).status.success());
    assert_eq!(bench.audit()["access"], 2, "{:#}", bench.audit());

    let patient = Bench::new();
    patient.run_on(&all, runbook, &["--until", "mailboxes"]);
    all.iter().for_each(|user| drop(patient.maillab(&["profile", user])));
    let resumed = patient.resume();
    assert!(resumed.status.success(), "{}", text(&resumed.stderr));
    assert_eq!(patient.audit()["clean"], true, "{:#}", patient.audit());
}

#[test]
fn a_temporary_change_by_hand_is_left_behind_or_undone_by_somebody_else() {
    assert_innocent("settings-by-hand.yaml");
    let failed = with_fault("wrong-server-sync");
    failed.run("settings-by-hand.yaml");
    assert_eq!(failed.audit()["setting"], 1, "the schedule stays `never`");

    let meddled = with_fault("second-admin");
    meddled.maillab(&["fault", "rca-cycle", "--mailbox", "bob"]);
    meddled.run_on(&["alice", "bob"], "settings-by-hand.yaml", &[]);
    let audit = meddled.audit();
    assert_eq!(audit["lost"], 5, "{audit:#}");
}

#[test]
fn the_runbook_that_is_shipped_keeps_the_schedule_at_never_until_the_directories_agree() {
    let bench = with_fault("rca-cycle");
    let run = bench.run_ours();
    assert!(run.status.success(), "{}", text(&run.stderr));
    assert_eq!(bench.audit()["clean"], true, "{:#}", bench.audit());
    // Beside a second administrator, who lets it run again.
    let meddled = with_fault("rca-cycle");
    meddled.maillab(&["fault", "second-admin", "--mailbox", "alice"]);
    let run = meddled.run_ours();
    assert_eq!(run.status.code(), Some(8), "{}", text(&run.stderr));
    let told = text(&run.stderr);
    assert!(told.contains("its probe finds it `stranded`"), "{told}");
    assert_eq!(meddled.audit()["lost"], 0);
    meddled.decide(&["rca", "--as", "absent", "--because", "the homes are right"]);
    let resumed = meddled.resume();
    assert!(resumed.status.success(), "{}", text(&resumed.stderr));
    assert_eq!(meddled.audit()["clean"], true, "{:#}", meddled.audit());
}

#[test]
fn the_runbook_that_is_shipped_uses_circular_logging_only_where_the_log_drive_is_too_small() {
    let small = Bench::without_log_space();
    let refused = small.run_ours_on(r#"["alice"]"#, &["-p", "circular_logging=false"]);
    assert_eq!(refused.status.code(), Some(8), "{}", text(&refused.stderr));
    let findings = small.audit()["findings"].clone();
    assert_eq!(findings.as_array().unwrap().len(), 1, "{findings:#}");
    assert_eq!(findings[0]["key"], "rca", "the schedule is held, and no mailbox was touched");
    for (bench, expected) in [(Bench::without_log_space(), true), (Bench::new(), false)] {
        let run = bench.run_ours();
        assert!(run.status.success(), "{}", text(&run.stderr));
        assert_eq!(bench.audit()["clean"], true, "{:#}", bench.audit());
        let told = text(&run.stderr);
        assert_eq!(told.contains("circular_logging:set"), expected, "{told}");
        // The full backup after the wave is what the server is restored from.
        bench.maillab(&["restore", "new"]);
        assert_eq!(bench.audit()["clean"], true, "{:#}", bench.audit());
    }
}

#[test]
fn the_runbook_that_is_shipped_removes_the_source_only_when_every_user_has_logged_on() {
    let bench = Bench::new();
    let until = bench.run_ours_on(
        r#"["alice", "bob"]"#,
        &["-p", "decommission_source=true", "-p", "users_log_on=true", "--until", "homes"],
    );
    assert_eq!(until.status.code(), Some(5), "{}", text(&until.stderr));
    for user in ["alice", "bob"] {
        bench.maillab(&["profile", user]);
    }
    let resumed = bench.resume();
    assert!(resumed.status.success(), "{}", text(&resumed.stderr));
    assert_eq!(bench.audit()["clean"], true, "{:#}", bench.audit());
    assert!(bench.maillab(&["locate", "alice"])["source"]["exists"] == false);
}

#[test]
fn the_runbook_that_is_shipped_asks_before_the_first_wave_if_that_is_wanted() {
    let bench = Bench::new();
    let run = bench.run_ours_on(r#"["alice"]"#, &["-p", "ask_before_first_wave=true"]);
    assert_eq!(run.status.code(), Some(3), "{}", text(&run.stderr));
    assert_eq!(bench.maillab(&["locate", "alice"])["target"]["exists"], false);
    let status = operator::status(&bench, "latest");
    let answers = status["next"].as_array().unwrap().iter().map(|line| line.as_str().unwrap());
    let go: Vec<&str> = answers.filter(|line| line.starts_with("windlass approve ")).collect();
    assert_eq!(go.len(), 1, "{status:#}");
    assert!(bench.shell(go[0]).status.success(), "{status:#}");
    let resumed = bench.resume();
    assert!(resumed.status.success(), "{}", text(&resumed.stderr));
    assert_eq!(bench.audit()["clean"], true, "{:#}", bench.audit());
}
