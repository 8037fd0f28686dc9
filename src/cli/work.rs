//! Being an executor: what `run` and `resume` have in common.

use std::sync::Arc;
use std::thread::available_parallelism;

use super::arguments::Working;
use super::failure::{BUG, Failure, JOURNAL, LOCKED, USAGE};
use crate::core::expressions::Expressions;
use crate::core::machine::Input;
use crate::core::record::Actor;
use crate::core::state::State;
use crate::exec::{Ending, Executor, Observer, Run};
use crate::journal::{Journal, RunFolder};
use crate::lock::RunLock;
use crate::observe::{self, summary};
use crate::plan::Plan;
use crate::report::next;
use crate::report::status::Status;

/// A run to be worked on.
pub(super) struct Job<'a> {
    pub(super) folder: RunFolder,
    pub(super) lock: RunLock,
    pub(super) journal: Journal,
    pub(super) plan: Arc<Plan>,
    pub(super) state: State,
    pub(super) by: Actor,
    pub(super) working: &'a Working,
    /// Who writes the records elsewhere too, if somebody is to.
    pub(super) events: Option<Box<dyn Observer>>,
}

/// Works on a run until nothing is left to do, says how it stands, and returns the exit code.
pub(super) fn work(job: Job<'_>, first: Input) -> Result<u8, Failure> {
    let Job { folder, lock, journal, plan, state, by, working, events } = job;
    let expressions = Expressions::new(plan.clone(), folder.id(), &folder.path().to_string_lossy());
    let slots = working
        .jobs
        .map_or_else(|| available_parallelism().map_or(1, usize::from), |jobs| jobs as usize);
    let observers = std::iter::once(observe::for_stderr(&folder, &plan)).chain(events).collect();
    let run = folder.id().to_owned();
    let taken = Run { folder: folder.clone(), lock, journal, state, expressions, actor: by };
    let executor = Executor::new(taken, slots, observers)
        .map_err(|error| Failure::new(JOURNAL, format!("signals cannot be watched: {error}")))?;
    let (ending, state) = executor.run(first);
    match ending {
        Ending::Finished => {
            let status = Status::new(&run, &plan, &state, None);
            summary::print(&status, &folder);
            Ok(status.state.exit_code())
        }
        Ending::Left => {
            let status = Status::new(&run, &plan, &state, None);
            summary::left(&status);
            Ok(5)
        }
        Ending::Journal(error) => Err(Failure::new(JOURNAL, error.to_string())
            .help("nothing more was started; jobs that were running have ended or go on under their keeper")
            .help(format!("make room or mend the disk, then `{}` goes on", next::command(&["resume", &run])))),
        Ending::Keeper(error) => Err(Failure::new(LOCKED, error.to_string())
            .help(format!("nothing was done; `{}` shows what is known", next::command(&["status", &run])))),
        Ending::Bug(unfit) => Err(Failure::new(BUG, format!("windlass contradicts itself: {unfit}"))
            .help("this is a bug: nothing more was started, and the journal is as it was before")
            .help(format!("`{}` shows what is known", next::command(&["status", &run])))),
    }
}

/// Who writes the records to the file of `--events`. To be asked before anything is made: a run that cannot begin leaves nothing behind.
pub(super) fn events(working: &Working) -> Result<Option<Box<dyn Observer>>, Failure> {
    let Some(path) = &working.events else { return Ok(None) };
    let events = observe::events(path)
        .map_err(|error| Failure::new(USAGE, format!("`--events {}`: {error}", path.display())))?;
    Ok(Some(events))
}
