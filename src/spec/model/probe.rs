//! Probes as written: what is asked of the world, and what each state of it means.
//!
//! Does not know what follows from an answer in a run.

use std::time::Duration;

use indexmap::IndexMap;

use super::{Located, Place, Work};
use crate::spec::template::{Expression, Template};

/// `probe`: an action that reads in which state the world is, and what each state means.
#[derive(Debug)]
pub struct Probe {
    /// The action, which is `read`; its `outputs`, where it has any, are the task's when the state is [`Meaning::Done`].
    pub work: Work,
    /// `confirm`: how often `absent` must be seen before it is believed.
    pub confirm: Option<Confirm>,
    /// `found: refuse`: a state `done` before the first start is a doubt instead of an end.
    pub refuse_found: bool,
    /// `states` in file order; the first that holds is the state of the world.
    pub states: IndexMap<String, ProbeState>,
}

/// `confirm`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Confirm {
    /// How often in a row; at least 1.
    pub times: u32,
    /// Time between two looks.
    pub every: Duration,
}

/// One state of a probe.
#[derive(Debug)]
pub struct ProbeState {
    /// `when`: whether the world is in it, over `out`.
    pub when: Located<Expression>,
    /// What it means.
    pub meaning: Meaning,
    /// The name's place.
    pub at: Place,
}

/// What a state of a probe means.
#[derive(Debug)]
pub enum Meaning {
    /// The effect has happened: the state `done`.
    Done,
    /// Nothing of it has happened: the state `absent`.
    Absent,
    /// `wait`: it is still going on, and is asked after again.
    Wait {
        /// Time between two looks.
        every: Duration,
        /// After so long it is a doubt; no limit if absent.
        timeout: Option<Duration>,
    },
    /// `repair`: these actions, one after the other, then the probe again.
    Repair(Vec<Located<Work>>),
    /// `stop`: a doubt, with the author's message.
    Stop(Located<Template>),
}
