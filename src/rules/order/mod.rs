//! What comes too early, or reads what may not be there: a file for each rule.
//!
//! Does not know who runs the rules.

pub(super) mod early_unfreeze;
pub(super) mod failed_output;
pub(super) mod unheeded_check;
pub(super) mod unswept_source;
