//! What should be a setting, and what a setting protects: a file for each rule.
//!
//! Does not know who runs the rules.

pub(super) mod outside;
pub(super) mod plain_change;
