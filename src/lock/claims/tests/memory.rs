//! A disk in memory. The process may be killed over any change, and the power may fail after any.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::PathBuf;
use std::rc::Rc;

use crate::lock::claims::disk::Disk;
use crate::lock::claims::{ClaimFolder, Liveness, Owner};

/// A change of a folder's entries that may not be on disk yet.
#[derive(Clone)]
enum Change {
    Put(String, Vec<u8>),
    Remove(String),
}

#[derive(Clone, Default)]
struct Entries {
    now: BTreeMap<String, Vec<u8>>,
    durable: BTreeMap<String, Vec<u8>>,
    pending: Vec<Change>,
}

impl Entries {
    fn change(&mut self, change: Change) {
        apply(&mut self.now, &change);
        self.pending.push(change);
    }
}

fn apply(entries: &mut BTreeMap<String, Vec<u8>>, change: &Change) {
    match change {
        Change::Put(file, bytes) => drop(entries.insert(file.clone(), bytes.clone())),
        Change::Remove(file) => drop(entries.remove(file)),
    }
}

#[derive(Default)]
struct Machine {
    folders: [Entries; 2],
    changes: usize,
    killed_at: Option<usize>,
    is_dead: bool,
    gone: BTreeSet<Owner>,
}

/// One of the two folders of a machine.
#[derive(Clone, Default)]
pub(super) struct Memory {
    machine: Rc<RefCell<Machine>>,
    folder: usize,
}

impl Memory {
    pub(super) fn folder() -> (Self, ClaimFolder<Self>) {
        let memory = Self::default();
        (memory.clone(), memory.open())
    }

    pub(super) fn open(&self) -> ClaimFolder<Self> {
        let at = |folder| Self { machine: self.machine.clone(), folder };
        ClaimFolder { claims: at(0), waits: at(1) }
    }

    /// How many changes there were.
    pub(super) fn changes(&self) -> usize {
        self.machine.borrow().changes
    }

    /// Kills the process over the change of that number, counted from 1.
    pub(super) fn kill_at(&self, change: usize) {
        self.machine.borrow_mut().killed_at = Some(change);
    }

    pub(super) fn is_dead(&self) -> bool {
        self.machine.borrow().is_dead
    }

    /// What another process finds after the kill.
    pub(super) fn after_kill(&self) -> Self {
        let machine = self.machine.borrow();
        Self::with(machine.folders.clone())
    }

    /// What is found after a power cut: `kept` decides of each change that was not synced whether it came through.
    pub(super) fn after_power_cut(&self, kept: impl Fn(usize) -> bool) -> Self {
        let folders = self.machine.borrow().folders.clone().map(|entries| {
            let mut found = entries.durable;
            let pending = entries.pending.iter().enumerate().filter(|(number, _)| kept(*number));
            pending.for_each(|(_, change)| apply(&mut found, change));
            Entries { now: found.clone(), durable: found, pending: Vec::new() }
        });
        Self::with(folders)
    }

    fn with(folders: [Entries; 2]) -> Self {
        let machine = Machine { folders, ..Machine::default() };
        Self { machine: Rc::new(RefCell::new(machine)), folder: 0 }
    }

    /// From now on the executor of that run does not live.
    pub(super) fn end(&self, owner: &Owner) {
        self.machine.borrow_mut().gone.insert(owner.clone());
    }

    /// Replaces what a file holds, as a disk that is damaged would.
    pub(super) fn damage(&self, file: &str, bytes: &[u8]) {
        let entries = &mut self.machine.borrow_mut().folders[self.folder];
        entries.change(Change::Put(file.to_owned(), bytes.to_owned()));
    }

    pub(super) fn file_names(&self) -> Vec<String> {
        self.machine.borrow().folders[self.folder].now.keys().cloned().collect()
    }

    fn changing<T>(&self, change: impl FnOnce(&mut Entries, bool) -> T) -> io::Result<T> {
        let machine = &mut *self.machine.borrow_mut();
        if machine.is_dead {
            return Err(io::Error::other("dead"));
        }
        machine.changes += 1;
        let strikes = machine.killed_at == Some(machine.changes);
        machine.is_dead = strikes;
        let entries = &mut machine.folders[self.folder];
        let result = change(entries, strikes);
        if strikes { Err(io::Error::other("killed")) } else { Ok(result) }
    }
}

impl Disk for Memory {
    type Guard = ();

    fn lock(&self) -> io::Result<Option<()>> {
        Ok(Some(()))
    }

    fn read(&self, file: &str) -> io::Result<Option<Vec<u8>>> {
        Ok(self.machine.borrow().folders[self.folder].now.get(file).cloned())
    }

    fn files(&self) -> io::Result<Vec<String>> {
        Ok(self.file_names())
    }

    fn write_new(&self, files: &[(String, Vec<u8>)]) -> io::Result<()> {
        files.iter().try_for_each(|(file, bytes)| {
            self.changing(|entries, strikes| {
                let written = if strikes { bytes.len() / 2 } else { bytes.len() };
                entries.change(Change::Put(format!("{file}.new"), bytes[..written].to_vec()));
            })
        })
    }

    fn put(&self, file: &str) -> io::Result<()> {
        self.changing(|entries, strikes| {
            if !strikes {
                let new = format!("{file}.new");
                let bytes = entries.now.get(&new).cloned().unwrap();
                entries.change(Change::Remove(new));
                entries.change(Change::Put(file.to_owned(), bytes));
            }
        })
    }

    fn remove(&self, file: &str) -> io::Result<()> {
        self.changing(|entries, strikes| {
            if !strikes {
                entries.change(Change::Remove(file.to_owned()));
            }
        })
    }

    fn sync_entries(&self) -> io::Result<()> {
        self.changing(|entries, strikes| {
            if !strikes {
                entries.durable = entries.now.clone();
                entries.pending.clear();
            }
        })
    }

    fn append(&self, file: &str, line: &[u8]) -> io::Result<()> {
        self.changing(|entries, strikes| {
            let mut bytes = entries.now.get(file).cloned().unwrap_or_default();
            let written = if strikes { line.len() / 2 } else { line.len() };
            bytes.extend_from_slice(&line[..written]);
            entries.change(Change::Put(file.to_owned(), bytes));
        })?;
        self.sync_entries()
    }

    fn executor(&self, owner: &Owner, _host: &str) -> Liveness {
        match self.machine.borrow().gone.contains(owner) {
            true => Liveness::Gone,
            false => Liveness::Alive,
        }
    }

    fn path(&self, file: &str) -> PathBuf {
        PathBuf::from("/locks").join(file)
    }
}
