//! One simulated run: executors that live and die over one journal, one world and one plan, until the run is closed.
//!
//! Obeys the contract of [`Transition`]: all records of a transition are written before its effects, and an effect that waits for
//! a record is done only after that record was synced.

mod between;
mod effects;
mod tidings;

use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap};
use std::sync::Arc;

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::Value;
use windlass::core::job::JobId;
use windlass::core::machine::{Effect, Input, Machine, Order};
use windlass::core::record::{Actor, Opened, Record, StopReason};
use windlass::core::setting::Way;
use windlass::core::state::{InstanceId, Phase, State};
use windlass::plan::graph::Graph;

use crate::answers::Answers;
use crate::journal::Journal;
use crate::locks::Locks;
use crate::operator;
use crate::plan::{random_plan, repair_by_hand};
use crate::questions;
use crate::trouble::{Crash, Trouble};
use crate::watch::Watch;
use crate::world::{Cell, World};

/// Resumes after which a run must be closed, once nothing bad happens any more and an operator decides every doubt.
const CALM_LIVES_MAX: u32 = 40;
/// Resumes after which an operator waives what waits for locks in a way that no resume can end.
const PATIENT_LIVES_MAX: u32 = 4;
/// Events after which a life is taken to go on for ever.
const EVENTS_MAX: u32 = 20_000;

/// What a run has seen.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Story {
    pub(crate) lives: u32,
    pub(crate) crashes: u32,
    pub(crate) transitions: u32,
    pub(crate) records: usize,
    pub(crate) jobs: usize,
    pub(crate) instances: usize,
    /// Repairs that people were asked to do.
    pub(crate) by_hand: u32,
}

/// Why a life has ended.
enum LifeEnd {
    Finished,
    Died(Crash),
}

/// Something that will come to a living executor.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    /// Something may have happened to a job.
    Look(JobId),
    /// It is found out what became of a job.
    Answer(JobId),
    /// What a job has printed has been read.
    Printed(JobId),
    Due(InstanceId),
    Sync,
    /// The same input once more.
    Again(u32),
    /// An answer of the folder of claims.
    Told(u32),
}

pub(crate) struct Run {
    rng: ChaCha8Rng,
    graph: Arc<Graph>,
    answers: Answers,
    journal: Journal,
    world: World,
    locks: Locks,
    watch: Watch,
    trouble: Trouble,
    now: i64,
    calm_lives: u32,
    story: Story,
    speaks: bool,
    life: Life,
}

/// What dies with an executor.
#[derive(Default)]
struct Life {
    events: BinaryHeap<Reverse<(i64, u64, Event)>>,
    numbered: u64,
    /// Effects that wait until so many records are synced.
    waiting: Vec<(usize, Effect)>,
    /// Inputs that may come twice.
    seen: Vec<Input>,
    /// What the folder of claims has answered.
    letters: Vec<Input>,
    /// How many of these have not arrived.
    open_letters: usize,
    /// Somebody sits at the terminal.
    attended: bool,
    /// Jobs whose end was told to this executor, with whether they were over.
    told: BTreeSet<(JobId, bool)>,
}

