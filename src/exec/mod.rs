//! The executor: carries out what the machine decides, and tells it what has happened.
//!
//! Decides nothing. Every record is written before the effects of its transition, and synced before those that say so.

mod aside;
mod attendance;
mod claims;
mod ending;
mod freeze;
mod hands;
pub mod inbox;
mod look;
mod observer;
mod out;
mod signals;
mod timers;

use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;

pub use self::aside::{AsideError, JournalJobs};
use self::attendance::Absence;
pub use self::attendance::Attendance;
use self::claims::Claims;
use self::ending::Broken;
pub use self::ending::Ending;
pub use self::freeze::{FreezeError, Frozen, Texts, freeze, freeze_again, thaw};
use self::hands::Hands;
use self::inbox::Inbox;
pub use self::look::look;
pub use self::observer::{Fact, Observer};
use self::signals::Signals;
use self::timers::Timers;
use crate::core::apply::Unfit;
use crate::core::expressions::Expressions;
use crate::core::machine::{Effect, Input, Machine, Planned};
use crate::core::record::{Actor, Record};
use crate::core::state::State;
use crate::journal::{Journal, RunFolder};
use crate::keeper::{self, Report};
use crate::lock::RunLock;
use crate::plan::graph::NodeId;

/// How often the inbox is looked into while nothing else happens.
const INBOX_POLL: Duration = Duration::from_millis(200);

/// How long the inbox is left alone after a look, however much happens meanwhile.
const INBOX_PAUSE: Duration = Duration::from_millis(20);

/// How often observers may redraw.
const TICK: Duration = Duration::from_millis(100);

/// Something that has reached the executor.
#[derive(Debug)]
pub(crate) enum Event {
    /// The keeper reports.
    Report(Report),
    /// The connection to the keeper has ended.
    KeeperGone,
    /// Ctrl-C or SIGTERM.
    Interrupt,
    /// The terminal is gone.
    HangUp,
    /// Nobody is there any more to answer what people are asked.
    Unattended,
}

/// A run that is taken up: everything of it that an executor works with.
pub struct Run {
    /// Its folder.
    pub folder: RunFolder,
    /// Its lock, held as long as the executor lives.
    pub lock: RunLock,
    /// Its journal, open for writing.
    pub journal: Journal,
    /// What its records say so far.
    pub state: State,
    /// The jobs that its records know.
    pub jobs: JournalJobs,
    /// Its expressions and templates.
    pub expressions: Expressions,
    /// Who works on it.
    pub actor: Actor,
}

/// One executor of one run. It holds the run's lock while it lives.
pub struct Executor {
    folder: RunFolder,
    journal: Journal,
    jobs: JournalJobs,
    machine: Machine<Expressions>,
    hands: Hands,
    claims: Claims,
    inbox: Inbox,
    timers: Timers,
    observers: Vec<Box<dyn Observer>>,
    signals: Signals,
    attendance: Attendance,
    absence: Absence,
    /// When the inbox was looked into.
    inbox_seen: Option<Instant>,
    actor: Actor,
    interrupts: u32,
    /// What was found out while effects were carried out.
    found: Vec<Input>,
    _lock: RunLock,
}

impl Executor {
    /// An executor that lets `slots` jobs run at a time and tells the observers what happens.
    ///
    /// # Errors
    /// If signals cannot be watched.
    pub fn new(run: Run, slots: usize, observers: Vec<Box<dyn Observer>>) -> std::io::Result<Self> {
        let Run { folder, lock, journal, state, jobs, expressions, actor } = run;
        let (attendance, absence) = Absence::watch()?;
        Ok(Self {
            signals: Signals::watch()?,
            attendance,
            absence,
            hands: Hands::new(&folder),
            claims: Claims::default(),
            inbox: Inbox::new(&folder),
            folder,
            journal,
            jobs,
            machine: Machine::new(state, expressions, slots),
            timers: Timers::default(),
            observers,
            inbox_seen: None,
            actor,
            interrupts: 0,
            found: Vec::new(),
            _lock: lock,
        })
    }

