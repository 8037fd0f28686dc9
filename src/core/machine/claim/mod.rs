//! Claims: which locks are asked for and when, who waits for whom, and when they are given back.
//!
//! Asks the folder of claims by effects, and does not know what is in it but by the answers. Outer holders come before inner ones,
//! and all locks of one holder are asked for at once.

mod answer;
mod release;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;

use super::{Effect, Machine, Transition, Turn};
use crate::core::apply::Unfit;
use crate::core::claim::{Blocker, Crowds, Holder, Lock, in_order};
use crate::core::evaluate::Evaluate;
use crate::core::record::StopReason;
use crate::core::state::InstanceId;
use crate::spec::model::Sharing;

/// What the machine keeps of claims beside the state.
#[derive(Debug, Clone, Default)]
pub(super) struct Gate {
    /// The plan has locks at all.
    pub(super) needed: bool,
    /// The run ends instead of waiting for other runs.
    pub(super) impatient: bool,
    /// Claims of an earlier executor are being looked after: nothing starts before the answer.
    pub(super) unverified: bool,
    /// Who wants locks that it does not hold.
    pub(super) wants: BTreeMap<Holder, Want>,
    /// The locks that are being asked for.
    pub(super) asking: Crowds,
    /// How many holders are asking.
    pub(super) asked: usize,
    /// Who waits for a lock, in the order of turns.
    pub(super) queues: BTreeMap<Lock, Queue>,
    /// Locks whose queue may have somebody at its head that can ask now.
    pub(super) stirred: BTreeSet<Lock>,
    /// Holders that have locks in the plan, and no names to claim.
    pub(super) nothing: BTreeSet<Holder>,
    /// Claims that are being given back.
    pub(super) releasing: BTreeSet<Holder>,
    /// Who wants what is being given back just now.
    pub(super) returning: BTreeMap<Holder, BTreeSet<InstanceId>>,
    /// Holders under which something has ended.
    pub(super) ended: BTreeSet<Holder>,
    /// Settings that hold a lock.
    pub(super) settings: BTreeSet<Holder>,
    /// When those are asked again who wait for other runs.
    pub(super) poll: Option<Timestamp>,
    /// Everybody who waits has asked once more since something has happened last.
    pub(super) looked: bool,
    /// Who has asked last of those that ask out of turn.
    pub(super) cursor: Option<Holder>,
}

/// Locks that a holder wants.
#[derive(Debug, Clone)]
pub(super) struct Want {
    pub(super) locks: Vec<Lock>,
    token: Arc<str>,
    turn: Turn,
    /// The tasks that cannot start without them.
    pub(super) tasks: BTreeSet<InstanceId>,
    pub(super) stage: Stage,
}

/// What becomes of a want.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Stage {
    /// The folder of claims is being asked.
    Asking,
    /// It waits for that lock, which is one of those it wants.
    Behind(Lock),
}

/// Those who wait for a lock.
#[derive(Debug, Clone, Default)]
pub(super) struct Queue {
    waiting: BTreeSet<(Turn, Holder)>,
    /// Which run was in the way when somebody asked last.
    pub(super) blocker: Option<Blocker>,
}

