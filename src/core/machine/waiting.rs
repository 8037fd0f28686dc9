//! Waiting for locks that others hold: how long, and what becomes of waits that cannot end.
//!
//! Does not ask for anything that nobody has asked for before.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::claim::Stage;
use super::{Effect, Machine, Transition};
use crate::core::apply::Unfit;
use crate::core::claim::{Blocker, Holder, Lock};
use crate::core::evaluate::Evaluate;
use crate::core::record::Record;
use crate::core::state::{InstanceId, ScopeId};

/// How long it takes until those ask again who wait for another run.
const POLL: SignedDuration = SignedDuration::from_secs(1);

/// How many of a run that has come to rest ask out of turn at a time. Whoever asks is known to other runs as one who waits: a
/// ring of runs is found only if all who wait in it are known.
const OUT_OF_TURN_MAX: usize = 16;

impl<E: Evaluate> Machine<E> {
    /// The same machine, which ends instead of waiting for locks of other runs.
    #[must_use]
    pub fn impatient(mut self) -> Self {
        self.gate.impatient = true;
        self
    }

    pub(super) fn poll_later(&mut self, now: Timestamp, out: &mut Transition) {
        if self.gate.poll.is_none() {
            let at = now.checked_add(POLL).unwrap_or(Timestamp::MAX);
            self.gate.poll = Some(at);
            out.plan(Effect::Timer { instance: InstanceId::ROOT, at });
        }
    }

    /// Lets those ask again who wait for other runs.
    pub(super) fn poll_claims(&mut self, now: Timestamp, out: &mut Transition) {
        match self.gate.poll {
            Some(at) if at <= now => self.gate.poll = None,
            Some(at) => return out.plan(Effect::Timer { instance: InstanceId::ROOT, at }),
            None => return,
        }
        if self.is_stopped() || !self.knows_enough() {
            return self.poll_later(now, out);
        }
        self.let_blocked_ask();
        if self.is_at_rest() {
            self.ask_out_of_turn(out);
        }
        if !self.gate.wants.is_empty() {
            self.poll_later(now, out);
        }
    }

    /// The run ends, and some of it waits for what it holds itself under something that has failed or is in doubt.
    fn tell_what_is_in_the_way(
        &mut self,
        now: Timestamp,
        out: &mut Transition,
    ) -> Result<(), Unfit> {
        let opened = self.state.run().opened.clone();
        let (Some(opened), waits) = (opened, self.waits_by_place()) else { return Ok(()) };
        let mut denied = Vec::new();
        for (&holder, want) in &self.gate.wants {
            let Stage::Behind(lock) = &want.stage else { continue };
            let other = |held_by: &&Holder| **held_by != holder;
            let Some(&held_by) =
                waits.holders.get(lock.name.as_ref()).into_iter().flatten().find(other)
            else {
                continue;
            };
            let Some(claim) = self.state.claims.of(held_by) else { continue };
            let by = Blocker {
                lock: lock.name.clone(),
                run: opened.run.clone(),
                state_dir: None,
                scope: self.state.holder_id(held_by).to_string(),
                user: opened.by.user.clone(),
                host: opened.by.host.clone(),
                since: claim.since,
                alive: true,
            };
            if self.state.claims.denied(holder).is_none() {
                denied
                    .push(Record::Denied { task: self.state.holder_id(holder), by: Box::new(by) });
            }
        }
        denied.into_iter().try_for_each(|record| self.note(now, record, out))
    }

    /// Lets those ask who wait for other runs, each lock by the first in its queue.
    fn let_blocked_ask(&mut self) {
        for (lock, queue) in &mut self.gate.queues {
            if queue.blocker.take().is_some() {
                self.gate.stirred.insert(lock.clone());
            }
        }
    }

    /// What is in the way may have gone since somebody has asked last: says whether all are to ask again before the run ends.
    fn look_once_more(&mut self) -> bool {
        let looks = self.is_locked_out() && !self.gate.looked;
        if looks {
            self.gate.looked = true;
            self.let_blocked_ask();
        }
        looks
    }

