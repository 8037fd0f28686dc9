//! Closing: which parts of settings are put back and when, and which cannot be as something lives or is in doubt.
//!
//! Decides only that a part is to be put back; by which jobs is decided elsewhere.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::next_to_close;
use crate::core::apply::Unfit;
use crate::core::evaluate::Evaluate;
use crate::core::machine::{Machine, Transition};
use crate::core::record::StopReason;
use crate::core::setting::{Activity, Part, SettingStanding, Way};
use crate::core::state::{InstanceId, State};

impl<E: Evaluate> Machine<E> {
    /// Puts in line what is to be closed now.
    pub(in crate::core::machine) fn queue_closings(
        &mut self,
        now: Timestamp,
        out: &mut Transition,
    ) -> Result<(), Unfit> {
        for setting in std::mem::take(&mut self.state.restless) {
            if !self.state.closes(setting) {
                continue;
            }
            for part in self.closable(setting, now) {
                if self.is_untouched(part) {
                    self.go_on_with_part(now, part, out)?;
                } else {
                    self.queue(part);
                }
            }
        }
        Ok(())
    }

    fn is_untouched(&self, part: InstanceId) -> bool {
        self.state.part(part).is_some_and(|part| part.standing == SettingStanding::Captured)
    }

    /// The parts of a setting that could be closed at once. A pause of an opening does not matter to a closing.
    fn closable(&self, setting: InstanceId, now: Timestamp) -> Vec<InstanceId> {
        let rests = |part: &Part| match part.activity {
            Activity::Resting | Activity::Pausing(Way::Set, _) => true,
            Activity::Pausing(Way::Restore, until) => until <= now,
            Activity::Running(..) | Activity::Read(_) | Activity::Judging(..) => false,
        };
        self.state
            .parts_of(setting)
            .filter(|(_, part)| part.can_close() && rests(part))
            .map(|(id, _)| id)
            .collect()
    }

    /// In a stopped run: closes what nothing alive or in doubt is inside of, inner settings before outer ones. A setting that is held
    /// stays in force, unless the run is given up.
    pub(in crate::core::machine) fn close_in_stopped_run(
        &mut self,
        now: Timestamp,
        out: &mut Transition,
    ) -> Result<(), Unfit> {
        let settings: Vec<InstanceId> = self
            .instances_in_order()
            .filter(|&id| self.state.setting(id).is_some_and(|known| known.parts.is_some()))
            .collect();
        if settings.is_empty() {
            return Ok(());
        }
        let mut lively = self.around_what_lives();
        for &setting in settings.iter().rev() {
            if self.may_close_in_stopped_run(setting, &lively) {
                for part in self.closable(setting, now) {
                    if self.has_room() || self.is_untouched(part) {
                        self.close(now, part, out)?;
                    }
                }
            }
            if self.is_unsettled(setting) {
                self.mark_around(setting, &mut lively);
            }
        }
        Ok(())
    }

    /// Whether a setting whose closing has begun is still to be closed.
    pub(super) fn may_close_now(&self, setting: InstanceId) -> bool {
        if self.is_stopped() {
            self.may_close_in_stopped_run(setting, &self.around_what_lives())
        } else {
            self.state.closes(setting)
        }
    }

    fn may_close_in_stopped_run(&self, setting: InstanceId, lively: &BTreeSet<InstanceId>) -> bool {
        let abandoned = self.state.run().stopped == Some(StopReason::Abandoned);
        let Some(shape) = self.state.shape_of_setting(setting) else { return false };
        let held = shape.hold && !abandoned && !self.state.closes(setting);
        let inside = |slot: &u32| lively.contains(&self.state.sibling(setting, *slot));
        !held && !shape.around.iter().any(inside)
    }

    /// Whether something of a setting is still to be done, or owed, before what is around it may be closed.
    fn is_unsettled(&self, setting: InstanceId) -> bool {
        let abandoned = self.state.run().stopped == Some(StopReason::Abandoned);
        let held = self.state.shape_of_setting(setting).is_some_and(|shape| shape.hold)
            && !abandoned
            && !self.state.closes(setting);
        self.state.parts_of(setting).any(|(_, part)| {
            part.activity.is_in_flight() || (part.standing.is_open() && (!held || part.is_owed()))
        })
    }

    /// Every instance around, or equal to, a task that lives or is in doubt.
    fn around_what_lives(&self) -> BTreeSet<InstanceId> {
        let abandoned = self.state.run().stopped == Some(StopReason::Abandoned);
        let mut around = BTreeSet::new();
        for (id, _, task) in self.state.tasks() {
            // What people are asked to do they may be doing just now.
            let in_hands = task.is_in_hands() && !abandoned;
            if State::is_alive_or_in_doubt(task) || in_hands {
                around.insert(id);
                self.mark_around(id, &mut around);
            }
        }
        around
    }

    fn mark_around(&self, id: InstanceId, around: &mut BTreeSet<InstanceId>) {
        let mut at = id;
        while at != InstanceId::ROOT {
            at = self.state.scope(self.state.instance(at).scope).group;
            if !around.insert(at) {
                return;
            }
        }
    }

    /// Whether a closing is tried again later, so that a stopped run must not end before.
    pub(in crate::core::machine) fn closing_pauses(&self) -> bool {
        self.pausing.iter().any(|&id| {
            self.state
                .part(id)
                .is_some_and(|part| matches!(part.activity, Activity::Pausing(Way::Restore, _)))
        })
    }

    pub(super) fn close(
        &mut self,
        now: Timestamp,
        id: InstanceId,
        out: &mut Transition,
    ) -> Result<(), Unfit> {
        let Some(part) = self.state.part(id) else { return Ok(()) };
        match next_to_close(part) {
            Some((way, role)) => self.begin_setting_job(now, id, way, role, out),
            None if part.standing == SettingStanding::Captured => {
                self.pausing.remove(&id);
                let reason = "nothing was changed".to_owned();
                self.move_part(now, id, SettingStanding::Restored, None, None, Some(reason), out)
            }
            None => Ok(()),
        }
    }
}
