//! What is known of one instance: of a task, of a group, of an item.
//!
//! Plain data; only [`State::apply`](super::state::State::apply) changes it.

use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::Value;

use super::job::Role;
use super::question::{Question, QuestionKind};
use super::record::Outcome;
use super::setting::{Part, SettingState};
use crate::plan::graph::NodeId;

/// Number of an instance: a node of the graph inside one item of every group around it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct InstanceId(pub u32);

impl InstanceId {
    /// The group of the whole run.
    pub const ROOT: Self = Self(0);

    /// As an index into [`State::instances`](super::state::State::instances).
    #[must_use]
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// Number of a scope: one item of one instance of a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ScopeId(pub u32);

impl ScopeId {
    /// As an index into the scopes of a [`State`](super::state::State).
    #[must_use]
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// A node of the graph inside one item of every group around it.
#[derive(Debug, Clone, PartialEq)]
pub struct Instance {
    /// As people write it: `waves[wave_1].mailboxes[alice].move`.
    pub id: Arc<str>,
    /// Which node.
    pub node: NodeId,
    /// In which item.
    pub scope: ScopeId,
    /// What it contributes to those that wait for it.
    pub standing: Standing,
    /// How many of its needs and predecessors have not come yet.
    pub(super) unmet: u32,
    /// How many of its needs cannot come without a resume.
    pub(super) dead: u32,
    /// How many of its needs and predecessors are in doubt or hang on a doubt.
    pub(super) dead_by_doubt: u32,
    /// What it is.
    pub body: InstanceBody,
}

/// What an instance is.
#[derive(Debug, Clone, PartialEq)]
pub enum InstanceBody {
    /// One action.
    Task(TaskFacts),
    /// Nodes inside.
    Group(GroupState),
    /// A temporary setting.
    Setting(Box<SettingState>),
    /// One value of a setting. It stands in no scope's row, and its standing is the setting's.
    Part(Box<Part>),
}

/// What others may expect of an instance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Standing {
    /// Whether it is settled, and how.
    pub settled: Settled,
    /// A task in it is failed or in doubt.
    pub bad: bool,
    /// It keeps its siblings from starting.
    pub halts: bool,
}

/// Whether an instance can still do something by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Settled {
    /// It runs, or may start.
    #[default]
    Open,
    /// It has succeeded, was skipped or waived.
    Good,
    /// It has failed.
    Failed,
    /// It is in doubt.
    Doubt,
    /// It has not begun, and will not without a resume: something that it needs has failed, or everything around it is halted.
    Stuck,
    /// The same, because something that it needs, or comes after, is in doubt.
    StuckOnDoubt,
}

/// What is known of a task.
#[derive(Debug, Clone, PartialEq)]
pub struct TaskState {
    /// What it is doing.
    pub phase: Phase,
    /// What is known of its effect.
    pub knowledge: Knowledge,
    /// How many jobs it has had.
    pub jobs: u32,
    /// How many times its present job (action or verification) was tried since the last resume.
    pub tries: u32,
    /// How many times its action was started in the life of the run.
    pub attempts: u32,
    /// Its outputs, once they are kept.
    pub outputs: Option<Arc<Value>>,
    /// Why it is as it is, in words.
    pub reason: Option<Arc<str>>,
    /// Exit code of its last action.
    pub exit: Option<i32>,
    /// Exit code of its last job, whatever that was for.
    pub last_exit: Option<i32>,
    /// Fingerprint of the command that was started last.
    pub digest: Option<Arc<str>>,
    /// The process of its present job that lives on without its keeper.
    pub orphan: Option<u32>,
    /// Its last job was no failure, but is to be done again, as what it is to bring about or waits for has not come.
    pub again: bool,
    /// An operator has said that it failed and shall not be tried again.
    pub given_up: bool,
    /// What its probe has said, and what was repaired.
    pub inquiry: Inquiry,
    /// How often its action was done, where it is repeated, since the last resume.
    pub rounds: u32,
    /// How often in a row `until` held, where it is repeated, since the last resume.
    pub streak: u32,
    /// What people are asked, while they have not answered.
    pub question: Option<Arc<Question>>,
    /// The users who have said yes to that.
    pub agreed: Vec<Arc<str>>,
    /// Since when it asks for what it waits for; empty once that has come, or the waiting has failed and begins anew.
    pub asking_since: Option<Timestamp>,
    /// When its first job was started, or it began to wait.
    pub started: Option<Timestamp>,
    /// When it ended.
    pub ended: Option<Timestamp>,
}

