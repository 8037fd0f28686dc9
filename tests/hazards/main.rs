//! The naive runbooks are guilty: with the fault of their article armed they lose mail, by the laboratory's own audit. Those that
//! are shipped lose none with the same faults.
//!
//! Does not look at what a run says of itself; the audit is the only judge. Without the fault the same runbook loses
//! nothing, so that it is the hazard that is shown and no mistake in the runbook.

#![expect(clippy::unwrap_used, reason = "what a test cannot do without may stop it")]

mod bench;
mod document;
mod kb328810;
mod kb842101;
mod killed;
mod operator;
mod q190423;
mod q252869;
mod q277911;
mod settings;
mod stream;
mod tools;
