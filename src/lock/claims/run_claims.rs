//! The claims of one run: asking for names, giving them back, and finding out which are gone.
//! Does not know when a scope is finished; whoever calls does, and has made sure that what justifies it is on disk.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::claim::{Attempt, Claim, Claimant, HeldBy, Hold, Want, in_the_way};
use super::cycle::{self, Waiter};
use super::disk::{Disk, DiskFolder, NEW_ENDING};
use super::error::{ClaimError, understood};
use super::file::ClaimFile;
use super::folder::ClaimFolder;
use super::waits::{self, Wait};
use crate::lock::Holder;
use crate::spec::model::Sharing;

/// The folder of claims as one run uses it.
///
/// Every call may be repeated: after a crash in the middle of one, the same call again has the effect of one.
#[derive(Clone, Debug)]
pub struct RunClaims<D = DiskFolder> {
    folder: ClaimFolder<D>,
    claimant: Claimant,
}

impl<D: Disk> RunClaims<D> {
    pub(super) fn new(folder: ClaimFolder<D>, claimant: Claimant) -> Self {
        Self { folder, claimant }
    }

    /// Claims all names of a scope, or none of them. On disk once granted.
    ///
    /// What the same scope holds already never stands in its way: under the same token it was claimed just before a crash, and
    /// is granted again; under another one it was claimed and never recorded, or given up as lost, and is replaced.
    /// Where it is not granted that is left as it is.
    ///
    /// # Errors
    /// [`ClaimError`]; then some of the names may be held, and the same call again makes it whole.
    pub fn acquire(&self, want: &Want) -> Result<Attempt, ClaimError> {
        let now = Timestamp::now();
        let _guard = self.folder.lock()?;
        let mut files = Vec::new();
        let mut held_by = Vec::new();
        for (name, sharing) in want.by_name() {
            let mut file = self.folder.read(&name)?;
            held_by.extend(self.others_in_the_way(&file, sharing, &want.scope));
            self.enter(&mut file, want, sharing, now);
            files.push(file);
        }
        if held_by.is_empty() {
            self.folder.replace(&files)?;
            self.end_wait(&want.scope)?;
            return Ok(Attempt::Granted);
        }
        self.wait(want, held_by, now)
    }

    /// Gives names of a scope back that are held under that token. Those that are not held, or are held under another token,
    /// are left alone. On disk afterwards.
    ///
    /// # Errors
    /// [`ClaimError`]
    pub fn release(&self, names: &[String], token: &str) -> Result<(), ClaimError> {
        let _guard = self.folder.lock()?;
        let mut changed = Vec::new();
        for name in names.iter().collect::<BTreeSet<_>>() {
            let file = self.folder.read(name)?;
            changed.extend(without(file, |hold| self.is_ours(hold, token)));
        }
        self.folder.replace(&changed)?;
        // Whoever was killed over the same call may have removed all, and not have had the time to make that last.
        if changed.is_empty() { self.folder.sync() } else { Ok(()) }
    }

    /// Those of the names that are not held under that token any more: an operator has taken them away.
    ///
    /// # Errors
    /// [`ClaimError`]
    pub fn missing(&self, names: &[String], token: &str) -> Result<Vec<String>, ClaimError> {
        let mut missing = Vec::new();
        for name in names {
            if !self.folder.read(name)?.holders.iter().any(|hold| self.is_ours(hold, token)) {
                missing.push(name.clone());
            }
        }
        Ok(missing)
    }

    /// A scope does not wait any more.
    ///
    /// # Errors
    /// [`ClaimError`]
    pub fn withdraw(&self, scope: &str) -> Result<(), ClaimError> {
        let _guard = self.folder.lock()?;
        self.end_wait(scope)
    }

    /// The run waits for nothing any more.
    ///
    /// # Errors
    /// [`ClaimError`]
    pub fn withdraw_all(&self) -> Result<(), ClaimError> {
        let file = waits::file_name(&self.claimant.owner);
        self.folder.waits.remove(&file).map_err(|error| self.folder.waits_failed(error))
    }

    /// All that the run holds, by looking at every file of the folder.
    ///
    /// # Errors
    /// [`ClaimError`]
    pub fn held(&self) -> Result<Vec<Claim>, ClaimError> {
        let mut claims = self.folder.list()?.claims;
        claims.retain(|claim| claim.hold.owner == self.claimant.owner);
        Ok(claims)
    }

