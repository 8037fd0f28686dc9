//! What an operator's decision changes.
//!
//! Does not know who decides nor why; whether the decision is allowed is asked before it is recorded.

use std::sync::Arc;

use jiff::Timestamp;

use super::{Unfit, check, contradiction};
use crate::core::record::{Decision, Outcome};
use crate::core::state::{
    Inquiry, InstanceBody, InstanceId, Items, Knowledge, Named, Phase, Proof, ScopeId, State,
    TaskState,
};

impl State {
    pub(super) fn resolve(
        &mut self,
        at: Timestamp,
        name: &Arc<str>,
        decision: Decision,
        because: &str,
        outputs: Option<&Arc<serde_json::Value>>,
    ) -> Result<(), Unfit> {
        match self.named(name).ok_or_else(|| Unfit::UnknownTask(name.clone()))? {
            Named::Item(scope) => {
                check(decision == Decision::Waived, name, "an item can only be waived")?;
                self.waive_scope(at, scope, because);
            }
            Named::Instance(id) => match &mut self.instances[id.index()].body {
                InstanceBody::Group(_) => {
                    check(decision == Decision::Waived, name, "a group can only be waived")?;
                    self.waive(at, id, because);
                }
                InstanceBody::Task(state) => {
                    let in_flight = matches!(state.phase, Phase::Running(_) | Phase::Judging(_));
                    // The operator has been told which process lives, and answers for it.
                    let answered = state.orphan.is_some() && decision != Decision::Absent;
                    check(
                        !in_flight || answered,
                        name,
                        "it is resolved while something of it may live",
                    )?;
                    state.decide(at, decision, because, outputs);
                    // That an item may begin is not its beginning.
                    if decision == Decision::Done && !self.is_approval(id) {
                        self.mark_begun(id);
                        self.mark_started(id);
                    }
                }
                InstanceBody::Setting(_) | InstanceBody::Part(_) => {
                    return Err(contradiction(name, "a setting is neither a task nor a group"));
                }
            },
        }
        Ok(())
    }

    fn waive_scope(&mut self, at: Timestamp, scope: ScopeId, because: &str) {
        for child in self.children(scope) {
            self.waive(at, child, because);
        }
    }

    fn waive(&mut self, at: Timestamp, id: InstanceId, because: &str) {
        let entered = match &mut self.instances[id.index()].body {
            InstanceBody::Task(state) => {
                let stays = matches!(
                    state.phase,
                    Phase::Ended(Outcome::Succeeded | Outcome::Skipped)
                        | Phase::Running(_)
                        | Phase::Judging(_)
                );
                if !stays {
                    state.decide(at, Decision::Waived, because, None);
                }
                None
            }
            InstanceBody::Group(group) => {
                if group.items.is_none() && group.ended != Some(Outcome::Skipped) {
                    group.ended = Some(Outcome::Waived);
                    group.reason = Some(Arc::from(because));
                }
                group.items
            }
            // Whoever waives what a setting surrounds has not said that the setting may stay.
            InstanceBody::Setting(_) | InstanceBody::Part(_) => None,
        };
        for scope in entered.into_iter().flat_map(Items::scopes) {
            self.waive_scope(at, scope, because);
        }
    }
}

impl TaskState {
    fn decide(
        &mut self,
        at: Timestamp,
        decision: Decision,
        because: &str,
        outputs: Option<&Arc<serde_json::Value>>,
    ) {
        self.reason = Some(Arc::from(because));
        self.given_up = decision == Decision::Failed;
        self.orphan = None;
        self.question = None;
        match decision {
            Decision::Done => {
                self.knowledge = Knowledge::Done(Proof::Operator);
                self.phase = Phase::Verifying(0);
                self.outputs = outputs.cloned();
                self.tries = 0;
                self.ended = None;
            }
            Decision::Absent => {
                self.inquiry = Inquiry { repairs: self.inquiry.repairs, ..Inquiry::default() };
                self.knowledge = Knowledge::NotBegun;
                self.phase = Phase::Waiting;
                self.asking_since = None;
                self.tries = 0;
                self.ended = None;
            }
            Decision::Failed => {
                self.phase = Phase::Ended(Outcome::Failed);
                self.ended = Some(at);
            }
            Decision::Waived => {
                self.phase = Phase::Ended(Outcome::Waived);
                self.ended = Some(at);
            }
        }
    }
}
