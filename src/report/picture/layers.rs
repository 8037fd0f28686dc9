//! Items in layers, each below those that it waits for, with few crossings. The only file that names rust_sugiyama.
//!
//! Does not know what the items are: only how wide and how high each is, and which arrows join them.

use std::collections::BTreeMap;

use rust_sugiyama::configure::{Config, RankingType};

/// Room between two items of a layer, in pixels.
const BESIDE: f64 = 22.0;
/// Room between two layers, in which arrows change their lane.
const BETWEEN: f64 = 34.0;
/// Parts that are joined by no arrow are put beside each other up to about this width.
const ROW_WIDTH: f64 = 820.0;

/// Of more items and lanes crossings are not looked for as carefully: that takes too long, and nobody could follow them.
const CAREFUL_MAX: usize = 400;
/// More items and lanes stand in the order of the file.
const ORDERED_MAX: usize = 3_000;

/// Where everything is; the upper left corner is (0, 0).
#[derive(Debug, Default)]
pub(super) struct Layers {
    /// The upper left corner of each item.
    pub(super) corners: Vec<(f64, f64)>,
    /// For each arrow the points that it goes through, from its first item to its second one; it changes its lane in every
    /// second stretch.
    pub(super) ways: Vec<Vec<(f64, f64)>>,
    pub(super) width: f64,
    pub(super) height: f64,
}

/// Puts items of these sizes into layers.
pub(super) fn layers(sizes: &[(f64, f64)], arrows: &[(usize, usize)]) -> Layers {
    let mut all = Layers {
        corners: vec![(0.0, 0.0); sizes.len()],
        ways: vec![Vec::new(); arrows.len()],
        ..Layers::default()
    };
    let (mut left, mut top, mut row_height) = (0.0f64, 0.0f64, 0.0f64);
    for part in parts(sizes.len(), arrows) {
        let placed = part_in_layers(&part, sizes, arrows);
        if left > 0.0 && left + placed.width > ROW_WIDTH {
            (left, top, row_height) = (0.0, top + row_height + BESIDE, 0.0);
        }
        for (item, (x, y)) in placed.corners {
            all.corners[item] = (x + left, y + top);
        }
        for (arrow, way) in placed.ways {
            all.ways[arrow] = way.into_iter().map(|(x, y)| (x + left, y + top)).collect();
        }
        all.width = all.width.max(left + placed.width);
        row_height = row_height.max(placed.height);
        all.height = all.height.max(top + placed.height);
        left += placed.width + BESIDE;
    }
    all
}

/// Items that arrows join with each other.
struct Part {
    items: Vec<usize>,
    arrows: Vec<usize>,
}

fn parts(count: usize, arrows: &[(usize, usize)]) -> Vec<Part> {
    let mut of: Vec<usize> = (0..count).collect();
    fn root(of: &mut [usize], mut at: usize) -> usize {
        while of[at] != at {
            of[at] = of[of[at]];
            at = of[at];
        }
        at
    }
    for (from, to) in arrows {
        let (one, other) = (root(&mut of, *from), root(&mut of, *to));
        of[one.max(other)] = one.min(other);
    }
    let mut parts: BTreeMap<usize, Part> = BTreeMap::new();
    for item in 0..count {
        let part = parts.entry(root(&mut of, item));
        part.or_insert_with(|| Part { items: Vec::new(), arrows: Vec::new() }).items.push(item);
    }
    for (number, (from, _)) in arrows.iter().enumerate() {
        if let Some(part) = parts.get_mut(&root(&mut of, *from)) {
            part.arrows.push(number);
        }
    }
    parts.into_values().collect()
}

/// A part that has its places.
struct Placed {
    corners: Vec<(usize, (f64, f64))>,
    ways: Vec<(usize, Vec<(f64, f64)>)>,
    width: f64,
    height: f64,
}

fn part_in_layers(part: &Part, sizes: &[(f64, f64)], arrows: &[(usize, usize)]) -> Placed {
    let layer = layer_of(part, sizes.len(), arrows);
    let count = part.items.iter().map(|item| layer[*item] + 1).max().unwrap_or(0);
    let mut heights = vec![0.0f64; count];
    part.items
        .iter()
        .for_each(|item| heights[layer[*item]] = heights[layer[*item]].max(sizes[*item].1));
    let tops: Vec<f64> = heights
        .iter()
        .scan(0.0, |top, height| Some(std::mem::replace(top, *top + height + BETWEEN)))
        .collect();
    let (lanes, centers) = lanes(part, sizes, arrows, &layer);

    // A lane may be farther out than all items, and what stands beside this part must not stand in it.
    let items = part.items.iter().map(|item| (centers[item], sizes[*item].0 / 2.0));
    let spans = items.chain(lanes.values().flatten().map(|lane| (centers[lane], 0.0)));
    let (left, right) = spans
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(left, right), (middle, half)| {
            (left.min(middle - half), right.max(middle + half))
        });
    let center = |vertex: usize| centers[&vertex] - left;
    let top = |item: usize| tops[layer[item]] + (heights[layer[item]] - sizes[item].1) / 2.0;
    let corners = part
        .items
        .iter()
        .map(|item| (*item, (center(*item) - sizes[*item].0 / 2.0, top(*item))))
        .collect();
    let ways = part.arrows.iter().map(|number| {
        let (from, to) = arrows[*number];
        let bottom = tops[layer[from]] + heights[layer[from]];
        let mut way = vec![(center(from), top(from) + sizes[from].1), (center(from), bottom)];
        for (between, lane) in
            (layer[from] + 1..layer[to]).zip(lanes.get(number).into_iter().flatten())
        {
            way.extend(
                [tops[between], tops[between] + heights[between]].map(|y| (center(*lane), y)),
            );
        }
        way.extend([(center(to), tops[layer[to]]), (center(to), top(to))]);
        (*number, way)
    });
    let height = tops.last().zip(heights.last()).map_or(0.0, |(top, height)| top + height);
    Placed { corners, ways: ways.collect(), width: right - left, height }
}

