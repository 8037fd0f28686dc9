//! Orders of an operator: deciding about a task, stopping, killing.

use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::Value;

use super::debt::may_resolve_setting;
use super::{Effect, Machine, Order, Transition};
use crate::core::apply::Unfit;
use crate::core::evaluate::Evaluate;
use crate::core::job::Role;
use crate::core::record::{Actor, Decision, Outcome, Record, StopReason};
use crate::core::state::{InstanceBody, Knowledge, Named, Phase, State};

/// Why an order cannot be carried out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// The run has nothing of that name.
    Unknown(String),
    /// A job of it runs, or may run.
    Running(String),
    /// A process of it lives without its keeper: that nothing has happened can only be said when it is over.
    Lives(String, u32),
    /// It has no job to be killed.
    NotRunning(String),
    /// It has ended well: there is nothing to decide.
    EndedWell(String),
    /// It is neither in doubt nor failed.
    NothingToDecide(String),
    /// Groups and items can only be waived.
    OnlyWaived(String),
    /// The setting is not in force, and nothing is wrong with it.
    SettingNotOpen(String),
    /// It has several items, which are decided about one by one.
    SettingHasItems(String),
    /// That is not said of a setting that stands so.
    SettingDecision(String),
    /// Nobody is asked anything by it.
    NotAsked(String),
    /// It waits for an answer, and not for a decision.
    Asked(String),
    /// Others are asked.
    NotForYou(String, Vec<String>),
    /// The same person has said yes before, and another one is wanted.
    Agreed(String, String),
    /// Its time is up.
    TooLate(String),
    /// What was told does not fit what is asked.
    Fields(String, Vec<String>),
    /// Nothing under its locks was open, and they are being given back.
    Releasing(String),
    /// The run is closed.
    Closed,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown(task) => write!(f, "the run has no task, group or item `{task}`"),
            Self::Running(task) => {
                write!(f, "a job of `{task}` was started and its end is not known yet")
            }
            Self::Lives(task, pid) => {
                write!(
                    f,
                    "process {pid} of `{task}` lives: end it first (`kill {pid}`), or decide `--as done`, `failed` or `waived`"
                )
            }
            Self::NotRunning(task) => write!(f, "`{task}` has no job running"),
            Self::EndedWell(task) => {
                write!(f, "`{task}` has ended well: there is nothing to decide")
            }
            Self::NothingToDecide(task) => {
                write!(
                    f,
                    "`{task}` is neither in doubt nor failed; only `--as waived` is possible for what has not begun"
                )
            }
            Self::OnlyWaived(task) => write!(
                f,
                "`{task}` is not a task: groups and items can only be waived (`--as waived`)"
            ),
            Self::SettingNotOpen(name) => {
                write!(f, "the setting `{name}` is not open: there is nothing to decide")
            }
            Self::SettingHasItems(name) => write!(
                f,
                "the setting `{name}` has several items: decide about one, `{name}[KEY]`, or write all of them off (`--as waived`)"
            ),
            Self::SettingDecision(name) => write!(
                f,
                "the setting `{name}` can be written off (`--as waived`); where it was changed by somebody else or could not be put back it can be left as it is (`--as done`), and where it was changed by somebody else, put back all the same (`--as absent`)"
            ),
            Self::NotAsked(task) => write!(f, "`{task}` asks nobody anything"),
            Self::Asked(task) => write!(
                f,
                "`{task}` waits for an answer: `windlass approve` or `windlass reject` gives it, and only `--as waived` leaves it out"
            ),
            Self::NotForYou(task, by) => {
                write!(f, "`{task}` is to be answered by {}", by.join(" or "))
            }
            Self::Agreed(task, user) => {
                write!(f, "`{task}` has the approval of {user}; that of somebody else is wanted")
            }
            Self::TooLate(task) => {
                write!(f, "the time in which `{task}` could be answered is over")
            }
            Self::Fields(task, wrong) => {
                write!(f, "that does not answer `{task}`: {}", wrong.join("; "))
            }
            Self::Releasing(task) => {
                write!(f, "the locks of `{task}` are being given back just now: try again")
            }
            Self::Closed => write!(f, "the run is closed"),
        }
    }
}