    /// Gives back all that the run holds under tokens that are not known, by looking at every file of the folder: for a run that
    /// is closed, none is, and for one that is resumed, those are that its journal speaks of. A file that cannot be understood
    /// is passed over: it is in the way of those who want its name, and of nobody else.
    ///
    /// # Errors
    /// [`ClaimError`]
    pub fn release_unknown(&self, is_known: impl Fn(&str) -> bool) -> Result<(), ClaimError> {
        let _guard = self.folder.lock()?;
        let is_unknown = |hold: &Hold| hold.owner == self.claimant.owner && !is_known(&hold.token);
        let mut changed = Vec::new();
        for file in self.folder.claim_files()? {
            let found = self.folder.parse(&file);
            changed
                .extend(understood(found)?.flatten().and_then(|found| without(found, is_unknown)));
        }
        self.folder.replace(&changed)?;
        self.clear_away()
    }

    /// What somebody was writing who was killed over it. Nobody writes while the folder is locked.
    fn clear_away(&self) -> Result<(), ClaimError> {
        let disk = &self.folder.claims;
        let files = disk.files().map_err(|error| self.folder.failed("", "read", error))?;
        for file in files.iter().filter(|file| file.ends_with(NEW_ENDING)) {
            disk.remove(file).map_err(|error| self.folder.failed(file, "remove", error))?;
        }
        Ok(())
    }

    fn is_ours(&self, hold: &Hold, token: &str) -> bool {
        hold.owner == self.claimant.owner && hold.token == token
    }

    fn others_in_the_way(&self, file: &ClaimFile, wanted: Sharing, scope: &str) -> Vec<HeldBy> {
        let owner = &self.claimant.owner;
        let others: Vec<&Hold> =
            file.holders.iter().filter(|hold| !hold.is_of(owner, scope)).collect();
        let sharing: Vec<Sharing> = others.iter().map(|hold| hold.sharing).collect();
        let positions = in_the_way(wanted, &sharing).into_iter();
        positions
            .map(|position| self.folder.held_by(&file.name, others[position].clone()))
            .collect()
    }

    /// Enters the scope as a holder, in the place of what it held before.
    fn enter(&self, file: &mut ClaimFile, want: &Want, sharing: Sharing, now: Timestamp) {
        let Claimant { owner, opened, executor } = &self.claimant;
        let before = file.holders.iter().position(|hold| hold.is_of(owner, &want.scope));
        let before = before.map(|position| file.holders.remove(position));
        let since =
            before.filter(|hold| hold.token == want.token).map_or(now, |hold| hold.by.since);
        file.holders.push(Hold {
            owner: owner.clone(),
            opened: *opened,
            scope: want.scope.clone(),
            token: want.token.clone(),
            sharing,
            by: Holder { since, ..executor.clone() },
        });
    }

    fn wait(
        &self,
        want: &Want,
        held_by: Vec<HeldBy>,
        now: Timestamp,
    ) -> Result<Attempt, ClaimError> {
        let names = want.by_name().into_iter().collect();
        let first = Waiter {
            owner: self.claimant.owner.clone(),
            opened: self.claimant.opened,
            wait: Wait { scope: want.scope.clone(), names, since: now },
        };
        let (waiters, holders) = self.folder.neighbours(first)?;
        if let Some(ring) = cycle::ring(&waiters, &holders) {
            self.end_wait(&want.scope)?;
            return Ok(Attempt::Cycle(ring));
        }
        waits::add(&self.folder.waits, &self.claimant, want, now)
            .map_err(|error| self.folder.waits_failed(error))?;
        Ok(Attempt::Held(held_by))
    }

    fn end_wait(&self, scope: &str) -> Result<(), ClaimError> {
        waits::remove(&self.folder.waits, &self.claimant, scope)
            .map_err(|error| self.folder.waits_failed(error))
    }
}

/// The file without some of its holders; nothing where none of them is in it.
pub(super) fn without(mut file: ClaimFile, is_gone: impl Fn(&Hold) -> bool) -> Option<ClaimFile> {
    let before = file.holders.len();
    file.holders.retain(|hold| !is_gone(hold));
    (file.holders.len() < before).then_some(file)
}
