//! Walking through a run, and letting everything go wrong that can go wrong at each step of it.
//!
//! Exhaustive in what goes wrong once. Does not judge what comes of it.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::sync::Arc;

use jiff::Timestamp;

use super::ends;
use super::life::{Flow, Life, Step, Steps, owner};
use super::table::{Before, Moment, Situation, Table};
use super::trial::{Outcome, Second, Stage};
use super::world::{Cell, Course, Death, Leaves, World};
use crate::core::apply::Unfit;
use crate::core::job::{JobId, Role};
use crate::core::machine::{Effect, Input};
use crate::core::record::Record;
use crate::core::setting::SettingStanding;
use crate::core::state::{InstanceId, Knowledge, State};

/// Which trials are made.
pub(super) enum Choice {
    /// Of all trials every so-manieth, beginning with that one: several walkers share the work.
    Share {
        /// Which.
        first: u64,
        /// Of how many.
        of: u64,
    },
    /// These trials, each with second crashes.
    Pairs(BTreeMap<u64, Vec<Second>>),
}

/// Walks through one run.
pub(super) struct Walk<'a> {
    stage: Stage<'a>,
    choice: Choice,
    pub(super) table: Table,
    /// How many trials there were so far, those of others included.
    pub(super) turn: u64,
    /// What the records so far add up to, and those of them that are on disk.
    written: State,
    synced: Rc<State>,
    unsynced: bool,
    /// What has gone wrong before, in a walk through a run that is disturbed already.
    before: Option<Before>,
    /// The disturbed runs that were walked through.
    walked: BTreeSet<Before>,
}

impl<'a> Walk<'a> {
    pub(super) fn new(stage: Stage<'a>, state: State, choice: Choice) -> Self {
        Self {
            stage,
            choice,
            table: Table::default(),
            turn: 0,
            synced: Rc::new(state.clone()),
            written: state,
            unsynced: false,
            before: None,
            walked: BTreeSet::new(),
        }
    }

    /// Walks until the executor has nothing left to do, or a disturbed run has become like the undisturbed one.
    pub(super) fn walk(&mut self, life: &mut Life<'a>, first: Option<Input>) -> Result<(), String> {
        match first {
            Some(input) => life.take(input, self)?,
            // What becomes of the job that ends now was decided by whoever has disturbed the run.
            None => life.go_on(self)?,
        };
        while !life.is_finished() {
            if life.has_no_letters() {
                let alike = || self.stage.undisturbed.have(life.state(), &life.world);
                if self.before.is_some() && alike() {
                    return Ok(());
                }
                if let Some(job) = life.next_to_end() {
                    self.at_the_end_of(life, &job)?;
                }
            }
            if life.go_on(self)? == Flow::Dead {
                return Err("an executor has died that nobody has killed".to_owned());
            }
        }
        Ok(())
    }

    /// Whether the next trial is to be made, and with which second crashes.
    fn chosen(&mut self) -> Vec<Option<Second>> {
        let turn = self.turn;
        self.turn += 1;
        match &self.choice {
            Choice::Share { first, of } if turn % of == *first => vec![None],
            Choice::Share { .. } => Vec::new(),
            Choice::Pairs(pairs) => {
                pairs.get(&turn).into_iter().flatten().copied().map(Some).collect()
            }
        }
    }

    fn note(&mut self, situation: &Situation, outcome: Outcome, second: Option<Second>) {
        let state = &self.written;
        let node_of = |id: &str| state.find(id).map(|id| state.instance(id).node);
        self.table.add(situation, outcome, second.map(|second| second.death), node_of);
    }

    /// A crash: what is left of the run is resumed.
    fn crash(&mut self, world: &World, situation: &Situation, plan: &CrashPlan<'_>) {
        for second in self.chosen() {
            let mut world = world.clone();
            if let Some((job, course)) = plan.course {
                world.steer(job, course);
            }
            world.becomes = plan.becomes;
            if plan.ends {
                for job in world.running.clone() {
                    world.finish(&job, &owner(&job));
                }
            }
            world.strike(plan.death, plan.lives_on, owner);
            let lost = matches!(plan.death, Death::Machine { tail_lost: true });
            let state = if lost { self.synced.as_ref().clone() } else { self.written.clone() };
            world.set_aside(&state);
            let outcome = self.stage.recover(state, world, second);
            self.note(situation, outcome, second);
        }
    }

