//! Steps that let time pass: when they begin to wait, and when they have waited long enough.
//!
//! Starts nothing. The time is recorded when the waiting begins, so that neither a crash nor a resume makes it longer.

use std::time::Duration;

use jiff::Timestamp;

use super::finish::later;
use super::{Effect, Machine, Transition};
use crate::core::apply::Unfit;
use crate::core::evaluate::Evaluate;
use crate::core::job::Role;
use crate::core::record::{Outcome, Record};
use crate::core::state::{InstanceId, Phase};
use crate::plan::graph::Work;

impl<E: Evaluate> Machine<E> {
    /// How long a task waits, if waiting is all that it does.
    pub(super) fn pause_of(&self, id: InstanceId) -> Option<Duration> {
        match self.shape(id)?.work {
            Work::Pause(time) => Some(time),
            Work::Job | Work::Assert | Work::Question(_) => None,
        }
    }

    /// Whether a task's next step starts nothing.
    pub(super) fn takes_no_slot(&self, id: InstanceId) -> bool {
        let phase = self.state.task(id).map(|task| task.phase);
        matches!(phase, Some(Phase::Waiting | Phase::Sleeping(_)))
            && (self.pause_of(id).is_some() || self.asks_people(id).is_some())
    }

    /// Begins to wait, under the locks and within the settings that a job would have.
    pub(super) fn fall_asleep(
        &mut self,
        now: Timestamp,
        id: InstanceId,
        time: Duration,
        out: &mut Transition,
    ) -> Result<(), Unfit> {
        if !self.may_begin(now, id, Role::Action, out)? {
            return Ok(());
        }
        let until = later(now, time);
        let task = self.state.instance(id).id.clone();
        let reason = format!("it waits for {}", in_words(time));
        self.note(now, Record::WaitUntil { task, until, reason }, out)?;
        self.wake(id, until, out);
        Ok(())
    }

    /// Ends a task that has waited long enough.
    pub(super) fn wake_up(
        &mut self,
        now: Timestamp,
        id: InstanceId,
        until: Timestamp,
        out: &mut Transition,
    ) -> Result<(), Unfit> {
        if until > now {
            return Ok(());
        }
        self.pausing.remove(&id);
        self.end(now, id, Outcome::Succeeded, None, out)
    }

    /// Asks to be told when those have waited long enough whose waiting an earlier executor has begun.
    pub(super) fn wake_sleepers(&mut self, out: &mut Transition) {
        for (id, _, task) in self.state.tasks() {
            if let Phase::Sleeping(until) = task.phase {
                out.plan(Effect::Timer { instance: id, at: until });
            }
        }
    }
}

/// A duration as a runbook would write it.
pub(crate) fn in_words(time: Duration) -> String {
    let (seconds, millis) = (time.as_secs(), time.subsec_millis());
    let units = [("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1)];
    let mut rest = seconds;
    let mut text = String::new();
    for (unit, size) in units {
        if rest >= size {
            text.push_str(&format!("{}{unit}", rest / size));
            rest %= size;
        }
    }
    if millis > 0 {
        text.push_str(&format!("{millis}ms"));
    }
    if text.is_empty() { "0s".to_owned() } else { text }
}
