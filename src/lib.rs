//! windlass: a declarative runbook executor for work that must not be dropped.
//!
//! Data flows one way: text → [`spec::model::Runbook`] → [`plan`] → [`core`] machine → records → journal → everything that people see.

pub mod core;
pub mod diag;
pub mod journal;
pub mod keeper;
pub mod lock;
pub mod plan;
pub mod spec;
