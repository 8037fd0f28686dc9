//! What is known of a run: the sum of its records.
//!
//! Knows no clock and evaluates nothing; only [`State::apply`] changes it.

use std::collections::HashMap;
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::Value;

use super::job::Role;
use super::record::{Opened, Outcome, StopReason};
use crate::plan::graph::{Graph, Node, NodeId};

/// Number of an instance: a node of the graph inside one item of every group around it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct InstanceId(pub u32);

impl InstanceId {
    /// The group of the whole run.
    pub const ROOT: Self = Self(0);

    /// As an index into [`State::instances`].
    #[must_use]
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// Number of a scope: one item of one instance of a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ScopeId(pub u32);

impl ScopeId {
    /// As an index into the scopes of a [`State`].
    #[must_use]
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// What is known of a run.
#[derive(Debug, Clone)]
pub struct State {
    pub(super) graph: Arc<Graph>,
    pub(super) run: Run,
    pub(super) instances: Vec<Instance>,
    pub(super) scopes: Vec<Scope>,
    pub(super) ids: HashMap<Arc<str>, Named>,
    /// Instances whose last need has just been met. The machine takes them; they say nothing that is not in the rest of the state.
    pub(super) startable: Vec<InstanceId>,
}

impl PartialEq for State {
    fn eq(&self, other: &Self) -> bool {
        self.run == other.run && self.instances == other.instances && self.scopes == other.scopes
    }
}

/// What an id names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Named {
    /// A task, or a group.
    Instance(InstanceId),
    /// An item of a group.
    Item(ScopeId),
}

/// The run as a whole.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Run {
    /// The first record, once there is one.
    pub opened: Option<Arc<Opened>>,
    /// When it was opened.
    pub started: Option<Timestamp>,
    /// When it was stopped or closed last; empty while it goes on.
    pub ended: Option<Timestamp>,
    /// Why nothing new starts, if nothing does.
    pub stopped: Option<StopReason>,
    /// How often it was resumed.
    pub resumes: u32,
    /// For every executor that has worked on it, which boot of the host it was.
    pub boots: Vec<Option<Arc<str>>>,
    /// Whether it is closed for good.
    pub closed: bool,
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
    Task(Box<TaskState>),
    /// Nodes inside.
    Group(GroupState),
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
    /// Fingerprint of the command that was started last.
    pub digest: Option<Arc<str>>,
    /// An operator has said that it failed and shall not be tried again.
    pub given_up: bool,
    /// When its first job was started.
    pub started: Option<Timestamp>,
    /// When it ended.
    pub ended: Option<Timestamp>,
}

