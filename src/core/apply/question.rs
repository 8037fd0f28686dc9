//! What questions to people and their answers change.
//!
//! Does not know whether an answer is complete: that is looked at before it is recorded.

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::Value;

use super::{Unfit, check, contradiction};
use crate::core::question::{Answer, Question, QuestionKind};
use crate::core::record::{Actor, Outcome};
use crate::core::state::{InstanceId, Knowledge, Phase, Proof, State};
use crate::plan::graph::{Meaning, Mend, Work};
use crate::spec::model::Effect;

impl State {
    pub(super) fn asked(
        &mut self,
        at: Timestamp,
        task: &Arc<str>,
        question: &Question,
    ) -> Result<(), Unfit> {
        let id = self.known(task)?;
        let mend = self.next_mend(id).cloned();
        let state = self
            .task_mut(id)
            .ok_or_else(|| contradiction(task, "people are asked about what is not a task"))?;
        match (state.phase, &mut state.inquiry.repair) {
            (Phase::Waiting, _) => {}
            (Phase::Repairing(of, action), Some(repair)) => {
                // After a change of the runbook it may not be known any more.
                let known = mend.as_ref().is_none_or(|mend| mend.manual);
                let fits = known && question.kind == QuestionKind::Manual && !repair.interrupted;
                check(fits, task, "people are asked to repair it out of turn")?;
                repair.by_hand = Some((of, action));
                if mend.is_none_or(|mend| mend.effect == Effect::Once) {
                    repair.once.get_or_insert(state.jobs);
                }
            }
            _ => return Err(contradiction(task, "people are asked about it out of turn")),
        }
        state.phase = Phase::Awaiting;
        state.question = Some(Arc::new(question.clone()));
        state.agreed.clear();
        state.reason = None;
        state.started.get_or_insert(at);
        // Whoever is asked whether an item may begin has not begun with it.
        if question.kind == QuestionKind::Manual {
            self.mark_started(id);
            self.mark_begun(id);
        }
        Ok(())
    }

    pub(super) fn answered(
        &mut self,
        at: Timestamp,
        task: &Arc<str>,
        by: &Actor,
        answer: &Answer,
    ) -> Result<(), Unfit> {
        check(!self.run.closed, task, "it is answered although the run is closed")?;
        let id = self.known(task)?;
        let state = self
            .task_mut(id)
            .ok_or_else(|| contradiction(task, "what is not a task is answered"))?;
        let question = state.question.clone().filter(|_| state.phase == Phase::Awaiting);
        let question =
            question.ok_or_else(|| contradiction(task, "it is answered although nobody asks"))?;
        check(question.is_for(&by.user), task, "it is answered by somebody who is not asked")?;
        check(!state.has_agreed(&by.user), task, "it is answered twice by the same person")?;
        if !answer.go {
            let because = answer.because.as_ref().map(|why| format!(": {why}"));
            let reason =
                format!("rejected by {} on {}{}", by.user, by.host, because.unwrap_or_default());
            state.question = None;
            if let Some(repair) = state.inquiry.repair.as_mut().filter(|it| it.by_hand.is_some()) {
                // How far they came before they gave it up, nobody has said.
                repair.by_hand = None;
                state.phase = Phase::InDoubt;
                state.reason = Some(format!("its repair was {reason}").into());
                self.settle([id]);
                return Ok(());
            }
            state.phase = Phase::Ended(Outcome::Failed);
            state.reason = Some(reason.into());
            state.ended = Some(at);
            // An item that has begun with that may go on where one that has not is kept from it.
            self.mark_begun(id);
            self.settle_everything();
        } else {
            state.agreed.push(Arc::from(by.user.as_str()));
            let repair = state.inquiry.repair.as_ref();
            if let Some((of, action)) = repair.and_then(|repair| repair.by_hand) {
                state.question = None;
                state.phase = Phase::Repairing(of, action + 1);
                state.inquiry.mends = 0;
            } else if state.agreed.len() >= question.min as usize {
                let fields = answer.fields.clone().into_iter().collect();
                let told = !question.fields.is_empty();
                state.outputs = told.then(|| Arc::new(Value::Object(fields)));
                state.question = None;
                state.knowledge = Knowledge::Done(Proof::Operator);
                state.phase = Phase::Verifying(0);
                state.tries = 0;
            }
        }
        self.settle([id]);
        Ok(())
    }

    /// The action of its repair that a task is to go on with.
    fn next_mend(&self, task: InstanceId) -> Option<&Mend> {
        let Phase::Repairing(state, action) = self.task(task)?.phase else { return None };
        let probe = self.graph.task(self.instance(task).node)?.probe.as_ref()?;
        match &probe.states.get(state as usize)?.meaning {
            Meaning::Repair(actions) => actions.get(action as usize),
            _ => None,
        }
    }

    /// Whether a task only asks whether something may begin.
    pub(super) fn is_approval(&self, task: InstanceId) -> bool {
        let shape = self.graph.task(self.instance(task).node);
        shape.is_some_and(|task| matches!(task.work, Work::Question(asked) if !asked.manual))
    }
}
