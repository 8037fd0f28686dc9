//! The recovery of messages from an archive that was made before a move (KB328810, step 1: "this gives you a recovery
//! solution, in case you require one").
//!
//! Does not ask why they are missing, and takes nothing away. A message that its user has deleted since the archive was made comes
//! back, so it is for the time in which nobody works in the mailbox. Each message is written under a temporary name first:
//!
//! | the process ends after | then |
//! |---|---|
//! | some messages are written | the others are still missing, and `recover` again brings them |
//! | a message with other contents was replaced | it is as it was in the archive |

use std::collections::BTreeSet;
use std::path::Path;

use crate::archive;
use crate::disk;
use crate::failure::{At, Failure, Result};
use crate::maildir;
use crate::organisation::Organisation;
use crate::stages::Stage;

/// Brings back what the home of a mailbox lacks; returns how many messages that were.
pub(crate) fn recover(of: &Organisation, mailbox: &str, archive: &Path) -> Result<u64> {
    let _claim = of.claim_operation(mailbox)?;
    let stages = of.stages("recover", mailbox);
    let home = of.server(of.directory().entry(mailbox)?.home())?;
    let Some(row) = home.row(mailbox) else {
        let what = format!("`{}`, the home, has no row of `{mailbox}`", home.name);
        return Err(Failure::failed(what)
            .next(format!("`maillab locate {mailbox}` shows where its data is")));
    };
    let manifest = archive::read_manifest(archive)?;
    let _lock = of.lock_mailbox(mailbox)?;
    let present = archive::list(&row)?;
    let intact: BTreeSet<_> = present.iter().map(|member| (&member.key, &member.digest)).collect();
    let mut lacking = manifest.messages;
    lacking.retain(|member| {
        member.mailbox == mailbox && !intact.contains(&(&member.key, &member.digest))
    });
    of.log_moved(&home, lacking.iter().map(|member| member.bytes).sum())?;
    archive::each_message(archive, |place, member| {
        let Some(wanted) = lacking.iter().find(|wanted| Path::new(&wanted.path) == place) else {
            return Ok(());
        };
        let damaged = present.iter().find(|present| present.key == wanted.key);
        let file = match damaged {
            Some(present) => home.mailboxes_folder().join(&present.path),
            None => {
                row.mail.root().join(maildir::place(&wanted.folder, &wanted.key, &wanted.flags))
            }
        };
        write(&file, member)?;
        stages.reach(Stage::CopyMessage)
    })?;
    stages.reach(Stage::Recover)?;
    Ok(lacking.len() as u64)
}

fn write(file: &Path, member: &mut dyn std::io::Read) -> Result<()> {
    let mut text = Vec::new();
    member.read_to_end(&mut text).at("read the archive for", file)?;
    let part = disk::folder_of(file);
    if !part.is_dir() {
        maildir::create_parts(disk::folder_of(part))?;
    }
    disk::replace(file, &text)
}
