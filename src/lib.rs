//! windlass: a declarative runbook executor for work that must not be dropped.
//!
//! Data flows one way: text → [`spec::model::Runbook`] → plan → machine → records → journal → everything that people see.

pub mod diag;
pub mod spec;
