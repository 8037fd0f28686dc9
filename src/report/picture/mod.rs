//! The picture of a plan or a run as SVG: groups as boxes, settings as brackets around what they protect.
//!
//! Does not know files, terminals or fonts; it is legible with whatever fonts are there, on light and on dark pages.

mod draw;
mod figure;
mod fold;
mod layers;
mod place;

use crate::core::standing::TaskStanding;
use crate::plan::Plan;
use crate::plan::graph::NodeId;

/// How the tasks of a step stand in a run: how many stand so, those first that need most attention.
pub type Tally = Vec<(TaskStanding, u32)>;

/// What a run adds to a picture, by number of the node; nothing for a plan.
pub type Standings<'a> = &'a dyn Fn(NodeId) -> Tally;

/// A plan or a run as a picture. The direction is chosen so that it is not too wide to be read.
#[must_use]
pub fn svg(plan: &Plan, standings: Standings<'_>) -> String {
    let figure = fold::fold(figure::figure(plan, NodeId::ROOT, standings, true));
    let (down, across) =
        (place::place(&figure, place::Flow::Down), place::place(&figure, place::Flow::Right));
    // A page scrolls down: a picture that is higher is better than one that is wider than a page.
    let placed = if down.width <= PAGE_WIDTH.max(across.width) { down } else { across };
    draw::draw(plan, &figure, &placed)
}

/// How wide a picture may be and still be read on a page, in pixels.
const PAGE_WIDTH: f64 = 960.0;
