//! The ways of copying a mailbox: into an empty row, beside what another row holds, or only what it lacks.
//!
//! Does not choose between them. None changes the source.

use std::collections::BTreeSet;
use std::path::PathBuf;

use crate::failure::Result;
use crate::maildir::{self, Item};
use crate::organisation::Organisation;
use crate::stages::{Stage, Stages};
use crate::store::Row;
use crate::transfer::Carried;

/// Copies everything to where it was at the source.
pub(crate) fn clone_all(
    of: &Organisation,
    source: &Row,
    target: &Row,
    stages: &Stages,
) -> Result<Carried> {
    let items = source.mail.items()?;
    let places = items.into_iter().map(|item| (item.place.clone(), item));
    copy(of, source, target, &places.collect::<Vec<_>>(), stages)
}

/// Copies everything beside what is there, which may be the same message.
pub(crate) fn append_all(
    of: &Organisation,
    source: &Row,
    target: &Row,
    stages: &Stages,
) -> Result<Carried> {
    let items = source.mail.items()?;
    let places = items.into_iter().map(|item| (free_place(target, &item), item));
    copy(of, source, target, &places.collect::<Vec<_>>(), stages)
}

/// Copies what the other row lacks.
pub(crate) fn copy_lacking(
    of: &Organisation,
    source: &Row,
    target: &Row,
    stages: &Stages,
) -> Result<Carried> {
    let have = target.keys()?;
    let mut have: BTreeSet<_> = have.iter().map(|key| original(key).to_owned()).collect();
    let mut items = source.mail.items()?;
    items.retain(|item| have.insert(original(&item.key).to_owned()));
    let places = items.into_iter().map(|item| (item.place.clone(), item));
    copy(of, source, target, &places.collect::<Vec<_>>(), stages)
}

fn copy(
    of: &Organisation,
    source: &Row,
    target: &Row,
    items: &[(PathBuf, Item)],
    stages: &Stages,
) -> Result<Carried> {
    let mut carried = Carried::default();
    for (place, item) in items {
        of.log_moved(&target.server, item.bytes)?;
        target.mail.copy_in(&source.mail, item, place)?;
        carried.add(item);
        stages.reach(Stage::CopyMessage)?;
    }
    target.mail.sync()?;
    Ok(carried)
}

/// The item's own place, or one beside it if a message of that name is there.
fn free_place(target: &Row, item: &Item) -> PathBuf {
    let named = |n: u64| match n {
        0 => item.place.clone(),
        _ => maildir::place(&item.folder, &format!("{}.{n}", item.key), &item.flags),
    };
    let free = (0..).map(named).find(|place| !target.mail.root().join(place).exists());
    free.expect("a folder holds fewer files than there are numbers")
}

/// The key of a message whose copy was put beside it.
pub(crate) fn original(key: &str) -> &str {
    key.split_once('.').map_or(key, |(key, _)| key)
}
