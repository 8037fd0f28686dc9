//! The directory: which server is each mailbox's home, as the source's side and the target's side see it.
//!
//! Does not know what the servers hold. A change is made in the target's view and reaches the source's view by
//! replication; between the two, senders of different classes follow different views.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::disk;
use crate::failure::Result;

/// One side's word on a home. The higher version is the newer one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct View {
    /// The home server.
    pub(crate) home: String,
    /// Counts the changes.
    pub(crate) version: u64,
}

/// The directory's entry of a mailbox.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Entry {
    /// The view of the source's side (the Exchange 5.5 directory of KB328810).
    pub(crate) source_view: View,
    /// The view of the target's side (the Active Directory). `home`, without more, means this one.
    pub(crate) target_view: View,
}

impl Entry {
    /// The home server.
    pub(crate) fn home(&self) -> &str {
        &self.target_view.home
    }

    /// Whether both views name the same home.
    pub(crate) fn converged(&self) -> bool {
        self.source_view.home == self.target_view.home
    }
}

/// All entries, one file each.
#[derive(Debug)]
pub(crate) struct Directory {
    root: PathBuf,
}

impl Directory {
    /// The directory kept under `root`.
    pub(crate) fn at(root: PathBuf) -> Self {
        Directory { root }
    }

    /// Enters a mailbox in both views.
    pub(crate) fn enter(&self, mailbox: &str, home: &str) -> Result<()> {
        let view = View { home: home.to_owned(), version: 1 };
        let entry = Entry { source_view: view.clone(), target_view: view };
        disk::write_json(&self.path(mailbox), &entry)
    }

    /// The entry of a mailbox.
    pub(crate) fn entry(&self, mailbox: &str) -> Result<Entry> {
        disk::read_json(&self.path(mailbox))
    }

    /// Names a new home in the target's view; tells whether that changed anything. The caller holds the mailbox's lock.
    pub(crate) fn set_home(&self, mailbox: &str, home: &str) -> Result<bool> {
        let mut entry = self.entry(mailbox)?;
        if entry.home() == home {
            return Ok(false);
        }
        let version = entry.source_view.version.max(entry.target_view.version) + 1;
        entry.target_view = View { home: home.to_owned(), version };
        disk::write_json(&self.path(mailbox), &entry)?;
        Ok(true)
    }

    /// Gives the newer view to the other side; tells whether that changed anything. The caller holds the mailbox's
    /// lock.
    pub(crate) fn replicate(&self, mailbox: &str) -> Result<bool> {
        let mut entry = self.entry(mailbox)?;
        if entry.source_view == entry.target_view {
            return Ok(false);
        }
        if entry.source_view.version > entry.target_view.version {
            entry.target_view = entry.source_view.clone();
        } else {
            entry.source_view = entry.target_view.clone();
        }
        disk::write_json(&self.path(mailbox), &entry)?;
        Ok(true)
    }

    /// Gives the target's view the home of the source's view, as a change of its own; tells whether that changed
    /// anything. The caller holds the mailbox's lock.
    pub(crate) fn reset_home(&self, mailbox: &str) -> Result<bool> {
        let home = self.entry(mailbox)?.source_view.home;
        self.set_home(mailbox, &home)
    }

    fn path(&self, mailbox: &str) -> PathBuf {
        self.root.join(format!("{mailbox}.json"))
    }
}
