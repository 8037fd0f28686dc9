//! A server's store: one row per mailbox that it holds, and the white space that deleted data leaves behind.
//!
//! Does not know which server is a mailbox's home; that is the directory's word.
//!
//! A row is a folder that appears and disappears by one rename. Its state, in `row.json`, is one of
//!
//! | state | meaning | new mail |
//! |---|---|---|
//! | `created` | a move has made it, and not yet set its flag (Q277911) | to its inbox, whatever the directory says |
//! | `in_transit` | a move copies into it | to its in-transit folder, whatever the directory says |
//! | `live` | it holds the whole mailbox | if the directory says so |
//! | `moved` | its data has been moved away (the "close to 0 KB" of Q252869) | if the directory still says so |

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::disk;
use crate::failure::{At, Failure, Result};
use crate::maildir::{Item, Maildir, place_flushed};

/// What a row is good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum RowState {
    /// A move has made it and not yet set its InTransit flag.
    Created,
    /// A move copies into it.
    InTransit,
    /// It holds the whole mailbox.
    Live,
    /// Its data has been moved away.
    Moved,
}

#[derive(Debug, Serialize, Deserialize)]
struct RowFile {
    state: RowState,
}

/// One of the two servers.
#[derive(Debug, Clone)]
pub(crate) struct Server {
    /// Its name.
    pub(crate) name: String,
    /// Its folder.
    pub(crate) root: PathBuf,
}

impl Server {
    /// The row of a mailbox, if the server has one.
    pub(crate) fn row(&self, mailbox: &str) -> Option<Row> {
        let root = self.root.join("mailboxes").join(mailbox);
        let row =
            Row { server: self.clone(), mailbox: mailbox.to_owned(), mail: Maildir::at(root) };
        row.file().exists().then_some(row)
    }

    /// The mailboxes that the server has rows of.
    pub(crate) fn mailboxes(&self) -> Result<Vec<String>> {
        let mut names = disk::names(&self.root.join("mailboxes"))?;
        names.retain(|name| self.row(name).is_some());
        Ok(names)
    }

    /// Creates a row in `state`: it is there with its state, or not at all.
    pub(crate) fn create_row(&self, mailbox: &str, state: RowState) -> Result<Row> {
        let staged = Maildir::at(self.staging(mailbox)?);
        staged.create()?;
        disk::write_json(&staged.root().join("row.json"), &RowFile { state })?;
        staged.sync()?;
        let root = self.root.join("mailboxes").join(mailbox);
        disk::rename(staged.root(), &root)?;
        Ok(Row { server: self.clone(), mailbox: mailbox.to_owned(), mail: Maildir::at(root) })
    }

    /// The folder of its rows.
    pub(crate) fn mailboxes_folder(&self) -> PathBuf {
        self.root.join("mailboxes")
    }

    /// Throws all rows away, by one rename. The caller holds the locks of all mailboxes.
    pub(crate) fn discard_mailboxes(&self) -> Result<()> {
        let folder = self.mailboxes_folder();
        if folder.exists() { disk::rename(&folder, &self.white_name("mailboxes")?) } else { Ok(()) }
    }

    /// Whether the server has been removed from the organisation.
    pub(crate) fn is_gone(&self) -> bool {
        self.gone_file().exists()
    }

    /// Notes that the server has been removed.
    pub(crate) fn mark_gone(&self) -> Result<()> {
        disk::replace(&self.gone_file(), b"")
    }

    /// Fails if the server has been removed.
    pub(crate) fn check_standing(&self) -> Result<()> {
        match self.is_gone() {
            true => Err(Failure::failed(format!("server `{}` has been removed", self.name))),
            false => Ok(()),
        }
    }

    fn gone_file(&self) -> PathBuf {
        self.root.join("decommissioned")
    }

    /// Whether a message in the store is corrupt, so that no tool can read it.
    pub(crate) fn is_corrupt(&self, key: &str) -> bool {
        self.corrupt_folder().join(key).exists()
    }

