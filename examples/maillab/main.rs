//! `maillab`: a mail organisation on disk, so that runbooks run on real messages with nothing to install.
//!
//! Knows nothing of runbooks. By its `layout` it is a site whose mailboxes move, two organisations, or a postoffice and a
//! new server: two servers with Maildir stores, a directory of homes, a delivery agent, transaction log drives, settings, a
//! ledger of every message ever accepted, and `audit`, which says whether one is missing.
//! Every operation is a row of small named stages (`stages`), and everything written is whole or absent after a crash.

mod adjuster;
mod admission;
mod archive;
mod audit;
mod circular_logging;
mod cloning;
mod commands;
mod connection_agreement;
mod consistency;
mod copying;
mod decommissioning;
mod delivery;
mod directory;
mod disk;
mod failure;
mod faults;
mod founding;
mod freeze;
mod layout;
mod ledger;
mod lock;
mod maildir;
mod message;
mod move_status;
mod moving;
mod organisation;
mod permissions;
mod postoffice;
mod profile;
mod properties;
mod quota;
mod recovery;
mod restoring;
mod rules;
mod stages;
mod store;
mod switches;
mod transaction_log;
mod transfer;
mod words;

use std::io::{self, Write};
use std::process::ExitCode;

use clap::Parser;

use commands::Cli;

fn main() -> ExitCode {
    match commands::run(Cli::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            // Nobody may be listening; the exit code says it too.
            let _ = writeln!(io::stderr(), "{failure}");
            ExitCode::from(failure.code as u8)
        }
    }
}
