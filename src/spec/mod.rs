//! Text → [`model::Runbook`]: reading, locating, decoding and checking what an author wrote.
//!
//! Does not know plans, runs or the clock.

pub mod model;
pub mod template;
