//! The command line as it can be typed.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;

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

/// How `check` prints what it finds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum CheckFormat {
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
pub(super) struct Check {
    /// Runbooks and drivers, or folders with them
    #[arg(required = true, value_name = "PATH")]
    pub(super) paths: Vec<PathBuf>,
    #[command(flatten)]
    pub(super) drivers: Drivers,
    /// A file of rules that the runbooks must keep
    #[arg(long = "policy", value_name = "FILE")]
    pub(super) policies: Vec<PathBuf>,
    /// How to print what is found
    #[arg(long, value_enum, default_value_t = CheckFormat::Human)]
    pub(super) format: CheckFormat,
}

#[derive(Debug, Args)]
pub(super) struct Explain {
    /// The code, such as W0203; without it, all codes are listed
    pub(super) code: Option<String>,
    /// How to print it
    #[arg(long, value_enum, default_value_t = Format::Human)]
    pub(super) format: Format,
}

#[derive(Debug, Args)]
pub(super) struct Plan {
    /// The runbook
    pub(super) runbook: PathBuf,
    #[command(flatten)]
    pub(super) given: Given,
    /// Ask the probes, and the settings' `get`, how the world is now; nothing else is started
    #[arg(long)]
    pub(super) probe: bool,
    /// Write the plan into a file as well; `windlass run FILE` runs it as it was reviewed, or says what has changed
    #[arg(long, value_name = "FILE")]
    pub(super) out: Option<PathBuf>,
    /// How to print the plan
    #[arg(long, value_enum, default_value_t = Format::Human)]
    pub(super) format: Format,
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
pub(super) struct Rehearse {
    /// The runbook; for required parameters that are not given values are made up
    pub(super) runbook: PathBuf,
    #[command(flatten)]
    pub(super) given: Given,
    /// How many items of each group are rehearsed
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = clap::value_parser!(u32).range(1..))]
    pub(super) items: u32,
    /// How many jobs run at a time
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    pub(super) jobs: u32,
    /// How many pairs of crashes are rehearsed, beside all single ones
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(super) pairs: u64,
    /// Which pairs: the same number picks the same ones
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(super) seed: u64,
    /// How to print what was found
    #[arg(long, value_enum, default_value_t = Format::Human)]
    pub(super) format: Format,
}

/// How a run is worked on and shown.
#[derive(Debug, Default, Args)]
pub(super) struct Working {
    /// How many jobs may run at a time [default: the number of cores]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(super) jobs: Option<u32>,
    /// Stop once this step of the runbook, and what comes before it, has succeeded; exits with 5, as what can be resumed does
    #[arg(long, value_name = "STEP")]
    pub(super) until: Option<String>,
    /// Write every record as a line of JSON to a file, or to standard output with `-`
    #[arg(long, value_name = "FILE")]
    pub(super) events: Option<PathBuf>,
    /// Print the run's id once it has begun, and let it go on by itself
    #[arg(long)]
    pub(super) detach: bool,
    /// End with 4 when all that is left waits for locks of other runs, even if these go on
    #[arg(long)]
    pub(super) no_wait: bool,
    /// Stay while people are asked, instead of ending with 3 when only they are left to wait for
    #[arg(long)]
    pub(super) wait: bool,
}

#[derive(Debug, Args)]
pub(super) struct Run {
    /// The runbook, or a plan of `windlass plan --out`, which is refused if anything has changed since
    #[arg(value_name = "RUNBOOK|PLANFILE")]
    pub(super) runbook: PathBuf,
    #[command(flatten)]
    pub(super) given: Given,
    #[command(flatten)]
    pub(super) working: Working,
    /// Id of the new run [default: date, time and a few random characters]
    #[arg(long, value_name = "ID")]
    pub(super) run_id: Option<String>,
}

