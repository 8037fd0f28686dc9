//! The shape of a plan: which node is inside which group, and which node waits for which.
//!
//! Knows no commands, no expressions and no items: everything that needs evaluating is asked of somebody else.

mod link;

use std::sync::Arc;
use std::time::Duration;

use crate::spec::model::{self, Confirm, Effect, OnFailure, Retry, Wait};

/// Number of a node in [`Graph::nodes`]; the root group is 0, and a group's number is smaller than those inside it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(pub u32);

impl NodeId {
    /// The group of the whole run.
    pub const ROOT: Self = Self(0);

    /// As an index into [`Graph::nodes`].
    #[must_use]
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// The nodes of a plan in document order.
#[derive(Debug, Clone, Default)]
pub struct Graph {
    /// All nodes; a node's children are numbered after it.
    pub nodes: Vec<Node>,
}

/// A step as the machine sees it.
#[derive(Debug, Clone)]
pub struct Node {
    /// The step's name; empty for the root.
    pub name: Arc<str>,
    /// The enclosing group; the root's is the root.
    pub parent: NodeId,
    /// Position among the children of the enclosing group.
    pub slot: u32,
    /// Slots of the siblings that must have ended well.
    pub needs: Vec<u32>,
    /// Slots of the siblings that must have ended in any way.
    pub after: Vec<u32>,
    /// Slots of the siblings that need this one.
    pub needed_by: Vec<u32>,
    /// Slots of the siblings that come after this one.
    pub followed_by: Vec<u32>,
    /// Slots of the settings beside it that are in force while it runs.
    pub surrounded_by: Vec<u32>,
    /// What a failure does to the siblings that have not begun.
    pub on_failure: OnFailure,
    /// Whether a condition must be asked before it starts.
    pub conditional: bool,
    /// Whether there are locks to be claimed: of a task before its first job, of a group for each item.
    pub locks: bool,
    /// When it may begin: a task, or each item of a group.
    pub window: Option<Box<Window>>,
    /// Length of the longest way from its start to the end of the run, in jobs that must follow one another; of two that wait for
    /// a slot the greater goes first.
    pub rank: u64,
    /// What it holds.
    pub body: NodeBody,
}

/// When something may begin, as the machine sees it.
#[derive(Debug, Clone)]
pub struct Window {
    /// Its name.
    pub name: Arc<str>,
    /// When it is open.
    pub hours: Arc<model::Window>,
    /// How long what begins in it must have before it closes.
    pub expect: Option<Duration>,
}

/// What a node holds.
#[derive(Debug, Clone)]
pub enum NodeBody {
    /// Nodes inside.
    Group(Group),
    /// One action.
    Task(Task),
    /// A temporary setting.
    Setting(Box<Setting>),
}

/// A temporary setting, as the machine sees it. What it needs is needed by all that it surrounds.
#[derive(Debug, Clone)]
pub struct Setting {
    /// Slots of the siblings that it is in force around.
    pub around: Vec<u32>,
    /// Whether it has one value for each item of its `for_each`.
    pub fan_out: bool,
    /// It stays in force until all that it surrounds has ended well.
    pub hold: bool,
    /// The temporary value may be in force already.
    pub accept_found: bool,
    /// How reading it is tried again.
    pub get: Retry,
    /// How changing it is tried again.
    pub set: Retry,
    /// How putting it back is tried again.
    pub restore: Retry,
}

/// The nodes inside a group, and how it fans out.
#[derive(Debug, Clone, Default)]
pub struct Group {
    /// In file order; the slot is the position here.
    pub children: Vec<NodeId>,
    /// `for_each`; without it the group has one item that has no key.
    pub fan_out: Option<FanOut>,
}

/// How a group fans out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FanOut {
    /// How many items may be open at a time.
    pub parallel: Option<u32>,
    /// How many bad items are borne before no new one starts.
    pub max_failures: u32,
    /// A step with its own `for_each`: the group and its one child share a name.
    pub single: bool,
}

/// One action, as the machine sees it.
#[derive(Debug, Clone)]
pub struct Task {
    /// What may happen if it is done again.
    pub effect: Effect,
    /// How it is done.
    pub work: Work,
    /// How the action is tried again.
    pub retry: Retry,
    /// How each verification is tried again.
    pub verify: Vec<Retry>,
    /// Whether outputs are declared.
    pub outputs: bool,
    /// How the state of the world is read before a start and in doubt; asked for actions that are `once`.
    pub probe: Option<Box<Probe>>,
    /// How often the action is done again.
    pub repeat: Option<Repeat>,
    /// The action is asked until it finds that something holds.
    pub wait: Option<Wait>,
}

