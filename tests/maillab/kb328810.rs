//! KB328810: log drive, antivirus program, moving back, restoring, the adjuster, and the end of the old server.

use std::fs;

use serde_json::json;

use crate::lab::{Lab, kill_after, text};

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

/// Sets circular logging around one move.
fn move_with_circular_logging(lab: &Lab) {
    lab.json(&["circular-logging", "set", "on"]);
    lab.json(&MOVE);
    lab.json(&["circular-logging", "set", "off"]);
}

#[test]
fn with_its_log_a_server_is_restored_to_the_point_of_failure() {
    let lab = lab(&[]);
    lab.json(&["full-backup", "new"]);
    lab.json(&MOVE);
    lab.json(&["deliver", "alice"]);
    let before = lab.files();
    let restored = lab.json(&["restore", "new"]);
    assert_eq!(
        (&restored["to_point_of_failure"], &restored["messages"]),
        (&json!(true), &json!(5))
    );
    assert!(before == lab.files());
}

#[test]
fn what_came_under_circular_logging_is_lost_unless_a_full_backup_has_followed() {
    for (backup, lost) in [(false, 5), (true, 0)] {
        let lab = lab(&[]);
        lab.json(&["full-backup", "new"]);
        move_with_circular_logging(&lab);
        lab.json(&["deliver", "alice"]);
        if backup {
            lab.json(&["full-backup", "new"]);
        }
        let restored = lab.json(&["restore", "new"]);
        assert_eq!(restored["to_point_of_failure"], backup);
        assert_eq!(lab.audit()["lost"], lost);
    }
}

#[test]
fn a_restored_server_has_what_its_backup_had_with_rules_and_permissions() {
    let lab = lab(&[]);
    lab.json(&["full-backup", "old"]);
    move_with_circular_logging(&lab);
    let restored = lab.json(&["restore", "old"]);
    assert_eq!(
        (&restored["to_point_of_failure"], &restored["messages"]),
        (&json!(false), &json!(8))
    );
    assert_eq!(lab.json(&["verify", "bob"])["verified"], true);
    let audit = lab.audit();
    assert_eq!((&audit["lost"], &audit["left_over"]), (&json!(0), &json!(4)), "{audit:#}");
    let said = lab.fails(1, &["move", "alice", "--to", "old"]);
    assert!(said.contains("c1040b00"), "this is the stale row that Q177772 removes: {said}");
    lab.assert_clean();
}

#[test]
fn a_restoration_that_died_before_the_new_store_had_its_name_can_be_repeated() {
    let lab = lab(&[]);
    lab.json(&["circular-logging", "set", "on"]);
    lab.json(&["full-backup", "old"]);
    let store = lab.root().join("servers/old");
    fs::create_dir_all(store.join("restoring/mailboxes/alice")).unwrap();
    fs::remove_dir_all(store.join("mailboxes")).unwrap();
    assert_eq!(lab.audit()["lost"], 8);
    for _ in 0..2 {
        assert_eq!(lab.json(&["restore", "old"])["messages"], 8);
    }
    lab.json(&["circular-logging", "set", "off"]);
    lab.assert_clean();
}

#[test]
fn without_a_backup_and_a_log_nothing_is_restored() {
    let lab = lab(&[]);
    lab.json(&["circular-logging", "set", "on"]);
    let before = lab.files();
    assert!(lab.fails(3, &["restore", "old"]).contains("no full backup"));
    assert!(before == lab.files());
    lab.json(&["full-backup", "old"]);
    assert_eq!(lab.json(&["restore", "old"])["to_point_of_failure"], false);
    assert_eq!(lab.audit()["lost"], 0);
}

#[test]
fn profiles_that_were_not_updated_before_the_old_server_went_away_are_broken() {
    let lab = lab(&[]);
    assert!(lab.fails(3, &["decommission", "old"]).contains("the home of mailbox `alice`"));
    for mailbox in ["alice", "bob"] {
        lab.json(&["move", mailbox, "--to", "new"]);
    }
    lab.json(&["profile", "bob"]);
    for _ in 0..2 {
        assert_eq!(lab.json(&["decommission", "old"])["locked_out"], json!(["alice"]));
    }
    assert_eq!(lab.audit()["access"], 1);
    assert!(lab.fails(1, &["profile", "alice"]).contains("--at-desktop"));
    lab.fails(1, &["move", "alice", "--to", "old"]);
    lab.json(&["profile", "alice", "--at-desktop"]);
    lab.assert_clean();
}

#[test]
fn only_one_box_of_the_adjuster_is_harmless() {
    let remove = ["adjust", "old", "--box", "remove-unknown-users"];
    let lab = lab(&[]);
    assert_eq!(lab.json(&remove)["permissions_removed"], 1);
    assert_eq!(lab.json(&remove)["permissions_removed"], 0);
    lab.assert_clean();

    lab.json(&["fault", "stale-row"]);
    lab.fails(1, &MOVE);
    let adjusted = lab.json(&["adjust", "old", "--box", "create-entries"]);
    assert_eq!(adjusted["entries_created"], json!(["alice"]));
    assert_eq!(lab.audit()["stranded"], 4, "the emptied row is the home now");
    lab.fails(1, &MOVE);
    assert_eq!(lab.audit()["lost"], 4);
}

#[test]
fn while_the_directories_do_not_agree_the_adjuster_takes_users_for_unknown() {
    let lab = lab(&[]);
    assert_eq!(kill_after(&lab, &MOVE, 10).as_deref(), Some("sync_directory"));
    lab.json(&["adjust", "old", "--box", "remove-unknown-users"]);
    lab.json(&["sweep", "alice", "--to", "new"]);
    lab.json(&["set-home", "alice", "new"]);
    let audit = lab.audit();
    assert_eq!((&audit["access"], &audit["findings"][0]["mailbox"]), (&json!(1), &json!("bob")));
}
