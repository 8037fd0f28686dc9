//! KB842101: a clone becomes a merge, and the article's own repair loses mail.

use crate::bench::{Bench, text};

const ORGANISATIONS: &[&str] = &["--layout", "organisations"];

#[test]
fn without_a_fault_no_naive_runbook_loses_or_doubles_anything() {
    for runbook in
        ["clone-organisation.yaml", "clone-after-repair.yaml", "clone-without-waiting.yaml"]
    {
        let bench = Bench::with(ORGANISATIONS);
        let run = bench.run_all(runbook);
        assert!(run.status.success(), "{runbook}: {}", text(&run.stderr));
        let audit = bench.audit();
        assert_eq!(audit["clean"], true, "{runbook}: {audit:#}");
        assert_eq!(bench.maillab(&["account", "show", "alice"])["cut_over"], true);
    }
}

#[test]
fn a_wizard_that_is_cancelled_and_tried_again_doubles_what_it_had_cloned() {
    let bench = Bench::with(ORGANISATIONS);
    bench.maillab(&["fault", "wizard-cancelled", "--mailbox", "bob"]);
    let run = bench.run_all("clone-organisation.yaml");
    assert!(run.status.success(), "{}", text(&run.stderr));
    let audit = bench.audit();
    assert_eq!((&audit["double"], &audit["lost"]), (&5.into(), &0.into()), "{audit:#}");
}

#[test]
fn mail_before_the_clone_is_enough_to_lose_the_rules() {
    let bench = Bench::with(ORGANISATIONS);
    bench.maillab(&["fault", "mail-before-clone", "--mailbox", "alice"]);
    let run = bench.run_all("clone-organisation.yaml");
    assert!(run.status.success(), "{}", text(&run.stderr));
    assert_eq!(bench.audit()["rules"], 1, "{}", bench.audit());
}

#[test]
fn the_repair_of_the_article_loses_what_was_delivered_meanwhile() {
    let bench = Bench::with(ORGANISATIONS);
    bench.maillab(&["fault", "mail-before-clone", "--mailbox", "alice"]);
    bench.maillab(&["fault", "wizard-cancelled", "--mailbox", "bob"]);
    let run = bench.run_all("clone-after-repair.yaml");
    assert!(run.status.success(), "{}", text(&run.stderr));
    let audit = bench.audit();
    assert_eq!((&audit["accepted"], &audit["lost"]), (&11.into(), &1.into()), "{audit:#}");
}

#[test]
fn a_replication_that_has_not_finished_makes_duplicates() {
    let bench = Bench::with(ORGANISATIONS);
    bench.maillab(&["wizard", "--clone"]);
    bench.maillab(&["account", "replicate"]);
    bench.maillab(&["fault", "slow-replication", "--mailbox", "alice"]);
    let run = bench.run_all("clone-without-waiting.yaml");
    assert!(!run.status.success(), "{}", text(&run.stderr));
    let shown = bench.maillab(&["account", "show", "alice"]);
    assert_eq!(
        (&shown["state"], &shown["accounts"][0]["name"]),
        (&"duplicated".into(), &"alice-1".into())
    );
    let findings = bench.audit()["findings"].to_string();
    assert!(findings.contains("its account `alice-1` is a duplicate"), "{findings}");
}

/// Runs the shipped runbook, which must end well and leave everything in order.
#[track_caller]
fn ours_is_clean(bench: &Bench, what: &str) -> String {
    let parameters = [r#"mailboxes=["alice","bob"]"#, "source=old", "target=new"];
    let run = bench.run_shipped("clone-organisation.yaml", &parameters);
    let said = text(&run.stderr);
    assert!(run.status.success(), "{what}: {said}");
    assert_eq!(bench.audit()["clean"], true, "{what}: {}", bench.audit());
    said
}

#[test]
fn the_runbook_that_is_shipped_loses_nothing_under_any_fault() {
    for fault in ["wizard-cancelled", "mail-before-clone", "slow-replication"] {
        for mailbox in ["alice", "bob"] {
            let bench = Bench::with(ORGANISATIONS);
            bench.maillab(&["fault", fault, "--mailbox", mailbox]);
            ours_is_clean(&bench, fault);
            let armed = bench.maillab(&["fault", "--list"]).to_string();
            assert!(
                !armed.contains(&format!("\"armed_for\":[\"{mailbox}\"]")),
                "{fault} did not strike"
            );
        }
    }
}

#[test]
fn the_runbook_that_is_shipped_brings_in_order_what_an_earlier_attempt_has_left() {
    let attempts: [&[&[&str]]; 6] = [
        // Cancelled, and mail for both kinds of accounts.
        &[&["deliver", "alice", "--count", "2"], &["deliver", "bob"]],
        &[&["account", "log-on", "bob"]],
        // Merged already.
        &[&["deliver", "alice"], &["wizard", "--clone"]],
        // The deletion has not replicated, and the name is taken.
        &[&["account", "replicate"], &["account", "delete", "alice"]],
        &[
            &["account", "replicate"],
            &["account", "delete", "alice"],
            &["wizard", "--clone"],
            &["deliver", "alice"],
        ],
        // The deletion has not replicated, and mail has come to what the other controller still knows.
        &[&["account", "replicate"], &["account", "delete", "alice"], &["deliver", "alice"]],
    ];
    for (n, attempt) in attempts.iter().enumerate() {
        let bench = Bench::with(ORGANISATIONS);
        bench.maillab(&["account", "create", "bob"]);
        bench.maillab(&["wizard", "--clone", "alice"]);
        for command in *attempt {
            bench.maillab(command);
        }
        bench.maillab(&["fault", "slow-replication", "--mailbox", "alice"]);
        ours_is_clean(&bench, &format!("attempt {n}"));
    }
}

#[test]
fn the_runbook_that_is_shipped_loses_nothing_of_a_stream_of_mail() {
    for fault in ["wizard-cancelled", "slow-replication"] {
        let bench = Bench::with(ORGANISATIONS);
        let stream = bench.stream();
        // What a cancelled wizard has left gets mail too.
        bench.maillab(&["wizard", "--clone", "alice"]);
        bench.maillab(&["account", "create", "bob"]);
        bench.maillab(&["fault", fault]);
        ours_is_clean(&bench, fault);
        stream.stop();
        let audit = bench.audit();
        assert_eq!(audit["clean"], true, "{fault}: {audit:#}");
        assert!(audit["accepted"].as_u64().unwrap() > 10, "{audit:#}");
    }
}
