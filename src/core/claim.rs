//! Claims as the core sees them: who of a run holds which locks, and who stands in whose way.
//!
//! Knows no folder and no file: that a lock was granted or taken away is told to it.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::record::{Outcome, StopReason};
use super::setting::{Activity, SettingStanding};
use super::state::{InstanceId, Named, Phase, ScopeId, Settled, State};
use crate::spec::model::Sharing;

/// A lock that is wanted or held.
#[derive(
    Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
pub struct Lock {
    /// Its name.
    pub name: Arc<str>,
    /// Who may hold it at the same time.
    #[serde(default, skip_serializing_if = "is_exclusive")]
    pub sharing: Sharing,
}

fn is_exclusive(sharing: &Sharing) -> bool {
    *sharing == Sharing::Exclusive
}

impl Lock {
    /// Whether whoever holds this inside a run need not ask for `other` once more.
    #[must_use]
    pub fn covers(&self, other: &Self) -> bool {
        match (self.sharing, other.sharing) {
            (Sharing::Exclusive, _) | (Sharing::Shared, Sharing::Shared) => true,
            // Whoever holds one of few slots has been promised no more company than whoever holds one of many.
            (Sharing::Slots(held), Sharing::Slots(wanted)) => held <= wanted,
            _ => false,
        }
    }
}

impl fmt::Display for Lock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.sharing {
            Sharing::Exclusive => write!(f, "`{}`", self.name),
            Sharing::Shared => write!(f, "`{}` (shared)", self.name),
            Sharing::Slots(slots) => write!(f, "`{}` (one of {slots})", self.name),
        }
    }
}

/// Sorted by name, each name once. A name that is wanted twice is wanted as strictly as both say.
#[must_use]
pub fn in_order(mut locks: Vec<Lock>) -> Vec<Lock> {
    locks.sort();
    locks.dedup_by(|next, kept| {
        let same = next.name == kept.name;
        if same && !kept.covers(next) {
            let slots =
                matches!((next.sharing, kept.sharing), (Sharing::Slots(_), Sharing::Slots(_)));
            kept.sharing = if slots { next.sharing } else { Sharing::Exclusive };
        }
        same
    });
    locks
}

/// What a claim belongs to: it is held until nothing of that is open or in doubt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Holder {
    /// An item of a group, what is inside a group that does not fan out, or the whole run.
    Scope(ScopeId),
    /// One task.
    Task(InstanceId),
}

impl Holder {
    /// The whole run.
    pub const RUN: Self = Self::Scope(ScopeId(0));
}

/// One who stands in the way of a claim: another run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Blocker {
    /// The lock that it holds.
    pub lock: Arc<str>,
    /// The run.
    pub run: String,
    /// The state folder in which that run is, if it is another one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state_dir: Option<String>,
    /// The task, group or item for which it holds it; empty for the whole run.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub scope: String,
    /// The user whose executor has claimed it.
    pub user: String,
    /// The host on which that was.
    pub host: String,
    /// Since when it is held.
    pub since: Timestamp,
    /// Whether the executor of that run is known to live.
    pub alive: bool,
}

impl fmt::Display for Blocker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "lock `{}` is held by run {}", self.lock, self.run)?;
        if !self.scope.is_empty() {
            write!(f, " ({})", self.scope)?;
        }
        let since = self.since.strftime("%Y-%m-%d %H:%M:%SZ");
        write!(f, " of {} on {}, since {since}", self.user, self.host)?;
        if self.alive { Ok(()) } else { f.write_str("; its executor is gone") }
    }
}

/// A claim as the journal has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownClaim {
    /// For what: id of a task, a group or an item; empty for the whole run.
    pub holder: Arc<str>,
    /// The names.
    pub names: Vec<Arc<str>>,
    /// Its token.
    pub token: Arc<str>,
}

/// What a holder has claimed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// In the order of names.
    pub locks: Vec<Lock>,
    /// Names this claim among all of the run.
    pub token: Arc<str>,
    /// When it was granted.
    pub since: Timestamp,
    /// Nothing of it was taken away.
    pub whole: bool,
}

/// Who holds a name, as far as others are concerned: how many, and how.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Crowd {
    exclusive: u32,
    shared: u32,
    slots: BTreeMap<u32, u32>,
}

