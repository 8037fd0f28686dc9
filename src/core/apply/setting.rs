//! What records change about settings.
//!
//! Decides nothing: whether a setting may be opened or closed is asked before that is recorded. What must hold for safety is checked
//! once more here: the old value is known before anything is changed, and a drifted value is not overwritten.

use std::sync::Arc;

use jiff::Timestamp;

use super::enter::item_id;
use super::{Unfit, check, contradiction, count};
use crate::core::job::Role;
use crate::core::record::{Decision, Item, JobEnd, Judgement, Outcome, Record, Verdict};
use crate::core::setting::{Activity, Part, Parts, SettingStanding, SettingState, Way};
use crate::core::state::{Instance, InstanceBody, InstanceId, Job, Named, Standing, State};
use crate::plan::graph;

/// A setting that nobody has needed yet.
pub(super) fn unopened(setting: &graph::Setting) -> InstanceBody {
    let around = count(setting.around.len());
    let state = SettingState { open: around, not_good: around, ..SettingState::default() };
    InstanceBody::Setting(Box::new(state))
}

impl State {
    /// Takes a record that speaks of a setting; `None` if it speaks of something else.
    pub(super) fn apply_to_setting(
        &mut self,
        at: Timestamp,
        record: &Record,
    ) -> Option<Result<(), Unfit>> {
        if record.is_about_claims() {
            return None;
        }
        let name = record.subject()?;
        let id = self.find(name)?;
        let owner = match &self.instance(id).body {
            InstanceBody::Setting(_) => id,
            InstanceBody::Part(part) => part.owner,
            _ => return None,
        };
        let result = match record {
            Record::Resolved { decision, because, .. } => {
                self.resolve_setting(name, id, *decision, because)
            }
            Record::ItemsFrozen { items, .. } => self.freeze_parts(name, id, items),
            Record::TaskEnded { outcome, reason, .. } if id == owner => {
                self.end_setting(name, id, *outcome, reason.as_deref())
            }
            _ => self.apply_to_part(at, name, id, record),
        };
        if result.is_ok() {
            if matches!(record, Record::Resolved { .. }) {
                self.settle_everything();
            } else {
                self.mark_begun(owner);
                if matches!(record, Record::JobStarting { .. }) {
                    self.mark_started(owner);
                }
                self.settle_setting(owner);
            }
        }
        Some(result)
    }

    /// Draws the consequences of what has changed about a setting.
    fn settle_setting(&mut self, owner: InstanceId) {
        let mut changed = vec![owner];
        if self.bars(owner) && !self.instance(owner).standing.bad {
            changed.extend(self.waiting_inside(owner));
        }
        self.settle(changed);
    }

    fn setting_mut(&mut self, id: InstanceId) -> Option<&mut SettingState> {
        match &mut self.instances[id.index()].body {
            InstanceBody::Setting(setting) => Some(setting),
            _ => None,
        }
    }

    fn part_mut(&mut self, id: InstanceId) -> Option<&mut Part> {
        match &mut self.instances[id.index()].body {
            InstanceBody::Part(part) => Some(part),
            _ => None,
        }
    }

    fn freeze_parts(
        &mut self,
        name: &Arc<str>,
        owner: InstanceId,
        items: &[Item],
    ) -> Result<(), Unfit> {
        let first = InstanceId(count(self.instances.len()));
        let (node, scope) = (self.instance(owner).node, self.instance(owner).scope);
        let setting =
            self.setting_mut(owner).ok_or_else(|| contradiction(name, "it is not a setting"))?;
        check(
            setting.parts.is_none() && !setting.skipped && setting.failed.is_none(),
            name,
            "its items were frozen before",
        )?;
        setting.parts = Some(Parts { first, count: count(items.len()) });
        for (index, item) in items.iter().enumerate() {
            let number = InstanceId(count(self.instances.len()));
            let id = item_id(&self.instance(owner).id, item.key.as_deref());
            for way in [Way::Set, Way::Restore] {
                let job: Arc<str> = format!("{id}{}", way.suffix()).into();
                self.ids.insert(job, Named::Instance(number));
            }
            if item.key.is_some() {
                self.ids.insert(id.clone(), Named::Instance(number));
            }
            let part = Part::new(owner, item.key.clone(), item.value.clone(), count(index));
            self.instances.push(Instance {
                id,
                node,
                scope,
                standing: Standing::default(),
                unmet: 0,
                dead: 0,
                dead_by_doubt: 0,
                body: InstanceBody::Part(Box::new(part)),
            });
        }
        Ok(())
    }

