//! What really happens: processes, their effects, and what keepers know of them.
//!
//! The machine never sees this; it is what its decisions are judged by.

mod keepers;
mod settings;

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use windlass::core::job::{JobId, Role};
use windlass::core::setting::Way;
use windlass::spec::model::Effect;

/// How a process comes to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum How {
    Exit(i32),
    Signal,
    Timeout,
    Killed,
    /// Its command could not be started.
    Unborn,
}

/// The state of the world that a task's effect is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cell {
    Absent,
    Half,
    Stranded,
    Ongoing,
    Done,
}

impl Cell {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Absent => "absent",
            Self::Half => "half",
            Self::Stranded => "stranded",
            Self::Ongoing => "ongoing",
            Self::Done => "done",
        }
    }
}

/// A job as it really is. Times are milliseconds.
#[derive(Debug, Clone)]
pub(crate) struct Process {
    pub(crate) role: Role,
    effect: Effect,
    /// Which keeper has started it.
    keeper: u32,
    started: i64,
    /// When its effect happens, if it does.
    applies: Option<i64>,
    /// What the world is in once it has happened.
    makes: Cell,
    /// When something that goes on without the process comes to its end, and how.
    settles: Option<(i64, Cell)>,
    /// When its main process ends.
    pub(crate) ends: i64,
    /// When nothing of it is left.
    pub(crate) over: i64,
    how: How,
    /// The value that it gives a setting, if its effect happens.
    writes: Option<String>,
    /// Whether somebody has noted its end: its keeper was alive then.
    recorded: bool,
    forgotten: bool,
}

impl Process {
    pub(crate) fn is_good(&self) -> bool {
        self.how == How::Exit(0)
    }

    fn is_alive(&self, now: i64) -> bool {
        now < self.over
    }

    fn has_applied(&self, now: i64) -> bool {
        self.applies.is_some_and(|at| at <= now)
    }
}

/// How hostile the world is, in percent.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Weather {
    /// Jobs that end badly.
    pub(crate) bad: u32,
    /// Commands that cannot be started.
    pub(crate) unborn: u32,
    /// Jobs whose descendants outlive them.
    pub(crate) survivors: u32,
    /// Effects that somebody else has brought about before the run.
    pub(crate) found: u32,
    /// Effects that somebody else has left half done before the run, of the others.
    pub(crate) stranded: u32,
    /// Settings' `set`s that end well and change nothing.
    pub(crate) idle: u32,
}

/// What the world must know of a job to start it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Kind {
    pub(crate) role: Role,
    /// Of the job itself.
    pub(crate) effect: Effect,
    /// Whether its task has a probe that tells in which state the world is.
    pub(crate) probed: bool,
    /// It is the last action of a repair.
    pub(crate) last: bool,
}

#[derive(Debug, Default)]
pub(crate) struct World {
    pub(crate) weather: Weather,
    jobs: BTreeMap<JobId, Process>,
    /// The keeper that is alive.
    keeper: Option<u32>,
    keepers: u32,
    /// Since when no executor was there, or when the last one went.
    executor_lost: Option<i64>,
    executor: bool,
    /// Attempts up to this one do not count: an operator has said that nothing has happened.
    forgiven: BTreeMap<Arc<str>, u32>,
    /// What people have repaired by hand: after how many jobs, when, and what came of it.
    mended: BTreeMap<Arc<str>, Vec<(u32, i64, Cell)>>,
    /// What settings were at first, and what others have made of them since.
    outside: BTreeMap<Arc<str>, Vec<(i64, String)>>,
    /// What the world was in before anything of a task was started.
    initial: BTreeMap<Arc<str>, Cell>,
}

pub(crate) fn time(ms: i64) -> Timestamp {
    Timestamp::from_millisecond(ms).expect("simulated time is near the epoch")
}

impl World {
    pub(crate) fn new(weather: Weather) -> Self {
        Self { weather, ..Self::default() }
    }

    pub(crate) fn job(&self, id: &JobId) -> Option<&Process> {
        self.jobs.get(id)
    }

