//! What settings mean for what they surround and for the run: which bar a start, which can be closed, which are owed. Derived
//! from the state, never recorded.
//!
//! Does not know how a setting is opened or closed.

use std::sync::Arc;

use super::facts::{InstanceBody, InstanceId, Phase, ScopeId, Settled, Standing, TaskState};
use super::job::{JobId, Role};
use super::setting::{Activity, Part, Parts, SettingState, Way};
use super::state::State;
use crate::plan::graph::Setting;

impl State {
    /// What is known of a setting; `None` for all others.
    #[must_use]
    pub fn setting(&self, id: InstanceId) -> Option<&SettingState> {
        match &self.instance(id).body {
            InstanceBody::Setting(setting) => Some(setting),
            _ => None,
        }
    }

    /// What is known of one part of a setting; `None` for all others.
    #[must_use]
    pub fn part(&self, id: InstanceId) -> Option<&Part> {
        match &self.instance(id).body {
            InstanceBody::Part(part) => Some(part),
            _ => None,
        }
    }

    /// Whether an instance is a setting or a part of one.
    #[must_use]
    pub fn is_of_setting(&self, id: InstanceId) -> bool {
        matches!(self.instance(id).body, InstanceBody::Setting(_) | InstanceBody::Part(_))
    }

    /// All parts of settings with their numbers.
    pub fn all_parts(&self) -> impl Iterator<Item = (InstanceId, &Part)> {
        (0..).map(InstanceId).zip(&self.instances).filter_map(|(id, instance)| {
            match &instance.body {
                InstanceBody::Part(part) => Some((id, part.as_ref())),
                _ => None,
            }
        })
    }

    /// The parts of a setting; none before they are known.
    pub fn parts_of(&self, setting: InstanceId) -> impl Iterator<Item = (InstanceId, &Part)> {
        let parts = self.setting(setting).and_then(|setting| setting.parts);
        parts.into_iter().flat_map(Parts::iter).filter_map(|id| Some((id, self.part(id)?)))
    }

    /// The job of a setting that lives, if that is its id: `freeze:set`.
    pub(super) fn live_job_of_part(&self, name: &str) -> Option<JobId> {
        let part = self.part(self.find(name)?)?;
        let way = Way::of(name)?;
        match part.activity {
            Activity::Running(on, _) | Activity::Judging(on, _) if on == way => {
                Some(JobId { task: name.into(), attempt: part.jobs(way) })
            }
            _ => None,
        }
    }

    /// The job of a part that is in flight, and the process of it that lives on without its keeper.
    pub(super) fn last_job_of_part(&self, id: InstanceId) -> Option<(JobId, Option<u32>)> {
        let part = self.part(id)?;
        match part.activity {
            Activity::Running(way, _) | Activity::Judging(way, _) => {
                let job = JobId { task: self.job_name(id, way), attempt: part.jobs(way) };
                Some((job, part.orphan))
            }
            _ => None,
        }
    }

    /// The shape of a setting, or of the setting that a part belongs to.
    pub(super) fn shape_of_setting(&self, id: InstanceId) -> Option<&Setting> {
        self.graph.setting(self.instance(id).node)
    }

    /// Id of the jobs of a part on one way: `freeze[wave_1]:set`.
    #[must_use]
    pub fn job_name(&self, part: InstanceId, way: Way) -> Arc<str> {
        format!("{}{}", self.instance(part).id, way.suffix()).into()
    }

    /// The settings around an instance, outermost first, and in file order where they stand side by side.
    #[must_use]
    pub fn settings_around(&self, id: InstanceId) -> Vec<InstanceId> {
        let mut around = Vec::new();
        let mut at = id;
        while at != InstanceId::ROOT {
            let slots = &self.node(at).surrounded_by;
            around.extend(slots.iter().rev().map(|&slot| self.sibling(at, slot)));
            at = self.scope(self.instance(at).scope).group;
        }
        around.reverse();
        around
    }

    /// Whether a setting keeps what it surrounds from starting until a resume or an operator: it could not be opened, or is owed.
    #[must_use]
    pub fn bars(&self, setting: InstanceId) -> bool {
        self.setting(setting).is_some_and(|known| known.failed.is_some())
            || self.parts_of(setting).any(|(_, part)| part.failed.is_some() || part.is_owed())
    }

    /// Whether a setting around an instance keeps it from starting.
    pub(super) fn is_barred(&self, id: InstanceId) -> bool {
        let mut at = id;
        while at != InstanceId::ROOT {
            let slots = &self.node(at).surrounded_by;
            if slots.iter().any(|&slot| self.bars(self.sibling(at, slot))) {
                return true;
            }
            at = self.scope(self.instance(at).scope).group;
        }
        false
    }

