//! `windlass attach`.
//!
//! Follows a run by its journal alone: the executor does not know that somebody looks.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use signal_hook::consts::SIGINT;

use super::arguments::{Attach, Place};
use super::ask::{self, Asking};
use super::failure::{BUG, Failure, JOURNAL, REFUSED};
use super::{in_the_way, known};
use crate::core::record::Record;
use crate::core::standing::RunStanding;
use crate::core::state::State;
use crate::exec::{Fact, Observer, now};
use crate::journal::{Entry, JournalError, RunFolder, Tail};
use crate::lock;
use crate::observe::{self, summary};
use crate::plan::Plan;
use crate::report::next;
use crate::report::status::Status;

/// How often the journal is looked into.
const POLL: Duration = Duration::from_millis(100);

/// What a shell says of a command that Ctrl-C has ended.
const INTERRUPTED: u8 = 130;

pub(super) fn main(place: &Place, arguments: &Attach) -> Result<u8, Failure> {
    let folder = known::find(place, &arguments.run)?;
    let interrupted = Arc::new(AtomicBool::new(false));
    signal_hook::flag::register(SIGINT, interrupted.clone())
        .map_err(|error| Failure::new(JOURNAL, format!("signals cannot be watched: {error}")))?;
    loop {
        // The whole reading tells what is damaged from what is torn.
        let known = known::read(folder.clone())?;
        let outcome = match known.executor {
            Some(_) => follow(&folder, &interrupted)?,
            None => Outcome::AtRest(Box::new(known.status())),
        };
        match outcome {
            Outcome::AtRest(status) => {
                summary::print(&status, &folder);
                return Ok(match status.state {
                    // The code of an interruption would promise that it can be resumed.
                    RunStanding::Abandoned => REFUSED,
                    state => state.exit_code(),
                });
            }
            Outcome::Changed => thread::sleep(POLL),
            Outcome::Left => return Ok(leave(&folder)),
        }
    }
}

/// Ends as Ctrl-C ends any command, having said that it has not ended the run.
fn leave(folder: &RunFolder) -> u8 {
    let run = folder.id();
    eprintln!("run {run} goes on without this terminal");
    eprintln!("  {}   # follows it again", next::command(&["attach", run]));
    eprintln!("  {}   # lets it start nothing more", next::command(&["stop", run]));
    drop(signal_hook::low_level::emulate_default_handler(SIGINT));
    INTERRUPTED
}

/// Why following has come to an end.
enum Outcome {
    /// No executor works on the run any more.
    AtRest(Box<Status>),
    /// What was read is not what is there now.
    Changed,
    /// Whoever looked has pressed Ctrl-C.
    Left,
}

/// A run as far as its journal was read.
struct Followed {
    folder: RunFolder,
    plan: Arc<Plan>,
    state: State,
    tail: Tail<Record>,
    observer: Box<dyn Observer>,
}

fn follow(folder: &RunFolder, interrupted: &AtomicBool) -> Result<Outcome, Failure> {
    let mut tail = Tail::open(&folder.journal())?;
    let Some(entries) = added(&mut tail)? else { return Ok(Outcome::Changed) };
    let (plan, state) = known::rebuild(folder, &entries)?;
    let mut observer: Box<dyn Observer> = match ask::is_possible() {
        true => Box::new(Asking::new(folder, &plan, None)),
        false => observe::for_stderr(folder, &plan),
    };
    // Times are counted from when the executor began, not from when somebody looks.
    let begun = entries
        .iter()
        .rev()
        .find(|entry| matches!(entry.record, Record::Opened(_) | Record::Resumed { .. }));
    if let Some(begun) = begun {
        observer.tick(&state, begun.at);
    }
    Followed { folder: folder.clone(), plan, state, tail, observer }.follow(interrupted)
}

/// What was added to a journal; nothing where its end was cut off meanwhile.
fn added(tail: &mut Tail<Record>) -> Result<Option<Vec<Entry<Record>>>, Failure> {
    match tail.read() {
        Ok(entries) => Ok(Some(entries)),
        Err(JournalError::Damaged { .. }) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

impl Followed {
    fn follow(mut self, interrupted: &AtomicBool) -> Result<Outcome, Failure> {
        loop {
            // Whether an executor lives is asked first: what it wrote last is then certainly seen below.
            let alive = lock::is_locked(&self.folder)?;
            let Some(entries) = added(&mut self.tail)? else { return Ok(Outcome::Changed) };
            for entry in entries {
                if self.take(entry)? {
                    return Ok(Outcome::Changed);
                }
            }
            self.observer.tick(&self.state, now());
            if !alive {
                let status = Status::new(self.folder.id(), &self.plan, &self.state, None)
                    .with_findings(&self.folder);
                let status = in_the_way::look(&self.folder, status);
                return Ok(Outcome::AtRest(Box::new(status)));
            }
            if interrupted.load(Ordering::Relaxed) {
                return Ok(Outcome::Left);
            }
            thread::sleep(POLL);
        }
    }

    /// Takes a new record; `true` if the plan is another one from here on.
    fn take(&mut self, Entry { seq, at, record }: Entry<Record>) -> Result<bool, Failure> {
        if matches!(record, Record::Resumed { runbook: Some(_), .. }) {
            return Ok(true);
        }
        self.state.apply(at, &record).map_err(|unfit| {
            Failure::new(BUG, format!("record {seq} does not fit what comes before it: {unfit}"))
        })?;
        self.observer.fact(&Fact { seq, at, record }, &self.state);
        Ok(false)
    }
}
