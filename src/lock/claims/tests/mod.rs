//! Claims on a disk in memory that fails where it is told to, and on a real one.

mod faults;
mod memory;
mod model;
mod racing;
mod rings;
mod rules;

use std::path::Path;

use jiff::Timestamp;

use super::{Attempt, ClaimFolder, Claimant, Disk, Owner, RunClaims, Want};
use crate::lock::Holder;
use crate::spec::model::Sharing;

/// A run of the state folder; `age` is the second in which it was opened.
fn claimant(state_dir: &Path, run: &str, age: i64) -> Claimant {
    Claimant {
        owner: Owner { run: run.to_owned(), state_dir: state_dir.to_owned() },
        opened: Timestamp::from_second(age).unwrap(),
        executor: Holder::this_process(Timestamp::UNIX_EPOCH),
    }
}

fn run<D: Disk + Clone>(folder: &ClaimFolder<D>, name: &str, age: i64) -> RunClaims<D> {
    folder.for_run(claimant(Path::new("/state"), name, age)).unwrap()
}

fn want(scope: &str, token: &str, names: &[(&str, Sharing)]) -> Want {
    let names = names.iter().map(|(name, sharing)| ((*name).to_owned(), *sharing)).collect();
    Want { scope: scope.to_owned(), token: token.to_owned(), names }
}

fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

/// Who stands in the way: name, run, scope.
fn held(attempt: &Attempt) -> Vec<(String, String, String)> {
    let Attempt::Held(held) = attempt else { panic!("not held by others: {attempt:?}") };
    let who = held.iter().map(|held| {
        let hold = &held.claim.hold;
        (held.claim.name.clone(), hold.owner.run.clone(), hold.scope.clone())
    });
    who.collect()
}
