//! Giving back: when the locks of a holder are wanted by nobody any more, and whether those of an earlier executor are still there.
//!
//! What may be given back is a question to the state; here is decided when it is looked at.

use std::sync::Arc;

use jiff::Timestamp;

use super::names;
use crate::core::apply::Unfit;
use crate::core::claim::{Holder, KnownClaim};
use crate::core::evaluate::Evaluate;
use crate::core::machine::{Effect, Machine, Transition};
use crate::core::record::Record;
use crate::core::state::InstanceId;

impl<E: Evaluate> Machine<E> {
    /// Notes under which holders something has ended, by a record that was just applied.
    pub(in crate::core::machine) fn see_ends(&mut self, record: &Record) {
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

    pub(in crate::core::machine) fn has_claimed(&self, id: InstanceId) -> bool {
        self.state.claims.of(Holder::Task(id)).is_some_and(|claim| claim.whole)
    }

    pub(super) fn is_setting(&self, holder: Holder) -> bool {
        matches!(holder, Holder::Task(id) if self.state.part(id).is_some())
    }

    /// Gives back what is held for nothing any more. The run's own claim is the last.
    pub(in crate::core::machine) fn release_finished(&mut self, out: &mut Transition) {
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
            let finished = self.state.is_finished(holder) || self.state.has_lost_its_turn(holder);
            let wanted = !given_up && !finished;
            if !last || self.gate.releasing.contains(&holder) || wanted {
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
    pub(in crate::core::machine) fn release_before_closing(&mut self, out: &mut Transition) {
        if self.state.is_complete() && !self.state.claims.held.is_empty() {
            self.gate.ended.extend(self.state.claims.held.keys());
            self.release_finished(out);
        }
    }

    pub(in crate::core::machine) fn on_released(
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
    pub(in crate::core::machine) fn is_being_released(&self, task: InstanceId) -> bool {
        self.gate.releasing.iter().any(|&holder| self.state.is_under(task, holder))
    }

    /// Before anything starts it is found out which claims of an earlier executor are still there.
    pub(in crate::core::machine) fn verify_claims(&mut self, out: &mut Transition) {
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

    pub(in crate::core::machine) fn on_verified(
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
}