    /// The same executor, which ends instead of waiting for locks of other runs.
    #[must_use]
    pub fn impatient(mut self) -> Self {
        self.machine = self.machine.impatient();
        self
    }

    /// The same executor, which stays while people are asked.
    #[must_use]
    pub fn attended(mut self) -> Self {
        self.machine = self.machine.attended();
        self
    }

    /// What ends that, from another thread or from an observer.
    #[must_use]
    pub fn attendance(&self) -> Attendance {
        self.attendance.clone()
    }

    /// The same executor, watched by one more.
    #[must_use]
    pub fn observed_by(mut self, observer: Box<dyn Observer>) -> Self {
        self.observers.push(observer);
        self
    }

    /// The same executor, which ends once `step`, one of the run's own steps, has succeeded.
    #[must_use]
    pub fn until(mut self, step: NodeId) -> Self {
        self.machine = self.machine.until(step);
        self
    }

    /// Works until nothing is left to do, beginning with `first`.
    pub fn run(mut self, first: Input) -> (Ending, State) {
        let worked = self.work(first);
        // A keeper or the claims may have missed the folder first.
        let worked = match (worked, self.journal.check_place()) {
            (Ok(Ending::Finished) | Err(Broken::Keeper(_) | Broken::Aside(_)), Err(error)) => {
                Err(Broken::Journal(error))
            }
            (worked, _) => worked,
        };
        let ending = match worked {
            Ok(ending) => ending,
            Err(Broken::Bug(unfit)) => Ending::Bug(unfit),
            Err(Broken::Keeper(error)) => {
                if self.hands.has_running() {
                    self.warn(&format!("{error}; what runs is waited for"));
                }
                self.wait_for_jobs();
                Ending::Keeper(error)
            }
            Err(Broken::Aside(error)) => Ending::Aside(error),
            Err(Broken::Claims(error)) => {
                let text = error.to_string();
                let told = text.lines().next().unwrap_or_default();
                self.warn(&format!("{told}; nothing more is started, and what runs is waited for"));
                self.wait_for_jobs();
                Ending::Claims(error)
            }
            Err(Broken::Journal(error)) => {
                self.warn(&format!(
                    "{}; nothing more is started, and what runs is waited for",
                    error.first_line()
                ));
                self.wait_for_jobs();
                Ending::Journal(error)
            }
        };
        if let Err(error) = self.claims.close(self.machine.state().run().closed) {
            self.warn(&error.to_string());
        }
        self.hands.let_go();
        (ending, self.machine.into_state())
    }

    fn work(&mut self, first: Input) -> Result<Ending, Broken> {
        let keeper_lives = self.hands.connect_to_living().map_err(Broken::Keeper)?;
        self.set_aside(keeper_lives)?;
        let (claims, warning) = Claims::open(&self.folder, self.machine.state(), now())?;
        self.claims = claims;
        warning.iter().for_each(|warning| self.warn(warning));
        self.inbox.refuse_old();
        self.take(vec![first])?;
        while !self.machine.is_finished() {
            let inputs =
                if self.found.is_empty() { self.wait()? } else { std::mem::take(&mut self.found) };
            if self.interrupts > 1 {
                self.journal.sync()?;
                return Ok(Ending::Left);
            }
            self.take(inputs)?;
        }
        self.journal.sync()?;
        Ok(Ending::Finished)
    }

    /// Makes sure that nothing of an earlier job can be taken for one that is still to come.
    fn set_aside(&mut self, keeper_lives: bool) -> Result<(), Broken> {
        let jobs = std::mem::take(&mut self.jobs);
        let warning = aside::set_aside(&self.folder, &jobs, self.machine.state(), keeper_lives);
        if let Some(warning) = warning.map_err(Broken::Aside)? {
            self.warn(&warning);
        }
        Ok(())
    }

