//! Q190423: mail that arrives on the postoffice after the extraction stays there, unless somebody looks for it.

use serde_json::{Value, json};

use crate::lab::{Lab, kill_after};

const CLASSES: [&str; 4] = ["internal", "external", "other-postoffice", "stale-list"];

/// A postoffice with two mailboxes of three messages.
fn lab() -> Lab {
    Lab::init(&["--mailboxes", "2", "--messages", "3", "--layout", "postoffice"])
}

fn show(lab: &Lab) -> Value {
    lab.json(&["postoffice", "show", "alice"])
}

fn reroute_all(lab: &Lab) {
    for class in CLASSES {
        lab.json(&["postoffice", "route", class, "new"]);
    }
}

#[test]
fn an_extraction_takes_everything_and_leaves_the_postoffice_as_it_was() {
    let lab = lab();
    assert_eq!(show(&lab)["state"], "not_begun");
    assert_eq!(lab.json(&["postoffice", "extract"])["messages"], 6);
    let shown = show(&lab);
    assert_eq!(
        (&shown["state"], &shown["at_postoffice"], &shown["at_target"], &shown["late"]),
        (&json!("extracted"), &json!(3), &json!(3), &json!(0))
    );
    lab.assert_clean();
}

#[test]
fn each_class_of_senders_goes_on_to_find_the_postoffice_until_its_own_table_is_changed() {
    let lab = lab();
    lab.json(&["postoffice", "extract"]);
    for (n, class) in CLASSES.iter().enumerate() {
        for class in CLASSES {
            lab.json(&["deliver", "alice", "--sender-class", class]);
        }
        assert_eq!(show(&lab)["late"], 4 - n);
        assert_eq!(lab.audit()["stranded"], 4 - n);
        assert_eq!(lab.json(&["postoffice", "sweep", "alice"])["messages"], 4 - n);
        lab.assert_clean();
        lab.json(&["postoffice", "route", class, "new"]);
    }
    assert_eq!(lab.json(&["postoffice", "routes"])["all_at_target"], true);
    assert_eq!(lab.json(&["postoffice", "canary", "alice"])["all_at_target"], true);
    assert_eq!(lab.json(&["postoffice", "sweep", "alice"])["messages"], 0);
}

#[test]
fn only_a_canary_finds_a_route_that_was_changed_without_effect() {
    let lab = lab();
    lab.json(&["postoffice", "extract"]);
    lab.json(&["fault", "route-stays"]);
    reroute_all(&lab);
    let flown = lab.json(&["postoffice", "canary", "alice"]);
    assert_eq!(flown["all_at_target"], false);
    assert_eq!(flown["arrived"]["internal"], "old");
    assert_eq!(flown["arrived"]["stale-list"], "new");
    assert_eq!(lab.audit()["stranded"], 1);
    reroute_all(&lab);
    assert_eq!(lab.json(&["postoffice", "canary", "alice"])["all_at_target"], true);
    lab.json(&["postoffice", "sweep"]);
    lab.assert_clean();
    lab.json(&["fault", "route-stays"]);
    let back = ["postoffice", "route", "external", "old", "--canary", "alice"];
    let said = lab.fails(1, &back);
    assert!(said.contains("arrived at `new`"), "{said}");
    assert!(lab.run(&back).status.success());
}

#[test]
fn a_second_extraction_doubles_what_was_there_and_a_sweep_does_not() {
    let lab = lab();
    lab.json(&["postoffice", "extract"]);
    lab.json(&["deliver", "alice", "--count", "2"]);
    assert_eq!(lab.json(&["postoffice", "sweep", "alice"])["messages"], 2);
    assert_eq!(lab.json(&["postoffice", "sweep", "alice"])["messages"], 0);
    lab.assert_clean();
    lab.json(&["postoffice", "extract", "alice"]);
    assert_eq!(lab.audit()["double"], 3 + 2);
}

