//! One executor of a rehearsal: the machine, what it waits for, and the world that it works on.
//!
//! Obeys the contract of [`Transition`]: records before effects, a sync before what waits for one. It may die before any of them.

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::Value;

use super::answers::Asked;
use super::made_up;
use super::promises::{self, Breach};
use super::world::{Begun, Cell, Course, Thing, World};
use crate::core::apply::Unfit;
use crate::core::evaluate::Evaluate as _;
use crate::core::job::{Command, JobId, Role};
use crate::core::machine::{Effect, Input, Machine, Order, Transition};
use crate::core::record::{Actor, Record};
use crate::core::setting::Way;
use crate::core::state::{InstanceId, State};
use crate::plan::graph::{Meaning, NodeId, Task};
use crate::spec::model;

/// What an executor does one after the other, and may die before.
pub(super) enum Step<'a> {
    /// A record is written.
    Record(&'a Record),
    /// What was written is synced.
    Sync,
    /// An effect is carried out.
    Effect(&'a Effect),
}

/// Who looks on, step by step.
pub(super) trait Steps {
    /// The next step is about to be done; says whether the executor dies before it.
    fn dies_before(&mut self, world: &World, step: &Step<'_>) -> bool;

    /// A record was written.
    fn wrote(&mut self, at: Timestamp, record: &Record) -> Result<(), Unfit>;

    /// All records so far are on disk.
    fn synced(&mut self);
}

/// Nobody looks on.
pub(super) struct Unwatched;

impl Steps for Unwatched {
    fn dies_before(&mut self, _: &World, _: &Step<'_>) -> bool {
        false
    }

    fn wrote(&mut self, _: Timestamp, _: &Record) -> Result<(), Unfit> {
        Ok(())
    }

    fn synced(&mut self) {}
}

/// Why an executor does not go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Flow {
    /// It goes on.
    On,
    /// It has died.
    Dead,
}

/// An executor at work.
#[derive(Clone)]
pub(super) struct Life<'a> {
    machine: Machine<Asked<'a>>,
    answers: Asked<'a>,
    pub(super) world: World,
    inbox: VecDeque<Input>,
    timers: BTreeSet<(i64, InstanceId)>,
    /// Promises that were broken so far.
    pub(super) breaches: Vec<Breach>,
    /// Steps that were done over what they had done already, since they are idempotent.
    pub(super) done_again: BTreeSet<NodeId>,
}

/// Whoever works on a rehearsed run.
pub(super) fn somebody(world: &World) -> Actor {
    Actor {
        user: "operator".to_owned(),
        host: "here".to_owned(),
        pid: None,
        boot: Some(world.boot_name()),
    }
}

/// The task or setting that a job serves.
pub(super) fn owner(job: &JobId) -> Arc<str> {
    match Way::of(&job.task).and_then(|way| job.task.strip_suffix(way.suffix())) {
        Some(setting) => setting.into(),
        None => job.task.clone(),
    }
}

impl<'a> Life<'a> {
    /// An executor that takes up a run.
    pub(super) fn new(answers: Asked<'a>, state: State, mut world: World, slots: usize) -> Self {
        world.locks.release_unknown(|token| state.claims().knows(token));
        Self {
            // People are at hand, and answer at once.
            machine: Machine::new(state, answers, slots).attended(),
            answers,
            world,
            inbox: VecDeque::new(),
            timers: BTreeSet::new(),
            breaches: Vec::new(),
            done_again: BTreeSet::new(),
        }
    }

    pub(super) fn state(&self) -> &State {
        self.machine.state()
    }

    pub(super) fn is_finished(&self) -> bool {
        self.machine.is_finished()
    }

    /// The temporary value of a setting.
    pub(super) fn temporary(&self, part: InstanceId) -> Option<Value> {
        self.answers.setting_to(self.state(), part).ok()
    }

    /// Whether the machine has heard of everything that has happened.
    pub(super) fn has_no_letters(&self) -> bool {
        self.inbox.is_empty()
    }

    /// The job whose end comes next, if that is what comes next.
    pub(super) fn next_to_end(&self) -> Option<JobId> {
        let next = self.world.running.front()?;
        (self.inbox.is_empty() && !self.world.is_orphan(next)).then(|| next.clone())
    }

    /// Lets the next thing happen.
    pub(super) fn go_on(&mut self, steps: &mut dyn Steps) -> Result<Flow, String> {
        if let Some(input) = self.inbox.pop_front() {
            return self.take(input, steps);
        }
        if let Some(job) = self.next_to_end() {
            let unborn = self.world.jobs.get(&job).is_some_and(|job| job.course == Course::Unborn);
            self.world.finish(&job, &owner(&job));
            let input = if unborn {
                Input::NotSpawned { job, reason: "no such program".to_owned() }
            } else {
                let (end, out) = (self.world.end(&job), self.world.out(&job));
                Input::JobEnded { job, end, out }
            };
            return self.take(input, steps);
        }
        let Some((at, instance)) = self.timers.pop_first() else {
            return Err("the executor waits for something that never comes".to_owned());
        };
        self.world.now = self.world.now.max(at);
        // What lives on without its keeper is over when it is asked after again.
        for job in std::mem::take(&mut self.world.running) {
            if self.world.is_orphan(&job) {
                self.world.lose(&job, &owner(&job));
            } else {
                self.world.running.push_back(job);
            }
        }
        self.take(Input::Due { instance }, steps)
    }

