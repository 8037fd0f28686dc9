//! The order of siblings. The only place that names petgraph.
//!
//! Knows nothing but who waits for whom.

use petgraph::graph::DiGraph;
use petgraph::visit::Topo;

use super::graph::{Graph, NodeId};

impl Graph {
    /// The slots of a group's children in an order in which each comes after what it waits for.
    #[must_use]
    pub fn order(&self, group: NodeId) -> Vec<u32> {
        let Some(inside) = self.group(group) else { return Vec::new() };
        let mut siblings =
            DiGraph::<u32, (), u32>::with_capacity(inside.children.len(), inside.children.len());
        let nodes: Vec<_> =
            (0..).take(inside.children.len()).map(|slot| siblings.add_node(slot)).collect();
        // Topo takes the latest of those that are free, so that file order comes out if edges and nodes go in backwards.
        for (slot, &child) in inside.children.iter().enumerate() {
            let node = self.node(child);
            for &before in node.needs.iter().chain(&node.after) {
                siblings.add_edge(nodes[before as usize], nodes[slot], ());
            }
        }
        let mut order = Vec::with_capacity(nodes.len());
        let mut topo = Topo::new(&siblings);
        while let Some(node) = topo.next(&siblings) {
            order.push(siblings[node]);
        }
        order
    }
}
