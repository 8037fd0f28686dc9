//! How a run stands as a whole, and how a task stands for people: derived from the state, never recorded.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::job::Role;
use super::record::{Outcome, StopReason};
use super::state::{InstanceBody, InstanceId, Knowledge, Phase, Settled, State};

/// How a run stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RunStanding {
    /// An executor works on it.
    Running,
    /// Only people are left to wait for.
    Waiting,
    /// All that is left waits for locks that other runs hold; people call that waiting as well.
    #[serde(rename(serialize = "waiting"))]
    Locked,
    /// Tasks have failed.
    Failed,
    /// It is not known whether an effect has happened, or a setting is owed.
    InDoubt,
    /// It was stopped, or its executor has died; it can be resumed.
    Interrupted,
    /// Every task has succeeded, was skipped or waived.
    Succeeded,
    /// It was closed before its end.
    Abandoned,
}

/// How a task stands.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum TaskStanding {
    /// It is not its turn yet.
    Waiting,
    /// A job of it runs, or is about to be tried again.
    Running,
    /// It is not known whether its effect has happened.
    InDoubt,
    /// It will not start without a resume, because of what happened elsewhere.
    Blocked,
    /// It has ended well.
    Succeeded,
    /// Its own `when` was false.
    Skipped,
    /// It has ended badly.
    Failed,
    /// The operator accepts that it is left out.
    Waived,
}

impl TaskStanding {
    /// As it is written in `status --format json` and in expressions.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Running => "running",
            Self::InDoubt => "in_doubt",
            Self::Blocked => "blocked",
            Self::Succeeded => "succeeded",
            Self::Skipped => "skipped",
            Self::Failed => "failed",
            Self::Waived => "waived",
        }
    }
}

/// How many tasks stand how.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// All that are known so far.
    pub total: u32,
    /// Waiting.
    pub waiting: u32,
    /// Running.
    pub running: u32,
    /// In doubt.
    pub in_doubt: u32,
    /// Blocked.
    pub blocked: u32,
    /// Succeeded.
    pub succeeded: u32,
    /// Skipped.
    pub skipped: u32,
    /// Failed.
    pub failed: u32,
    /// Waived.
    pub waived: u32,
}

impl Tally {
    /// Those that have ended well, were skipped or waived.
    #[must_use]
    pub fn done(self) -> u32 {
        self.succeeded + self.skipped + self.waived
    }

    fn count(&mut self, standing: TaskStanding) {
        self.total += 1;
        let counter = match standing {
            TaskStanding::Waiting => &mut self.waiting,
            TaskStanding::Running => &mut self.running,
            TaskStanding::InDoubt => &mut self.in_doubt,
            TaskStanding::Blocked => &mut self.blocked,
            TaskStanding::Succeeded => &mut self.succeeded,
            TaskStanding::Skipped => &mut self.skipped,
            TaskStanding::Failed => &mut self.failed,
            TaskStanding::Waived => &mut self.waived,
        };
        *counter += 1;
    }
}

impl From<Outcome> for TaskStanding {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Succeeded => Self::Succeeded,
            Outcome::Skipped => Self::Skipped,
            Outcome::Failed => Self::Failed,
            Outcome::Waived => Self::Waived,
        }
    }
}

