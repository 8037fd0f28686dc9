//! The laboratory from outside: its commands on a folder, one process each.
//!
//! Nothing here sleeps: a process under test is stopped at a border between two stages by `--step`.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod audit;
mod cloning;
mod delivery;
mod faults;
mod kb328810;
mod keeping;
mod lab;
mod moving;
mod postoffice;
mod runbooks;
mod settings;
mod setup;
mod tools;
