//! `rca`, `antivirus` and `circular-logging`: each with `get`, which prints the present value, and `set`.

use clap::{Subcommand, ValueEnum};

use super::print;
use crate::failure::Result;
use crate::organisation::Organisation;
use crate::switches::{ANTIVIRUS, CIRCULAR_LOGGING, Power, RCA, Schedule, Switch, name_of};

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// The schedule of the Recipient Connection Agreement (KB328810, step 8).
    Rca {
        #[command(subcommand)]
        action: Action<Schedule>,
    },
    /// The antivirus program of both servers (KB328810, step 3).
    Antivirus {
        #[command(subcommand)]
        action: Action<Power>,
    },
    /// Circular logging of both servers: while it is on, moves take no log space, and a backup can be restored only as
    /// it was made (KB328810, step 4).
    CircularLogging {
        #[command(subcommand)]
        action: Action<Power>,
    },
}

#[derive(Debug, Subcommand)]
pub(super) enum Action<V: ValueEnum + Send + Sync + 'static> {
    /// Print the present value.
    Get,
    /// Change the value.
    Set {
        #[arg(value_enum)]
        value: V,
    },
}

pub(super) fn run(command: Command, of: &Organisation) -> Result<()> {
    match command {
        Command::Rca { action } => act(of, &RCA, &action),
        Command::Antivirus { action } => act(of, &ANTIVIRUS, &action),
        Command::CircularLogging { action } => act(of, &CIRCULAR_LOGGING, &action),
    }
}

fn act<V>(of: &Organisation, switch: &Switch<V>, action: &Action<V>) -> Result<()>
where
    V: ValueEnum + Send + Sync + 'static,
{
    match action {
        Action::Get => print(&name_of(&of.switches().get(switch)?)),
        Action::Set { value } => of.switches().set(switch, value),
    }
}