    /// Hands inputs to the machine, writes what it says, and carries it out.
    ///
    /// What follows from what came before the end of a keeper is still asked of that keeper, in vain. Were another one asked, the
    /// machine would be told that nobody has ever begun what is then begun after all.
    fn take(&mut self, mut inputs: Vec<Input>) -> Result<(), Broken> {
        let gone = inputs.iter().position(|input| matches!(input, Input::KeeperGone));
        let since = inputs.split_off(gone.unwrap_or(inputs.len()));
        self.take_together(inputs)?;
        if gone.is_some() {
            self.hands.lose();
        }
        self.take_together(since)
    }

    fn take_together(&mut self, inputs: Vec<Input>) -> Result<(), Broken> {
        if inputs.is_empty() {
            return Ok(());
        }
        // An end whose output went with the folder must not be taken for a failure of its job.
        self.journal.check_place()?;
        let now = now();
        let mut facts = Vec::new();
        let (mut at_once, mut after_sync) = (Vec::new(), Vec::new());
        for input in inputs {
            let transition = self.machine.handle(now, input)?;
            for record in transition.records {
                let seq = self.journal.append(now, &record)?;
                facts.push(Fact { seq, at: now, record });
            }
            for Planned { effect, durable } in transition.effects {
                if durable.is_some() { after_sync.push(effect) } else { at_once.push(effect) }
            }
        }
        self.journal.flush()?;
        // People can wait for what is written; jobs should not wait for people.
        let carried_out = self.carry_out_all(at_once, after_sync);
        self.show(&facts);
        carried_out
    }

    fn carry_out_all(
        &mut self,
        at_once: Vec<Effect>,
        after_sync: Vec<Effect>,
    ) -> Result<(), Broken> {
        if at_once.iter().any(|effect| matches!(effect, Effect::Release { .. })) {
            self.journal.sync()?;
        }
        self.carry_out(at_once)?;
        if !after_sync.is_empty() {
            self.journal.sync()?;
            self.carry_out(after_sync)?;
        }
        Ok(())
    }

    fn carry_out(&mut self, effects: Vec<Effect>) -> Result<(), Broken> {
        if effects.iter().any(|effect| matches!(effect, Effect::Spawn { .. })) {
            self.journal.check_place()?;
        }
        let mut rest = Vec::with_capacity(effects.len());
        let mut claims = Vec::new();
        for effect in effects {
            match effect {
                Effect::Timer { instance, at } => self.timers.set(at, instance),
                Effect::Acquire { .. }
                | Effect::Release { .. }
                | Effect::Verify { .. }
                | Effect::Withdraw { .. } => claims.push(effect),
                other => rest.push(other),
            }
        }
        // Jobs first: whoever asks for locks waits for the disk.
        self.found.extend(self.hands.carry_out(rest));
        for effect in &claims {
            self.found.extend(self.claims.carry_out(effect)?);
        }
        self.hands.take_failure().map_or(Ok(()), |error| Err(Broken::Keeper(error)))
    }

    /// Waits for something to happen: an event, a timer, an order.
    fn wait(&mut self) -> Result<Vec<Input>, Broken> {
        let pause = self.timers.next_in(now()).unwrap_or(INBOX_POLL).min(INBOX_POLL).min(TICK);
        let events = self.events(Some(pause));
        let mut inputs: Vec<Input> =
            self.timers.due(now()).map(|instance| Input::Due { instance }).collect();
        for event in events {
            self.translate(event, &mut inputs);
        }
        if let Some(error) = self.hands.take_failure() {
            // What has ended beside stays with the keeper, and is taken over by a resume.
            return Err(Broken::Keeper(error));
        }
        self.obey()?;
        let state = self.machine.state();
        for observer in &mut self.observers {
            observer.tick(state, now());
        }
        Ok(inputs)
    }

