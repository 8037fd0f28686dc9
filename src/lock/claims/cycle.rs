//! Whether runs wait for each other in a ring: a pure function of who holds and who waits.
//! Does not look at the disk, nor whether anybody lives.
//!
//! A scope is finished once all inside it is, so whoever waits for a holder waits for all that waits inside its scope. A wait
//! can still end as long as those who stand in its way and wait for nothing themselves would make room enough; only what is
//! left when all that can end has ended is a ring.

use std::collections::{BTreeMap, VecDeque};

use super::claim::{CycleLink, Hold, Owner, admits, encloses, in_the_way};
use super::waits::Wait;
use crate::spec::model::Sharing;

/// A scope of a run that waits.
#[derive(Clone, Debug)]
pub(super) struct Waiter {
    pub(super) owner: Owner,
    pub(super) opened: jiff::Timestamp,
    pub(super) wait: Wait,
}

impl Waiter {
    /// Whether a holder cannot finish before this wait has ended.
    pub(super) fn holds_up(&self, hold: &Hold) -> bool {
        self.owner == hold.owner && encloses(&hold.scope, &self.wait.scope)
    }
}

/// The ring through the first waiter, if there is one of several runs and its run is the one to be refused: the one that was
/// opened last.
pub(super) fn ring(waiters: &[Waiter], holders: &Holders) -> Option<Vec<CycleLink>> {
    let board = Board { waiters, holders };
    let stuck = board.stuck();
    let links = board.ring(&stuck)?;
    let age = |link: &CycleLink| (link.opened, link.owner.clone());
    let youngest = links.iter().map(age).max()?;
    (age(&links[0]) == youngest).then_some(links)
}

/// Who holds which name.
pub(super) type Holders = BTreeMap<String, Vec<Hold>>;

/// Where a search is: at which waiter, and whether it has been to another run.
type Place = (usize, bool);

/// From where, and by what, a search came to each place.
type Ways = BTreeMap<Place, (Place, CycleLink)>;

struct Board<'a> {
    waiters: &'a [Waiter],
    holders: &'a Holders,
}

impl Board<'_> {
    /// Those who hold a name, but for the one who wants it itself.
    fn others(&self, waiter: &Waiter, name: &str) -> impl Iterator<Item = &Hold> {
        let holds = self.holders.get(name).into_iter().flatten();
        holds.filter(move |hold| !hold.is_of(&waiter.owner, &waiter.wait.scope))
    }

    /// For each waiter whether nothing that can happen by itself ends its wait.
    fn stuck(&self) -> Vec<bool> {
        let mut stuck = vec![true; self.waiters.len()];
        loop {
            let freed: Vec<usize> = (0..self.waiters.len())
                .filter(|&waiter| stuck[waiter] && self.can_end(&self.waiters[waiter], &stuck))
                .collect();
            if freed.is_empty() {
                return stuck;
            }
            freed.into_iter().for_each(|waiter| stuck[waiter] = false);
        }
    }

    fn can_end(&self, waiter: &Waiter, stuck: &[bool]) -> bool {
        waiter.wait.names.iter().all(|(name, wanted)| {
            let staying = self.others(waiter, name).filter(|hold| self.is_held_up(hold, stuck));
            admits(*wanted, &staying.map(|hold| hold.sharing).collect::<Vec<Sharing>>())
        })
    }

    fn is_held_up(&self, hold: &Hold, stuck: &[bool]) -> bool {
        self.waiters.iter().zip(stuck).any(|(waiter, stuck)| *stuck && waiter.holds_up(hold))
    }

    /// The shortest way from the first waiter back to itself that leads through another run.
    fn ring(&self, stuck: &[bool]) -> Option<Vec<CycleLink>> {
        let first = self.waiters.first().filter(|_| stuck[0])?;
        let mut came_from = Ways::new();
        let mut queue = VecDeque::from([(0, false)]);
        while let Some(here) = queue.pop_front() {
            for (next, link) in self.links(here.0, stuck) {
                let there = (next, here.1 || self.waiters[next].owner != first.owner);
                if came_from.contains_key(&there) {
                    continue;
                }
                came_from.insert(there, (here, link));
                if there == (0, true) {
                    return Some(way_back(&came_from));
                }
                queue.push_back(there);
            }
        }
        None
    }

    /// Whom a waiter waits for.
    fn links(&self, waiter: usize, stuck: &[bool]) -> Vec<(usize, CycleLink)> {
        let from = &self.waiters[waiter];
        let mut links = Vec::new();
        for (name, wanted) in &from.wait.names {
            let others: Vec<&Hold> = self.others(from, name).collect();
            let sharing: Vec<Sharing> = others.iter().map(|hold| hold.sharing).collect();
            for hold in in_the_way(*wanted, &sharing).into_iter().map(|position| others[position]) {
                let held_up = (0..self.waiters.len())
                    .filter(|&next| stuck[next] && self.waiters[next].holds_up(hold));
                links.extend(held_up.map(|next| (next, link(from, name, hold))));
            }
        }
        links
    }
}

fn link(from: &Waiter, name: &str, hold: &Hold) -> CycleLink {
    CycleLink {
        owner: from.owner.clone(),
        opened: from.opened,
        scope: from.wait.scope.clone(),
        name: name.to_owned(),
        held_by: hold.owner.clone(),
        held_for: hold.scope.clone(),
    }
}

/// The links of a search that came back to where it began.
fn way_back(came_from: &Ways) -> Vec<CycleLink> {
    let mut links = Vec::new();
    let mut here = (0, true);
    while here != (0, false) {
        let (before, link) = &came_from[&here];
        links.push(link.clone());
        here = *before;
    }
    links.reverse();
    links
}