impl Default for TaskState {
    fn default() -> Self {
        Self {
            phase: Phase::Waiting,
            knowledge: Knowledge::NotBegun,
            jobs: 0,
            tries: 0,
            attempts: 0,
            outputs: None,
            reason: None,
            exit: None,
            digest: None,
            given_up: false,
            started: None,
            ended: None,
        }
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

impl State {
    /// What is known of a run before its first record.
    #[must_use]
    pub fn new(graph: Arc<Graph>) -> Self {
        let root = Instance {
            id: Arc::from(""),
            node: NodeId::ROOT,
            scope: ScopeId(0),
            standing: Standing::default(),
            unmet: 0,
            dead: 0,
            dead_by_doubt: 0,
            body: InstanceBody::Group(GroupState::default()),
        };
        Self {
            graph,
            run: Run::default(),
            instances: vec![root],
            scopes: Vec::new(),
            ids: HashMap::new(),
            startable: Vec::new(),
        }
    }

    /// The graph that the run walks.
    #[must_use]
    pub fn graph(&self) -> &Arc<Graph> {
        &self.graph
    }

    /// The run as a whole.
    #[must_use]
    pub fn run(&self) -> &Run {
        &self.run
    }

    /// All instances, each group before what is inside it.
    #[must_use]
    pub fn instances(&self) -> &[Instance] {
        &self.instances
    }

    /// One instance.
    #[must_use]
    pub fn instance(&self, id: InstanceId) -> &Instance {
        &self.instances[id.index()]
    }

    /// One scope.
    #[must_use]
    pub fn scope(&self, id: ScopeId) -> &Scope {
        &self.scopes[id.index()]
    }

    /// The node of an instance.
    #[must_use]
    pub fn node(&self, id: InstanceId) -> &Node {
        self.graph.node(self.instance(id).node)
    }

    /// What a text names, if anything: `move[alice]` a task, `mailboxes[alice]` an item, `mailboxes` a group.
    #[must_use]
    pub fn named(&self, id: &str) -> Option<Named> {
        self.ids.get(id).copied()
    }

    /// The instance that a text names.
    #[must_use]
    pub fn find(&self, id: &str) -> Option<InstanceId> {
        match self.named(id) {
            Some(Named::Instance(instance)) => Some(instance),
            _ => None,
        }
    }

    /// What is known of a task; `None` for a group.
    #[must_use]
    pub fn task(&self, id: InstanceId) -> Option<&TaskState> {
        match &self.instance(id).body {
            InstanceBody::Task(task) => Some(task),
            InstanceBody::Group(_) => None,
        }
    }

    /// What is known of a group; `None` for a task.
    #[must_use]
    pub fn group(&self, id: InstanceId) -> Option<&GroupState> {
        match &self.instance(id).body {
            InstanceBody::Group(group) => Some(group),
            InstanceBody::Task(_) => None,
        }
    }

    /// All tasks with their numbers.
    pub fn tasks(&self) -> impl Iterator<Item = (InstanceId, &Instance, &TaskState)> {
        self.instances.iter().enumerate().filter_map(|(index, instance)| match &instance.body {
            InstanceBody::Task(task) => Some((
                InstanceId(u32::try_from(index).unwrap_or(u32::MAX)),
                instance,
                task.as_ref(),
            )),
            InstanceBody::Group(_) => None,
        })
    }

    /// The instances inside a scope, in file order.
    pub fn children(
        &self,
        scope: ScopeId,
    ) -> impl DoubleEndedIterator<Item = InstanceId> + ExactSizeIterator + use<> {
        let first = self.scope(scope).first.0;
        let count = self.children_of(self.scope(scope).group).len();
        (first..first + u32::try_from(count).unwrap_or(u32::MAX)).map(InstanceId)
    }

    /// The instance of that name inside a scope.
    #[must_use]
    pub fn child(&self, scope: ScopeId, name: &str) -> Option<InstanceId> {
        let here = self.scope(scope);
        let inside = self.graph.group(self.instance(here.group).node)?;
        if inside.fan_out.as_ref().is_some_and(|fan_out| fan_out.single) {
            return self.children(scope).find(|&child| self.node(child).name.as_ref() == name);
        }
        let item = super::apply::item_id(&self.instance(here.group).id, here.key.as_deref());
        self.find(&if item.is_empty() { name.to_owned() } else { format!("{item}.{name}") })
    }

    /// The sibling of an instance in that slot.
    #[must_use]
    pub fn sibling(&self, of: InstanceId, slot: u32) -> InstanceId {
        InstanceId(self.scope(self.instance(of).scope).first.0 + slot)
    }

    /// The keys of the items around an instance, outermost first, without those of groups that do not fan out.
    #[must_use]
    pub fn keys(&self, of: InstanceId) -> Vec<Arc<str>> {
        let mut keys = Vec::new();
        let mut at = of;
        while at != InstanceId::ROOT {
            let scope = self.scope(self.instance(at).scope);
            keys.extend(scope.key.clone());
            at = scope.group;
        }
        keys.reverse();
        keys
    }

    /// Whether every task has succeeded, was skipped or waived.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.instance(InstanceId::ROOT).standing.settled == Settled::Good
    }

    /// Whether nothing new may start in a scope because something in it, or around it, has failed or is in doubt.
    /// A group that comes `after` something is not reached by what happens around it, and what goes wrong in one item of a group
    /// does not reach the others by way of the group: those that have begun are finished.
    #[must_use]
    pub fn is_halted(&self, scope: ScopeId) -> bool {
        let mut at = scope;
        let mut inside_halts = false;
        loop {
            let here = self.scope(at);
            if here.halting > u32::from(inside_halts) {
                return true;
            }
            let group = self.instance(here.group);
            if let InstanceBody::Group(state) = &group.body
                && state.doomed
                && !here.begun
            {
                return true;
            }
            if here.group == InstanceId::ROOT || !self.graph.node(group.node).after.is_empty() {
                return false;
            }
            inside_halts = group.standing.halts;
            at = group.scope;
        }
    }

    /// Whether a task or group has everything that it waits for, and nothing keeps it from starting.
    #[must_use]
    pub fn may_start(&self, id: InstanceId) -> bool {
        let instance = self.instance(id);
        let fresh = match &instance.body {
            InstanceBody::Task(task) => task.phase == Phase::Waiting,
            InstanceBody::Group(group) => group.items.is_none() && group.ended.is_none(),
        };
        fresh && instance.unmet == 0 && instance.standing.settled == Settled::Open
    }

    /// A copy in which everything that is kept up to date in small steps is counted anew from the facts. It equals the state itself
    /// always; whoever tests the core compares the two.
    #[must_use]
    pub fn recounted(&self) -> Self {
        let mut copy = self.clone();
        copy.settle_everything();
        copy
    }

    pub(super) fn children_of(&self, group: InstanceId) -> &[NodeId] {
        self.graph.group(self.instance(group).node).map_or(&[], |group| group.children.as_slice())
    }

    pub(super) fn task_mut(&mut self, id: InstanceId) -> Option<&mut TaskState> {
        match &mut self.instances[id.index()].body {
            InstanceBody::Task(task) => Some(task),
            InstanceBody::Group(_) => None,
        }
    }

    pub(super) fn group_mut(&mut self, id: InstanceId) -> Option<&mut GroupState> {
        match &mut self.instances[id.index()].body {
            InstanceBody::Group(group) => Some(group),
            InstanceBody::Task(_) => None,
        }
    }

    /// Takes the instances that may have become ready to start since the last call.
    pub(super) fn take_startable(&mut self) -> Vec<InstanceId> {
        std::mem::take(&mut self.startable)
    }
}
