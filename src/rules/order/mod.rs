//! What comes too early, or reads what may not be there: a file for each rule.
//!
//! Does not know who runs the rules.

pub(super) mod early_unfreeze;
pub(super) mod failed_output;
pub(super) mod unheeded_check;
pub(super) mod unswept_source;

use super::kind;
use super::shape::Shape;
use crate::spec::model::{Body, Step};

/// The steps that bring data to another place.
fn brought(shape: &Shape<'_>) -> Vec<usize> {
    (0..shape.nodes.len()).filter(|&number| kind::brings(shape.nodes[number].kind)).collect()
}

/// Whether a step has a verification of its own, or its driver's.
pub(super) fn verifies_itself(step: &Step) -> bool {
    let Body::Action(work) = &step.body else { return false };
    !work.verify.is_empty() || work.target().is_some_and(|action| !action.work.verify.is_empty())
}

/// Whether one step cannot begin unless another has succeeded: nothing lets it be skipped.
pub(super) fn always_before(shape: &Shape<'_>, first: usize, then: usize) -> bool {
    let Some((outer, _)) = shape.siblings(first, then) else { return false };
    let mut inside = shape.chain(first).take_while(|&at| at != outer).chain([outer]);
    inside.all(|at| shape.nodes[at].step.when.is_none()) && shape.done_before(first, then)
}