impl TaskState {
    /// Whether that user has said yes to what people are asked.
    #[must_use]
    pub fn has_agreed(&self, user: &str) -> bool {
        self.agreed.iter().any(|name| name.as_ref() == user)
    }

    /// Whether a person may be doing just now what it asks for.
    #[must_use]
    pub fn is_in_hands(&self) -> bool {
        let manual = |question: &Arc<Question>| question.kind == QuestionKind::Manual;
        self.phase == Phase::Awaiting && self.question.as_ref().is_some_and(manual)
    }

    /// Whether its action, or a repair of it, may have had an effect that nobody has answered for.
    #[must_use]
    pub fn may_have_happened(&self) -> bool {
        matches!(self.knowledge, Knowledge::Maybe(_)) || self.inquiry.repair.is_some()
    }
}

impl TaskState {
    /// What is known of a task before anything has happened.
    const UNTOUCHED: Self = Self {
        phase: Phase::Waiting,
        knowledge: Knowledge::NotBegun,
        jobs: 0,
        tries: 0,
        attempts: 0,
        outputs: None,
        reason: None,
        exit: None,
        last_exit: None,
        digest: None,
        orphan: None,
        again: false,
        given_up: false,
        inquiry: Inquiry::NONE,
        rounds: 0,
        streak: 0,
        question: None,
        agreed: Vec::new(),
        asking_since: None,
        started: None,
        ended: None,
    };
}

impl Default for TaskState {
    fn default() -> Self {
        Self::UNTOUCHED
    }
}

/// A [`TaskState`] that takes hardly any room before something has happened: of a big run most tasks are like that for long.
#[derive(Debug, Clone, Default)]
pub struct TaskFacts(Option<Box<TaskState>>);

impl TaskFacts {
    /// What is known, for changing it, if anything has happened.
    pub(super) fn touched(&mut self) -> Option<&mut TaskState> {
        self.0.as_deref_mut()
    }
}

impl Deref for TaskFacts {
    type Target = TaskState;

    fn deref(&self) -> &TaskState {
        static UNTOUCHED: TaskState = TaskState::UNTOUCHED;
        self.0.as_deref().unwrap_or(&UNTOUCHED)
    }
}

impl DerefMut for TaskFacts {
    fn deref_mut(&mut self) -> &mut TaskState {
        self.0.get_or_insert_with(Box::default)
    }
}

impl PartialEq for TaskFacts {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

/// What a task's probe has said.
#[derive(Debug, Clone, PartialEq)]
pub struct Inquiry {
    /// Number of the probe's last job.
    pub attempt: Option<u32>,
    /// The state that it found the world in last; none if no state held or it could not be read.
    pub state: Option<Arc<str>>,
    /// It has just said that nothing has happened, often enough: the action may start, and nothing else may come between.
    pub cleared: bool,
    /// How often in a row it has said so.
    pub absents: u32,
    /// Since when it says that the effect is still going on.
    pub waiting_since: Option<Timestamp>,
    /// How many repairs were begun in the life of the task.
    pub repairs: u32,
    /// The last repair.
    pub repair: Option<Repair>,
    /// How often the present action of the repair was tried.
    pub mends: u32,
    /// The effect had happened before the first start.
    pub found: bool,
}

impl Inquiry {
    /// Its probe has said nothing yet.
    const NONE: Self = Self {
        attempt: None,
        state: None,
        cleared: false,
        absents: 0,
        waiting_since: None,
        repairs: 0,
        repair: None,
        mends: 0,
        found: false,
    };
}

impl Default for Inquiry {
    fn default() -> Self {
        Self::NONE
    }
}

/// A repair that was begun.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repair {
    /// The state that it repairs.
    pub state: Arc<str>,
    /// Number of the first job of it that is `once`, if one was started; of the last job before, if people were asked to do it.
    pub once: Option<u32>,
    /// The state and the action of it that people are asked to do, until the next job of it is started: no executor's end breaks
    /// that off.
    pub by_hand: Option<(u32, u32)>,
    /// All its actions have ended well.
    pub finished: bool,
    /// The executor that began it has gone: it is not continued.
    pub interrupted: bool,
}

