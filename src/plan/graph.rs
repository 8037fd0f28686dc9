//! The shape of a plan: which node is inside which group, and which node waits for which.
//!
//! Knows no commands, no expressions and no items: everything that needs evaluating is asked of somebody else.

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
    /// Fills in what follows from `children`, `needs`, `after` and `around`: each node's parent and slot, who waits for it, what
    /// surrounds it, and its rank.
    ///
    /// The slots in `needs` and `after` must be those of siblings, and nobody may wait for itself, however far around. Takes
    /// time in proportion to nodes and edges, and can be done again after a change.
    pub fn link(&mut self) {
        for index in 0..self.nodes.len() {
            let children = self.children(NodeId(number(index))).to_vec();
            for &child in &children {
                let node = &mut self.nodes[child.index()];
                node.needed_by.clear();
                node.followed_by.clear();
                node.surrounded_by.clear();
            }
            self.surround(&children);
            for (slot, &child) in children.iter().enumerate() {
                let slot = number(slot);
                let node = &mut self.nodes[child.index()];
                node.parent = NodeId(number(index));
                node.slot = slot;
                let (needs, after) = (node.needs.clone(), node.after.clone());
                for need in needs {
                    self.nodes[children[need as usize].index()].needed_by.push(slot);
                }
                for before in after {
                    self.nodes[children[before as usize].index()].followed_by.push(slot);
                }
            }
        }
        self.rank();
    }

    /// Lets each sibling know the settings around it, and wait for what they wait for.
    fn surround(&mut self, children: &[NodeId]) {
        for (slot, &child) in children.iter().enumerate() {
            let node = self.node(child);
            let NodeBody::Setting(setting) = &node.body else { continue };
            let (around, needs) = (setting.around.clone(), node.needs.clone());
            for inside in around {
                let node = &mut self.nodes[children[inside as usize].index()];
                node.surrounded_by.push(number(slot));
                for &need in &needs {
                    if need != inside && !node.needs.contains(&need) {
                        node.needs.push(need);
                    }
                }
            }
        }
    }

    /// The longest ways: first inside each group from the deepest outwards, then from the root inwards.
    fn rank(&mut self) {
        let mut inside = vec![0; self.nodes.len()];
        let mut behind = vec![0; self.nodes.len()];
        for index in (0..self.nodes.len()).rev() {
            inside[index] = match &self.nodes[index].body {
                NodeBody::Task(task) => task.length(),
                NodeBody::Setting(_) => 0,
                NodeBody::Group(group) => {
                    self.longest_ways(&group.children, &inside, &mut behind);
                    let ways = group.children.iter().map(|child| child.index());
                    ways.map(|child| inside[child] + behind[child]).max().unwrap_or(0)
                }
            };
        }
        for index in 0..self.nodes.len() {
            if index != NodeId::ROOT.index() {
                behind[index] += behind[self.nodes[index].parent.index()];
            }
            self.nodes[index].rank = inside[index] + behind[index];
        }
    }

    /// For each of these siblings the length of the longest way behind it, given how long each takes.
    fn longest_ways(&self, siblings: &[NodeId], inside: &[u64], behind: &mut [u64]) {
        let waiting = |child: &NodeId| {
            let node = self.node(*child);
            node.needed_by.len() + node.followed_by.len() + node.surrounded_by.len()
        };
        let mut ahead: Vec<usize> = siblings.iter().map(waiting).collect();
        let mut last: Vec<usize> = (0..siblings.len()).filter(|&slot| ahead[slot] == 0).collect();
        while let Some(slot) = last.pop() {
            let at = siblings[slot];
            let way = inside[at.index()] + behind[at.index()];
            let node = self.node(at);
            for before in node.predecessors().map(|before| before as usize) {
                let longest = &mut behind[siblings[before].index()];
                *longest = way.max(*longest);
                ahead[before] -= 1;
                if ahead[before] == 0 {
                    last.push(before);
                }
            }
        }
    }

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
    /// How many jobs it takes one after the other.
    fn length(&self) -> u64 {
        let action = u64::from(self.work != Work::Assert);
        action + u64::from(self.asks()) + self.verify.len() as u64
    }

    /// Whether its probe is asked before each start, and when a start is in doubt.
    #[must_use]
    pub fn asks(&self) -> bool {
        self.effect == Effect::Once && self.probe.is_some()
    }
}

fn number(index: usize) -> u32 {
    u32::try_from(index).expect("a plan has fewer than four thousand million nodes")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(name: &str, needs: &[u32], after: &[u32], body: NodeBody) -> Node {
        Node {
            name: name.into(),
            parent: NodeId::ROOT,
            slot: 0,
            needs: needs.to_vec(),
            after: after.to_vec(),
            needed_by: Vec::new(),
            followed_by: Vec::new(),
            surrounded_by: Vec::new(),
            on_failure: OnFailure::Stop,
            conditional: false,
            locks: false,
            window: None,
            rank: 0,
            body,
        }
    }

    fn task() -> NodeBody {
        let retry = Retry {
            attempts: 1,
            delay: std::time::Duration::ZERO,
            backoff: 1.0,
            max_delay: None,
            on_exit: Vec::new(),
        };
        NodeBody::Task(Task {
            effect: Effect::Read,
            work: Work::Job,
            retry: retry.clone(),
            verify: vec![retry],
            outputs: false,
            probe: None,
            repeat: None,
            wait: None,
        })
    }

    fn group(children: &[u32]) -> NodeBody {
        let children = children.iter().copied().map(NodeId).collect();
        NodeBody::Group(Group { children, fan_out: None })
    }

    /// `a`, then the group `g` of two tasks in a row, then `z`; `b` comes after `a` and nothing waits for it.
    fn linked() -> Graph {
        let mut graph = Graph {
            nodes: vec![
                node("", &[], &[], group(&[1, 2, 3, 4])),
                node("a", &[], &[], task()),
                node("b", &[], &[0], task()),
                node("g", &[0], &[], group(&[5, 6])),
                node("z", &[2], &[], task()),
                node("first", &[], &[], task()),
                node("second", &[0], &[], task()),
            ],
        };
        graph.link();
        graph
    }

    #[test]
    fn an_edge_is_known_at_both_ends() {
        let graph = linked();
        let a = graph.node(NodeId(1));
        assert_eq!(
            (a.needed_by.as_slice(), a.followed_by.as_slice()),
            ([2].as_slice(), [1].as_slice())
        );
        let second = graph.node(NodeId(6));
        assert_eq!((second.parent, second.slot), (NodeId(3), 1));
    }

    #[test]
    fn the_rank_is_the_longest_way_to_the_end_of_the_run() {
        let ranks: Vec<u64> = linked().nodes.iter().map(|node| node.rank).collect();
        assert_eq!(
            ranks,
            [8, 8, 2, 6, 2, 6, 4],
            "two jobs for each task of the chain a, first, second, z"
        );
    }

    #[test]
    fn linking_again_changes_nothing() {
        let mut graph = linked();
        graph.link();
        assert_eq!(format!("{graph:?}"), format!("{:?}", linked()));
    }
}