#[derive(Debug, Args)]
pub(super) struct Resume {
    /// A run's id, a unique beginning of it, or `latest`
    #[arg(required_unless_present = "all")]
    pub(super) run: Option<String>,
    /// Go on with every run that is not at its end, all at once; what `windlass stop` has stopped stays stopped
    #[arg(long, conflicts_with_all = ["run", "events", "until", "runbook", "drivers", "accept"])]
    pub(super) all: bool,
    #[command(flatten)]
    pub(super) working: Working,
    /// Go on with a corrected runbook; what is done is kept
    #[arg(long, value_name = "FILE")]
    pub(super) runbook: Option<PathBuf>,
    #[command(flatten)]
    pub(super) drivers: Drivers,
    /// Accept that this task, which is done or was started, has changed
    #[arg(long, value_name = "TASK", requires = "runbook")]
    pub(super) accept: Vec<String>,
}

#[derive(Debug, Args)]
pub(super) struct Status {
    /// A run's id, a unique beginning of it, or `latest`
    #[arg(default_value = "latest")]
    pub(super) run: String,
    /// Every run that is not at its end, those that need a person first; exits with the code of the worst
    #[arg(long, conflicts_with = "run")]
    pub(super) all: bool,
    /// Show it anew whenever it changes, until the run is at its end or Ctrl-C
    #[arg(long)]
    pub(super) watch: bool,
    /// How to print the status
    #[arg(long, value_enum, default_value_t = Format::Human)]
    pub(super) format: Format,
}

#[derive(Debug, Args)]
pub(super) struct Attach {
    /// A run's id, a unique beginning of it, or `latest`
    #[arg(default_value = "latest")]
    pub(super) run: String,
}

#[derive(Debug, Args)]
pub(super) struct Runs {
    /// How to print the list
    #[arg(long, value_enum, default_value_t = Format::Human)]
    pub(super) format: Format,
}

#[derive(Debug, Args)]
pub(super) struct Logs {
    /// A run's id, a unique beginning of it, or `latest`
    pub(super) run: String,
    /// One task only, with all its attempts; or all tasks of a group or an item
    pub(super) task: Option<String>,
    /// Go on printing what is added, until the run's executor has ended
    #[arg(short, long)]
    pub(super) follow: bool,
}