    fn end_setting(
        &mut self,
        name: &Arc<str>,
        owner: InstanceId,
        outcome: Outcome,
        reason: Option<&str>,
    ) -> Result<(), Unfit> {
        let setting =
            self.setting_mut(owner).ok_or_else(|| contradiction(name, "it is not a setting"))?;
        let fresh = setting.parts.is_none() && !setting.skipped && setting.failed.is_none();
        check(fresh, name, "it was opened or skipped before")?;
        match outcome {
            Outcome::Skipped => setting.skipped = true,
            Outcome::Failed => setting.failed = Some(Arc::from(reason.unwrap_or_default())),
            _ => return Err(contradiction(name, "a setting ends neither well nor waived")),
        }
        Ok(())
    }

    /// The one part of a setting that does not fan out, or the part that is named.
    fn the_part(&self, name: &Arc<str>, id: InstanceId) -> Result<InstanceId, Unfit> {
        let parts: Vec<InstanceId> = match self.part(id) {
            Some(_) => vec![id],
            None => self.parts_of(id).map(|(part, _)| part).collect(),
        };
        match parts[..] {
            [part] => Ok(part),
            _ => Err(contradiction(name, "it is not one value")),
        }
    }

    fn apply_to_part(
        &mut self,
        at: Timestamp,
        name: &Arc<str>,
        id: InstanceId,
        record: &Record,
    ) -> Result<(), Unfit> {
        let id = self.the_part(name, id)?;
        let executor = count(self.run.boots.len().saturating_sub(1));
        let part = self.part_mut(id).ok_or_else(|| contradiction(name, "it is not a setting"))?;
        let way = || Way::of(name).ok_or_else(|| contradiction(name, "it has no jobs"));
        match record {
            Record::JobStarting { attempt, role, .. } => {
                let job = Job { attempt: *attempt, role: *role, since: at, executor };
                part.start(name, way()?, job)
            }
            Record::JobEnded { attempt, end, verdict, .. } => {
                part.end(name, way()?, *attempt, end, verdict)
            }
            Record::JobOrphaned { attempt, pid, command, .. } => {
                let known = part.activity.is_in_flight() && part.jobs(way()?) == *attempt;
                check(known, name, "no such job of it is in flight")?;
                check(part.orphan != Some(*pid), name, "that process is known already")?;
                part.orphan = Some(*pid);
                let reason =
                    format!("its keeper has gone, and process {pid} of it lives: {command}");
                part.reason = Some(reason.into());
                Ok(())
            }
            Record::JobLost { attempt, .. } => {
                part.running(name, way()?, *attempt)?;
                part.orphan = None;
                part.activity = Activity::Resting;
                part.reason = Some(Arc::from("the end of its job is lost"));
                Ok(())
            }
            Record::Judged { judgement: Judgement::Again, reason, .. } => {
                let begun = !matches!(part.activity, Activity::Resting | Activity::Running(..));
                check(begun, name, "it is judged although nothing of it has just ended")?;
                part.activity = Activity::Resting;
                part.orphan = None;
                part.reason = Some(Arc::from(reason.as_str()));
                Ok(())
            }
            Record::WaitUntil { until, reason, .. } => {
                let Activity::Judging(way, _) = part.activity else {
                    return Err(contradiction(name, "it waits although nothing has just ended"));
                };
                part.activity = Activity::Pausing(way, *until);
                part.reason = Some(Arc::from(reason.as_str()));
                Ok(())
            }
            Record::TaskEnded { outcome: Outcome::Failed, reason, .. } => {
                let rests = !matches!(part.activity, Activity::Running(..));
                let way = way()?;
                check(
                    rests && part.failed != Some(way),
                    name,
                    "it fails although a job of it runs",
                )?;
                part.activity = Activity::Resting;
                part.failed = Some(way);
                part.reason = reason.as_deref().map(Arc::from);
                part.tries = 0;
                Ok(())
            }
            Record::SettingMoved { state, value, commands, reason, .. } => {
                part.moved(name, *state, value.as_ref())?;
                if let Some(commands) = commands {
                    part.get = Some(Arc::new(commands.get.clone()));
                    part.restore = Some(Arc::new(commands.restore.clone()));
                }
                part.reason = reason.as_deref().map(Arc::from);
                Ok(())
            }
            _ => Err(contradiction(name, "no such thing happens to a setting")),
        }
    }

