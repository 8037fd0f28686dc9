//! A journal with a durable beginning and a tail that a power cut may take away.
//!
//! Keeps lines of text, so that every replay also goes through the records' written form.

use std::sync::Arc;

use jiff::Timestamp;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use windlass::core::record::Record;
use windlass::core::state::State;
use windlass::plan::graph::Graph;

/// The journal of a simulated run.
#[derive(Debug, Default)]
pub(crate) struct Journal {
    lines: Vec<(Timestamp, String)>,
    synced: usize,
}

impl Journal {
    pub(crate) fn append(&mut self, at: Timestamp, record: &Record) -> Result<(), String> {
        let line = serde_json::to_string(record).map_err(|error| error.to_string())?;
        self.lines.push((at, line));
        Ok(())
    }

    pub(crate) fn len(&self) -> usize {
        self.lines.len()
    }

    pub(crate) fn sync(&mut self) {
        self.synced = self.lines.len();
    }

    /// How many records from the beginning outlive a power cut.
    pub(crate) fn synced(&self) -> usize {
        self.synced
    }

    /// Whether the record of a job's start would outlive a power cut.
    pub(crate) fn has_synced_start(&self, task: &str, attempt: u32) -> bool {
        self.lines[..self.synced].iter().rev().any(|(_, line)| {
            matches!(
                serde_json::from_str(line),
                Ok(Record::JobStarting { task: of, attempt: number, .. })
                    if of.as_ref() == task && number == attempt
            )
        })
    }

    /// The power goes: of what was not synced, any part from its beginning may have reached the disk.
    pub(crate) fn power_cut(&mut self, rng: &mut ChaCha8Rng) {
        let left = rng.random_range(self.synced..=self.lines.len());
        self.lines.truncate(left);
        self.synced = left;
    }

    /// What the records add up to.
    pub(crate) fn replay(&self, graph: &Arc<Graph>) -> Result<State, String> {
        self.add_up(graph, self.lines.len())
    }

    /// What is left of that after a power cut.
    pub(crate) fn replay_synced(&self, graph: &Arc<Graph>) -> Result<State, String> {
        self.add_up(graph, self.synced)
    }

    fn add_up(&self, graph: &Arc<Graph>, count: usize) -> Result<State, String> {
        let mut state = State::new(graph.clone());
        for (at, line) in &self.lines[..count] {
            let record = read(line)?;
            state.apply(*at, &record).map_err(|unfit| format!("on replay: {unfit}: {line}"))?;
        }
        Ok(state)
    }

    /// What is written, in order.
    pub(crate) fn records(&self) -> Result<Vec<Record>, String> {
        self.lines.iter().map(|(_, line)| read(line)).collect()
    }
}

fn read(line: &str) -> Result<Record, String> {
    serde_json::from_str(line)
        .map_err(|error| format!("a written record cannot be read: {error}: {line}"))
}