impl Run {
    pub(crate) fn new(seed: u64, speaks: bool) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let size = rng.random_range(2..14);
        let mut graph = random_plan(&mut rng, size);
        let locks = Locks::new(seed, &mut graph);
        let mut trouble = Trouble::random(&mut rng);
        // Repairs are rare; in some runs they are not, and people do many of them. Their dice are their own.
        if seed % 4 == 3 {
            repair_by_hand(&mut graph, &mut ChaCha8Rng::seed_from_u64(!seed));
            trouble.weather.stranded = 80;
        }
        let graph = Arc::new(graph);
        let answers = Answers {
            seed,
            trouble: [0, 3, 10][rng.random_range(0..3)],
            items_max: rng.random_range(1..=6),
        };
        if speaks {
            for node in &graph.nodes {
                println!("{node:?}");
            }
            println!("{trouble:?} {answers:?} {locks:?}");
        }
        Self {
            watch: Watch::new(State::new(graph.clone())),
            world: World::new(trouble.weather),
            locks,
            rng,
            graph,
            answers,
            journal: Journal::default(),
            trouble,
            now: 1_000,
            calm_lives: 0,
            story: Story::default(),
            speaks,
            life: Life::default(),
        }
    }

    /// Runs until the run is closed.
    pub(crate) fn play(&mut self) -> Result<Story, String> {
        loop {
            if self.story.lives >= self.trouble.lives && !self.trouble.is_calm() {
                self.trouble.calm_down();
                self.world.weather = self.trouble.weather;
                self.locks.calm_down();
                self.say(|| "from here on nothing bad happens".to_owned());
            }
            self.calm_lives += u32::from(self.trouble.is_calm());
            if self.calm_lives > CALM_LIVES_MAX {
                for instance in self.watch.state.instances() {
                    self.say(|| {
                        format!("{}: {:?} {:?}", instance.id, instance.standing, instance.body)
                    });
                }
                return Err("the run never ends, although nothing bad happens any more".to_owned());
            }
            self.story.lives += 1;
            let end = self.live()?;
            self.world.executor_goes(self.now);
            if let LifeEnd::Died(crash) = end {
                self.story.crashes += 1;
                self.strike(crash);
            }
            if self.between_lives()? {
                self.story.records = self.journal.len();
                self.story.instances = self.watch.state.instances().len();
                return Ok(self.story);
            }
        }
    }

    fn say(&self, what: impl FnOnce() -> String) {
        if self.speaks {
            println!("{:>6} {}", self.now, what());
        }
    }

    fn write(
        &mut self,
        at: jiff::Timestamp,
        record: &Record,
        orphaned: &BTreeSet<InstanceId>,
    ) -> Result<(), String> {
        self.say(|| format!("    {record:?}"));
        self.watch.read(self.now, at, record, &self.world, orphaned)?;
        if let Record::Asked { task, .. } = record {
            let known = self.watch.state.find(task).and_then(|id| self.watch.state.task(id));
            let repair = known.and_then(|known| known.inquiry.repair.as_ref());
            self.story.by_hand += u32::from(repair.is_some_and(|repair| repair.by_hand.is_some()));
        }
        if let Record::Resolved { task, .. } = record {
            self.world.disown(task, self.now);
            // Who answers for a setting answers for each of its values.
            let state = &self.watch.state;
            for (part, _) in state.find(task).into_iter().flat_map(|id| state.parts_of(id)) {
                self.world.disown(&state.instance(part).id, self.now);
            }
        }
        if let Some(task) = operator::says_absent(record) {
            let jobs = self.watch.state.find(task).and_then(|id| self.watch.state.task(id));
            self.world.forgive(task, jobs.map_or(0, |task| task.jobs));
        }
        self.journal.append(at, record)
    }

    /// One executor, from its start until it has finished or dies.
    fn live(&mut self) -> Result<LifeEnd, String> {
        self.life = Life::default();
        let state = self.journal.replay(&self.graph)?;
        self.world.executor_comes();
        let known = |id: &JobId| {
            let Some(instance) = state.find(&id.task) else { return false };
            let part = state.part(instance).zip(Way::of(&id.task));
            state.task(instance).is_some_and(|task| id.attempt <= task.jobs)
                || part.is_some_and(|(part, way)| id.attempt <= part.jobs(way))
        };
        self.world.set_aside(known);
        self.locks.release_unknown(|token| state.claims().knows(token));
        let slots = self.rng.random_range(1..=4);
        self.watch.new_executor(state.clone(), &self.journal.records()?, slots)?;
        let abandons = self.trouble.is_calm() && self.answers.seed.is_multiple_of(5);
        let first = if state.run().opened.is_some() && abandons {
            let because = "it is not wanted any more".to_owned();
            Input::Abandon { by: somebody(), because, write_off: Vec::new() }
        } else if state.run().opened.is_some() {
            Input::Resumed { by: somebody(), runbook: None }
        } else {
            Input::Opened(Box::new(opened()))
        };
        self.say(|| format!("=== executor {} with {slots} slots", self.story.lives));
        let mut machine = Machine::new(state, self.answers.clone(), slots);
        self.life.attended = self.trouble.is_calm() || self.rng.random_bool(0.3);
        if self.life.attended {
            machine = machine.attended();
        }
        if let Some(crash) = self.step(&mut machine, first)? {
            return Ok(LifeEnd::Died(crash));
        }
        for _ in 0..EVENTS_MAX {
            if machine.is_finished() {
                let state = &self.watch.state;
                if matches!(
                    state.run().stopped,
                    Some(StopReason::Stuck | StopReason::Locked | StopReason::Waiting)
                ) {
                    let waits = |task| self.locks.keep_waiting(state, task, &self.answers);
                    self.watch.check_rest(waits)?;
                }
                self.locks.check_end(state)?;
                self.check_no_job_left(&machine)?;
                return Ok(LifeEnd::Finished);
            }
            if let Some(crash) = self.next(&mut machine)? {
                return Ok(LifeEnd::Died(crash));
            }
        }
        Err("an executor goes on for ever".to_owned())
    }

    /// Lets the next thing happen.
    fn next(&mut self, machine: &mut Machine<Answers>) -> Result<Option<Crash>, String> {
        if let Some(crash) = self.trouble.now(&mut self.rng) {
            if let (Crash::Keeper { .. }, true) = (crash, self.rng.random_bool(0.5)) {
                return self.lose_keeper(machine, crash);
            }
            return Ok(Some(crash));
        }
        if let Some(input) = self.interference(machine.state()) {
            return self.step(machine, input);
        }
        if self.trouble.meddles(&mut self.rng) {
            let parts: Vec<_> =
                machine.state().all_parts().map(|(id, _)| machine.state().instance(id)).collect();
            if !parts.is_empty() {
                let part = parts[self.rng.random_range(0..parts.len())].id.clone();
                self.say(|| format!("somebody else changes {part}"));
                self.world.meddle(&part, self.now);
            }
        }
        let flying = |task: &windlass::core::state::TaskState| {
            matches!(task.phase, Phase::Running(_) | Phase::Judging(_))
        };
        let rests = !machine.state().tasks().any(|(_, _, task)| flying(task));
        if self.life.open_letters == 0 {
            self.locks.others_act(rests);
        }
        let asks = machine.state().questions().next().is_some();
        let comes = self.trouble.is_calm() || self.rng.random_bool(0.05);
        if self.life.attended && asks && (comes || self.life.events.is_empty()) {
            let willing = self.trouble.is_calm();
            let order = questions::order(machine.state(), self.now, willing, &mut self.rng);
            if let Some(order) = order {
                if let Order::Answer { task, answer, .. } = &order {
                    self.people_mend(machine.state(), task, answer.go);
                }
                return self.step(machine, Input::Order(order));
            }
        }
        let Some(Reverse((at, _, event))) = self.life.events.pop() else {
            return Err("the executor waits for something that never comes".to_owned());
        };
        self.now = self.now.max(at);
        let Some(input) = self.input(machine, event)? else {
            return Ok(None);
        };
        if !is_about_locks(&input) && self.trouble.doubles(&mut self.rng) {
            self.life.seen.push(input.clone());
            let number = u32::try_from(self.life.seen.len() - 1).expect("few inputs");
            let delay = self.rng.random_range(0..30);
            self.schedule(delay, Event::Again(number));
        }
        self.step(machine, input)
    }

    /// A person does something.
    fn interference(&mut self, state: &State) -> Option<Input> {
        if self.life.attended && !self.trouble.is_calm() && self.rng.clone().random_bool(0.01) {
            return Some(Input::Unattended);
        }
        if self.trouble.signals(&mut self.rng) {
            return Some(Input::Signal { by: somebody() });
        }
        if self.trouble.orders(&mut self.rng) && self.rng.random_bool(0.5) {
            let order = questions::order(state, self.now, false, &mut self.rng);
            if let Some(order) = order {
                if let Order::Answer { task, answer, .. } = &order {
                    self.people_mend(state, task, answer.go);
                }
                return Some(Input::Order(order));
            }
        }
        self.trouble
            .orders(&mut self.rng)
            .then(|| operator::random_order(state, &self.world, self.now, &mut self.rng))
            .flatten()
            .map(Input::Order)
    }

    /// Whoever answers has done before what a repair asks of people, if it is the world that they find.
    fn people_mend(&mut self, state: &State, task: &str, go: bool) {
        let Some(id) = state.find(task) else { return };
        let jobs = state.task(id).map_or(0, |known| known.jobs);
        let Some(cell) = questions::mended(state, id, go, &mut self.rng) else { return };
        let task = state.instance(id).id.clone();
        if self.world.cell(&task, self.now) == Cell::Stranded {
            self.world.mend(&task, jobs, self.now, cell);
        }
    }

    fn schedule(&mut self, delay: i64, event: Event) {
        self.life.numbered += 1;
        self.life.events.push(Reverse((self.now + delay, self.life.numbered, event)));
    }
}

/// Answers about locks come once, and in the order of the questions: they are asked of a folder, not of another process.
fn is_about_locks(input: &Input) -> bool {
    matches!(
        input,
        Input::Granted { .. }
            | Input::Denied { .. }
            | Input::Refused { .. }
            | Input::Released { .. }
            | Input::Verified { .. }
    )
}

/// The actor of everything here.
pub(crate) fn somebody() -> Actor {
    Actor { user: "op".to_owned(), host: "here".to_owned(), pid: None, boot: None }
}

pub(crate) fn opened() -> Opened {
    Opened {
        run: "simulated".to_owned(),
        runbook: "simulated".to_owned(),
        title: String::new(),
        digest: String::new(),
        by: somebody(),
        version: String::new(),
        folder: "/".to_owned(),
        vars: Value::Null,
    }
}