/// The layer of each item: as far down as the longest way to it is long, and what waits for nothing right above what waits for it.
fn layer_of(part: &Part, count: usize, arrows: &[(usize, usize)]) -> Vec<usize> {
    let mut layer = vec![0; count];
    // Nobody waits for itself, so this settles after as many rounds as the longest way has arrows.
    loop {
        let mut settled = true;
        for (from, to) in part.arrows.iter().map(|number| arrows[*number]) {
            if layer[to] <= layer[from] {
                layer[to] = layer[from] + 1;
                settled = false;
            }
        }
        if settled {
            break;
        }
    }
    for item in &part.items {
        let of = || part.arrows.iter().map(|number| arrows[*number]);
        let first = of().filter(|(from, _)| from == item).map(|(_, to)| layer[to]).min();
        if let Some(first) = first.filter(|_| of().all(|(_, to)| to != *item)) {
            layer[*item] = first - 1;
        }
    }
    layer
}

/// The lanes that long arrows take through the layers between, and the middle of every item and lane from left to right.
fn lanes(
    part: &Part,
    sizes: &[(f64, f64)],
    arrows: &[(usize, usize)],
    layer: &[usize],
) -> (BTreeMap<usize, Vec<usize>>, BTreeMap<usize, f64>) {
    let mut lanes: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    let mut vertices: Vec<Vertex> = part
        .items
        .iter()
        .map(|item| Vertex { number: *item, layer: layer[*item], width: sizes[*item].0 + BESIDE })
        .collect();
    let mut edges = Vec::new();
    let mut next = sizes.len();
    for number in &part.arrows {
        let (from, to) = arrows[*number];
        let mut last = from;
        for layer in layer[from] + 1..layer[to] {
            vertices.push(Vertex { number: next, layer, width: BESIDE });
            edges.push((short(last), short(next)));
            lanes.entry(*number).or_default().push(next);
            (last, next) = (next, next + 1);
        }
        edges.push((short(last), short(to)));
    }
    let wished = wished(&vertices, &edges);
    let mut rows: BTreeMap<usize, Vec<(f64, Vertex)>> = BTreeMap::new();
    for (vertex, wish) in vertices.into_iter().zip(wished) {
        rows.entry(vertex.layer).or_default().push((wish, vertex));
    }
    (lanes, rows.into_values().flat_map(apart).collect())
}

/// An item, or the place where a lane goes through a layer.
#[derive(Clone, Copy)]
struct Vertex {
    number: usize,
    layer: usize,
    width: f64,
}

/// Where the middle of each vertex should be, for few crossings and straight ways.
fn wished(vertices: &[Vertex], edges: &[(u32, u32)]) -> Vec<f64> {
    let sized: Vec<(u32, (f64, f64))> =
        vertices.iter().map(|vertex| (short(vertex.number), (vertex.width, 1.0))).collect();
    // Every arrow joins two neighbouring layers by now, so the shortest arrows give these layers again.
    let config = Config {
        ranking_type: RankingType::MinimizeEdgeLength,
        transpose: vertices.len() <= CAREFUL_MAX,
        vertex_spacing: 0.0,
        ..Config::default()
    };
    let mut wished = vec![0.0; vertices.len()];
    if vertices.len() > ORDERED_MAX {
        return wished;
    }
    for (places, _, _) in rust_sugiyama::from_vertices_and_edges(&sized, edges, &config) {
        // It answers with positions in the list of vertices.
        places.into_iter().for_each(|(position, (x, _))| wished[position] = x);
    }
    wished
}

