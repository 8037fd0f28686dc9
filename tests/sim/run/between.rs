//! What happens while no executor lives, and when something dies.
//!
//! What people decide then is said elsewhere.

use std::collections::BTreeSet;

use rand::RngExt;
use windlass::core::job::JobId;
use windlass::core::machine::{Effect, Machine, may_resolve};
use windlass::core::record::Record;
use windlass::core::setting::Activity;
use windlass::core::state::{Phase, State};

use super::{Event, PATIENT_LIVES_MAX, Run};
use crate::answers::Answers;
use crate::operator;
use crate::questions;
use crate::trouble::Crash;
use crate::world::time;

impl Run {
    pub(super) fn strike(&mut self, crash: Crash) {
        self.say(|| format!("*** {crash:?}"));
        match crash {
            Crash::Executor => {}
            Crash::Keeper { jobs_die } => self.world.keeper_dies(self.now, jobs_die),
            Crash::Power => {
                self.journal.power_cut(&mut self.rng);
                self.world.power_cut(self.now, &mut self.rng);
            }
        }
    }

    /// No executor is there: time passes, things break, an operator decides. Says whether the run is closed.
    pub(super) fn between_lives(&mut self) -> Result<bool, String> {
        self.now += self.rng.random_range(0..60);
        self.come_and_go_between_lives();
        if let Some(crash) = self.trouble.between_lives(&mut self.rng) {
            self.strike(crash);
        }
        let mut state = self.journal.replay(&self.graph)?;
        if state.run().closed {
            self.watch.new_executor(state, &self.journal.records()?, 1)?;
            self.watch.check(self.now, &self.watch.state, &self.world, true)?;
            return Ok(true);
        }
        let orders = if self.trouble.is_calm() {
            let desperate = self.calm_lives > PATIENT_LIVES_MAX;
            operator::settle_all(&state, &self.world, self.now, desperate)
        } else if self.trouble.operator_comes(&mut self.rng) {
            operator::decide_some(&state, &self.world, self.now, &mut self.rng)
        } else {
            Vec::new()
        };
        self.watch.new_executor(state.clone(), &self.journal.records()?, 1)?;
        self.answer_between_lives(&mut state)?;
        for decision in orders {
            if may_resolve(&state, &decision.task, decision.decision).is_err() {
                continue;
            }
            let record = decision.record();
            let at = time(self.now);
            state.apply(at, &record).map_err(|unfit| unfit.to_string())?;
            self.write(at, &record, &BTreeSet::new())?;
        }
        self.journal.sync();
        Ok(false)
    }

    /// No executor is there: people answer some of what they were asked, and once nothing bad happens any more all of it.
    fn answer_between_lives(&mut self, state: &mut State) -> Result<(), String> {
        let willing = self.trouble.is_calm();
        while willing || self.rng.random_bool(0.6) {
            let answer = questions::answer(state, self.now, willing, &mut self.rng);
            let Some((task, by, answer)) = answer else { break };
            self.people_mend(state, &task, answer.go);
            let record = Record::Answered { task, by, answer: Box::new(answer) };
            let at = time(self.now);
            state.apply(at, &record).map_err(|unfit| unfit.to_string())?;
            self.write(at, &record, &BTreeSet::new())?;
        }
        Ok(())
    }

    /// No executor of ours is there: others come and go, and operators take locks away under which nothing lives.
    fn come_and_go_between_lives(&mut self) {
        if self.trouble.is_calm() {
            self.locks.others_leave();
        }
        let alive = |instance: &windlass::core::state::Instance| {
            self.world.is_alive(&instance.id, self.now)
        };
        if !self.watch.state.instances().iter().any(alive) {
            self.locks.thieves_come();
        }
    }

    /// The keeper dies under a living executor, which finds out for itself what became of its jobs.
    pub(super) fn lose_keeper(
        &mut self,
        machine: &Machine<Answers>,
        crash: Crash,
    ) -> Result<Option<Crash>, String> {
        self.strike(crash);
        let in_flight: Vec<JobId> = machine
            .state()
            .tasks()
            .filter(|(_, _, task)| matches!(task.phase, Phase::Running(_) | Phase::Judging(_)))
            .map(|(_, instance, task)| JobId { task: instance.id.clone(), attempt: task.jobs })
            .collect();
        let parts = machine.state().all_parts().filter_map(|(id, part)| match part.activity {
            Activity::Running(way, _) | Activity::Judging(way, _) => {
                let task = machine.state().job_name(id, way);
                Some(JobId { task, attempt: part.jobs(way) })
            }
            _ => None,
        });
        let in_flight: Vec<JobId> = in_flight.into_iter().chain(parts).collect();
        for job in in_flight {
            let unstarted = |effect: &Effect| matches!(effect, Effect::Spawn { job: other, .. } if *other == job);
            if !self.life.waiting.iter().any(|(_, effect)| unstarted(effect)) {
                self.schedule(1, Event::Answer(job));
            }
        }
        Ok(None)
    }
}
