//! The locks that operators have taken away from a run at rest.
//!
//! Compares what its records say with the folder of claims; the run itself finds out when it is resumed.

use crate::journal::RunFolder;
use crate::lock::claims::{ClaimError, ClaimFolder, Owner, Released};
use crate::report::locks::{Held, Lost};
use crate::report::status::Status;

/// Sets apart what is held no more.
pub(super) fn look(folder: &RunFolder, status: Status) -> Status {
    // An executor that lives gives its locks back first, and records it then.
    if status.executor.is_some() || status.claims.is_empty() {
        return status;
    }
    match lost(folder, &status.claims) {
        Ok(lost) => status.with_locks_lost(lost),
        Err(error) => {
            eprintln!("warning: whether its locks are still held cannot be seen: {error}");
            status
        }
    }
}

fn lost(folder: &RunFolder, held: &[Held]) -> Result<Vec<Lost>, ClaimError> {
    let owner = Owner::of(folder);
    // Where others do not see the folder is said by the commands that change it.
    let (path, _) = ClaimFolder::choose(&owner.state_dir);
    let Some(claims) = ClaimFolder::look(&path)? else { return Ok(Vec::new()) };
    let mut notes = claims.taken_away()?;
    notes.retain(|note| note.owner == owner);
    let mut lost = Vec::new();
    for held in held {
        let Some(note) = notes.iter().rev().find(|note| is_about(note, held)) else { continue };
        let holders = claims.holders(&held.name)?;
        if holders.iter().any(|claim| claim.hold.owner == owner && claim.hold.scope == held.scope) {
            continue;
        }
        lost.push(Lost {
            held: held.clone(),
            user: note.by.user.clone(),
            at: note.at,
            because: note.because.clone(),
        });
    }
    Ok(lost)
}

fn is_about(note: &Released, held: &Held) -> bool {
    note.name == held.name && note.scope == held.scope
}
