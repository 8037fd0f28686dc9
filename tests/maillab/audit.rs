//! The oracle itself: each kind of damage is named.

use std::fs;
use std::path::PathBuf;

use crate::lab::Lab;

/// What the audit counts after `damage` was done to the first message of `alice`.
fn after(damage: impl Fn(&Lab, PathBuf)) -> Vec<String> {
    let lab = Lab::init(&["--mailboxes", "2", "--messages", "3", "--seed", "5"]);
    lab.json(&["move", "bob", "--to", "new"]);
    lab.assert_clean();
    let message = lab.messages("old", "alice").swap_remove(0);
    damage(&lab, message);
    let audit = lab.audit();
    assert_eq!(audit["clean"], false);
    let findings = audit["findings"].as_array().unwrap();
    for finding in findings {
        let kind = finding["kind"].as_str().unwrap();
        let same = findings.iter().filter(|other| other["kind"] == kind).count();
        assert_eq!(audit[kind], same);
    }
    findings.iter().map(|finding| finding["kind"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_lost_message() {
    assert_eq!(after(|_, message| fs::remove_file(message).unwrap()), ["lost"]);
}

#[test]
fn a_second_copy_under_another_name() {
    let found = after(|_, message| {
        fs::copy(&message, message.with_file_name("copy:2,S")).unwrap();
    });
    assert!(found.contains(&"double".to_owned()), "{found:?}");
}

#[test]
fn changed_contents() {
    let found = after(|_, message| {
        let mut text = fs::read(&message).unwrap();
        text.push(b'!');
        fs::write(&message, text).unwrap();
    });
    assert_eq!(found, ["damaged"]);
}

#[test]
fn other_flags() {
    let found = after(|_, message| {
        let name = message.file_name().unwrap().to_string_lossy().into_owned();
        let key = name.split(":2,").next().unwrap();
        fs::rename(&message, message.with_file_name(format!("{key}:2,T"))).unwrap();
    });
    assert_eq!(found, ["altered"]);
}

#[test]
fn mail_that_nobody_sent() {
    let found = after(|_, message| {
        fs::write(message.with_file_name("x"), "Message-ID: <x@example>\r\n\r\nhello\r\n").unwrap();
    });
    assert_eq!(found, ["unknown"]);
}

#[test]
fn a_home_that_is_not_where_the_mail_is() {
    let found = after(|lab, _| {
        let entry = lab.root().join("directory/alice.json");
        let text = fs::read_to_string(&entry).unwrap();
        fs::write(&entry, text.replace("old", "new")).unwrap();
    });
    assert_eq!(found, ["stranded", "stranded", "stranded", "mailbox", "mailbox"]);
}

#[test]
fn a_mailbox_that_is_left_on_the_old_server() {
    let found = after(|lab, _| {
        let alice = lab.root().join("servers/old/mailboxes/alice");
        let copy = lab.root().join("kept");
        assert!(
            std::process::Command::new("cp")
                .arg("-R")
                .args([&alice, &copy])
                .status()
                .unwrap()
                .success()
        );
        lab.json(&["move", "alice", "--to", "new"]);
        fs::rename(copy, alice).unwrap();
    });
    assert_eq!(found, ["left_over", "left_over", "left_over", "mailbox"]);
}

#[test]
fn inbox_rules_that_are_gone() {
    let found = after(|_, message| {
        let row = message.ancestors().find(|path| path.ends_with("alice")).unwrap();
        fs::remove_file(row.join("rules.json")).unwrap();
    });
    assert_eq!(found, ["rules"]);
}

#[test]
fn verify_judges_one_mailbox() {
    let lab = Lab::init(&["--mailboxes", "2", "--messages", "3"]);
    let archive = lab.json(&["backup", "alice"])["archive"].as_str().unwrap().to_owned();
    let against = ["verify", "alice", "--against", &archive, "--home", "old"];
    assert_eq!(lab.json(&against)["verified"], true);
    assert!(lab.fails(1, &["verify", "alice", "--home", "new"]).contains("its home is `old`"));

    fs::remove_file(lab.messages("old", "alice").swap_remove(0)).unwrap();
    assert!(lab.fails(1, &against).contains("is in the archive"));
    assert!(lab.fails(1, &["verify", "alice"]).contains("lost"));
    assert!(
        lab.fails(1, &["consistency-check", "new", "--dir", "/nowhere"])
            .contains("no organisation")
    );
    assert_eq!(lab.json(&["verify", "bob"])["accepted"], 3);
}
