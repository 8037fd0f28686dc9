//! Gathering from the disk whom a waiter waits for, near or far.
//! Does not know what follows from it.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use super::claim::{Liveness, Owner};
use super::cycle::{Holders, Waiter};
use super::disk::Disk;
use super::error::{ClaimError, understood};
use super::folder::ClaimFolder;
use super::waits::{self, WaitFile};

impl<D: Disk> ClaimFolder<D> {
    /// The waiter and all that it waits for, near or far, and who holds what they want.
    pub(super) fn neighbours(&self, first: Waiter) -> Result<(Vec<Waiter>, Holders), ClaimError> {
        let mut of_runs: BTreeMap<Owner, Vec<Waiter>> = BTreeMap::new();
        let mut holders = Holders::new();
        let mut waiters = vec![first];
        let mut next = 0;
        while next < waiters.len() {
            for (name, _) in waiters[next].wait.names.clone() {
                let Entry::Vacant(place) = holders.entry(name) else { continue };
                // A file that cannot be understood keeps its name from everybody, and is no link of a ring.
                let found = understood(self.read(place.key()))?;
                let found = found.map_or_else(Vec::new, |found| found.holders);
                for hold in &found {
                    let waiting = match of_runs.entry(hold.owner.clone()) {
                        Entry::Occupied(known) => known.into_mut(),
                        Entry::Vacant(place) => {
                            place.insert(self.waiters(&hold.owner, &waiters[0])?)
                        }
                    };
                    waiters.extend(waiting.extract_if(.., |waiter| waiter.holds_up(hold)));
                }
                place.insert(found);
            }
            next += 1;
        }
        Ok((waiters, holders))
    }

    /// What a run waits for, but for the wait that is known already.
    fn waiters(&self, owner: &Owner, known: &Waiter) -> Result<Vec<Waiter>, ClaimError> {
        let file = waits::read(&self.waits, owner).map_err(|error| self.waits_failed(error))?;
        let Some(file) = file.filter(|file| self.may_count(file)) else { return Ok(Vec::new()) };
        let (owner, opened) = (file.owner, file.opened);
        let waiters =
            file.waits.into_iter().map(|wait| Waiter { owner: owner.clone(), opened, wait });
        let is_known =
            |waiter: &Waiter| waiter.owner == known.owner && waiter.wait.scope == known.wait.scope;
        Ok(waiters.filter(|waiter| !is_known(waiter)).collect())
    }

    /// A wait counts unless its executor is known to be gone: a ring that is not seen would never end.
    pub(super) fn may_count(&self, file: &WaitFile) -> bool {
        self.waits.executor(&file.owner, &file.executor.host) != Liveness::Gone
    }
}
