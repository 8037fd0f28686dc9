//! What a journal looks like, and what fits into it.

use std::collections::BTreeMap;
use std::path::Path;

use proptest::prelude::*;
use serde::Serialize;
use serde_json::{Value, json};
use tempfile::tempdir;

use super::sample::{Memory, RUN, Record, at, only_records, open, real_journal, records, started};
use crate::journal::{DEPTH_MAX, Journal, JournalError, kept_time, read};

#[test]
fn what_was_appended_is_read_back() {
    let folder = tempdir().unwrap();
    real_journal(folder.path(), &[1, 4]);
    let path = folder.path().join("journal.jsonl");
    let contents = read::<Record>(&path).unwrap();
    assert_eq!(contents.run, RUN);
    assert_eq!(contents.begun, at(0));
    assert_eq!(contents.windlass, env!("CARGO_PKG_VERSION"));
    assert_eq!(contents.warnings, Vec::<String>::new());
    for (place, entry) in contents.entries.iter().enumerate() {
        assert_eq!((entry.seq, entry.at), (place as u64 + 1, at(place as i64 + 1)));
    }
    assert_eq!(only_records(contents.entries), records());
}

#[test]
fn a_line_is_a_json_object_whose_hashes_can_be_checked_without_windlass() {
    let folder = tempdir().unwrap();
    let bytes = real_journal(folder.path(), &[1, 4]);
    let mut prev = "0".repeat(32);
    let mut durable = Vec::new();
    for (number, line) in std::str::from_utf8(&bytes).unwrap().lines().enumerate() {
        let value: BTreeMap<String, Value> = serde_json::from_str(line).unwrap();
        assert_eq!(value["seq"], number);
        assert_eq!(value["prev"], prev);
        let guarded = line.rsplit_once(",\"sum\"").unwrap().0;
        let hash = blake3::hash(guarded.as_bytes()).to_hex();
        assert_eq!(value["sum"], hash[..16]);
        prev = blake3::hash(line.as_bytes()).to_hex()[..32].to_owned();
        durable.extend(value.get("durable").map(|durable| (number, durable.clone())));
    }
    let expected = [0, 0, 2, 2, 2, 5, 5, 5].map(Value::from);
    assert_eq!(durable, (1..).zip(expected).collect::<Vec<_>>());
}

#[test]
fn the_first_lines_are_as_documented() {
    let mut memory = Memory::default();
    let mut journal = Journal::create_on(&mut memory, Path::new("j"), "r1", at(0)).unwrap();
    journal.append(at(5), &started(3)).unwrap();
    journal.flush().unwrap();
    let text = String::from_utf8(memory.0).unwrap();
    let version = env!("CARGO_PKG_VERSION");
    let lines: Vec<_> = text.lines().map(|line| line.split_once(",\"prev\"").unwrap().0).collect();
    assert_eq!(
        lines,
        [
            format!(
                "{{\"seq\":0,\"at\":\"{:.6}\",\"event\":\"journal\",\"format\":1,\
                 \"windlass\":\"{version}\",\"run\":\"r1\"",
                at(0)
            ),
            format!(
                "{{\"seq\":1,\"at\":\"{:.6}\",\"event\":\"job_starting\",\
                 \"task\":\"backup[alice]\",\"attempt\":3,\"durable\":0",
                at(5)
            ),
        ]
    );
}

#[test]
fn times_are_kept_to_the_microsecond() {
    let fine = "2026-11-20T22:10:00.123456789Z".parse().unwrap();
    let cut = "2026-11-20T22:10:00.123456Z".parse().unwrap();
    assert_eq!(kept_time(fine), cut);
    let mut memory = Memory::default();
    let mut journal = Journal::create_on(&mut memory, Path::new("j"), RUN, fine).unwrap();
    journal.append(fine, &Record::Stopped).unwrap();
    journal.sync().unwrap();
    let contents = open(&memory.0).unwrap().0;
    assert_eq!((contents.begun, contents.entries[0].at), (cut, cut));
}

#[test]
fn a_journal_is_never_begun_over_another() {
    let folder = tempdir().unwrap();
    let before = real_journal(folder.path(), &[]);
    let path = folder.path().join("journal.jsonl");
    assert!(matches!(Journal::create(&path, RUN, at(0)), Err(JournalError::Io { .. })));
    assert_eq!(std::fs::read(path).unwrap(), before);
}