    /// Everything that can go wrong while a job is about to end.
    fn at_the_end_of(&mut self, life: &Life<'a>, job: &JobId) -> Result<(), String> {
        let Some(id) = self.written.find(&job.task) else { return Ok(()) };
        let Some(role) = life.world.jobs.get(job).map(|job| job.role) else { return Ok(()) };
        let task = self.written.graph().clone();
        let task = task.task(self.written.instance(id).node);
        let bad = ends::bad(task, role, &life.world, job);
        let base = self.situation(id, Some(role), Moment::While);
        for death in self.deaths(&life.world) {
            let base = Situation { death: Some(death), ..base.clone() };
            let plan = CrashPlan { death, ..CrashPlan::default() };
            match death {
                Death::Executor => {
                    let ended = Situation { moment: Moment::Ended, ..base.clone() };
                    self.crash(&life.world, &ended, &CrashPlan { ends: true, ..plan });
                    self.crash(&life.world, &base, &plan);
                }
                Death::Keeper => {
                    let left = Some("its process outlives its keeper".to_owned());
                    let orphan = Situation { left, ..base.clone() };
                    self.crash(&life.world, &orphan, &CrashPlan { lives_on: true, ..plan });
                }
                Death::Machine { .. } => {}
            }
            let finished = [(Leaves::Everything, Some(Cell::Done))];
            let others = finished.iter().filter(|_| death != Death::Executor && bad.is_empty());
            for &(leaves, becomes) in bad.iter().chain(others) {
                let left = (!bad.is_empty()).then(|| ends::left(task, leaves, becomes));
                let situation = Situation { left, ..base.clone() };
                let course = Some((job, Course::Badly { leaves }));
                let ends = death == Death::Executor;
                self.crash(&life.world, &situation, &CrashPlan { course, becomes, ends, ..plan });
            }
        }
        if self.before.is_none() {
            self.faults(life, job, id, role, &bad)?;
        }
        Ok(())
    }

    /// What can go wrong under a living executor: the job ends badly, or the world is not as at the beginning of all.
    fn faults(
        &mut self,
        life: &Life<'a>,
        job: &JobId,
        id: InstanceId,
        role: Role,
        bad: &[(Leaves, Option<Cell>)],
    ) -> Result<(), String> {
        let name = self.written.instance(id).id.clone();
        let graph = self.written.graph().clone();
        let task = graph.task(self.written.instance(id).node);
        let base = self.situation(id, Some(role), Moment::Fails);
        let nothing = [(Leaves::Nothing, Some(Cell::Done))];
        let ends = if bad.is_empty() { &nothing } else { bad };
        for &(leaves, becomes) in ends {
            let left = (!bad.is_empty()).then(|| ends::left(task, leaves, becomes));
            let mut disturbed = life.clone();
            disturbed.world.steer(job, Course::Badly { leaves });
            disturbed.world.becomes = becomes;
            let situation = Situation { left, ..base.clone() };
            let goes_on = ends::goes_on(task, leaves);
            self.disturb(disturbed, &situation, goes_on, becomes)?;
        }
        let mut unborn = life.clone();
        unborn.world.steer(job, Course::Unborn);
        let situation = Situation { moment: Moment::Unborn, ..base.clone() };
        self.disturb(unborn, &situation, false, None)?;
        if let (Role::Get, Some(part)) = (role, self.written.part(id)) {
            let (value, left) = match part.standing {
                SettingStanding::Idle => {
                    (life.temporary(id), "the temporary value is in force already")
                }
                SettingStanding::InForce => {
                    (Some("theirs".into()), "somebody else has changed it meanwhile")
                }
                _ => (None, ""),
            };
            if let Some(value) = value {
                let mut found = life.clone();
                found.world.meddle(&owner(job), &value);
                let situation = Situation {
                    moment: Moment::Found,
                    left: Some(left.to_owned()),
                    ..base.clone()
                };
                self.disturb(found, &situation, false, None)?;
            }
        }
        let first = self.written.task(id).is_some_and(|task| {
            role == Role::Probe && task.knowledge == Knowledge::NotBegun && task.jobs == 1
        });
        if let (true, Some(task)) = (first, task) {
            for (cell, becomes) in ends::found(task) {
                let leaves = Leaves::Part(cell);
                let left = ends::left(Some(task), leaves, becomes);
                let mut found = life.clone();
                found.world.set_cell(&name, cell);
                found.world.becomes = becomes;
                let moment = Moment::Found;
                let situation = Situation { moment, left: Some(left), ..base.clone() };
                self.disturb(found, &situation, ends::goes_on(Some(task), leaves), becomes)?;
            }
        }
        Ok(())
    }

