//! What is dangerous to do again: a file for each rule.
//!
//! Does not know who runs the rules.

pub(super) mod moved_by_script;
pub(super) mod moved_twice;
pub(super) mod repeated_move;
pub(super) mod without_probe;