    fn ask_out_of_turn(&mut self, out: &mut Transition) {
        let waiting = |(&holder, want): (&Holder, &super::claim::Want)| {
            matches!(want.stage, Stage::Behind(_)).then_some(holder)
        };
        let after = self.gate.cursor;
        let later = self.gate.wants.range(after.unwrap_or(Holder::RUN)..).filter_map(waiting);
        let earlier = self.gate.wants.iter().filter_map(waiting);
        let mut chosen: Vec<Holder> = later
            .filter(|holder| Some(*holder) != after)
            .chain(earlier)
            .take(OUT_OF_TURN_MAX)
            .collect();
        self.gate.cursor = chosen.last().copied();
        chosen.sort_unstable();
        chosen.dedup();
        for holder in chosen {
            // Nothing that this run holds around it need be known to others if there is none.
            let around = self.state.holders_enclosing(holder);
            let holds = around.iter().any(|&outer| self.state.claims.of(outer).is_some());
            if holds && self.keep_those_who_wait(holder, out) {
                self.ask_folder(holder, out);
            }
        }
    }

    /// Whether nothing is under way but waits for locks.
    fn is_at_rest(&self) -> bool {
        self.running.is_empty() && !self.claims_move() && self.unclear.is_empty()
    }

    /// Nothing moves but what waits for locks: says whether it is to be waited on, for other runs or for what follows when a ring
    /// of waits is broken.
    pub(super) fn go_on_waiting(
        &mut self,
        now: Timestamp,
        out: &mut Transition,
    ) -> Result<bool, Unfit> {
        self.prune_waits(out);
        if self.gate.wants.is_empty() {
            return Ok(false);
        }
        if self.waits_for_others() {
            return Ok(true);
        }
        if !self.break_ring(now, out)? && !self.look_once_more() {
            self.tell_what_is_in_the_way(now, out)?;
            return Ok(false);
        }
        self.advance(now, out)?;
        self.release_finished(out);
        self.finish_if_idle(now, out)?;
        Ok(true)
    }

    /// Whether some wait can end because another run goes on.
    pub(super) fn waits_for_others(&self) -> bool {
        let blockers = self.gate.queues.values().filter_map(|queue| queue.blocker.as_ref());
        !self.gate.impatient && blockers.into_iter().any(|blocker| blocker.alive)
    }

    /// Whether locks of other runs are all that is left to wait for.
    pub(super) fn is_locked_out(&self) -> bool {
        self.gate.queues.values().any(|queue| queue.blocker.is_some())
    }

    /// Forgets all waits of tasks that cannot start any more.
    pub(super) fn prune_waits(&mut self, out: &mut Transition) {
        let waiting = self.gate.wants.iter().filter(|(_, want)| want.stage != Stage::Asking);
        let waiting: Vec<Holder> = waiting.map(|(&holder, _)| holder).collect();
        for holder in waiting {
            self.keep_those_who_wait(holder, out);
        }
    }

    /// Parts of the run wait for each other: the one whose turn is the last is refused. Says whether there were such.
    pub(super) fn break_ring(
        &mut self,
        now: Timestamp,
        out: &mut Transition,
    ) -> Result<bool, Unfit> {
        let Some(ring) = self.ring() else { return Ok(false) };
        let told: Vec<String> = ring.iter().map(|link| self.words(link)).collect();
        let reason = format!("parts of the run wait for each other: {}", told.join("; "));
        let last = ring.iter().map(|link| link.from).max().expect("a ring has links");
        self.give_up_want(now, last, &reason, out)?;
        Ok(true)
    }

    fn words(&self, link: &Link) -> String {
        let name = |holder| match self.state.holder_id(holder) {
            id if id.is_empty() => "the run".to_owned(),
            id => format!("`{id}`"),
        };
        format!("{} wants lock {}, which {} holds", name(link.from), link.lock, name(link.held_by))
    }

    /// A ring of holders each of which waits for what one holds that cannot finish before the next in the ring has ended.
    fn ring(&self) -> Option<Vec<Link>> {
        let waits = self.waits_by_place();
        let mut seen: BTreeMap<Holder, bool> = BTreeMap::new();
        for &first in self.gate.wants.keys() {
            if seen.contains_key(&first) {
                continue;
            }
            let mut path: Vec<Link> = Vec::new();
            let mut stack = vec![(first, self.links(first, &waits))];
            seen.insert(first, true);
            while let Some((at, links)) = stack.last_mut() {
                match links.pop() {
                    None => {
                        seen.insert(*at, false);
                        stack.pop();
                        path.pop();
                    }
                    Some(link) => match seen.get(&link.to) {
                        Some(true) => {
                            let start = stack.iter().position(|(at, _)| *at == link.to)?;
                            path.push(link);
                            return Some(path.split_off(start));
                        }
                        Some(false) => {}
                        None => {
                            let next = link.to;
                            seen.insert(next, true);
                            path.push(link);
                            stack.push((next, self.links(next, &waits)));
                        }
                    },
                }
            }
        }
        None
    }

