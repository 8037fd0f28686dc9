//! Being an executor: what `run` and `resume` have in common.

use std::path::PathBuf;
use std::sync::Arc;
use std::thread::available_parallelism;

use super::arguments::Working;
use super::ask::{self, Asking};
use super::detach::Announcer;
use super::failure::{BUG, Failure, JOURNAL, LOCKED, USAGE};
use super::in_the_way;
use crate::core::expressions::Expressions;
use crate::core::machine::Input;
use crate::core::record::Actor;
use crate::core::state::State;
use crate::exec::{AsideError, Ending, Executor, JournalJobs, Observer, Run};
use crate::journal::{Journal, JournalError, RunFolder};
use crate::keeper::KeeperError;
use crate::lock::RunLock;
use crate::observe::printable::escape;
use crate::observe::{self, summary};
use crate::plan::Plan;
use crate::plan::graph::NodeId;
use crate::report::next;
use crate::report::status::Status;
use crate::spec::near::did_you_mean;

/// A run to be worked on.
pub(super) struct Job<'a> {
    pub(super) folder: RunFolder,
    pub(super) lock: RunLock,
    pub(super) journal: Journal,
    pub(super) plan: Arc<Plan>,
    pub(super) state: State,
    pub(super) jobs: JournalJobs,
    pub(super) by: Actor,
    pub(super) working: &'a Working,
    pub(super) events: Option<Box<dyn Observer>>,
    /// Whether a command waits to be told that it has begun.
    pub(super) detached: bool,
}

/// Works on a run until nothing is left to do, says how it stands, and returns the exit code.
pub(super) fn work(job: Job<'_>, first: Input) -> Result<u8, Failure> {
    let Job { folder, lock, journal, plan, state, jobs, by, working, events, detached } = job;
    let until = goal(working, &plan)?;
    let expressions = Expressions::new(plan.clone(), folder.id(), &folder.path().to_string_lossy());
    let slots = working
        .jobs
        .map_or_else(|| available_parallelism().map_or(1, usize::from), |jobs| jobs as usize);
    let mut observers: Vec<Box<dyn Observer>> = Vec::new();
    if detached {
        observers.push(Box::new(Announcer::new(&folder)));
    }
    observers.extend(events);
    let asks = !detached && ask::is_possible();
    let run = folder.id().to_owned();
    let taken = Run { folder: folder.clone(), lock, journal, state, jobs, expressions, actor: by };
    let executor = Executor::new(taken, slots, observers)
        .map_err(|error| Failure::new(JOURNAL, format!("signals cannot be watched: {error}")))?;
    let executor = if working.no_wait { executor.impatient() } else { executor };
    let executor = if working.wait || asks { executor.attended() } else { executor };
    let shown: Box<dyn Observer> = match asks {
        true => {
            // Without `--wait` the executor stays only for whoever sits here.
            let attendance = (!working.wait).then(|| executor.attendance());
            Box::new(Asking::new(executor.folder(), &plan, attendance))
        }
        false => observe::for_stderr(executor.folder(), &plan),
    };
    let executor = executor.observed_by(shown);
    let executor = match until {
        Some(step) => executor.until(step),
        None => executor,
    };
    let (ending, state) = executor.run(first);
    match ending {
        Ending::Finished => {
            let status = Status::new(&run, &plan, &state, None).with_findings(&folder);
            let status = in_the_way::look(&folder, status);
            summary::print(&status, &folder);
            Ok(status.state.exit_code())
        }
        Ending::Left => {
            let status = Status::new(&run, &plan, &state, None);
            summary::left(&status);
            Ok(5)
        }
        Ending::Journal(error @ JournalError::Displaced { .. }) => {
            Err(without_folder(&Status::new(&run, &plan, &state, None), &error))
        }
        Ending::Journal(error) => Err(Failure::new(JOURNAL, error.first_line())
            .help("nothing more was started; jobs that were running have ended or go on under their keeper")
            .help(format!("make room or mend the disk, then `{}` goes on", next::command(&["resume", &run])))),
        Ending::Keeper(error) => Err(without_keeper(&run, &error)),
        Ending::Aside(error) => Err(not_set_aside(&run, &error)),
        Ending::Claims(error) => Err(Failure::new(JOURNAL, error.to_string())
            .help("nothing more was started; jobs that were running have ended or go on under their keeper")
            .help(format!("once this is mended, `{}` goes on", next::command(&["resume", &run])))),
        Ending::Bug(unfit) => Err(Failure::new(BUG, format!("windlass contradicts itself: {unfit}"))
            .help("this is a bug: nothing more was started, and the journal is as it was before")
            .help(format!("`{}` shows what is known", next::command(&["status", &run])))),
    }
}

