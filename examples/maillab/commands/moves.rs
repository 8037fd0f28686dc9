//! `move` and what finishes or undoes an interrupted one.

use clap::Subcommand;
use serde_json::json;

use super::print_json;
use crate::failure::Result;
use crate::layout::Layout;
use crate::move_status;
use crate::moving;
use crate::organisation::Organisation;
use crate::stages::Stage;
use crate::transfer::Carried;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Move a mailbox from its home to another server.
    ///
    /// Stages: admit, create_target, copy, flush_target, empty_source, sync_directory, replicate, retire_source.
    /// Mail that arrives meanwhile waits in the target's InTransitFolder or is carried over at the end. Fails before
    /// anything has changed with exit code 4 if the mailbox is already there; stops in the middle of the copy with exit
    /// code 6 when the transaction log drive is full (see `measure`); fails with exit code 7, and nothing changed, when
    /// the server is busy. Never repeat a move that did not succeed otherwise: a row that the target has of the mailbox
    /// is deleted (exit code 1 with c1040b00), and with it, where the data had moved, the mailbox (Q252869). See
    /// `locate`, then `sweep` and `set-home`, or `reset-target`.
    Move {
        /// The mailbox.
        mailbox: String,
        /// Refuse unless the mailbox's home is this server.
        #[arg(long, value_name = "SERVER")]
        from: Option<String>,
        /// The server that it goes to.
        #[arg(long, value_name = "SERVER")]
        to: String,
        /// Leave out messages that cannot be read, instead of stopping at the first one: they are deleted (KB821829).
        #[arg(long)]
        skip_corrupt: bool,
    },
    /// Print what the servers still know of the mailbox's last move: `in_progress`, `failed`, `completed` or `absent`.
    ///
    /// It is no evidence of where the data is: a record may have expired, and a move that has failed may have moved
    /// everything. See `locate`.
    MoveStatus {
        /// The mailbox.
        mailbox: String,
    },
    /// Bring the rest of an interrupted move over: copy what SERVER lacks, flush its InTransitFolder, empty the other.
    ///
    /// Together with `set-home` it finishes a move that was interrupted at any point. Can be repeated.
    Sweep {
        /// The mailbox.
        mailbox: String,
        /// The server that the interrupted move went to.
        #[arg(long, value_name = "SERVER")]
        to: String,
    },
    /// Name SERVER as the mailbox's home in the directory, and remove the emptied row of the other server.
    ///
    /// Refused with exit code 3 while the other server still holds data (see `sweep`). Can be repeated.
    SetHome {
        /// The mailbox.
        mailbox: String,
        /// The server that holds all its data.
        server: String,
    },
    /// Undo an interrupted move that has not emptied the source: bring what only the target has back to the home, then
    /// remove the target's row, so that the mailbox can be moved anew.
    ///
    /// Refused with exit code 3 when the data has left the source: then only `sweep` and `set-home` help. Can be
    /// repeated.
    ResetTarget {
        /// The mailbox.
        mailbox: String,
    },
    /// Run one replication cycle: the newer view of each home goes to the other side of the directory.
    Replicate,
}

pub(super) fn run(command: Command, organisation: &Organisation) -> Result<()> {
    organisation.config.layout.check(Layout::Site)?;
    match command {
        Command::MoveStatus { mailbox } => {
            organisation.check_mailbox(&mailbox)?;
            let status = move_status::read(organisation, &mailbox)?;
            let status = status.map_or(json!("absent"), |status| json!(status));
            print_json(&json!({"mailbox": mailbox, "status": status}))
        }
        Command::Move { mailbox, from, to, skip_corrupt } => {
            organisation.check_mailbox(&mailbox)?;
            let from =
                from.map_or_else(|| organisation.other(&to), |name| organisation.server(&name));
            let from = from?.name;
            let Carried { messages, bytes } =
                moving::move_mailbox(organisation, &mailbox, &from, &to, skip_corrupt)?;
            print_json(&json!({
                "mailbox": mailbox, "from": from, "to": to, "messages": messages, "bytes": bytes,
                "home": organisation.directory().entry(&mailbox)?.home(),
            }))
        }
        Command::Sweep { mailbox, to } => {
            organisation.check_mailbox(&mailbox)?;
            let swept = moving::sweep(organisation, &mailbox, &to)?;
            print_carried(&mailbox, swept)
        }
        Command::SetHome { mailbox, server } => {
            organisation.check_mailbox(&mailbox)?;
            let changed = moving::set_home(organisation, &mailbox, &server)?;
            print_json(&json!({"mailbox": mailbox, "home": server, "changed": changed}))
        }
        Command::ResetTarget { mailbox } => {
            organisation.check_mailbox(&mailbox)?;
            let returned = moving::reset_target(organisation, &mailbox)?;
            print_carried(&mailbox, returned)
        }
        Command::Replicate => {
            let mut replicated = 0;
            for mailbox in &organisation.config.mailboxes {
                let stages = organisation.stages("replicate", mailbox);
                let _lock = organisation.lock_mailbox(mailbox)?;
                replicated += u64::from(organisation.directory().replicate(mailbox)?);
                stages.reach(Stage::Replicate)?;
            }
            print_json(&json!({"replicated": replicated}))
        }
    }
}

fn print_carried(mailbox: &str, carried: Carried) -> Result<()> {
    let Carried { messages, bytes } = carried;
    print_json(&json!({"mailbox": mailbox, "messages": messages, "bytes": bytes}))
}
