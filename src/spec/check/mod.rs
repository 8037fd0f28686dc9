//! Whether what was decoded fits together.
//!
//! Does not know values of parameters.

use super::finding::Findings;
use super::model::{Driver, Runbook};

/// Checks a runbook.
pub fn check(_runbook: &Runbook, _findings: &mut Findings) {}

/// Checks a driver by itself.
pub fn check_driver(_driver: &Driver, _findings: &mut Findings) {}
