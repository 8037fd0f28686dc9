//! A policy as written: what an organisation or a domain demands of steps of a kind.
//!
//! Does not know runbooks, nor whether a demand is met.

use indexmap::IndexMap;

use super::model::Place;
use crate::diag::Severity;

/// A file of rules.
#[derive(Debug)]
pub struct Policy {
    /// `policy`: its name.
    pub name: String,
    /// `title`.
    pub title: Option<String>,
    /// `rules`, in file order.
    pub rules: IndexMap<String, PolicyRule>,
}

/// One rule: each step of a kind meets a demand.
#[derive(Debug)]
pub struct PolicyRule {
    /// `title`: what is demanded, in words.
    pub title: String,
    /// `source`: the article, law or decision that it comes from.
    pub source: String,
    /// `severity`; an error where it is not said.
    pub severity: Severity,
    /// `kind` of the steps that it is about.
    pub kind: String,
    /// What is demanded of them.
    pub demand: Demand,
    /// The name's place.
    pub at: Place,
}

/// What is demanded of a step.
#[derive(Debug, PartialEq, Eq)]
pub enum Demand {
    /// `preceded_by`: it needs a step of one of these kinds, which nothing lets be skipped.
    PrecededBy(Vec<String>),
    /// `followed_by`: a step of one of these kinds, which nothing lets be skipped, needs it.
    FollowedBy(Vec<String>),
    /// `between`: it needs a step of the first kind, and one of the second needs it; or a setting of the first kind is around it.
    Between(String, String),
    /// `locked_by`: it holds a lock whose name begins so.
    LockedBy(String),
    /// `under_setting`: a setting of one of these kinds is in force around it.
    UnderSetting(Vec<String>),
    /// `has`: it has such a part.
    Has(Part),
    /// `never`: there is no such step.
    Never,
}

/// A part that a policy can demand of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// A probe.
    Probe,
    /// A verification of its own.
    Verify,
    /// A bound of its time.
    Timeout,
}

impl Part {
    /// All of them, with their names.
    pub const ALL: [(&'static str, Part); 3] =
        [("probe", Part::Probe), ("verify", Part::Verify), ("timeout", Part::Timeout)];

    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        Part::ALL.iter().find(|(_, part)| *part == self).map_or("", |(name, _)| name)
    }
}
