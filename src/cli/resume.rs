//! `windlass resume`.

use super::arguments::{Place, Resume};
use super::failure::{Failure, REFUSED};
use super::{actor, adopt, detach, known, resume_all, work};
use crate::core::machine::Input;
use crate::core::record::{Actor, Record};
use crate::exec;
use crate::journal::{Entry, Journal, RunFolder};
use crate::lock;
use crate::report::next;

pub(super) fn main(place: &Place, arguments: &Resume) -> Result<u8, Failure> {
    let Some(run) = &arguments.run else { return resume_all::main(place, arguments) };
    if arguments.working.detach && !place.detached {
        return detach::start(&arguments.working);
    }
    let folder = known::find(place, run)?;
    let events = work::events(&arguments.working)?;
    let lock = lock::try_lock_run(&folder)?;
    let (journal, contents) = Journal::open::<Record>(&folder.journal())?;
    for warning in &contents.warnings {
        eprintln!("warning: {warning}");
    }
    let (plan, state) = known::rebuild(&folder, &contents.entries)?;
    if state.run().closed {
        // Whoever resumes until a run has succeeded, and was cut off at its very end, has what was wanted.
        eprintln!("run {} has succeeded: nothing is left to do", folder.id());
        return Ok(0);
    }
    let by = actor::this_process();
    on_the_right_host(&folder, &contents.entries, &by)?;
    let (plan, state, adopted) = match &arguments.runbook {
        None => (plan, state, None),
        Some(_) => adopt::adopt(&folder, &plan, &state, &contents.entries, arguments)?,
    };
    let jobs = exec::JournalJobs::of(&contents.entries);
    let first = Input::Resumed { by: by.clone(), runbook: adopted };
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

/// What became of a run's jobs can be found out only where its keeper was.
fn on_the_right_host(
    folder: &RunFolder,
    entries: &[Entry<Record>],
    here: &Actor,
) -> Result<(), Failure> {
    let last = entries.iter().rev().find_map(|entry| match &entry.record {
        Record::Opened(opened) => Some(&opened.by),
        Record::Resumed { by, .. } => Some(by),
        _ => None,
    });
    match last {
        Some(there) if there.host != here.host => Err(Failure::new(
            REFUSED,
            format!(
                "run {} was worked on at `{}`, and this is `{}`",
                folder.id(),
                there.host,
                here.host
            ),
        )
        .help(format!(
            "only there can it be known what became of its jobs: type `{}` there",
            next::command(&["resume", folder.id()])
        ))),
        _ => Ok(()),
    }
}
