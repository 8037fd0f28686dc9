//! Tools and servers that are not as they should be: corrupt items, limits, throttling, records that expire, headers that are
//! rewritten, mail that is dropped without a word.

use serde_json::{Value, json};

use crate::lab::Lab;

const MOVE: [&str; 4] = ["move", "alice", "--to", "new"];

/// Two mailboxes of three messages.
fn lab() -> Lab {
    Lab::init(&["--mailboxes", "2", "--messages", "3"])
}

/// A laboratory with this fault armed.
fn with_fault(fault: &str) -> Lab {
    let lab = lab();
    lab.json(&["fault", fault]);
    lab
}

fn status(lab: &Lab) -> Value {
    lab.json(&["move-status", "alice"])["status"].clone()
}

#[test]
fn a_corrupt_item_stops_a_move_and_its_sweep_until_the_store_is_repaired() {
    let lab = with_fault("corrupt-item");
    assert!(lab.fails(1, &MOVE).contains("`maillab isinteg old`"));
    assert!(lab.fails(1, &["sweep", "alice", "--to", "new"]).contains("cannot be read"));
    assert!(lab.fails(1, &["consistency-check", "old"]).contains("cannot be read"));
    assert_eq!(lab.json(&["isinteg", "old"])["repaired"].as_array().unwrap().len(), 1);
    assert_eq!(lab.json(&["isinteg", "old"])["repaired"], json!([]));
    lab.json(&["sweep", "alice", "--to", "new"]);
    lab.json(&["set-home", "alice", "new"]);
    lab.assert_clean();
}

#[test]
fn a_corrupt_item_that_is_skipped_is_lost() {
    let lab = with_fault("corrupt-item");
    let moved = lab.json(&["move", "alice", "--to", "new", "--skip-corrupt"]);
    assert_eq!(moved["messages"], 2);
    assert_eq!(lab.audit()["lost"], 1);
}

#[test]
fn a_mailbox_larger_than_the_limit_is_refused_before_anything_has_changed() {
    let lab = lab();
    assert_eq!(lab.json(&["quota", "get", "new", "--json"])["value"], "none");
    assert_eq!(lab.json(&["quota", "set", "new", "1000"])["changed"], true);
    assert_eq!(lab.json(&["quota", "set", "new", "1000"])["changed"], false);
    let before = lab.files();
    assert!(lab.fails(1, &MOVE).contains("80004005-0501-000004dd"));
    assert!(before == lab.files());
    assert_eq!(lab.audit()["setting"], 1);
    lab.fails(1, &["quota", "set", "new", "much"]);
    lab.json(&["quota", "set", "new", "none"]);
    lab.json(&MOVE);
    lab.assert_clean();
}

#[test]
fn a_busy_server_has_changed_nothing_and_can_be_asked_again() {
    let lab = with_fault("throttled");
    assert!(lab.fails(7, &MOVE).contains("suggested backoff time"));
    assert_eq!(
        (status(&lab), lab.json(&["locate", "alice"])["home"].clone()),
        (json!("absent"), json!("old"))
    );
    lab.json(&MOVE);
    assert_eq!(status(&lab), "completed");
    lab.assert_clean();
}

#[test]
fn the_status_of_a_move_says_less_than_where_the_data_is() {
    for (fault, said) in [("wrong-server-sync", "failed"), ("status-expired", "absent")] {
        let lab = with_fault(fault);
        lab.fails(1, &MOVE);
        assert_eq!(status(&lab), said);
        let place = lab.json(&["locate", "alice"]);
        assert_eq!((&place["home"], &place["target"]["items"]), (&json!("old"), &json!(3)));
    }
}

#[test]
fn a_header_of_the_target_and_a_dropped_message_are_found_where_the_move_reports_success() {
    for (fault, kind) in [("rewritten-headers", "damaged"), ("missing-mail", "lost")] {
        let lab = lab();
        let archive = lab.json(&["backup", "alice"])["archive"].as_str().unwrap().to_owned();
        lab.json(&["fault", fault]);
        lab.json(&MOVE);
        assert_eq!(status(&lab), "completed");
        assert_eq!(lab.audit()[kind], 1, "{fault}");
        lab.fails(1, &["verify", "alice", "--against", &archive]);
    }
}

#[test]
fn mail_between_a_crash_and_the_resume_is_swept() {
    let lab = with_fault("mail-after-crash");
    lab.fails(1, &MOVE);
    let place = lab.json(&["locate", "alice"]);
    assert_eq!((&place["source"]["items"], &place["target"]["items"]), (&json!(1), &json!(3)));
    lab.json(&["sweep", "alice", "--to", "new"]);
    lab.json(&["set-home", "alice", "new"]);
    lab.assert_clean();
    assert_eq!(lab.audit()["accepted"], 7);
}
