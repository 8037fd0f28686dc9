//! What a transition asks for, carried out against the simulated world.
//!
//! Decides nothing: the order is that of the executor, records first.

use std::collections::BTreeSet;

use rand::RngExt;
use serde_json::Value;
use windlass::core::job::{Command, JobId, Role};
use windlass::core::machine::{Effect, Input, Machine, Transition};
use windlass::core::state::{InstanceId, Phase, TaskState};
use windlass::plan::graph::{Meaning, Task};

use super::{Event, Run};
use crate::answers::{Answers, temporary};
use crate::trouble::Crash;
use crate::world::{Kind, time};

impl Run {
    /// One transition: the machine decides, its records are written, its effects done. The executor may die anywhere in it.
    pub(super) fn step(
        &mut self,
        machine: &mut Machine<Answers>,
        input: Input,
    ) -> Result<Option<Crash>, String> {
        self.story.transitions += 1;
        self.say(|| format!("{input:?}"));
        let at = time(self.now);
        let Transition { records, effects, refused } =
            machine.handle(at, input).map_err(|unfit| format!("the machine errs: {unfit}"))?;
        if let Some(refused) = refused {
            self.say(|| refused);
        }
        let orphaned: BTreeSet<InstanceId> = machine.orphaned().collect();
        let (dies_after, crash) = self.trouble.within(records.len() + effects.len(), &mut self.rng);
        let first = self.journal.len();
        for (done, record) in records.iter().enumerate() {
            if dies_after == Some(done) {
                return Ok(crash);
            }
            self.write(at, record, &orphaned)?;
        }
        let thorough = self.rng.random_range(0..100) < 35;
        self.watch.check(self.now, machine.state(), &self.world, thorough)?;
        for (done, planned) in effects.into_iter().enumerate() {
            if dies_after == Some(records.len() + done) {
                return Ok(crash);
            }
            match planned.durable {
                Some(_) if records.is_empty() => self.life.waiting.push((first, planned.effect)),
                Some(record) if record >= records.len() => {
                    return Err("an effect waits for a record that is not there".to_owned());
                }
                Some(record) => self.life.waiting.push((first + record + 1, planned.effect)),
                None if matches!(planned.effect, Effect::Release { .. }) => {
                    self.sync()?;
                    self.effect(planned.effect)?;
                }
                None => self.effect(planned.effect)?,
            }
        }
        if self.rng.random_bool(0.6) {
            self.sync()?;
        } else {
            self.schedule(2, Event::Sync);
        }
        Ok(None)
    }

    pub(super) fn sync(&mut self) -> Result<(), String> {
        self.journal.sync();
        let synced = self.journal.synced();
        for (needs, effect) in std::mem::take(&mut self.life.waiting) {
            if needs <= synced {
                self.effect(effect)?;
            } else {
                self.life.waiting.push((needs, effect));
            }
        }
        Ok(())
    }

    pub(super) fn effect(&mut self, effect: Effect) -> Result<(), String> {
        self.say(|| format!("  > {effect:?}"));
        match effect {
            Effect::Spawn { job, role, command, .. } => {
                self.story.jobs += 1;
                let task = self.watch.state.find(&job.task).ok_or("a job of nothing")?;
                if self.watch.state.part(task).is_some() {
                    return self.spawn_for_setting(&job, task, role, &command);
                }
                let node = self.watch.state.instance(task).node;
                let kind = kind(self.graph.task(node).ok_or("a job of a group")?, role);
                let once = kind.effect == windlass::spec::model::Effect::Once;
                if once && !self.journal.has_synced_start(&job.task, job.attempt) {
                    return Err(format!("{job} is `once`, and its start is not on disk"));
                }
                self.check_repair(&job, role)?;
                self.locks.check_job(&self.watch.state, &job.task, &self.answers)?;
                self.world.spawn(self.now, &job, kind, &mut self.rng)?;
                self.look_at_ends(&job);
            }
            Effect::Gather { job, .. } => {
                let delay = self.rng.random_range(0..10);
                self.schedule(delay, Event::Answer(job));
            }
            Effect::Read { job } => {
                let delay = self.rng.random_range(0..10);
                self.schedule(delay, Event::Printed(job));
            }
            Effect::Kill { job } => {
                self.world.kill(self.now, &job);
                self.look_at_ends(&job);
            }
            Effect::Forget { job } => self.world.forget(&job),
            Effect::Acquire { .. }
            | Effect::Release { .. }
            | Effect::Verify { .. }
            | Effect::Withdraw { .. } => {
                let durable = || self.journal.replay_synced(&self.graph);
                let answer = self.locks.carry_out(
                    &effect,
                    &self.watch.state,
                    durable,
                    &self.world,
                    self.now,
                )?;
                if let Some(answer) = answer {
                    self.life.letters.push(answer);
                    self.life.open_letters += 1;
                    let number = u32::try_from(self.life.letters.len() - 1).expect("few letters");
                    self.schedule(self.now % 3, Event::Told(number));
                }
            }
            Effect::Ask { instance } => {
                let task = self.watch.state.instance(instance).id.clone();
                let durable = self.journal.replay_synced(&self.graph)?;
                let known = durable.find(&task).and_then(|id| durable.task(id));
                let still = self.watch.state.task(instance).map(|task| task.phase);
                if still == Some(Phase::Awaiting)
                    && known.is_none_or(|known| known.phase != Phase::Awaiting)
                {
                    return Err(format!("people learn of {task}, which is not on disk"));
                }
                let manual = self.watch.state.task(instance).is_some_and(TaskState::is_in_hands);
                if manual && self.watch.questions.fresh.contains(&task) {
                    self.locks.check_job(&self.watch.state, &task, &self.answers)?;
                }
            }
            Effect::Timer { instance, at } => {
                let early = i64::from(self.rng.random_bool(0.1));
                let delay = at.as_millisecond() - self.now - early;
                self.schedule(delay.max(0), Event::Due(instance));
            }
        }
        Ok(())
    }

