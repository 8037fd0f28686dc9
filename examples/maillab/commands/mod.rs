//! The command line: what can be typed, and what is printed.
//!
//! Decides nothing about mail. One file per group of commands; answers go to standard output, talk to standard error.

mod cloning;
mod faults;
mod inspection;
mod keeping;
mod mail;
mod moves;
mod postoffice;
mod servers;
mod setup;
mod switching;

use std::io::{self, ErrorKind, Write};
use std::path::PathBuf;

use clap::{Parser, Subcommand};
use serde_json::Value;

use crate::failure::{Failure, Result};
use crate::organisation::Organisation;
use crate::stages::Mode;

/// A mail organisation on disk: two servers, a directory, real messages, and an audit that finds every lost one.
///
/// Begin with `maillab init`, move a mailbox with `maillab move alice --to new`, and ask `maillab audit` whether
/// anything was lost. `init --layout organisations` makes two organisations whose mailboxes are cloned (`wizard`,
/// `account`), `--layout postoffice` a postoffice that is extracted (`postoffice`). Exit codes: 0 success; 1 failed, or what was checked is not in order; 2 wrong usage; 3 refused,
/// because somebody has to decide; 4 already there; 5 another operation works on the mailbox; 6 the transaction log
/// drive is full; 7 the server is busy. Answers for programs are one JSON object on standard output.
#[derive(Debug, Parser)]
#[command(name = "maillab", version, max_term_width = 100)]
pub(crate) struct Cli {
    /// The organisation's folder [default: $MAILLAB_DIR, else ./maillab].
    #[arg(long, global = true, value_name = "FOLDER")]
    dir: Option<PathBuf>,
    /// Print each stage of the operation on standard error when it has ended.
    #[arg(long, global = true)]
    trace: bool,
    /// Like `--trace`, and wait after each stage for a line on standard input; when the input ends, so does the
    /// operation, with its work half done.
    #[arg(long, global = true)]
    step: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    #[command(flatten)]
    Setup(setup::Command),
    #[command(flatten)]
    Mail(mail::Command),
    #[command(flatten)]
    Moves(moves::Command),
    #[command(flatten)]
    Inspection(inspection::Command),
    #[command(flatten)]
    Keeping(keeping::Command),
    #[command(flatten)]
    Switching(switching::Command),
    #[command(flatten)]
    Servers(servers::Command),
    #[command(flatten)]
    Cloning(cloning::Command),
    #[command(flatten)]
    Postoffice(postoffice::Command),
    /// Arm a fault of the articles, which strikes once at its border; `--list` documents them all.
    Fault(faults::Arguments),
}

/// Runs one command.
pub(crate) fn run(cli: Cli) -> Result<()> {
    let root = cli.dir.or_else(|| std::env::var_os("MAILLAB_DIR").map(PathBuf::from));
    let root = root.unwrap_or_else(|| PathBuf::from("maillab"));
    let mode = match (cli.step, cli.trace) {
        (true, _) => Mode::Step,
        (false, true) => Mode::Trace,
        (false, false) => Mode::Silent,
    };
    let open = || Organisation::open(&root, mode);
    match cli.command {
        Command::Setup(command) => setup::run(command, &root, mode),
        Command::Mail(command) => mail::run(command, &open()?),
        Command::Moves(command) => moves::run(command, &open()?),
        Command::Inspection(command) => inspection::run(command, &open()?),
        Command::Keeping(command) => keeping::run(command, &open()?),
        Command::Switching(command) => switching::run(command, &open()?),
        Command::Servers(command) => servers::run(command, &open()?),
        Command::Cloning(command) => cloning::run(command, &open()?),
        Command::Postoffice(command) => postoffice::run(command, &open()?),
        Command::Fault(arguments) => faults::run(&arguments, &open()?),
    }
}

/// Prints an answer; a reader that has gone away is no error.
fn print(text: &str) -> Result<()> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.write_all(b"\n")) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(Failure::failed("cannot write to standard output").because(error))
        }
        _ => Ok(()),
    }
}

fn print_json(value: &Value) -> Result<()> {
    print(&value.to_string())
}

/// The mailboxes that were named, or all.
fn chosen(of: &Organisation, mailboxes: Vec<String>) -> Result<Vec<String>> {
    if mailboxes.is_empty() {
        return Ok(of.config.mailboxes.clone());
    }
    mailboxes.iter().try_for_each(|mailbox| of.check_mailbox(mailbox))?;
    Ok(mailboxes)
}
