//! `windlass locks`.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use super::arguments::{Format, Locks as Arguments, LocksCommand, Place};
use super::failure::{Failure, JOURNAL};
use super::{known, release};
use crate::lock::claims::{Claim, ClaimFolder, Liveness, Owner};
use crate::report::claims::{self, HolderRun, Locks, RunTasks};

pub(super) fn main(place: &Place, arguments: &Arguments) -> Result<u8, Failure> {
    if let Some(LocksCommand::Release(release)) = &arguments.command {
        return release::main(place, release);
    }
    let locks = read(place)?;
    match arguments.format {
        Format::Json => super::print_json(&locks)?,
        Format::Human => super::print(&locks.text())?,
    }
    for error in &locks.unreadable {
        eprintln!("error: {error}");
    }
    Ok(if locks.unreadable.is_empty() { 0 } else { JOURNAL })
}

/// The folder of claims that a run with this state folder uses, with a warning on standard error where others do not see it.
pub(super) fn folder(place: &Place) -> Result<PathBuf, Failure> {
    let (folder, warning) = ClaimFolder::choose(known::state_folder(place)?.root());
    if let Some(warning) = warning {
        eprintln!("warning: {warning}");
    }
    Ok(folder)
}

fn read(place: &Place) -> Result<Locks, Failure> {
    let path = folder(place)?;
    let Some(folder) = ClaimFolder::look(&path)? else {
        let (claims, unreadable, released) = (Vec::new(), Vec::new(), Vec::new());
        return Ok(Locks { folder: path, claims, unreadable, released });
    };
    let listing = folder.list()?;
    let mut runs = BTreeMap::new();
    let with_life = |claim: Claim| {
        let executor = folder.executor(&claim.hold);
        let owner = claim.hold.owner.clone();
        runs.entry(owner).or_insert_with_key(|owner| holder(place, owner, executor));
        (claim, executor)
    };
    let with_life: Vec<(Claim, Liveness)> = listing.claims.into_iter().map(with_life).collect();
    Ok(Locks {
        folder: path,
        claims: claims::rows(with_life, &listing.waits, &runs),
        unreadable: listing.unreadable.iter().map(ToString::to_string).collect(),
        released: folder.taken_away()?,
    })
}

fn holder(place: &Place, owner: &Owner, executor: Liveness) -> HolderRun {
    HolderRun { is_at_hand: is_at_hand(place, owner), state: tasks(owner, executor) }
}

/// How a run that holds a lock stands, as far as that can be seen from here.
pub(super) fn tasks(owner: &Owner, executor: Liveness) -> Result<RunTasks, String> {
    let folder = owner.folder();
    if !folder.path().exists() {
        return Err(format!("there is no folder {}", folder.path().display()));
    }
    match known::read(folder) {
        Ok(known) => Ok(RunTasks::new(&known.state, executor == Liveness::Alive)),
        Err(failure) => Err(failure.message().to_owned()),
    }
}

/// Whether the run lives in the state folder of this process, so that commands need not name it.
pub(super) fn is_at_hand(place: &Place, owner: &Owner) -> bool {
    let Ok(state_folder) = known::state_folder(place) else { return false };
    let root = state_folder.root();
    fs::canonicalize(root).is_ok_and(|root| root == owner.state_dir)
}
