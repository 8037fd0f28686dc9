//! Answers of the folder of claims: what was granted, denied or refused, and what becomes of those who wanted it.
//!
//! Never asks the folder anew by itself; whoever is put in line again does.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;

use super::{Stage, names};
use crate::core::apply::Unfit;
use crate::core::claim::{Blocker, Holder, Lock};
use crate::core::evaluate::Evaluate;
use crate::core::job::Role;
use crate::core::machine::{Effect, Machine, Transition};
use crate::core::record::Record;
use crate::core::setting::Way;
use crate::core::state::{InstanceId, Phase};
use crate::spec::model::Sharing;

impl<E: Evaluate> Machine<E> {
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

    pub(in crate::core::machine) fn on_granted(
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
    pub(in crate::core::machine) fn on_denied(
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
            self.note(
                now,
                Record::Denied { task: id.clone(), by: Box::new(blocker.clone()) },
                out,
            )?;
        }
        if self.keep_those_who_wait(holder, out) {
            self.wait_behind(holder, lock.clone());
            self.gate.queues.entry(lock).or_default().blocker = Some(blocker);
            self.poll_later(now, out);
        }
        Ok(())
    }

    /// What somebody has asked for cannot be had.
    pub(in crate::core::machine) fn on_refused(
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
    pub(in crate::core::machine) fn give_up_want(
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

    pub(super) fn give_up(
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

    pub(in crate::core::machine) fn is_waiting_for_locks(&self, task: InstanceId) -> bool {
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
    pub(in crate::core::machine) fn keep_those_who_wait(
        &mut self,
        holder: Holder,
        out: &mut Transition,
    ) -> bool {
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
