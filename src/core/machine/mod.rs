//! The machine: decides what follows from what has happened.
//!
//! Does no I/O, has no clock and no threads: time comes in with every input, and what is to be done goes out as effects. What it
//! keeps beside the [`State`] (who is ready, who holds a slot) is derived from it and can be thrown away at any moment.

mod abandon;
mod claim;
mod debt;
mod door;
mod finish;
mod input;
mod order;
mod probe;
mod question;
mod resume;
mod setting;
mod sleep;
mod start;
mod until;
mod wait;
mod waiting;
mod window;

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use self::claim::Gate;
use self::door::{Opening, OpeningKey};
pub use self::input::{Effect, Input, Order, Planned, Transition};
pub use self::order::{Refusal, may_resolve};
pub use self::probe::REPAIRS_MAX;
pub use self::question::may_answer;
pub(crate) use self::sleep::in_words;
use self::until::Goal;
use super::apply::Unfit;
use super::evaluate::Evaluate;
use super::job::JobId;
use super::record::{Closing, Record, StopReason};
use super::state::{InstanceId, Phase, State};

/// A run's machine.
#[derive(Clone)]
pub struct Machine<E> {
    state: State,
    evaluate: E,
    /// How many jobs may run at a time.
    slots: usize,
    /// Tasks that only wait for a slot.
    ready: BTreeSet<Turn>,
    /// Tasks in line whose next step takes no slot, because nothing is started for it.
    slotless: BTreeSet<Turn>,
    /// Groups with items that are still to be let in.
    openings: BTreeMap<OpeningKey, Opening>,
    /// Items that have been let in and have not come to rest, by number of the scope.
    admitted: Vec<bool>,
    /// Tasks with a job that runs, or whose descendants are not all gone: each holds a slot.
    running: BTreeSet<InstanceId>,
    /// Tasks with a job of an earlier executor whose fate is being found out.
    unclear: BTreeSet<InstanceId>,
    /// Tasks with a job that lives on without its keeper.
    orphaned: BTreeSet<InstanceId>,
    /// Tasks whose job has ended badly while something of it still lives.
    lingering: BTreeMap<InstanceId, Lingering>,
    /// Tasks that wait for a time.
    pausing: BTreeSet<InstanceId>,
    /// Tasks that wait for a window, with when it opens.
    dormant: BTreeMap<InstanceId, Timestamp>,
    /// The plan has windows at all.
    windowed: bool,
    /// Tasks whose probe is asked because their action has ended badly under this executor.
    failing: BTreeMap<InstanceId, Failing>,
    /// Who wants locks, and who is waited for.
    gate: Gate,
    /// Where this execution is to stop, if it is not to go on to the end.
    goal: Option<Goal>,
    /// Somebody is there who may be asked: the executor stays while people are.
    attended: bool,
    /// Tasks that wait for a setting to come into force, by setting.
    gates: BTreeMap<InstanceId, BTreeSet<InstanceId>>,
    /// The run has come to its end for this executor.
    finished: bool,
}

/// A task's turn: begun before new, then the longest way to the end, then file order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Turn {
    begun: Reverse<bool>,
    rank: Reverse<u64>,
    instance: InstanceId,
}

/// A job that has ended badly, or in vain, while something of it still lives.
#[derive(Debug, Clone)]
struct Lingering {
    job: JobId,
    /// It has asked in vain, and what it asked for is asked again.
    again: bool,
    /// Its exit code, for `retry`.
    exit: Option<i32>,
}

/// A bad end of an action whose probe is being asked.
#[derive(Debug, Clone)]
struct Failing {
    /// Its exit code, for `retry`.
    exit: Option<i32>,
    reason: String,
}

impl<E: Evaluate> Machine<E> {
    /// A machine for a run whose records, if there are any, have been applied to `state`.
    ///
    /// `slots` is how many jobs may run at a time; at least one does.
    pub fn new(state: State, evaluate: E, slots: usize) -> Self {
        let needed = state.graph().nodes.iter().any(|node| node.locks);
        let windowed = state.graph().nodes.iter().any(|node| node.window.is_some());
        Self {
            windowed,
            dormant: BTreeMap::new(),
            gate: Gate { needed, ..Gate::default() },
            state,
            evaluate,
            slots: slots.max(1),
            ready: BTreeSet::new(),
            slotless: BTreeSet::new(),
            openings: BTreeMap::new(),
            admitted: Vec::new(),
            running: BTreeSet::new(),
            unclear: BTreeSet::new(),
            orphaned: BTreeSet::new(),
            lingering: BTreeMap::new(),
            pausing: BTreeSet::new(),
            failing: BTreeMap::new(),
            goal: None,
            attended: false,
            gates: BTreeMap::new(),
            finished: false,
        }
    }

