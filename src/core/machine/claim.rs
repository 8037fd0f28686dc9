//! Claims: which locks are asked for and when, who waits for whom, and when they are given back.
//!
//! Asks the folder of claims by effects, and does not know what is in it but by the answers. Outer holders come before inner ones,
//! and all locks of one holder are asked for at once.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;

use super::{Effect, Machine, Transition, Turn};
use crate::core::apply::Unfit;
use crate::core::claim::{Blocker, Crowds, Holder, KnownClaim, Lock, in_order};
use crate::core::evaluate::Evaluate;
use crate::core::job::Role;
use crate::core::record::{Record, StopReason};
use crate::core::setting::Way;
use crate::core::state::{InstanceId, Phase};
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

    /// The answer to somebody who has asked: what was asked for, if it is still open.
    fn answered(&mut self, id: &str, token: &str) -> Option<(Holder, Vec<Lock>)> {
        let holder = self.state.holder(id)?;
        let want = self.gate.wants.get(&holder)?;
        if want.stage != Stage::Asking || want.token.as_ref() != token {
            return None;
        }
        let locks = want.locks.clone();
        self.gate.asking.remove(&locks);
        self.gate.asked -= 1;
        self.stir(&locks);
        Some((holder, locks))
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

    pub(super) fn on_granted(
        &mut self,
        now: Timestamp,
        id: &Arc<str>,
        token: &Arc<str>,
        out: &mut Transition,
    ) -> Result<(), Unfit> {
        let Some((holder, locks)) = self.answered(id, token) else { return Ok(()) };
        self.drop_idle_tasks(holder);
        let Some(want) = self.gate.wants.remove(&holder) else { return Ok(()) };
        let unused = want.tasks.is_empty() || self.is_stopped();
        if unused && !self.state.has_begun(holder) && self.state.claims.of(holder).is_none() {
            // Whatever wanted it cannot start any more: it is given back before anybody has heard of it.
            let names = names(&locks);
            out.plan(Effect::Release { holder: id.clone(), names, token: token.clone() });
            return Ok(());
        }
        let record = Record::Claimed { task: id.clone(), locks, token: token.clone() };
        self.note(now, record, out)?;
        self.gate.ended.insert(holder);
        for task in want.tasks {
            self.queue(task);
            self.let_next_claim(task);
        }
        Ok(())
    }

    /// Another run is in the way of somebody who has asked; or, if `by` is empty, this run itself.
    pub(super) fn on_denied(
        &mut self,
        now: Timestamp,
        id: &Arc<str>,
        token: &str,
        by: Vec<Blocker>,
        out: &mut Transition,
    ) -> Result<(), Unfit> {
        let Some((holder, locks)) = self.answered(id, token) else { return Ok(()) };
        let Some((lock, blocker)) = in_the_way(&locks, by) else {
            if self.keep_those_who_wait(holder, out) {
                let behind = locks.iter().find(|lock| !self.has_room_for(holder, lock));
                let behind = behind.or(locks.first()).expect("nobody asks for nothing").clone();
                self.wait_behind(holder, behind);
            }
            return Ok(());
        };
        let known = self.state.claims.denied(holder);
        let same = |known: &Blocker| {
            (&known.lock, &known.run, &known.scope) == (&blocker.lock, &blocker.run, &blocker.scope)
        };
        if !known.is_some_and(same) {
            self.note(now, Record::Denied { task: id.clone(), by: blocker.clone() }, out)?;
        }
        if self.keep_those_who_wait(holder, out) {
            self.wait_behind(holder, lock.clone());
            self.gate.queues.entry(lock).or_default().blocker = Some(blocker);
            self.poll_later(now, out);
        }
        Ok(())
    }

    /// What somebody has asked for cannot be had.
    pub(super) fn on_refused(
        &mut self,
        now: Timestamp,
        id: &str,
        token: &str,
        reason: &str,
        out: &mut Transition,
    ) -> Result<(), Unfit> {
        let Some((holder, _)) = self.answered(id, token) else { return Ok(()) };
        self.give_up_want(now, holder, reason, out)
    }

    /// Ends everything that waits for a holder's locks: they will not come.
    pub(super) fn give_up_want(
        &mut self,
        now: Timestamp,
        holder: Holder,
        reason: &str,
        out: &mut Transition,
    ) -> Result<(), Unfit> {
        self.leave_queue(holder);
        self.drop_idle_tasks(holder);
        let Some(want) = self.gate.wants.remove(&holder) else { return Ok(()) };
        for task in want.tasks {
            // The first failure may keep the others from starting, and that is all that need be said of them.
            if self.is_waiting_for_locks(task) {
                self.give_up(now, task, reason, out)?;
            }
        }
        Ok(())
    }

    fn give_up(
        &mut self,
        now: Timestamp,
        task: InstanceId,
        reason: &str,
        out: &mut Transition,
    ) -> Result<(), Unfit> {
        if self.state.part(task).is_some() {
            return self.fail_way(now, task, Way::Set, reason.to_owned(), out);
        }
        let Some(role) = self.next_role(task) else { return Ok(()) };
        self.cannot_begin(now, task, role, reason.to_owned(), out)
    }

    /// What the next job of a task is for, if it waits to have one started.
    fn next_role(&self, task: InstanceId) -> Option<Role> {
        match self.state.task(task)?.phase {
            Phase::Waiting => Some(self.first_role(task)),
            Phase::Pausing(Role::Action, _) => Some(self.first_role(task)),
            Phase::Pausing(role, _) => Some(role),
            Phase::Asking => Some(Role::Probe),
            Phase::Repairing(state, action) => Some(Role::Repair { state, action }),
            Phase::Verifying(number) => Some(Role::Verify(number)),
            Phase::Running(_)
            | Phase::Judging(_)
            | Phase::Sleeping(_)
            | Phase::Awaiting
            | Phase::InDoubt
            | Phase::Ended(_) => None,
        }
    }

    pub(super) fn is_waiting_for_locks(&self, task: InstanceId) -> bool {
        if self.state.part(task).is_some() {
            return self.waits_to_open(task);
        }
        let admitted = self.is_admitted(self.state.instance(task).scope);
        let fresh = self.state.task(task).is_some_and(|known| known.phase == Phase::Waiting);
        admitted
            && self.next_role(task).is_some()
            && (!fresh || self.state.may_start(task))
            && !self.running.contains(&task)
    }

    fn drop_idle_tasks(&mut self, holder: Holder) {
        let Some(want) = self.gate.wants.get(&holder) else { return };
        let idle: Vec<InstanceId> =
            want.tasks.iter().copied().filter(|&task| !self.is_waiting_for_locks(task)).collect();
        if let Some(want) = self.gate.wants.get_mut(&holder) {
            idle.iter().for_each(|task| {
                want.tasks.remove(task);
            });
        }
    }

    /// Forgets a want that no task needs any more; says whether one does.
    pub(super) fn keep_those_who_wait(&mut self, holder: Holder, out: &mut Transition) -> bool {
        self.drop_idle_tasks(holder);
        match self.gate.wants.get(&holder) {
            Some(want) if !want.tasks.is_empty() => return true,
            None => return false,
            Some(_) => {}
        }
        self.leave_queue(holder);
        self.gate.wants.remove(&holder);
        out.plan(Effect::Withdraw { holder: self.state.holder_id(holder) });
        false
    }

    /// Notes under which holders something has ended, by a record that was just applied.
    pub(super) fn see_ends(&mut self, record: &Record) {
        if !self.gate.needed {
            return;
        }
        self.gate.looked &= matches!(record, Record::Denied { .. });
        match record {
            Record::TaskEnded { task, .. } | Record::ItemsFrozen { task, .. } => {
                let Some(id) = self.state.find(task) else { return };
                self.gate.ended.extend(self.state.holders_around(id));
            }
            Record::SettingMoved { task, .. } => {
                let Some(Holder::Task(part)) = self.state.holder(task) else { return };
                self.gate.ended.extend(self.state.holders_around(part));
            }
            Record::Judged { .. }
            | Record::JobEnded { .. }
            | Record::JobLost { .. }
            | Record::Stopped { .. } => {}
            Record::Resolved { .. } | Record::Resumed { .. } => {
                self.gate.ended.extend(self.state.claims.held.keys());
                self.find_settings();
            }
            Record::Claimed { task, .. } => {
                let holder = self.state.holder(task).filter(|&holder| self.is_setting(holder));
                self.gate.settings.extend(holder);
                return;
            }
            Record::Released { .. } | Record::ClaimLost { .. } => {
                self.gate.ended.insert(Holder::RUN);
                self.find_settings();
            }
            _ => return,
        }
        // Whether a setting may be opened once more hangs on all that it surrounds.
        self.gate.ended.extend(&self.gate.settings);
    }

    fn find_settings(&mut self) {
        let held = self.state.claims.held.keys().copied();
        self.gate.settings = held.filter(|&holder| self.is_setting(holder)).collect();
    }

    pub(super) fn has_claimed(&self, id: InstanceId) -> bool {
        self.state.claims.of(Holder::Task(id)).is_some_and(|claim| claim.whole)
    }

    fn is_setting(&self, holder: Holder) -> bool {
        matches!(holder, Holder::Task(id) if self.state.part(id).is_some())
    }

    /// Gives back what is held for nothing any more. The run's own claim is the last.
    pub(super) fn release_finished(&mut self, out: &mut Transition) {
        let given_up =
            self.state.is_given_up() && self.running.is_empty() && self.unclear.is_empty();
        if given_up {
            self.gate.ended.extend(self.state.claims.held.keys());
        }
        for holder in std::mem::take(&mut self.gate.ended) {
            let Some(claim) = self.state.claims.of(holder) else { continue };
            let last = holder != Holder::RUN || self.state.claims.held.len() == 1;
            if last && holder == Holder::RUN && self.gate.asked > 0 {
                // What is being asked for just now may be granted, and is given back before.
                self.gate.ended.insert(holder);
                continue;
            }
            let finished = given_up || self.state.is_finished(holder);
            if !last || self.gate.releasing.contains(&holder) || !finished {
                continue;
            }
            let release = Effect::Release {
                holder: self.state.holder_id(holder),
                names: names(&claim.locks),
                token: claim.token.clone(),
            };
            self.gate.releasing.insert(holder);
            out.plan_after_sync(release);
        }
    }

    /// A run that is complete holds nothing any more when it is closed.
    pub(super) fn release_before_closing(&mut self, out: &mut Transition) {
        if self.state.is_complete() && !self.state.claims.held.is_empty() {
            self.gate.ended.extend(self.state.claims.held.keys());
            self.release_finished(out);
        }
    }

    pub(super) fn on_released(
        &mut self,
        now: Timestamp,
        id: &Arc<str>,
        token: &Arc<str>,
        out: &mut Transition,
    ) -> Result<(), Unfit> {
        let Some(holder) = self.state.holder(id) else { return Ok(()) };
        if !self.gate.releasing.remove(&holder) {
            return Ok(());
        }
        for task in self.gate.returning.remove(&holder).unwrap_or_default() {
            self.queue(task);
        }
        let Some(claim) = self.state.claims.of(holder).filter(|claim| claim.token == *token) else {
            return Ok(());
        };
        let locks = claim.locks.clone();
        self.note(now, Record::Released { task: id.clone(), token: token.clone() }, out)?;
        self.stir(&locks);
        Ok(())
    }

    /// Whether locks under which a task stands are being given back, so that nothing about it may be decided anew.
    pub(super) fn is_being_released(&self, task: InstanceId) -> bool {
        self.gate.releasing.iter().any(|&holder| self.state.is_under(task, holder))
    }

    /// Before anything starts it is found out which claims of an earlier executor are still there.
    pub(super) fn verify_claims(&mut self, out: &mut Transition) {
        self.gate.nothing.clear();
        let held = self.state.claims.held.iter();
        let claims: Vec<_> = held
            // A setting may be opened again before what it held is given back.
            .filter(|(holder, _)| !self.state.is_finished(**holder) || self.is_setting(**holder))
            .map(|(&holder, claim)| KnownClaim {
                holder: self.state.holder_id(holder),
                names: names(&claim.locks),
                token: claim.token.clone(),
            })
            .collect();
        if !claims.is_empty() {
            self.gate.unverified = true;
            out.plan(Effect::Verify { claims });
        }
    }

    pub(super) fn on_verified(
        &mut self,
        now: Timestamp,
        lost: Vec<(Arc<str>, Vec<Arc<str>>)>,
        out: &mut Transition,
    ) -> Result<(), Unfit> {
        if !std::mem::take(&mut self.gate.unverified) {
            return Ok(());
        }
        for (task, mut names) in lost {
            // What has been given back meanwhile is not lost.
            let claim = self.state.holder(&task).and_then(|holder| self.state.claims.of(holder));
            let locks = claim.map_or(&[][..], |claim| &claim.locks);
            names.retain(|name| locks.iter().any(|lock| lock.name == *name));
            if !names.is_empty() {
                self.note(now, Record::ClaimLost { task, names }, out)?;
            }
        }
        Ok(())
    }

    /// Whether an answer is still to come about claims.
    pub(super) fn claims_move(&self) -> bool {
        self.gate.asked > 0 || self.gate.unverified || !self.gate.releasing.is_empty()
    }
}

pub(super) fn names(locks: &[Lock]) -> Vec<Arc<str>> {
    locks.iter().map(|lock| lock.name.clone()).collect()
}

/// Of all that are in the way, the one that is told: one whose executor is gone if it is in the way for good, and with it the lock.
fn in_the_way(locks: &[Lock], by: Vec<Blocker>) -> Option<(Lock, Blocker)> {
    let lock_of = |blocker: &Blocker| locks.iter().find(|lock| lock.name == blocker.lock).cloned();
    let mut first: BTreeMap<Lock, Blocker> = BTreeMap::new();
    for blocker in by {
        let Some(lock) = lock_of(&blocker) else { continue };
        // Of those who hold slots any one can make room; of all others each one must go.
        let worse = match lock.sharing {
            Sharing::Slots(_) => blocker.alive,
            Sharing::Exclusive | Sharing::Shared => !blocker.alive,
        };
        match first.get(&lock) {
            Some(known) if known.alive == blocker.alive || !worse => {}
            _ => {
                first.insert(lock, blocker);
            }
        }
    }
    let gone = first.iter().find(|(_, blocker)| !blocker.alive);
    gone.or_else(|| first.iter().next()).map(|(lock, blocker)| (lock.clone(), blocker.clone()))
}
