//! What a runbook treats as temporary settings: each with `get`, which changes nothing, and `set`, which can be repeated.
//!
//! Does not know when a setting ought to be changed, nor who changes it.

use clap::{Subcommand, ValueEnum};
use serde_json::{Value, json};

use super::{print, print_json};
use crate::circular_logging;
use crate::connection_agreement;
use crate::failure::{Failure, Result};
use crate::freeze;
use crate::organisation::Organisation;
use crate::quota;
use crate::switches::{ANTIVIRUS, CIRCULAR_LOGGING, Power, RCA, Schedule, Switch, name_of};

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// The Recipient Connection Agreement, which carries homes between the two sides of the directory (KB328810, step
    /// 8): its schedule, and its cycle.
    Rca {
        #[command(subcommand)]
        action: Agreement,
    },
    /// The antivirus program of both servers (KB328810, step 3).
    Antivirus {
        #[command(subcommand)]
        action: Action<Power>,
    },
    /// Circular logging of both servers: while it is on, moves take no log space, and from then on to the next full
    /// backup a server can be restored only as it was at the last one (KB328810, step 4; see `restore`).
    CircularLogging {
        #[command(subcommand)]
        action: Action<Power>,
    },
    /// The mailboxes whose delivery is frozen: mail for them is accepted and held in the queue.
    ///
    /// Freezing closes the window of Q277911: nothing is delivered to a mailbox that a move has just made.
    Frozen {
        #[command(subcommand)]
        action: Delivery,
    },
    /// The size that a server allows for a mailbox: a larger one cannot be moved to it (Q264314).
    Quota {
        #[command(subcommand)]
        action: Limit,
    },
}

#[derive(Debug, Subcommand)]
pub(super) enum Limit {
    /// Print the limit in bytes, or `none`.
    Get {
        /// The server.
        server: String,
        /// Print one JSON object, which has the value at `init` too.
        #[arg(long)]
        json: bool,
    },
    /// Change the limit. Can be repeated.
    Set {
        /// The server.
        server: String,
        /// Bytes, or `none`.
        bytes: String,
    },
}

#[derive(Debug, Subcommand)]
pub(super) enum Action<V: ValueEnum + Send + Sync + 'static> {
    /// Print the present value.
    Get {
        /// Print one JSON object, which has the value at `init` too.
        #[arg(long)]
        json: bool,
    },
    /// Change the value. Can be repeated.
    Set {
        #[arg(value_enum)]
        value: V,
    },
}

#[derive(Debug, Subcommand)]
pub(super) enum Agreement {
    /// Print the schedule.
    Get {
        /// Print one JSON object, which has the value at `init` too.
        #[arg(long)]
        json: bool,
    },
    /// Change the schedule. Can be repeated.
    Set {
        #[arg(value_enum)]
        value: Schedule,
    },
    /// Run the cycle that the schedule would run some time: where the two sides name different homes, it gives the
    /// target's side the home that the source's side names. With the schedule `never` it does nothing.
    Cycle,
}

#[derive(Debug, Subcommand)]
pub(super) enum Delivery {
    /// Print the frozen mailboxes as a JSON list.
    Get {
        /// Print one JSON object, which has the value at `init` too.
        #[arg(long)]
        json: bool,
    },
    /// Freeze these mailboxes beside those that are frozen already. Can be repeated.
    Add {
        /// The mailboxes.
        #[arg(required = true)]
        mailboxes: Vec<String>,
    },
    /// Freeze these mailboxes and no others; what waits for the others is delivered. Can be repeated.
    Set {
        /// The mailboxes; with none of them, all delivery goes on.
        mailboxes: Vec<String>,
    },
}

