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

#[test]
fn what_is_missing_or_damaged_comes_back_from_the_archive_and_nothing_else_changes() {
    // One message is gone, one has other contents, and one has come since.
    let spoilt = || {
        let lab = Lab::init(&["--mailboxes", "1", "--messages", "4"]);
        let archive = lab.json(&["backup", "alice"])["archive"].as_str().unwrap().to_owned();
        let messages = lab.messages("old", "alice");
        fs::remove_file(&messages[0]).unwrap();
        fs::write(&messages[1], "Message-ID: <alice-000002@example.org>\r\n\r\n").unwrap();
        lab.json(&["deliver", "alice"]);
        (lab, archive)
    };
    let (lab, archive) = spoilt();
    let recover = ["recover", "alice", "--from", &archive];
    assert_eq!(lab.json(&recover)["messages"], 2);
    lab.assert_clean();
    assert_eq!(lab.json(&recover)["messages"], 0);
    assert_eq!(lab.audit()["accepted"], 5);
    for borders in 1.. {
        let (lab, archive) = spoilt();
        let recover = ["recover", "alice", "--from", &archive];
        let killed = kill_after(&lab, &recover, borders);
        lab.json(&recover);
        lab.assert_clean();
        if killed.is_none() {
            assert!(borders > 2, "it can be killed after each message");
            break;
        }
    }
}

#[test]
fn an_archive_of_one_server_is_beside_that_of_the_mailbox() {
    let lab = Lab::init(&["--mailboxes", "1", "--messages", "3"]);
    lab.json(&["fault", "wrong-server-sync", "--mailbox", "alice"]);
    lab.fails(1, &["move", "alice", "--to", "new"]);
    lab.json(&["deliver", "alice"]);
    let on = |server: &str| lab.json(&["backup", "alice", "--on", server]);
    let (source, target) = (on("old"), on("new"));
    assert_eq!((&source["messages"], &target["messages"]), (&1.into(), &3.into()));
    assert!(source["archive"] != target["archive"]);
}

#[test]
fn who_has_logged_on_is_told_by_the_profiles() {
    let lab = Lab::init(&["--mailboxes", "2", "--messages", "1"]);
    let both = ["logged-on", "alice", "bob"];
    lab.json(&both);
    lab.json(&["move", "alice", "--to", "new"]);
    assert!(lab.fails(1, &both).contains("the profile of `alice`"));
    lab.json(&["profile", "alice"]);
    lab.json(&both);
}