    /// Makes a message in the store unreadable for every tool.
    pub(crate) fn corrupt(&self, key: &str) -> Result<()> {
        disk::create_folder(&self.corrupt_folder())?;
        disk::replace(&self.corrupt_folder().join(key), b"")
    }

    /// Repairs every corrupt message; returns their keys.
    pub(crate) fn repair(&self) -> Result<Vec<String>> {
        let keys = disk::names(&self.corrupt_folder())?;
        for key in &keys {
            let mark = self.corrupt_folder().join(key);
            fs::remove_file(&mark).at("remove", &mark)?;
        }
        Ok(keys)
    }

    fn corrupt_folder(&self) -> PathBuf {
        self.root.join("corrupt")
    }

    /// Where deleted data lies until the store is defragmented.
    pub(crate) fn white_space(&self) -> PathBuf {
        self.root.join("white-space")
    }

    /// A name in the white space that is not taken. The caller holds the mailbox's lock.
    fn white_name(&self, name: &str) -> Result<PathBuf> {
        let folder = self.white_space();
        disk::create_folder(&folder)?;
        let free = (0u64..).map(|n| folder.join(format!("{name}.{n}"))).find(|path| !path.exists());
        Ok(free.expect("a folder holds fewer files than there are numbers"))
    }

    /// An empty place to build a row in. The caller holds the mailbox's operation lock, so what is there is a leftover.
    fn staging(&self, mailbox: &str) -> Result<PathBuf> {
        let path = self.root.join("staging").join(mailbox);
        if path.exists() {
            fs::remove_dir_all(&path).at("remove", &path)?;
        }
        disk::create_folder(disk::folder_of(&path))?;
        Ok(path)
    }
}

/// A mailbox as one server holds it.
#[derive(Debug)]
pub(crate) struct Row {
    /// The server.
    pub(crate) server: Server,
    /// The mailbox.
    pub(crate) mailbox: String,
    /// Its messages.
    pub(crate) mail: Maildir,
}

impl Row {
    fn file(&self) -> PathBuf {
        self.mail.root().join("row.json")
    }

    /// The file of its inbox rules.
    pub(crate) fn rules_file(&self) -> PathBuf {
        self.mail.root().join("rules.json")
    }

    /// The file of its permissions.
    pub(crate) fn permissions_file(&self) -> PathBuf {
        self.mail.root().join("permissions.json")
    }

    /// What the row is good for.
    pub(crate) fn state(&self) -> Result<RowState> {
        Ok(disk::read_json::<RowFile>(&self.file())?.state)
    }

    /// Changes the state in one write.
    pub(crate) fn set_state(&self, state: RowState) -> Result<()> {
        disk::write_json(&self.file(), &RowFile { state })
    }

    /// The keys of all its messages, those in the in-transit folder included.
    pub(crate) fn keys(&self) -> Result<BTreeSet<String>> {
        let items = self.mail.items()?.into_iter().chain(self.mail.in_transit()?);
        Ok(items.map(|item| item.key).collect())
    }

    /// Sum of the sizes of what the user sees.
    pub(crate) fn bytes(&self) -> Result<u64> {
        Ok(self.mail.items()?.iter().map(|item| item.bytes).sum())
    }

    /// Moves the in-transit folder's messages to the inbox. The caller holds the mailbox's lock.
    pub(crate) fn flush(&self) -> Result<u64> {
        let waiting = self.mail.in_transit()?;
        for item in &waiting {
            let place = self.mail.root().join(place_flushed(item));
            disk::rename(&self.mail.path(item), &place)?;
        }
        Ok(waiting.len() as u64)
    }

    /// Deletes a message: its pages become white space of the store.
    pub(crate) fn delete(&self, item: &Item) -> Result<()> {
        disk::rename(&self.mail.path(item), &self.server.white_name(&item.key)?)
    }

    /// Deletes the row with all that it holds, by one rename.
    pub(crate) fn remove(self) -> Result<()> {
        disk::rename(self.mail.root(), &self.server.white_name(&self.mailbox)?)
    }
}