/// A probe, as the machine sees it.
#[derive(Debug, Clone)]
pub struct Probe {
    /// How often `absent` must be seen before it is believed.
    pub confirm: Option<Confirm>,
    /// To be found done before the first start is a doubt.
    pub refuse_found: bool,
    /// Its states in file order.
    pub states: Vec<ProbeState>,
}

/// A state of a probe.
#[derive(Debug, Clone)]
pub struct ProbeState {
    /// What people call it.
    pub name: Arc<str>,
    /// What it means.
    pub meaning: Meaning,
}

/// What a state of a probe means.
#[derive(Debug, Clone)]
pub enum Meaning {
    /// The effect has happened.
    Done,
    /// Nothing of it has happened.
    Absent,
    /// It is still going on.
    Wait {
        /// Time between two looks.
        every: Duration,
        /// After so long it is a doubt.
        timeout: Option<Duration>,
    },
    /// These actions, then the probe again.
    Repair(Vec<Mend>),
    /// A doubt, with the author's message.
    Stop,
}

/// One action of a repair.
#[derive(Debug, Clone)]
pub struct Mend {
    /// People do it, and say so; nothing is spawned.
    pub manual: bool,
    /// What may happen if it is done again.
    pub effect: Effect,
    /// How it is tried again.
    pub retry: Retry,
}

/// How an action is done again and again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Repeat {
    /// How often in a row `until` must hold.
    pub consecutive: u32,
    /// Time between two rounds.
    pub every: Duration,
    /// After so many rounds it has failed.
    pub max: Option<u32>,
}

/// How a task is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Work {
    /// By a job.
    Job,
    /// By evaluating conditions; nothing is spawned.
    Assert,
    /// By letting time pass; nothing is spawned.
    Pause(Duration),
    /// By people; nothing is spawned.
    Question(Question),
}

/// What is asked of people, as the machine sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Question {
    /// They do something; else they only decide.
    pub manual: bool,
    /// After so long it has failed.
    pub timeout: Option<Duration>,
}

impl Graph {
    fn children(&self, id: NodeId) -> &[NodeId] {
        self.group(id).map_or(&[], |group| group.children.as_slice())
    }

    /// The node with that number.
    #[must_use]
    pub fn node(&self, id: NodeId) -> &Node {
        &self.nodes[id.index()]
    }

    /// The group inside a node; `None` for a task.
    #[must_use]
    pub fn group(&self, id: NodeId) -> Option<&Group> {
        match &self.node(id).body {
            NodeBody::Group(group) => Some(group),
            _ => None,
        }
    }

    /// The task of a node; `None` for a group.
    #[must_use]
    pub fn task(&self, id: NodeId) -> Option<&Task> {
        match &self.node(id).body {
            NodeBody::Task(task) => Some(task),
            _ => None,
        }
    }

    /// The setting of a node; `None` for all others.
    #[must_use]
    pub fn setting(&self, id: NodeId) -> Option<&Setting> {
        match &self.node(id).body {
            NodeBody::Setting(setting) => Some(setting),
            _ => None,
        }
    }

    /// The names from the root down to a node, joined by dots, as a person would write them: `waves.mailboxes.move`.
    #[must_use]
    pub fn path(&self, id: NodeId) -> String {
        let mut names = Vec::new();
        let mut at = id;
        while at != NodeId::ROOT {
            let node = self.node(at);
            let repeated = self
                .group(node.parent)
                .and_then(|group| group.fan_out.as_ref())
                .is_some_and(|fan_out| fan_out.single);
            if !repeated {
                names.push(node.name.as_ref());
            }
            at = node.parent;
        }
        names.reverse();
        names.join(".")
    }
}

impl Node {
    /// Slots of the siblings that come before it; of a setting, those that it is restored after as well.
    pub fn predecessors(&self) -> impl Iterator<Item = u32> {
        let around = match &self.body {
            NodeBody::Setting(setting) => setting.around.as_slice(),
            _ => &[],
        };
        self.needs.iter().chain(&self.after).chain(around).copied()
    }
}

impl Task {
    /// Whether its probe is asked before each start, and when a start is in doubt.
    #[must_use]
    pub fn asks(&self) -> bool {
        self.effect == Effect::Once && self.probe.is_some()
    }
}
