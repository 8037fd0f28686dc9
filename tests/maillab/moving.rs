//! Moves: nothing is lost under a stream of mail, and whatever an interrupted move leaves can be finished or undone.

use std::thread;

use serde_json::{Value, json};

use crate::lab::{Lab, kill_after};

const MOVE: [&str; 4] = ["move", "alice", "--to", "new"];

/// A mailbox of three messages.
fn lab() -> Lab {
    Lab::init(&["--mailboxes", "1", "--messages", "3"])
}

/// One message from each class of senders.
fn deliver_both(lab: &Lab) {
    for class in ["internal", "external"] {
        let answer = lab.json(&["deliver", "alice", "--sender-class", class]);
        assert_eq!(answer, json!({"stored": 1, "queued": 0, "returned": 0}));
    }
}

fn assert_home_is_new(lab: &Lab) {
    lab.assert_clean();
    let place = lab.json(&["locate", "alice"]);
    assert_eq!((&place["home"], &place["source"]["exists"]), (&json!("new"), &json!(false)));
    assert_eq!(place["directory"]["converged"], true);
}

#[test]
fn a_move_takes_folders_flags_and_contents_along() {
    let lab = Lab::init(&["--mailboxes", "2", "--messages", "20"]);
    let archive = lab.json(&["backup", "alice"])["archive"].as_str().unwrap().to_owned();
    let names = |server: &str| -> Vec<_> {
        let root = lab.root().join("servers").join(server);
        let paths = lab.messages(server, "alice").into_iter();
        paths.map(|path| path.strip_prefix(&root).unwrap().to_owned()).collect()
    };
    let before = names("old");
    assert_eq!(lab.json(&MOVE)["messages"], 20);
    assert_eq!(names("new"), before);
    lab.json(&["verify", "alice", "--against", &archive, "--home", "new"]);
    assert_home_is_new(&lab);
    let said = lab.fails(4, &MOVE);
    assert!(said.contains("already on `new`"), "{said}");
}

#[test]
fn mail_that_arrives_at_any_border_is_there_after_the_move() {
    let lab = lab();
    let mut moving = lab.step(&MOVE);
    let mut borders = Vec::new();
    while let Some(stage) = moving.next_border() {
        borders.push(stage);
        deliver_both(&lab);
        moving.go_on();
    }
    let answer = moving.finish();
    let copies = ["copy_message"; 5];
    let expected: Vec<_> = ["admit", "create_target"].iter().chain(&copies).collect();
    assert_eq!(borders.iter().take(7).collect::<Vec<_>>(), expected);
    let last =
        ["copy", "flush_target", "empty_source", "sync_directory", "replicate", "retire_source"];
    assert_eq!(borders[7..], last);
    // Two came before the target took over, five between its flush and the last switch of the directory.
    assert_eq!(answer["messages"], 3 + 2 + 5);
    assert_eq!(lab.audit()["accepted"], 3 + 2 * 13);
    assert_home_is_new(&lab);
}

#[test]
fn parallel_moves_under_a_stream_of_mail_lose_nothing() {
    let lab = Lab::init(&["--mailboxes", "8", "--messages", "5"]);
    let mailboxes = lab.json(&["list", "--json"]);
    let mailboxes: Vec<_> =
        mailboxes.as_array().unwrap().iter().map(|m| m.as_str().unwrap()).collect();
    let lab = &lab;
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| lab.json(&["drip", "--every", "0s", "--count", "80"]));
        }
        for half in mailboxes.chunks(4) {
            scope.spawn(|| half.iter().for_each(|m| drop(lab.json(&["move", m, "--to", "new"]))));
        }
    });
    lab.assert_clean();
    assert_eq!(lab.audit()["accepted"], 8 * 5 + 2 * 80);
    let arguments: Vec<_> = ["converged"].into_iter().chain(mailboxes).collect();
    assert_eq!(lab.json(&arguments)["converged"], true);
}

/// What `locate` shows of a move that was killed after `stage`: home, source, target.
fn expected(stage: &str) -> (&'static str, Value, Value) {
    let (live, moved, none) = (json!("live"), json!("moved"), Value::Null);
    match stage {
        "admit" => ("old", live, none),
        "create_target" | "copy_message" | "copy" => ("old", live, json!("in_transit")),
        "flush_target" => ("old", live.clone(), live),
        "empty_source" => ("old", moved, live),
        "sync_directory" | "replicate" => ("new", moved, live),
        "retire_source" => ("new", none, live),
        other => panic!("a move has no stage `{other}`"),
    }
}

/// Kills a move at each of its borders in turn, and lets `check` see what is left.
fn at_every_border(check: impl Fn(&Lab, &str)) {
    let mut killed = 0;
    loop {
        let lab = lab();
        let Some(stage) = kill_after(&lab, &MOVE, killed + 1) else { break };
        killed += 1;
        let place = lab.json(&["locate", "alice"]);
        let (home, source, target) = expected(&stage);
        assert_eq!(place["home"], home, "{stage}");
        assert_eq!(
            (&place["source"]["state"], &place["target"]["state"]),
            (&source, &target),
            "{stage}"
        );
        assert_eq!(place["target"]["complete"], target == "live", "{stage}");
        assert_eq!(place["in_transit"], target == "in_transit", "{stage}");
        check(&lab, &stage);
    }
    assert_eq!(killed, 11);
}

