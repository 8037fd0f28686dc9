//! The real keeper, in a process of its own, under executors that come and go.
//!
//! Nothing here waits for time to pass: tests wait for reports, for fifos, and for the locks that processes hold.

#![allow(clippy::unwrap_used)]

#[path = "keeper/harness.rs"]
mod harness;

#[path = "keeper/adopting.rs"]
mod adopting;
#[path = "keeper/ending.rs"]
mod ending;
#[path = "keeper/spare.rs"]
mod spare;
#[path = "keeper/starting.rs"]
mod starting;
#[path = "keeper/stopping.rs"]
mod stopping;
