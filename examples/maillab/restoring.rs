//! The restoration of a server whose database is lost: its last full backup, and the log since then, if there is one.
//!
//! Does not know why the database was lost. What follows from circular logging is stated by KB328810, step 4; that rows
//! which have moved away since the backup come back as stale ones is stated by Q177772.
//!
//! | the log rolls forward | full backup | then |
//! |---|---|---|
//! | yes | any | the server is as it was at the point of failure |
//! | no | yes | it is as it was then: what came since is lost, what left since is there again |
//! | no | none | refused: nothing would be left |

use std::fs;
use std::path::Path;

use crate::archive::{self, Manifest};
use crate::disk;
use crate::failure::{At, Code, Failure, Result};
use crate::organisation::Organisation;
use crate::stages::Stage;
use crate::store::{RowState, Server};

/// What a restoration has brought back.
#[derive(Debug)]
pub(crate) struct Restored {
    /// Whether it was up to the point of failure.
    pub(crate) to_point_of_failure: bool,
    /// Messages on the server now.
    pub(crate) messages: u64,
}

/// Restores a server. No move may be under way. Can be repeated.
pub(crate) fn restore(of: &Organisation, server: &Server) -> Result<Restored> {
    let stages = of.stages("restore", &server.name);
    let _claim = of.claim_idle_stores()?;
    if of.log(server).usage()?.rolls_forward {
        return Ok(Restored { to_point_of_failure: true, messages: count(server)? });
    }
    let path = of.full_archive(server);
    if !path.exists() {
        return Err(Failure::new(Code::Refused, format!("`{}` cannot be restored", server.name))
            .because("it has no full backup, and its log does not roll forward")
            .next(format!("`maillab full-backup {}` makes one", server.name)));
    }
    // Built beside the store, which it replaces as a whole.
    let built = Server { name: server.name.clone(), root: server.root.join("restoring") };
    if built.root.exists() {
        fs::remove_dir_all(&built.root).at("remove", &built.root)?;
    }
    disk::create_folder(&built.mailboxes_folder())?;
    let manifest = archive::read_manifest(&path)?;
    let messages = build(&built, &manifest, &path)?;
    disk::sync_tree(&built.root)?;
    let locks = of.config.mailboxes.iter().map(|mailbox| of.lock_mailbox(mailbox));
    let _locks = locks.collect::<Result<Vec<_>>>()?;
    server.discard_mailboxes()?;
    disk::rename(&built.mailboxes_folder(), &server.mailboxes_folder())?;
    stages.reach(Stage::RestoreStore)?;
    Ok(Restored { to_point_of_failure: false, messages })
}

/// Fills a server with what the archive at `path` holds, beside what is there; returns how many messages that is.
pub(crate) fn build(built: &Server, manifest: &Manifest, path: &Path) -> Result<u64> {
    for mailbox in manifest.rules.keys() {
        let row = match built.row(mailbox) {
            Some(row) => row,
            None => built.create_row(mailbox, RowState::Live)?,
        };
        manifest.furnish(&row)?;
    }
    archive::each_message(path, |place, member| {
        let file = built.mailboxes_folder().join(place);
        disk::create_folder(disk::folder_of(&file))?;
        let mut text = Vec::new();
        member.read_to_end(&mut text).at("read", path)?;
        fs::write(&file, text).at("write", &file)
    })?;
    Ok(manifest.messages.len() as u64)
}

fn count(server: &Server) -> Result<u64> {
    let mut messages = 0;
    for mailbox in server.mailboxes()? {
        if let Some(row) = server.row(&mailbox) {
            messages += row.mail.items()?.len() as u64;
        }
    }
    Ok(messages)
}
