//! Times at which somebody wants to be woken.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Duration;

use jiff::Timestamp;

use crate::core::state::InstanceId;

/// The times that are still to come.
#[derive(Debug, Default)]
pub(super) struct Timers {
    heap: BinaryHeap<Reverse<(Timestamp, InstanceId)>>,
}

impl Timers {
    pub(super) fn set(&mut self, at: Timestamp, instance: InstanceId) {
        self.heap.push(Reverse((at, instance)));
    }

    /// How long it is until the next one.
    pub(super) fn next_in(&self, now: Timestamp) -> Option<Duration> {
        self.heap.peek().map(|Reverse((at, _))| {
            Duration::try_from(at.duration_since(now)).unwrap_or(Duration::ZERO)
        })
    }

    /// Takes those whose time has come.
    pub(super) fn due(&mut self, now: Timestamp) -> impl Iterator<Item = InstanceId> {
        let mut due = Vec::new();
        while let Some(Reverse((at, instance))) = self.heap.peek().copied() {
            if at > now {
                break;
            }
            self.heap.pop();
            due.push(instance);
        }
        due.into_iter()
    }
}
