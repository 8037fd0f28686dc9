//! The messages of one mailbox row on disk: a Maildir with folders (`cur`, `new`, `tmp`, `.Folder/...`).
//!
//! Knows files and names, not servers or homes. A file is named by the key of its message, which is the left side of
//! its Message-ID, so that two copies of a message are found without reading them.

use std::fs;
use std::path::{Path, PathBuf};

use crate::disk;
use crate::failure::{At, Result};

/// The folder that takes new mail while a row is in transit (Q277911). No user sees it.
pub(crate) const IN_TRANSIT_FOLDER: &str = ".InTransitFolder";

/// One stored message.
#[derive(Debug, Clone)]
pub(crate) struct Item {
    /// The key of the message.
    pub(crate) key: String,
    /// `INBOX`, or the folder's name.
    pub(crate) folder: String,
    /// Maildir flags, such as `FS`.
    pub(crate) flags: String,
    /// The file, relative to the root of the Maildir.
    pub(crate) place: PathBuf,
    /// Size of the file.
    pub(crate) bytes: u64,
}

/// A Maildir, which need not exist.
#[derive(Debug, Clone)]
pub(crate) struct Maildir {
    root: PathBuf,
}

impl Maildir {
    /// The Maildir at `root`.
    pub(crate) fn at(root: impl Into<PathBuf>) -> Self {
        Maildir { root: root.into() }
    }

    /// Where it is.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// Creates its folders and the in-transit folder.
    pub(crate) fn create(&self) -> Result<()> {
        create_parts(&self.root)?;
        create_parts(&self.root.join(IN_TRANSIT_FOLDER))
    }

    /// What the user sees, by place.
    pub(crate) fn items(&self) -> Result<Vec<Item>> {
        let mut items = list(&self.root, "")?;
        for name in disk::all_names(&self.root)? {
            let hidden = name == IN_TRANSIT_FOLDER || !name.starts_with('.');
            if !hidden && self.root.join(&name).is_dir() {
                items.extend(list(&self.root, &name)?);
            }
        }
        Ok(items)
    }

    /// What waits in the in-transit folder.
    pub(crate) fn in_transit(&self) -> Result<Vec<Item>> {
        list(&self.root, IN_TRANSIT_FOLDER)
    }

    /// The whole path of an item.
    pub(crate) fn path(&self, item: &Item) -> PathBuf {
        self.root.join(&item.place)
    }

    /// Stores a copy of `item` of another Maildir at `place`, its contents synced. The name is durable after
    /// [`Maildir::sync`].
    pub(crate) fn copy_in(&self, from: &Maildir, item: &Item, place: &Path) -> Result<()> {
        let source = from.path(item);
        let bytes = fs::read(&source).at("read", &source)?;
        let temporary = self.root.join("tmp").join(&item.key);
        disk::write_synced(&temporary, &bytes)?;
        let path = self.root.join(place);
        let part = disk::folder_of(&path);
        if !part.is_dir() {
            create_parts(disk::folder_of(part))?;
        }
        fs::rename(&temporary, &path).at("store", &path)
    }

    /// Makes the names of all messages durable.
    pub(crate) fn sync(&self) -> Result<()> {
        for name in disk::all_names(&self.root)? {
            let path = self.root.join(&name);
            if name.starts_with('.') && path.is_dir() {
                sync_parts(&path)?;
                disk::sync_folder(&path)?;
            }
        }
        sync_parts(&self.root)?;
        disk::sync_folder(&self.root)
    }
}

/// Where a message with these flags goes: unseen mail without flags is `new`.
pub(crate) fn place(folder: &str, key: &str, flags: &str) -> PathBuf {
    let folder = if folder == "INBOX" { PathBuf::new() } else { format!(".{folder}").into() };
    if flags.is_empty() {
        folder.join("new").join(key)
    } else {
        folder.join("cur").join(format!("{key}:2,{flags}"))
    }
}

/// Where a message of the in-transit folder goes when it is flushed.
pub(crate) fn place_flushed(item: &Item) -> PathBuf {
    place("INBOX", &item.key, &item.flags)
}

/// Creates `cur`, `new` and `tmp` of a folder.
pub(crate) fn create_parts(folder: &Path) -> Result<()> {
    ["cur", "new", "tmp"].iter().try_for_each(|part| disk::create_folder(&folder.join(part)))
}

fn sync_parts(folder: &Path) -> Result<()> {
    ["cur", "new"].iter().try_for_each(|part| disk::sync_folder(&folder.join(part)))
}

fn list(root: &Path, folder: &str) -> Result<Vec<Item>> {
    let mut items = Vec::new();
    for part in ["cur", "new"] {
        for name in disk::names(&root.join(folder).join(part))? {
            let place = Path::new(folder).join(part).join(&name);
            let path = root.join(&place);
            let bytes = fs::metadata(&path).at("read", &path)?.len();
            let (key, flags) = name.split_once(":2,").unwrap_or((&name, ""));
            let folder = folder.strip_prefix('.').unwrap_or("INBOX").to_owned();
            items.push(Item { key: key.to_owned(), folder, flags: flags.to_owned(), place, bytes });
        }
    }
    Ok(items)
}
