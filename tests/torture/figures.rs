//! What has been done in trials, counted.
//!
//! Does not know what it means.

use std::fmt;

/// What has been done in one trial or several.
#[derive(Debug, Default, Clone)]
pub(crate) struct Figures {
    pub(crate) trials: u64,
    pub(crate) executors: u64,
    pub(crate) keepers: u64,
    pub(crate) beginnings: u64,
    pub(crate) jobs: u64,
    pub(crate) resumes: u64,
    pub(crate) races: u64,
    pub(crate) decisions: u64,
    pub(crate) orphans: u64,
    pub(crate) effects: u64,
    /// Runs that were told to stop.
    pub(crate) stops: u64,
    /// Values that somebody else has set in place of a temporary one.
    pub(crate) drifts: u64,
    /// Runs that were given up.
    pub(crate) given_up: u64,
}

impl Figures {
    pub(crate) fn kills(&self) -> u64 {
        self.executors + self.keepers + self.beginnings + self.jobs
    }

    pub(crate) fn add(&mut self, other: &Self) {
        self.trials += other.trials;
        self.executors += other.executors;
        self.keepers += other.keepers;
        self.beginnings += other.beginnings;
        self.jobs += other.jobs;
        self.resumes += other.resumes;
        self.races += other.races;
        self.decisions += other.decisions;
        self.orphans += other.orphans;
        self.effects += other.effects;
        self.stops += other.stops;
        self.drifts += other.drifts;
        self.given_up += other.given_up;
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { trials, executors, keepers, beginnings, jobs, .. } = self;
        let Self { resumes, races, decisions, orphans, effects, .. } = self;
        let Self { stops, drifts, given_up, .. } = self;
        write!(
            f,
            "{trials} trials, {} kills ({executors} executors, {keepers} keepers, {jobs} jobs, {beginnings} processes before they had become either), {resumes} resumes ({races} of them raced), {orphans} jobs outlived their keeper, {decisions} decisions of the operator, {stops} stops, {drifts} settings changed by somebody else, {given_up} runs given up, {effects} effects",
            self.kills()
        )
    }
}
