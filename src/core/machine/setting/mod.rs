//! Settings: opened before the first of what they surround starts, closed after the last, and never over something that lives
//! or is in doubt.
//!
//! Knows no items and no doors; whoever wants to start asks whether it may pass, and is called again when it may.

mod closing;
mod evidence;
mod job;
mod reading;

use jiff::Timestamp;

use super::{Machine, Transition};
use crate::core::apply::Unfit;
use crate::core::evaluate::Evaluate;
use crate::core::job::Role;
use crate::core::record::{Item, Outcome, Record, StopReason};
use crate::core::setting::{Activity, Part, SettingStanding, SettingState, Way};
use crate::core::state::{InstanceId, Phase};

/// A way that a part goes, and the next job on it.
type NextJob = (Way, Role);

impl<E: Evaluate> Machine<E> {
    /// Whether every setting around a task is in force. If one is not, it is opened, outer ones first, and the task is put in line
    /// again when that is done. What is under way and cannot pass has failed, or is in doubt, as if its command could not be
    /// rendered.
    pub(super) fn passes_settings(
        &mut self,
        now: Timestamp,
        id: InstanceId,
        role: Role,
        out: &mut Transition,
    ) -> Result<bool, Unfit> {
        for setting in self.state.settings_around(id) {
            if self.open_setting(now, setting, out)? {
                continue;
            }
            if !self.state.bars(setting) {
                self.gates.entry(setting).or_default().insert(id);
            } else if !self.is_waiting(id) {
                let name = self.state.instance(setting).id.clone();
                let error = format!("the setting `{name}` around it is not in force");
                self.cannot_begin(now, id, role, error, out)?;
            }
            return Ok(false);
        }
        Ok(true)
    }

    fn is_waiting(&self, id: InstanceId) -> bool {
        self.state.task(id).is_some_and(|task| task.phase == Phase::Waiting)
    }

    /// Does the next thing that brings a setting into force; says whether it is.
    fn open_setting(
        &mut self,
        now: Timestamp,
        setting: InstanceId,
        out: &mut Transition,
    ) -> Result<bool, Unfit> {
        let Some(known) = self.state.setting(setting) else { return Ok(true) };
        if known.skipped {
            return Ok(true);
        }
        if self.state.bars(setting) {
            return Ok(false);
        }
        if known.parts.is_none() && !self.freeze_parts(now, setting, out)? {
            return Ok(self.state.setting(setting).is_some_and(|known| known.skipped));
        }
        let closed: Vec<InstanceId> = self
            .state
            .parts_of(setting)
            .filter(|(_, part)| !part.lets_pass())
            .map(|(id, _)| id)
            .collect();
        for &part in &closed {
            if self.state.part(part).is_some_and(|part| part.activity == Activity::Resting) {
                self.queue(part);
            }
        }
        Ok(closed.is_empty())
    }

    /// Asks for the condition and the items of a setting; `false` if it is not opened.
    fn freeze_parts(
        &mut self,
        now: Timestamp,
        setting: InstanceId,
        out: &mut Transition,
    ) -> Result<bool, Unfit> {
        let conditional = self.state.node(setting).conditional;
        let fans_out = self.state.shape_of_setting(setting).is_some_and(|shape| shape.fan_out);
        let wanted = if conditional { self.evaluate.when(&self.state, setting) } else { Ok(true) };
        let items = match wanted {
            Ok(false) => {
                self.end(now, setting, Outcome::Skipped, None, out)?;
                return Ok(false);
            }
            Ok(true) if !fans_out => Ok(vec![Item::single()]),
            Ok(true) => self
                .evaluate
                .items(&self.state, setting)
                .map_err(|error| format!("`for_each`: {error}")),
            Err(error) => Err(format!("`when`: {error}")),
        };
        match items {
            Ok(items) => {
                let task = self.state.instance(setting).id.clone();
                self.note(now, Record::ItemsFrozen { task, items }, out)?;
                Ok(true)
            }
            Err(error) => {
                self.end(now, setting, Outcome::Failed, Some(error), out)?;
                self.release(setting);
                Ok(false)
            }
        }
    }