pub(super) fn run(command: Command, of: &Organisation) -> Result<()> {
    match command {
        Command::Rca { action: Agreement::Get { json } } => get(of, &RCA, json),
        Command::Rca { action: Agreement::Set { value } } => set(of, &RCA, &value),
        Command::Rca { action: Agreement::Cycle } => cycle(of),
        Command::Antivirus { action } => act(of, &ANTIVIRUS, &action),
        Command::CircularLogging { action: Action::Get { json } } => {
            get(of, &CIRCULAR_LOGGING, json)
        }
        Command::CircularLogging { action: Action::Set { value } } => {
            let changed = circular_logging::set(of, value)?;
            print_set(&CIRCULAR_LOGGING, &value, changed)
        }
        Command::Quota { action } => limit(of, action),
        Command::Frozen { action: Delivery::Get { json } } => {
            let frozen = json!(freeze::frozen(of)?);
            if json { print_value("frozen", &frozen, &json!([])) } else { print_json(&frozen) }
        }
        Command::Frozen { action: Delivery::Add { mailboxes } } => {
            freeze_only(of, &[freeze::frozen(of)?, mailboxes].concat())
        }
        Command::Frozen { action: Delivery::Set { mailboxes } } => freeze_only(of, &mailboxes),
    }
}

fn freeze_only(of: &Organisation, mailboxes: &[String]) -> Result<()> {
    mailboxes.iter().try_for_each(|mailbox| of.check_mailbox(mailbox))?;
    let tally = freeze::set(of, mailboxes)?;
    let frozen = freeze::frozen(of)?;
    print_json(&json!({
        "setting": "frozen", "value": frozen, "stored": tally.stored, "queued": tally.queued,
    }))
}

fn limit(of: &Organisation, action: Limit) -> Result<()> {
    match action {
        Limit::Get { server, json } => {
            let server = of.server(&server)?;
            let bytes = quota::limit(of, &server)?;
            let value = bytes.map_or_else(|| "none".to_owned(), |bytes| bytes.to_string());
            let setting = format!("quota-{}", server.name);
            if json { print_value(&setting, &json!(value), &json!("none")) } else { print(&value) }
        }
        Limit::Set { server, bytes } => {
            let server = of.server(&server)?;
            let limit = match bytes.as_str() {
                "none" => None,
                number => Some(number.parse().map_err(|error| {
                    Failure::failed(format!("`{number}` is no number of bytes")).because(error)
                })?),
            };
            let changed = quota::limit(of, &server)? != limit;
            quota::set(of, &server, limit)?;
            let setting = format!("quota-{}", server.name);
            print_json(&json!({"setting": setting, "value": bytes, "changed": changed}))
        }
    }
}

fn act<V>(of: &Organisation, switch: &Switch<V>, action: &Action<V>) -> Result<()>
where
    V: ValueEnum + PartialEq + Send + Sync + 'static,
{
    match action {
        Action::Get { json } => get(of, switch, *json),
        Action::Set { value } => set(of, switch, value),
    }
}

fn get<V: ValueEnum>(of: &Organisation, switch: &Switch<V>, json: bool) -> Result<()> {
    let value = name_of(&of.switches().get(switch)?);
    if json {
        print_value(switch.name, &json!(value), &json!(name_of(&switch.initial)))
    } else {
        print(&value)
    }
}

fn set<V: ValueEnum + PartialEq>(of: &Organisation, switch: &Switch<V>, value: &V) -> Result<()> {
    let changed = of.switches().get(switch)? != *value;
    of.switches().set(switch, value)?;
    print_set(switch, value, changed)
}

fn print_set<V: ValueEnum>(switch: &Switch<V>, value: &V, changed: bool) -> Result<()> {
    print_json(&json!({"setting": switch.name, "value": name_of(value), "changed": changed}))
}

fn cycle(of: &Organisation) -> Result<()> {
    let schedule = name_of(&of.switches().get(&RCA)?);
    let mut reset = Vec::new();
    for mailbox in &of.config.mailboxes {
        if connection_agreement::cycle(of, mailbox)? {
            reset.push(mailbox);
        }
    }
    print_json(&json!({"schedule": schedule, "reset": reset}))
}

fn print_value(setting: &str, value: &Value, initial: &Value) -> Result<()> {
    print_json(&json!({"setting": setting, "value": value, "initial": initial}))
}
