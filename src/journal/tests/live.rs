//! A reader beside a writer, and many records.

use std::fs;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use tempfile::tempdir;

use super::sample::{RUN, Record, at, started};
use crate::journal::{Journal, JournalError, Tail, read};

const RECORDS: u32 = 3000;

#[test]
fn a_reader_sees_a_growing_run_of_records_while_a_writer_is_at_it() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("journal.jsonl");
    let mut journal = Journal::create(&path, RUN, at(0)).unwrap();
    let flushed = AtomicU64::new(0);
    thread::scope(|scope| {
        scope.spawn(|| {
            for attempt in 1..=RECORDS {
                journal.append(at(0), &started(attempt)).unwrap();
                match attempt % 100 {
                    0 => journal.sync().unwrap(),
                    n if n % 7 == 0 => journal.flush().unwrap(),
                    _ => continue,
                }
                flushed.store(u64::from(attempt), Ordering::Release);
            }
        });
        let mut seen = 0;
        while seen < u64::from(RECORDS) {
            let written = flushed.load(Ordering::Acquire);
            let contents = read::<Record>(&path).unwrap();
            let found = contents.entries.len() as u64;
            assert!(found >= written && found >= seen, "{found} {written} {seen}");
            for (place, entry) in contents.entries.iter().enumerate() {
                assert_eq!(entry.seq, place as u64 + 1);
                assert_eq!(entry.record, started(entry.seq as u32));
            }
            seen = found;
        }
        assert_eq!(read::<Record>(&path).unwrap().warnings, Vec::<String>::new());
    });
}

#[test]
fn a_journal_grows_over_many_openings() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("journal.jsonl");
    Journal::create(&path, RUN, at(0)).unwrap();
    for round in 0..50u32 {
        let (mut journal, contents) = Journal::open::<Record>(&path).unwrap();
        assert_eq!(contents.entries.len() as u32, round * 2);
        journal.append(at(0), &started(round)).unwrap();
        journal.append(at(0), &Record::Stopped).unwrap();
        journal.flush().unwrap();
        assert_eq!(journal.durable(), u64::from(round) * 2);
    }
    assert_eq!(read::<Record>(&path).unwrap().entries.len(), 100);
}

#[test]
fn what_was_not_flushed_is_not_written() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("journal.jsonl");
    let mut journal = Journal::create(&path, RUN, at(0)).unwrap();
    journal.append(at(0), &started(1)).unwrap();
    assert_eq!((journal.last(), journal.durable()), (1, 0));
    assert_eq!(read::<Record>(&path).unwrap().entries, []);
    journal.sync().unwrap();
    assert_eq!((journal.last(), journal.durable()), (1, 1));
    assert_eq!(read::<Record>(&path).unwrap().entries.len(), 1);
}

#[test]
fn whoever_follows_gets_each_record_once_it_is_whole() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("journal.jsonl");
    let mut journal = Journal::create(&path, RUN, at(0)).unwrap();
    let mut tail = Tail::<Record>::open(&path).unwrap();
    let mut seen = Vec::new();
    for attempt in 1..=10 {
        journal.append(at(0), &started(attempt)).unwrap();
        if attempt % 3 == 0 {
            journal.flush().unwrap();
        }
        seen.extend(tail.read().unwrap());
        assert_eq!(seen.len() as u32, attempt / 3 * 3);
    }
    assert_eq!(seen, read::<Record>(&path).unwrap().entries);
    // A line arrives in two pieces.
    journal.flush().unwrap();
    let whole = fs::read(&path).unwrap();
    fs::write(&path, &whole[..whole.len() - 5]).unwrap();
    let mut tail = Tail::<Record>::open(&path).unwrap();
    assert_eq!(tail.read().unwrap().len(), 9);
    assert_eq!(tail.read().unwrap(), []);
    fs::write(&path, &whole).unwrap();
    assert_eq!(tail.read().unwrap().len(), 1);
}

#[test]
fn whoever_follows_notices_that_a_torn_end_was_replaced() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("journal.jsonl");
    let mut journal = Journal::create(&path, RUN, at(0)).unwrap();
    journal.append(at(0), &started(1)).unwrap();
    journal.sync().unwrap();
    drop(journal);
    let mut torn = fs::read(&path).unwrap();
    torn.extend_from_slice(b"{\"seq\":2,\"at\":\"1999");
    fs::write(&path, &torn).unwrap();
    let mut tail = Tail::<Record>::open(&path).unwrap();
    assert_eq!(tail.read().unwrap().len(), 1);
    let (mut journal, _) = Journal::open::<Record>(&path).unwrap();
    journal.append(at(0), &started(2)).unwrap();
    journal.flush().unwrap();
    assert!(matches!(tail.read(), Err(JournalError::Damaged { .. })));
}