/// No command finds the run any more, so that what it owes is said here or nowhere.
fn without_folder(status: &Status, error: &JournalError) -> Failure {
    let failure = Failure::new(JOURNAL, error.first_line()).help(
        "nothing more was started; what ran was waited for, and what came of it is in no journal",
    );
    let open = status.settings.iter().filter(|setting| setting.state.is_open());
    open.fold(failure, |failure, setting| {
        let (name, words) = (setting.name(), setting.words());
        failure.help(format!("owed: {}: {}: put it back by hand", escape(&name), escape(&words)))
    })
}

fn without_keeper(run: &str, error: &KeeperError) -> Failure {
    let (resume, status) = (next::command(&["resume", run]), next::command(&["status", run]));
    match error {
        KeeperError::NoAnswer { .. } | KeeperError::Version { .. } => {
            Failure::new(LOCKED, error.to_string())
                .help(format!("nothing was started; `{status}` shows what is known"))
        }
        KeeperError::Io { .. } | KeeperError::Dying { .. } | KeeperError::CannotWrite { .. } | KeeperError::NotStarted { .. } => {
            Failure::new(JOURNAL, error.to_string())
                .help("nothing more was started; jobs that were running have ended or go on under their keeper")
                .help(format!("make room or mend what is wrong, then `{resume}` goes on"))
        }
    }
}

/// The step that `--until` names, if it was given.
pub(super) fn goal(working: &Working, plan: &Plan) -> Result<Option<NodeId>, Failure> {
    let Some(step) = working.until.as_deref() else { return Ok(None) };
    let graph = &plan.graph;
    let steps = graph.group(NodeId::ROOT).map_or(&[][..], |root| &root.children);
    let name = |id: &NodeId| graph.node(*id).name.as_ref();
    let found = steps.iter().copied().find(|id| name(id) == step);
    found.map(Some).ok_or_else(|| {
        let failure =
            Failure::new(USAGE, format!("`--until {step}`: the runbook has no such step"));
        let near = did_you_mean(step, steps.iter().map(name));
        failure.help(near.unwrap_or_else(|| "steps inside groups cannot be named here".to_owned()))
    })
}

fn not_set_aside(run: &str, error: &AsideError) -> Failure {
    let resume = next::command(&["resume", run]);
    match error {
        AsideError::Alive { .. } => Failure::new(LOCKED, error.to_string())
            .help(format!("nothing was done; once it has ended, `{resume}` goes on")),
        AsideError::Once { .. } => Failure::new(JOURNAL, error.to_string())
            .help(format!(
                "nothing was done; put the newest copy of the journal back, then `{resume}` goes on"
            ))
            .help("without one, see what has happened, and start a new run for the rest"),
        AsideError::Keeper(_) | AsideError::Io { .. } => Failure::new(JOURNAL, error.to_string())
            .help(format!("nothing was done; once this is mended, `{resume}` goes on")),
    }
}

/// Whoever writes the events down, if they are wanted.
pub(super) fn events(working: &Working) -> Result<Option<Box<dyn Observer>>, Failure> {
    let open = |path: &PathBuf| {
        observe::events(path)
            .map_err(|error| Failure::new(USAGE, format!("`--events {}`: {error}", path.display())))
    };
    working.events.as_ref().map(open).transpose()
}
