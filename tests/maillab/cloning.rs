//! KB842101: a clone that becomes a merge, the article's repair that loses mail, `-1` duplicates, and a way that avoids them.

use serde_json::{Value, json};

use crate::lab::{Lab, kill_after};

const WIZARD: [&str; 4] = ["wizard", "--clone", "alice", "bob"];

/// Two organisations, two mailboxes of three messages in the first of them.
fn lab() -> Lab {
    Lab::init(&["--mailboxes", "2", "--messages", "3", "--layout", "organisations"])
}

fn state(lab: &Lab, mailbox: &str) -> Value {
    lab.json(&["account", "show", mailbox])["state"].clone()
}

fn cut_over_all(lab: &Lab) {
    lab.json(&["account", "replicate"]);
    for mailbox in ["alice", "bob"] {
        lab.json(&["account", "cut-over", mailbox]);
    }
}

/// A wizard that is cancelled when it has cloned `alice` and before it clones `bob`.
fn cancelled() -> Lab {
    let lab = lab();
    lab.json(&["fault", "wizard-cancelled", "--mailbox", "bob"]);
    assert!(lab.fails(1, &WIZARD).contains("cancelled"));
    assert_eq!((state(&lab, "alice"), state(&lab, "bob")), (json!("cloned"), json!("object_only")));
    lab
}

#[test]
fn a_wizard_that_is_not_disturbed_clones_everything_and_leaves_the_source_as_it_was() {
    let lab = lab();
    let source = |lab: &Lab| {
        let mut files = lab.files();
        files.retain(|path, _| path.starts_with("servers/old/mailboxes"));
        files
    };
    let before = source(&lab);
    let archive = lab.json(&["backup", "alice"])["archive"].as_str().unwrap().to_owned();
    let compare = ["account", "compare", "alice", "--against", &archive];
    assert!(lab.fails(1, &compare).contains("`alice-000001` is not there"));
    let answer = lab.json(&WIZARD);
    assert_eq!((&answer["cloned"], &answer["merged"]), (&json!(["alice", "bob"]), &json!([])));
    assert_eq!(lab.json(&compare)["rules_kept"], true);
    cut_over_all(&lab);
    assert_eq!(lab.json(&["consistency-check", "old"])["messages"], 6);
    assert_eq!(source(&lab), before);
    lab.assert_clean();
    lab.json(&["deliver", "alice", "--sender-class", "internal"]);
    lab.json(&["deliver", "alice", "--sender-class", "external"]);
    lab.assert_clean();
}

#[test]
fn what_came_to_the_source_since_the_clone_is_carried_over_once() {
    let lab = lab();
    lab.json(&WIZARD);
    lab.json(&["deliver", "alice", "--count", "2", "--sender-class", "internal"]);
    let catch_up = ["account", "catch-up", "alice"];
    assert!(lab.fails(3, &catch_up).contains("the controllers do not agree"));
    lab.json(&["account", "replicate"]);
    assert_eq!(lab.json(&["account", "show", "alice"])["only_at_source"], 2);
    assert_eq!(lab.json(&catch_up)["messages"], 2);
    lab.json(&["deliver", "alice", "--sender-class", "internal"]);
    assert_eq!(lab.json(&["account", "cut-over", "alice"])["messages"], 1);
    lab.json(&["account", "cut-over", "bob"]);
    lab.assert_clean();
}

#[test]
fn a_cancelled_wizard_that_is_run_again_merges_what_it_had_cloned() {
    let lab = cancelled();
    let answer = lab.json(&WIZARD);
    assert_eq!((&answer["cloned"], &answer["merged"]), (&json!(["bob"]), &json!(["alice"])));
    assert_eq!(state(&lab, "alice"), "merged");
    cut_over_all(&lab);
    assert_eq!(lab.audit()["double"], 3);
}

#[test]
fn mail_or_a_log_on_between_the_account_and_its_clone_turns_the_clone_into_a_merge() {
    for initialise in [["deliver", "alice"].as_slice(), &["account", "log-on", "alice"]] {
        let lab = lab();
        lab.json(&["account", "create", "alice"]);
        assert_eq!(state(&lab, "alice"), "object_only");
        lab.json(initialise);
        assert_eq!(state(&lab, "alice"), "initialised");
        let archive = lab.json(&["backup", "alice"])["archive"].as_str().unwrap().to_owned();
        assert_eq!(lab.json(&WIZARD)["merged"], json!(["alice"]));
        let said = lab.fails(1, &["account", "compare", "alice", "--against", &archive]);
        assert!(said.contains("inbox rules are not the same"), "{said}");
        cut_over_all(&lab);
        let audit = lab.audit();
        assert_eq!((&audit["lost"], &audit["double"]), (&json!(0), &json!(0)));
        assert_eq!(audit["rules"], 1, "{audit:#}");
    }
}

#[test]
fn the_repair_of_the_article_loses_what_was_delivered_to_the_target_meanwhile() {
    let lab = cancelled();
    lab.json(&["deliver", "alice", "--count", "2"]);
    assert_eq!(lab.json(&["account", "show", "alice"])["only_at_target"], 2);
    lab.json(&["account", "delete", "alice", "bob"]);
    lab.json(&["account", "replicate"]);
    assert_eq!(state(&lab, "alice"), "absent");
    assert_eq!(lab.json(&WIZARD)["merged"], json!([]));
    cut_over_all(&lab);
    assert_eq!(lab.audit()["lost"], 2);
}