impl Crowd {
    fn counter(&mut self, sharing: Sharing) -> &mut u32 {
        match sharing {
            Sharing::Exclusive => &mut self.exclusive,
            Sharing::Shared => &mut self.shared,
            Sharing::Slots(slots) => self.slots.entry(slots).or_default(),
        }
    }

    fn is_empty(&self) -> bool {
        self.exclusive == 0 && self.shared == 0 && self.slots.is_empty()
    }
}

/// Who holds which names of those that one run has claimed, or is claiming.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Crowds(BTreeMap<Arc<str>, Crowd>);

impl Crowds {
    /// One more holds these.
    pub(super) fn add(&mut self, locks: &[Lock]) {
        for lock in locks {
            *self.0.entry(lock.name.clone()).or_default().counter(lock.sharing) += 1;
        }
    }

    /// One of those who held these does not any more.
    pub(super) fn remove(&mut self, locks: &[Lock]) {
        for lock in locks {
            let Some(crowd) = self.0.get_mut(&lock.name) else { continue };
            let counter = crowd.counter(lock.sharing);
            *counter = counter.saturating_sub(1);
            crowd.slots.retain(|_, count| *count > 0);
            if crowd.is_empty() {
                self.0.remove(&lock.name);
            }
        }
    }

    /// The crowds around these names only.
    pub(super) fn clone_for(&self, locks: &[Lock]) -> Self {
        let crowd = |lock: &Lock| Some((lock.name.clone(), self.0.get(&lock.name)?.clone()));
        Self(locks.iter().filter_map(crowd).collect())
    }

    /// Whether a lock can be had beside those of both crowds.
    pub(super) fn admit(&self, other: &Self, lock: &Lock) -> bool {
        let crowds: Vec<&Crowd> =
            [self, other].into_iter().filter_map(|crowds| crowds.0.get(&lock.name)).collect();
        let exclusive = crowds.iter().any(|crowd| crowd.exclusive > 0);
        let shared = crowds.iter().any(|crowd| crowd.shared > 0);
        let slots = || crowds.iter().flat_map(|crowd| &crowd.slots);
        match lock.sharing {
            Sharing::Exclusive => crowds.is_empty(),
            Sharing::Shared => !exclusive && slots().next().is_none(),
            Sharing::Slots(wanted) => {
                // Each of them was promised that there would be no more than it said.
                let promised = slots().map(|(&slots, _)| slots).chain([wanted]).min();
                let taken: u32 = slots().map(|(_, &count)| count).sum();
                !exclusive && !shared && taken < promised.unwrap_or(1).max(1)
            }
        }
    }
}

/// The claims of a run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Claims {
    pub(super) held: BTreeMap<Holder, Claim>,
    /// How many claims each holder has had: the next one's token says so.
    pub(super) made: BTreeMap<Holder, u32>,
    /// Who was in whose way, of those that wait.
    pub(super) denied: BTreeMap<Holder, Blocker>,
    pub(super) crowds: Crowds,
}

impl Claims {
    /// All claims that are held.
    pub fn held(&self) -> impl Iterator<Item = (Holder, &Claim)> {
        self.held.iter().map(|(&holder, claim)| (holder, claim))
    }

    /// What a holder has claimed, if anything.
    #[must_use]
    pub fn of(&self, holder: Holder) -> Option<&Claim> {
        self.held.get(&holder)
    }

    /// Who was in the way of a holder when it asked last, if it waits.
    #[must_use]
    pub fn denied(&self, holder: Holder) -> Option<&Blocker> {
        self.denied.get(&holder)
    }

    /// Everybody who waits, with who is in the way.
    pub fn waiting(&self) -> impl Iterator<Item = (Holder, &Blocker)> {
        self.denied.iter().map(|(&holder, blocker)| (holder, blocker))
    }

    /// Whether a token is that of a claim that is held.
    #[must_use]
    pub fn knows(&self, token: &str) -> bool {
        self.held.values().any(|claim| claim.token.as_ref() == token)
    }
}

impl State {
    /// The claims of the run.
    #[must_use]
    pub fn claims(&self) -> &Claims {
        &self.claims
    }

