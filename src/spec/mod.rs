//! Text → [`model::Runbook`]: reading, locating, decoding and checking what an author wrote.
//!
//! Does not know plans, runs or the clock.

mod check;
pub mod codes;
mod decode;
pub mod finding;
pub mod inputs;
pub mod keys;
pub mod load;
mod locate;
pub mod model;
pub mod near;
pub mod params;
pub mod policy;
mod scalar;
pub mod schema;
pub mod surround;
mod suspect;
pub mod template;
mod typed;
pub mod window;
mod yaml;
