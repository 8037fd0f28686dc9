//! What records of claims change.
//!
//! Does not know whether a lock is really held: only what was recorded of it.

use std::sync::Arc;

use jiff::Timestamp;

use super::{Unfit, check};
use crate::core::claim::{Blocker, Claim, Holder, Lock};
use crate::core::state::State;

impl State {
    pub(super) fn claimed(
        &mut self,
        at: Timestamp,
        id: &Arc<str>,
        locks: &[Lock],
        token: &Arc<str>,
    ) -> Result<(), Unfit> {
        let holder = self.known_holder(id)?;
        check(!self.run.closed, id, "it claims locks although the run is closed")?;
        check(*token == self.next_token(holder), id, "its claims are not numbered in a row")?;
        check(
            self.claims.of(holder).is_none_or(|claim| !claim.whole),
            id,
            "it claims locks although it holds them",
        )?;
        let mut others = self.claims.crowds.clone_for(locks);
        if let Some(before) = self.claims.of(holder) {
            others.remove(&before.locks);
        }
        let none = Default::default();
        check(
            locks.iter().all(|lock| others.admit(&none, lock)),
            id,
            "it claims a lock that the run holds elsewhere",
        )?;
        self.drop_claim(holder);
        self.claims.crowds.add(locks);
        *self.claims.made.entry(holder).or_default() += 1;
        self.claims.denied.remove(&holder);
        let claim = Claim { locks: locks.to_vec(), token: token.clone(), since: at, whole: true };
        self.claims.held.insert(holder, claim);
        Ok(())
    }

    pub(super) fn denied(&mut self, id: &Arc<str>, by: &Blocker) -> Result<(), Unfit> {
        let holder = self.known_holder(id)?;
        let holds = self.claims.of(holder).is_some_and(|claim| claim.whole);
        check(!holds, id, "it is denied what it holds")?;
        check(self.claims.denied(holder) != Some(by), id, "it is denied the same twice")?;
        self.claims.denied.insert(holder, by.clone());
        Ok(())
    }

    pub(super) fn released(&mut self, id: &Arc<str>, token: &str) -> Result<(), Unfit> {
        let holder = self.known_holder(id)?;
        let claim = self.claims.of(holder);
        check(
            claim.is_some_and(|claim| claim.token.as_ref() == token),
            id,
            "it releases what it does not hold",
        )?;
        check(
            self.is_idle(holder) || self.is_given_up(),
            id,
            "its locks are released although something under them is open",
        )?;
        self.drop_claim(holder);
        Ok(())
    }

    pub(super) fn claim_lost(&mut self, id: &Arc<str>, names: &[Arc<str>]) -> Result<(), Unfit> {
        let holder = self.known_holder(id)?;
        let held = |name: &Arc<str>| {
            let claim = self.claims.of(holder);
            claim.is_some_and(|claim| claim.locks.iter().any(|lock| lock.name == *name))
        };
        check(!names.is_empty() && names.iter().all(held), id, "it loses what it does not hold")?;
        let Some(mut claim) = self.drop_claim(holder) else { return Ok(()) };
        claim.locks.retain(|lock| !names.contains(&lock.name));
        claim.whole = false;
        if !claim.locks.is_empty() {
            self.claims.crowds.add(&claim.locks);
            self.claims.held.insert(holder, claim);
        }
        Ok(())
    }

    fn drop_claim(&mut self, holder: Holder) -> Option<Claim> {
        let claim = self.claims.held.remove(&holder)?;
        self.claims.crowds.remove(&claim.locks);
        Some(claim)
    }

    fn known_holder(&self, id: &Arc<str>) -> Result<Holder, Unfit> {
        self.holder(id).ok_or_else(|| Unfit::UnknownTask(id.clone()))
    }
}
