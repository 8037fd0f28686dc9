//! One trial: something has gone wrong, and the run is resumed until it is closed or has become like one in which nothing did.
//!
//! Does not choose what goes wrong.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::answers::{Answers, Asked};
use super::life::{Flow, Life, Step, Steps, Unwatched, owner, somebody};
use super::likeness::Moments;
use super::operator::{self, Deed};
use super::promises::{self, Breach};
use super::world::{Death, World};
use crate::core::apply::Unfit;
use crate::core::machine::Input;
use crate::core::record::Record;
use crate::core::state::State;
use crate::plan::graph::NodeId;

/// Resumes after which a run is taken to go on for ever.
const RESUMES_MAX: u32 = 12;
/// Inputs after which an executor is taken to go on for ever, for each instance.
const INPUTS_MAX: usize = 200;

/// What all trials of a rehearsal share.
#[derive(Clone, Copy)]
pub(super) struct Stage<'a> {
    pub(super) answers: &'a Answers,
    /// The moments of the undisturbed run.
    pub(super) undisturbed: &'a Moments,
    /// How many jobs run at a time.
    pub(super) slots: usize,
}

/// What has come of a trial.
#[derive(Debug, Default)]
pub(super) struct Outcome {
    /// What the operator had to do, but for `resume`.
    pub(super) deeds: Vec<Deed>,
    /// How often somebody had to type `resume`.
    pub(super) resumes: u32,
    pub(super) breaches: Vec<Breach>,
    /// Steps that were done over what they had done already.
    pub(super) done_again: BTreeSet<NodeId>,
}

/// A second crash: after so many steps of the first executor that resumes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Second {
    pub(super) after: u32,
    pub(super) death: Death,
}

/// How an executor has come to its end.
enum End {
    Finished,
    Alike,
    Dead,
}

impl<'a> Stage<'a> {
    /// An executor has died and left this behind: sees the run through.
    pub(super) fn recover(self, state: State, world: World, second: Option<Second>) -> Outcome {
        let mut outcome = Outcome::default();
        self.resume(state, world, second, &mut outcome);
        outcome
    }

    /// Something has gone wrong under a living executor, which may die of `doom` with these records written and synced: sees the
    /// run through.
    pub(super) fn see_through(
        self,
        mut life: Life<'a>,
        doom: Option<(Second, &State, &State)>,
    ) -> Outcome {
        let mut outcome = Outcome::default();
        let mut doomed = doom.map(|(second, written, synced)| Doomed {
            second,
            left: second.after,
            written: written.clone(),
            synced: synced.clone(),
        });
        let end = match &mut doomed {
            Some(doomed) => self.live(&mut life, doomed),
            None => self.live(&mut life, &mut Unwatched),
        };
        if let Some((state, world)) = self.left_by(life, end, doomed, &mut outcome) {
            self.resume(state, world, None, &mut outcome);
        }
        outcome
    }

    fn resume(
        self,
        mut state: State,
        mut world: World,
        mut second: Option<Second>,
        outcome: &mut Outcome,
    ) {
        while outcome.resumes < RESUMES_MAX {
            if state.run().opened.is_none() {
                // There is no run yet: whoever has started it starts it again.
                return;
            }
            if state.run().closed {
                outcome.breaches.extend(promises::of_rest(&state, &world));
                return;
            }
            outcome.resumes += 1;
            let dies = second.take();
            let mut steps = dies.map(|second| Doomed::new(second, state.clone()));
            let mut life = Life::new(Asked(self.answers), state, world, self.slots);
            let by = somebody(&life.world);
            let first = Input::Resumed { by, runbook: None };
            let end = match &mut steps {
                Some(doomed) => match life.take(first, doomed) {
                    Ok(Flow::Dead) => Ok(End::Dead),
                    Ok(Flow::On) => self.live(&mut life, doomed),
                    Err(error) => Err(error),
                },
                None => match life.take(first, &mut Unwatched) {
                    Ok(_) => self.live(&mut life, &mut Unwatched),
                    Err(error) => Err(error),
                },
            };
            match self.left_by(life, end, steps, outcome) {
                Some(next) => (state, world) = next,
                None => return,
            }
        }
        let what = format!("it is not at its end after {RESUMES_MAX} resumes");
        outcome.breaches.push(Breach { about: "".into(), what });
    }

    /// What an executor has left behind that may have died before its end.
    fn left_by(
        self,
        mut life: Life<'a>,
        end: Result<End, String>,
        doomed: Option<Doomed>,
        outcome: &mut Outcome,
    ) -> Option<(State, World)> {
        let (Ok(End::Dead), Some(doomed)) = (&end, doomed) else {
            return self.after(life, end, outcome);
        };
        outcome.breaches.append(&mut life.breaches);
        outcome.done_again.append(&mut life.done_again);
        let mut world = life.world;
        world.strike(doomed.second.death, false, owner);
        let lost = matches!(doomed.second.death, Death::Machine { tail_lost: true });
        let state = if lost { doomed.synced } else { doomed.written };
        world.set_aside(&state);
        Some((state, world))
    }

    /// What is left after an executor, with what the operator has decided; nothing if the run needs no more looking at.
    fn after(
        self,
        mut life: Life<'a>,
        end: Result<End, String>,
        outcome: &mut Outcome,
    ) -> Option<(State, World)> {
        outcome.breaches.append(&mut life.breaches);
        outcome.done_again.append(&mut life.done_again);
        match end {
            Err(error) => outcome.breaches.push(Breach { about: "".into(), what: error }),
            Ok(End::Alike) => {}
            Ok(End::Finished | End::Dead) => {
                let mut state = life.state().clone();
                outcome.breaches.extend(promises::of_rest(&state, &life.world));
                if state.run().closed {
                    return None;
                }
                let answered = operator::answer(self.answers, &state, &mut life.world);
                outcome.deeds.extend(answered.deeds);
                outcome.breaches.extend(answered.breaches);
                for record in answered.records {
                    if let Err(unfit) = state.apply(life.world.time(), &record) {
                        let what = format!("a decision does not fit: {unfit}");
                        outcome.breaches.push(Breach { about: "".into(), what });
                        return None;
                    }
                }
                return Some((state, life.world));
            }
        }
        None
    }

    /// Lets an executor work until it has nothing left to do, dies, or its run is like the undisturbed one.
    fn live(self, life: &mut Life<'a>, steps: &mut dyn Steps) -> Result<End, String> {
        let most = INPUTS_MAX * (10 + life.state().instances().len());
        for _ in 0..most {
            if life.is_finished() {
                return Ok(End::Finished);
            }
            if life.has_no_letters() && self.undisturbed.have(life.state(), &life.world) {
                return Ok(End::Alike);
            }
            if life.go_on(steps)? == Flow::Dead {
                return Ok(End::Dead);
            }
        }
        Err("an executor goes on for ever".to_owned())
    }
}

/// Lets an executor die after some steps.
struct Doomed {
    second: Second,
    left: u32,
    written: State,
    synced: State,
}

impl Doomed {
    fn new(second: Second, state: State) -> Self {
        Self { second, left: second.after, written: state.clone(), synced: state }
    }
}

impl Steps for Doomed {
    fn dies_before(&mut self, _: &World, _: &Step<'_>) -> bool {
        let dies = self.left == 0;
        self.left = self.left.saturating_sub(1);
        dies
    }

    fn wrote(&mut self, at: Timestamp, record: &Record) -> Result<(), Unfit> {
        self.written.apply(at, record)
    }

    fn synced(&mut self) {
        self.synced.clone_from(&self.written);
    }
}