#[test]
fn the_same_repair_after_a_sweep_loses_nothing() {
    let lab = cancelled();
    lab.json(&["deliver", "alice", "--count", "2"]);
    let said = lab.fails(3, &["account", "delete", "alice", "--only-swept"]);
    assert!(said.contains("2 of its messages are not at the source"), "{said}");
    assert_eq!(lab.json(&["account", "sweep-back", "alice"])["messages"], 2);
    assert_eq!(lab.json(&["account", "sweep-back", "alice"])["messages"], 0);
    lab.json(&["account", "delete", "alice", "bob", "--only-swept"]);
    lab.json(&["account", "replicate"]);
    assert_eq!(lab.json(&WIZARD)["cloned"], json!(["alice", "bob"]));
    cut_over_all(&lab);
    lab.assert_clean();
}

#[test]
fn starting_again_before_the_deletion_has_replicated_makes_duplicates() {
    let lab = cancelled();
    lab.json(&["account", "replicate"]);
    lab.json(&["account", "delete", "alice", "bob"]);
    let said = lab.fails(1, &["account", "converged"]);
    assert!(said.contains("do not know the same of mailbox `alice`"), "{said}");
    lab.json(&WIZARD);
    let shown = lab.json(&["account", "show", "alice"]);
    assert_eq!(
        (&shown["state"], &shown["accounts"][1]["name"]),
        (&json!("duplicated"), &json!("alice-1"))
    );
    lab.json(&["account", "replicate"]);
    let said = lab.fails(3, &["account", "cut-over", "alice"]);
    assert!(said.contains("its state is `duplicated`"), "{said}");
    assert_eq!(lab.audit()["clean"], false);

    lab.json(&["account", "delete", "alice", "bob", "--only-swept"]);
    lab.json(&["account", "replicate"]);
    assert_eq!(lab.json(&WIZARD)["cloned"], json!(["alice", "bob"]));
    cut_over_all(&lab);
    lab.assert_clean();
}

#[test]
fn a_cycle_that_carries_nothing_is_seen_by_who_looks() {
    let lab = lab();
    lab.json(&["account", "create", "alice"]);
    lab.json(&["fault", "slow-replication", "--mailbox", "alice"]);
    assert_eq!(lab.json(&["account", "replicate"])["replicated"], 0);
    lab.fails(1, &["account", "converged", "alice"]);
    assert_eq!(lab.json(&["account", "replicate"])["replicated"], 1);
    assert_eq!(lab.json(&["account", "converged", "alice"])["converged"], true);
    assert_eq!(lab.json(&["account", "show", "alice"])["replicated"], true);
}

#[test]
fn an_account_whose_target_address_only_one_controller_knows_still_takes_mail() {
    let lab = lab();
    lab.json(&["account", "create", "alice"]);
    lab.json(&["account", "replicate"]);
    lab.json(&["account", "forward", "alice", "on"]);
    assert_eq!(lab.json(&["account", "show", "alice"])["forwards"], false);
    lab.json(&["deliver", "alice"]);
    assert_eq!(state(&lab, "alice"), "initialised");
}

#[test]
fn with_a_target_address_mail_after_every_kind_of_stage_disturbs_nothing() {
    let lab = lab();
    lab.json(&["account", "create", "alice", "bob", "--forward"]);
    lab.json(&["account", "replicate"]);
    let operations: [&[&str]; 3] =
        [&WIZARD, &["account", "cut-over", "alice"], &["account", "cut-over", "bob"]];
    for operation in operations {
        let mut running = lab.step(operation);
        let mut last = None;
        while let Some(stage) = running.next_border() {
            // Not after each of many copied messages: what arrives has to be copied too.
            if last.as_ref() != Some(&stage) {
                for class in ["internal", "external"] {
                    lab.json(&["deliver", "alice", "--sender-class", class]);
                    lab.json(&["deliver", "bob", "--sender-class", class]);
                }
            }
            last = Some(stage);
            running.go_on();
        }
        running.finish();
    }
    lab.assert_clean();
}

#[test]
fn a_wizard_or_a_repair_that_is_killed_at_any_border_is_recovered_without_a_loss() {
    let repair: [&[&str]; 3] = [
        &["account", "sweep-back", "alice"],
        &["account", "delete", "alice", "--only-swept"],
        &["account", "replicate"],
    ];
    let mut states = Vec::new();
    for borders in 1.. {
        let lab = lab();
        let wizard = ["wizard", "--clone", "alice"];
        if kill_after(&lab, &wizard, borders).is_none() {
            break;
        }
        states.push(state(&lab, "alice"));
        lab.json(&["deliver", "alice"]);
        for step in repair {
            // The repair dies once at the same number of borders, or ends before.
            kill_after(&lab, step, borders);
            lab.json(step);
        }
        assert_eq!(state(&lab, "alice"), "absent");
        assert_eq!(lab.json(&WIZARD)["merged"], json!([]));
        cut_over_all(&lab);
        lab.assert_clean();
    }
    states.dedup();
    assert_eq!(states, ["object_only", "half_cloned", "cloned"]);
}

#[test]
fn a_cut_over_that_is_killed_at_any_border_is_done_by_the_next_one() {
    for borders in 1.. {
        let lab = lab();
        lab.json(&WIZARD);
        lab.json(&["deliver", "alice", "--count", "2", "--sender-class", "internal"]);
        lab.json(&["account", "replicate"]);
        if kill_after(&lab, &["account", "cut-over", "alice"], borders).is_none() {
            assert!(borders > 4);
            break;
        }
        cut_over_all(&lab);
        lab.assert_clean();
    }
}

#[test]
fn what_belongs_to_one_layout_is_refused_in_the_other() {
    let said = lab().fails(3, &["move", "alice", "--to", "new"]);
    assert!(said.contains("needs the layout `site`"), "{said}");
    let said = Lab::init(&["--mailboxes", "1"]).fails(3, &["account", "list"]);
    assert!(said.contains("needs the layout `organisations`"), "{said}");
}