    /// Goes on with a disturbed run, and through it step by step where `walks` says so and none like it was walked through before.
    fn disturb(
        &mut self,
        life: Life<'a>,
        situation: &Situation,
        walks: bool,
        becomes: Option<Cell>,
    ) -> Result<(), String> {
        let node = situation.node;
        let before = Before { node, moment: situation.moment, left: situation.left.clone() };
        let walks = walks && becomes.is_some() && self.walked.insert(before.clone());
        for second in self.chosen() {
            let doom = second.map(|second| (second, &self.written, self.synced.as_ref()));
            let outcome = self.stage.see_through(life.clone(), doom);
            self.note(situation, outcome, second);
        }
        if walks {
            let mut life = life;
            let (outer_unsynced, outer_before) = (self.unsynced, self.before.replace(before));
            let (written, synced) = (self.written.clone(), Rc::clone(&self.synced));
            let walked = self.walk(&mut life, None);
            (self.written, self.synced) = (written, synced);
            (self.unsynced, self.before) = (outer_unsynced, outer_before);
            walked?;
        }
        Ok(())
    }

    fn situation(&self, id: InstanceId, role: Option<Role>, moment: Moment) -> Situation {
        let instance = self.written.instance(id);
        Situation {
            node: instance.node,
            example: instance.id.clone(),
            role,
            moment,
            death: None,
            left: None,
            before: self.before.clone(),
        }
    }

    /// What can die, without what would be the same as another death.
    fn deaths(&self, world: &World) -> Vec<Death> {
        let mut deaths = vec![Death::Executor];
        if !world.jobs.is_empty() {
            deaths.push(Death::Keeper);
        }
        deaths.push(Death::Machine { tail_lost: false });
        if self.unsynced {
            deaths.push(Death::Machine { tail_lost: true });
        }
        deaths
    }

    /// The executor dies between two of its steps.
    fn between(&mut self, world: &World, subject: Option<&Arc<str>>, role: Option<Role>) {
        self.table.points += 1;
        let id = subject.and_then(|name| self.written.find(name)).unwrap_or(InstanceId::ROOT);
        let base = self.situation(id, role, Moment::Between);
        for death in self.deaths(world) {
            let situation = Situation { death: Some(death), ..base.clone() };
            self.crash(world, &situation, &CrashPlan { death, ..CrashPlan::default() });
        }
    }
}

impl Steps for Walk<'_> {
    fn dies_before(&mut self, world: &World, step: &Step<'_>) -> bool {
        match step {
            Step::Record(record) => {
                let role = match record {
                    Record::JobStarting { role, .. } => Some(*role),
                    _ => None,
                };
                self.between(world, record.subject(), role);
            }
            Step::Effect(Effect::Spawn { job, role, .. }) => {
                self.between(world, Some(&job.task), Some(*role));
            }
            Step::Effect(Effect::Forget { job }) => self.between(world, Some(&job.task), None),
            Step::Effect(Effect::Acquire { holder, .. } | Effect::Release { holder, .. }) => {
                self.between(world, Some(holder), None);
            }
            Step::Effect(_) | Step::Sync => self.between(world, None, None),
        }
        false
    }

    fn wrote(&mut self, at: Timestamp, record: &Record) -> Result<(), Unfit> {
        self.unsynced = true;
        self.written.apply(at, record)
    }

    fn synced(&mut self) {
        if self.unsynced {
            self.unsynced = false;
            self.synced = Rc::new(self.written.clone());
        }
    }
}

/// How a crash is played.
#[derive(Clone, Copy)]
struct CrashPlan<'a> {
    death: Death,
    /// How the job goes on that runs.
    course: Option<(&'a JobId, Course)>,
    becomes: Option<Cell>,
    /// What runs comes to its end before it is resumed, and its keeper hears of it.
    ends: bool,
    /// What runs outlives its keeper.
    lives_on: bool,
}

impl Default for CrashPlan<'_> {
    fn default() -> Self {
        let becomes = Some(Cell::Done);
        Self { death: Death::Executor, course: None, becomes, ends: false, lives_on: false }
    }
}
