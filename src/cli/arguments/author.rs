//! What authors and CI jobs type: commands about runbooks of which nothing is started.
//!
//! Knows no runs.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use clap_complete::Shell;

use super::{Drivers, Format, Given};

/// How `check` prints what it finds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum CheckFormat {
    /// For people
    Human,
    /// One JSON object
    Json,
    /// SARIF 2.1.0, for code scanning
    Sarif,
    /// JUnit XML, for test reports
    Junit,
    /// Workflow commands of GitHub Actions, which become annotations
    Github,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct Check {
    /// Runbooks and drivers, or folders with them
    #[arg(required = true, value_name = "PATH")]
    pub(in crate::cli) paths: Vec<PathBuf>,
    #[command(flatten)]
    pub(in crate::cli) drivers: Drivers,
    /// A file of rules that the runbooks must keep
    #[arg(long = "policy", value_name = "FILE")]
    pub(in crate::cli) policies: Vec<PathBuf>,
    /// How to print what is found
    #[arg(long, value_enum, default_value_t = CheckFormat::Human)]
    pub(in crate::cli) format: CheckFormat,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct Explain {
    /// The code, such as W0203; without it, all codes are listed
    pub(in crate::cli) code: Option<String>,
    /// How to print it
    #[arg(long, value_enum, default_value_t = Format::Human)]
    pub(in crate::cli) format: Format,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct Plan {
    /// The runbook
    pub(in crate::cli) runbook: PathBuf,
    #[command(flatten)]
    pub(in crate::cli) given: Given,
    /// Ask the probes, and the settings' `get`, how the world is now; nothing else is started
    #[arg(long)]
    pub(in crate::cli) probe: bool,
    /// Write the plan into a file as well; `windlass run FILE` runs it as it was reviewed, or says what has changed
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) out: Option<PathBuf>,
    /// How to print the plan
    #[arg(long, value_enum, default_value_t = Format::Human)]
    pub(in crate::cli) format: Format,
}

const REHEARSE_HELP: &str = "\
Nothing is started: every job of the runbook is simulated. The executor, its keeper or the machine dies between any two steps \
and while each job runs; jobs end badly with their effect done, half done or not; probes find each state that they declare. \
Each time the run is resumed, the operator decides as the world is, and what windlass promises is checked: no `once` effect \
twice or over a half of it, nothing before what it needs, every setting back or shown as owed, every lock let go, and an end or \
a reason.

What a simulation cannot see: whether a command does what its step says; whether `idempotent` or `read` is true (it says which \
steps are done again); whether a probe tells its states apart by what it really prints (only states that look at nothing are \
found out); and what other people, other runs and time do to the world meanwhile.

Exit codes: 0 every promise was kept, 1 a promise was broken, 2 usage, or the runbook is wrong.";

#[derive(Debug, Args)]
#[command(after_help = REHEARSE_HELP)]
pub(in crate::cli) struct Rehearse {
    /// The runbook; for required parameters that are not given values are made up
    pub(in crate::cli) runbook: PathBuf,
    #[command(flatten)]
    pub(in crate::cli) given: Given,
    /// How many items of each group are rehearsed
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = clap::value_parser!(u32).range(1..))]
    pub(in crate::cli) items: u32,
    /// How many jobs run at a time
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    pub(in crate::cli) jobs: u32,
    /// How many pairs of crashes are rehearsed, beside all single ones
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(in crate::cli) pairs: u64,
    /// Which pairs: the same number picks the same ones
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(in crate::cli) seed: u64,
    /// How to print what was found
    #[arg(long, value_enum, default_value_t = Format::Human)]
    pub(in crate::cli) format: Format,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum Picture {
    /// For Graphviz
    Dot,
    /// For Mermaid
    Mermaid,
    /// A picture
    Svg,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct Graph {
    /// A runbook's file, or a run's id, a unique beginning of it, or `latest`
    pub(in crate::cli) what: String,
    #[command(flatten)]
    pub(in crate::cli) drivers: Drivers,
    /// The language of the picture
    #[arg(long, value_enum, default_value_t = Picture::Dot)]
    pub(in crate::cli) format: Picture,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum NewEffect {
    /// It changes nothing
    Read,
    /// Doing it again does no harm
    Idempotent,
    /// It must not happen twice
    Once,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct New {
    /// The runbook's name, as in `move-mailboxes`
    pub(in crate::cli) name: String,
    /// The file to be written; an existing one is left alone [default: NAME.yaml]
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) out: Option<PathBuf>,
    /// What people call it
    #[arg(long, value_name = "TEXT")]
    pub(in crate::cli) title: Option<String>,
    /// What it is done for one by one, as in `mailbox`
    #[arg(long = "for-each", value_name = "ITEM")]
    pub(in crate::cli) each: Option<String>,
    /// The command that does it; `{{ params.NAME }}` is a parameter, `{{ ITEM }}` the item
    #[arg(long, value_name = "COMMAND")]
    pub(in crate::cli) run: Option<String>,
    /// What may happen if it is done again [default: once]
    #[arg(long, value_enum)]
    pub(in crate::cli) effect: Option<NewEffect>,
    /// The command that tells whether it has happened: exits with 0 if it has, with 1 if nothing of it has
    #[arg(long, value_name = "COMMAND", requires = "run")]
    pub(in crate::cli) probe: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum SchemaName {
    /// A runbook's file
    Runbook,
    /// A driver's file
    Driver,
    /// A policy's file
    Policy,
    /// A line of a run's journal
    Journal,
    /// What `status --format json` prints
    Status,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct Schema {
    /// What the schema is of
    #[arg(value_enum)]
    pub(in crate::cli) name: SchemaName,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct Completions {
    /// The shell
    pub(in crate::cli) shell: Shell,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct Manual {
    /// The command whose page is printed; without it, that of windlass itself
    #[arg(value_name = "COMMAND")]
    pub(in crate::cli) of: Vec<String>,
    /// Write the pages of all commands into this folder instead, as `windlass.1`, `windlass-run.1`, ...
    #[arg(long, value_name = "FOLDER", conflicts_with = "of")]
    pub(in crate::cli) out: Option<PathBuf>,
}
