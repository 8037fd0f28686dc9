//! Doors: which items of a group that fans out may come in, and when they have left.
//!
//! Knows nothing of what happens inside an item; a door counts those that have come in and have not come to rest.

use std::cmp::Reverse;
use std::collections::{BTreeSet, VecDeque};

use super::Machine;
use crate::core::evaluate::Evaluate;
use crate::core::state::{InstanceBody, InstanceId, Items, Phase, ScopeId, Settled, State};

/// A group's turn: deeper before outer, then the longest way to the end, then file order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct OpeningKey {
    depth: Reverse<u32>,
    rank: Reverse<u64>,
    group: InstanceId,
}

/// The door of a group that fans out.
#[derive(Debug, Clone, Default)]
pub(super) struct Opening {
    /// Items that have begun and are outside: an earlier executor had let them in, or they had come to rest and may go on.
    returning: VecDeque<ScopeId>,
    /// Position of the next item that has not begun.
    next: u32,
    /// Items that have come in; those that have left since are struck off when room is needed.
    active: BTreeSet<ScopeId>,
}

impl<E: Evaluate> Machine<E> {
    /// Lets everything in that is not inside a group that fans out.
    pub(super) fn admit_root(&mut self) {
        if self.admitted.is_empty() && !self.state.scopes.is_empty() {
            self.admitted.push(true);
        }
    }

    /// Whether an item has been let in.
    pub(super) fn is_inside(&self, item: ScopeId) -> bool {
        self.admitted.get(item.index()).copied().unwrap_or(false)
    }

    pub(super) fn is_admitted(&self, scope: ScopeId) -> bool {
        let mut at = scope;
        loop {
            let here = self.state.scope(at);
            if here.key.is_some() && !self.admitted.get(at.index()).copied().unwrap_or(false) {
                return false;
            }
            if here.group == InstanceId::ROOT {
                return true;
            }
            at = self.state.instance(here.group).scope;
        }
    }

    /// Opens every door anew. Items with something in flight are inside, and so are those that were let in and are still open;
    /// all others come in as there is room, those that have begun before new ones.
    pub(super) fn reopen_doors(&mut self) {
        self.openings.clear();
        self.admit_root();
        self.admitted.resize(self.state.scopes.len(), false);
        for (admitted, scope) in self.admitted.iter_mut().zip(&self.state.scopes) {
            *admitted &= scope.open > 0;
        }
        let in_flight: Vec<InstanceId> = self
            .state
            .tasks()
            .filter(|(_, _, task)| {
                matches!(
                    task.phase,
                    Phase::Running(_)
                        | Phase::Judging(_)
                        | Phase::Pausing(..)
                        | Phase::Sleeping(_)
                        | Phase::Awaiting
                )
            })
            .map(|(id, ..)| id)
            .chain(self.running.iter().copied())
            .collect();
        for id in in_flight {
            self.admit_around(id);
        }
        let groups: Vec<InstanceId> =
            self.instances_in_order().filter(|&id| self.state.group(id).is_some()).collect();
        for group in groups {
            self.open_door(group);
        }
    }

    fn admit_around(&mut self, id: InstanceId) {
        let mut at = id;
        while at != InstanceId::ROOT {
            let scope = self.state.instance(at).scope;
            self.admitted[scope.index()] = true;
            at = self.state.scope(scope).group;
        }
    }

    /// Lets a group's items come in one after the other, as far as that is allowed.
    pub(super) fn open_door(&mut self, group: InstanceId) {
        let Some(items) = self.state.group(group).and_then(|state| state.items) else { return };
        let fans_out = self
            .state
            .graph()
            .group(self.state.instance(group).node)
            .is_some_and(|group| group.fan_out.is_some());
        self.admitted.resize(self.state.scopes.len(), false);
        if !fans_out || self.state.instance(group).standing.settled != Settled::Open {
            return;
        }
        let (active, outside): (Vec<ScopeId>, Vec<ScopeId>) = items
            .scopes()
            .filter(|&scope| self.state.scope(scope).open > 0)
            .partition(|scope| self.admitted[scope.index()]);
        let returning = outside.into_iter().filter(|&scope| self.state.scope(scope).begun);
        let opening = Opening {
            returning: returning.collect(),
            next: 0,
            active: active.into_iter().collect(),
        };
        self.openings.insert(self.opening_key(group), opening);
    }

