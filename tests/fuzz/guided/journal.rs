//! Any bytes as a journal: what is read of them is the same whoever reads, and what is read can be replayed or is refused.
//!
//! Each input is read twice: as it is, where the hashes stop nearly everything, and with hashes that are made anew, so that what
//! stands in the records reaches the state machine. Does not know what a record means.

#![no_main]

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process;
use std::sync::{Arc, LazyLock};

use indexmap::IndexMap;
use libfuzzer_sys::fuzz_target;
use windlass::core::record::Record;
use windlass::diag::Source;
use windlass::exec;
use windlass::journal::{self, Entry, Journal, Tail};
use windlass::plan::Plan;
use windlass::report::overview;
use windlass::report::status::Status;
use windlass::spec::load;

/// The runbook of the runs whose journals are the seeds.
const RUNBOOK: &str = include_str!("book.yaml");

static PLAN: LazyLock<Plan> = LazyLock::new(|| {
    let loaded = load::load_from(Source::new("book.yaml", RUNBOOK), IndexMap::new()).expect("the runbook is sound");
    Plan::new(loaded.runbook, serde_json::Map::new(), PathBuf::from("/")).expect("it has no variables")
});

static FILE: LazyLock<PathBuf> = LazyLock::new(|| env::temp_dir().join(format!("windlass-journal-{}", process::id())));

fuzz_target!(|bytes: &[u8]| {
    read(bytes);
    let entries = read(&sealed(bytes));
    replay(&entries);
});

/// Reads a journal in every way there is, which must agree.
fn read(bytes: &[u8]) -> Vec<Entry<Record>> {
    let path: &Path = &FILE;
    fs::write(path, bytes).expect("the folder for temporary files can be written");
    let first: Option<Record> = journal::first(path);
    let followed = Tail::open(path).and_then(|mut tail| tail.read());
    let contents = match journal::read::<Record>(path) {
        Ok(contents) => contents,
        Err(error) => {
            assert!(!error.to_string().is_empty());
            assert!(Journal::open::<Record>(path).is_err(), "it is opened although it cannot be read");
            assert_eq!(fs::read(path).expect("it is there"), bytes, "what was refused was changed");
            return Vec::new();
        }
    };
    let entries = contents.entries;
    assert!(entries.iter().zip(1..).all(|(entry, due)| entry.seq == due));
    if contents.warnings.is_empty() {
        assert_eq!(first, entries.first().map(|entry| entry.record.clone()));
        assert_eq!(followed.expect("it is whole"), entries);
    }
    let (opened, found) = Journal::open::<Record>(path).expect("it was just read");
    assert_eq!(found.entries, entries);
    drop(opened);
    let again = journal::read::<Record>(path).expect("what was opened can be read");
    assert!(again.warnings.is_empty() && again.entries == entries);
    entries
}

/// What people see of the records, if they fit each other.
fn replay(entries: &[Entry<Record>]) {
    match exec::replay(PLAN.graph.clone(), entries, false) {
        Ok(state) => {
            let status = Status::new("20261120-2210-k3", &PLAN, &state, None);
            assert!(!overview::text(&status).is_empty());
            serde_json::to_string(&status).expect("a status is JSON");
        }
        Err((_, unfit)) => assert!(!unfit.to_string().is_empty()),
    }
    let _ = exec::replay(Arc::clone(&PLAN.graph), entries, true);
}

/// The lines with the numbers and hashes that they should have, by the description of the format in `windlass::journal`.
fn sealed(bytes: &[u8]) -> Vec<u8> {
    let mut sealed = Vec::new();
    let mut prev = "0".repeat(32);
    for (number, line) in bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).enumerate() {
        let body = body(line);
        let mut line = format!("{{\"seq\":{number}").into_bytes();
        line.extend_from_slice(body);
        line.extend_from_slice(format!(",\"prev\":\"{prev}\"").as_bytes());
        let sum = blake3::hash(&line).to_hex();
        line.extend_from_slice(format!(",\"sum\":\"{}\"}}", &sum[..16]).as_bytes());
        prev = blake3::hash(&line).to_hex()[..32].to_owned();
        sealed.append(&mut line);
        sealed.push(b'\n');
    }
    sealed
}

/// What stands in a line between its number and its hashes.
fn body(line: &[u8]) -> &[u8] {
    let key = b",\"prev\":\"";
    let end = line.windows(key.len()).rposition(|window| window == key).unwrap_or(line.len());
    let head = line[..end].strip_prefix(b"{\"seq\":").unwrap_or(&line[..end]);
    let digits = head.iter().take_while(|byte| byte.is_ascii_digit()).count();
    &head[digits..]
}