#[test]
fn a_killed_move_can_be_finished() {
    at_every_border(|lab, stage| {
        deliver_both(lab);
        let audit = lab.audit();
        assert_eq!(
            (&audit["lost"], &audit["double"]),
            (&json!(0), &json!(0)),
            "{stage}: {audit:#}"
        );
        match stage {
            "admit" => drop(lab.json(&MOVE)),
            "retire_source" => drop(lab.fails(4, &MOVE)),
            _ => {
                if expected(stage).0 == "new" {
                    let before = lab.files();
                    let said = lab.fails(3, &MOVE);
                    assert!(said.contains("maillab sweep alice --to new"), "{said}");
                    assert!(before == lab.files(), "{stage}: a refused move changes nothing");
                }
                lab.json(&["sweep", "alice", "--to", "new"]);
                deliver_both(lab);
                lab.json(&["set-home", "alice", "new"]);
            }
        }
        assert_home_is_new(lab);
    });
}

#[test]
fn a_killed_move_can_be_undone_until_the_source_is_emptied() {
    at_every_border(|lab, stage| {
        deliver_both(lab);
        match expected(stage) {
            ("old", source, _) if source == "live" => {
                lab.json(&["reset-target", "alice"]);
                lab.assert_clean();
                assert_eq!(lab.json(&["locate", "alice"])["target"]["exists"], false);
                deliver_both(lab);
                lab.json(&MOVE);
                assert_home_is_new(lab);
            }
            ("old", ..) => {
                let said = lab.fails(3, &["reset-target", "alice"]);
                assert!(said.contains("maillab sweep alice --to new"), "{said}");
            }
            _ => {}
        }
    });
}

#[test]
fn repairs_that_are_killed_can_be_repeated() {
    for move_border in [4, 7, 8, 9] {
        for sweep_border in 1..8 {
            let lab = lab();
            kill_after(&lab, &MOVE, move_border).unwrap();
            deliver_both(&lab);
            kill_after(&lab, &["sweep", "alice", "--to", "new"], sweep_border);
            lab.json(&["sweep", "alice", "--to", "new"]);
            deliver_both(&lab);
            kill_after(&lab, &["set-home", "alice", "new"], sweep_border.min(3));
            deliver_both(&lab);
            lab.json(&["set-home", "alice", "new"]);
            assert_home_is_new(&lab);
        }
    }
    for border in [1, 2] {
        let lab = lab();
        kill_after(&lab, &MOVE, 5).unwrap();
        deliver_both(&lab);
        kill_after(&lab, &["reset-target", "alice"], border).unwrap();
        lab.json(&["reset-target", "alice"]);
        lab.assert_clean();
        lab.json(&MOVE);
        assert_home_is_new(&lab);
    }
}

#[test]
fn the_home_does_not_change_while_the_source_holds_data() {
    let lab = lab();
    let said = lab.fails(3, &["set-home", "alice", "new"]);
    assert!(said.contains("cannot be the home"), "{said}");
    kill_after(&lab, &MOVE, 7).unwrap();
    let said = lab.fails(3, &["set-home", "alice", "new"]);
    assert!(said.contains("maillab sweep alice --to new"), "{said}");
    kill_after(&lab, &["sweep", "alice", "--to", "new"], 3).unwrap();
    let said = lab.fails(3, &["sweep", "alice", "--to", "old"]);
    assert!(said.contains("has been moved away from `old`"), "{said}");
}

#[test]
fn a_sweep_in_the_wrong_direction_is_refused() {
    let lab = lab();
    kill_after(&lab, &MOVE, 4).unwrap();
    deliver_both(&lab);
    let before = lab.files();
    let said = lab.fails(3, &["sweep", "alice", "--to", "old"]);
    assert!(said.contains("maillab reset-target alice"), "{said}");
    assert!(before == lab.files());
}

#[test]
fn a_directory_that_disagrees_converges_by_replication() {
    let lab = lab();
    let stage = kill_after(&lab, &MOVE, 9);
    assert_eq!(stage.as_deref(), Some("sync_directory"));
    let said = lab.fails(1, &["converged", "alice"]);
    assert!(said.contains("`maillab replicate`"), "{said}");
    assert_eq!(lab.json(&["replicate"])["replicated"], 1);
    lab.json(&["converged", "alice"]);
    assert_eq!(lab.json(&["replicate"])["replicated"], 0);
}

#[test]
fn two_operations_on_one_mailbox_do_not_meet() {
    let lab = lab();
    let mut moving = lab.step(&MOVE);
    moving.next_border();
    for arguments in [&MOVE[..], &["sweep", "alice", "--to", "new"], &["reset-target", "alice"]] {
        assert!(lab.fails(5, arguments).contains("another operation works on mailbox `alice`"));
    }
    moving.kill();
    lab.json(&MOVE);
    assert_home_is_new(&lab);
}

#[test]
fn stepping_ends_with_its_input() {
    let lab = lab();
    let said = lab.fails(1, &["move", "alice", "--to", "new", "--step"]);
    assert!(said.contains("stops after its stage `admit`"), "{said}");
}
