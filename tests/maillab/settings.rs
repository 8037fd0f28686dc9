//! What runbooks change for a time: what each setting does, and that the audit asks for it to be put back.

use std::fs;

use serde_json::{Value, json};

use crate::lab::{Lab, kill_after, text};

const MOVE: [&str; 4] = ["move", "alice", "--to", "new"];

/// Two mailboxes of three messages.
fn lab() -> Lab {
    Lab::init(&["--mailboxes", "2", "--messages", "3"])
}

/// Kinds, mailboxes and keys of what the audit finds.
fn findings(lab: &Lab) -> Value {
    let audit = lab.audit();
    let findings = audit["findings"].as_array().unwrap().iter();
    findings.map(|found| json!([found["kind"], found["mailbox"], found["key"]])).collect()
}

#[test]
fn a_switch_is_read_without_a_change_and_set_as_often_as_one_likes() {
    let lab = lab();
    for (switch, first, second) in
        [("rca", "always", "never"), ("antivirus", "on", "off"), ("circular-logging", "off", "on")]
    {
        let before = lab.files();
        assert_eq!(text(&lab.run(&[switch, "get"]).stdout).trim(), first);
        assert!(before == lab.files());
        for changed in [true, false] {
            let answer = lab.json(&[switch, "set", second]);
            assert_eq!(answer, json!({"setting": switch, "value": second, "changed": changed}));
        }
        let answer = lab.json(&[switch, "get", "--json"]);
        assert_eq!(answer, json!({"setting": switch, "value": second, "initial": first}));
        lab.fails(2, &[switch, "set", "perhaps"]);
        assert_eq!(findings(&lab), json!([["setting", "", switch]]));
        assert!(text(&lab.run(&["audit"]).stdout).contains(&format!("setting {switch}: it is")));
        lab.json(&[switch, "set", first]);
        lab.assert_clean();
    }
}

#[test]
fn frozen_mail_is_held_and_delivered_afterwards() {
    let lab = lab();
    assert_eq!(lab.json(&["frozen", "get"]), json!([]));
    assert_eq!(lab.json(&["frozen", "set", "alice"])["value"], json!(["alice"]));
    assert_eq!(lab.json(&["deliver", "alice", "--count", "2"])["queued"], 3, "one, then both");
    assert_eq!(lab.json(&["deliver", "bob"])["stored"], 1);
    assert_eq!(lab.json(&["drain"])["stored"], 0);
    let kinds: Vec<_> = findings(&lab).as_array().unwrap().iter().map(|f| f[0].clone()).collect();
    assert_eq!(kinds, ["queued", "queued", "setting"]);
    assert_eq!(lab.json(&["verify", "alice"])["verified"], true);

    assert_eq!(lab.json(&["frozen", "set", "bob", "alice"])["value"], json!(["alice", "bob"]));
    assert_eq!(lab.json(&["frozen", "set", "bob"])["stored"], 2);
    assert_eq!(lab.json(&["frozen", "get", "--json"])["value"], json!(["bob"]));
    lab.json(&["frozen", "set"]);
    lab.assert_clean();
    assert!(lab.fails(1, &["frozen", "set", "zoe"]).contains("no mailbox `zoe`"));
}

#[test]
fn thawing_that_died_before_the_mail_was_stored_can_be_repeated() {
    let lab = lab();
    lab.json(&["frozen", "set", "alice"]);
    lab.json(&["deliver", "alice"]);
    fs::write(lab.root().join("switches/frozen"), "[]").unwrap();
    assert_eq!(lab.audit()["queued"], 1);
    assert_eq!(lab.json(&["frozen", "set"])["stored"], 1);
    lab.assert_clean();
}

#[test]
fn a_freeze_closes_the_window_of_a_move() {
    for (frozen, lost) in [(false, 1), (true, 0)] {
        let lab = Lab::init(&["--mailboxes", "1", "--messages", "3", "--service-pack", "3"]);
        lab.json(&["antivirus", "set", "off"]);
        if frozen {
            lab.json(&["frozen", "set", "alice"]);
        }
        lab.json(&["fault", "mail-in-window"]);
        lab.json(&MOVE);
        lab.json(&["frozen", "set"]);
        let audit = lab.audit();
        assert_eq!((&audit["accepted"], &audit["lost"]), (&json!(4), &json!(lost)), "{audit:#}");
    }
}

#[test]
fn the_agreement_resets_homes_that_have_not_converged_unless_its_schedule_is_never() {
    for (schedule, home) in [("always", "old"), ("nightly", "old"), ("never", "new")] {
        let lab = lab();
        lab.json(&["rca", "set", schedule]);
        assert_eq!(kill_after(&lab, &MOVE, 9).as_deref(), Some("sync_directory"));
        let reset = lab.json(&["rca", "cycle"])["reset"].clone();
        assert_eq!(reset == json!(["alice"]), home == "old");
        lab.json(&["replicate"]);
        assert_eq!(lab.json(&["rca", "cycle"])["reset"], json!([]));
        let place = lab.json(&["locate", "alice"]);
        assert_eq!(
            (&place["home"], &place["directory"]["converged"]),
            (&json!(home), &json!(true))
        );
    }
}

#[test]
fn a_home_that_is_reset_during_a_move_is_put_right_by_set_home_and_lost_by_a_second_move() {
    for second_move in [false, true] {
        let lab = lab();
        lab.json(&["fault", "rca-cycle"]);
        lab.json(&MOVE);
        assert_eq!(lab.json(&["locate", "alice"])["home"], "old", "and the move reports success");
        lab.fails(1, &["verify", "alice", "--home", "new"]);
        assert_eq!(lab.json(&["deliver", "alice"])["queued"], 1, "the old server has no row");
        if second_move {
            assert!(lab.fails(1, &MOVE).contains("c1040b00"));
            assert_eq!(lab.audit()["lost"], 3);
        } else {
            lab.json(&["set-home", "alice", "new"]);
            lab.json(&["drain"]);
            lab.assert_clean();
        }
    }
}

#[test]
fn a_second_administrator_changes_the_schedule_and_nobody_is_told() {
    let lab = lab();
    lab.json(&["rca", "set", "never"]);
    lab.json(&["fault", "second-admin"]);
    lab.json(&MOVE);
    assert_eq!(lab.json(&["rca", "get", "--json"])["value"], "nightly");
    assert_eq!(findings(&lab), json!([["setting", "", "rca"]]));
}

#[test]
fn a_mailbox_is_frozen_beside_those_that_are() {
    let lab = Lab::init(&["--mailboxes", "3", "--messages", "1"]);
    lab.json(&["frozen", "set", "carol"]);
    for _ in 0..2 {
        let added = lab.json(&["frozen", "add", "alice"]);
        assert_eq!(added["value"], serde_json::json!(["alice", "carol"]));
    }
}
