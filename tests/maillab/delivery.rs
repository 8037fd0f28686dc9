//! Delivery: what is accepted arrives, wherever the agent dies.

use std::fs::{self, OpenOptions};
use std::io::Write;

use crate::lab::{Lab, kill_after};

#[test]
fn a_delivery_that_dies_loses_nothing_that_was_accepted() {
    let lab = Lab::init(&["--mailboxes", "1", "--messages", "2"]);

    assert_eq!(kill_after(&lab, &["deliver", "alice"], 1).as_deref(), Some("queue"));
    lab.assert_clean();
    assert_eq!(lab.audit()["accepted"], 2, "the sender was never told that it was taken");

    assert_eq!(kill_after(&lab, &["deliver", "alice"], 2).as_deref(), Some("accept"));
    let audit = lab.audit();
    assert_eq!((&audit["accepted"], &audit["queued"]), (&3.into(), &1.into()));
    assert!(lab.fails(1, &["audit"]).contains("`maillab drain`"));
    assert_eq!(lab.json(&["drain"])["stored"], 1);
    lab.assert_clean();

    assert_eq!(kill_after(&lab, &["deliver", "alice"], 2).as_deref(), Some("accept"));
    assert_eq!(lab.json(&["deliver", "alice"])["stored"], 2, "the next delivery brings it on");
    assert_eq!(kill_after(&lab, &["deliver", "alice"], 3).as_deref(), Some("store"));
    lab.assert_clean();
    assert_eq!(lab.audit()["accepted"], 6);
}

#[test]
fn a_torn_line_of_the_ledger_was_never_accepted() {
    let lab = Lab::init(&["--mailboxes", "1", "--messages", "2"]);
    let ledger = lab.root().join("ledger/alice.jsonl");
    let mut file = OpenOptions::new().append(true).open(&ledger).unwrap();
    file.write_all(b"{\"key\":\"alice-000003\xc3").unwrap();
    lab.assert_clean();
    lab.json(&["deliver", "alice"]);
    lab.assert_clean();
    assert_eq!(fs::read_to_string(&ledger).unwrap().lines().count(), 3);
}

#[test]
fn mail_waits_in_the_queue_while_the_directory_names_a_server_without_the_mailbox() {
    let lab = Lab::init(&["--mailboxes", "1", "--messages", "2"]);
    let entry = lab.root().join("directory/alice.json");
    let right = fs::read_to_string(&entry).unwrap();
    fs::write(&entry, right.replace("old", "new")).unwrap();
    assert_eq!(lab.json(&["deliver", "alice", "--count", "2"])["queued"], 3, "one, then both");
    fs::write(&entry, right).unwrap();
    assert_eq!(lab.json(&["drain", "alice"])["stored"], 2);
    lab.assert_clean();
}

#[test]
fn a_stream_ends_at_its_count_at_its_file_and_at_sigterm() {
    let lab = Lab::init(&["--mailboxes", "2", "--messages", "1"]);
    assert_eq!(lab.json(&["drip", "--every", "0s", "--count", "5"])["stored"], 5);
    assert_eq!(lab.messages("old", "alice").len(), 4);
    assert_eq!(lab.messages("old", "bob").len(), 3);

    let stop = lab.root().join("stop");
    fs::write(&stop, "").unwrap();
    let until = ["drip", "--until-file", stop.to_str().unwrap()];
    assert_eq!(lab.json(&until)["stored"], 0);

    let mut drip = lab.step(&["drip", "bob", "--every", "1h"]);
    for stage in ["queue", "accept", "store"] {
        assert_eq!(drip.next_border().as_deref(), Some(stage));
        if stage == "store" {
            drip.terminate();
        }
        drip.go_on();
    }
    assert_eq!(drip.finish()["stored"], 1, "it has accepted one and waits for an hour");
    lab.assert_clean();
}