impl<E: Evaluate> Machine<E> {
    /// Whether a job of a task may start, as far as locks are concerned. If not, the locks are asked for, and the task is put in
    /// line again once they are held.
    pub(super) fn holds_its_locks(
        &mut self,
        now: Timestamp,
        task: InstanceId,
        out: &mut Transition,
    ) -> Result<bool, Unfit> {
        // In a run that is given up nothing starts but probes and the closing of settings, whatever has become of its locks.
        let given_up = self.state.run().stopped == Some(StopReason::Abandoned);
        if !self.gate.needed || given_up {
            return Ok(true);
        }
        for holder in self.state.holders_around(task) {
            if !self.holds(now, holder, task, out)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Whether a holder has all its locks; if not, `task` waits for them.
    fn holds(
        &mut self,
        now: Timestamp,
        holder: Holder,
        task: InstanceId,
        out: &mut Transition,
    ) -> Result<bool, Unfit> {
        if self.gate.releasing.contains(&holder) {
            self.gate.returning.entry(holder).or_default().insert(task);
            return Ok(false);
        }
        let whole = self.state.claims.of(holder).is_some_and(|claim| claim.whole);
        if whole || self.gate.nothing.contains(&holder) {
            return Ok(true);
        }
        if let Some(want) = self.gate.wants.get_mut(&holder) {
            want.tasks.insert(task);
            return Ok(false);
        }
        let locks = match self.locks_to_claim(holder) {
            Ok(locks) => locks,
            Err(reason) => {
                self.give_up(now, task, &reason, out)?;
                return Ok(false);
            }
        };
        if locks.is_empty() {
            self.gate.nothing.insert(holder);
            return Ok(true);
        }
        if self.is_stopped() {
            return Ok(false);
        }
        let want = Want {
            locks,
            token: self.state.next_token(holder),
            turn: self.turn(task),
            tasks: BTreeSet::from([task]),
            stage: Stage::Asking,
        };
        self.gate.wants.insert(holder, want);
        self.ask_or_wait(holder, out);
        Ok(false)
    }

    /// The locks of a holder without those that something around it holds for it already.
    fn locks_to_claim(&self, holder: Holder) -> Result<Vec<Lock>, String> {
        let locks = self.evaluate.locks(&self.state, holder);
        let locks = in_order(locks.map_err(|error| format!("`locks`: {error}"))?);
        let around = self.state.holders_enclosing(holder);
        // What is around a setting may hold its lock for several of its kind, which must exclude each other.
        let is_setting = self.is_setting(holder);
        let mut wanted = Vec::with_capacity(locks.len());
        for lock in locks {
            let held = around.iter().find_map(|&outer| {
                let claim = self.state.claims.of(outer)?;
                Some((outer, claim.locks.iter().find(|held| held.name == lock.name)?))
            });
            match held {
                None => wanted.push(lock),
                Some((_, held)) if held.covers(&lock) && !is_setting => {}
                Some((outer, held)) => {
                    let around = match self.state.holder_id(outer) {
                        id if id.is_empty() => "the run itself".to_owned(),
                        id => format!("`{id}` around it"),
                    };
                    return Err(format!(
                        "`locks`: it can never have lock {lock}, because {around} holds {held}"
                    ));
                }
            }
        }
        Ok(wanted)
    }

    /// Asks for what a holder wants, unless it is known that it cannot be had now.
    fn ask_or_wait(&mut self, holder: Holder, out: &mut Transition) {
        let Some(want) = self.gate.wants.get(&holder) else { return };
        let blocked = want.locks.iter().find(|lock| {
            !self.has_room_for(holder, lock)
                || self.gate.queues.get(*lock).is_some_and(|queue| queue.blocker.is_some())
        });
        match blocked.cloned() {
            Some(lock) => self.wait_behind(holder, lock),
            None => self.ask_folder(holder, out),
        }
    }

    /// Whether this run itself leaves room for a lock.
    fn has_room_for(&self, holder: Holder, lock: &Lock) -> bool {
        match self.state.claims.of(holder) {
            None => self.state.claims.crowds.admit(&self.gate.asking, lock),
            // What is left of a claim of which a part was taken away is in nobody's way but that of others.
            Some(rest) => {
                let mut others = self.state.claims.crowds.clone_for(std::slice::from_ref(lock));
                let own = rest.locks.iter().filter(|held| held.name == lock.name).cloned();
                others.remove(&own.collect::<Vec<_>>());
                others.admit(&self.gate.asking, lock)
            }
        }
    }

    fn wait_behind(&mut self, holder: Holder, lock: Lock) {
        let Some(want) = self.gate.wants.get_mut(&holder) else { return };
        want.stage = Stage::Behind(lock.clone());
        let turn = want.turn;
        self.gate.queues.entry(lock).or_default().waiting.insert((turn, holder));
    }

    /// Takes a holder out of the queue that it stands in, if it stands in one.
    fn leave_queue(&mut self, holder: Holder) {
        let Some(want) = self.gate.wants.get(&holder) else { return };
        let Stage::Behind(lock) = &want.stage else { return };
        let Some(queue) = self.gate.queues.get_mut(lock) else { return };
        queue.waiting.remove(&(want.turn, holder));
        if queue.waiting.is_empty() {
            self.gate.queues.remove(lock);
        }
    }

    pub(super) fn ask_folder(&mut self, holder: Holder, out: &mut Transition) {
        self.leave_queue(holder);
        let id = self.state.holder_id(holder);
        let Some(want) = self.gate.wants.get_mut(&holder) else { return };
        want.stage = Stage::Asking;
        self.gate.asking.add(&want.locks);
        self.gate.asked += 1;
        let (locks, token) = (want.locks.clone(), want.token.clone());
        out.plan(Effect::Acquire { holder: id, locks, token });
    }

    /// Lets the next one ask who waits for a lock that may have become free; `false` if there is none.
    pub(super) fn ask_next(&mut self, out: &mut Transition) -> bool {
        while let Some(lock) = self.gate.stirred.first().cloned() {
            let queue = self.gate.queues.get(&lock).filter(|queue| queue.blocker.is_none());
            let head = queue.and_then(|queue| queue.waiting.first()).map(|&(_, holder)| holder);
            match head {
                Some(holder) if self.has_room_for(holder, &lock) => {
                    self.leave_queue(holder);
                    if self.keep_those_who_wait(holder, out) {
                        self.ask_or_wait(holder, out);
                        return true;
                    }
                }
                _ => {
                    self.gate.stirred.remove(&lock);
                }
            }
        }
        false
    }

    /// Whoever waits for one of these names may be able to ask.
    fn stir(&mut self, locks: &[Lock]) {
        for lock in locks {
            let first = Lock { name: lock.name.clone(), sharing: Sharing::Exclusive };
            let same = self.gate.queues.range(first..).map(|(lock, _)| lock);
            let same = same.take_while(|other| other.name == lock.name).cloned();
            self.gate.stirred.extend(same);
        }
    }

    /// Whether an answer is still to come about claims.
    pub(super) fn claims_move(&self) -> bool {
        self.gate.asked > 0 || self.gate.unverified || !self.gate.releasing.is_empty()
    }
}

pub(super) fn names(locks: &[Lock]) -> Vec<Arc<str>> {
    locks.iter().map(|lock| lock.name.clone()).collect()
}