    /// What people call a holder: the id of a task, a group or an item; nothing for the run.
    #[must_use]
    pub fn holder_id(&self, holder: Holder) -> Arc<str> {
        match holder {
            Holder::Task(task) => self.instance(task).id.clone(),
            Holder::Scope(scope) => {
                let scope = self.scope(scope);
                super::apply::item_id(&self.instance(scope.group).id, scope.key.as_deref())
            }
        }
    }

    /// The holder that people call so.
    #[must_use]
    pub fn holder(&self, id: &str) -> Option<Holder> {
        if id.is_empty() {
            return (!self.scopes.is_empty()).then_some(Holder::RUN);
        }
        match self.named(id)? {
            Named::Item(scope) => Some(Holder::Scope(scope)),
            Named::Instance(instance) => match self.group(instance) {
                // A setting without items goes by the name of its one part.
                None if self.setting(instance).is_some() => {
                    self.parts_of(instance).next().map(|(part, _)| Holder::Task(part))
                }
                None => Some(Holder::Task(instance)),
                Some(group) => {
                    let scope = group.items.filter(|items| items.count > 0)?.first;
                    self.scope(scope).key.is_none().then_some(Holder::Scope(scope))
                }
            },
        }
    }

    /// Everything around a task that has locks to claim, outermost first, and the task itself last.
    #[must_use]
    pub fn holders_around(&self, task: InstanceId) -> Vec<Holder> {
        let mut around = Vec::new();
        if self.node(task).locks {
            around.push(Holder::Task(task));
        }
        self.scopes_around(task, &mut around);
        around.reverse();
        around
    }

    /// Everything around a holder that has locks to claim, outermost first.
    #[must_use]
    pub fn holders_enclosing(&self, holder: Holder) -> Vec<Holder> {
        let inside = match holder {
            Holder::Task(task) => task,
            Holder::Scope(scope) => self.scope(scope).group,
        };
        let mut around = Vec::new();
        self.scopes_around(inside, &mut around);
        around.reverse();
        around
    }

    fn scopes_around(&self, inside: InstanceId, into: &mut Vec<Holder>) {
        let mut at = inside;
        while at != InstanceId::ROOT {
            let scope = self.instance(at).scope;
            at = self.scope(scope).group;
            if self.node(at).locks {
                into.push(Holder::Scope(scope));
            }
        }
    }

    /// Whether a task is inside of what a holder stands for.
    #[must_use]
    pub fn is_under(&self, task: InstanceId, holder: Holder) -> bool {
        let mut at = task;
        loop {
            if holder == Holder::Task(at) || at == InstanceId::ROOT {
                return holder == Holder::Task(at);
            }
            let scope = self.instance(at).scope;
            if holder == Holder::Scope(scope) {
                return true;
            }
            at = self.scope(scope).group;
        }
    }

    /// Whether nothing under a holder is open, failed, blocked or in doubt.
    #[must_use]
    pub fn is_finished(&self, holder: Holder) -> bool {
        match holder {
            Holder::Scope(scope) => {
                let scope = self.scope(scope);
                [scope.open, scope.bad, scope.doubtful, scope.stuck] == [0; 4]
            }
            Holder::Task(id) => match (self.task(id), self.part(id)) {
                (Some(task), _) => matches!(
                    task.phase,
                    Phase::Ended(Outcome::Succeeded | Outcome::Skipped | Outcome::Waived)
                ),
                (_, Some(part)) => {
                    let rests = part.activity == Activity::Resting && !part.was_found();
                    // It has not been read yet, and is not going to be before a resume.
                    let unread = part.standing == SettingStanding::Idle
                        && (self.run.stopped.is_some()
                            || self.instance(part.owner).standing.settled != Settled::Open)
                        && !self.has_open_parts(part.owner);
                    let closed = matches!(
                        part.standing,
                        SettingStanding::Restored | SettingStanding::WrittenOff
                    );
                    rests && (unread || closed)
                }
                _ => false,
            },
        }
    }

    /// Whether a value of a setting is changed. The others of it then keep their locks: to claim one of them again while that one
    /// is held would break the order in which all claim them, and two items could wait for each other for ever.
    fn has_open_parts(&self, setting: InstanceId) -> bool {
        self.parts_of(setting).any(|(_, part)| part.standing.is_open())
    }