    /// Who holds what, who waits inside of what, and in the items of which group.
    fn waits_by_place(&self) -> Waits {
        let mut waits = Waits::default();
        for (holder, claim) in self.state.claims.held() {
            for lock in &claim.locks {
                waits.holders.entry(lock.name.clone()).or_default().push(holder);
            }
        }
        for &waiter in self.gate.wants.keys() {
            // Whoever has lost a part of what it held waits while it holds the rest.
            for outer in self.state.holders_enclosing(waiter).into_iter().chain([waiter]) {
                waits.inside.entry(outer).or_default().push(waiter);
            }
            for part in self.settings_kept_by(waiter) {
                waits.inside.entry(part).or_default().push(waiter);
            }
            for scope in self.items_around(waiter) {
                waits.groups.entry(self.state.scope(scope).group).or_default().push(waiter);
            }
        }
        waits
    }

    /// The values of settings that stay in force because of a waiter: those around the tasks that cannot start without it.
    fn settings_kept_by(&self, waiter: Holder) -> BTreeSet<Holder> {
        let wanting = self.gate.wants.get(&waiter).map(|want| &want.tasks);
        let mut tasks = BTreeSet::new();
        for &task in wanting.into_iter().flatten() {
            match self.state.part(task) {
                Some(part) => tasks.extend(self.gates.get(&part.owner).into_iter().flatten()),
                None => drop(tasks.insert(task)),
            }
        }
        let around = tasks.into_iter().flat_map(|task| self.state.settings_around(task));
        let parts = around.flat_map(|setting| self.state.parts_of(setting));
        parts.map(|(part, _)| Holder::Task(part)).filter(|part| *part != waiter).collect()
    }

    /// For whom a waiter waits: everybody inside of what holds something that it wants; and where that holder is in an item that
    /// there is no room for, everybody in the items that are in its place.
    fn links(&self, from: Holder, waits: &Waits) -> Vec<Link> {
        let Some(want) = self.gate.wants.get(&from) else { return Vec::new() };
        let Stage::Behind(lock) = &want.stage else { return Vec::new() };
        let mut links = Vec::new();
        for &held_by in waits.holders.get(lock.name.as_ref()).into_iter().flatten() {
            let outside =
                self.items_around(held_by).into_iter().filter(|&item| !self.is_inside(item));
            let in_its_place = outside
                .filter_map(|item| waits.groups.get(&self.state.scope(item).group))
                .flatten();
            let inside = waits.inside.get(&held_by).into_iter().flatten();
            let link = |&to: &Holder| Link { from, lock: lock.clone(), held_by, to };
            links.extend(inside.chain(in_its_place).map(link));
        }
        links
    }

    /// The items around a holder, innermost first, and itself if it is one.
    fn items_around(&self, holder: Holder) -> Vec<ScopeId> {
        let mut items = Vec::new();
        let mut at = match holder {
            Holder::Task(task) => task,
            Holder::Scope(scope) => {
                items.push(scope);
                self.state.scope(scope).group
            }
        };
        while at != InstanceId::ROOT {
            let scope = self.state.instance(at).scope;
            items.push(scope);
            at = self.state.scope(scope).group;
        }
        items.retain(|&scope| self.state.scope(scope).key.is_some());
        items
    }
}

/// All who wait, by place, and who holds what.
#[derive(Default)]
struct Waits {
    holders: BTreeMap<Arc<str>, Vec<Holder>>,
    inside: BTreeMap<Holder, Vec<Holder>>,
    groups: BTreeMap<InstanceId, Vec<Holder>>,
}

/// One who waits, and for whom.
struct Link {
    from: Holder,
    lock: Lock,
    held_by: Holder,
    to: Holder,
}
