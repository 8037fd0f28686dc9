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
    pub(super) node: NodeId,
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
///
/// A crash in a run that was disturbed before is one with what disturbed it, where nothing else comes of it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Kind {
    /// What was broken; nothing in most.
    pub(super) broken: Vec<String>,
    pub(super) node: NodeId,
    pub(super) role: Option<Role>,
    pub(super) moment: Moment,
    pub(super) left: Option<String>,
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
    /// Steps that were done over what they had done already.
    pub(super) done_again: BTreeSet<NodeId>,
    pub(super) rows: BTreeMap<Kind, Row>,
}

impl Table {
    /// Takes note of a trial; `node_of` finds the node of a task or setting.
    pub(super) fn add(
        &mut self,
        situation: &Situation,
        outcome: Outcome,
        second: Option<Death>,
        node_of: impl Fn(&str) -> Option<NodeId>,
    ) {
        self.trials += 1;
        self.done_again.extend(&outcome.done_again);
        if outcome.deeds.is_empty() && outcome.breaches.is_empty() {
            *self.silent.entry(situation.death).or_default() += 1;
            return;
        }
        let mut broken: Vec<String> = outcome
            .breaches
            .iter()
            .map(|breach| without_keys(&breach.about) + &breach.what)
            .collect();
        broken.sort();
        broken.dedup();
        let about = outcome.deeds.first().map(|deed| &deed.about);
        let about = about.or(outcome.breaches.first().map(|breach| &breach.about)).cloned();
        let (origin, moment, left) = match &situation.before {
            Some(before) => (before.node, before.moment, before.left.clone()),
            None => (situation.node, situation.moment, situation.left.clone()),
        };
        let node = about.as_deref().and_then(node_of).unwrap_or(origin);
        // What is in doubt elsewhere is so because of the crash alone.
        let (moment, left) = if node == origin { (moment, left) } else { (Moment::Between, None) };
        let calm = situation.before.is_none() && !matches!(moment, Moment::Between | Moment::Found);
        let kind = Kind {
            broken,
            node,
            role: situation.role.filter(|role| calm && *role != Role::Action),
            moment: moment.folded(),
            left,
            does: outcome
                .deeds
                .iter()
                .map(|deed| (deed.by_hand, deed.decision.map(rank)))
                .collect(),
        };
        let row = Row {
            count: 1,
            deaths: BTreeSet::from([situation.death]),
            example: about.unwrap_or_else(|| situation.example.clone()),
            deeds: outcome.deeds,
            pair: second.is_some(),
        };
        self.join(kind, row);
    }

    /// Takes note of a run that is broken even when nothing goes wrong.
    pub(super) fn add_broken(&mut self, node: NodeId, why: String) {
        let kind = Kind {
            broken: vec![why],
            node,
            role: None,
            moment: Moment::Undisturbed,
            left: None,
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
        self.done_again.extend(other.done_again);
        for (death, count) in other.silent {
            *self.silent.entry(death).or_default() += count;
        }
        for (kind, row) in other.rows {
            self.join(kind, row);
        }
    }

    fn join(&mut self, kind: Kind, row: Row) {
        let Some(known) = self.rows.get_mut(&kind) else {
            self.rows.insert(kind, row);
            return;
        };
        known.count += row.count;
        known.deaths.extend(&row.deaths);
        known.pair &= row.pair;
        // Whoever comes first, the same one is shown.
        if row.shown() < known.shown() {
            (known.example, known.deeds) = (row.example, row.deeds);
        }
    }
}

impl Row {
    /// What is shown of it, to be compared.
    fn shown(&self) -> (&Arc<str>, impl PartialOrd + '_) {
        let sees: Vec<&str> = self.deeds.iter().map(|deed| deed.sees.as_str()).collect();
        (&self.example, sees)
    }
}

/// An id without the keys of its items, as the beginning of a sentence; nothing for the run.
fn without_keys(id: &str) -> String {
    if id.is_empty() {
        return String::new();
    }
    let mut depth = 0_usize;
    let step: String = id
        .chars()
        .filter(|letter| {
            depth += usize::from(*letter == '[');
            let outside = depth == 0;
            depth -= usize::from(*letter == ']' && depth > 0);
            outside
        })
        .collect();
    format!("`{step}`: ")
}

impl Moment {
    /// Moments that a reader does not tell apart: a job has broken off, whoever has died.
    fn folded(self) -> Self {
        match self {
            Self::Ended | Self::Fails => Self::While,
            moment => moment,
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
