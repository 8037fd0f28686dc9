//! windlass: a declarative runbook executor for work that must not be dropped.
//!
//! Data flows one way: text → [`spec::model::Runbook`] → [`plan`] → [`core`] machine → records → journal → everything that people see.

pub mod cli;
pub mod core;
pub mod diag;
pub mod exec;
pub mod journal;
pub mod keeper;
pub mod lock;
pub mod observe;
pub mod plan;
pub mod rehearse;
pub mod report;
pub mod rules;
pub mod spec;
