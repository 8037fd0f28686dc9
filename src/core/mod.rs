//! A run as a deterministic state machine: records in, records and effects out.
//!
//! Knows no files, no processes, no clock, no threads and no YAML. [`State::apply`](state::State::apply) is the only mutator,
//! [`Machine::handle`](machine::Machine::handle) the only decision, and replaying a journal is the same `apply`.

pub mod apply;
pub mod claim;
mod debt;
pub mod evaluate;
pub mod expressions;
pub mod facts;
pub mod job;
pub mod machine;
pub mod preview;
pub mod question;
pub mod record;
pub mod recover;
pub mod setting;
mod settle;
pub mod standing;
pub mod state;
mod tagged;