#[derive(Debug, Args)]
pub(super) struct Show {
    /// A run's id, a unique beginning of it, or `latest`
    pub(super) run: String,
    /// The task's id; or that of a group or an item
    pub(super) task: String,
    /// How to print it
    #[arg(long, value_enum, default_value_t = Format::Human)]
    pub(super) format: Format,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Verdict {
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
pub(super) struct Resolve {
    /// A run's id, a unique beginning of it, or `latest`
    pub(super) run: String,
    /// The task's id; a group or an item can be waived
    pub(super) task: String,
    /// The decision
    #[arg(long = "as", value_enum, value_name = "DECISION")]
    pub(super) decision: Verdict,
    /// How you know; it is recorded with your name, host and the time
    #[arg(long, value_name = "TEXT", value_parser = super::reason::parse)]
    pub(super) because: String,
    /// An output of a task that is done
    #[arg(long = "output", value_name = "NAME=VALUE")]
    pub(super) outputs: Vec<String>,
}

#[derive(Debug, Args)]
pub(super) struct Approve {
    /// A run's id, a unique beginning of it, or `latest`
    pub(super) run: String,
    /// The task's id
    pub(super) task: String,
    /// What is asked for, by name
    #[arg(long = "field", value_name = "NAME=VALUE")]
    pub(super) fields: Vec<String>,
    /// Why; it is recorded with your name, host and the time
    #[arg(long, value_name = "TEXT", value_parser = super::reason::parse)]
    pub(super) because: Option<String>,
}

#[derive(Debug, Args)]
pub(super) struct Reject {
    /// A run's id, a unique beginning of it, or `latest`
    pub(super) run: String,
    /// The task's id
    pub(super) task: String,
    /// Why; it is recorded with your name, host and the time
    #[arg(long, value_name = "TEXT", value_parser = super::reason::parse)]
    pub(super) because: String,
}

#[derive(Debug, Args)]
pub(super) struct Stop {
    /// A run's id, a unique beginning of it, or `latest`
    pub(super) run: String,
    /// End the job of this task instead: TERM, after its grace KILL
    #[arg(long, value_name = "TASK")]
    pub(super) kill: Option<String>,
    /// Why; it is recorded
    #[arg(long, value_name = "TEXT", value_parser = super::reason::parse)]
    pub(super) because: Option<String>,
}

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(super) struct Locks {
    #[command(subcommand)]
    pub(super) command: Option<LocksCommand>,
    /// How to print the list
    #[arg(long, value_enum, default_value_t = Format::Human)]
    pub(super) format: Format,
}

#[derive(Debug, Subcommand)]
pub(super) enum LocksCommand {
    /// Take a lock away from a run that has no executor; refused while a job under it lives
    Release(Release),
}

#[derive(Debug, Args)]
pub(super) struct Release {
    /// The lock's name
    pub(super) name: String,
    /// How you know that nothing works under it any more; it is recorded with your name, host and the time
    #[arg(long, value_name = "TEXT", value_parser = super::reason::parse)]
    pub(super) because: String,
    /// The run to take it away from, where several hold it: its id, a unique beginning of it, or `latest`
    #[arg(long, value_name = "RUN")]
    pub(super) run: Option<String>,
}

#[derive(Debug, Args)]
pub(super) struct Abandon {
    /// A run's id, a unique beginning of it, or `latest`
    pub(super) run: String,
    /// Why; it is recorded with your name, host and the time
    #[arg(long, value_name = "TEXT", value_parser = super::reason::parse)]
    pub(super) because: String,
    /// A setting that is not put back, but stays as it is
    #[arg(long, value_name = "SETTING")]
    pub(super) write_off: Vec<String>,
}

#[derive(Debug, Args)]
pub(super) struct Journal {
    #[command(subcommand)]
    pub(super) command: JournalCommand,
}

#[derive(Debug, Subcommand)]
pub(super) enum JournalCommand {
    /// Check every line of a run's journal, and that the records fit each other
    Check {
        /// A run's id, a unique beginning of it, or `latest`
        run: String,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Picture {
    /// For Graphviz
    Dot,
    /// For Mermaid
    Mermaid,
    /// A picture
    Svg,
}

#[derive(Debug, Args)]
pub(super) struct Graph {
    /// A runbook's file, or a run's id, a unique beginning of it, or `latest`
    pub(super) what: String,
    #[command(flatten)]
    pub(super) drivers: Drivers,
    /// The language of the picture
    #[arg(long, value_enum, default_value_t = Picture::Dot)]
    pub(super) format: Picture,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum NewEffect {
    /// It changes nothing
    Read,
    /// Doing it again does no harm
    Idempotent,
    /// It must not happen twice
    Once,
}

#[derive(Debug, Args)]
pub(super) struct New {
    /// The runbook's name, as in `move-mailboxes`
    pub(super) name: String,
    /// The file to be written; an existing one is left alone [default: NAME.yaml]
    #[arg(long, value_name = "FILE")]
    pub(super) out: Option<PathBuf>,
    /// What people call it
    #[arg(long, value_name = "TEXT")]
    pub(super) title: Option<String>,
    /// What it is done for one by one, as in `mailbox`
    #[arg(long = "for-each", value_name = "ITEM")]
    pub(super) each: Option<String>,
    /// The command that does it; `{{ params.NAME }}` is a parameter, `{{ ITEM }}` the item
    #[arg(long, value_name = "COMMAND")]
    pub(super) run: Option<String>,
    /// What may happen if it is done again [default: once]
    #[arg(long, value_enum)]
    pub(super) effect: Option<NewEffect>,
    /// The command that tells whether it has happened: exits with 0 if it has, with 1 if nothing of it has
    #[arg(long, value_name = "COMMAND", requires = "run")]
    pub(super) probe: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum SchemaName {
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
pub(super) struct Schema {
    /// What the schema is of
    #[arg(value_enum)]
    pub(super) name: SchemaName,
}

#[derive(Debug, Args)]
pub(super) struct Completions {
    /// The shell
    pub(super) shell: Shell,
}

#[derive(Debug, Args)]
pub(super) struct Manual {
    /// The command whose page is printed; without it, that of windlass itself
    #[arg(value_name = "COMMAND")]
    pub(super) of: Vec<String>,
    /// Write the pages of all commands into this folder instead, as `windlass.1`, `windlass-run.1`, ...
    #[arg(long, value_name = "FOLDER", conflicts_with = "of")]
    pub(super) out: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(super) struct Keeper {
    /// The run's folder
    pub(super) folder: PathBuf,
}