#[test]
fn an_extraction_that_is_killed_at_any_border_is_finished_by_a_sweep() {
    let mut states = Vec::new();
    for borders in 1.. {
        let lab = lab();
        if kill_after(&lab, &["postoffice", "extract", "alice"], borders).is_none() {
            break;
        }
        states.push(show(&lab)["state"].clone());
        kill_after(&lab, &["postoffice", "sweep", "alice"], borders);
        lab.json(&["deliver", "alice"]);
        lab.json(&["postoffice", "sweep", "alice"]);
        assert_eq!(show(&lab)["state"], "extracted");
        lab.assert_clean();
    }
    states.dedup();
    assert_eq!(states, ["half_extracted", "extracted"]);
    let lab = lab();
    assert!(lab.fails(3, &["postoffice", "sweep", "alice"]).contains("never extracted"));
    lab.json(&["fault", "extraction-dies", "--mailbox", "alice"]);
    lab.fails(1, &["postoffice", "extract", "alice"]);
    lab.json(&["postoffice", "extract", "alice"]);
    assert_eq!(lab.audit()["double"], 1);
}

#[test]
fn what_was_late_when_the_mailbox_was_deleted_is_lost_or_in_a_backup_that_was_made_in_time() {
    for (in_time, late) in [(false, 0), (true, 2)] {
        let lab = lab();
        if !in_time {
            lab.json(&["postoffice", "backup"]);
        }
        lab.json(&["postoffice", "extract"]);
        lab.json(&["deliver", "alice", "--count", "2"]);
        if in_time {
            lab.json(&["postoffice", "backup"]);
        }
        let said = lab.fails(3, &["postoffice", "delete", "alice", "--only-swept"]);
        assert!(said.contains("2 of its messages are not at the new server"), "{said}");
        lab.json(&["postoffice", "delete", "alice"]);
        assert_eq!(lab.audit()["lost"], 2);
        assert_eq!(show(&lab)["at_postoffice"], Value::Null);
        lab.fails(1, &["postoffice", "extract", "alice"]);

        lab.json(&["postoffice", "restore"]);
        assert_eq!(show(&lab)["late_in_restored"], late);
        let swept = lab.json(&["postoffice", "sweep", "alice", "--from-restored"]);
        assert_eq!(swept["messages"], late);
        assert_eq!((&lab.audit()["lost"], &lab.audit()["rules"]), (&json!(2 - late), &json!(0)));
    }
    let said = lab().fails(1, &["postoffice", "restore"]);
    assert!(said.contains("no backup of the postoffice"), "{said}");
}

#[test]
fn mail_for_a_deleted_mailbox_is_returned_and_never_accepted() {
    let lab = lab();
    lab.json(&["postoffice", "extract"]);
    let said = lab.fails(3, &["postoffice", "delete", "alice", "--only-swept"]);
    assert!(said.contains("still find it"), "{said}");
    lab.json(&["postoffice", "delete", "alice"]);
    assert_eq!(lab.json(&["deliver", "alice"]), json!({"stored": 0, "queued": 0, "returned": 1}));
    assert_eq!(lab.json(&["postoffice", "canary", "alice"])["arrived"]["external"], "(returned)");
    reroute_all(&lab);
    assert_eq!(lab.json(&["deliver", "alice"])["stored"], 1);
    lab.json(&["postoffice", "delete", "alice", "--only-swept"]);
    lab.assert_clean();
}

#[test]
fn a_stream_of_mail_comes_from_every_class_to_every_mailbox() {
    let lab = lab();
    lab.json(&["drip", "--count", "8", "--every", "0s"]);
    for mailbox in ["alice", "bob"] {
        let ledger = std::fs::read_to_string(lab.root().join(format!("ledger/{mailbox}.jsonl")));
        let ledger = ledger.unwrap();
        let arrived: Vec<_> = ledger.lines().skip(3).collect();
        for class in ["internal", "external", "other_postoffice", "stale_list"] {
            let found = arrived.iter().filter(|line| line.contains(&format!("\"{class}\"")));
            assert_eq!(found.count(), 1, "{mailbox} {class}");
        }
    }
}
