//! What really happens in a rehearsal: jobs, what they do to the world, and what their keeper knows of them.
//!
//! Decides nothing and knows no expressions: what a job leaves behind is told to it.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::Value;

use super::locks::Locks;
use crate::core::evaluate::Out;
use crate::core::job::{End, JobId, Role};
use crate::core::recover::Evidence;
use crate::core::setting::Way;
use crate::core::state::State;

/// What has become of an effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Cell {
    /// Nothing of it has happened.
    Absent,
    /// The world is in the state of that number, which the author's probe declares beside `done` and `absent`.
    In(u32),
    /// The same, and the effect goes on without its process: it comes to an end once it was seen.
    GoesOn(u32),
    /// Something of it has happened, and no state of a probe speaks of it.
    Half,
    /// It has happened.
    Done,
}

/// How a job comes to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Course {
    /// It does what it is for.
    Well,
    /// It ends badly.
    Badly {
        /// What it leaves behind.
        leaves: Leaves,
    },
    /// Its command cannot be started.
    Unborn,
}

/// What a job that does not come to a good end leaves behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Leaves {
    /// What was before.
    Nothing,
    /// Its effect.
    Everything,
    /// An effect that has happened in part.
    Part(Cell),
}

/// How far a job has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    /// It runs.
    Running,
    /// It has ended, and its keeper has noted how.
    Ended,
    /// Nothing of it is left, nor its end.
    Gone,
}

/// A job that was begun.
#[derive(Debug, Clone)]
pub(super) struct Process {
    pub(super) role: Role,
    pub(super) stage: Stage,
    pub(super) course: Course,
    /// The last action of a repair, or the only one of anything else: with it the effect is whole.
    pub(super) whole: bool,
    /// What it gives a setting.
    writes: Option<Value>,
    out: Out,
}

/// What the rehearsal must know of a job to begin it.
#[derive(Debug)]
pub(super) struct Begun {
    pub(super) role: Role,
    pub(super) whole: bool,
    /// Of a setting's job.
    pub(super) setting: Option<Thing>,
}

/// The real thing behind a setting.
#[derive(Debug)]
pub(super) struct Thing {
    pub(super) name: Arc<str>,
    /// What the job makes of it, if it changes it.
    pub(super) writes: Option<Value>,
}

/// What dies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Death {
    /// The executor alone.
    Executor,
    /// The executor and the keeper.
    Keeper,
    /// The machine.
    Machine {
        /// What was not synced has not reached the disk.
        tail_lost: bool,
    },
}

/// Everything outside the executor.
#[derive(Debug, Clone)]
pub(super) struct World {
    pub(super) now: i64,
    /// Which boot of the machine it is.
    pub(super) boot: u32,
    keeper: bool,
    pub(super) jobs: BTreeMap<JobId, Process>,
    /// The jobs that run, in the order in which they began.
    pub(super) running: VecDeque<JobId>,
    cells: BTreeMap<Arc<str>, Cell>,
    /// The real things that settings change, with what they were and what they are.
    values: BTreeMap<Arc<str>, (Value, Value)>,
    /// Actions of repairs that have done something and have not come to a good end.
    broken_off: BTreeSet<(Arc<str>, Role)>,
    /// The real things that somebody else has changed.
    meddled: BTreeSet<Arc<str>>,
    /// Which real thing a setting's job is about, by the setting.
    things: BTreeMap<Arc<str>, Arc<str>>,
    pub(super) locks: Locks,
    /// What a repair, or what goes on without its process, comes to; nothing else than it is if absent.
    pub(super) becomes: Option<Cell>,
}

impl Default for World {
    fn default() -> Self {
        Self {
            now: 1_000,
            boot: 1,
            keeper: false,
            jobs: BTreeMap::new(),
            running: VecDeque::new(),
            cells: BTreeMap::new(),
            values: BTreeMap::new(),
            broken_off: BTreeSet::new(),
            meddled: BTreeSet::new(),
            things: BTreeMap::new(),
            locks: Locks::default(),
            becomes: Some(Cell::Done),
        }
    }
}

/// A moment of the rehearsal.
pub(super) fn time(ms: i64) -> Timestamp {
    Timestamp::from_millisecond(ms).unwrap_or(Timestamp::MAX)
}

impl World {
    pub(super) fn time(&self) -> Timestamp {
        time(self.now)
    }

    /// The boot of the machine as executors name it.
    pub(super) fn boot_name(&self) -> String {
        format!("boot {}", self.boot)
    }

