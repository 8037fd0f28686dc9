//! Writes and syncs that fail, power cuts, and a disk that is full.
//!
//! The fault model: any write may fail after any part of it was written; any sync may fail, after which what
//! was written since the one before may or may not be on disk; a power cut leaves what was synced, and of
//! every 16 bytes that were not, the old or the new; the file's length may have grown or not.

use std::cell::RefCell;
use std::fs::File;
use std::io;
use std::path::Path;
use std::rc::Rc;

use proptest::prelude::*;
use tempfile::tempdir;

use super::sample::{Memory, RUN, Record, at, line_starts, only_records, open, started};
use crate::journal::{Contents, Journal, JournalError, Storage};

const SECTOR: usize = 16;

#[derive(Clone, Copy, Debug, PartialEq)]
enum Fault {
    /// The write that is the call of this number writes so many bytes and fails.
    Write {
        call: usize,
        written: usize,
    },
    Sync {
        call: usize,
    },
}

#[derive(Default)]
struct Disk {
    memory: Memory,
    durable: Vec<u8>,
    fault: Option<Fault>,
    calls: usize,
    calls_after_fault: usize,
    struck: bool,
}

#[derive(Clone, Default)]
struct Shared(Rc<RefCell<Disk>>);

impl Disk {
    fn count(&mut self) -> usize {
        self.calls_after_fault += usize::from(self.struck);
        self.calls += 1;
        self.calls
    }

    /// What is found after a power cut: `kept` decides for each sector whether its last write came through.
    fn after_power_cut(&self, grown: bool, kept: impl Fn(usize) -> bool) -> Vec<u8> {
        let volatile = &self.memory.0;
        let length = if grown { volatile.len() } else { self.durable.len() };
        let mut found = self.durable.clone();
        found.resize(length, 0);
        for sector in (0..length).step_by(SECTOR) {
            let end = (sector + SECTOR).min(length).min(volatile.len());
            if kept(sector / SECTOR) && sector < end {
                found[sector..end].copy_from_slice(&volatile[sector..end]);
            }
        }
        found
    }
}

impl Storage for Shared {
    fn read_at(&mut self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.borrow_mut().memory.read_at(offset, buffer)
    }

    fn write_all_at(&mut self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        let disk = &mut *self.0.borrow_mut();
        let now = disk.count();
        match disk.fault {
            Some(Fault::Write { call, written }) if call == now => {
                disk.struck = true;
                disk.memory.write_all_at(offset, &bytes[..written.min(bytes.len())])?;
                Err(io::ErrorKind::StorageFull.into())
            }
            _ => disk.memory.write_all_at(offset, bytes),
        }
    }

    fn truncate(&mut self, length: u64) -> io::Result<()> {
        let disk = &mut *self.0.borrow_mut();
        disk.count();
        disk.memory.truncate(length)
    }

    fn sync(&mut self) -> io::Result<()> {
        let disk = &mut *self.0.borrow_mut();
        let now = disk.count();
        if disk.fault == Some(Fault::Sync { call: now }) {
            disk.struck = true;
            return Err(io::Error::other("injected"));
        }
        disk.durable = disk.memory.0.clone();
        Ok(())
    }
}

/// Appends twelve records, flushing after every second and syncing after every fourth, until something fails.
/// Returns how many are known to be durable, and how many had been appended.
fn work(disk: &Shared) -> (u64, u64) {
    let Ok(mut journal) = Journal::create_on(disk.clone(), Path::new("j"), RUN, at(0)) else {
        return (0, 0);
    };
    for attempt in 1..=12 {
        let step = journal.append(at(0), &started(attempt)).and_then(|_| match attempt % 4 {
            0 => journal.sync(),
            2 => journal.flush(),
            _ => Ok(()),
        });
        if step.is_err() {
            assert!(disk.0.borrow().struck);
            let poisoned = |result| matches!(result, Err(JournalError::Poisoned { .. }));
            assert!(poisoned(journal.append(at(0), &started(99)).map(drop)));
            assert!(poisoned(journal.flush()));
            assert!(poisoned(journal.sync()));
            assert_eq!(
                disk.0.borrow().calls_after_fault,
                0,
                "a poisoned journal touched its storage"
            );
            break;
        }
    }
    (journal.durable(), journal.last())
}

/// What is found must be a run of the records that were written, and hold all that were durable.
fn assert_nothing_lost(
    contents: Contents<Record>,
    durable: u64,
    last: u64,
    fault: &dyn std::fmt::Debug,
) {
    let found = only_records(contents.entries);
    assert!(found.len() as u64 >= durable && found.len() as u64 <= last, "{fault:?}");
    let written: Vec<_> = (1..=found.len() as u32).map(started).collect();
    assert_eq!(found, written, "{fault:?}");
}

