//! What has come of all trials, folded by kind: trials that differ only in the item count as one row.
//!
//! Does not know how it is printed.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::operator::Deed;
use super::trial::Outcome;
use super::world::Death;
use crate::core::job::Role;
use crate::core::record::Decision;
use crate::plan::graph::NodeId;

/// When it goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Moment {
    /// Nothing goes wrong.
    Undisturbed,
    /// Between two steps of the executor.
    Between,
    /// While the job runs.
    While,
    /// The job has ended, and nobody has heard of it.
    Ended,
    /// The job ends badly; nothing dies.
    Fails,
    /// The job's command cannot be started; nothing dies.
    Unborn,
    /// The world is found in another state before the first start.
    Found,
}

/// What has gone wrong before a crash.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Before {
    pub(super) moment: Moment,
    pub(super) left: Option<String>,
}

/// What goes wrong.
#[derive(Debug, Clone)]
pub(super) struct Situation {
    pub(super) node: NodeId,
    /// The task.
    pub(super) example: Arc<str>,
    pub(super) role: Option<Role>,
    pub(super) moment: Moment,
    pub(super) death: Option<Death>,
    /// What is left of the effect.
    pub(super) left: Option<String>,
    pub(super) before: Option<Before>,
}

/// What makes two trials the same to a reader.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Kind {
    /// What was broken; nothing in most.
    pub(super) broken: Vec<String>,
    pub(super) node: NodeId,
    pub(super) role: Option<Role>,
    pub(super) moment: Moment,
    pub(super) left: Option<String>,
    pub(super) before: Option<Before>,
    /// Whether the operator puts something right by hand, and what is decided.
    pub(super) does: Vec<(bool, Option<u8>)>,
}

/// Trials of one kind.
#[derive(Debug, Clone)]
pub(super) struct Row {
    pub(super) count: u64,
    pub(super) deaths: BTreeSet<Option<Death>>,
    pub(super) example: Arc<str>,
    pub(super) deeds: Vec<Deed>,
    /// After a second crash.
    pub(super) pair: bool,
}

/// All trials.
#[derive(Debug, Default)]
pub(super) struct Table {
    /// How many crash points there were between two steps.
    pub(super) points: u64,
    pub(super) trials: u64,
    /// Trials in which `resume` was all that was needed, by what dies.
    pub(super) silent: BTreeMap<Option<Death>, u64>,
    pub(super) rows: BTreeMap<Kind, Row>,
}

impl Table {
    /// Takes note of a trial.
    pub(super) fn add(&mut self, situation: &Situation, outcome: Outcome, second: Option<Death>) {
        self.trials += 1;
        if outcome.deeds.is_empty() && outcome.breaches.is_empty() {
            *self.silent.entry(situation.death).or_default() += 1;
            return;
        }
        let mut broken: Vec<String> =
            outcome.breaches.iter().map(|breach| breach.in_words()).collect();
        broken.sort();
        broken.dedup();
        let kind = Kind {
            broken,
            node: situation.node,
            role: situation.role,
            moment: situation.moment,
            left: situation.left.clone(),
            before: situation.before.clone(),
            does: outcome
                .deeds
                .iter()
                .map(|deed| (deed.by_hand, deed.decision.map(rank)))
                .collect(),
        };
        let row = self.rows.entry(kind).or_insert_with(|| Row {
            count: 0,
            deaths: BTreeSet::new(),
            example: situation.example.clone(),
            deeds: outcome.deeds,
            pair: second.is_some(),
        });
        row.count += 1;
        row.deaths.insert(situation.death);
    }

    /// Takes note of a run that is broken even when nothing goes wrong.
    pub(super) fn add_broken(&mut self, node: NodeId, why: String) {
        let kind = Kind {
            broken: vec![why],
            node,
            role: None,
            moment: Moment::Undisturbed,
            left: None,
            before: None,
            does: Vec::new(),
        };
        let row = Row {
            count: 1,
            deaths: BTreeSet::new(),
            example: "".into(),
            deeds: Vec::new(),
            pair: false,
        };
        self.rows.insert(kind, row);
    }

    /// Adds what another walker has seen.
    pub(super) fn merge(&mut self, other: Self) {
        self.trials += other.trials;
        for (death, count) in other.silent {
            *self.silent.entry(death).or_default() += count;
        }
        for (kind, row) in other.rows {
            match self.rows.get_mut(&kind) {
                Some(known) => {
                    known.count += row.count;
                    known.deaths.extend(row.deaths);
                }
                None => {
                    self.rows.insert(kind, row);
                }
            }
        }
    }
}

fn rank(decision: Decision) -> u8 {
    match decision {
        Decision::Done => 0,
        Decision::Absent => 1,
        Decision::Failed => 2,
        Decision::Waived => 3,
    }
}
