//! Every prefix, every flipped bit, every lost, doubled or exchanged line of a real journal.

use tempfile::tempdir;

use super::sample::{
    RUN, Record, at, line_starts, only_records, open, real_journal, records, started,
};
use crate::journal::{Contents, Journal, JournalError, read};

/// After records 2 and 5, as sequence numbers. The last of these syncs is declared by line 7 of the file.
const SYNCED: [usize; 2] = [1, 4];
const DECLARED: u64 = 5;

fn damaged_line(error: &JournalError) -> u64 {
    match error {
        JournalError::Damaged { line, .. } => *line,
        other => panic!("{other}"),
    }
}

/// Reads and opens these bytes; both must say the same.
fn examine(bytes: &[u8]) -> Result<(Contents<Record>, Vec<u8>), JournalError> {
    let folder = tempdir().unwrap();
    let path = folder.path().join("journal.jsonl");
    std::fs::write(&path, bytes).unwrap();
    let seen = read::<Record>(&path);
    assert_eq!(std::fs::read(&path).unwrap(), bytes, "a reader changed the journal");
    match (seen, open(bytes)) {
        (Ok(seen), Ok((contents, left))) => {
            assert_eq!(seen.entries, contents.entries);
            assert_eq!(seen.warnings.len(), contents.warnings.len());
            Ok((contents, left))
        }
        (Err(seen), Err(error)) => {
            assert_eq!(std::mem::discriminant(&seen), std::mem::discriminant(&error));
            Err(error)
        }
        (seen, opened) => panic!("{seen:?} but {opened:?}"),
    }
}

#[test]
fn every_prefix_opens_or_is_cut() {
    let folder = tempdir().unwrap();
    let bytes = real_journal(folder.path(), &SYNCED);
    let starts = line_starts(&bytes);
    for length in 0..=bytes.len() {
        let whole_lines = starts[1..].iter().filter(|start| **start <= length).count();
        let result = examine(&bytes[..length]);
        if whole_lines == 0 {
            let error = result.unwrap_err();
            assert!(matches!(error, JournalError::NeverBegun { .. }), "{length}: {error}");
            continue;
        }
        let (contents, left) = result.unwrap();
        assert_eq!(left, bytes[..starts[whole_lines]]);
        assert_eq!(contents.warnings.is_empty(), starts.contains(&length), "{length}");
        assert_eq!(only_records(contents.entries), records()[..whole_lines - 1]);
    }
}

#[test]
fn every_flipped_bit_is_detected() {
    let folder = tempdir().unwrap();
    let bytes = real_journal(folder.path(), &SYNCED);
    let starts = line_starts(&bytes);
    let mut flipped = bytes.clone();
    for place in 0..bytes.len() {
        // The line, counted from 0 as sequence numbers are.
        let line = starts[1..].iter().filter(|start| **start <= place).count();
        for bit in 0..8 {
            flipped[place] ^= 1 << bit;
            let result = open(&flipped);
            if line as u64 <= DECLARED {
                assert_eq!(damaged_line(&result.unwrap_err()), line as u64 + 1, "{place} {bit}");
            } else {
                let (contents, left) = result.unwrap();
                assert_eq!(contents.warnings.len(), 1, "{place} {bit}");
                assert_eq!(only_records(contents.entries), records()[..line - 1]);
                assert_eq!(left, bytes[..starts[line]]);
            }
            flipped[place] ^= 1 << bit;
        }
    }
}

#[test]
fn a_flipped_bit_in_a_journal_of_one_line_is_detected() {
    let folder = tempdir().unwrap();
    let bytes = real_journal(folder.path(), &[]);
    let mut first = bytes[..line_starts(&bytes)[1]].to_vec();
    for place in 0..first.len() {
        for bit in 0..8 {
            first[place] ^= 1 << bit;
            assert!(open(&first).is_err(), "{place} {bit}");
            first[place] ^= 1 << bit;
        }
    }
}

#[test]
fn a_lost_newline_does_not_hide_the_only_line_that_declares_durable() {
    let folder = tempdir().unwrap();
    let bytes = real_journal(folder.path(), &SYNCED);
    let starts = line_starts(&bytes);
    let mut run_together = bytes[..starts[7]].to_vec();
    run_together[starts[6] - 1] ^= 1;
    let error = examine(&run_together).unwrap_err();
    assert!(
        matches!(error, JournalError::Damaged { line: 6, declared_by: Some(6), .. }),
        "{error}"
    );
}

