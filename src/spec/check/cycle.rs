//! A shortest cycle in a graph.
//!
//! Does not know what the nodes are.

use std::collections::VecDeque;

/// Edges that may be followed in the search for a shorter cycle than one that is known.
const WORK_MAX: usize = 5_000_000;

/// A cycle, each node before the one that it has an edge to, beginning with its smallest node; nothing if there is none.
///
/// It is a shortest one, unless the graph is so large and so knotted that looking at every way would take seconds.
pub(super) fn shortest(edges: &[Vec<u32>]) -> Option<Vec<u32>> {
    let left = Knot::new(edges);
    let mut best: Option<Vec<u32>> = None;
    let mut search = Search::new(edges.len());
    for start in (0..edges.len()).filter(|&node| left.alive[node]) {
        // A cycle without a branch is found from any of its nodes, every other one from one of its branches.
        if left.out[start] < 2 && search.followed[start] {
            continue;
        }
        let shorter_than = best.as_ref().map_or(usize::MAX, Vec::len);
        let found = if left.out[start] < 2 {
            search.follow(edges, &left, start)
        } else {
            search.from(edges, &left, start, shorter_than)
        };
        if let Some(found) = found
            && found.len() < shorter_than
        {
            best = Some(found);
        }
        if search.work > WORK_MAX && best.is_some() {
            break;
        }
    }
    best.map(from_smallest)
}

fn from_smallest(mut cycle: Vec<u32>) -> Vec<u32> {
    let smallest =
        cycle.iter().enumerate().min_by_key(|(_, node)| **node).map_or(0, |(index, _)| index);
    cycle.rotate_left(smallest);
    cycle
}

/// What is left of a graph when everything that only leads into cycles or out of them is taken away.
struct Knot {
    alive: Vec<bool>,
    /// Edges to nodes that are alive.
    out: Vec<u32>,
}

impl Knot {
    fn new(edges: &[Vec<u32>]) -> Knot {
        let mut backward = vec![Vec::new(); edges.len()];
        for (from, targets) in edges.iter().enumerate() {
            for &to in targets {
                backward[to as usize]
                    .push(u32::try_from(from).expect("nodes are numbered in 32 bits"));
            }
        }
        let mut alive = vec![true; edges.len()];
        let out = peel(edges, &backward, &mut alive);
        peel(&backward, edges, &mut alive);
        // Peeling the other way has taken targets away.
        let out = match alive.iter().any(|alive| *alive) {
            true => edges
                .iter()
                .map(|targets| targets.iter().filter(|&&to| alive[to as usize]).count())
                .map(|count| u32::try_from(count).unwrap_or(u32::MAX))
                .collect(),
            false => out,
        };
        Knot { alive, out }
    }
}

/// Takes away nodes without edges to what is left, until there are none.
fn peel(edges: &[Vec<u32>], backward: &[Vec<u32>], alive: &mut [bool]) -> Vec<u32> {
    let count = |targets: &Vec<u32>, alive: &[bool]| {
        let count = targets.iter().filter(|&&to| alive[to as usize]).count();
        u32::try_from(count).unwrap_or(u32::MAX)
    };
    let mut out: Vec<u32> = edges.iter().map(|targets| count(targets, alive)).collect();
    let mut ends: Vec<usize> =
        (0..edges.len()).filter(|&node| alive[node] && out[node] == 0).collect();
    while let Some(node) = ends.pop() {
        alive[node] = false;
        for &from in &backward[node] {
            let from = from as usize;
            out[from] -= 1;
            if alive[from] && out[from] == 0 {
                ends.push(from);
            }
        }
    }
    out
}

struct Search {
    /// Nodes without a branch from which has been followed.
    followed: Vec<bool>,
    /// The node before on a shortest way, valid where the round is the present one.
    before: Vec<(u32, u32)>,
    round: u32,
    work: usize,
}

impl Search {
    fn new(nodes: usize) -> Search {
        Search { followed: vec![false; nodes], before: vec![(0, 0); nodes], round: 0, work: 0 }
    }

