//! A claim as data: who holds a name, who wants one, and who stands in whose way.
//! Does not look at the disk.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use crate::journal::{RunFolder, StateFolder};
use crate::lock::Holder;
use crate::spec::model::Sharing;

/// A run as others know it. Ids of runs are unique only within a state folder, and a machine may have several.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Owner {
    /// Its id.
    pub run: String,
    /// The state folder that it lives in.
    pub state_dir: PathBuf,
}

impl Owner {
    /// The run of a folder, however the way to that folder was typed.
    #[must_use]
    pub fn of(folder: &RunFolder) -> Self {
        let state_dir = folder.path().ancestors().nth(2).unwrap_or(Path::new(""));
        let state_dir = fs::canonicalize(state_dir).unwrap_or_else(|_| state_dir.to_owned());
        Self { run: folder.id().to_owned(), state_dir }
    }

    /// The folder of the run. It may be gone.
    #[must_use]
    pub fn folder(&self) -> RunFolder {
        StateFolder::at(&self.state_dir).run_folder(&self.run)
    }
}

/// A run that asks for claims, by way of its executor.
#[derive(Clone, Debug)]
pub struct Claimant {
    /// Which run.
    pub owner: Owner,
    /// When the run was opened: of runs that wait for each other, the one that was opened last is refused.
    pub opened: Timestamp,
    /// The process that asks.
    pub executor: Holder,
}

/// What is asked for at once: all of it is granted, or nothing.
#[derive(Clone, Debug)]
pub struct Want {
    /// For what: the id of a task, group or item, or nothing for the run as a whole. Two scopes of a run exclude each other as
    /// two runs do, so nobody asks for what an enclosing scope of the run holds.
    pub scope: String,
    /// Names this claim among all of the run: the same after a crash, another where the scope claims anew.
    pub token: String,
    /// The names, and with whom each is shared.
    pub names: Vec<(String, Sharing)>,
}

impl Want {
    /// Each name once, in the order of names. What was asked for twice is shared with those whom both would let in.
    pub(super) fn by_name(&self) -> BTreeMap<String, Sharing> {
        let mut names = BTreeMap::new();
        for (name, sharing) in &self.names {
            let stricter = |known: &mut Sharing| *known = stricter(*known, *sharing);
            names.entry(name.clone()).and_modify(stricter).or_insert(*sharing);
        }
        names
    }
}

fn stricter(one: Sharing, other: Sharing) -> Sharing {
    match (one, other) {
        _ if one == other => one,
        (Sharing::Slots(one), Sharing::Slots(other)) => Sharing::Slots(one.min(other)),
        _ => Sharing::Exclusive,
    }
}

/// One who holds a name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hold {
    /// Which run.
    #[serde(flatten)]
    pub owner: Owner,
    /// When the run was opened.
    pub opened: Timestamp,
    /// For what: the id of a task, group or item, or nothing for the run as a whole.
    pub scope: String,
    /// The token of the claim.
    pub token: String,
    /// With whom it is shared.
    pub sharing: Sharing,
    /// The process that claimed it, and since when it is held.
    #[serde(flatten)]
    pub by: Holder,
}

impl Hold {
    pub(super) fn is_of(&self, owner: &Owner, scope: &str) -> bool {
        self.owner == *owner && self.scope == scope
    }
}

/// A name that is held.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// The name.
    pub name: String,
    /// By whom.
    pub hold: Hold,
}

/// Whether the executor of a run lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Liveness {
    /// It does.
    Alive,
    /// It does not.
    Gone,
    /// It is on another machine, or its run cannot be looked at.
    Unknown,
}

/// One who stands in the way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeldBy {
    /// What is held.
    pub claim: Claim,
    /// Whether the executor of the run that holds it lives.
    pub executor: Liveness,
}

/// What came of asking.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Attempt {
    /// All names are held now, and on disk.
    Granted,
    /// Nothing was claimed; these stand in the way, in the order of names. That the run waits is written down.
    Held(Vec<HeldBy>),
    /// Nothing was claimed, and the run does not wait: runs wait for each other in a ring, and this one was opened last.
    Cycle(Vec<CycleLink>),
}

/// One who waits in a ring: for the next one, and the last for the first, which is the one that asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CycleLink {
    /// Which run waits.
    pub owner: Owner,
    /// When it was opened.
    pub opened: Timestamp,
    /// For what it wants the name.
    pub scope: String,
    /// The name that it waits for.
    pub name: String,
    /// Which run holds that name.
    pub held_by: Owner,
    /// For what it holds it.
    pub held_for: String,
}

/// Whether a name can be had beside those who hold it already.
pub(super) fn admits(wanted: Sharing, others: &[Sharing]) -> bool {
    in_the_way(wanted, others).is_empty()
}

