//! What follows from a graph's edges: both ends of each, what surrounds what, and the longest ways.
//!
//! Does not know where the edges come from.

use super::{Graph, NodeBody, NodeId, Task, Work};

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
}

impl Task {
    /// How many jobs it takes one after the other.
    fn length(&self) -> u64 {
        let action = u64::from(self.work != Work::Assert);
        action + u64::from(self.asks()) + self.verify.len() as u64
    }
}

fn number(index: usize) -> u32 {
    u32::try_from(index).expect("a plan has fewer than four thousand million nodes")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::graph::{Group, Node};
    use crate::spec::model::{Effect, OnFailure, Retry};

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
