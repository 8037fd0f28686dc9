//! What a judgement changes, and what a resume does to what was under way.
//!
//! Does not judge: whoever replays a judgement takes it as it was.

use std::sync::Arc;

use jiff::Timestamp;

use super::{Unfit, check, contradiction};
use crate::core::job::Role;
use crate::core::record::{Judgement, Outcome};
use crate::core::state::{Inquiry, Knowledge, Phase, Proof, Repair, TaskState};

impl TaskState {
    pub(super) fn judge(
        &mut self,
        at: Timestamp,
        task: &Arc<str>,
        judgement: Judgement,
        state: Option<&Arc<str>>,
        asks: bool,
    ) -> Result<(), Unfit> {
        let role = match self.phase {
            Phase::Judging(role) => Some(role),
            _ => None,
        };
        // A probe or a repair that cannot be begun is judged where it stands.
        let standing = match judgement {
            Judgement::InDoubt => {
                matches!(self.phase, Phase::Asking | Phase::Repairing(..) | Phase::Pausing(..))
            }
            Judgement::Ask | Judgement::Repaired => matches!(self.phase, Phase::Repairing(..)),
            _ => false,
        };
        let judging = role.is_some() || standing;
        check(judging, task, "it is judged although nothing of it has just ended")?;
        if role == Some(Role::Probe) {
            self.inquiry.state = state.cloned();
        }
        let by_probe =
            || check(role == Some(Role::Probe), task, "its probe has not just been asked");
        self.orphan = None;
        match judgement {
            Judgement::InDoubt => self.phase = Phase::InDoubt,
            Judgement::Again => self.phase = self.resting(asks),
            Judgement::Ask => self.phase = Phase::Asking,
            Judgement::Done => {
                by_probe()?;
                let attempt = self.inquiry.attempt.unwrap_or(self.jobs);
                self.inquiry = Inquiry { found: self.attempts == 0, ..self.inquiry.settled() };
                self.knowledge = Knowledge::Done(Proof::Probe(attempt));
                self.phase = Phase::Verifying(0);
                self.tries = 0;
            }
            Judgement::Absent | Judgement::Retry { .. } => {
                by_probe()?;
                check(!self.inquiry.is_spoilt(), task, "a repair of it may have happened")?;
                self.inquiry = Inquiry { repair: None, ..self.inquiry.settled() };
                self.knowledge = Knowledge::NotBegun;
                match judgement {
                    Judgement::Retry { until } => self.phase = Phase::Pausing(Role::Action, until),
                    _ => {
                        self.inquiry.cleared = true;
                        self.phase = Phase::Waiting;
                    }
                }
            }
            Judgement::Unconfirmed { until } => {
                by_probe()?;
                self.inquiry.absents += 1;
                self.phase = Phase::Pausing(Role::Probe, until);
            }
            Judgement::Ongoing { until } => {
                by_probe()?;
                self.inquiry.absents = 0;
                self.inquiry.waiting_since.get_or_insert(at);
                self.phase = Phase::Pausing(Role::Probe, until);
            }
            Judgement::Repair { index } => {
                by_probe()?;
                check(!self.inquiry.is_spoilt(), task, "a repair of it may have happened")?;
                let state = state.ok_or_else(|| contradiction(task, "no state is repaired"))?;
                let repair = Repair {
                    state: state.clone(),
                    once: None,
                    by_hand: None,
                    finished: false,
                    interrupted: false,
                };
                let repairs = self.inquiry.repairs + 1;
                let repair = Some(repair);
                self.inquiry = Inquiry { repairs, repair, mends: 0, ..self.inquiry.settled() };
                self.phase = Phase::Repairing(index, 0);
            }
            Judgement::Repaired => self.finish_repair(task)?,
        }
        Ok(())
    }

    fn finish_repair(&mut self, task: &Arc<str>) -> Result<(), Unfit> {
        match (self.phase, &mut self.inquiry.repair) {
            (Phase::Repairing(..), Some(repair)) => repair.finished = true,
            _ => return Err(contradiction(task, "a repair of it ends that was not under way")),
        }
        self.phase = Phase::Asking;
        Ok(())
    }

    /// A command that could not be started has done nothing.
    pub(super) fn forget_start(&mut self, role: Role, attempt: u32) {
        match role {
            Role::Action if self.knowledge == Knowledge::Maybe(attempt) => {
                self.knowledge = Knowledge::NotBegun;
            }
            Role::Repair { .. } => {
                if let Some(repair) = &mut self.inquiry.repair {
                    repair.once = repair.once.filter(|&first| first != attempt);
                }
            }
            _ => {}
        }
    }

    /// The phase of a task that has nothing running and nothing to be concluded.
    pub(super) fn resting(&self, asks: bool) -> Phase {
        match self.knowledge {
            Knowledge::Done(_) => Phase::Verifying(0),
            Knowledge::Maybe(_) if asks => Phase::Asking,
            Knowledge::NotBegun | Knowledge::Maybe(_) => Phase::Waiting,
        }
    }

    /// The phase of a task whose probe, or whose repair, was broken off.
    fn after_breaking_off(&self) -> Phase {
        match self.knowledge {
            Knowledge::NotBegun if !self.inquiry.is_spoilt() => Phase::Waiting,
            _ => Phase::Asking,
        }
    }

    /// A run that is given up goes on with no repair that people have gone on with.
    pub(super) fn break_off_repair(&mut self) {
        let repair = self.inquiry.repair.as_mut().filter(|repair| repair.by_hand.is_some());
        if let (Some(repair), Phase::Repairing(..)) = (repair, self.phase) {
            repair.by_hand = None;
            repair.interrupted = true;
            self.phase = self.after_breaking_off();
        }
    }

    /// A resume tries again what has failed, asks the probe again what is in doubt, and continues no repair but one that people
    /// are asked to go on with, or have gone on with.
    pub(super) fn grant_fresh_attempts(&mut self, asks: bool) {
        self.tries = 0;
        self.rounds = 0;
        self.streak = 0;
        let mut inquiry = self.inquiry.settled();
        inquiry.repair = inquiry.repair.filter(|repair| !repair.finished);
        let in_hands = matches!(self.phase, Phase::Awaiting | Phase::Repairing(..))
            && self.inquiry.repair.as_ref().is_some_and(|repair| repair.by_hand.is_some());
        if let Some(repair) = &mut inquiry.repair {
            repair.interrupted |= !in_hands;
        }
        self.inquiry = inquiry;
        match self.phase {
            Phase::Ended(Outcome::Failed) if self.given_up => {}
            Phase::Ended(Outcome::Failed) | Phase::Pausing(Role::Action | Role::Verify(_), _) => {
                if matches!(self.phase, Phase::Ended(_)) {
                    self.asking_since = None;
                }
                self.phase = self.resting(asks);
                self.ended = None;
            }
            Phase::Repairing(..) if in_hands => {}
            Phase::Pausing(Role::Probe | Role::Repair { .. }, _) | Phase::Repairing(..) => {
                self.phase = self.after_breaking_off();
            }
            Phase::InDoubt if asks => self.phase = Phase::Asking,
            _ => {}
        }
    }
}

impl Inquiry {
    /// The same without what counts only until the next answer.
    fn settled(&self) -> Self {
        Self { cleared: false, absents: 0, waiting_since: None, ..self.clone() }
    }
}
