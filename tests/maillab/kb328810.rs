//! KB328810: the log drive, the antivirus program, and moving back.

use serde_json::json;

use crate::lab::{Lab, text};

const MOVE: [&str; 4] = ["move", "alice", "--to", "new"];

fn lab(options: &[&str]) -> Lab {
    let arguments: Vec<_> = ["--mailboxes", "2", "--messages", "4"].iter().chain(options).collect();
    Lab::init(&arguments.into_iter().copied().collect::<Vec<_>>())
}

#[test]
fn a_log_drive_that_fills_up_stops_a_move_in_its_middle() {
    let lab = lab(&["--log-mb", "0"]);
    let measured = lab.json(&["measure", "alice"]);
    assert!(measured["free_log_bytes"].as_u64() < measured["bytes"].as_u64());
    let said = lab.fails(6, &MOVE);
    assert!(said.contains("`maillab full-backup new`"), "{said}");
    assert_eq!(lab.json(&["locate", "alice"])["target"]["state"], "in_transit");
    assert_eq!(lab.audit()["lost"], 0);

    lab.json(&["circular-logging", "set", "on"]);
    lab.json(&["sweep", "alice", "--to", "new"]);
    lab.json(&["set-home", "alice", "new"]);
    lab.json(&["move", "bob", "--to", "new"]);
    lab.json(&["circular-logging", "set", "off"]);
    lab.assert_clean();
}

#[test]
fn a_second_move_after_the_log_drive_was_full_loses_the_mailbox() {
    let lab = lab(&["--log-mb", "0"]);
    lab.fails(6, &MOVE);
    assert!(lab.fails(1, &MOVE).contains("c1040b00"));
    assert_eq!(lab.audit()["lost"], 4);
}

#[test]
fn before_service_pack_4_nothing_moves_while_the_antivirus_program_is_on() {
    let lab = lab(&["--service-pack", "3"]);
    let before = lab.files();
    for _ in 0..2 {
        assert!(lab.fails(1, &MOVE).contains("80004005-0501-0000050a"));
        assert!(before == lab.files(), "what has changed nothing can be tried again");
    }
    lab.json(&["antivirus", "set", "off"]);
    lab.json(&MOVE);
    lab.json(&["antivirus", "set", "on"]);
    lab.assert_clean();
}

#[test]
fn a_scanner_stops_a_move_in_its_middle_only_while_it_is_on() {
    for (power, struck) in [("on", true), ("off", false)] {
        let lab = lab(&[]);
        lab.json(&["antivirus", "set", power]);
        lab.json(&["fault", "scanner-holds-message"]);
        let output = lab.run(&MOVE);
        assert_eq!(output.status.success(), !struck, "{}", text(&output.stderr));
        let state = if struck { json!("in_transit") } else { json!("live") };
        assert_eq!(lab.json(&["locate", "alice"])["target"]["state"], state);
        assert_eq!(lab.audit()["lost"], 0);
    }
}

#[test]
fn moving_a_stranded_mailbox_back_loses_it() {
    let lab = lab(&[]);
    lab.json(&["fault", "wrong-server-sync"]);
    lab.fails(1, &MOVE);
    let said = lab.fails(1, &["move", "alice", "--from", "new", "--to", "old"]);
    assert!(said.contains("c1040b00"), "{said}");
    assert_eq!(lab.audit()["lost"], 4);
}