#[test]
fn a_record_that_could_not_be_read_back_is_refused_and_harms_nothing() {
    let nested = |depth: usize| (0..depth).fold(json!("[{"), |inner, _| json!([inner]));
    let mut memory = Memory::default();
    let mut journal = Journal::create_on(&mut memory, Path::new("j"), RUN, at(0)).unwrap();
    let mut unfit: Vec<Value> = ["seq", "at", "durable", "prev", "sum"]
        .iter()
        .map(|key| json!({"event": "stopped", "x": {"y": "\\\""}, (*key): 1}))
        .collect();
    unfit.push(json!({"event": "outputs_kept", "outputs": nested(DEPTH_MAX)}));
    unfit.extend([
        json!({}),
        json!([]),
        json!(1),
        json!({"a": 1, "event": "stopped"}),
        json!({"event": 1}),
    ]);
    for record in &unfit {
        let refused = journal.append(at(1), record);
        assert!(matches!(refused, Err(JournalError::Unfit { .. })), "{record}");
    }
    let not_json = BTreeMap::from([((1, 2), 3)]);
    assert!(matches!(journal.append(at(1), &not_json), Err(JournalError::Unfit { .. })));

    let outputs = nested(DEPTH_MAX - 1);
    let deepest = Record::OutputsKept { outputs };
    assert_eq!(journal.append(at(1), &deepest).unwrap(), 1);
    assert_eq!(journal.append(at(2), &Record::Stopped).unwrap(), 2);
    journal.sync().unwrap();
    assert_eq!(only_records(open(&memory.0).unwrap().0.entries), [deepest, Record::Stopped]);
}

#[test]
fn an_intact_line_that_is_not_known_is_never_cut() {
    #[derive(Serialize)]
    #[serde(tag = "event", rename_all = "snake_case")]
    enum Later {
        Teleported { to: u32 },
    }
    let mut memory = Memory::default();
    let mut journal = Journal::create_on(&mut memory, Path::new("j"), RUN, at(0)).unwrap();
    journal.append(at(1), &Record::Stopped).unwrap();
    journal.append(at(2), &Later::Teleported { to: 3 }).unwrap();
    journal.flush().unwrap();
    let error = open(&memory.0).unwrap_err();
    assert!(matches!(error, JournalError::NotUnderstood { line: 3, .. }), "{error}");
    let text = error.to_string();
    assert!(
        text.starts_with("line 3 of the journal `j` is intact but unknown: unknown variant"),
        "{text}"
    );
}

/// A line that was changed, with a sum that matches it.
fn summed(line: &str) -> String {
    let guarded = line.rsplit_once(",\"sum\"").unwrap().0;
    let sum = &blake3::hash(guarded.as_bytes()).to_hex()[..16];
    format!("{guarded},\"sum\":\"{sum}\"}}\n")
}

#[test]
fn a_first_line_that_cannot_be_one_is_refused_though_its_sum_matches() {
    let mut memory = Memory::default();
    Journal::create_on(&mut memory, Path::new("j"), RUN, at(0)).unwrap();
    let text = String::from_utf8(memory.0).unwrap();
    assert_eq!(summed(&text), text);
    let changes = [
        ("\"seq\":0", "\"seq\":1"),
        ("\"prev\":\"0", "\"prev\":\"1"),
        ("\"format\":1", "\"format\":0"),
        ("\"format\":1,", ""),
        ("\"event\":\"journal\"", "\"event\":\"stopped\""),
    ];
    for (from, to) in changes {
        let changed = summed(&text.replace(from, to));
        let error = open(changed.as_bytes()).unwrap_err();
        assert!(matches!(error, JournalError::Damaged { line: 1, .. }), "{to}: {error}");
    }
}

#[test]
fn a_newer_format_is_refused_with_what_to_do() {
    let mut memory = Memory::default();
    Journal::create_on(&mut memory, Path::new("j"), RUN, at(0)).unwrap();
    let text = String::from_utf8(memory.0).unwrap();
    let newer =
        text.replace("\"format\":1,\"windlass\":\"0.1.0\"", "\"format\":2,\"windlass\":\"9.9.9\"");
    let error = open(format!("{}whatever 2 is like\n", summed(&newer)).as_bytes()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the journal `j` has format 2, and this windlass knows formats up to 1\n  \
         use windlass 9.9.9 or later, which wrote it"
    );
}

fn any_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>()
            .prop_filter("JSON has no such number", |n| n.is_finite())
            .prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((any::<String>(), inner), 0..4)
                .prop_map(|entries| Value::Object(entries.into_iter().collect())),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_outputs_are_kept_bit_for_bit(values in prop::collection::vec(any_value(), 1..6), run in "[a-z][a-z0-9-]{0,20}") {
        let mut memory = Memory::default();
        let mut journal = Journal::create_on(&mut memory, Path::new("j"), &run, at(0)).unwrap();
        let records: Vec<_> = values.into_iter().map(|outputs| Record::OutputsKept { outputs }).collect();
        for record in &records {
            journal.append(at(1), record).unwrap();
        }
        journal.sync().unwrap();
        let contents = open(&memory.0).unwrap().0;
        prop_assert_eq!(contents.run, run);
        prop_assert_eq!(only_records(contents.entries), records);
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in prop::collection::vec(prop_oneof![any::<u8>(), Just(b'\n'), Just(b'"')], 0..400)) {
        prop_assert!(open(&bytes).is_err());
    }
}
