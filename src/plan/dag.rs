//! The order of siblings. The only place that names petgraph.
//!
//! Knows nothing but who waits for whom.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use petgraph::Direction::Incoming;
use petgraph::graph::{DiGraph, NodeIndex};

use super::graph::{Graph, NodeId};

impl Graph {
    /// The slots of a group's children in an order in which each comes after what it waits for, and else in file order.
    #[must_use]
    pub fn order(&self, group: NodeId) -> Vec<u32> {
        let Some(inside) = self.group(group) else { return Vec::new() };
        let count = inside.children.len();
        let mut siblings = DiGraph::<(), (), u32>::with_capacity(count, count);
        let nodes: Vec<NodeIndex> = inside.children.iter().map(|_| siblings.add_node(())).collect();
        for (&child, &waiting) in inside.children.iter().zip(&nodes) {
            let node = self.node(child);
            for before in node.predecessors() {
                siblings.add_edge(nodes[before as usize], waiting, ());
            }
        }
        in_order(&siblings)
    }
}

/// Of those that wait for nobody any more, always the first.
fn in_order(siblings: &DiGraph<(), (), u32>) -> Vec<u32> {
    let mut waits: Vec<usize> = siblings
        .node_indices()
        .map(|node| siblings.edges_directed(node, Incoming).count())
        .collect();
    let free = siblings.node_indices().filter(|node| waits[node.index()] == 0);
    let mut free: BinaryHeap<Reverse<NodeIndex>> = free.map(Reverse).collect();
    let mut order = Vec::with_capacity(waits.len());
    while let Some(Reverse(node)) = free.pop() {
        order.push(u32::try_from(node.index()).expect("the graph counts its nodes in 32 bits"));
        for next in siblings.neighbors(node) {
            waits[next.index()] -= 1;
            if waits[next.index()] == 0 {
                free.push(Reverse(next));
            }
        }
    }
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn file_order_holds_where_nobody_waits() {
        let mut siblings = DiGraph::<(), (), u32>::default();
        let nodes: Vec<NodeIndex> = (0..5).map(|_| siblings.add_node(())).collect();
        siblings.add_edge(nodes[4], nodes[1], ());
        siblings.add_edge(nodes[4], nodes[1], ());
        siblings.add_edge(nodes[1], nodes[0], ());
        assert_eq!(in_order(&siblings), [2, 3, 4, 1, 0]);
    }
}
