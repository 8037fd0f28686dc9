//! Text → [`model::Runbook`]: reading, locating, decoding and checking what an author wrote.
//!
//! Does not know plans, runs or the clock.

pub mod inputs;
pub mod model;
pub mod near;
pub mod params;
pub mod schema;
pub mod template;
mod typed;