    /// Whether a setting is to be closed now: nothing that it surrounds runs, is in doubt, or can start without a resume; one that
    /// is held also waits until all of that has ended well.
    #[must_use]
    pub fn closes(&self, setting: InstanceId) -> bool {
        let (Some(known), Some(shape)) = (self.setting(setting), self.shape_of_setting(setting))
        else {
            return false;
        };
        known.surrounds_rest() && (!shape.hold || known.surrounds_good())
    }

    /// What the others may expect of a setting.
    pub(super) fn standing_of_setting(&self, id: InstanceId) -> Standing {
        let Some(known) = self.setting(id) else { return Standing::default() };
        let closes = self.closes(id);
        // When a run is given up, what was held is put back as well, and nothing else may start because of that.
        let moves = |part: &Part| match part.activity {
            Activity::Resting => false,
            Activity::Running(way, _)
            | Activity::Read(way)
            | Activity::Judging(way, _)
            | Activity::Pausing(way, _) => way == Way::Set || closes || known.open > 0,
        };
        let moving = self.parts_of(id).any(|(_, part)| moves(part));
        let closable = self.parts_of(id).any(|(_, part)| part.can_close());
        let holds = self.shape_of_setting(id).is_some_and(|shape| shape.hold);
        let closes = closes && closable;
        // One that cannot be opened and is partly changed is put back once what it surrounds has come to rest.
        let will_close = known.open > 0 && closable && !holds;
        let owed = self.parts_of(id).any(|(_, part)| part.is_owed());
        let bad = self.bars(id);
        let settled = if moving || closes || will_close || (known.open > 0 && !bad) {
            Settled::Open
        } else if owed {
            Settled::Doubt
        } else if bad {
            Settled::Failed
        } else if known.doubtful > 0 {
            Settled::StuckOnDoubt
        } else if known.not_good > 0 {
            Settled::Stuck
        } else {
            Settled::Good
        };
        Standing { settled, bad, halts: bad }
    }

    /// Whether a part of a setting is owed: it is in force, or may be, although nothing that it surrounds will start without a
    /// resume; or it drifted, or could not be put back.
    #[must_use]
    pub fn is_debt(&self, part: &Part) -> bool {
        let open = self.instance(part.owner).standing.settled == Settled::Open;
        part.is_owed() || (part.standing.is_open() && !open)
    }

    /// Whether a setting is owed.
    #[must_use]
    pub fn has_debts(&self) -> bool {
        self.all_parts().any(|(_, part)| self.is_debt(part))
    }

    /// Whether a task is under way or in doubt in such a manner that nothing around it may be put back. That nobody has answered
    /// before its first start is no such doubt: nothing of it has happened.
    pub(super) fn is_alive_or_in_doubt(task: &TaskState) -> bool {
        match task.phase {
            Phase::Running(_) | Phase::Judging(_) | Phase::InDoubt | Phase::Repairing(..) => true,
            Phase::Asking
            | Phase::Awaiting
            | Phase::Pausing(Role::Probe | Role::Repair { .. }, _) => task.may_have_happened(),
            Phase::Waiting
            | Phase::Pausing(..)
            | Phase::Sleeping(_)
            | Phase::Verifying(_)
            | Phase::Ended(_) => false,
        }
    }

    /// Whether nothing lives, nothing is in doubt and no setting is open, so that the run may be closed before its end.
    #[must_use]
    pub fn may_be_abandoned(&self) -> bool {
        let settled = |body: &InstanceBody| match body {
            InstanceBody::Task(task) => !Self::is_alive_or_in_doubt(task),
            InstanceBody::Part(part) => !part.standing.is_open() && !part.activity.is_in_flight(),
            InstanceBody::Group(_) | InstanceBody::Setting(_) => true,
        };
        self.instances.iter().all(|instance| settled(&instance.body))
    }

    /// Everything that a setting surrounds, at any depth, and that has not begun.
    pub(super) fn waiting_inside(&self, setting: InstanceId) -> Vec<InstanceId> {
        let Some(shape) = self.shape_of_setting(setting) else { return Vec::new() };
        let mut work: Vec<InstanceId> =
            shape.around.iter().map(|&slot| self.sibling(setting, slot)).collect();
        let mut waiting = Vec::new();
        while let Some(id) = work.pop() {
            match &self.instance(id).body {
                InstanceBody::Task(task) if task.phase == Phase::Waiting => waiting.push(id),
                InstanceBody::Group(group) => match group.items {
                    None => waiting.push(id),
                    Some(items) => {
                        let inside = |scope: ScopeId| self.children(scope);
                        work.extend(items.scopes().flat_map(inside));
                    }
                },
                _ => {}
            }
        }
        waiting
    }
}
