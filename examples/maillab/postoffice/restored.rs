//! A backup of the postoffice, restored into a folder of its own.
//!
//! Does not touch the postoffice: mail is swept out of the folder, and nothing is delivered into it.

use std::fs::{self, File};
use std::path::{Component, Path};

use serde_json::json;

use crate::archive;
use crate::disk;
use crate::failure::{At, Failure, Result};
use crate::maildir::Maildir;
use crate::organisation::Organisation;
use crate::rules;
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
    let messages = unpack(file, &staged.join("mailboxes"))?;
    let store = Server { name: "restored".to_owned(), root: staged.clone() };
    for (mailbox, rules) in archive::read_manifest(file)?.rules {
        store.row(&mailbox).map_or(Ok(()), |row| rules::set(&row, &rules))?;
    }
    disk::sync_tree(&staged)?;
    if root.exists() {
        fs::remove_dir_all(&root).at("remove", &root)?;
    }
    disk::rename(&staged, &root)?;
    stages.reach(Stage::Restore)?;
    Ok(messages)
}

fn unpack(archive: &Path, mailboxes: &Path) -> Result<u64> {
    disk::create_folder(mailboxes)?;
    let file = File::open(archive).at("open", archive)?;
    let mut messages = 0;
    for member in tar::Archive::new(file).entries().at("read", archive)? {
        let mut member = member.at("read", archive)?;
        let path = member.path().at("read", archive)?.into_owned();
        let mut parts = path.components();
        // The manifest is no message; a member is named `MAILBOX/PLACE`.
        let (Some(Component::Normal(mailbox)), true) =
            (parts.next(), path.components().count() > 1)
        else {
            continue;
        };
        let row = mailboxes.join(mailbox);
        if !row.exists() {
            Maildir::at(&row).create()?;
            disk::write_json(&row.join("row.json"), &json!({"state": "live"}))?;
        }
        let place = mailboxes.join(&path);
        disk::create_folder(disk::folder_of(&place))?;
        member.unpack(&place).at("unpack", &place)?;
        messages += 1;
    }
    Ok(messages)
}
