//! Writes that are whole or absent after a crash: temporary name, sync, rename, sync of the folder.
//!
//! Knows neither mailboxes nor servers.

use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::failure::{At, Result};

/// Makes the names in `folder` durable.
pub(crate) fn sync_folder(folder: &Path) -> Result<()> {
    File::open(folder).and_then(|file| file.sync_all()).at("sync", folder)
}

/// Makes everything below `folder` durable.
pub(crate) fn sync_tree(folder: &Path) -> Result<()> {
    for name in all_names(folder)? {
        let path = folder.join(name);
        if path.is_dir() {
            sync_tree(&path)?;
        } else {
            File::open(&path).and_then(|file| file.sync_all()).at("sync", &path)?;
        }
    }
    sync_folder(folder)
}

/// Writes a new or truncated file and syncs its contents, but not its name.
pub(crate) fn write_synced(path: &Path, bytes: &[u8]) -> Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    options
        .open(path)
        .and_then(|mut file| {
            file.write_all(bytes)?;
            file.sync_all()
        })
        .at("write", path)
}

/// Replaces `path` as a whole: after a crash it holds the old bytes or the new ones.
pub(crate) fn replace(path: &Path, bytes: &[u8]) -> Result<()> {
    let temporary = temporary_beside(path);
    write_synced(&temporary, bytes)?;
    rename(&temporary, path)
}

/// Renames and makes both names durable.
pub(crate) fn rename(from: &Path, to: &Path) -> Result<()> {
    fs::rename(from, to).at("rename", from)?;
    sync_folder(folder_of(to))?;
    if folder_of(from) != folder_of(to) {
        sync_folder(folder_of(from))?;
    }
    Ok(())
}

/// The folder that holds `path`.
pub(crate) fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// A name in the same folder that no other process uses and no reader looks at.
pub(crate) fn temporary_beside(path: &Path) -> PathBuf {
    let name = path.file_name().map(|name| name.to_string_lossy()).unwrap_or_default();
    path.with_file_name(format!(".{name}.{}", std::process::id()))
}

/// Creates a folder and those above it.
pub(crate) fn create_folder(path: &Path) -> Result<()> {
    fs::create_dir_all(path).at("create", path)
}

/// Replaces a JSON file as a whole.
pub(crate) fn write_json(path: &Path, value: &impl Serialize) -> Result<()> {
    let mut text = serde_json::to_string_pretty(value).at("encode", path)?;
    text.push('\n');
    replace(path, text.as_bytes())
}

/// Reads a JSON file.
pub(crate) fn read_json<T: DeserializeOwned>(path: &Path) -> Result<T> {
    let bytes = fs::read(path).at("read", path)?;
    serde_json::from_slice(&bytes).at("understand", path)
}

/// The names in a folder, sorted, without hidden ones; none if there is no such folder.
pub(crate) fn names(folder: &Path) -> Result<Vec<String>> {
    let mut names = all_names(folder)?;
    names.retain(|name| !name.starts_with('.'));
    Ok(names)
}

/// All names in a folder, sorted; none if there is no such folder.
pub(crate) fn all_names(folder: &Path) -> Result<Vec<String>> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error).at("list", folder),
    };
    let mut names = Vec::new();
    for entry in entries {
        names.push(entry.at("list", folder)?.file_name().to_string_lossy().into_owned());
    }
    names.sort();
    Ok(names)
}

/// The bytes of all files below `path`, and how many there are.
pub(crate) fn usage(path: &Path) -> Result<Usage> {
    let mut usage = Usage::default();
    for name in all_names(path)? {
        let entry = path.join(name);
        let metadata = fs::symlink_metadata(&entry).at("read", &entry)?;
        if metadata.is_dir() {
            let below = self::usage(&entry)?;
            usage.files += below.files;
            usage.bytes += below.bytes;
        } else {
            usage.files += 1;
            usage.bytes += metadata.len();
        }
    }
    Ok(usage)
}

/// How much a folder holds.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Usage {
    /// Number of files.
    pub(crate) files: u64,
    /// Sum of their sizes.
    pub(crate) bytes: u64,
}
