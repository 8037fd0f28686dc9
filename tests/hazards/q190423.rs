//! Q190423: mail that is delivered to the old system after the migration stays there.

use serde_json::Value;

use crate::bench::{Bench, text};

const POSTOFFICE: &[&str] = &["--layout", "postoffice"];
const RUNBOOK: &str = "migrate-postoffice.yaml";

#[test]
fn without_a_fault_the_naive_runbook_loses_nothing() {
    let bench = Bench::with(POSTOFFICE);
    let run = bench.run_all(RUNBOOK);
    assert!(run.status.success(), "{}", text(&run.stderr));
    assert_eq!(bench.audit()["clean"], true, "{}", bench.audit());
    assert_eq!(bench.maillab(&["postoffice", "routes"])["all_at_target"], true);
}

#[test]
fn a_message_that_comes_after_the_extraction_is_lost_and_the_run_succeeds() {
    let bench = Bench::with(POSTOFFICE);
    bench.maillab(&["fault", "late-mail", "--mailbox", "alice"]);
    let run = bench.run_all(RUNBOOK);
    assert!(run.status.success(), "{}", text(&run.stderr));
    let audit = bench.audit();
    assert_eq!((&audit["accepted"], &audit["lost"]), (&11.into(), &1.into()), "{audit:#}");
    bench.maillab(&["postoffice", "restore"]);
    assert_eq!(bench.maillab(&["postoffice", "show", "alice"])["late_in_restored"], 0);
}

#[test]
fn an_extraction_that_is_tried_again_doubles_what_it_had_copied() {
    let bench = Bench::with(POSTOFFICE);
    bench.maillab(&["fault", "extraction-dies", "--mailbox", "alice"]);
    let run = bench.run_all(RUNBOOK);
    assert!(run.status.success(), "{}", text(&run.stderr));
    let audit = bench.audit();
    assert_eq!((&audit["double"], &audit["lost"]), (&1.into(), &0.into()), "{audit:#}");
}

/// Runs the shipped runbook, which must end well and leave everything in order.
#[track_caller]
fn ours_is_clean(bench: &Bench, what: &str) {
    let parameters = [r#"mailboxes=["alice","bob"]"#, "target=new", "canary=alice", "retire=true"];
    let run = bench.run_shipped("migrate-postoffice.yaml", &parameters);
    assert!(run.status.success(), "{what}: {}", text(&run.stderr));
    assert_eq!(bench.audit()["clean"], true, "{what}: {}", bench.audit());
    assert_eq!(bench.maillab(&["postoffice", "show", "bob"])["at_postoffice"], Value::Null);
}

#[test]
fn the_runbook_that_is_shipped_loses_nothing_under_any_fault() {
    for fault in ["late-mail", "extraction-dies", "route-stays"] {
        let bench = Bench::with(POSTOFFICE);
        bench.maillab(&["fault", fault]);
        ours_is_clean(&bench, fault);
        let armed = bench.maillab(&["fault", "--list"]).to_string();
        assert!(!armed.contains("\"armed_for\":[null]"), "{fault} did not strike");
    }
}

#[test]
fn the_runbook_that_is_shipped_goes_on_where_another_one_has_stopped() {
    let earlier: [&[&[&str]]; 4] = [
        &[&["postoffice", "extract"], &["deliver", "alice", "--count", "2"]],
        &[&["postoffice", "extract", "alice"], &["deliver", "bob", "--sender-class", "stale-list"]],
        &[
            &["postoffice", "route", "internal", "new"],
            &["deliver", "alice", "--sender-class", "internal"],
        ],
        // Deleted before it was extracted, with a backup made in time.
        &[&["deliver", "bob"], &["postoffice", "backup"], &["postoffice", "delete", "bob"]],
    ];
    for (n, commands) in earlier.iter().enumerate() {
        let bench = Bench::with(POSTOFFICE);
        for command in *commands {
            bench.maillab(command);
        }
        ours_is_clean(&bench, &format!("attempt {n}"));
    }
}

#[test]
fn the_runbook_that_is_shipped_loses_nothing_of_a_stream_of_mail() {
    for fault in ["extraction-dies", "route-stays"] {
        let bench = Bench::with(POSTOFFICE);
        let stream = bench.stream();
        bench.maillab(&["fault", fault]);
        ours_is_clean(&bench, fault);
        stream.stop();
        let audit = bench.audit();
        assert_eq!(audit["clean"], true, "{fault}: {audit:#}");
        assert!(audit["accepted"].as_u64().unwrap() > 10 + 4, "{audit:#}");
    }
}