/// Whether an operator may decide that about a task, group or item.
///
/// # Errors
/// Why not.
pub fn may_resolve(state: &State, task: &str, decision: Decision) -> Result<(), Refusal> {
    if state.run().closed {
        return Err(Refusal::Closed);
    }
    let named = state.named(task).ok_or_else(|| Refusal::Unknown(task.to_owned()))?;
    let instance = match named {
        Named::Instance(id) => state.instance(id),
        Named::Item(_) if decision == Decision::Waived => return Ok(()),
        Named::Item(_) => return Err(Refusal::OnlyWaived(task.to_owned())),
    };
    if let (Named::Instance(id), InstanceBody::Setting(_) | InstanceBody::Part(_)) =
        (named, &instance.body)
    {
        return may_resolve_setting(state, id, task, decision);
    }
    let InstanceBody::Task(known) = &instance.body else {
        return if decision == Decision::Waived {
            Ok(())
        } else {
            Err(Refusal::OnlyWaived(task.to_owned()))
        };
    };
    match (known.phase, decision) {
        (Phase::Running(_) | Phase::Judging(_), _) => match (known.orphan, decision) {
            (None, _) => Err(Refusal::Running(task.to_owned())),
            (Some(pid), Decision::Absent) => Err(Refusal::Lives(task.to_owned(), pid)),
            (Some(_), _) => Ok(()),
        },
        (Phase::Ended(Outcome::Succeeded | Outcome::Skipped), _) => {
            Err(Refusal::EndedWell(task.to_owned()))
        }
        (Phase::InDoubt | Phase::Ended(Outcome::Failed | Outcome::Waived), _) => Ok(()),
        // Whether its effect has happened is being found out, and the operator may know it already.
        (
            Phase::Asking
            | Phase::Awaiting
            | Phase::Repairing(..)
            | Phase::Pausing(Role::Probe | Role::Repair { .. }, _),
            _,
        ) if matches!(known.knowledge, Knowledge::Maybe(_)) => Ok(()),
        (_, Decision::Waived) => Ok(()),
        (Phase::Awaiting, _) => Err(Refusal::Asked(task.to_owned())),
        _ => Err(Refusal::NothingToDecide(task.to_owned())),
    }
}

impl<E: Evaluate> Machine<E> {
    pub(super) fn on_order(
        &mut self,
        now: Timestamp,
        order: Order,
        out: &mut Transition,
    ) -> Result<(), Unfit> {
        match order {
            Order::Resolve { task, decision, because, by, outputs } => {
                if let Err(refusal) = may_resolve(&self.state, &task, decision) {
                    out.refused = Some(refusal.to_string());
                    return Ok(());
                }
                let id = self.state.find(&task);
                if decision != Decision::Waived && id.is_some_and(|id| self.is_being_released(id)) {
                    out.refused = Some(Refusal::Releasing(task).to_string());
                    return Ok(());
                }
                let outputs = (!outputs.is_empty())
                    .then(|| Arc::new(Value::Object(outputs.into_iter().collect())));
                let record = Record::Resolved { task: task.into(), decision, because, by, outputs };
                self.note(now, record, out)?;
                self.reschedule(now);
                Ok(())
            }
            Order::Answer { task, answer, by } => self.on_answer(now, &task, by, answer, out),
            Order::Stop { by, because } => {
                self.stop(now, StopReason::Operator, Some(by), because, out)
            }
            Order::Kill { task, .. } => {
                if let Some(job) = self.state.live_job_of_part(&task) {
                    out.plan(Effect::Kill { job });
                    return Ok(());
                }
                let running = self
                    .state
                    .find(&task)
                    .and_then(|id| self.state.task(id))
                    .map(|known| (known.phase, known.jobs));
                match running {
                    Some((Phase::Running(_) | Phase::Judging(_), attempt)) => {
                        let job = crate::core::job::JobId { task: task.into(), attempt };
                        out.plan(Effect::Kill { job });
                    }
                    Some(_) => out.refused = Some(Refusal::NotRunning(task).to_string()),
                    None => out.refused = Some(Refusal::Unknown(task).to_string()),
                }
                Ok(())
            }
        }
    }

    /// Nothing new starts from here on; what runs is waited for.
    pub(super) fn stop(
        &mut self,
        now: Timestamp,
        why: StopReason,
        by: Option<Actor>,
        because: Option<String>,
        out: &mut Transition,
    ) -> Result<(), Unfit> {
        if self.is_stopped() || self.state.run().closed {
            return Ok(());
        }
        self.note(now, Record::Stopped { why, by, because }, out)
    }
}
