//! Questions to people: when they are put, what follows from an answer, and when it is too late for one.
//!
//! Does not know how people are reached. A question stands until it is answered, across crashes and resumes, and takes no slot.

use std::sync::Arc;

use jiff::Timestamp;

use super::finish::later;
use super::order::Refusal;
use super::sleep::in_words;
use super::{Effect, Machine, Transition};
use crate::core::apply::Unfit;
use crate::core::evaluate::Evaluate;
use crate::core::job::Role;
use crate::core::question::{Answer, Question};
use crate::core::record::{Actor, Outcome, Record};
use crate::core::state::{InstanceId, Phase, State};
use crate::plan::graph::{self, Work};

/// Whether somebody may answer a task's question so.
///
/// # Errors
/// Why not.
pub fn may_answer(
    state: &State,
    task: &str,
    user: &str,
    answer: &Answer,
    now: Timestamp,
) -> Result<(), Refusal> {
    if state.run().closed {
        return Err(Refusal::Closed);
    }
    let id = state.find(task).ok_or_else(|| Refusal::Unknown(task.to_owned()))?;
    let open = state.task(id).filter(|known| known.phase == Phase::Awaiting);
    let open = open.and_then(|known| Some((known, known.question.as_ref()?)));
    let Some((known, question)) = open else { return Err(Refusal::NotAsked(task.to_owned())) };
    if !question.is_for(user) {
        return Err(Refusal::NotForYou(task.to_owned(), question.by.clone()));
    }
    if known.has_agreed(user) {
        return Err(Refusal::Agreed(task.to_owned(), user.to_owned()));
    }
    if question.is_over(now) {
        return Err(Refusal::TooLate(task.to_owned()));
    }
    if answer.go {
        question
            .complete(&answer.fields)
            .map_err(|wrong| Refusal::Fields(task.to_owned(), wrong))?;
    }
    Ok(())
}

impl<E: Evaluate> Machine<E> {
    /// What a task asks of people, if that is what it does.
    pub(super) fn asks_people(&self, id: InstanceId) -> Option<graph::Question> {
        match self.shape(id)?.work {
            Work::Question(question) => Some(question),
            Work::Job | Work::Assert | Work::Pause(_) => None,
        }
    }

    /// Puts a task's question, or that of its repair: what people are to do under the locks and within the settings that a job would have, what they
    /// are only to decide about without.
    pub(super) fn put_question(
        &mut self,
        now: Timestamp,
        id: InstanceId,
        shape: graph::Question,
        role: Role,
        out: &mut Transition,
    ) -> Result<(), Unfit> {
        if shape.manual && !self.may_begin(now, id, role, out)? {
            return Ok(());
        }
        let question = match self.evaluate.question(&self.state, id) {
            Ok(question) => question,
            Err(error) => return self.cannot_begin(now, id, role, error, out),
        };
        let until = shape.timeout.map(|timeout| later(now, timeout));
        let question = Box::new(Question { until, ..question });
        let task = self.state.instance(id).id.clone();
        self.note(now, Record::Asked { task, question }, out)?;
        // Nobody is asked what a power cut could make us ask once more.
        out.plan_after_sync(Effect::Ask { instance: id });
        self.watch_question(id, out);
        Ok(())
    }

    fn watch_question(&self, id: InstanceId, out: &mut Transition) {
        let question = self.state.task(id).and_then(|task| task.question.as_ref());
        if let Some(at) = question.and_then(|question| question.until) {
            out.plan(Effect::Timer { instance: id, at });
        }
    }

    /// Puts those questions again that an earlier executor has put.
    pub(super) fn repeat_questions(&mut self, out: &mut Transition) {
        let open: Vec<InstanceId> = self.state.questions().map(|(id, ..)| id).collect();
        for id in open {
            out.plan(Effect::Ask { instance: id });
            self.watch_question(id, out);
        }
    }

    /// The time of a question may be up.
    pub(super) fn question_due(
        &mut self,
        now: Timestamp,
        id: InstanceId,
        out: &mut Transition,
    ) -> Result<(), Unfit> {
        let question = self.state.task(id).and_then(|task| task.question.as_ref());
        if question.is_some_and(|question| question.is_over(now)) {
            let timeout = self.asks_people(id).and_then(|asked| asked.timeout);
            let within = timeout.map(|timeout| format!(" within {}", in_words(timeout)));
            let reason = format!("nobody has answered{}", within.unwrap_or_default());
            return self.end(now, id, Outcome::Failed, Some(reason), out);
        }
        self.watch_question(id, out);
        Ok(())
    }

    /// Somebody answers.
    pub(super) fn on_answer(
        &mut self,
        now: Timestamp,
        task: &str,
        by: Actor,
        mut answer: Answer,
        out: &mut Transition,
    ) -> Result<(), Unfit> {
        if let Err(refusal) = may_answer(&self.state, task, &by.user, &answer, now) {
            out.refused = Some(refusal.to_string());
            return Ok(());
        }
        let Some(id) = self.state.find(task) else { return Ok(()) };
        let question = self.state.task(id).and_then(|known| known.question.clone());
        if let (Some(question), true) = (question, answer.go) {
            answer.fields = question.complete(&answer.fields).unwrap_or_default();
        }
        self.note(
            now,
            Record::Answered { task: Arc::from(task), by, answer: Box::new(answer) },
            out,
        )?;
        match self.state.task(id).map(|known| known.phase) {
            Some(Phase::Repairing(state, action)) => {
                self.go_on_repairing(now, id, state, action, out)
            }
            Some(Phase::InDoubt) => Ok(()),
            _ => self.go_on_after_action(now, id, out),
        }
    }

    /// Whether only people can make the run go on.
    pub(super) fn awaits_people(&self) -> bool {
        self.state.questions().next().is_some()
    }

    /// The same machine, which does not end while somebody may answer.
    #[must_use]
    pub fn attended(mut self) -> Self {
        self.attended = true;
        self
    }
}