    /// Waits for events, for so long at the most. Signals come first: what ends at the same moment is followed by nothing more.
    fn events(&mut self, pause: Option<Duration>) -> Vec<Event> {
        let [interrupts, hang_ups] = self.signals.streams();
        keeper::wait(self.hands.voice(), &[interrupts, hang_ups, self.absence.stream()], pause);
        let mut events = Vec::new();
        events.extend((0..self.signals.hang_ups()).map(|_| Event::HangUp));
        events.extend((0..self.signals.interrupts()).map(|_| Event::Interrupt));
        events.extend(self.absence.has_come().then_some(Event::Unattended));
        events.extend(self.hands.listen());
        events
    }

    fn translate(&mut self, event: Event, inputs: &mut Vec<Input>) {
        match event {
            Event::Report(report) => inputs.extend(self.hands.hear(report)),
            Event::KeeperGone => inputs.push(Input::KeeperGone),
            Event::Interrupt => {
                self.interrupts += 1;
                inputs.push(Input::Signal { by: self.actor.clone() });
            }
            Event::HangUp => self.observers.iter_mut().for_each(|observer| observer.detach()),
            Event::Unattended => inputs.push(Input::Unattended),
        }
    }

    /// Carries out the orders in the inbox. An order is answered only after its record is on disk.
    fn obey(&mut self) -> Result<(), Broken> {
        if self.inbox_seen.is_some_and(|seen| seen.elapsed() < INBOX_PAUSE) {
            return Ok(());
        }
        self.inbox_seen = Some(Instant::now());
        for (note, order) in self.inbox.orders() {
            let now = now();
            let transition = self.machine.handle(now, Input::Order(order))?;
            let refused = transition.refused.clone();
            let mut facts = Vec::new();
            for record in transition.records {
                let seq = self.journal.append(now, &record)?;
                facts.push(Fact { seq, at: now, record });
            }
            self.journal.sync()?;
            let effects = transition.effects.into_iter().map(|planned| planned.effect);
            let carried_out = self.carry_out(effects.collect());
            self.show(&facts);
            carried_out?;
            self.inbox.answer(&note, refused);
        }
        Ok(())
    }

    /// The journal is lost: nothing is started, nothing forgotten; the ends of what runs stay with the keeper.
    fn wait_for_jobs(&mut self) {
        while self.hands.has_running() && self.interrupts < 2 && self.hands.voice().is_some() {
            for event in self.events(None) {
                match event {
                    Event::Report(report) => drop(self.hands.hear(report)),
                    Event::KeeperGone => return,
                    Event::Interrupt => self.interrupts += 1,
                    Event::HangUp | Event::Unattended => {}
                }
            }
        }
    }

    fn show(&mut self, facts: &[Fact]) {
        for observer in &mut self.observers {
            for fact in facts {
                observer.fact(fact, self.machine.state());
            }
        }
    }

    fn warn(&mut self, text: &str) {
        for observer in &mut self.observers {
            observer.warn(text);
        }
    }

    /// The run's folder.
    #[must_use]
    pub fn folder(&self) -> &RunFolder {
        &self.folder
    }
}

/// The present time, as exact as the journal keeps it.
#[must_use]
pub fn now() -> Timestamp {
    crate::journal::kept_time(Timestamp::now())
}

/// Rebuilds what is known of a run from its records.
///
/// `lenient` passes over records of tasks that the plan does not have, which is right only where a run has changed its runbook.
///
/// # Errors
/// If a record does not fit what the earlier ones say.
pub fn replay(
    graph: Arc<crate::plan::graph::Graph>,
    entries: &[crate::journal::Entry<Record>],
    lenient: bool,
) -> Result<State, (u64, Unfit)> {
    let mut state = State::new(graph);
    for entry in entries {
        match state.apply(entry.at, &entry.record) {
            Ok(()) => {}
            Err(Unfit::UnknownTask(_)) if lenient => {}
            Err(unfit) => return Err((entry.seq, unfit)),
        }
    }
    Ok(state)
}
