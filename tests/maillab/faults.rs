//! Faults strike once, at their border, and leave the states of Q252869 and Q177772, where a second move destroys.

use serde_json::{Value, json};

use crate::lab::{Lab, kill_after};

const MOVE: [&str; 4] = ["move", "alice", "--to", "new"];

/// Two mailboxes of three messages.
fn lab() -> Lab {
    Lab::init(&["--mailboxes", "2", "--messages", "3"])
}

/// Arms a fault for `alice` and lets a move meet it.
fn struck(fault: &str) -> Lab {
    let lab = lab();
    lab.json(&["fault", fault, "--mailbox", "alice"]);
    let said = lab.fails(1, &MOVE);
    assert!(said.contains("did not succeed"), "{said}");
    lab
}

/// Home, state of the source's row, state of the target's row.
fn place(lab: &Lab) -> Value {
    let place = lab.json(&["locate", "alice"]);
    json!([place["home"], place["source"]["state"], place["target"]["state"]])
}

fn armed(lab: &Lab, fault: &str) -> Value {
    let listed = lab.json(&["fault", "--list"]);
    let of_fault = listed.as_array().unwrap().iter().find(|listed| listed["name"] == fault);
    of_fault.unwrap()["armed_for"].clone()
}

#[test]
fn every_fault_is_documented_and_leaves_the_state_that_it_promises() {
    let states = [
        ("dies-copying", "Q252869", json!(["old", "live", "in_transit"])),
        ("wrong-server-sync", "Q252869", json!(["old", "moved", "live"])),
        ("stale-row", "Q177772", json!(["new", "moved", "live"])),
    ];
    let listed = lab().json(&["fault", "--list"]);
    let mut ending = listed.as_array().unwrap().clone();
    ending.retain(|fault| states.iter().any(|(name, ..)| fault["name"] == *name));
    assert_eq!(ending.len(), states.len());
    for ((name, article, state), listed) in states.iter().zip(&ending) {
        assert_eq!((&listed["name"], &listed["article"]), (&json!(name), &json!(article)));
        let lab = struck(name);
        assert_eq!(place(&lab), *state, "{name}");
        assert_eq!(lab.audit()["lost"], 0, "{name}: a fault alone loses nothing");
        lab.json(&["sweep", "alice", "--to", "new"]);
        lab.json(&["set-home", "alice", "new"]);
        lab.assert_clean();
    }
}

#[test]
fn a_fault_strikes_once_and_only_whom_it_is_armed_for() {
    let lab = lab();
    lab.json(&["fault", "wrong-server-sync", "--mailbox", "bob"]);
    lab.json(&MOVE);
    assert_eq!(armed(&lab, "wrong-server-sync"), json!(["bob"]));
    lab.fails(1, &["move", "bob", "--to", "new"]);
    assert_eq!(armed(&lab, "wrong-server-sync"), json!([]));

    lab.json(&["fault", "stale-row"]);
    assert_eq!(armed(&lab, "stale-row"), json!([null]));
    assert!(lab.fails(1, &["fault", "stale-row", "--mailbox", "zoe"]).contains("no mailbox `zoe`"));
}

#[test]
fn a_second_move_of_a_stranded_mailbox_loses_all_of_it() {
    for fault in ["wrong-server-sync", "dies-copying"] {
        let lab = struck(fault);
        lab.json(&["deliver", "alice"]);
        let said = lab.fails(1, &MOVE);
        assert!(said.contains("c1040b00"), "{said}");
        assert_eq!(place(&lab), json!(["old", "moved", null]), "{fault}");
        assert_eq!(lab.audit()["lost"], 3 + 1, "{fault}");
        lab.fails(3, &MOVE);
    }
}

#[test]
fn a_second_move_that_dies_halfway_loses_what_the_target_had() {
    let lab = struck("wrong-server-sync");
    let stage = kill_after(&lab, &MOVE, 1);
    assert_eq!(stage.as_deref(), Some("delete_duplicate"));
    assert_eq!(lab.audit()["lost"], 3);
}

#[test]
fn new_mail_for_a_stranded_mailbox_goes_to_the_stub_and_is_swept() {
    let lab = struck("wrong-server-sync");
    lab.json(&["deliver", "alice", "--count", "2"]);
    assert_eq!(lab.json(&["locate", "alice"])["source"]["items"], 2);
    let said = lab.fails(3, &["set-home", "alice", "old"]);
    assert!(said.contains("cannot be the home"), "{said}");
    lab.json(&["sweep", "alice", "--to", "new"]);
    lab.json(&["set-home", "alice", "new"]);
    lab.assert_clean();
}

#[test]
fn the_same_command_is_the_repair_of_a_stale_row() {
    let lab = struck("stale-row");
    let said = lab.fails(1, &["move", "alice", "--to", "old"]);
    assert!(said.contains("c1040b00"), "{said}");
    assert_eq!(place(&lab), json!(["new", null, "live"]));
    lab.assert_clean();
}

#[test]
fn only_mail_between_a_new_row_and_its_flag_is_lost_and_only_before_service_pack_4() {
    for (pack, lost) in [("3", 1), ("4", 0)] {
        let lab = Lab::init(&["--mailboxes", "1", "--messages", "3", "--service-pack", pack]);
        lab.json(&["antivirus", "set", "off"]);
        let mut moving = lab.step(&MOVE);
        let mut borders = 0;
        while let Some(stage) = moving.next_border() {
            assert!(pack == "3" || stage != "set_in_transit");
            lab.json(&["deliver", "alice"]);
            borders += 1;
            moving.go_on();
        }
        moving.finish();
        let audit = lab.audit();
        assert_eq!((&audit["accepted"], &audit["lost"]), (&json!(3 + borders), &json!(lost)));
        assert_eq!(audit["in_order"], 3 + borders - lost);
    }
}

#[test]
fn mail_in_the_window_of_a_move_that_died_there_can_be_brought_back() {
    let lab = Lab::init(&["--mailboxes", "1", "--messages", "3", "--service-pack", "3"]);
    lab.json(&["antivirus", "set", "off"]);
    assert_eq!(kill_after(&lab, &MOVE, 2).as_deref(), Some("create_target"));
    lab.json(&["deliver", "alice"]);
    assert_eq!(place(&lab), json!(["old", "live", "created"]));
    assert_eq!(lab.audit()["stranded"], 1);
    lab.json(&["reset-target", "alice"]);
    lab.json(&MOVE);
    lab.json(&["antivirus", "set", "on"]);
    lab.assert_clean();
}