    /// A repair is gone on with after what people have done of it, so a power cut must not take away that it was.
    fn check_repair(&self, job: &JobId, role: Role) -> Result<(), String> {
        let Role::Repair { state, action } = role else { return Ok(()) };
        let left = self.journal.replay_synced(&self.graph)?;
        let repair = left.find(&job.task).and_then(|id| left.task(id)?.inquiry.repair.as_ref());
        match repair.and_then(|repair| repair.by_hand) {
            Some((of, before)) if (of, before + 1) == (state, action) => {
                Err(format!("{job} follows what people have done, and is not on disk"))
            }
            _ => Ok(()),
        }
    }

    fn spawn_for_setting(
        &mut self,
        job: &JobId,
        part: InstanceId,
        role: Role,
        command: &Command,
    ) -> Result<(), String> {
        use windlass::spec::model::Effect::{Idempotent, Read};
        let effect = if role == Role::Get { Read } else { Idempotent };
        if role != Role::Get && !self.journal.has_synced_start(&job.task, job.attempt) {
            return Err(format!("{job} changes a setting, and its start is not on disk"));
        }
        let name = self.watch.state.instance(part).id.clone();
        self.world.meet(&name, temporary(&self.watch.state, part), &mut self.rng);
        let kind = Kind { role, effect, probed: false, last: false };
        self.world.spawn(self.now, job, kind, &mut self.rng)?;
        if role != Role::Get {
            let value = command.argv.last().cloned().unwrap_or_default();
            let old = self.watch.state.part(part).and_then(|part| part.old.clone());
            if role == Role::Restore && old.as_deref().and_then(Value::as_str) != Some(&value) {
                return Err(format!("{job} puts {name} back to {value}, which it was not"));
            }
            self.world.writes(job, value);
        }
        self.look_at_ends(job);
        Ok(())
    }

    /// Whoever says that nothing is left to do must not leave a job of its own unheard.
    pub(super) fn check_no_job_left(&self, machine: &Machine<Answers>) -> Result<(), String> {
        let orphaned: BTreeSet<InstanceId> = machine.orphaned().collect();
        for (id, part) in machine.state().all_parts() {
            if part.activity.is_in_flight() && !orphaned.contains(&id) {
                return Err(format!("the executor goes while a setting is {:?}", part.activity));
            }
        }
        for (id, instance, task) in machine.state().tasks() {
            let maybe = matches!(task.knowledge, windlass::core::state::Knowledge::Maybe(_));
            // Without its locks nothing of it is started, not even its probe.
            let locked = self.locks.has_all(machine.state(), id, &self.answers);
            if locked
                && task.phase == Phase::Asking
                && maybe
                && self.watch.inquiries.is_asking(&instance.id)
            {
                return Err(format!(
                    "the executor goes without having asked after {}",
                    instance.id
                ));
            }
            if matches!(task.phase, Phase::Running(_) | Phase::Judging(_))
                && !orphaned.contains(&id)
            {
                return Err(format!("the executor goes while {} is {:?}", instance.id, task.phase));
            }
        }
        Ok(())
    }
}

/// What a job of a task is to the world.
fn kind(task: &Task, role: Role) -> Kind {
    let mut kind = Kind { role, effect: task.effect, probed: task.asks(), last: false };
    match (role, &task.probe) {
        (Role::Repair { state, action }, Some(probe)) => {
            if let Meaning::Repair(actions) = &probe.states[state as usize].meaning {
                kind.effect = actions[action as usize].effect;
                kind.last = action as usize + 1 == actions.len();
            }
        }
        (Role::Action, _) => {}
        _ => kind.effect = windlass::spec::model::Effect::Read,
    }
    kind
}