fn all_faults() -> Vec<Fault> {
    let disk = Shared::default();
    assert_eq!(work(&disk), (12, 12));
    let calls = disk.0.borrow().calls;
    // Longer than any one write, so that some faults strike after all of it was written.
    let longest = 600;
    let writes =
        (1..=calls).flat_map(|call| (0..longest).step_by(7).map(move |written| (call, written)));
    let writes = writes.map(|(call, written)| Fault::Write { call, written });
    writes.chain((1..=calls).map(|call| Fault::Sync { call })).collect()
}

#[test]
fn a_write_or_sync_that_fails_poisons_and_loses_nothing_that_was_durable() {
    let mut struck = 0;
    for fault in all_faults() {
        let disk = Shared::default();
        disk.0.borrow_mut().fault = Some(fault);
        let (durable, last) = work(&disk);
        let disk = disk.0.borrow();
        if !disk.struck {
            continue;
        }
        struck += 1;
        let images = [
            disk.memory.0.clone(),
            disk.after_power_cut(false, |_| false),
            disk.after_power_cut(true, |_| false),
            disk.after_power_cut(true, |sector| sector % 2 == 0),
            disk.after_power_cut(true, |sector| sector % 2 == 1),
        ];
        for image in images {
            match open(&image) {
                Ok((contents, _)) => assert_nothing_lost(contents, durable, last, &fault),
                // Only while the first line itself was not yet durable.
                Err(error) => assert_eq!(last, 0, "{fault:?}: {error}"),
            }
        }
    }
    assert!(struck > 100, "{struck}");
}

#[test]
fn a_journal_that_was_poisoned_goes_on_when_it_is_opened_again() {
    for fault in all_faults() {
        let disk = Shared::default();
        disk.0.borrow_mut().fault = Some(fault);
        let (durable, last) = work(&disk);
        if last == 0 || !disk.0.borrow().struck {
            continue;
        }
        let (mut journal, contents) =
            Journal::open_on::<Record>(disk.clone(), Path::new("j")).unwrap();
        let found = contents.entries.len() as u64;
        assert_nothing_lost(contents, durable, last, &fault);
        assert_eq!(journal.append(at(0), &started(found as u32 + 1)).unwrap(), found + 1);
        journal.sync().unwrap();
        let disk = disk.0.borrow();
        assert_eq!(disk.durable, disk.memory.0);
        let contents = open(&disk.durable).unwrap().0;
        assert_eq!(contents.warnings, Vec::<String>::new());
        assert_nothing_lost(contents, found + 1, found + 1, &fault);
    }
}

/// After a failed sync the system may take its memory for what is on disk. Opening must write anew all that
/// nothing declares durable, so that the next sync is true.
#[test]
fn opening_writes_anew_what_a_failed_sync_may_have_left_in_memory_only() {
    struct Forgetful {
        memory: Memory,
        disk: Vec<u8>,
        dirty: Vec<(usize, usize)>,
        last_synced: Vec<(usize, usize)>,
        sync_fails: bool,
    }
    impl Storage for &mut Forgetful {
        fn read_at(&mut self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
            self.memory.read_at(offset, buffer)
        }
        fn write_all_at(&mut self, offset: u64, bytes: &[u8]) -> io::Result<()> {
            self.dirty.push((offset as usize, offset as usize + bytes.len()));
            self.memory.write_all_at(offset, bytes)
        }
        fn truncate(&mut self, length: u64) -> io::Result<()> {
            self.disk.truncate(length as usize);
            self.memory.truncate(length)
        }
        fn sync(&mut self) -> io::Result<()> {
            let dirty = std::mem::take(&mut self.dirty);
            self.disk.resize(self.memory.0.len(), 0);
            if std::mem::take(&mut self.sync_fails) {
                return Err(io::Error::other("injected"));
            }
            for &(start, end) in &dirty {
                self.disk[start..end].copy_from_slice(&self.memory.0[start..end]);
            }
            self.last_synced = dirty;
            Ok(())
        }
    }
    let mut storage = Forgetful {
        memory: Memory::default(),
        disk: Vec::new(),
        dirty: Vec::new(),
        last_synced: Vec::new(),
        sync_fails: false,
    };
    let mut journal = Journal::create_on(&mut storage, Path::new("j"), RUN, at(0)).unwrap();
    for attempt in 1..=4 {
        journal.append(at(0), &started(attempt)).unwrap();
        if attempt % 2 == 0 {
            journal.sync().unwrap();
        }
    }
    journal.append(at(0), &started(5)).unwrap();
    journal.flush().unwrap();
    drop(journal);
    storage.sync_fails = true;
    assert!((&mut storage).sync().is_err());
    assert_ne!(storage.disk, storage.memory.0);
    let (journal, contents) = Journal::open_on::<Record>(&mut storage, Path::new("j")).unwrap();
    assert_eq!((journal.durable(), contents.entries.len()), (5, 5));
    drop(journal);
    assert_eq!(storage.disk, storage.memory.0);
    // Line 4 declares record 2 durable, and line 6 record 4: only line 6 is written anew.
    let starts = line_starts(&storage.memory.0);
    assert_eq!(storage.last_synced, [(starts[5], starts[6])]);
}

