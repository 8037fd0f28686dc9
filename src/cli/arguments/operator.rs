//! What operators type: commands about runs.
//!
//! Does not know what a run is like; a run is a text here.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use super::{Drivers, Format, Given};
use crate::cli::reason;

/// How a run is worked on and shown.
#[derive(Debug, Default, Args)]
pub(in crate::cli) struct Working {
    /// How many jobs may run at a time [default: the number of cores]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(in crate::cli) jobs: Option<u32>,
    /// Stop once this step of the runbook, and what comes before it, has succeeded; exits with 5, as what can be resumed does
    #[arg(long, value_name = "STEP")]
    pub(in crate::cli) until: Option<String>,
    /// Write every record as a line of JSON to a file, or to standard output with `-`
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) events: Option<PathBuf>,
    /// Print the run's id once it has begun, and let it go on by itself
    #[arg(long)]
    pub(in crate::cli) detach: bool,
    /// End with 4 when all that is left waits for locks of other runs, even if these go on
    #[arg(long)]
    pub(in crate::cli) no_wait: bool,
    /// Stay while people are asked, instead of ending with 3 when only they are left to wait for
    #[arg(long)]
    pub(in crate::cli) wait: bool,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct Run {
    /// The runbook, or a plan of `windlass plan --out`, which is refused if anything has changed since
    #[arg(value_name = "RUNBOOK|PLANFILE")]
    pub(in crate::cli) runbook: PathBuf,
    #[command(flatten)]
    pub(in crate::cli) given: Given,
    #[command(flatten)]
    pub(in crate::cli) working: Working,
    /// Id of the new run [default: date, time and a few random characters]
    #[arg(long, value_name = "ID")]
    pub(in crate::cli) run_id: Option<String>,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct Resume {
    /// A run's id, a unique beginning of it, or `latest`
    #[arg(required_unless_present = "all")]
    pub(in crate::cli) run: Option<String>,
    /// Go on with every run that is not at its end, all at once; what `windlass stop` has stopped stays stopped
    #[arg(long, conflicts_with_all = ["run", "events", "until", "runbook", "drivers", "accept"])]
    pub(in crate::cli) all: bool,
    #[command(flatten)]
    pub(in crate::cli) working: Working,
    /// Go on with a corrected runbook; what is done is kept
    #[arg(long, value_name = "FILE")]
    pub(in crate::cli) runbook: Option<PathBuf>,
    #[command(flatten)]
    pub(in crate::cli) drivers: Drivers,
    /// Accept that this task, which is done or was started, has changed
    #[arg(long, value_name = "TASK", requires = "runbook")]
    pub(in crate::cli) accept: Vec<String>,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct Status {
    /// A run's id, a unique beginning of it, or `latest`
    #[arg(default_value = "latest")]
    pub(in crate::cli) run: String,
    /// Every run that is not at its end, those that need a person first; exits with the code of the worst
    #[arg(long, conflicts_with = "run")]
    pub(in crate::cli) all: bool,
    /// Show it anew whenever it changes, until the run is at its end or Ctrl-C
    #[arg(long)]
    pub(in crate::cli) watch: bool,
    /// How to print the status
    #[arg(long, value_enum, default_value_t = Format::Human)]
    pub(in crate::cli) format: Format,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct Attach {
    /// A run's id, a unique beginning of it, or `latest`
    #[arg(default_value = "latest")]
    pub(in crate::cli) run: String,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct Runs {
    /// How to print the list
    #[arg(long, value_enum, default_value_t = Format::Human)]
    pub(in crate::cli) format: Format,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct Logs {
    /// A run's id, a unique beginning of it, or `latest`
    pub(in crate::cli) run: String,
    /// One task only, with all its attempts; or all tasks of a group or an item
    pub(in crate::cli) task: Option<String>,
    /// Go on printing what is added, until the run's executor has ended
    #[arg(short, long)]
    pub(in crate::cli) follow: bool,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct Show {
    /// A run's id, a unique beginning of it, or `latest`
    pub(in crate::cli) run: String,
    /// The task's id; or that of a group or an item
    pub(in crate::cli) task: String,
    /// How to print it
    #[arg(long, value_enum, default_value_t = Format::Human)]
    pub(in crate::cli) format: Format,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum Verdict {
    /// Its effect has happened
    Done,
    /// Its effect has not happened: it may be started
    Absent,
    /// It has failed and is not tried again
    Failed,
    /// It is left out
    Waived,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct Resolve {
    /// A run's id, a unique beginning of it, or `latest`
    pub(in crate::cli) run: String,
    /// The task's id; a group or an item can be waived
    pub(in crate::cli) task: String,
    /// The decision
    #[arg(long = "as", value_enum, value_name = "DECISION")]
    pub(in crate::cli) decision: Verdict,
    /// How you know; it is recorded with your name, host and the time
    #[arg(long, value_name = "TEXT", value_parser = reason::parse)]
    pub(in crate::cli) because: String,
    /// An output of a task that is done
    #[arg(long = "output", value_name = "NAME=VALUE")]
    pub(in crate::cli) outputs: Vec<String>,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct Approve {
    /// A run's id, a unique beginning of it, or `latest`
    pub(in crate::cli) run: String,
    /// The task's id
    pub(in crate::cli) task: String,
    /// What is asked for, by name
    #[arg(long = "field", value_name = "NAME=VALUE")]
    pub(in crate::cli) fields: Vec<String>,
    /// Why; it is recorded with your name, host and the time
    #[arg(long, value_name = "TEXT", value_parser = reason::parse)]
    pub(in crate::cli) because: Option<String>,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct Reject {
    /// A run's id, a unique beginning of it, or `latest`
    pub(in crate::cli) run: String,
    /// The task's id
    pub(in crate::cli) task: String,
    /// Why; it is recorded with your name, host and the time
    #[arg(long, value_name = "TEXT", value_parser = reason::parse)]
    pub(in crate::cli) because: String,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct Stop {
    /// A run's id, a unique beginning of it, or `latest`
    pub(in crate::cli) run: String,
    /// End the job of this task instead: TERM, after its grace KILL
    #[arg(long, value_name = "TASK")]
    pub(in crate::cli) kill: Option<String>,
    /// Why; it is recorded
    #[arg(long, value_name = "TEXT", value_parser = reason::parse)]
    pub(in crate::cli) because: Option<String>,
}

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(in crate::cli) struct Locks {
    #[command(subcommand)]
    pub(in crate::cli) command: Option<LocksCommand>,
    /// How to print the list
    #[arg(long, value_enum, default_value_t = Format::Human)]
    pub(in crate::cli) format: Format,
}

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum LocksCommand {
    /// Take a lock away from a run that has no executor; refused while a job under it lives
    Release(Release),
}

#[derive(Debug, Args)]
pub(in crate::cli) struct Release {
    /// The lock's name
    pub(in crate::cli) name: String,
    /// How you know that nothing works under it any more; it is recorded with your name, host and the time
    #[arg(long, value_name = "TEXT", value_parser = reason::parse)]
    pub(in crate::cli) because: String,
    /// The run to take it away from, where several hold it: its id, a unique beginning of it, or `latest`
    #[arg(long, value_name = "RUN")]
    pub(in crate::cli) run: Option<String>,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct Abandon {
    /// A run's id, a unique beginning of it, or `latest`
    pub(in crate::cli) run: String,
    /// Why; it is recorded with your name, host and the time
    #[arg(long, value_name = "TEXT", value_parser = reason::parse)]
    pub(in crate::cli) because: String,
    /// A setting that is not put back, but stays as it is
    #[arg(long, value_name = "SETTING")]
    pub(in crate::cli) write_off: Vec<String>,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct Journal {
    #[command(subcommand)]
    pub(in crate::cli) command: JournalCommand,
}

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum JournalCommand {
    /// Check every line of a run's journal, and that the records fit each other
    Check {
        /// A run's id, a unique beginning of it, or `latest`
        run: String,
    },
}