    /// Whether the run was abandoned, and nothing keeps it from being closed but its locks.
    #[must_use]
    pub fn is_given_up(&self) -> bool {
        self.run.stopped == Some(StopReason::Abandoned) && self.may_be_abandoned()
    }

    /// Whether a holder's locks may be gone: nothing is done under them, though it may begin anew.
    #[must_use]
    pub fn is_idle(&self, holder: Holder) -> bool {
        match holder {
            Holder::Task(id) if self.part(id).is_some() => self
                .part(id)
                .is_some_and(|part| part.activity == Activity::Resting && !part.standing.is_open()),
            Holder::Task(id) => self.is_finished(holder) || self.is_fresh(id),
            Holder::Scope(_) => self.is_finished(holder),
        }
    }

    /// Whether a task has locks under which nothing was done, and something that it needs has to be done first after all: who waived
    /// that has taken it back. What has to be done may want the same locks.
    #[must_use]
    pub fn has_lost_its_turn(&self, holder: Holder) -> bool {
        matches!(holder, Holder::Task(id) if self.is_fresh(id) && self.instance(id).unmet > 0)
    }

    fn is_fresh(&self, id: InstanceId) -> bool {
        self.task(id).is_some_and(|task| task.phase == Phase::Waiting && task.jobs == 0)
    }

    /// Whether something under a holder has begun.
    #[must_use]
    pub fn has_begun(&self, holder: Holder) -> bool {
        match holder {
            Holder::Scope(scope) => self.scope(scope).begun,
            Holder::Task(id) => match (self.task(id), self.part(id)) {
                (Some(task), _) => task.jobs > 0,
                (_, Some(part)) => part.standing.is_open(),
                _ => false,
            },
        }
    }

    /// The token of a holder's next claim. The same after a crash that has lost nothing but the record of it.
    #[must_use]
    pub fn next_token(&self, holder: Holder) -> Arc<str> {
        let run = self.run.opened.as_ref().map_or("", |opened| opened.run.as_str());
        let number = self.claims.made.get(&holder).copied().unwrap_or(0) + 1;
        format!("{run}/{}/{number}", self.holder_id(holder)).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lock(name: &str, sharing: Sharing) -> Lock {
        Lock { name: name.into(), sharing }
    }

    #[test]
    fn a_name_that_is_wanted_twice_is_wanted_as_strictly_as_both_say() {
        let both = |one, other| in_order(vec![lock("b", one), lock("a", one), lock("a", other)]);
        for (one, other, strict) in [
            (Sharing::Shared, Sharing::Exclusive, Sharing::Exclusive),
            (Sharing::Slots(4), Sharing::Slots(2), Sharing::Slots(2)),
            (Sharing::Slots(4), Sharing::Shared, Sharing::Exclusive),
            (Sharing::Shared, Sharing::Shared, Sharing::Shared),
        ] {
            let wanted = [lock("a", strict), lock("b", one)];
            assert_eq!(both(one, other), wanted);
            let turned: Vec<Lock> = both(other, one).into_iter().take(1).collect();
            assert_eq!(turned, wanted[..1]);
        }
    }

    #[test]
    fn a_crowd_lets_in_what_it_was_promised() {
        let (mut held, mut asking) = (Crowds::default(), Crowds::default());
        let admits =
            |held: &Crowds, asking: &Crowds, sharing| held.admit(asking, &lock("a", sharing));
        held.add(&[lock("a", Sharing::Slots(3))]);
        asking.add(&[lock("a", Sharing::Slots(2))]);
        for (sharing, lets_in) in
            [(Sharing::Exclusive, false), (Sharing::Shared, false), (Sharing::Slots(9), false)]
        {
            assert_eq!(admits(&held, &asking, sharing), lets_in, "{sharing:?}");
        }
        asking.remove(&[lock("a", Sharing::Slots(2))]);
        assert!(
            admits(&held, &asking, Sharing::Slots(2)) && !admits(&held, &asking, Sharing::Slots(1))
        );
        held.remove(&[lock("a", Sharing::Slots(3))]);
        assert_eq!(held, Crowds::default());
        assert!(admits(&held, &asking, Sharing::Exclusive));
        held.add(&[lock("a", Sharing::Shared)]);
        assert!(
            admits(&held, &asking, Sharing::Shared) && !admits(&held, &asking, Sharing::Exclusive)
        );
    }
}
