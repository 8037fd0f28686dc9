//! The backups of the postoffice, restored into a folder of its own.
//!
//! Does not touch the postoffice: mail is swept out of the folder, and nothing is delivered into it.

use std::fs;
use std::path::PathBuf;

use crate::archive;
use crate::disk;
use crate::failure::{At, Failure, Result};
use crate::organisation::Organisation;
use crate::restoring;
use crate::stages::Stage;
use crate::store::Server;

/// The folder as a store; empty if nothing was restored.
pub(super) fn restored(of: &Organisation) -> Server {
    Server { name: "restored".to_owned(), root: of.restored() }
}

/// The file of the next backup. None replaces another one, which may be the last that holds a mailbox.
pub(crate) fn next_backup(of: &Organisation) -> PathBuf {
    let mut files = (1u64..).map(|n| backup(of, n));
    files.find(|file| !file.exists()).expect("there are more numbers than files")
}

fn backup(of: &Organisation, n: u64) -> PathBuf {
    of.archive(&format!("postoffice-{n}"))
}

/// Restores all backups of the postoffice, the oldest first, in place of what was restored before; returns how many
/// messages there are.
pub(crate) fn restore(of: &Organisation) -> Result<usize> {
    let stages = of.stages("restore", "postoffice");
    let files: Vec<_> = (1..).map(|n| backup(of, n)).take_while(|file| file.exists()).collect();
    if files.is_empty() {
        return Err(Failure::failed("there is no backup of the postoffice")
            .because("`maillab postoffice backup` was never run")
            .next("what was delivered to a mailbox that is deleted now cannot be brought back"));
    }
    let root = of.restored();
    let staged = disk::temporary_beside(&root);
    if staged.exists() {
        fs::remove_dir_all(&staged).at("remove", &staged)?;
    }
    let store = Server { name: "restored".to_owned(), root: staged.clone() };
    disk::create_folder(&store.mailboxes_folder())?;
    for file in &files {
        restoring::build(&store, &archive::read_manifest(file)?, file)?;
    }
    let mut messages = 0;
    for mailbox in store.mailboxes()? {
        messages += store.row(&mailbox).map_or(Ok(0), |row| row.keys().map(|keys| keys.len()))?;
    }
    disk::sync_tree(&staged)?;
    if root.exists() {
        fs::remove_dir_all(&root).at("remove", &root)?;
    }
    disk::rename(&staged, &root)?;
    stages.reach(Stage::Restore)?;
    Ok(messages)
}