    fn jobs_of<'a>(&'a self, task: &'a str) -> impl Iterator<Item = (&'a JobId, &'a Process)> {
        self.jobs.iter().filter(move |(id, _)| id.task.as_ref() == task)
    }

    /// Whether a process of that task lives; what a good end has left behind does not count.
    pub(crate) fn is_alive(&self, task: &str, now: i64) -> bool {
        self.jobs_of(task).any(|(_, job)| {
            job.is_alive(now) && !(job.is_good() && job.recorded && job.ends <= now)
        })
    }

    /// How often the effect has happened since somebody has said last that it has not.
    pub(crate) fn applied(&self, task: &str, now: i64) -> usize {
        let forgiven = self.forgiven.get(task).copied().unwrap_or(0);
        let counts = |id: &JobId, job: &Process| {
            id.attempt > forgiven && job.role == Role::Action && job.has_applied(now)
        };
        self.jobs_of(task).filter(|(id, job)| counts(id, job)).count()
    }

    /// In which state the world is that a task's effect is about.
    pub(crate) fn cell(&self, task: &str, now: i64) -> Cell {
        let forgiven = self.forgiven.get(task).copied().unwrap_or(0);
        let mut cell = self.initial.get(task).copied().unwrap_or(Cell::Absent);
        let mut changes: Vec<(i64, Cell)> =
            self.jobs_of(task)
                .filter(|(id, job)| id.attempt > forgiven && job.changes_the_world())
                .flat_map(|(_, job)| {
                    job.applies.map(|at| (at, job.makes)).into_iter().chain(job.settles)
                })
                .chain(
                    self.mended.get(task).into_iter().flatten().filter_map(|(jobs, at, makes)| {
                        (*jobs > forgiven).then_some((*at, *makes))
                    }),
                )
                .filter(|(at, _)| *at <= now)
                .collect();
        changes.sort_by_key(|(at, _)| *at);
        if let Some((_, last)) = changes.last() {
            cell = *last;
        }
        cell
    }

    /// Somebody repairs by hand what a task's probe has found, after so many jobs of it.
    pub(crate) fn mend(&mut self, task: &Arc<str>, jobs: u32, now: i64, makes: Cell) {
        self.mended.entry(task.clone()).or_default().push((jobs, now, makes));
    }

    /// An operator has said that the effect of all that was started so far has not happened.
    pub(crate) fn forgive(&mut self, task: &Arc<str>, jobs: u32) {
        self.forgiven.insert(task.clone(), jobs);
        self.initial.insert(task.clone(), Cell::Absent);
    }

    /// An operator answers for what of a task still lives: to the run it is gone.
    pub(crate) fn disown(&mut self, task: &str, now: i64) {
        let is_of = |id: &JobId| {
            let of_setting = |way: &Way| id.task.strip_suffix(way.suffix()) == Some(task);
            id.task.as_ref() == task || Way::both().iter().any(of_setting)
        };
        for (_, job) in self.jobs.iter_mut().filter(|(id, _)| is_of(id)) {
            if job.is_alive(now) {
                job.cut(now);
                job.over = now;
            }
        }
    }

    pub(crate) fn executor_comes(&mut self) {
        self.executor = true;
    }

    pub(crate) fn executor_goes(&mut self, now: i64) {
        self.executor = false;
        self.executor_lost = Some(now);
    }

    /// Starts a job; the error says which promise is broken by that.
    pub(crate) fn spawn(
        &mut self,
        now: i64,
        id: &JobId,
        kind: Kind,
        rng: &mut ChaCha8Rng,
    ) -> Result<(), String> {
        let Kind { role, effect, probed, last } = kind;
        if self.jobs.contains_key(id) {
            return Err(format!("{id} is started a second time"));
        }
        let part = Way::of(&id.task).and_then(|way| id.task.strip_suffix(way.suffix()));
        if self.is_alive(&id.task, now) || part.is_some_and(|part| self.is_setting_alive(part, now))
        {
            return Err(format!("{id} is started while an earlier job of the task lives"));
        }
        let forgiven = self.forgiven.get(&id.task).copied().unwrap_or(0);
        let started_before = self.jobs_of(&id.task).any(|(earlier, job)| {
            earlier.attempt > forgiven && job.role == Role::Action && job.how != How::Unborn
        });
        if effect == Effect::Once && role == Role::Action && started_before && !probed {
            return Err(format!("{id} is `once` and was started before"));
        }
        let percent = |rng: &mut ChaCha8Rng, chance: u32| rng.random_range(0..100) < chance;
        if probed && !self.initial.contains_key(&id.task) {
            let found = percent(rng, self.weather.found);
            let stranded = self.weather.stranded;
            let cell = match found {
                true => Cell::Done,
                false if stranded > 0 && percent(rng, stranded) => Cell::Stranded,
                false => Cell::Absent,
            };
            self.initial.insert(id.task.clone(), cell);
        }
        let cell = self.cell(&id.task, now);
        if probed && role == Role::Action && cell != Cell::Absent {
            return Err(format!("{id} is started while the world is {cell:?}"));
        }
        let keeper = *self.keeper.get_or_insert_with(|| {
            self.keepers += 1;
            self.keepers
        });
        let ends = now + rng.random_range(1..40);
        let how = if percent(rng, self.weather.unborn) {
            How::Unborn
        } else if percent(rng, self.weather.bad) {
            [How::Exit(1), How::Exit(3), How::Signal, How::Timeout][rng.random_range(0..4)]
        } else {
            How::Exit(0)
        };
        let applies = how == How::Exit(0) || (how != How::Unborn && rng.random_bool(0.5));
        let applies = applies && !(role == Role::Set && percent(rng, self.weather.idle));
        // There is a process for a while that will never be its program, or none at all.
        let ends = if how == How::Unborn && ends % 2 == 0 { now } else { ends };
        let over = if percent(rng, self.weather.survivors) { rng.random_range(1..60) } else { 0 };
        let over = if how == How::Unborn { 0 } else { over };
        let (makes, settles) = match role {
            _ if !probed => (Cell::Done, None),
            Role::Action if how == How::Exit(0) => (Cell::Done, None),
            Role::Action => random_end(ends, rng),
            // A repair helps when it is through; some do not, or bring back what was before.
            Role::Repair { .. } if !last || how != How::Exit(0) => (cell, None),
            Role::Repair { .. } => (
                [Cell::Done, Cell::Done, Cell::Absent, Cell::Stranded][rng.random_range(0..4)],
                None,
            ),
            _ => (cell, None),
        };
        self.jobs.insert(
            id.clone(),
            Process {
                role,
                effect,
                keeper,
                started: now,
                applies: applies.then(|| rng.random_range(now..=ends)),
                makes,
                settles: settles.filter(|_| applies),
                ends,
                over: ends + over,
                how,
                writes: None,
                recorded: true,
                forgotten: false,
            },
        );
        Ok(())
    }

    /// Ends a job on request, if its keeper lives.
    pub(crate) fn kill(&mut self, now: i64, id: &JobId) {
        let keeper = self.keeper;
        if let Some(job) = self.jobs.get_mut(id).filter(|job| Some(job.keeper) == keeper) {
            if now < job.ends && job.how != How::Unborn {
                job.how = How::Killed;
                job.cut(now);
                job.over = now + 3;
            } else {
                job.over = job.over.min(now + 1).max(job.ends);
            }
        }
    }

    pub(crate) fn forget(&mut self, id: &JobId) {
        if let Some(job) = self.jobs.get_mut(id) {
            job.forgotten = true;
        }
    }

    /// The keeper dies. Its jobs live on without one, or die with it.
    pub(crate) fn keeper_dies(&mut self, now: i64, jobs_die: bool) {
        let Some(keeper) = self.keeper.take() else { return };
        for job in self.jobs.values_mut().filter(|job| job.keeper == keeper && now < job.ends) {
            job.recorded = false;
            if jobs_die {
                job.cut(now);
                job.over = now;
            }
        }
    }

    /// Everything dies; an end that was not synced is lost, or not.
    pub(crate) fn power_cut(&mut self, now: i64, rng: &mut ChaCha8Rng) {
        self.keeper_dies(now, true);
        for job in self.jobs.values_mut() {
            job.over = job.over.min(now).max(job.ends);
            let seen = self.executor && self.executor_lost.is_none_or(|lost| job.ends > lost);
            if seen && rng.random_bool(0.5) {
                job.recorded = false;
            }
        }
    }

    /// What the journal has lost is set aside, so that a later attempt of the same number is not taken for it.
    pub(crate) fn set_aside(&mut self, is_known: impl Fn(&JobId) -> bool) {
        let must_be_known = |job: &Process| job.effect == Effect::Once && job.role == Role::Action;
        self.jobs.retain(|id, job| is_known(id) || must_be_known(job));
    }
}

/// What an action that ends badly may leave behind.
fn random_end(ends: i64, rng: &mut ChaCha8Rng) -> (Cell, Option<(i64, Cell)>) {
    match rng.random_range(0..5) {
        0 => (Cell::Done, None),
        1 => (Cell::Half, None),
        2 | 3 => (Cell::Stranded, None),
        _ => {
            let end = [Cell::Done, Cell::Absent][rng.random_range(0..2)];
            (Cell::Ongoing, Some((ends + rng.random_range(1..300), end)))
        }
    }
}

impl Process {
    fn changes_the_world(&self) -> bool {
        matches!(self.role, Role::Action | Role::Repair { .. })
    }

    fn exit(&self) -> Option<i32> {
        match self.how {
            How::Exit(code) => Some(code),
            // Some programs take TERM for a good reason to exit with 0.
            How::Timeout | How::Killed => (self.started % 2 == 0).then_some(0),
            How::Signal | How::Unborn => None,
        }
    }

    /// The main process dies now; an effect that was still to come does not come.
    fn cut(&mut self, now: i64) {
        self.ends = self.ends.min(now);
        self.applies = self.applies.filter(|at| *at <= now);
        if self.applies.is_none() {
            self.settles = None;
        }
    }
}