/// The vertices of a layer in their order, as near to where they should be as can be without lying on each other.
fn apart(mut row: Vec<(f64, Vertex)>) -> Vec<(usize, f64)> {
    row.sort_by(|one, other| one.0.total_cmp(&other.0).then(one.1.number.cmp(&other.1.number)));
    // Seen from where each would be if all stood close together, they must only not change their order. Neighbours that would are
    // put at their common middle, again and again: that moves them least.
    let mut offsets = Vec::with_capacity(row.len());
    let mut blocks: Vec<(f64, f64)> = Vec::new();
    let mut offset = 0.0;
    for (number, (wish, vertex)) in row.iter().enumerate() {
        offset +=
            if number == 0 { 0.0 } else { f64::midpoint(row[number - 1].1.width, vertex.width) };
        offsets.push(offset);
        let mut block = (wish - offset, 1.0);
        while let Some((middle, count)) = blocks.pop_if(|(middle, _)| *middle > block.0) {
            block = ((middle * count + block.0 * block.1) / (count + block.1), count + block.1);
        }
        blocks.push(block);
    }
    let mut placed = Vec::with_capacity(row.len());
    let mut members = row.iter().zip(offsets);
    for (middle, count) in blocks {
        let mut left = count;
        while left > 0.5
            && let Some(((_, vertex), offset)) = members.next()
        {
            placed.push((vertex.number, middle + offset));
            left -= 1.0;
        }
    }
    placed
}

fn short(number: usize) -> u32 {
    u32::try_from(number).expect("a plan numbers its nodes in 32 bits")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    type Graph = (Vec<(f64, f64)>, Vec<(usize, usize)>);

    /// Sizes, and arrows from an item to a later one, each at most once.
    fn graphs() -> impl Strategy<Value = Graph> {
        let sizes = prop::collection::vec((20.0..300.0, 20.0..200.0), 1..30);
        sizes.prop_flat_map(|sizes: Vec<(f64, f64)>| {
            let count = sizes.len();
            let arrows = prop::collection::btree_set((0..count, 0..count), 0..2 * count);
            let forward = |arrows: std::collections::BTreeSet<(usize, usize)>| {
                arrows.into_iter().filter(|(from, to)| from < to).collect()
            };
            (Just(sizes), arrows.prop_map(forward))
        })
    }

    /// An item that an arrow goes through, after the arrow.
    fn pierced(sizes: &[(f64, f64)], placed: &Layers) -> Option<(usize, usize)> {
        placed.ways.iter().enumerate().find_map(|(arrow, way)| {
            // Straight stretches go through layers, where the items are.
            way.chunks_exact(2).find_map(|lane| {
                let ((x, above), (_, below)) = (lane[0], lane[1]);
                let item = placed.corners.iter().zip(sizes).position(|((left, top), size)| {
                    let beside = x <= left + 0.1 || x >= left + size.0 - 0.1;
                    let apart = below <= top + 0.1 || above >= top + size.1 - 0.1;
                    !beside && !apart
                });
                Some((arrow, item?))
            })
        })
    }

    #[test]
    fn a_part_is_as_wide_as_its_outermost_lane() {
        let sizes = [
            (277.0, 34.0),
            (151.0, 111.0),
            (148.0, 164.0),
            (104.0, 110.0),
            (224.0, 99.0),
            (53.0, 197.0),
            (248.0, 165.0),
            (86.0, 153.0),
            (151.0, 77.0),
            (289.0, 157.0),
            (92.0, 189.0),
        ];
        // The way from 1 to 10 passes all others that are joined on their right, where 2 comes next, which is not.
        let arrows = [(0, 3), (0, 6), (1, 6), (1, 10), (6, 8), (6, 10), (8, 10)];
        assert_eq!(pierced(&sizes, &layers(&sizes, &arrows)), None);
    }

    proptest! {
        #[test]
        fn nothing_lies_on_anything_else((sizes, arrows) in graphs()) {
            let placed = layers(&sizes, &arrows);
            for (one, (x, y)) in placed.corners.iter().enumerate() {
                let (width, height) = sizes[one];
                prop_assert!(*x > -0.1 && *y > -0.1);
                prop_assert!(x + width < placed.width + 0.1 && y + height < placed.height + 0.1);
                for (other, (left, top)) in placed.corners.iter().enumerate().skip(one + 1) {
                    let beside = x + width <= *left || left + sizes[other].0 <= *x;
                    let above = y + height <= *top || top + sizes[other].1 <= *y;
                    prop_assert!(beside || above, "{one} on {other}");
                }
            }
        }

        #[test]
        fn arrows_lead_down_and_through_no_item((sizes, arrows) in graphs()) {
            let placed = layers(&sizes, &arrows);
            for ((from, to), way) in arrows.iter().zip(&placed.ways) {
                let (begin, end) = (way[0], way[way.len() - 1]);
                let middle = |item: usize| placed.corners[item].0 + sizes[item].0 / 2.0;
                prop_assert!((begin.0 - middle(*from)).abs() < 0.1 && (end.0 - middle(*to)).abs() < 0.1);
                prop_assert!(way.windows(2).all(|two| two[0].1 <= two[1].1 + 0.1), "{way:?}");
            }
            prop_assert_eq!(pierced(&sizes, &placed), None);
        }

        #[test]
        fn the_same_graph_is_drawn_the_same_way((sizes, arrows) in graphs()) {
            let (one, other) = (layers(&sizes, &arrows), layers(&sizes, &arrows));
            prop_assert_eq!(one.corners, other.corners);
            prop_assert_eq!(one.ways, other.ways);
        }
    }
}
