//! What goes wrong in a run, and how often.
//!
//! The fault model: an executor dies between any two records or effects, alone, with its keeper, or with the machine; a keeper
//! dies under a living executor, and its jobs with it or not; the power goes; people interfere; inputs come twice and late.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use crate::world::Weather;

/// Something that kills.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Crash {
    /// The executor alone: what it has written stays.
    Executor,
    /// The keeper, and the executor if it is there.
    Keeper { jobs_die: bool },
    /// All processes, and what was not synced.
    Power,
}

/// Chances of one run; all but `lives` and `weather` in a thousand.
#[derive(Debug)]
pub(crate) struct Trouble {
    pub(crate) weather: Weather,
    /// How many executors live in such times; then nothing bad happens any more.
    pub(crate) lives: u32,
    within_transition: u32,
    between_transitions: u32,
    between_lives: u32,
    signal: u32,
    order: u32,
    double: u32,
    operator: u32,
    meddling: u32,
    calm: bool,
}

impl Trouble {
    pub(crate) fn random(rng: &mut ChaCha8Rng) -> Self {
        let mut pick = |choices: &[u32]| choices[rng.random_range(0..choices.len())];
        Self {
            weather: Weather {
                bad: pick(&[0, 5, 20, 40]),
                unborn: pick(&[0, 0, 5, 15]),
                survivors: pick(&[0, 20, 50]),
                found: pick(&[0, 10]),
                stranded: 0,
                idle: pick(&[0, 0, 20]),
            },
            lives: pick(&[1, 2, 4, 8]),
            within_transition: pick(&[0, 10, 40, 100]),
            between_transitions: pick(&[0, 10, 40]),
            between_lives: pick(&[0, 200, 500]),
            signal: pick(&[0, 0, 5, 20]),
            order: pick(&[0, 20, 150, 300]),
            double: pick(&[0, 50, 200]),
            operator: pick(&[0, 300, 800]),
            meddling: pick(&[0, 0, 0, 10, 40]),
            calm: false,
        }
    }

    pub(crate) fn is_calm(&self) -> bool {
        self.calm
    }

    pub(crate) fn calm_down(&mut self) {
        *self = Self {
            weather: Weather::default(),
            lives: self.lives,
            within_transition: 0,
            between_transitions: 0,
            between_lives: 0,
            signal: 0,
            order: 0,
            double: 0,
            operator: 0,
            meddling: 0,
            calm: true,
        };
    }

    /// After how many records and effects of a transition the executor dies, and how.
    pub(crate) fn within(
        &self,
        points: usize,
        rng: &mut ChaCha8Rng,
    ) -> (Option<usize>, Option<Crash>) {
        if points == 0 || !strikes(rng, self.within_transition) {
            return (None, None);
        }
        (Some(rng.random_range(0..points)), Some(crash(rng)))
    }

    pub(crate) fn now(&self, rng: &mut ChaCha8Rng) -> Option<Crash> {
        strikes(rng, self.between_transitions).then(|| crash(rng))
    }

    pub(crate) fn between_lives(&self, rng: &mut ChaCha8Rng) -> Option<Crash> {
        strikes(rng, self.between_lives).then(|| crash(rng))
    }

    pub(crate) fn signals(&self, rng: &mut ChaCha8Rng) -> bool {
        strikes(rng, self.signal)
    }

    pub(crate) fn orders(&self, rng: &mut ChaCha8Rng) -> bool {
        strikes(rng, self.order)
    }

    pub(crate) fn doubles(&self, rng: &mut ChaCha8Rng) -> bool {
        strikes(rng, self.double)
    }

    /// Somebody else changes a setting.
    pub(crate) fn meddles(&self, rng: &mut ChaCha8Rng) -> bool {
        strikes(rng, self.meddling)
    }

    pub(crate) fn operator_comes(&self, rng: &mut ChaCha8Rng) -> bool {
        strikes(rng, self.operator)
    }
}

fn strikes(rng: &mut ChaCha8Rng, chance: u32) -> bool {
    rng.random_range(0..1000) < chance
}

fn crash(rng: &mut ChaCha8Rng) -> Crash {
    match rng.random_range(0..10) {
        0..5 => Crash::Executor,
        5..7 => Crash::Keeper { jobs_die: rng.random_bool(0.5) },
        _ => Crash::Power,
    }
}
