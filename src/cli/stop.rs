//! `windlass stop`.

use super::arguments::{Place, Stop};
use super::failure::{Failure, JOURNAL, REFUSED};
use super::{actor, known};
use crate::core::machine::Order;
use crate::core::record::{Record, StopReason};
use crate::exec::inbox::{self, Delivery};
use crate::exec::now;
use crate::journal::{Journal, RunFolder};
use crate::lock::{self, LockError};
use crate::report::next;

pub(super) fn main(place: &Place, arguments: &Stop) -> Result<u8, Failure> {
    let folder = known::find(place, &arguments.run)?;
    let by = actor::this_process();
    let order = match &arguments.kill {
        Some(task) => Order::Kill { task: task.clone(), by: by.clone() },
        None => Order::Stop { by: by.clone(), because: arguments.because.clone() },
    };
    loop {
        match lock::try_lock_run(&folder) {
            Ok(_lock) if arguments.kill.is_some() => {
                let known = known::read(folder.clone())?;
                if known.state.run().closed {
                    return Err(closed(folder.id()));
                }
                return Err(Failure::new(
                    REFUSED,
                    format!("no executor works on run {}", folder.id()),
                )
                .help(format!(
                    "`{}` takes over the jobs that still run",
                    next::command(&["resume", folder.id()])
                )));
            }
            Ok(_lock) => {
                let (mut journal, contents) = Journal::open::<Record>(&folder.journal())?;
                let (_, state) = known::rebuild(&folder, &contents.entries)?;
                if state.run().closed {
                    return Err(closed(folder.id()));
                }
                journal.append(
                    now(),
                    &Record::Stopped {
                        why: StopReason::Operator,
                        by: Some(by),
                        because: arguments.because.clone(),
                    },
                )?;
                journal.sync()?;
                super::print(&format!(
                    "recorded: run {} starts nothing until it is resumed\n{}   # goes on\n",
                    folder.id(),
                    next::command(&["resume", folder.id()])
                ))?;
                return Ok(0);
            }
            Err(LockError::Held { .. }) => {
                match inbox::send(&folder, &order, now()).map_err(|error| unsent(&error))? {
                    Delivery::Answered(answer) => {
                        return match (answer.refused, &arguments.kill) {
                        (Some(reason), _) => Err(refused(&folder, reason)),
                        (None, Some(task)) => super::print(&format!("the job of `{task}` is being ended\n")).map(|()| 0),
                        (None, None) => super::print("the executor starts nothing more; it ends once its running jobs have\n").map(|()| 0),
                    };
                    }
                    Delivery::NobodyThere => {}
                }
            }
            Err(error) => return Err(error.into()),
        }
    }
}

/// What the machine does not want to do.
pub(super) fn refused(folder: &RunFolder, reason: String) -> Failure {
    let status = next::command(&["status", folder.id()]);
    Failure::new(REFUSED, reason).help(format!("`{status}` shows how it stands"))
}

fn closed(run: &str) -> Failure {
    Failure::new(REFUSED, format!("run {run} is closed: it has succeeded, and nothing of it runs"))
        .help(format!("`{}` shows it", next::command(&["status", run])))
}

/// An order that could not be handed over.
pub(super) fn unsent(error: &std::io::Error) -> Failure {
    Failure::new(JOURNAL, format!("the order could not be put into the run's inbox: {error}"))
}
