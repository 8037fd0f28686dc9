//! The shape of a plan: which node is inside which group, and which node waits for which.
//!
//! Knows no commands, no expressions and no items: everything that needs evaluating is asked of somebody else.

use std::sync::Arc;

use crate::spec::model::{Effect, OnFailure, Retry};

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
    /// What a failure does to the siblings that have not begun.
    pub on_failure: OnFailure,
    /// Whether a condition must be asked before it starts.
    pub conditional: bool,
    /// Length of the longest way from here to the end of the run, in milliseconds of expected work.
    pub rank: u64,
    /// What it holds.
    pub body: NodeBody,
}

/// What a node holds.
#[derive(Debug, Clone)]
pub enum NodeBody {
    /// Nodes inside.
    Group(Group),
    /// One action.
    Task(Task),
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
}

/// How a task is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Work {
    /// By a job.
    Job,
    /// By evaluating conditions; nothing is spawned.
    Assert,
}

impl Graph {
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
            NodeBody::Task(_) => None,
        }
    }

    /// The task of a node; `None` for a group.
    #[must_use]
    pub fn task(&self, id: NodeId) -> Option<&Task> {
        match &self.node(id).body {
            NodeBody::Task(task) => Some(task),
            NodeBody::Group(_) => None,
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
