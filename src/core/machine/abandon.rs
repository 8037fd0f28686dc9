//! Giving a run up: nothing starts any more but the closing of its open settings.
//!
//! Does not end what lives, and settles no doubt: a run in which something lives, is in doubt or is owed stays open.

use jiff::Timestamp;

use super::order::may_resolve;
use super::{Machine, Transition};
use crate::core::apply::Unfit;
use crate::core::evaluate::Evaluate;
use crate::core::record::{Actor, Decision, Record, StopReason};

impl<E: Evaluate> Machine<E> {
    /// Takes the run up in order to give it up. Settings that are named are not put back.
    pub(super) fn abandon(
        &mut self,
        now: Timestamp,
        by: &Actor,
        because: &str,
        write_off: Vec<String>,
        out: &mut Transition,
    ) -> Result<(), Unfit> {
        self.note(now, Record::Resumed { by: by.clone(), runbook: None }, out)?;
        let why = StopReason::Abandoned;
        let stopped =
            Record::Stopped { why, by: Some(by.clone()), because: Some(because.to_owned()) };
        self.note(now, stopped, out)?;
        for name in write_off {
            let known = self.state.find(&name).is_some_and(|id| self.state.is_of_setting(id));
            if !known {
                out.refused = Some(format!("the run has no open setting `{name}`"));
                continue;
            }
            if let Err(refusal) = may_resolve(&self.state, &name, Decision::Waived) {
                out.refused = Some(refusal.to_string());
                continue;
            }
            let resolved = Record::Resolved {
                task: name.into(),
                decision: Decision::Waived,
                because: because.to_owned(),
                by: by.clone(),
                outputs: None,
            };
            self.note(now, resolved, out)?;
        }
        self.reschedule(now);
        self.ask_after_jobs(out);
        self.verify_claims(out);
        Ok(())
    }
}