    /// Hands an input to the machine, writes what it says, and carries it out.
    pub(super) fn take(&mut self, input: Input, steps: &mut dyn Steps) -> Result<Flow, String> {
        let at = self.world.time();
        let Transition { records, effects, .. } = self
            .machine
            .handle(at, input)
            .map_err(|unfit| format!("the machine contradicts itself: {unfit}"))?;
        for record in &records {
            if steps.dies_before(&self.world, &Step::Record(record)) {
                return Ok(Flow::Dead);
            }
            steps.wrote(at, record).map_err(|unfit| format!("a replay fails: {unfit}"))?;
        }
        for record in &records {
            self.breaches.extend(promises::of_record(self.state(), &self.world, record));
        }
        let (after_sync, at_once): (Vec<_>, Vec<_>) =
            effects.into_iter().partition(|planned| planned.durable.is_some());
        let is_claim = |effect: &Effect| {
            matches!(
                effect,
                Effect::Acquire { .. } | Effect::Release { .. } | Effect::Verify { .. }
            )
        };
        let (claims, jobs): (Vec<Effect>, Vec<Effect>) =
            at_once.into_iter().map(|planned| planned.effect).partition(is_claim);
        if claims.iter().any(|effect| matches!(effect, Effect::Release { .. })) {
            steps.synced();
        }
        if self.carry_out_all(jobs.into_iter().chain(claims), steps)? == Flow::Dead {
            return Ok(Flow::Dead);
        }
        if after_sync.is_empty() {
            return Ok(Flow::On);
        }
        if steps.dies_before(&self.world, &Step::Sync) {
            return Ok(Flow::Dead);
        }
        steps.synced();
        self.carry_out_all(after_sync.into_iter().map(|planned| planned.effect), steps)
    }

    fn carry_out_all(
        &mut self,
        effects: impl Iterator<Item = Effect>,
        steps: &mut dyn Steps,
    ) -> Result<Flow, String> {
        for effect in effects {
            let shows = matches!(
                effect,
                Effect::Spawn { .. }
                    | Effect::Acquire { .. }
                    | Effect::Release { .. }
                    | Effect::Forget { .. }
            );
            if shows && steps.dies_before(&self.world, &Step::Effect(&effect)) {
                return Ok(Flow::Dead);
            }
            self.carry_out(effect)?;
        }
        Ok(Flow::On)
    }

    fn carry_out(&mut self, effect: Effect) -> Result<(), String> {
        match effect {
            Effect::Spawn { job, role, command, .. } => self.begin(&job, role, &command)?,
            Effect::Gather { job, boot, .. } => {
                let evidence = self.world.evidence(&job, boot.as_deref());
                let out = self.world.out(&job);
                self.inbox.push_back(Input::Evidence { job, evidence, out });
            }
            Effect::Read { job } => {
                let out = self.world.out(&job);
                self.inbox.push_back(Input::Read { job, out });
            }
            Effect::Forget { job } => self.world.forget(&job),
            Effect::Timer { instance, at } => {
                self.timers.insert((at.as_millisecond(), instance));
            }
            Effect::Ask { instance } => {
                let known = self.machine.state().instance(instance).id.to_string();
                let asked = self.machine.state().task(instance);
                let by_hand = asked.and_then(|task| task.inquiry.repair.as_ref()?.by_hand);
                if let Some((state, action)) = by_hand
                    && is_whole(self.machine.state(), instance, Role::Repair { state, action })
                {
                    self.world.come_through(&Arc::from(known.as_str()));
                }
                if let Some(question) = asked.and_then(|task| task.question.as_ref()) {
                    let answer = made_up::answer(question);
                    let order = Order::Answer { task: known, answer, by: somebody(&self.world) };
                    self.inbox.push_back(Input::Order(order));
                }
            }
            Effect::Kill { .. } | Effect::Withdraw { .. } => {}
            claim => self.inbox.extend(self.world.locks.carry_out(claim)),
        }
        Ok(())
    }

    fn begin(&mut self, job: &JobId, role: Role, command: &Command) -> Result<(), String> {
        let owner = owner(job);
        let state = self.machine.state();
        let id = state.find(&job.task).ok_or("a job is started that serves nothing")?;
        self.breaches.extend(promises::of_start(state, &self.world, id, role));
        let node = state.instance(id).node;
        let may = |task: &Task| task.effect == model::Effect::Idempotent && task.repeat.is_none();
        let over = role == Role::Action && self.world.cell(&owner) != Cell::Absent;
        if over && state.graph().task(node).is_some_and(may) {
            self.done_again.insert(node);
        }
        let begun = Begun {
            role,
            whole: is_whole(state, id, role),
            setting: self.thing(id, role, command)?,
        };
        self.world.begin(job, &owner, begun);
        Ok(())
    }

    /// The real thing behind a setting's job: whatever its `get` reads. Two settings with the same `get` are about the same thing.
    fn thing(
        &self,
        id: InstanceId,
        role: Role,
        command: &Command,
    ) -> Result<Option<Thing>, String> {
        let state = self.machine.state();
        let Some(part) = state.part(id) else { return Ok(None) };
        let argv = match role {
            Role::Get => &command.argv,
            _ => match &part.get {
                Some(get) => &get.argv,
                None => return Err("a setting is changed that was never read".to_owned()),
            },
        };
        let value = match role {
            Role::Set => Some(self.answers.setting_to(state, id)?),
            Role::Restore => part.old.as_deref().cloned(),
            _ => None,
        };
        Ok(Some(Thing { name: argv.join(" ").into(), writes: value }))
    }
}

/// Whether an effect is whole when that job has ended well.
fn is_whole(state: &State, id: InstanceId, role: Role) -> bool {
    let Role::Repair { state: number, action } = role else { return true };
    let shape = state.graph().task(state.instance(id).node);
    let states = shape.and_then(|task| task.probe.as_ref()).map(|probe| &probe.states);
    match states.and_then(|states| states.get(number as usize)).map(|state| &state.meaning) {
        Some(Meaning::Repair(actions)) => action as usize + 1 == actions.len(),
        _ => true,
    }
}
