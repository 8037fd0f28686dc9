//! The folder of claims of a rehearsal: who inside the run holds which lock.
//!
//! There are no other runs in a rehearsal; parts of the run still exclude each other.

use std::sync::Arc;

use crate::core::claim::{KnownClaim, Lock};
use crate::core::machine::{Effect, Input};
use crate::spec::model::Sharing;

/// One lock that is held.
#[derive(Debug, Clone)]
struct Hold {
    lock: Lock,
    holder: Arc<str>,
    token: Arc<str>,
}

/// The locks that are held.
#[derive(Debug, Clone, Default)]
pub(super) struct Locks {
    holds: Vec<Hold>,
}

impl Locks {
    /// The names that are held.
    pub(super) fn names(&self) -> impl Iterator<Item = &Arc<str>> {
        self.holds.iter().map(|hold| &hold.lock.name)
    }

    /// What an executor does first: it gives back what its journal does not know of.
    pub(super) fn release_unknown(&mut self, is_known: impl Fn(&str) -> bool) {
        self.holds.retain(|hold| is_known(&hold.token));
    }

    /// Carries out an effect about locks, and says what is answered.
    pub(super) fn carry_out(&mut self, effect: Effect) -> Option<Input> {
        match effect {
            Effect::Acquire { holder, locks, token } => Some(self.acquire(holder, &locks, token)),
            Effect::Release { holder, names, token } => {
                self.holds.retain(|hold| hold.token != token || !names.contains(&hold.lock.name));
                Some(Input::Released { holder, token })
            }
            Effect::Verify { claims } => Some(Input::Verified { lost: self.lost(claims) }),
            _ => None,
        }
    }

    fn acquire(&mut self, holder: Arc<str>, locks: &[Lock], token: Arc<str>) -> Input {
        if locks.iter().any(|lock| self.is_in_the_way(lock, &holder)) {
            return Input::Denied { holder, token, by: Vec::new() };
        }
        let again = |hold: &Hold| {
            hold.holder == holder && locks.iter().any(|lock| lock.name == hold.lock.name)
        };
        self.holds.retain(|hold| !again(hold));
        self.holds.extend(locks.iter().map(|lock| Hold {
            lock: lock.clone(),
            holder: holder.clone(),
            token: token.clone(),
        }));
        Input::Granted { holder, token }
    }

    fn is_in_the_way(&self, wanted: &Lock, holder: &str) -> bool {
        let others = || {
            let others = self.holds.iter().filter(|hold| hold.lock.name == wanted.name);
            others.filter(|hold| *hold.holder != *holder)
        };
        let count = others().count();
        !others().all(|other| match (wanted.sharing, other.lock.sharing) {
            (Sharing::Shared, Sharing::Shared) => true,
            (Sharing::Slots(own), Sharing::Slots(theirs)) => count < own.min(theirs) as usize,
            _ => false,
        })
    }

    /// Of these claims, the names that are not held.
    fn lost(&self, claims: Vec<KnownClaim>) -> Vec<(Arc<str>, Vec<Arc<str>>)> {
        let held = |claim: &KnownClaim, name: &Arc<str>| {
            let is = |hold: &Hold| hold.token == claim.token && hold.lock.name == *name;
            self.holds.iter().any(is)
        };
        claims
            .into_iter()
            .filter_map(|claim| {
                let gone = claim.names.iter().filter(|name| !held(&claim, name));
                let gone: Vec<Arc<str>> = gone.cloned().collect();
                (!gone.is_empty()).then_some((claim.holder, gone))
            })
            .collect()
    }
}
