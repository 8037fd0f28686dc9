//! The reader of journals: what it returns is what was written, from the first record on, or it says that the journal is damaged.

use std::fs;
use std::panic::catch_unwind;
use std::path::Path;

use jiff::Timestamp;
use serde_json::{Value, json};
use tempfile::TempDir;
use windlass::journal::{self, Entry, Journal};

use super::{rng, seeds, spoil};

/// What lines are made of.
const WORDS: &[&str] = &[
    "{\"seq\":",
    ",\"at\":\"",
    "\"durable\":",
    ",\"prev\":\"",
    ",\"sum\":\"",
    "\"}\n",
    "\n",
    "\r\n",
    "\u{0}",
    "18446744073709551616",
    "-1",
    "{",
    "}",
    "[[[[[[[[",
    "\\u0000",
    "2026-11-21T00:00:00Z",
    "\"event\":\"opened\"",
    "0000000000000000",
];

/// A journal of some records, some of which are known to be on disk.
fn written(path: &Path, records: u64) -> Vec<Entry<Value>> {
    let at = |second: u64| Timestamp::from_second(1_795_212_600 + second.cast_signed()).unwrap();
    let mut journal = Journal::create(path, "20261120-2210-k3", at(0)).unwrap();
    for number in 1..=records {
        let record = json!({"event": "job_starting", "task": format!("move[{number}]"), "argv": ["a \"b\"", "é\n"]});
        journal.append(at(number), &record).unwrap();
        if number % 5 == 0 {
            journal.sync().unwrap();
        }
    }
    journal.flush().unwrap();
    journal::read(path).unwrap().entries
}

#[test]
fn what_is_read_was_written() {
    let folder = TempDir::new().unwrap();
    let whole = folder.path().join("journal.jsonl");
    let entries = written(&whole, 24);
    let other = folder.path().join("other.jsonl");
    written(&other, 7);
    let texts = [fs::read(&whole).unwrap(), fs::read(&other).unwrap()];
    let spoilt = folder.path().join("spoilt.jsonl");
    let (mut refused, mut shorter) = (0, 0);
    for seed in seeds() {
        let mut bytes = texts[0].clone();
        spoil(&mut rng(seed), &mut bytes, &texts, WORDS);
        fs::write(&spoilt, &bytes).unwrap();
        let told = catch_unwind(|| journal::read::<Value>(&spoilt));
        match told {
            Err(_) => panic!("WINDLASS_FUZZ_SEED={seed}: it panics"),
            Ok(Err(error)) => {
                assert!(!error.to_string().is_empty());
                refused += 1;
            }
            Ok(Ok(read)) => {
                assert!(entries.starts_with(&read.entries), "WINDLASS_FUZZ_SEED={seed}: {read:?}");
                shorter += u32::from(read.entries.len() < entries.len());
            }
        }
    }
    println!("{} journals: {refused} refused, {shorter} cut short", seeds().count());
}
