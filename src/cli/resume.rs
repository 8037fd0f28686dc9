//! `windlass resume`.

use super::arguments::{Place, Resume};
use super::failure::{Failure, REFUSED};
use super::take_up::{TakenUp, take_up};
use super::{adopt, detach, known, resume_all, work};
use crate::core::machine::Input;
use crate::core::record::{Record, StopReason};
use crate::core::standing::RunStanding;
use crate::exec;
use crate::report::next;
use crate::report::time::local;

pub(super) fn main(place: &Place, arguments: &Resume) -> Result<u8, Failure> {
    let Some(run) = &arguments.run else { return resume_all::main(place, arguments) };
    if arguments.working.detach && !place.detached {
        return detach::start(&arguments.working);
    }
    let folder = known::find(place, run)?;
    let events = work::events(&arguments.working)?;
    let taken = take_up(folder)?;
    if taken.state.run().closed {
        if taken.state.run_standing(false) == RunStanding::Abandoned {
            return Err(was_abandoned(&taken));
        }
        // Whoever resumes until a run has succeeded, and was cut off at its very end, has what was wanted.
        eprintln!("run {} has succeeded: nothing is left to do", taken.folder.id());
        let accept = (!arguments.accept.is_empty()).then_some("`--accept`");
        let runbook = arguments.runbook.as_ref().map(|_| "`--runbook`");
        for ignored in runbook.into_iter().chain(accept) {
            eprintln!("warning: {ignored} was ignored, as nothing is done any more");
        }
        return Ok(0);
    }
    taken.is_here(&next::command(&["resume", taken.folder.id()]))?;
    let TakenUp { folder, lock, journal, entries, plan, state, by } = taken;
    let (plan, state, runbook) = match &arguments.runbook {
        None => (plan, state, None),
        Some(_) => adopt::adopt(&folder, &plan, &state, &entries, arguments)?,
    };
    let jobs = exec::JournalJobs::of(&entries);
    // Nobody reads them any more, and they are most of what is in memory.
    drop(entries);
    let first = Input::Resumed { by: by.clone(), runbook };
    work::work(
        work::Job {
            folder,
            lock,
            journal,
            plan,
            state,
            jobs,
            by,
            working: &arguments.working,
            events,
            detached: place.detached,
        },
        first,
    )
}

/// A run that was given up is not gone on with, whatever was left of it.
fn was_abandoned(taken: &TakenUp) -> Failure {
    let run = taken.folder.id();
    let told = taken.entries.iter().rev().find_map(|entry| match &entry.record {
        Record::Stopped { why: StopReason::Abandoned, because, .. } => Some((entry.at, because)),
        _ => None,
    });
    let (when, why) = told.map_or_else(Default::default, |(at, because)| {
        let why = because.as_ref().map(|because| format!(": {because}")).unwrap_or_default();
        (format!(" {}", local(at)), why)
    });
    Failure::new(REFUSED, format!("run {run} was abandoned{when}{why}"))
        .help(format!("`{}` shows how it has ended", next::command(&["status", run])))
        .help(format!("`{}` begins a new one", next::command(&["run", "RUNBOOK"])))
}