    /// Puts those in line again that wait for a setting which is in force now, or will not be.
    fn release(&mut self, setting: InstanceId) {
        let open = self.state.parts_of(setting).all(|(_, part)| part.lets_pass());
        if open || self.state.bars(setting) {
            for id in self.gates.remove(&setting).unwrap_or_default() {
                self.queue(id);
            }
            self.rest_idle_parts(setting);
        } else if !self.is_waited_for(setting) {
            self.gates.remove(&setting);
            self.rest_idle_parts(setting);
        } else {
            let rests = |part: &Part| part.activity == Activity::Resting && !part.lets_pass();
            let next: Vec<InstanceId> = self
                .state
                .parts_of(setting)
                .filter(|(_, part)| rests(part))
                .map(|(id, _)| id)
                .collect();
            next.into_iter().for_each(|part| self.queue(part));
        }
    }

    /// Lets those parts come to rest that were to be tried again, and whose turn to claim would never come now.
    fn rest_idle_parts(&mut self, setting: InstanceId) {
        let idle: Vec<InstanceId> = self
            .state
            .parts_of(setting)
            .filter(|(id, part)| {
                matches!(part.activity, Activity::Pausing(Way::Set, _))
                    && !self.pausing.contains(id)
            })
            .map(|(id, _)| id)
            .collect();
        idle.into_iter().for_each(|part| self.queue(part));
    }

    /// Whether somebody waits for a setting who can still start.
    fn is_waited_for(&self, setting: InstanceId) -> bool {
        let open = self.state.setting(setting).is_some_and(SettingState::surrounds_open);
        open && self.gates.contains_key(&setting)
    }

    /// Whether a probe pauses that must be asked once more before the run can be given up.
    pub(super) fn confirmation_pauses(&self) -> bool {
        let pauses = |id: &InstanceId| {
            self.state
                .task(*id)
                .filter(|task| task.may_have_happened())
                .is_some_and(|task| matches!(task.phase, Phase::Pausing(Role::Probe, _)))
        };
        self.state.run().stopped == Some(StopReason::Abandoned) && self.pausing.iter().any(pauses)
    }

    /// Whether a part has its turn to claim its lock: one after the other, in the same order everywhere, so that two items that
    /// open the same setting never wait for each other.
    fn may_claim(&self, id: InstanceId) -> bool {
        let Some(part) = self.state.part(id) else { return false };
        let mut before = self.state.parts_of(part.owner).take_while(|(other, _)| *other != id);
        before.all(|(other, part)| part.lets_pass() || self.has_claimed(other))
    }

    /// The next part of a setting may claim its lock, now that one before it has.
    pub(super) fn let_next_claim(&mut self, id: InstanceId) {
        let Some(owner) = self.state.part(id).map(|part| part.owner) else { return };
        let parts: Vec<InstanceId> = self.state.parts_of(owner).map(|(id, _)| id).collect();
        let next = parts.into_iter().skip_while(|&other| other != id).nth(1);
        next.into_iter().for_each(|next| self.queue(next));
    }

    /// Whether a part is to be brought into force, and nothing of it is under way.
    pub(super) fn waits_to_open(&self, id: InstanceId) -> bool {
        self.state.part(id).is_some_and(|part| {
            self.is_waited_for(part.owner)
                && !self.state.bars(part.owner)
                && matches!(part.activity, Activity::Resting | Activity::Pausing(Way::Set, _))
                && !part.lets_pass()
        })
    }
}

/// The next job that brings a part into force; what is half put back is put back first.
fn next_to_open(part: &Part) -> Option<NextJob> {
    match part.standing {
        SettingStanding::Idle | SettingStanding::Restored => Some((Way::Set, Role::Get)),
        SettingStanding::Captured => Some((Way::Set, Role::Set)),
        SettingStanding::Changing if part.changed => Some((Way::Set, Role::Get)),
        SettingStanding::Changing => Some((Way::Set, Role::Set)),
        SettingStanding::Restoring => next_to_close(part),
        SettingStanding::InForce | SettingStanding::Drifted | SettingStanding::WrittenOff => None,
    }
}

/// The next job that puts a part back. Before the value in force is known, and once it is being put back, any value is ours.
fn next_to_close(part: &Part) -> Option<NextJob> {
    match part.standing {
        SettingStanding::InForce => Some((Way::Restore, Role::Get)),
        SettingStanding::Restoring if part.changed => Some((Way::Restore, Role::Get)),
        SettingStanding::Changing | SettingStanding::Restoring => {
            Some((Way::Restore, Role::Restore))
        }
        _ => None,
    }
}
