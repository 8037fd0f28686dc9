//! The command line as it can be typed.

mod author;
mod operator;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

pub(super) use author::{
    Check, CheckFormat, Completions, Explain, Graph, Manual, New, NewEffect, Picture, Plan,
    Rehearse, Schema, SchemaName,
};
pub(super) use operator::{
    Abandon, Approve, Attach, Journal, JournalCommand, Locks, LocksCommand, Logs, Reject, Release,
    Resolve, Resume, Run, Runs, Show, Status, Stop, Verdict, Working,
};

const EXIT_CODES: &str = "\
Exit codes:
  0  succeeded                         5  interrupted, can be resumed
  1  tasks failed                      6  refused: what was planned or done has changed
  2  usage, or the runbook is wrong    7  the journal cannot be written or read
  3  waiting for people                8  a doubt or a debt is open
  4  the run, or a lock, is held

At 3 a.m., begin with `windlass status`: it ends with what to type next.";

/// Runs runbooks for work that must not be dropped: checks, plans and runs them, journals every fact, and resumes after any failure.
#[derive(Debug, Parser)]
#[command(name = "windlass", version, disable_help_subcommand = true, infer_subcommands = false, after_help = EXIT_CODES)]
pub(super) struct Arguments {
    #[command(flatten)]
    pub(super) place: Place,
    #[command(subcommand)]
    pub(super) command: Command,
}

/// Where runs are kept.
#[derive(Debug, Args)]
pub(super) struct Place {
    /// Folder in which runs are kept [default: $WINDLASS_STATE_DIR, else /var/lib/windlass for root, else $XDG_STATE_HOME/windlass]
    #[arg(long, global = true, value_name = "FOLDER", display_order = 900)]
    pub(super) state_dir: Option<PathBuf>,
    /// This is the process that `--detach` has started
    #[arg(long, hide = true)]
    pub(super) detached: bool,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Write a first runbook: asks on a terminal, or takes flags
    New(New),
    /// Find everything that is wrong with runbooks, without running anything
    Check(Check),
    /// Explain a code of `check`, or list all of them
    Explain(Explain),
    /// Show what a run would do, without doing anything
    Plan(Plan),
    /// Let everything go wrong in a simulated run of a runbook, and show what comes of it
    Rehearse(Rehearse),
    /// Run a runbook
    Run(Run),
    /// Go on with a run that was stopped, has failed or was interrupted
    Resume(Resume),
    /// Show how a run stands and what to do next
    Status(Status),
    /// Follow a run with its progress, and exit with its code
    Attach(Attach),
    /// List all runs
    Runs(Runs),
    /// Show what a run's tasks have printed
    Logs(Logs),
    /// Show everything that is known of one task, and why
    Show(Show),
    /// Decide about a task whose effect is in doubt, or that has failed
    Resolve(Resolve),
    /// Say yes to what a task asks: that it is done, or that the run may go on
    Approve(Approve),
    /// Say no to what a task asks; the task has then failed
    Reject(Reject),
    /// Let a run start nothing more, or end the job of one task
    Stop(Stop),
    /// Show which runs hold or want which locks, or take a lock away from a run
    Locks(Locks),
    /// Give a run up for good: its settings are put back, and its locks let go
    Abandon(Abandon),
    /// Check a run's journal
    Journal(Journal),
    /// Draw a runbook or a run: as SVG, or as text for Graphviz or Mermaid
    Graph(Graph),
    /// Print a JSON Schema: of what authors write, or of what windlass writes
    Schema(Schema),
    /// Print completions for a shell
    Completions(Completions),
    /// Print the manual, or write all its pages into a folder
    Man(Manual),
    /// Keep the jobs of a run (started by windlass itself)
    #[command(hide = true)]
    Keeper(Keeper),
}

/// What a runbook is run with.
#[derive(Debug, Args)]
pub(super) struct Given {
    /// A parameter; NAME=@FILE reads it from a .txt (lines), .csv (maps), .json or .yaml file
    #[arg(short = 'p', long = "param", value_name = "NAME=VALUE")]
    pub(super) params: Vec<String>,
    /// A YAML or JSON file with parameters by name; -p wins over it
    #[arg(long = "params", value_name = "FILE")]
    pub(super) params_file: Option<PathBuf>,
    #[command(flatten)]
    pub(super) drivers: Drivers,
}

#[derive(Debug, Args)]
pub(super) struct Drivers {
    /// Use another file for one of the runbook's drivers
    #[arg(long = "driver", value_name = "NAME=FILE")]
    pub(super) drivers: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// For people
    Human,
    /// One JSON object
    Json,
}

#[derive(Debug, Args)]
pub(super) struct Keeper {
    /// The run's folder
    pub(super) folder: PathBuf,
}
