//! How long the known rest of a run will take, from how long its steps took so far and how many ran side by side.
//!
//! Knows nothing of what waits for what; it is an estimate for people, and nothing is decided by it.

use std::time::Duration;

use jiff::Timestamp;

use super::printable::between;
use crate::plan::graph::NodeId;

/// The least work per time that is reckoned with, so that a slow start gives no absurd figure.
const PARALLEL_MIN: f64 = 0.05;

/// What is known of one step.
#[derive(Debug, Clone, Default)]
struct Step {
    remaining: usize,
    ended: u32,
    seconds: f64,
}

/// What is known of how fast a run goes.
#[derive(Debug, Default)]
pub(super) struct Pace {
    /// By number of the node.
    steps: Vec<Step>,
    began: Option<Timestamp>,
    /// Seconds of work that have ended since then.
    busy: f64,
}

impl Pace {
    /// Somebody begins to watch; later calls change nothing.
    pub(super) fn begin(&mut self, now: Timestamp) {
        self.began.get_or_insert(now);
    }

    /// The same pace with all steps to be counted again.
    pub(super) fn recount(&self) -> Self {
        Self { steps: Vec::new(), began: self.began, busy: self.busy }
    }

    /// A task of a step is still to be done, or no longer.
    pub(super) fn remaining(&mut self, node: NodeId, add: bool) {
        let step = self.step(node);
        if add { step.remaining += 1 } else { step.remaining -= 1 }
    }

    /// A task of a step has succeeded, and when it ran if it ran at all.
    pub(super) fn ended(&mut self, node: NodeId, ran: Option<(Timestamp, Timestamp)>) {
        let step = self.step(node);
        step.ended += 1;
        step.seconds += ran.map_or(0.0, |(started, ended)| between(started, ended).as_secs_f64());
    }

    /// A task has ended that ran between those times.
    pub(super) fn worked(&mut self, started: Timestamp, ended: Timestamp) {
        let from = self.began.map_or(started, |began| began.max(started));
        self.busy += between(from, ended).as_secs_f64();
    }

    /// When somebody began to watch.
    pub(super) fn began(&self) -> Option<Timestamp> {
        self.began
    }

    /// How long what is known to remain will take; nothing before a task has ended. `running` says of which steps tasks run, and since when.
    pub(super) fn estimate(
        &self,
        now: Timestamp,
        running: &[(NodeId, Timestamp)],
    ) -> Option<Duration> {
        let wall = between(self.began?, now).as_secs_f64();
        let (ended, seconds) = self
            .steps
            .iter()
            .fold((0, 0.0), |(ended, seconds), step| (ended + step.ended, seconds + step.seconds));
        if ended == 0 || wall <= 0.0 {
            return None;
        }
        let usual = seconds / f64::from(ended);
        let mean = |step: &Step| {
            if step.ended == 0 { usual } else { step.seconds / f64::from(step.ended) }
        };
        let mut work: f64 = self.steps.iter().map(|step| step.remaining as f64 * mean(step)).sum();
        let mut busy = self.busy;
        for &(node, since) in running {
            let so_far = between(since, now).as_secs_f64();
            busy += so_far.min(wall);
            work -= so_far.min(self.steps.get(node.index()).map_or(usual, mean));
        }
        Duration::try_from_secs_f64(work.max(0.0) / (busy / wall).max(PARALLEL_MIN)).ok()
    }

    fn step(&mut self, node: NodeId) -> &mut Step {
        if self.steps.len() <= node.index() {
            self.steps.resize(node.index() + 1, Step::default());
        }
        &mut self.steps[node.index()]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn the_rest_takes_as_long_as_its_like_took_side_by_side() {
        let mut pace = Pace::default();
        pace.begin(at(0));
        assert_eq!(pace.estimate(at(5), &[]), None, "nothing is known yet");
        for _ in 0..4 {
            pace.ended(NodeId(1), Some((at(0), at(10))));
            pace.worked(at(0), at(10));
        }
        for _ in 0..8 {
            pace.remaining(NodeId(1), true);
        }
        assert_eq!(
            pace.estimate(at(10), &[]),
            Some(Duration::from_secs(20)),
            "80 seconds of work, four at a time"
        );
        pace.remaining(NodeId(2), true);
        assert_eq!(
            pace.estimate(at(10), &[]),
            Some(Duration::from_millis(22_500)),
            "an unknown step is taken to be like the others"
        );
    }

    #[test]
    fn what_runs_is_partly_done() {
        let mut pace = Pace::default();
        pace.begin(at(0));
        pace.ended(NodeId(1), Some((at(0), at(10))));
        pace.worked(at(0), at(10));
        pace.remaining(NodeId(1), true);
        assert_eq!(pace.estimate(at(14), &[(NodeId(1), at(10))]), Some(Duration::from_secs(6)));
        assert_eq!(
            pace.estimate(at(99), &[(NodeId(1), at(10))]),
            Some(Duration::ZERO),
            "longer than usual: no estimate below nothing"
        );
    }
}
