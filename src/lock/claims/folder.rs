//! The folder of a machine's claims, as anybody may look at it.
//! Does not know who asks: what a run may do stands in `run_claims`, what an operator may in `operator`.

use std::env;
use std::io;
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::choose;
use super::claim::{Claim, Claimant, HeldBy, Hold, Liveness, Owner};
use super::disk::{Disk, DiskFolder};
use super::error::ClaimError;
use super::file::{ClaimFile, ENDING, Flaw};
use super::run_claims::RunClaims;
use super::waits::{self, Wait};
use crate::lock::Holder;

/// The folder of a machine's claims.
#[derive(Clone, Debug)]
pub struct ClaimFolder<D = DiskFolder> {
    pub(super) claims: D,
    pub(super) waits: D,
}

/// All that is in the folder at one moment.
#[derive(Debug, Default)]
pub struct Listing {
    /// All claims, in the order of their names.
    pub claims: Vec<Claim>,
    /// All that runs wait for whose executor may live.
    pub waits: Vec<(Owner, Wait)>,
    /// Files that do not say who holds their name.
    pub unreadable: Vec<ClaimError>,
}

impl ClaimFolder {
    /// Which folder it is: `$WINDLASS_LOCKS_DIR`, else `/var/lib/windlass/locks` if it can be written, else `locks` in the state
    /// folder; in the last case with a warning, since other state folders have others. Creates nothing.
    #[must_use]
    pub fn choose(state_dir: &Path) -> (PathBuf, Option<String>) {
        choose::choose(state_dir, |name| env::var_os(name), choose::may_write)
    }

    /// Opens the folder, and makes it, for its owner alone, where it does not exist.
    ///
    /// # Errors
    /// [`ClaimError::Unsupported`] where the file system's locks do not exclude anybody; [`ClaimError::Io`]
    pub fn open(path: &Path) -> Result<Self, ClaimError> {
        let unmade = |error| failed(path.to_owned(), "make", error);
        let claims = DiskFolder::open(path, &host()).map_err(unmade)?;
        let waits = claims.inner("waits");
        waits.make_inner().map_err(unmade)?;
        let folder = Self { claims, waits };
        drop(folder.lock()?);
        Ok(folder)
    }

    /// The folder, for somebody who only wants to see what is in it: makes nothing, and may not write there. Nothing where
    /// there is no folder.
    ///
    /// # Errors
    /// [`ClaimError::Io`]
    pub fn look(path: &Path) -> Result<Option<Self>, ClaimError> {
        let found = DiskFolder::look(path, &host());
        let found = found.map_err(|error| failed(path.to_owned(), "read", error))?;
        Ok(found.map(|claims| Self { waits: claims.inner("waits"), claims }))
    }
}

impl<D: Disk + Clone> ClaimFolder<D> {
    /// The folder as a run uses it. What an earlier executor of the run waited for is taken back.
    ///
    /// # Errors
    /// [`ClaimError`]
    pub fn for_run(&self, claimant: Claimant) -> Result<RunClaims<D>, ClaimError> {
        let claims = RunClaims::new(self.clone(), claimant);
        claims.withdraw_all()?;
        Ok(claims)
    }
}

impl<D: Disk> ClaimFolder<D> {
    /// All claims and waits. What cannot be read is told beside the rest.
    ///
    /// # Errors
    /// [`ClaimError`] where the folder itself cannot be read.
    pub fn list(&self) -> Result<Listing, ClaimError> {
        let mut listing = Listing::default();
        for file in self.claim_files()? {
            match self.parse(&file) {
                Ok(Some(ClaimFile { name, holders, .. })) => {
                    let claim = |hold| Claim { name: name.clone(), hold };
                    listing.claims.extend(holders.into_iter().map(claim));
                }
                Ok(None) => {}
                Err(error) => listing.unreadable.push(error),
            }
        }
        listing.claims.sort_by(|one, other| {
            let key = |claim: &Claim| (claim.name.clone(), claim.hold.by.since);
            key(one).cmp(&key(other))
        });
        let files = waits::read_all(&self.waits).map_err(|error| self.waits_failed(error))?;
        for file in files.into_iter().filter(|file| self.may_count(file)) {
            let owner = file.owner;
            listing.waits.extend(file.waits.into_iter().map(|wait| (owner.clone(), wait)));
        }
        Ok(listing)
    }

