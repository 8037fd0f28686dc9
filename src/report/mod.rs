//! Records → what people and programs read about a run: its status, its pictures.
//!
//! Derives everything from the state and the plan; looks at no clock and starts nothing.

pub mod claims;
pub mod forecast;
pub mod graph;
pub mod history;
pub mod locks;
pub mod next;
pub mod overview;
pub mod picture;
pub mod planned;
pub mod schema;
pub mod setting;
pub mod shell;
pub mod stale;
pub mod status;
pub mod task;
pub mod time;
pub mod usual;