    fn resolve_setting(
        &mut self,
        name: &Arc<str>,
        id: InstanceId,
        decision: Decision,
        because: &str,
    ) -> Result<(), Unfit> {
        let parts: Vec<InstanceId> = match self.part(id) {
            Some(_) => vec![id],
            None => self.parts_of(id).map(|(part, _)| part).collect(),
        };
        let lives = |id: &InstanceId| {
            let part = self.part(*id);
            part.is_some_and(|part| part.activity.is_in_flight() && part.orphan.is_none())
        };
        check(!parts.iter().any(lives), name, "it is resolved while something of it may live")?;
        check(!parts.is_empty(), name, "it was never opened")?;
        let mut decided = Vec::with_capacity(parts.len());
        for id in parts {
            let mut part = self.part(id).expect("these are parts").clone();
            part.decide(name, decision)?;
            part.reason = Some(Arc::from(because));
            decided.push((id, part));
        }
        for (id, part) in decided {
            self.instances[id.index()].body = InstanceBody::Part(Box::new(part));
        }
        Ok(())
    }

    /// A resume tries again what has failed.
    pub(super) fn grant_fresh_attempts_to_settings(&mut self) {
        for instance in &mut self.instances {
            match &mut instance.body {
                InstanceBody::Setting(setting) => setting.failed = None,
                InstanceBody::Part(part) => {
                    part.tries = 0;
                    part.failed = None;
                    // What was set and is not being read may be something else by now.
                    part.changed &= part.activity.is_in_flight();
                    if part.was_found() {
                        part.found = None;
                    }
                    if matches!(part.activity, Activity::Pausing(..) | Activity::Read(_)) {
                        part.activity = Activity::Resting;
                    }
                }
                _ => {}
            }
        }
    }
}

impl Part {
    fn running(&self, name: &Arc<str>, way: Way, attempt: u32) -> Result<Job, Unfit> {
        match self.activity {
            Activity::Running(on, job) if on == way && job.attempt == attempt => Ok(job),
            _ => Err(contradiction(name, "a job of it has ended that was not running")),
        }
    }

    fn start(&mut self, name: &Arc<str>, way: Way, job: Job) -> Result<(), Unfit> {
        use SettingStanding::{Captured, Changing, Idle, InForce, Restored, Restoring};
        check(job.attempt == self.jobs(way) + 1, name, "its jobs are not numbered in a row")?;
        let checked = self.activity == Activity::Read(Way::Restore);
        let rests = matches!(self.activity, Activity::Resting | Activity::Pausing(..));
        let in_turn = match (way, job.role, self.standing) {
            (Way::Set, Role::Get, Idle | Restored) => rests && !self.was_found(),
            (Way::Set, Role::Get, Changing) => rests && self.changed,
            (Way::Set, Role::Set, Captured | Changing) => rests,
            (Way::Restore, Role::Get, InForce) => rests,
            (Way::Restore, Role::Get, Restoring) => rests && self.changed,
            (Way::Restore, Role::Restore, InForce) => checked,
            (Way::Restore, Role::Restore, Changing | Restoring) => rests,
            _ => false,
        };
        check(in_turn, name, "a job of it is started out of turn")?;
        check(self.failed != Some(way), name, "a job of it is started although that has failed")?;
        if self.last != Some((way, job.role)) {
            self.tries = 0;
        }
        self.last = Some((way, job.role));
        self.tries += 1;
        match way {
            Way::Set => self.set_jobs += 1,
            Way::Restore => self.restore_jobs += 1,
        }
        if job.role != Role::Get {
            self.before = self.standing;
            self.standing = if way == Way::Set { Changing } else { Restoring };
            self.changed = false;
        }
        self.activity = Activity::Running(way, job);
        self.orphan = None;
        self.reason = None;
        Ok(())
    }