    fn opening_key(&self, group: InstanceId) -> OpeningKey {
        let mut depth = 0;
        let mut at = group;
        while at != InstanceId::ROOT {
            depth += 1;
            at = self.state.scope(self.state.instance(at).scope).group;
        }
        OpeningKey { depth: Reverse(depth), rank: Reverse(self.state.node(group).rank), group }
    }

    /// Lets the next item in; `false` if no group has one that may come in.
    pub(super) fn admit_next(&mut self) -> bool {
        let mut exhausted = Vec::new();
        let mut found = None;
        for (key, opening) in &mut self.openings {
            let first = opening.first_outside(key.group, &self.state, &self.admitted);
            let Some(scope) = first else {
                exhausted.push(*key);
                continue;
            };
            if opening.has_room(parallel(&self.state, key.group), &self.state, &mut self.admitted) {
                opening.active.insert(scope);
                found = Some(scope);
                break;
            }
        }
        for key in exhausted {
            self.openings.remove(&key);
        }
        let Some(scope) = found else { return false };
        self.let_in(scope);
        true
    }

    /// All that waits in an item, at any depth, may now be looked at.
    fn let_in(&mut self, scope: ScopeId) {
        self.admitted[scope.index()] = true;
        let mut scopes = vec![scope];
        while let Some(scope) = scopes.pop() {
            for id in self.state.children(scope) {
                match &self.state.instance(id).body {
                    InstanceBody::Group(group) if group.items.is_some() => {
                        scopes.extend(group.items.into_iter().flat_map(Items::scopes));
                    }
                    InstanceBody::Task(task) if is_under_way(task.phase) => self.go_on_inside(id),
                    _ => self.state.startable.push(id),
                }
            }
        }
    }

    /// Puts a task in line that has begun, unless its item is still outside, or what it printed is being read.
    pub(super) fn go_on_inside(&mut self, id: InstanceId) {
        if !self.running.contains(&id) && self.is_admitted(self.state.instance(id).scope) {
            self.queue(id);
        }
    }
}

impl Opening {
    /// Whether one more may come in. Items in which nothing is open have left, whatever it was that brought them to rest.
    fn has_room(&mut self, limit: usize, state: &State, admitted: &mut [bool]) -> bool {
        if self.active.len() >= limit {
            self.active.retain(|scope| {
                let stays = state.scope(*scope).open > 0;
                admitted[scope.index()] = stays;
                stays
            });
        }
        self.active.len() < limit
    }

    /// The item whose turn it is to come in. Where a halt or too many failures keep new items from starting, nothing in them is
    /// open.
    fn first_outside(
        &mut self,
        group: InstanceId,
        state: &State,
        admitted: &[bool],
    ) -> Option<ScopeId> {
        let outside = |scope: ScopeId| !admitted[scope.index()] && state.scope(scope).open > 0;
        while let Some(&scope) = self.returning.front() {
            if outside(scope) {
                return Some(scope);
            }
            self.returning.pop_front();
        }
        let items = state.group(group)?.items?;
        while self.next < items.count {
            let scope = ScopeId(items.first.0 + self.next);
            if outside(scope) && !state.scope(scope).begun {
                return Some(scope);
            }
            self.next += 1;
        }
        None
    }
}

/// Whether a task has begun and waits for its next job.
pub(super) fn is_under_way(phase: Phase) -> bool {
    matches!(phase, Phase::Verifying(_) | Phase::Asking | Phase::Repairing(..))
}

/// How many items of a group may be open at a time.
fn parallel(state: &State, group: InstanceId) -> usize {
    let group = state.graph().group(state.instance(group).node);
    let limit = group.and_then(|group| group.fan_out.as_ref()).and_then(|fan_out| fan_out.parallel);
    limit.map_or(usize::MAX, |limit| limit.max(1) as usize)
}
