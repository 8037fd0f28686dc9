//! `backup`, `full-backup`, `defrag` and `profile`: what an administrator does around a move.

use std::fs;
use std::path::PathBuf;

use clap::Subcommand;
use serde_json::json;

use super::print_json;
use crate::archive;
use crate::disk;
use crate::failure::{At, Failure, Result};
use crate::organisation::Organisation;
use crate::profile::Profile;
use crate::recovery;
use crate::stages::Stage;
use crate::store::Server;
use crate::switches::{CIRCULAR_LOGGING, Power};

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Archive one mailbox as it is at its home, in a tar file with a manifest (KB328810, step 1).
    ///
    /// The archive replaces an older one only when it is whole. Prints its path.
    Backup {
        /// The mailbox.
        mailbox: String,
        /// Archive what this server has of it, home or not, beside the archive of the mailbox.
        #[arg(long, value_name = "SERVER")]
        on: Option<String>,
    },
    /// Bring back from an archive what a mailbox lacks at its home, and what is there with other contents.
    ///
    /// What the archive does not have stays as it is. Can be repeated; prints how many messages that were.
    Recover {
        /// The mailbox.
        mailbox: String,
        /// An archive that `backup` has made of it.
        #[arg(long, value_name = "ARCHIVE")]
        from: PathBuf,
    },
    /// Archive all mailboxes of a server, then purge the transaction log that the archive makes superfluous.
    ///
    /// Waits for moves that are under way, and lets none begin before it has ended.
    FullBackup {
        /// The server.
        server: String,
    },
    /// Give the white space that deleted data has left in a server's store back to the disk (KB328810, step 7).
    ///
    /// Needs the stores offline: fails with exit code 5 while a mailbox is being moved.
    Defrag {
        /// The server.
        server: String,
    },
    /// Log the user on once: the profile then names the mailbox's home server (KB328810, step 9.3).
    ///
    /// Fails where the profile names a server that has been removed: nobody can log on through it any more.
    Profile {
        /// The mailbox.
        mailbox: String,
        /// Visit the user's desktop and put the profile right there, whatever it names.
        #[arg(long)]
        at_desktop: bool,
    },
}

pub(super) fn run(command: Command, of: &Organisation) -> Result<()> {
    match command {
        Command::Backup { mailbox, on } => {
            of.check_mailbox(&mailbox)?;
            backup(of, &mailbox, on.as_deref())
        }
        Command::Recover { mailbox, from } => {
            of.check_mailbox(&mailbox)?;
            let recovered = recovery::recover(of, &mailbox, &from)?;
            print_json(&json!({"mailbox": mailbox, "messages": recovered}))
        }
        Command::FullBackup { server } => full_backup(of, &of.server(&server)?),
        Command::Defrag { server } => defrag(of, &of.server(&server)?),
        Command::Profile { mailbox, at_desktop } => {
            of.check_mailbox(&mailbox)?;
            profile(of, &mailbox, at_desktop)
        }
    }
}

fn backup(of: &Organisation, mailbox: &str, on: Option<&str>) -> Result<()> {
    let stages = of.stages("backup", mailbox);
    let server = match on {
        Some(server) => of.server(server)?,
        None => of.server(of.directory().entry(mailbox)?.home())?,
    };
    if server.row(mailbox).is_none() {
        let which = if on.is_some() { "" } else { ", the home," };
        return Err(Failure::failed(format!("`{}`{which} has no row of `{mailbox}`", server.name))
            .next(format!("`maillab locate {mailbox}` shows where its data is")));
    }
    let name = on.map_or_else(|| mailbox.to_owned(), |server| format!("{mailbox}-on-{server}"));
    let path = of.archive(&name);
    let manifest = archive::write(of, &server, &[mailbox.to_owned()], &path, &stages)?;
    print_json(&json!({
        "mailbox": mailbox,
        "server": server.name,
        "archive": path,
        "messages": manifest.messages.len(),
        "bytes": manifest.bytes(),
    }))
}

fn full_backup(of: &Organisation, server: &Server) -> Result<()> {
    server.check_standing()?;
    let stages = of.stages("full-backup", &server.name);
    // A move takes its log first and copies afterwards: none may be under way, or log would be purged whose mail is not
    // in the archive.
    let _claim = of.claim_stores()?;
    let log = of.log(server);
    let covered_bytes = log.usage()?.used_bytes;
    let mailboxes = server.mailboxes()?;
    let path = of.full_archive(server);
    let manifest = archive::write(of, server, &mailboxes, &path, &stages)?;
    let rolls_forward = of.switches().get(&CIRCULAR_LOGGING)? == Power::Off;
    log.purge(covered_bytes, rolls_forward)?;
    stages.reach(Stage::PurgeLog)?;
    print_json(&json!({
        "server": server.name,
        "archive": path,
        "mailboxes": mailboxes.len(),
        "messages": manifest.messages.len(),
        "bytes": manifest.bytes(),
        "purged_bytes": covered_bytes,
    }))
}

fn defrag(of: &Organisation, server: &Server) -> Result<()> {
    server.check_standing()?;
    let stages = of.stages("defrag", &server.name);
    let _claim = of.claim_idle_stores()?;
    let white_space = server.white_space();
    let freed = disk::usage(&white_space)?;
    if white_space.exists() {
        fs::remove_dir_all(&white_space).at("free", &white_space)?;
        disk::sync_folder(&server.root)?;
    }
    stages.reach(Stage::FreeSpace)?;
    let bytes = disk::usage(&server.root.join("mailboxes"))?.bytes;
    print_json(&json!({
        "server": server.name,
        "freed_files": freed.files,
        "freed_bytes": freed.bytes,
        "bytes": bytes,
    }))
}

fn profile(of: &Organisation, mailbox: &str, at_desktop: bool) -> Result<()> {
    let stages = of.stages("profile", mailbox);
    let home = of.directory().entry(mailbox)?.home().to_owned();
    if of.server(&home)?.row(mailbox).is_none() {
        let what = format!("user `{mailbox}` cannot log on");
        return Err(Failure::failed(what)
            .because(format!("the home server `{home}` has no such mailbox"))
            .next(format!("`maillab locate {mailbox}` shows where its data is")));
    }
    let named = Profile::read(of, mailbox)?.server;
    if !at_desktop && of.server(&named)?.is_gone() {
        return Err(Failure::failed(format!("user `{mailbox}` cannot log on"))
            .because(format!("the profile names `{named}`, which has been removed"))
            .next(format!("`maillab profile {mailbox} --at-desktop` puts it right")));
    }
    let changed = named != home;
    Profile { server: home.clone() }.write(of, mailbox)?;
    stages.reach(Stage::UpdateProfile)?;
    print_json(&json!({"mailbox": mailbox, "server": home, "changed": changed}))
}
