//! A backup of the postoffice, restored into a folder of its own.
//!
//! Does not touch the postoffice: mail is swept out of the folder, and nothing is delivered into it.

use std::fs;
use std::path::Path;

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

/// Restores the postoffice's backup, in place of one that was restored before; returns how many messages it has.
pub(crate) fn restore(of: &Organisation, file: &Path) -> Result<u64> {
    let stages = of.stages("restore", "postoffice");
    if !file.exists() {
        return Err(Failure::failed("there is no backup of the postoffice")
            .because("`maillab postoffice backup` was never run")
            .next("what was delivered to a mailbox that is deleted now cannot be brought back"));
    }
    let root = of.restored();
    let staged = disk::temporary_beside(&root);
    if staged.exists() {
        fs::remove_dir_all(&staged).at("remove", &staged)?;
    }
    let manifest = archive::read_manifest(file)?;
    let store = Server { name: "restored".to_owned(), root: staged.clone() };
    disk::create_folder(&store.mailboxes_folder())?;
    let messages = restoring::build(&store, &manifest, file)?;
    disk::sync_tree(&staged)?;
    if root.exists() {
        fs::remove_dir_all(&root).at("remove", &root)?;
    }
    disk::rename(&staged, &root)?;
    stages.reach(Stage::Restore)?;
    Ok(messages)
}