    pub(super) fn cell(&self, task: &str) -> Cell {
        self.cells.get(task).copied().unwrap_or(Cell::Absent)
    }

    pub(super) fn set_cell(&mut self, task: &Arc<str>, cell: Cell) {
        self.cells.insert(task.clone(), cell);
    }

    /// The real things that are not what they were at first.
    pub(super) fn changed(&self) -> impl Iterator<Item = &Arc<str>> {
        self.values.iter().filter(|(_, (first, now))| first != now).map(|(thing, _)| thing)
    }

    /// The real things that settings are about, with what they are.
    pub(super) fn things(&self) -> impl Iterator<Item = (&Arc<str>, &Value)> {
        self.values.iter().map(|(thing, (_, now))| (thing, now))
    }

    /// What the real thing behind a setting is now.
    pub(super) fn value_of(&self, setting: &str) -> Option<&Value> {
        self.values.get(self.things.get(setting)?).map(|(_, now)| now)
    }

    /// Whether a setting is about that real thing.
    pub(super) fn is_about(&self, setting: &str, thing: &str) -> bool {
        self.things.get(setting).is_some_and(|known| **known == *thing)
    }

    /// Somebody else has made the thing behind a setting what it is now.
    pub(super) fn meddle(&mut self, setting: &str, value: &Value) {
        let Some(thing) = self.things.get(setting) else { return };
        if let Some((first, now)) = self.values.get_mut(thing) {
            first.clone_from(value);
            now.clone_from(value);
            self.meddled.insert(thing.clone());
        }
    }

    /// Whether that action of a repair has done something and has not come to a good end.
    pub(super) fn has_broken_off(&self, task: &Arc<str>, role: Role) -> bool {
        self.broken_off.contains(&(task.clone(), role))
    }

    /// Whether somebody else has changed the thing behind a setting.
    pub(super) fn is_meddled_with(&self, setting: &str) -> bool {
        self.things.get(setting).is_some_and(|thing| self.meddled.contains(thing))
    }

    /// Begins a job; `owner` is the task or setting that it serves.
    pub(super) fn begin(&mut self, id: &JobId, owner: &Arc<str>, begun: Begun) {
        self.keeper = true;
        let mut writes = None;
        if let Some(Thing { name: thing, writes: value }) = begun.setting {
            let first = Value::from(format!("what {owner} was"));
            self.values.entry(thing.clone()).or_insert_with(|| (first.clone(), first));
            self.things.insert(owner.clone(), thing);
            writes = value;
        }
        let process = Process {
            role: begun.role,
            stage: Stage::Running,
            course: Course::Well,
            whole: begun.whole,
            writes,
            out: Out::default(),
        };
        self.jobs.insert(id.clone(), process);
        self.running.push_back(id.clone());
    }

    /// The last action of a repair is through, whoever has done it.
    pub(super) fn come_through(&mut self, task: &Arc<str>) {
        let before = self.cell(task);
        if before != Cell::Done {
            self.set_cell(task, self.becomes.unwrap_or(before));
        }
    }

    /// Decides how a job goes on that runs.
    pub(super) fn steer(&mut self, id: &JobId, course: Course) {
        if let Some(job) = self.jobs.get_mut(id) {
            job.course = course;
        }
    }

    /// The job comes to its end, and does to the world what it does; `owner` is the task or setting that it serves.
    pub(super) fn finish(&mut self, id: &JobId, owner: &Arc<str>) {
        self.come_to(id, owner, Stage::Ended);
        self.running.retain(|other| other != id);
        self.now += 10;
    }

