//! Whether one node of a graph reaches another, for many pairs at once.
//!
//! Does not know what the nodes are; the graph has no cycle.

use std::collections::HashMap;

/// Targets that are looked for at the same time, a bit each.
const AT_ONCE: usize = u64::BITS as usize;

/// For each pair whether its first node reaches its second over one edge or more.
pub(super) fn reach(edges: &[Vec<u32>], pairs: &[(u32, u32)]) -> Vec<bool> {
    let order = Order::new(edges);
    let mut by_target: HashMap<u32, Vec<usize>> = HashMap::new();
    for (index, (_, to)) in pairs.iter().enumerate() {
        by_target.entry(*to).or_default().push(index);
    }
    let mut targets: Vec<u32> = by_target.keys().copied().collect();
    targets.sort_unstable_by_key(|&target| order.position[target as usize]);

    let mut answers = vec![false; pairs.len()];
    let mut reached = vec![0u64; edges.len()];
    for targets in targets.chunks(AT_ONCE) {
        let asked = || targets.iter().flat_map(|target| &by_target[target]);
        let first = order.position[targets[0] as usize];
        let last = asked().map(|&index| order.position[pairs[index].0 as usize]).max().unwrap_or(0);
        let bits: HashMap<u32, u64> =
            targets.iter().zip(0..).map(|(&target, bit)| (target, 1 << bit)).collect();
        // What comes earlier than the first target cannot reach any, so its bits of an earlier round must not count.
        let bit = |node: u32| bits.get(&node).copied().unwrap_or(0);
        let nodes = order.nodes.get(first..=last).unwrap_or_default();
        for &node in nodes {
            reached[node as usize] = edges[node as usize]
                .iter()
                .filter(|&&to| order.position[to as usize] >= first)
                .fold(0, |bits, &to| bits | reached[to as usize] | bit(to));
        }
        for &index in asked() {
            let (from, to) = pairs[index];
            answers[index] = order.position[from as usize] > order.position[to as usize]
                && reached[from as usize] & bit(to) != 0;
        }
    }
    answers
}

/// The nodes, each behind all that it has edges to.
struct Order {
    nodes: Vec<u32>,
    position: Vec<usize>,
}

impl Order {
    fn new(edges: &[Vec<u32>]) -> Order {
        let mut backward = vec![Vec::new(); edges.len()];
        let mut open: Vec<usize> = edges.iter().map(Vec::len).collect();
        for (from, targets) in (0u32..).zip(edges) {
            for &to in targets {
                backward[to as usize].push(from);
            }
        }
        let mut nodes: Vec<u32> =
            (0u32..).zip(&open).filter(|(_, open)| **open == 0).map(|(node, _)| node).collect();
        let mut next = 0;
        while let Some(&node) = nodes.get(next) {
            next += 1;
            for &from in &backward[node as usize] {
                open[from as usize] -= 1;
                if open[from as usize] == 0 {
                    nodes.push(from);
                }
            }
        }
        let mut position = vec![0; edges.len()];
        nodes.iter().enumerate().for_each(|(index, &node)| position[node as usize] = index);
        Order { nodes, position }
    }
}

#[cfg(test)]
mod tests {
    use rand::{RngExt, SeedableRng};

    use super::*;

    #[test]
    fn random_graphs_agree_with_a_plain_search() {
        let mut random = rand_chacha::ChaCha8Rng::seed_from_u64(7);
        for _ in 0..20 {
            let nodes = 150u32;
            let edges: Vec<Vec<u32>> = (0..nodes)
                .map(|from| (0..from).filter(|_| random.random_range(0..60) == 0).collect())
                .collect();
            let pairs: Vec<(u32, u32)> =
                (0..nodes).flat_map(|from| (0..nodes).map(move |to| (from, to))).collect();
            let answers = reach(&edges, &pairs);
            for (pair, answer) in pairs.iter().zip(answers) {
                assert_eq!(answer, plain(&edges, pair.0, pair.1), "{pair:?} {edges:?}");
            }
        }
    }

    fn plain(edges: &[Vec<u32>], from: u32, to: u32) -> bool {
        edges[from as usize].iter().any(|&next| next == to || (next > to && plain(edges, next, to)))
    }
}