/// Every line dropped, doubled, or exchanged with the next.
#[test]
fn lines_in_another_order_are_detected() {
    let folder = tempdir().unwrap();
    let bytes = real_journal(folder.path(), &SYNCED);
    let lines: Vec<&[u8]> = bytes.split_inclusive(|byte| *byte == b'\n').collect();
    for place in 0..lines.len() - 1 {
        let mut dropped = lines.clone();
        dropped.remove(place);
        let mut doubled = lines.clone();
        doubled.insert(place, lines[place]);
        let mut exchanged = lines.clone();
        exchanged.swap(place, place + 1);
        let doubled_at = place + 1;
        for (changed, first_wrong) in [(dropped, place), (doubled, doubled_at), (exchanged, place)]
        {
            match examine(&changed.concat()) {
                Err(error) => {
                    assert!(first_wrong as u64 <= DECLARED + 1, "{error}");
                    assert_eq!(damaged_line(&error), first_wrong as u64 + 1);
                }
                Ok((contents, _)) => {
                    assert!(first_wrong as u64 > DECLARED);
                    assert_eq!(contents.warnings.len(), 1);
                    assert_eq!(only_records(contents.entries), records()[..first_wrong - 1]);
                }
            }
        }
    }
}

#[test]
fn a_line_of_another_journal_is_detected_by_the_chain() {
    let (one, other) = (tempdir().unwrap(), tempdir().unwrap());
    let bytes = real_journal(one.path(), &SYNCED);
    let path = other.path().join("journal.jsonl");
    let mut journal = Journal::create(&path, RUN, at(9)).unwrap();
    for attempt in 1..=8 {
        journal.append(at(1), &started(attempt)).unwrap();
    }
    journal.flush().unwrap();
    let foreign = std::fs::read(path).unwrap();
    let (mine, theirs) = (line_starts(&bytes), line_starts(&foreign));
    let mixed = [&bytes[..mine[3]], &foreign[theirs[3]..theirs[4]], &bytes[mine[4]..]].concat();
    let Err(JournalError::Damaged { line: 4, problem, declared_by: Some(7), .. }) = examine(&mixed)
    else {
        panic!("a line of another journal passed")
    };
    assert_eq!(problem, "it does not continue the line before it");
}

#[test]
fn damage_beyond_what_is_declared_durable_is_cut_whatever_comes_after_it() {
    let folder = tempdir().unwrap();
    let bytes = real_journal(folder.path(), &SYNCED);
    let starts = line_starts(&bytes);
    // A power cut may leave zeros in the place of one line, and later ones intact.
    let mut zeroed = bytes.clone();
    zeroed[starts[6]..starts[7] - 1].fill(0);
    let (contents, left) = examine(&zeroed).unwrap();
    assert_eq!(only_records(contents.entries), records()[..5]);
    assert_eq!(left, bytes[..starts[6]]);
    assert_eq!(
        contents.warnings,
        [
            "line 7 of `j` was cut off, with the 2 lines after it: its checksum does not match, and was not \
          known to be on disk"
        ]
    );
    // Zeros in the place of the end have no line end.
    let tail = [&bytes[..starts[8]], &vec![0; bytes.len() - starts[8]]].concat();
    let (contents, _) = examine(&tail).unwrap();
    assert_eq!(
        contents.warnings,
        ["line 9 of `j` was cut off: it is incomplete, and was not known to be on disk"]
    );
}

#[test]
fn damage_that_is_declared_durable_names_line_reason_and_command() {
    let folder = tempdir().unwrap();
    let mut bytes = real_journal(folder.path(), &SYNCED);
    let starts = line_starts(&bytes);
    bytes[starts[5]..starts[6] - 1].fill(0);
    assert_eq!(
        open(&bytes).unwrap_err().to_string(),
        "the journal `j` is damaged at line 6: its checksum does not match\n  \
         line 7 says that it had been on disk\n  \
         put the file back from a backup, then type `windlass journal check 20261120-2210-k3`"
    );
}

#[test]
fn a_damaged_first_line_does_not_pass_for_a_run_that_was_never_begun() {
    let folder = tempdir().unwrap();
    let bytes = real_journal(folder.path(), &[]);
    let starts = line_starts(&bytes);
    let mut zeroed = bytes.clone();
    zeroed[..starts[1] - 1].fill(0);
    assert_eq!(damaged_line(&examine(&zeroed).unwrap_err()), 1);
    assert_eq!(damaged_line(&examine(&bytes[starts[1]..]).unwrap_err()), 1);
}

#[test]
fn what_was_opened_counts_as_durable_once_a_line_says_so() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("journal.jsonl");
    let before = real_journal(folder.path(), &SYNCED);
    let torn = &before[..before.len() - 3];
    std::fs::write(&path, torn).unwrap();
    let (mut journal, contents) = Journal::open::<Record>(&path).unwrap();
    assert_eq!((contents.entries.len(), contents.warnings.len()), (7, 1));
    assert_eq!(journal.append(at(50), &Record::Stopped).unwrap(), 8);
    journal.flush().unwrap();
    let mut bytes = std::fs::read(&path).unwrap();
    let starts = line_starts(&bytes);
    assert_eq!(open(&bytes).unwrap().0.entries.len(), 8);
    bytes[starts[7] + 20] ^= 1;
    assert_eq!(damaged_line(&examine(&bytes).unwrap_err()), 8);
}