    fn end(
        &mut self,
        name: &Arc<str>,
        way: Way,
        attempt: u32,
        end: &JobEnd,
        verdict: &Verdict,
    ) -> Result<(), Unfit> {
        let job = self.running(name, way, attempt)?;
        match verdict {
            Verdict::Good if job.role == Role::Get => self.activity = Activity::Read(way),
            Verdict::Good => {
                self.changed = true;
                self.tries = 0;
                self.activity = Activity::Resting;
            }
            Verdict::Bad { reason } => {
                if matches!(end, JobEnd::NotSpawned { .. }) && job.role != Role::Get {
                    // Nothing has happened.
                    self.standing = self.before;
                }
                self.activity = Activity::Judging(way, job.role);
                self.reason = Some(Arc::from(reason.as_str()));
            }
            Verdict::Repeat { .. } | Verdict::Overdue { .. } => {
                return Err(contradiction(name, "a setting is not repeated"));
            }
        }
        Ok(())
    }

    fn moved(
        &mut self,
        name: &Arc<str>,
        to: SettingStanding,
        value: Option<&Arc<serde_json::Value>>,
    ) -> Result<(), Unfit> {
        use SettingStanding::{Captured, Changing, Drifted, Idle, InForce, Restored, Restoring};
        let read = |way| self.activity == Activity::Read(way);
        let fits = match (self.standing, to) {
            (Idle | Restored, Idle | Captured) => read(Way::Set) && value.is_some(),
            (Changing, InForce) => read(Way::Set) && self.changed && value.is_some(),
            (Captured, Restored) => {
                matches!(self.activity, Activity::Resting | Activity::Pausing(..))
            }
            (InForce, Restored) => read(Way::Restore),
            (Restoring, Restored) => read(Way::Restore) && self.changed,
            (InForce, Drifted) => read(Way::Restore) && value.is_some(),
            _ => false,
        };
        check(fits, name, "it moves out of turn")?;
        match to {
            Idle | Drifted => self.found = value.cloned(),
            Captured => {
                self.old = value.cloned();
                self.in_force = None;
                self.found = None;
                self.openings += 1;
            }
            InForce => self.in_force = value.cloned(),
            _ => {}
        }
        self.standing = to;
        self.activity = Activity::Resting;
        self.changed = false;
        self.tries = 0;
        Ok(())
    }

    fn decide(&mut self, name: &Arc<str>, decision: Decision) -> Result<(), Unfit> {
        use SettingStanding::{Captured, Drifted, Idle, Restored, Restoring, WrittenOff};
        let next = match (self.standing, decision) {
            (Idle, Decision::Done) if self.was_found() => {
                self.old.clone_from(&self.found);
                self.openings += 1;
                Captured
            }
            (_, Decision::Waived) => WrittenOff,
            (Drifted, Decision::Absent) => Restoring,
            (standing, Decision::Done) if standing.is_open() => Restored,
            _ => return Err(contradiction(name, "that cannot be decided about a setting")),
        };
        self.standing = next;
        self.found = None;
        self.failed = None;
        self.changed = false;
        self.tries = 0;
        self.orphan = None;
        self.activity = Activity::Resting;
        Ok(())
    }
}
