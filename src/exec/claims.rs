//! The executor's hold on the folder of claims: asks for locks, gives them back, and finds out which are gone.
//!
//! Does not know when a lock is wanted or has served its time; the machine does. Opens the folder only for a plan with locks.

use std::path::Path;
use std::sync::Arc;

use jiff::Timestamp;

use crate::core::claim::{Blocker, KnownClaim, Lock};
use crate::core::machine::{Effect, Input};
use crate::core::state::State;
use crate::journal::RunFolder;
use crate::lock::Holder;
use crate::lock::claims::{
    Attempt, ClaimError, ClaimFolder, Claimant, HeldBy, Liveness, Owner, RunClaims, Want,
};

/// The claims of a run with locks; nothing for one without.
#[derive(Debug, Default)]
pub(super) struct Claims {
    open: Option<(Owner, RunClaims)>,
}

impl Claims {
    /// Opens the folder of claims, if the run has locks, and gives back what was claimed by an executor that has died before it
    /// could write that down. With a warning where other runs may not see the claims.
    pub(super) fn open(
        folder: &RunFolder,
        state: &State,
        now: Timestamp,
    ) -> Result<(Self, Option<String>), ClaimError> {
        if !state.graph().nodes.iter().any(|node| node.locks) {
            return Ok((Self::default(), None));
        }
        let owner = Owner::of(folder);
        let (path, warning) = ClaimFolder::choose(&owner.state_dir);
        let claimant = Claimant {
            owner: owner.clone(),
            opened: state.run().started.unwrap_or(now),
            executor: Holder::this_process(now),
        };
        let claims = ClaimFolder::open(&path)?.for_run(claimant)?;
        claims.release_unknown(|token| state.claims().knows(token))?;
        Ok((Self { open: Some((owner, claims)) }, warning))
    }

    /// Carries out an effect on claims; `None` if there is nothing to be told, or it is another kind of effect.
    pub(super) fn carry_out(&self, effect: &Effect) -> Result<Option<Input>, ClaimError> {
        let Some((owner, claims)) = &self.open else { return Ok(None) };
        match effect {
            Effect::Acquire { holder, locks, token } => {
                acquire(owner, claims, holder, locks, token).map(Some)
            }
            Effect::Release { holder, names, token } => {
                claims.release(&owned(names), token)?;
                Ok(Some(Input::Released { holder: holder.clone(), token: token.clone() }))
            }
            Effect::Verify { claims: held } => {
                let mut lost = Vec::new();
                for KnownClaim { holder, names, token } in held {
                    let missing = claims.missing(&owned(names), token)?;
                    if !missing.is_empty() {
                        lost.push((holder.clone(), missing.into_iter().map(Arc::from).collect()));
                    }
                }
                Ok(Some(Input::Verified { lost }))
            }
            Effect::Withdraw { holder } => claims.withdraw(holder).map(|()| None),
            _ => Ok(None),
        }
    }

    /// The executor ends: the run waits for nothing any more, and holds nothing any more if it is closed.
    pub(super) fn close(&self, closed: bool) -> Result<(), ClaimError> {
        let Some((_, claims)) = &self.open else { return Ok(()) };
        claims.withdraw_all()?;
        if closed { claims.release_unknown(|_| false) } else { Ok(()) }
    }
}

fn acquire(
    owner: &Owner,
    claims: &RunClaims,
    holder: &Arc<str>,
    locks: &[Lock],
    token: &Arc<str>,
) -> Result<Input, ClaimError> {
    let names = locks.iter().map(|lock| (lock.name.to_string(), lock.sharing)).collect();
    let want = Want { scope: holder.to_string(), token: token.to_string(), names };
    let (holder, token) = (holder.clone(), token.clone());
    Ok(match claims.acquire(&want) {
        Ok(Attempt::Granted) => Input::Granted { holder, token },
        Ok(Attempt::Held(held)) => {
            // What this run holds elsewhere it knows itself.
            let others = held.into_iter().filter(|held| held.claim.hold.owner != *owner);
            let by = others.map(|held| blocker(owner, held)).collect();
            Input::Denied { holder, token, by }
        }
        Ok(Attempt::Cycle(links)) => {
            let links: Vec<String> = links.iter().map(ToString::to_string).collect();
            let reason = format!(
                "runs wait for each other, and this one is the youngest: {}",
                links.join("; ")
            );
            Input::Refused { holder, token, reason }
        }
        // A file that cannot be understood is in the way of those who want its name, and of nobody else.
        Err(error @ (ClaimError::Unreadable { .. } | ClaimError::Newer { .. })) => {
            let reason = error.to_string().lines().map(str::trim).collect::<Vec<_>>().join("; ");
            Input::Refused { holder, token, reason }
        }
        Err(error) => return Err(error),
    })
}

fn blocker(owner: &Owner, held: HeldBy) -> Blocker {
    let HeldBy { claim, executor } = held;
    let there = &claim.hold.owner;
    let elsewhere = |path: &Path| path.to_string_lossy().into_owned();
    Blocker {
        lock: claim.name.into(),
        run: there.run.clone(),
        state_dir: (there.state_dir != owner.state_dir).then(|| elsewhere(&there.state_dir)),
        scope: claim.hold.scope,
        user: claim.hold.by.user,
        host: claim.hold.by.host,
        since: claim.hold.by.since,
        alive: executor == Liveness::Alive,
    }
}

fn owned(names: &[Arc<str>]) -> Vec<String> {
    names.iter().map(ToString::to_string).collect()
}
