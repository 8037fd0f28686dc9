//! `windlass run`.

use std::fs;
use std::sync::Arc;

use super::arguments::{Place, Run};
use super::failure::{BUG, Failure, JOURNAL, USAGE};
use super::{actor, detach, known, planned, runbook, work};
use crate::core::machine::Input;
use crate::core::record::Opened;
use crate::core::state::State;
use crate::exec::{self, now};
use crate::journal::{Journal, RunFolder};
use crate::lock::{self, LockError, RunLock};
use crate::plan::Plan;

pub(super) fn main(place: &Place, arguments: &Run) -> Result<u8, Failure> {
    if arguments.working.detach && !place.detached {
        return detach::start(&arguments.working);
    }
    let (plan, texts) = to_run(arguments)?;
    let events = work::events(&arguments.working)?;
    let runs = known::state_folder(place)?;
    runs.create()?;
    work::goal(&arguments.working, &plan)?;
    let folder = runs.new_run(arguments.run_id.as_deref(), now())?;
    let (lock, journal) = begin(&folder, &texts, &plan).inspect_err(|_| {
        // Nothing has been started, and what is left would only be in the way of the next try.
        drop(fs::remove_dir_all(folder.path()));
    })?;
    let by = actor::this_process();
    let opened = Opened {
        run: folder.id().to_owned(),
        runbook: plan.name.clone(),
        title: plan.title.clone(),
        digest: plan.digest.clone(),
        by: by.clone(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        folder: plan
            .folder
            .to_str()
            .ok_or_else(|| Failure::new(BUG, "the runbook's folder is not UTF-8"))?
            .to_owned(),
        vars: plan.vars.clone(),
    };
    let state = State::new(plan.graph.clone());
    work::work(
        work::Job {
            folder,
            lock,
            journal,
            plan,
            state,
            jobs: exec::JournalJobs::default(),
            by,
            working: &arguments.working,
            events,
            detached: place.detached,
        },
        Input::Opened(Box::new(opened)),
    )
}

/// What is to be run, with the texts that it was made from: they are frozen as they were read, so that a file that changes
/// meanwhile changes nothing.
fn to_run(arguments: &Run) -> Result<(Arc<Plan>, exec::Texts), Failure> {
    let given = &arguments.given;
    if let Some(planned) = planned::read(&arguments.runbook)? {
        if !given.params.is_empty()
            || given.params_file.is_some()
            || !given.drivers.drivers.is_empty()
        {
            let message = "a plan has its parameters and drivers already";
            return Err(Failure::new(USAGE, message)
                .help("make a plan with others, or run the runbook itself with them"));
        }
        return planned::again(&arguments.runbook, &planned);
    }
    let runbook = runbook::load(&arguments.runbook, &given.drivers)?;
    let params = runbook::parameters(&runbook, given)?;
    let texts = exec::Texts::of(&runbook);
    let plan = runbook::plan(runbook, params, &arguments.runbook)?;
    Ok((Arc::new(plan), texts))
}

/// Takes the lock of a new run, writes down what is run, and begins its journal.
fn begin(
    folder: &RunFolder,
    texts: &exec::Texts,
    plan: &Plan,
) -> Result<(RunLock, Journal), Failure> {
    let failed = |error: String| {
        Failure::new(JOURNAL, error)
            .help("the run was not begun; once that is mended, type the same command again")
    };
    let lock = lock::try_lock_run(folder).map_err(|error| match error {
        LockError::Io { .. } => failed(error.to_string()),
        LockError::Held { .. } | LockError::Unsupported { .. } => error.into(),
    })?;
    exec::freeze(folder, texts, &plan.params).map_err(|error| failed(error.to_string()))?;
    let journal = Journal::create(&folder.journal(), folder.id(), now())
        .map_err(|error| failed(error.first_line()))?;
    Ok((lock, journal))
}
