//! What has become of the runs that are in the way of another one.
//!
//! Reads their folders as they are now; does not know what is said of it.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use super::known;
use crate::journal::{RunFolder, StateFolder};
use crate::lock;
use crate::lock::claims::{ClaimFolder, Owner};
use crate::report::locks::{self, Awaited, InTheWay, Link};
use crate::report::status::Status;

/// How many runs a ring is followed through.
const RING_MAX: usize = 16;

/// Looks at every run that a run waits for.
pub(super) fn look(folder: &RunFolder, status: Status) -> Status {
    if status.awaited.is_empty() {
        return status;
    }
    // Where others do not see the folder is said by the commands that change it.
    let (path, _) = ClaimFolder::choose(&Owner::of(folder).state_dir);
    let claims = ClaimFolder::look(&path).ok().flatten();
    let waiting = Waiting { folder, claims, found: RefCell::default() };
    status.with_runs_in_the_way(|wait| waiting.stands(wait))
}

/// The run that waits.
struct Waiting<'a> {
    folder: &'a RunFolder,
    claims: Option<ClaimFolder>,
    /// What was found in the place of each run: many waits are for one and the same.
    found: RefCell<BTreeMap<PathBuf, Rc<Found>>>,
}

/// A run at rest, as far as it matters to those that wait for it.
struct AtRest {
    folder: RunFolder,
    awaited: Vec<Awaited>,
}

/// What is there in the place of a run.
enum Found {
    Stands(InTheWay),
    AtRest(AtRest),
}

impl Waiting<'_> {
    fn stands(&self, wait: &Awaited) -> InTheWay {
        let there = folder_of(self.folder, wait);
        if !self.holds(&there, wait) {
            return InTheWay::Free;
        }
        match &*self.find(there) {
            Found::Stands(stands) => stands.clone(),
            Found::AtRest(_) => {
                let begun = wait.link(self.folder.id());
                let first = folder_of(self.folder, wait);
                self.ring(first, begun).map_or(InTheWay::AtRest, InTheWay::Ring)
            }
        }
    }

    /// Whether a run still has the lock that was denied because of it: its journal may not know that somebody has taken it away.
    fn holds(&self, there: &RunFolder, wait: &Awaited) -> bool {
        let holders = self.claims.as_ref().map(|claims| claims.holders(&wait.by.lock));
        let Some(Ok(holders)) = holders else { return true };
        let owner = Owner::of(there);
        holders.iter().any(|claim| claim.hold.owner == owner)
    }

    /// The shortest way from a run that is in the way back to this one, through what runs at rest hold and want.
    fn ring(&self, first: RunFolder, begun: Link) -> Option<Vec<Link>> {
        let mut seen = BTreeSet::from([first.path().to_owned()]);
        let mut ways = vec![(first, vec![begun])];
        let mut next = 0;
        while next < ways.len().min(RING_MAX) {
            let (folder, way) = ways[next].clone();
            next += 1;
            let found = self.find(folder);
            let Found::AtRest(run) = &*found else { continue };
            for wait in &run.awaited {
                let there = folder_of(&run.folder, wait);
                if !self.holds(&there, wait) {
                    continue;
                }
                let link = wait.link(run.folder.id());
                let way: Vec<Link> = way.iter().cloned().chain([link]).collect();
                if there.path() == self.folder.path() {
                    return Some(way);
                }
                if seen.insert(there.path().to_owned()) {
                    ways.push((there, way));
                }
            }
        }
        None
    }

    fn find(&self, folder: RunFolder) -> Rc<Found> {
        let path = folder.path().to_owned();
        if let Some(found) = self.found.borrow().get(&path) {
            return found.clone();
        }
        let found = Rc::new(find(folder));
        self.found.borrow_mut().insert(path, found.clone());
        found
    }
}

/// The folder of the run in the way of one in `folder`.
fn folder_of(folder: &RunFolder, wait: &Awaited) -> RunFolder {
    match &wait.by.state_dir {
        Some(state) => StateFolder::at(Path::new(state)).run_folder(&wait.by.run),
        None => RunFolder::at(&folder.path().with_file_name(&wait.by.run)),
    }
}

fn find(folder: RunFolder) -> Found {
    if let Err(error) = folder.journal().metadata() {
        // What is only hidden from this user may well go on.
        let gone = error.kind() == io::ErrorKind::NotFound;
        return Found::Stands(if gone { InTheWay::Over } else { InTheWay::AtRest });
    }
    if lock::is_locked(&folder).unwrap_or(false) {
        return Found::Stands(InTheWay::Working);
    }
    match known::read(folder) {
        Ok(known) if known.state.run().closed => Found::Stands(InTheWay::Over),
        Ok(known) => {
            Found::AtRest(AtRest { awaited: locks::awaited(&known.state), folder: known.folder })
        }
        Err(_) => Found::Stands(InTheWay::AtRest),
    }
}