    /// What is known of the run.
    #[must_use]
    pub fn state(&self) -> &State {
        &self.state
    }

    /// The same, when the machine has done its work.
    #[must_use]
    pub fn into_state(self) -> State {
        self.state
    }

    /// Whether nothing is left for this executor to do.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.finished
    }

    /// Tasks with a job that lives on without its keeper.
    pub fn orphaned(&self) -> impl Iterator<Item = InstanceId> + '_ {
        self.orphaned.iter().copied()
    }

    /// Takes one input that arrived at `now`, and says what follows.
    ///
    /// # Errors
    /// If a record that it decided on does not fit the state. That is a bug of the machine: the caller stops at once.
    pub fn handle(&mut self, now: Timestamp, input: Input) -> Result<Transition, Unfit> {
        let mut out = Transition::default();
        let leaves = matches!(input, Input::Unattended);
        match input {
            Input::Opened(opened) => {
                self.note(now, Record::Opened(opened), &mut out)?;
                self.admit_root();
            }
            Input::Resumed { by, runbook } => {
                self.note(now, Record::Resumed { by, runbook: runbook.map(Box::new) }, &mut out)?;
                self.reschedule(now);
                self.wake_sleepers(&mut out);
                self.repeat_questions(&mut out);
                self.ask_after_jobs(&mut out);
                self.verify_claims(&mut out);
            }
            Input::Abandon { by, because, write_off } => {
                self.abandon(now, &by, &because, write_off, &mut out)?;
            }
            Input::NotSpawned { job, reason } => {
                self.on_not_spawned(now, &job, &reason, &mut out)?;
            }
            Input::JobEnded { job, end, out: left } => {
                self.on_ended(now, &job, end, &left, &mut out)?;
            }
            Input::Over { job } => self.on_over(now, &job, &mut out)?,
            Input::Evidence { job, evidence, out: left } => {
                self.on_evidence(now, &job, evidence, &left, &mut out)?;
            }
            Input::KeeperGone => {
                self.lingering.clear();
                let state = &self.state;
                self.running.retain(|&id| {
                    state.task(id).is_some_and(|task| matches!(task.phase, Phase::Verifying(_)))
                });
                self.ask_after_jobs(&mut out);
            }
            Input::Read { job, out: left } => self.on_read(now, &job, &left, &mut out)?,
            Input::Due { instance } => self.on_due(now, instance, &mut out)?,
            Input::Granted { holder, token } => {
                self.on_granted(now, &holder, &token, &mut out)?;
            }
            Input::Denied { holder, token, by } => {
                self.on_denied(now, &holder, &token, by, &mut out)?;
            }
            Input::Refused { holder, token, reason } => {
                self.on_refused(now, &holder, &token, &reason, &mut out)?;
            }
            Input::Released { holder, token } => {
                self.on_released(now, &holder, &token, &mut out)?;
            }
            Input::Verified { lost } => self.on_verified(now, lost, &mut out)?,
            Input::Order(order) => self.on_order(now, order, &mut out)?,
            Input::Unattended => {}
            Input::Signal { by } => self.stop(now, StopReason::Signal, Some(by), None, &mut out)?,
        }
        self.advance(now, &mut out)?;
        self.stop_at_goal(now, &mut out)?;
        if self.is_stopped() && self.unclear.is_empty() && !self.stands_for_people() {
            self.close_in_stopped_run(now, &mut out)?;
        }
        self.release_finished(&mut out);
        let attended = self.attended;
        self.attended &= !leaves;
        self.finish_if_idle(now, &mut out)?;
        self.attended = attended;
        Ok(out)
    }

    /// Writes one record into the transition, and applies it.
    fn note(&mut self, now: Timestamp, record: Record, out: &mut Transition) -> Result<(), Unfit> {
        self.state.apply(now, &record)?;
        self.see_ends(&record);
        out.records.push(record);
        Ok(())
    }

    fn is_stopped(&self) -> bool {
        self.state.run().stopped.is_some()
    }

    /// Whether the run has come to rest because only people can make it go on: what is in force for what they are asked stays so.
    fn stands_for_people(&self) -> bool {
        self.state.run().stopped == Some(StopReason::Waiting)
    }

    fn finish_if_idle(&mut self, now: Timestamp, out: &mut Transition) -> Result<(), Unfit> {
        self.release_before_closing(out);
        let busy = !self.running.is_empty() || !self.unclear.is_empty() || self.claims_move();
        let waiting = !self.pausing.is_empty() || !self.orphaned.is_empty();
        let dormant = !self.is_stopped() && self.awaits_window();
        let waits = dormant
            || waiting
                && (!self.is_stopped() || self.closing_pauses() || self.confirmation_pauses());
        if self.finished || busy || waits {
            return Ok(());
        }
        if !self.is_stopped() && self.go_on_waiting(now, out)? {
            return Ok(());
        }
        let asks = self.awaits_people();
        if asks && self.attended && !self.is_stopped() {
            return Ok(());
        }
        if self.state.is_given_up() {
            self.note(now, Record::Closed { outcome: Closing::Abandoned }, out)?;
        } else if self.state.is_complete() {
            self.note(now, Record::Closed { outcome: Closing::Succeeded }, out)?;
        } else if !self.is_stopped() {
            let why = match self.is_locked_out() {
                true => StopReason::Locked,
                false if asks => StopReason::Waiting,
                false => StopReason::Stuck,
            };
            self.note(now, Record::Stopped { why, by: None, because: None }, out)?;
            if asks {
                self.finished = true;
                return Ok(());
            }
            self.close_in_stopped_run(now, out)?;
            self.release_finished(out);
            if !self.running.is_empty() || self.claims_move() {
                return Ok(());
            }
        }
        self.finished = true;
        Ok(())
    }

    /// Throws away what is derived from the state, and derives it anew.
    fn reschedule(&mut self, now: Timestamp) {
        self.ready.clear();
        self.slotless.clear();
        self.dormant.clear();
        self.pausing.clear();
        self.gates.clear();
        self.drop_decided();
        self.reopen_doors();
        let tasks: Vec<InstanceId> =
            self.instances_in_order().filter(|&id| self.state.task(id).is_some()).collect();
        self.reschedule_parts(now);
        for id in tasks {
            match self.state.task(id).map(|task| task.phase) {
                Some(phase) if door::is_under_way(phase) => self.go_on_inside(id),
                Some(Phase::Pausing(_, until) | Phase::Sleeping(until)) => {
                    self.pausing.insert(id);
                    // Its timer may have gone off already.
                    if until <= now {
                        self.queue(id);
                    }
                }
                _ => {}
            }
        }
    }

    /// Whoever waited for what a job has printed may have been decided about.
    fn drop_decided(&mut self) {
        let state = &self.state;
        let waits = |id: &InstanceId| {
            state.task(*id).is_some_and(|task| {
                matches!(task.phase, Phase::Running(_) | Phase::Judging(_) | Phase::Verifying(_))
            })
        };
        let busy =
            |id: &InstanceId| state.part(*id).is_some_and(|part| part.activity.is_in_flight());
        let in_flight = |id: &InstanceId| {
            let task = state.task(*id);
            let phase = task.map(|task| task.phase);
            matches!(phase, Some(Phase::Running(_) | Phase::Judging(_))) || busy(id)
        };
        self.running.retain(|id| waits(id) || busy(id));
        self.orphaned.retain(in_flight);
        self.unclear.retain(in_flight);
        self.failing.retain(|id, _| {
            state.task(*id).is_some_and(|task| {
                !matches!(
                    task.phase,
                    Phase::Waiting | Phase::Verifying(_) | Phase::InDoubt | Phase::Ended(_)
                )
            })
        });
    }

    fn instances_in_order(&self) -> impl Iterator<Item = InstanceId> + use<E> {
        (0..self.state.instances.len())
            .map(|index| InstanceId(u32::try_from(index).unwrap_or(u32::MAX)))
    }

    fn job_id(&self, instance: InstanceId, attempt: u32) -> JobId {
        JobId { task: self.state.instance(instance).id.clone(), attempt }
    }
}