impl State {
    /// How a task or group stands.
    #[must_use]
    pub fn task_standing(&self, id: InstanceId) -> TaskStanding {
        let instance = self.instance(id);
        match (&instance.body, instance.standing.settled) {
            (InstanceBody::Task(task), settled) => match task.phase {
                Phase::Ended(outcome) => outcome.into(),
                Phase::InDoubt => TaskStanding::InDoubt,
                Phase::Waiting if matches!(settled, Settled::Stuck | Settled::StuckOnDoubt) => {
                    TaskStanding::Blocked
                }
                Phase::Waiting | Phase::Sleeping(_) | Phase::Awaiting => TaskStanding::Waiting,
                // It is being found out whether its effect has happened; until then nobody knows.
                Phase::Asking
                | Phase::Repairing(..)
                | Phase::Pausing(Role::Probe | Role::Repair { .. }, _)
                    if matches!(task.knowledge, Knowledge::Maybe(_)) =>
                {
                    TaskStanding::InDoubt
                }
                Phase::Running(_)
                | Phase::Judging(_)
                | Phase::Pausing(..)
                | Phase::Asking
                | Phase::Repairing(..)
                | Phase::Verifying(_) => TaskStanding::Running,
            },
            (InstanceBody::Setting(_) | InstanceBody::Part(_), settled) => match settled {
                Settled::Open => TaskStanding::Running,
                Settled::Good => TaskStanding::Succeeded,
                Settled::Failed => TaskStanding::Failed,
                Settled::Doubt => TaskStanding::InDoubt,
                Settled::Stuck | Settled::StuckOnDoubt => TaskStanding::Blocked,
            },
            (InstanceBody::Group(group), settled) => match (group.ended, settled) {
                (Some(outcome), _) => outcome.into(),
                (None, Settled::Good) => TaskStanding::Succeeded,
                (None, Settled::Failed) => TaskStanding::Failed,
                (None, Settled::Doubt) => TaskStanding::InDoubt,
                (None, Settled::Stuck | Settled::StuckOnDoubt) => TaskStanding::Blocked,
                (None, Settled::Open) if group.items.is_some() => TaskStanding::Running,
                (None, Settled::Open) => TaskStanding::Waiting,
            },
        }
    }

    /// The siblings that an instance still waits for.
    #[must_use]
    pub fn waits_for(&self, id: InstanceId) -> Vec<String> {
        let node = self.node(id);
        let done = |slot: u32| {
            let standing = self.task_standing(self.sibling(id, slot));
            matches!(
                standing,
                TaskStanding::Succeeded | TaskStanding::Skipped | TaskStanding::Waived
            )
        };
        let open = node.needs.iter().chain(&node.after).filter(|&&slot| !done(slot));
        let name = |&slot: &u32| {
            let sibling = self.sibling(id, slot);
            let restored = if self.is_of_setting(sibling) { ":restored" } else { "" };
            format!("{}{restored}", self.instance(sibling).id)
        };
        open.map(name).collect()
    }

    /// How many tasks stand how. Groups that were not entered count nothing: what is in them is not known yet.
    #[must_use]
    pub fn tally(&self) -> Tally {
        let mut tally = Tally::default();
        for (id, _, _) in self.tasks() {
            tally.count(self.task_standing(id));
        }
        tally
    }

    /// How the run stands, `alive` telling whether an executor works on it.
    #[must_use]
    pub fn run_standing(&self, alive: bool) -> RunStanding {
        if self.run().abandoned {
            return RunStanding::Abandoned;
        }
        if self.run().closed {
            return RunStanding::Succeeded;
        }
        if alive {
            return RunStanding::Running;
        }
        let tally = self.tally();
        let group_failed = self.instances().iter().any(|instance| match &instance.body {
            InstanceBody::Group(group) => group.ended == Some(Outcome::Failed),
            InstanceBody::Setting(_) => instance.standing.settled == Settled::Failed,
            InstanceBody::Task(_) | InstanceBody::Part(_) => false,
        });
        if tally.in_doubt > 0 || self.has_debts() {
            RunStanding::InDoubt
        } else if tally.failed > 0 || group_failed {
            RunStanding::Failed
        } else if self.run().stopped == Some(StopReason::Locked) {
            RunStanding::Locked
        } else if self.run().stopped == Some(StopReason::Waiting) && self.only_people_help() {
            RunStanding::Waiting
        } else {
            RunStanding::Interrupted
        }
    }

    /// Whether people are asked, and nothing that they have answered waits for an executor.
    fn only_people_help(&self) -> bool {
        let answered = |phase: Phase| matches!(phase, Phase::Verifying(_));
        self.questions().next().is_some() && !self.tasks().any(|(_, _, task)| answered(task.phase))
    }
}

impl RunStanding {
    /// The exit code of a command that ends with the run standing so.
    #[must_use]
    pub fn exit_code(self) -> u8 {
        match self {
            Self::Succeeded | Self::Running => 0,
            Self::InDoubt => 8,
            Self::Failed => 1,
            Self::Interrupted | Self::Abandoned => 5,
            Self::Locked => 4,
            Self::Waiting => 3,
        }
    }

    /// As it is written in `status --format json`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Waiting | Self::Locked => "waiting",
            Self::Failed => "failed",
            Self::InDoubt => "in_doubt",
            Self::Interrupted => "interrupted",
            Self::Succeeded => "succeeded",
            Self::Abandoned => "abandoned",
        }
    }
}