    /// All who hold a name.
    ///
    /// # Errors
    /// [`ClaimError`]
    pub fn holders(&self, name: &str) -> Result<Vec<Claim>, ClaimError> {
        let found = self.read(name)?;
        Ok(found.holders.into_iter().map(|hold| Claim { name: name.to_owned(), hold }).collect())
    }

    /// Whether the executor of the run that holds a claim lives.
    pub fn executor(&self, hold: &Hold) -> Liveness {
        self.claims.executor(&hold.owner, &hold.by.host)
    }

    pub(super) fn held_by(&self, name: &str, hold: Hold) -> HeldBy {
        HeldBy { executor: self.executor(&hold), claim: Claim { name: name.to_owned(), hold } }
    }

    pub(super) fn lock(&self) -> Result<D::Guard, ClaimError> {
        let path = || self.claims.path("lock");
        match self.claims.lock() {
            Ok(Some(guard)) => Ok(guard),
            Ok(None) => Err(ClaimError::Busy { path: path() }),
            Err(error) => Err(failed(path(), "lock", error)),
        }
    }

    /// All who hold a name; nobody where it has no file.
    pub(super) fn read(&self, name: &str) -> Result<ClaimFile, ClaimError> {
        Ok(self.parse(&ClaimFile::file_name(name))?.unwrap_or_else(|| ClaimFile::free(name)))
    }

    pub(super) fn parse(&self, file: &str) -> Result<Option<ClaimFile>, ClaimError> {
        let bytes = self.claims.read(file).map_err(|error| self.failed(file, "read", error))?;
        let Some(bytes) = bytes else { return Ok(None) };
        ClaimFile::parse(file, &bytes).map(Some).map_err(|flaw| {
            let path = self.claims.path(file);
            match flaw {
                Flaw::Unreadable(reason) => ClaimError::Unreadable { path, reason },
                Flaw::Newer(format) => ClaimError::Newer { path, format },
            }
        })
    }

    /// Puts these in the place of what their files hold; a name that nobody holds any more has no file. On disk afterwards.
    /// Nothing has happened if it fails before the first file is put in its place.
    pub(super) fn replace(&self, changed: &[ClaimFile]) -> Result<(), ClaimError> {
        if changed.is_empty() {
            return Ok(());
        }
        let (kept, freed): (Vec<_>, Vec<_>) =
            changed.iter().partition(|file| !file.holders.is_empty());
        let new: Vec<(String, Vec<u8>)> =
            kept.iter().map(|file| (ClaimFile::file_name(&file.name), file.bytes())).collect();
        self.claims.write_new(&new).map_err(|error| self.failed("", "write", error))?;
        for (file, _) in &new {
            self.claims.put(file).map_err(|error| self.failed(file, "write", error))?;
        }
        for file in freed.iter().map(|file| ClaimFile::file_name(&file.name)) {
            self.claims.remove(&file).map_err(|error| self.failed(&file, "remove", error))?;
        }
        self.sync()
    }

    pub(super) fn sync(&self) -> Result<(), ClaimError> {
        self.claims.sync_entries().map_err(|error| self.failed("", "sync", error))
    }

    pub(super) fn claim_files(&self) -> Result<Vec<String>, ClaimError> {
        let mut files = self.claims.files().map_err(|error| self.failed("", "read", error))?;
        files.retain(|file| file.ends_with(ENDING));
        files.sort_unstable();
        Ok(files)
    }

    pub(super) fn failed(&self, file: &str, action: &'static str, error: io::Error) -> ClaimError {
        failed(self.claims.path(file), action, error)
    }

    pub(super) fn waits_failed(&self, error: io::Error) -> ClaimError {
        failed(self.waits.path(""), "write", error)
    }
}

/// The name of this machine, as claims have it.
fn host() -> String {
    Holder::this_process(Timestamp::UNIX_EPOCH).host
}

pub(super) fn failed(path: PathBuf, action: &'static str, error: io::Error) -> ClaimError {
    match error.kind() {
        io::ErrorKind::Unsupported => ClaimError::Unsupported { path, error },
        _ => ClaimError::Io { path, action, error },
    }
}
