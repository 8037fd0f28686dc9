//! `init` and `list`.

use std::path::Path;

use clap::Subcommand;
use serde_json::json;

use super::{print, print_json};
use crate::failure::Result;
use crate::founding::{self, Plan};
use crate::layout::Layout;
use crate::organisation::Organisation;
use crate::stages::Mode;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Make an organisation: two servers, and mailboxes full of mail on the first of them.
    ///
    /// The same options give the same bytes: messages, dates, folders, flags and attachments follow from the seed.
    /// About one message in a hundred is 1 MB long. Refuses a folder that is not empty.
    Init {
        /// Number of mailboxes; they are named after people.
        #[arg(long, value_name = "N", default_value_t = 10)]
        mailboxes: usize,
        /// Messages in each mailbox.
        #[arg(long, value_name = "M", default_value_t = 25)]
        messages: u64,
        /// Decides every byte of the mail.
        #[arg(long, default_value_t = 1)]
        seed: u64,
        /// Name of the server that mailboxes begin on.
        #[arg(long, value_name = "SERVER", default_value = "old")]
        source: String,
        /// Name of the server that they will move to.
        #[arg(long, value_name = "SERVER", default_value = "new")]
        target: String,
        /// Size of each server's transaction log drive.
        #[arg(long, value_name = "MB", default_value_t = 64)]
        log_mb: u64,
        /// Service pack of both servers: before 4, mail delivered between the creation of a mailbox at the target and
        /// its InTransit flag is lost (Q277911).
        #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u32).range(1..=4))]
        service_pack: u32,
        /// How the two servers belong together.
        #[arg(long, value_name = "LAYOUT", value_enum, default_value_t = Layout::Site)]
        layout: Layout,
    },
    /// Name all mailboxes, one a line.
    List {
        /// Print a JSON list, which a runbook takes as a parameter.
        #[arg(long)]
        json: bool,
    },
}

pub(super) fn run(command: Command, root: &Path, mode: Mode) -> Result<()> {
    match command {
        Command::Init {
            mailboxes,
            messages,
            seed,
            source,
            target,
            log_mb,
            service_pack,
            layout,
        } => {
            let log_capacity_bytes = log_mb.saturating_mul(1024 * 1024);
            let plan = Plan {
                mailboxes,
                messages,
                seed,
                source,
                target,
                service_pack,
                layout,
                log_capacity_bytes,
            };
            let founded = founding::found(root, &plan)?;
            print_json(&json!({
                "dir": root.display().to_string(),
                "mailboxes": mailboxes,
                "messages": founded.messages,
                "bytes": founded.bytes,
            }))
        }
        Command::List { json } => {
            let organisation = Organisation::open(root, mode)?;
            let mailboxes = &organisation.config.mailboxes;
            if json { print_json(&json!(mailboxes)) } else { print(&mailboxes.join("\n")) }
        }
    }
}
