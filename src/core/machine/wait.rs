//! Steps that ask until something holds: what an ask means that has not found it, and when the next one comes.
//!
//! Does not know how an ask is judged; each one is a job of its own.

use jiff::Timestamp;

use super::finish::later;
use super::sleep::in_words;
use super::{Effect, Machine, Transition};
use crate::core::apply::Unfit;
use crate::core::evaluate::Evaluate;
use crate::core::job::JobId;
use crate::core::record::Verdict;
use crate::core::state::{InstanceId, Phase};

impl<E: Evaluate> Machine<E> {
    /// Whether a task asks until something holds.
    pub(super) fn waits(&self, id: InstanceId) -> bool {
        self.shape(id).is_some_and(|task| task.wait.is_some())
    }

    /// What it means that an ask has not found what is waited for; `over` says whether nothing of the ask is left.
    pub(super) fn verdict_of_ask(&self, now: Timestamp, id: InstanceId, over: bool) -> Verdict {
        let wait = self.shape(id).and_then(|task| task.wait);
        let (Some(timeout), true) = (wait.and_then(|wait| wait.timeout), self.is_overdue(now, id))
        else {
            return Verdict::Repeat { held: false };
        };
        let reason = format!("what it waits for has not come within {}", in_words(timeout));
        match wait.is_some_and(|wait| wait.goes_on) {
            true if over => Verdict::Overdue { reason },
            // What goes on must not meet what is left of the ask: it is asked once more when that is gone.
            true => Verdict::Repeat { held: false },
            false => Verdict::Bad { reason },
        }
    }

    /// Nothing is left of an ask that has not found what is waited for.
    pub(super) fn ask_later(
        &mut self,
        now: Timestamp,
        id: InstanceId,
        job: &JobId,
        out: &mut Transition,
    ) -> Result<(), Unfit> {
        out.plan(Effect::Forget { job: job.clone() });
        self.running.remove(&id);
        if !self.state.task(id).is_some_and(|task| matches!(task.phase, Phase::Judging(_))) {
            return Ok(());
        }
        let reason = "what it waits for has not come yet".to_owned();
        self.pause(now, id, self.next_ask(now, id), reason, out)
    }

    /// When it is asked again: a last time when the time is up.
    fn next_ask(&self, now: Timestamp, id: InstanceId) -> Timestamp {
        let every = self.shape(id).and_then(|task| task.wait).map(|wait| wait.every);
        let next = later(now, every.unwrap_or_default());
        self.last_ask(id).map_or(next, |last| next.min(last))
    }

    /// Whether a task has waited as long as it may.
    pub(super) fn is_overdue(&self, now: Timestamp, id: InstanceId) -> bool {
        self.last_ask(id).is_some_and(|last| last <= now)
    }

    fn last_ask(&self, id: InstanceId) -> Option<Timestamp> {
        let timeout = self.shape(id)?.wait?.timeout?;
        Some(later(self.state.task(id)?.asking_since?, timeout))
    }
}
