//! Arguments and exit codes; one file per command.
//!
//! Decides nothing about runs: parses what was typed, calls the library, and says what came of it.

mod abandon;
mod actor;
mod adopt;
mod aftermath;
mod answer;
mod arguments;
mod ask;
mod attach;
mod check;
mod completions;
mod detach;
mod explain;
mod failure;
mod graph;
mod in_the_way;
mod journal;
mod known;
mod locks;
mod logs;
mod lost;
mod man;
mod new;
mod plan;
mod planned;
mod reason;
mod rehearse;
mod release;
mod resolve;
mod resume;
mod resume_all;
mod run;
mod runbook;
mod runs;
mod schema;
mod show;
mod status;
mod stop;
mod take_up;
mod work;

use std::io::{self, Write};
use std::panic;
use std::process::ExitCode;

use clap::Parser;

use self::arguments::{Arguments, Command};
use self::failure::Failure;
use crate::report::next;

/// Runs the command line of this process.
#[must_use]
pub fn main() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            // A closed pipe behind `--help | head` is no error.
            drop(error.print());
            return ExitCode::from(if error.use_stderr() { failure::USAGE } else { 0 });
        }
    };
    crate::keeper::heed_children();
    // What panicked has said so; the exit code must not look like that of a task.
    match panic::catch_unwind(|| dispatch(arguments)) {
        Err(_) => ExitCode::from(failure::BUG),
        Ok(Ok(code)) => ExitCode::from(code),
        Ok(Err(failure)) => {
            drop(write!(io::stderr().lock(), "{failure}"));
            ExitCode::from(failure.code)
        }
    }
}

fn dispatch(arguments: Arguments) -> Result<u8, Failure> {
    let place = arguments.place;
    if place.detached {
        detach::leave_session();
    }
    if let Some(folder) = &place.state_dir {
        next::say_state_folder(&std::path::absolute(folder).unwrap_or_else(|_| folder.clone()));
    }
    match arguments.command {
        Command::New(command) => new::main(&command),
        Command::Check(command) => check::main(&command),
        Command::Explain(command) => explain::main(&command),
        Command::Plan(command) => plan::main(&place, &command),
        Command::Rehearse(command) => rehearse::main(&command),
        Command::Run(command) => run::main(&place, &command),
        Command::Resume(command) => resume::main(&place, &command),
        Command::Status(command) => status::main(&place, &command),
        Command::Attach(command) => attach::main(&place, &command),
        Command::Runs(command) => runs::main(&place, &command),
        Command::Logs(command) => logs::main(&place, &command),
        Command::Show(command) => show::main(&place, &command),
        Command::Resolve(command) => resolve::main(&place, &command),
        Command::Approve(command) => answer::approve(&place, &command),
        Command::Reject(command) => answer::reject(&place, &command),
        Command::Stop(command) => stop::main(&place, &command),
        Command::Locks(command) => locks::main(&place, &command),
        Command::Abandon(command) => abandon::main(&place, &command),
        Command::Journal(command) => journal::main(&place, &command),
        Command::Graph(command) => graph::main(&place, &command),
        Command::Schema(command) => schema::main(&command),
        Command::Completions(command) => completions::main(&command),
        Command::Man(command) => man::main(&command),
        Command::Keeper(command) => match crate::keeper::keep(&command.folder) {
            Ok(()) => Ok(0),
            Err(error) => Err(Failure::new(1, error.to_string())),
        },
    }
}

/// Writes data to standard output. A reader that has gone away is no error.
fn print(text: &str) -> Result<(), Failure> {
    print_if_read(text).map(drop)
}

/// Writes data to standard output; returns whether somebody still reads it.
fn print_if_read(text: &str) -> Result<bool, Failure> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(false),
        Err(error) => Err(Failure::new(1, format!("standard output: {error}"))),
    }
}

/// Writes a value to standard output as JSON.
fn print_json(value: &impl serde::Serialize) -> Result<(), Failure> {
    print(&json(value)?)
}

/// A value as JSON that people can read as well.
fn json(value: &impl serde::Serialize) -> Result<String, Failure> {
    ended(serde_json::to_string_pretty(value))
}

/// A value as one line of JSON.
fn json_line(value: &impl serde::Serialize) -> Result<String, Failure> {
    ended(serde_json::to_string(value))
}

fn ended(json: serde_json::Result<String>) -> Result<String, Failure> {
    let text = json.map_err(|error| Failure::new(failure::BUG, error.to_string()))?;
    Ok(text + "\n")
}
