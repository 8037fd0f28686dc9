//! The records as lines of JSON.

use std::io::ErrorKind;

use serde_json::Value;

use super::fixture::{Paper, Run, actor, doubt, frozen, opened, over, starting, stopped};
use crate::core::job::Role;
use crate::core::record::{Decision, Outcome, Record, StopReason};
use crate::exec::{Fact, Observer};
use crate::observe::events;
use crate::observe::ndjson::Ndjson;

fn some() -> Vec<Record> {
    vec![
        opened(),
        frozen("mailboxes", &["a\nb"]),
        starting("check", 1, Role::Verify(2)),
        super::fixture::ended("check", 1, 3),
        over("check", Outcome::Failed, Some("exited with 3")),
        doubt("check", "its end is lost"),
        stopped(StopReason::Operator),
        Record::Resolved {
            task: "check".into(),
            decision: Decision::Done,
            because: "seen".to_owned(),
            by: actor(),
            outputs: None,
        },
    ]
}

#[test]
fn every_line_gives_its_record_back() {
    let run = Run::new();
    let paper = Paper::default();
    let mut ndjson = Ndjson::new(Box::new(paper.clone()), false, "paper".to_owned());
    for (seq, record) in (1..).zip(some()) {
        ndjson.fact(&Fact { seq, at: run.now, record }, &run.state);
    }
    ndjson.tick(&run.state, run.now);
    let text = paper.text();
    assert_eq!(text.lines().count(), some().len());
    for ((seq, line), record) in (1_u64..).zip(text.lines()).zip(some()) {
        let value: Value = serde_json::from_str(line).unwrap();
        assert_eq!(
            (&value["seq"], &value["at"]),
            (&Value::from(seq), &Value::from("2026-11-20T22:41:07.000000Z"))
        );
        assert_eq!(serde_json::from_str::<Record>(line).unwrap(), record);
        assert!(
            line.starts_with(&format!(
                "{{\"seq\":{seq},\"at\":\"2026-11-20T22:41:07.000000Z\",\"event\":\""
            )),
            "{line}"
        );
    }
}

#[test]
fn lines_wait_for_the_end_of_their_batch() {
    let run = Run::new();
    let paper = Paper::default();
    let mut ndjson = Ndjson::new(Box::new(paper.clone()), false, "paper".to_owned());
    ndjson.fact(&Fact { seq: 1, at: run.now, record: opened() }, &run.state);
    assert_eq!(paper.text(), "");
    drop(ndjson);
    assert_eq!(paper.text().lines().count(), 1, "the last batch needs no tick");
}

#[test]
fn a_broken_pipe_ends_the_lines_silently() {
    let run = Run::new();
    let paper = Paper::default();
    let mut ndjson = Ndjson::new(Box::new(paper.clone()), false, "paper".to_owned());
    ndjson.fact(&Fact { seq: 1, at: run.now, record: opened() }, &run.state);
    *paper.fails.borrow_mut() = Some(ErrorKind::BrokenPipe);
    ndjson.tick(&run.state, run.now);
    *paper.fails.borrow_mut() = None;
    ndjson.fact(&Fact { seq: 2, at: run.now, record: opened() }, &run.state);
    drop(ndjson);
    assert_eq!(paper.text(), "");
}

#[test]
fn a_file_is_continued_and_a_folder_is_refused() {
    let run = Run::new();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("events.ndjson");
    for seq in [1, 2] {
        let mut observer = events(&path).unwrap();
        observer.fact(&Fact { seq, at: run.now, record: opened() }, &run.state);
    }
    let text = std::fs::read_to_string(&path).unwrap();
    let numbers: Vec<Value> = text
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap()["seq"].clone())
        .collect();
    assert_eq!(numbers, [1, 2]);
    assert!(events(folder.path()).is_err());
}
