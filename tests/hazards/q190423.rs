//! Q190423: mail that is delivered to the old system after the migration stays there.

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
