//! What runs wait for, one file a run: without it nobody could tell that runs wait for each other in a ring.
//! Does not know whether a run that waits still lives; a wait counts for nothing if it does not.

use std::io;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::claim::{Claimant, Owner, Want};
use super::disk::Disk;
use super::file::ENDING;
use crate::journal::encode;
use crate::lock::Holder;
use crate::spec::model::Sharing;

/// What one scope of a run waits for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wait {
    /// The scope: the id of a task, group or item, or nothing for the run as a whole.
    pub scope: String,
    /// All that it wants at once, those names among it that are free.
    pub names: Vec<(String, Sharing)>,
    /// Since when it waits.
    pub since: Timestamp,
}

/// All that one run waits for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct WaitFile {
    #[serde(flatten)]
    pub(super) owner: Owner,
    pub(super) opened: Timestamp,
    pub(super) executor: Holder,
    pub(super) waits: Vec<Wait>,
}

/// The file of a run. Two state folders may have runs with the same id.
pub(super) fn file_name(owner: &Owner) -> String {
    let place = blake3::hash(owner.state_dir.as_os_str().as_encoded_bytes());
    format!("{}-{}{ENDING}", encode(&owner.run), &place.to_hex()[..8])
}

/// What a run waits for. A file that cannot be understood says nothing: a wait is a help to others and keeps nobody out, and
/// its run writes it anew.
pub(super) fn read<D: Disk>(disk: &D, owner: &Owner) -> io::Result<Option<WaitFile>> {
    let bytes = disk.read(&file_name(owner))?;
    Ok(bytes.and_then(|bytes| parse(&bytes)).filter(|found| found.owner == *owner))
}

/// All runs that wait.
pub(super) fn read_all<D: Disk>(disk: &D) -> io::Result<Vec<WaitFile>> {
    let mut files = disk.files()?;
    files.retain(|file| file.ends_with(ENDING));
    files.sort_unstable();
    let mut found = Vec::new();
    for file in files {
        found.extend(disk.read(&file)?.and_then(|bytes| parse(&bytes)));
    }
    Ok(found)
}

fn parse(bytes: &[u8]) -> Option<WaitFile> {
    serde_json::from_slice(bytes).ok()
}

/// Writes down that a scope of a run waits, unless that is written already.
pub(super) fn add<D: Disk>(
    disk: &D,
    claimant: &Claimant,
    want: &Want,
    now: Timestamp,
) -> io::Result<()> {
    let names: Vec<(String, Sharing)> = want.by_name().into_iter().collect();
    let known = read(disk, &claimant.owner)?;
    let mut waits = known.map_or_else(Vec::new, |known| known.waits);
    match waits.iter_mut().find(|wait| wait.scope == want.scope) {
        Some(wait) if wait.names == names => return Ok(()),
        Some(wait) => wait.names = names,
        None => waits.push(Wait { scope: want.scope.clone(), names, since: now }),
    }
    write(disk, claimant, waits)
}

/// Takes back that a scope of a run waits.
pub(super) fn remove<D: Disk>(disk: &D, claimant: &Claimant, scope: &str) -> io::Result<()> {
    let Some(known) = read(disk, &claimant.owner)? else { return Ok(()) };
    let mut waits = known.waits;
    let before = waits.len();
    waits.retain(|wait| wait.scope != scope);
    if waits.len() == before {
        return Ok(());
    }
    if waits.is_empty() {
        return disk.remove(&file_name(&claimant.owner));
    }
    write(disk, claimant, waits)
}

/// What is lost of it by a power cut is of no interest: whoever waited has ended with it.
fn write<D: Disk>(disk: &D, claimant: &Claimant, waits: Vec<Wait>) -> io::Result<()> {
    let file = WaitFile {
        owner: claimant.owner.clone(),
        opened: claimant.opened,
        executor: claimant.executor.clone(),
        waits,
    };
    let bytes = serde_json::to_vec(&file).expect("a wait is plain data");
    let name = file_name(&claimant.owner);
    disk.write_new(&[(name.clone(), bytes)])?;
    disk.put(&name)
}
