//! `adjust`, `restore`, `isinteg` and `decommission`: what changes a server as a whole.

use clap::Subcommand;
use serde_json::json;

use super::print_json;
use crate::adjuster::{self, Adjustment};
use crate::decommissioning;
use crate::failure::Result;
use crate::organisation::Organisation;
use crate::restoring;
use crate::stages::Stage;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Run the DS/IS consistency adjuster on a server (KB328810, step 6).
    ///
    /// Before moves only `remove-unknown-users` is to be selected, and only when the directories agree.
    /// `create-entries` makes the server the home of every mailbox that it has a row of, an emptied one too.
    Adjust {
        /// The server.
        server: String,
        /// What to adjust; can be given more than once.
        #[arg(long = "box", value_name = "BOX", value_enum, required = true)]
        boxes: Vec<Adjustment>,
    },
    /// Lose a server's database, and restore it from its last full backup and the log since then.
    ///
    /// If circular logging was on at any time since that backup, there is no such log: what came to the server since is
    /// lost (KB328810, step 4). Without a full backup it is then refused with exit code 3. Can be repeated.
    Restore {
        /// The server.
        server: String,
    },
    /// Repair the messages of a server's store that cannot be read.
    Isinteg {
        /// The server.
        server: String,
        /// Wait for moves that are under way, instead of failing with exit code 5.
        #[arg(long)]
        wait: bool,
    },
    /// Remove a server from the organisation (KB328810, step 9.3).
    ///
    /// Refused with exit code 3 while the directory names it as a home. Users whose profile names it cannot log on any
    /// more; `profile` does it for them before, `profile --at-desktop` after. Can be repeated.
    Decommission {
        /// The server.
        server: String,
    },
}

pub(super) fn run(command: Command, of: &Organisation) -> Result<()> {
    match command {
        Command::Adjust { server, boxes } => {
            let server = of.server(&server)?;
            let adjusted = adjuster::adjust(of, &server, &boxes)?;
            print_json(&json!({
                "server": server.name,
                "permissions_removed": adjusted.permissions,
                "entries_created": adjusted.entries,
            }))
        }
        Command::Restore { server } => {
            let server = of.server(&server)?;
            let restored = restoring::restore(of, &server)?;
            print_json(&json!({
                "server": server.name,
                "to_point_of_failure": restored.to_point_of_failure,
                "messages": restored.messages,
            }))
        }
        Command::Isinteg { server, wait } => {
            let server = of.server(&server)?;
            let _claim = if wait { of.claim_stores()? } else { of.claim_idle_stores()? };
            let repaired = server.repair()?;
            of.stages("isinteg", &server.name).reach(Stage::RepairStore)?;
            print_json(&json!({"server": server.name, "repaired": repaired}))
        }
        Command::Decommission { server } => {
            let server = of.server(&server)?;
            let locked_out = decommissioning::decommission(of, &server)?;
            print_json(&json!({"server": server.name, "locked_out": locked_out}))
        }
    }
}