/// The positions of those who keep a name from being had.
pub(super) fn in_the_way(wanted: Sharing, others: &[Sharing]) -> Vec<usize> {
    let unlike = |is_alike: fn(&Sharing) -> bool| {
        let positions = others.iter().enumerate().filter(move |(_, other)| !is_alike(other));
        positions.map(|(position, _)| position).collect::<Vec<_>>()
    };
    match wanted {
        Sharing::Exclusive => (0..others.len()).collect(),
        Sharing::Shared => unlike(|other| matches!(other, Sharing::Shared)),
        Sharing::Slots(wanted) => {
            let unlike = unlike(|other| matches!(other, Sharing::Slots(_)));
            if !unlike.is_empty() {
                return unlike;
            }
            // Each of them was promised that there would be no more than it said.
            let promised = others.iter().filter_map(|other| match other {
                Sharing::Slots(slots) => Some(*slots),
                Sharing::Exclusive | Sharing::Shared => None,
            });
            let slots = promised.chain([wanted]).min().unwrap_or(1).max(1) as usize;
            if others.len() < slots { Vec::new() } else { (0..others.len()).collect() }
        }
    }
}

/// Whether a scope holds another, or a task, by their ids; the run as a whole holds all.
#[must_use]
pub fn encloses(scope: &str, inner: &str) -> bool {
    let Some(rest) = inner.strip_prefix(scope) else { return false };
    scope.is_empty() || rest.is_empty() || rest.starts_with(['.', '[', ':'])
}

impl fmt::Display for Hold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Holder { host, user, since, .. } = &self.by;
        let since = since.to_zoned(TimeZone::system()).strftime("%Y-%m-%d %H:%M:%S %Z");
        write!(f, "run {}", self.owner.run)?;
        if !self.scope.is_empty() {
            write!(f, " (`{}`)", self.scope)?;
        }
        write!(f, " of {user} on {host}, since {since}")
    }
}

impl fmt::Display for HeldBy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "lock `{}` is held by {}", self.claim.name, self.claim.hold)?;
        match self.executor {
            Liveness::Alive => Ok(()),
            Liveness::Gone => f.write_str("; its executor is gone"),
            Liveness::Unknown => f.write_str("; it is not known whether its executor lives"),
        }
    }
}

impl fmt::Display for CycleLink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = |f: &mut fmt::Formatter<'_>, owner: &Owner, scope: &str| {
            write!(f, "run {}", owner.run)?;
            if scope.is_empty() { Ok(()) } else { write!(f, " (`{scope}`)") }
        };
        place(f, &self.owner, &self.scope)?;
        write!(f, " waits for lock `{}`, held by ", self.name)?;
        place(f, &self.held_by, &self.held_for)
    }
}

#[cfg(test)]
mod tests {
    use super::{admits, encloses, in_the_way};
    use crate::spec::model::Sharing::{Exclusive, Shared, Slots};

    #[test]
    fn who_lets_whom_in() {
        for wanted in [Exclusive, Shared, Slots(1), Slots(0)] {
            assert!(admits(wanted, &[]), "{wanted:?}");
        }
        for other in [Exclusive, Shared, Slots(9)] {
            assert!(!admits(Exclusive, &[other]), "{other:?}");
            assert_eq!(admits(Shared, &[Shared, other]), other == Shared, "{other:?}");
            assert_eq!(admits(Slots(9), &[Slots(9), other]), other == Slots(9), "{other:?}");
        }
        assert_eq!(in_the_way(Shared, &[Shared, Slots(2), Shared, Slots(2)]), [1, 3]);
        assert_eq!(in_the_way(Slots(2), &[Slots(3), Slots(3)]), [0, 1]);
    }

    #[test]
    fn no_holder_of_a_slot_meets_more_than_it_was_promised() {
        assert!(admits(Slots(3), &[Slots(3), Slots(5)]));
        assert!(!admits(Slots(5), &[Slots(2), Slots(5)]));
        assert!(!admits(Slots(2), &[Slots(5), Slots(5)]));
    }

    #[test]
    fn scopes_hold_what_is_inside_them() {
        for inner in ["a", "a.b", "a[x]", "a[x].b", "a:set"] {
            assert!(encloses("", inner) && encloses("a", inner), "{inner}");
        }
        assert!(encloses("", ""));
        assert!(encloses("a[x]", "a[x].b") && encloses("a[x]", "a[x]"));
        for (scope, inner) in [("a", "ab"), ("a[x]", "a[y]"), ("a[x]", "a"), ("a.b", "a.bc")] {
            assert!(!encloses(scope, inner), "{scope} {inner}");
        }
    }
}