    /// Follows the only edges until they meet a branch, or the way itself: then it is a cycle.
    fn follow(&mut self, edges: &[Vec<u32>], left: &Knot, start: usize) -> Option<Vec<u32>> {
        let (mut way, mut node) = (Vec::new(), start);
        while left.out[node] < 2 && !self.followed[node] {
            self.followed[node] = true;
            way.push(number(node));
            node = *edges[node].iter().find(|&&to| left.alive[to as usize])? as usize;
        }
        let first = way.iter().position(|&passed| passed == number(node))?;
        Some(way.split_off(first))
    }

    /// A shortest cycle through a node, if it is shorter than the one that is known.
    fn from(
        &mut self,
        edges: &[Vec<u32>],
        left: &Knot,
        start: usize,
        shorter_than: usize,
    ) -> Option<Vec<u32>> {
        self.round += 1;
        let mut queue = VecDeque::from([(start, 1)]);
        while let Some((node, length)) = queue.pop_front() {
            if length >= shorter_than {
                return None;
            }
            self.work += edges[node].len();
            for &to in edges[node].iter().filter(|&&to| left.alive[to as usize]) {
                if to as usize == start {
                    return Some(self.way(start, node));
                }
                if self.before[to as usize].0 != self.round {
                    self.before[to as usize] = (self.round, number(node));
                    queue.push_back((to as usize, length + 1));
                }
            }
        }
        None
    }

    fn way(&self, start: usize, end: usize) -> Vec<u32> {
        let mut way = vec![number(end)];
        let mut node = end;
        while node != start {
            node = self.before[node].1 as usize;
            way.push(number(node));
        }
        way.reverse();
        way
    }
}

fn number(node: usize) -> u32 {
    u32::try_from(node).expect("nodes are numbered in 32 bits")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shortest_cycle_is_found() {
        for (edges, expected) in [
            (vec![], None),
            (vec![vec![], vec![0], vec![0, 1]], None),
            (vec![vec![0]], Some(vec![0])),
            (vec![vec![1], vec![2], vec![0]], Some(vec![0, 1, 2])),
            // A long cycle with a short cut, entered by 5 and left for 6.
            (
                vec![vec![1], vec![2], vec![3], vec![4, 1, 6], vec![0], vec![0], vec![]],
                Some(vec![1, 2, 3]),
            ),
            // Two cycles apart from each other; the shorter one comes later.
            (vec![vec![1], vec![2], vec![0], vec![4], vec![3]], Some(vec![3, 4])),
            // A way from one cycle into another.
            (vec![vec![1], vec![0, 2], vec![3], vec![2]], Some(vec![0, 1])),
        ] {
            assert_eq!(shortest(&edges), expected, "{edges:?}");
        }
    }

    #[test]
    fn every_small_graph_agrees_with_a_plain_search() {
        for bits in 0u32..1 << 16 {
            let edge = |from: u32, to: u32| bits >> (from * 4 + to) & 1 == 1;
            let edges: Vec<Vec<u32>> =
                (0..4).map(|from| (0..4).filter(|&to| edge(from, to)).collect()).collect();
            let found = shortest(&edges);
            assert_eq!(found.as_ref().map(Vec::len), plain(&edges), "{edges:?}");
            if let Some(cycle) = found {
                let closed = cycle.iter().zip(cycle.iter().cycle().skip(1));
                assert!(
                    closed.into_iter().all(|(from, to)| edges[*from as usize].contains(to)),
                    "{edges:?}"
                );
            }
        }
    }

    /// The length of a shortest cycle, by powers of the matrix.
    fn plain(edges: &[Vec<u32>]) -> Option<usize> {
        let mut ways: Vec<Vec<bool>> =
            edges.iter().map(|targets| (0..4).map(|to| targets.contains(&to)).collect()).collect();
        for length in 1..=4 {
            if (0..4).any(|node| ways[node][node]) {
                return Some(length);
            }
            ways = ways
                .iter()
                .map(|row| {
                    (0..4)
                        .map(|to| (0..4).any(|via| row[via] && edges[via].contains(&(to as u32))))
                        .collect()
                })
                .collect();
        }
        None
    }
}