    fn come_to(&mut self, id: &JobId, owner: &Arc<str>, stage: Stage) {
        let Some(job) = self.jobs.get(id) else { return };
        let (role, course, whole, writes) = (job.role, job.course, job.whole, job.writes.clone());
        let before = self.cell(owner);
        let nothing = Course::Badly { leaves: Leaves::Nothing };
        let well = course == Course::Well && stage == Stage::Ended;
        if matches!(role, Role::Repair { .. }) && !well && course != nothing {
            self.broken_off.insert((owner.clone(), role));
        }
        match (role, course) {
            (_, Course::Unborn | Course::Badly { leaves: Leaves::Nothing }) => {}
            (Role::Action, Course::Badly { leaves: Leaves::Part(cell) }) => {
                self.set_cell(owner, cell);
            }
            (Role::Action, _) => self.set_cell(owner, Cell::Done),
            (Role::Repair { .. }, Course::Badly { leaves: Leaves::Part(_) }) => {}
            (Role::Repair { .. }, _) if whole => {
                self.come_through(owner);
            }
            (Role::Set | Role::Restore, _) => {
                if let (Some(value), Some(thing)) = (writes, self.things.get(owner))
                    && let Some((_, now)) = self.values.get_mut(thing)
                {
                    *now = value;
                }
            }
            _ => {}
        }
        let exit = match course {
            Course::Well => Some(0),
            Course::Badly { .. } | Course::Unborn => Some(1),
        };
        let said = match role {
            Role::Get => self.value_of(owner).map(Value::to_string).unwrap_or_default(),
            Role::Probe => super::answers::finding(before),
            _ => String::new(),
        };
        if let (Role::Probe, Course::Well, Cell::GoesOn(_)) = (role, course, before) {
            self.set_cell(owner, self.becomes.unwrap_or(before));
        }
        if let Some(job) = self.jobs.get_mut(id) {
            job.stage = stage;
            job.out = Out { exit, stdout: Some(Ok(said)) };
        }
    }

    /// What a job has left behind.
    pub(super) fn out(&self, id: &JobId) -> Out {
        let nothing = || Out { exit: Some(0), stdout: Some(Ok(String::new())) };
        self.jobs.get(id).map_or_else(nothing, |job| job.out.clone())
    }

    pub(super) fn forget(&mut self, id: &JobId) {
        self.jobs.remove(id);
    }

    /// How a job has ended.
    pub(super) fn end(&self, id: &JobId) -> End {
        End {
            exit: self.jobs.get(id).and_then(|job| job.out.exit),
            signal: None,
            timed_out: false,
            killed: false,
            started: self.time(),
            ended: self.time(),
            over: true,
            survivors: Vec::new(),
        }
    }

    /// What can be found out about a job, where `boot` was that of its executor.
    pub(super) fn evidence(&self, id: &JobId, boot: Option<&str>) -> Evidence {
        match self.jobs.get(id).map(|job| (job.stage, job.course)) {
            None if boot == Some(&self.boot_name()) => Evidence::NeverStarted,
            None | Some((Stage::Gone, _)) => Evidence::Over,
            Some((Stage::Ended, Course::Unborn)) => Evidence::NotSpawned("no such program".into()),
            Some((Stage::Ended, _)) => Evidence::Ended(self.end(id)),
            Some((Stage::Running, _)) if self.keeper => Evidence::Running,
            Some((Stage::Running, _)) => {
                Evidence::Orphaned { pid: 4711, command: id.task.to_string() }
            }
        }
    }

    /// Whether a job lives on without its keeper.
    pub(super) fn is_orphan(&self, id: &JobId) -> bool {
        !self.keeper && self.jobs.get(id).is_some_and(|job| job.stage == Stage::Running)
    }

    /// The end of an orphan, which nobody notes.
    pub(super) fn lose(&mut self, id: &JobId, owner: &Arc<str>) {
        self.come_to(id, owner, Stage::Gone);
        self.running.retain(|other| other != id);
    }

    /// Something dies. `lives_on` tells whether jobs outlive their keeper; `owner` finds whom a job serves.
    pub(super) fn strike(
        &mut self,
        death: Death,
        lives_on: bool,
        owner: impl Fn(&JobId) -> Arc<str>,
    ) {
        self.now += 1_000;
        match death {
            Death::Executor => return,
            Death::Keeper => self.keeper = false,
            Death::Machine { tail_lost } => {
                self.keeper = false;
                self.boot += 1;
                if tail_lost {
                    // Ends that the keeper has noted while the executor was there to journal them were not synced either.
                    let ended = |job: &&mut Process| job.stage == Stage::Ended;
                    self.jobs.values_mut().filter(ended).for_each(|job| job.stage = Stage::Gone);
                }
            }
        }
        if !lives_on {
            for id in std::mem::take(&mut self.running) {
                let owner = owner(&id);
                self.come_to(&id, &owner, Stage::Gone);
            }
        }
    }

    /// What the journal has lost is set aside, so that a later job of the same number is not taken for it.
    pub(super) fn set_aside(&mut self, state: &State) {
        let known = |id: &JobId| {
            let Some(at) = state.find(&id.task) else { return false };
            let part = state.part(at).zip(Way::of(&id.task));
            state.task(at).is_some_and(|task| id.attempt <= task.jobs)
                || part.is_some_and(|(part, way)| id.attempt <= part.jobs(way))
        };
        self.jobs.retain(|id, _| known(id));
        self.running.retain(known);
    }
}
