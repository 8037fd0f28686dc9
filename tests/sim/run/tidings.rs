//! What reaches a living executor: the word of keepers, of locks and of time.
//!
//! Does not know what the machine makes of it.

use windlass::core::job::JobId;
use windlass::core::machine::{Input, Machine};
use windlass::core::recover::Evidence;
use windlass::core::setting::{Activity, Way};
use windlass::core::state::{Phase, State};

use super::{Event, Run};
use crate::answers::Answers;

impl Run {
    /// What an event is to the machine, if it is anything.
    pub(super) fn input(
        &mut self,
        machine: &Machine<Answers>,
        event: Event,
    ) -> Result<Option<Input>, String> {
        Ok(match event {
            Event::Sync => {
                self.sync()?;
                None
            }
            Event::Due(instance) => Some(Input::Due { instance }),
            Event::Printed(job) => {
                let out = self.world.out(&job);
                Some(Input::Read { job, out })
            }
            Event::Told(number) => {
                self.life.open_letters -= 1;
                self.life.letters.get(number as usize).cloned()
            }
            Event::Again(number) => {
                let again = self.life.seen.get(number as usize).cloned();
                // A keeper that has died says nothing any more, however late.
                again.filter(|input| match input {
                    Input::Evidence { job, evidence: Evidence::Running, .. } => {
                        self.world.is_kept(job)
                    }
                    _ => true,
                })
            }
            Event::Answer(job) => {
                let evidence = self.world.evidence(self.now, &job);
                self.say(|| format!("  {job}: {evidence:?}"));
                self.look_later(machine.state(), &job, &evidence);
                let out = self.world.out(&job);
                Some(Input::Evidence { job, evidence, out })
            }
            Event::Look(job) => self.look(job),
        })
    }

    /// What a keeper, or somebody who polls, tells of a job.
    fn look(&mut self, job: JobId) -> Option<Input> {
        let evidence = self.world.evidence(self.now, &job);
        let told_end = self.life.told.iter().any(|(told, _)| *told == job);
        let kept = self.world.is_kept(&job);
        self.say(|| format!("  {job}: {evidence:?}"));
        match evidence {
            Evidence::Ended(end) if !told_end && kept => {
                self.life.told.insert((job.clone(), end.over));
                let out = self.world.out(&job);
                Some(Input::JobEnded { job, end, out })
            }
            Evidence::Ended(end) if end.over && !self.life.told.contains(&(job.clone(), true)) => {
                self.life.told.insert((job.clone(), true));
                Some(Input::Over { job })
            }
            Evidence::NotSpawned(reason) if kept && !told_end => {
                self.life.told.insert((job.clone(), true));
                Some(Input::NotSpawned { job, reason })
            }
            _ => None,
        }
    }

    /// After an answer: what is still to come of that job.
    fn look_later(&mut self, state: &State, job: &JobId, evidence: &Evidence) {
        let judged = state
            .find(&job.task)
            .and_then(|id| state.task(id))
            .is_some_and(|task| matches!(task.phase, Phase::Judging(_)));
        let judged = judged
            || state.find(&job.task).and_then(|id| state.part(id)).is_some_and(|part| {
                matches!(part.activity, Activity::Judging(way, _) if Way::of(&job.task) == Some(way))
            });
        match evidence {
            Evidence::Ended(end) => {
                self.life.told.insert((job.clone(), end.over));
            }
            Evidence::Running if judged => {
                self.life.told.insert((job.clone(), false));
            }
            _ => {}
        }
        self.look_at_ends(job);
    }

    pub(super) fn look_at_ends(&mut self, job: &JobId) {
        let Some((ends, over)) = self.world.job(job).map(|process| (process.ends, process.over))
        else {
            return;
        };
        self.schedule((ends - self.now).max(0), Event::Look(job.clone()));
        if over > ends {
            self.schedule((over - self.now).max(0), Event::Look(job.clone()));
        }
    }
}