impl Inquiry {
    /// A repair that must not happen twice was begun and broke off: only the state `done` is an answer from here on.
    #[must_use]
    pub fn is_spoilt(&self) -> bool {
        self.repair.as_ref().is_some_and(|repair| repair.once.is_some() && !repair.finished)
    }
}

/// What a task is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Its action has not been started, or is to be started again.
    Waiting,
    /// A job of it was started, and its end is not known yet.
    Running(Job),
    /// A job of it ended badly or was lost, and what follows has not been concluded.
    Judging(Role),
    /// It is tried again, but not before that time.
    Pausing(Role, Timestamp),
    /// Nothing is to be done but to wait until that time.
    Sleeping(Timestamp),
    /// People are asked, and have not answered.
    Awaiting,
    /// Its probe is to be asked what became of a start.
    Asking,
    /// Its state is being repaired: the action of that number, in the state of that number, is to be started.
    Repairing(u32, u32),
    /// Its effect has happened; its outputs and the verifications from that number on are still to come.
    Verifying(u32),
    /// It is not known whether its effect has happened.
    InDoubt,
    /// It has ended.
    Ended(Outcome),
}

/// The job that a task has at present.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Job {
    /// Its number among all jobs of the task.
    pub attempt: u32,
    /// What it is for.
    pub role: Role,
    /// When it was started.
    pub since: Timestamp,
    /// Which executor of the run started it, counted from 0.
    pub executor: u32,
}

/// What is known of a task's effect. Safety reads this and nothing else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Knowledge {
    /// It has not happened.
    NotBegun,
    /// It may have happened: the job of that number, and perhaps later ones, were started.
    Maybe(u32),
    /// It has happened.
    Done(Proof),
}

/// How it is known that an effect has happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Proof {
    /// Its job of that number ended well.
    Exit(u32),
    /// Its probe, asked by the job of that number, says so.
    Probe(u32),
    /// An operator says so.
    Operator,
}

/// What is known of a group.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct GroupState {
    /// First scope and number of scopes, once the group was entered.
    pub items: Option<Items>,
    /// How it ended without being entered: skipped, failed, or waived.
    pub ended: Option<Outcome>,
    /// Why, in words.
    pub reason: Option<Arc<str>>,
    /// Items that are not settled.
    pub(super) open: u32,
    /// Items with a task that is failed or in doubt.
    pub(super) bad: u32,
    /// Settled items that hang on a doubt.
    pub(super) doubtful: u32,
    /// Settled items with something that has not begun and will not.
    pub(super) stuck: u32,
    /// No new item starts any more.
    pub(super) doomed: bool,
}

/// The items of a group: scopes in a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Items {
    /// The first one.
    pub first: ScopeId,
    /// How many.
    pub count: u32,
}

impl Items {
    /// The scopes of the items, in their order.
    pub fn scopes(self) -> impl DoubleEndedIterator<Item = ScopeId> + ExactSizeIterator {
        (self.first.0..self.first.0 + self.count).map(ScopeId)
    }
}

/// One item of one instance of a group, with an instance of each node inside.
#[derive(Debug, Clone, PartialEq)]
pub struct Scope {
    /// The group.
    pub group: InstanceId,
    /// The item's key; none in a group that does not fan out.
    pub key: Option<Arc<str>>,
    /// The item.
    pub value: Arc<Value>,
    /// Its position among the items.
    pub index: u32,
    /// Instance of the first node inside; the others follow.
    pub(super) first: InstanceId,
    /// Something in it has begun.
    pub begun: bool,
    /// Something in it was really started, so that it waits for no window any more.
    pub started: bool,
    /// Instances in it that are not settled.
    pub(super) open: u32,
    /// Instances in it with a task that is failed or in doubt.
    pub(super) bad: u32,
    /// Settled instances in it that hang on a doubt.
    pub(super) doubtful: u32,
    /// Settled instances in it that have not begun and will not.
    pub(super) stuck: u32,
    /// Instances in it that keep their siblings from starting.
    pub(super) halting: u32,
}
