//! Backups, logs, stores and profiles.

use std::fs;

use crate::lab::{Lab, kill_after};

#[test]
fn an_archive_is_replaced_as_a_whole_and_says_the_same_twice() {
    let lab = Lab::init(&["--mailboxes", "1", "--messages", "4"]);
    let answer = lab.json(&["backup", "alice"]);
    assert_eq!(answer["messages"], 4);
    let archive = answer["archive"].as_str().unwrap().to_owned();
    let first = fs::read(&archive).unwrap();
    lab.json(&["backup", "alice"]);
    assert!(first == fs::read(&archive).unwrap());

    lab.json(&["deliver", "alice"]);
    assert_eq!(kill_after(&lab, &["backup", "alice"], 1).as_deref(), Some("write_archive"));
    assert!(first == fs::read(&archive).unwrap(), "an interrupted backup leaves the older archive");
    assert_eq!(lab.json(&["backup", "alice"])["messages"], 5);

    let mut tar = tar::Archive::new(fs::File::open(&archive).unwrap());
    assert_eq!(tar.entries().unwrap().count(), 6, "five messages and the manifest");
}

#[test]
fn a_byte_moved_is_a_byte_of_log_until_the_full_backup() {
    let lab = Lab::init(&["--mailboxes", "2", "--messages", "4"]);
    let before = lab.json(&["measure", "alice"]);
    let moved = lab.json(&["move", "alice", "--to", "new"]);
    assert_eq!(moved["bytes"], before["bytes"]);
    let after = lab.json(&["measure", "bob"]);
    let free = |answer: &serde_json::Value| answer["free_log_bytes"].as_u64().unwrap();
    assert_eq!(free(&before) - free(&after), moved["bytes"].as_u64().unwrap());

    let backup = lab.json(&["full-backup", "new"]);
    assert_eq!((&backup["messages"], &backup["purged_bytes"]), (&4.into(), &moved["bytes"]));
    assert_eq!(free(&lab.json(&["measure", "bob"])), free(&before));
}

#[test]
fn a_defragmentation_frees_what_moves_have_left() {
    let lab = Lab::init(&["--mailboxes", "2", "--messages", "4"]);
    let moved = lab.json(&["move", "alice", "--to", "new"]);
    let answer = lab.json(&["defrag", "old"]);
    assert!(answer["freed_bytes"].as_u64() >= moved["bytes"].as_u64());
    assert_eq!(lab.json(&["defrag", "old"])["freed_bytes"], 0);
    lab.assert_clean();

    let mut moving = lab.step(&["move", "bob", "--to", "new"]);
    moving.next_border();
    assert!(lab.fails(5, &["defrag", "old"]).contains("being moved"));
    moving.kill();
}

#[test]
fn a_profile_follows_its_mailbox_at_the_next_log_on() {
    let lab = Lab::init(&["--mailboxes", "1", "--messages", "1"]);
    lab.json(&["move", "alice", "--to", "new"]);
    assert_eq!(lab.json(&["locate", "alice"])["profile"], "old");
    assert_eq!(lab.json(&["profile", "alice"])["changed"], true);
    assert_eq!(lab.json(&["locate", "alice"])["profile"], "new");
    assert_eq!(lab.json(&["profile", "alice"])["changed"], false);
}

#[test]
fn the_consistency_check_names_what_does_not_fit() {
    let lab = Lab::init(&["--mailboxes", "2", "--messages", "2"]);
    assert_eq!(lab.json(&["consistency-check", "old"])["messages"], 4);
    fs::rename(
        lab.root().join("servers/old/mailboxes/bob"),
        lab.root().join("servers/old/mailboxes/eve"),
    )
    .unwrap();
    let said = lab.fails(1, &["consistency-check", "old"]);
    assert!(said.contains("does not know mailbox `eve`"), "{said}");
    assert!(said.contains("mailbox `bob` has no row"), "{said}");
}
