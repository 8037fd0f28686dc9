//! [`Runbook`](crate::spec::model::Runbook) and parameters → plan: what there is to do, and in which order.
//!
//! Does not know runs or journals.

pub mod graph;
