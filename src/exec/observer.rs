//! What whoever watches a run is told.

use jiff::Timestamp;

use crate::core::record::Record;
use crate::core::state::State;

/// A record that was written.
#[derive(Debug, Clone)]
pub struct Fact {
    /// Its number in the journal.
    pub seq: u64,
    /// When it became known.
    pub at: Timestamp,
    /// The record.
    pub record: Record,
}

/// Watches a run. It can change nothing, and whatever fails while it shows something is its own affair.
pub trait Observer {
    /// A record was written; `state` already contains it.
    fn fact(&mut self, fact: &Fact, state: &State);

    /// Time has passed.
    fn tick(&mut self, state: &State, now: Timestamp) {
        let _ = (state, now);
    }

    /// Something went wrong that is no fact of the run.
    fn warn(&mut self, text: &str) {
        let _ = text;
    }

    /// The terminal is gone: say nothing more on it.
    fn detach(&mut self) {}
}