/// A real disk until it is full, and then one that the kernel says is full.
#[cfg(target_os = "linux")]
struct Filling {
    file: File,
    room: u64,
}

#[cfg(target_os = "linux")]
impl Storage for Filling {
    fn read_at(&mut self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        self.file.read_at(offset, buffer)
    }
    fn write_all_at(&mut self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        let fits = self.room.saturating_sub(offset).min(bytes.len() as u64) as usize;
        self.file.write_all_at(offset, &bytes[..fits])?;
        if fits == bytes.len() {
            return Ok(());
        }
        File::options().write(true).open("/dev/full")?.write_all_at(0, &bytes[fits..])
    }
    fn truncate(&mut self, length: u64) -> io::Result<()> {
        self.file.truncate(length)
    }
    fn sync(&mut self) -> io::Result<()> {
        self.file.sync()
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_stops_the_journal_and_loses_nothing_that_was_durable() {
    let full = File::options().read(true).write(true).open("/dev/full").unwrap();
    let path = Path::new("/state/runs/r1/journal.jsonl");
    let error = Journal::create_on(full, path, "r1", at(0)).unwrap_err();
    assert_eq!(
        error.to_string(),
        "cannot write the journal `/state/runs/r1/journal.jsonl`: No space left on device (os error 28)\n  \
         make room on its disk, then type `windlass resume r1`"
    );

    for room in (300..3000).step_by(41) {
        let folder = tempdir().unwrap();
        let path = folder.path().join("journal.jsonl");
        let file = File::options().read(true).write(true).create_new(true).open(&path).unwrap();
        let mut journal = Journal::create_on(Filling { file, room }, &path, RUN, at(0)).unwrap();
        let mut attempt = 0;
        let error = loop {
            attempt += 1;
            let step = journal.append(at(0), &started(attempt)).and_then(|_| journal.sync());
            if let Err(error) = step {
                break error;
            }
        };
        assert!(matches!(error, JournalError::Io { action: "write", .. }), "{error}");
        assert!(matches!(journal.sync(), Err(JournalError::Poisoned { .. })));
        let (durable, last) = (journal.durable(), journal.last());
        assert_eq!(last, durable + 1);
        drop(journal);
        let (mut journal, contents) = Journal::open::<Record>(&path).unwrap();
        assert_nothing_lost(contents, durable, last, &room);
        journal.append(at(0), &started(1)).unwrap();
        journal.sync().unwrap();
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 512, ..ProptestConfig::default() })]

    /// Batches of any sizes, a power cut after any of them, and any mixture of old and new sectors.
    #[test]
    fn a_power_cut_loses_nothing_that_was_durable(
        batches in prop::collection::vec((0u32..4, any::<bool>()), 1..12),
        unsynced in 0u32..4,
        grown: bool,
        kept in prop::collection::vec(any::<bool>(), 1..200),
    ) {
        let disk = Shared::default();
        let mut journal = Journal::create_on(disk.clone(), Path::new("j"), RUN, at(0)).unwrap();
        let mut attempts = 1..;
        for (size, synced) in batches {
            for attempt in attempts.by_ref().take(size as usize) {
                journal.append(at(0), &started(attempt)).unwrap();
            }
            if synced { journal.sync().unwrap() } else { journal.flush().unwrap() }
        }
        for attempt in attempts.take(unsynced as usize) {
            journal.append(at(0), &started(attempt)).unwrap();
        }
        journal.flush().unwrap();
        let found = disk.0.borrow().after_power_cut(grown, |sector| kept[sector % kept.len()]);
        let contents = open(&found).unwrap().0;
        assert_nothing_lost(contents, journal.durable(), journal.last(), &found.len());
    }
}
