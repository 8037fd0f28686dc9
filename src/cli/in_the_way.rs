//! What has become of the runs that are in the way of another one.
//!
//! Reads their folders as they are now; does not know what is said of it.

use std::collections::BTreeSet;
use std::io;
use std::path::Path;

use super::known;
use crate::journal::{RunFolder, StateFolder};
use crate::lock;
use crate::report::locks::{self, Awaited, Held, InTheWay, Link};
use crate::report::status::Status;

/// How many runs a ring is followed through.
const RING_MAX: usize = 16;

/// Looks at every run that a run waits for.
pub(super) fn look(folder: &RunFolder, status: Status) -> Status {
    if status.awaited.is_empty() {
        return status;
    }
    let held = status.claims.clone();
    let waiting = Waiting { folder, held: &held };
    status.with_runs_in_the_way(|wait| waiting.stands(wait))
}

/// The run that waits.
struct Waiting<'a> {
    folder: &'a RunFolder,
    held: &'a [Held],
}

/// A run at rest, as far as it matters to those that wait for it.
struct AtRest {
    folder: RunFolder,
    held: Vec<Held>,
    awaited: Vec<Awaited>,
}

/// What is there in the place of a run.
enum Found {
    Stands(InTheWay),
    AtRest(AtRest),
}

impl Waiting<'_> {
    fn stands(&self, wait: &Awaited) -> InTheWay {
        match find(self.folder, wait) {
            Found::Stands(stands) => stands,
            Found::AtRest(first) => {
                let begun = wait.link(self.folder.id());
                self.ring(first, begun).map_or(InTheWay::AtRest, InTheWay::Ring)
            }
        }
    }

    /// The shortest way from a run that is in the way back to this one, through what runs at rest hold and want.
    fn ring(&self, first: AtRest, begun: Link) -> Option<Vec<Link>> {
        let mut seen = BTreeSet::from([first.folder.path().to_owned()]);
        let mut ways = vec![(first, vec![begun])];
        let mut next = 0;
        while next < ways.len().min(RING_MAX) {
            let (run, way) = &ways[next];
            let mut further = Vec::new();
            for wait in &run.awaited {
                let link = wait.link(run.folder.id());
                let way: Vec<Link> = way.iter().cloned().chain([link]).collect();
                let there = folder_of(&run.folder, wait);
                if there.path() == self.folder.path() {
                    if holds(self.held, wait) {
                        return Some(way);
                    }
                } else if seen.insert(there.path().to_owned())
                    && let Found::AtRest(other) = find(&run.folder, wait)
                    && holds(&other.held, wait)
                {
                    further.push((other, way));
                }
            }
            ways.extend(further);
            next += 1;
        }
        None
    }
}

/// Whether a run still has the lock that was denied because of it.
fn holds(held: &[Held], wait: &Awaited) -> bool {
    held.iter().any(|held| *held.name == *wait.by.lock)
}

/// The folder of the run in the way of one in `folder`.
fn folder_of(folder: &RunFolder, wait: &Awaited) -> RunFolder {
    match &wait.by.state_dir {
        Some(state) => StateFolder::at(Path::new(state)).run_folder(&wait.by.run),
        None => RunFolder::at(&folder.path().with_file_name(&wait.by.run)),
    }
}

fn find(folder: &RunFolder, wait: &Awaited) -> Found {
    let folder = folder_of(folder, wait);
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
        Ok(known) => Found::AtRest(AtRest {
            held: locks::held(&known.state),
            awaited: locks::awaited(&known.state),
            folder: known.folder,
        }),
        Err(_) => Found::Stands(InTheWay::AtRest),
    }
}
