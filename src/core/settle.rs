//! What one instance's end means for the others: who is free to start, who is blocked, who is halted, and when a group has ended.
//!
//! Works on counters, so that an end costs as much as the edges that leave it, however large the run is. It only ever moves
//! forward; a resume or an operator's decision makes everything be counted anew.

use super::record::Outcome;
use super::state::{InstanceBody, InstanceId, Phase, Settled, Standing, State};
use crate::spec::model::OnFailure;

impl State {
    /// Draws the consequences of what has changed about these instances.
    pub(super) fn settle(&mut self, changed: impl IntoIterator<Item = InstanceId>) {
        let mut work: Vec<InstanceId> = changed.into_iter().collect();
        while let Some(id) = work.pop() {
            match &self.instance(id).body {
                // What becomes of a part is told by its setting.
                InstanceBody::Part(_) => continue,
                InstanceBody::Setting(_) => self.restless.push(id),
                InstanceBody::Task(_) | InstanceBody::Group(_) => {}
            }
            let before = self.instance(id).standing;
            let after = self.standing(id);
            if before == after {
                continue;
            }
            self.instances[id.index()].standing = after;
            if before.settled != after.settled {
                self.tell_dependents(id, before.settled, after.settled, &mut work);
            }
            if id != InstanceId::ROOT {
                self.tell_scope(id, before, after, &mut work);
            }
        }
    }

    /// Counts everything anew from the facts.
    pub(super) fn settle_everything(&mut self) {
        self.startable.clear();
        self.restless.clear();
        let graph = self.graph.clone();
        for instance in &mut self.instances {
            let node = graph.node(instance.node);
            instance.standing = Standing::default();
            instance.unmet = length(node.needs.len() + node.after.len());
            instance.dead = 0;
            instance.dead_by_doubt = 0;
            if let InstanceBody::Group(group) = &mut instance.body {
                let inside = graph.group(instance.node).map_or(0, |group| group.children.len());
                group.open =
                    if inside == 0 { 0 } else { group.items.map_or(0, |items| items.count) };
                (group.bad, group.doubtful, group.stuck, group.doomed) = (0, 0, 0, false);
            }
            if let InstanceBody::Part(_) = &instance.body {
                instance.unmet = 0;
            }
            if let (InstanceBody::Setting(state), Some(shape)) =
                (&mut instance.body, graph.setting(instance.node))
            {
                let around = length(shape.around.len());
                (state.open, state.not_good, state.doubtful) = (around, around, 0);
            }
        }
        for scope in &mut self.scopes {
            let group = self.instances[scope.group.index()].node;
            scope.open = length(graph.group(group).map_or(0, |group| group.children.len()));
            (scope.bad, scope.doubtful, scope.stuck, scope.halting) = (0, 0, 0, 0);
        }
        for index in 0..self.instances.len() {
            let id = InstanceId(length(index));
            let node = graph.node(self.instance(id).node);
            if node.needs.is_empty() && node.after.is_empty() {
                self.startable.push(id);
            }
            self.settle([id]);
        }
    }

    /// What the others may expect of an instance, by what is known of it and by its counters.
    fn standing(&self, id: InstanceId) -> Standing {
        let (settled, bad, failing) = match &self.instance(id).body {
            InstanceBody::Task(task) => {
                let settled = match task.phase {
                    Phase::Ended(Outcome::Failed) => Settled::Failed,
                    Phase::Ended(Outcome::Succeeded | Outcome::Skipped | Outcome::Waived) => {
                        Settled::Good
                    }
                    Phase::InDoubt => Settled::Doubt,
                    Phase::Waiting => self.prospect(id),
                    Phase::Running(_)
                    | Phase::Judging(_)
                    | Phase::Pausing(..)
                    | Phase::Sleeping(_)
                    | Phase::Awaiting
                    | Phase::Asking
                    | Phase::Repairing(..)
                    | Phase::Verifying(_) => Settled::Open,
                };
                let bad = matches!(settled, Settled::Failed | Settled::Doubt);
                (settled, bad, bad)
            }
            InstanceBody::Group(group) => {
                let settled = match (group.ended, group.items) {
                    (Some(Outcome::Failed), _) => Settled::Failed,
                    (Some(_), _) => Settled::Good,
                    (None, None) => self.prospect(id),
                    (None, Some(_)) if group.open > 0 => Settled::Open,
                    (None, Some(_)) if group.bad > 0 && group.doubtful > 0 => Settled::Doubt,
                    (None, Some(_)) if group.bad > 0 => Settled::Failed,
                    (None, Some(_)) if group.doubtful > 0 => Settled::StuckOnDoubt,
                    (None, Some(_)) if group.stuck > 0 => Settled::Stuck,
                    (None, Some(_)) => Settled::Good,
                };
                let bad = group.bad > 0 || settled == Settled::Failed;
                (settled, bad, group.doomed || matches!(settled, Settled::Failed | Settled::Doubt))
            }
            InstanceBody::Setting(_) => return self.standing_of_setting(id),
            InstanceBody::Part(_) => return Standing::default(),
        };
        let halts = failing && self.node(id).on_failure == OnFailure::Stop;
        Standing { settled, bad, halts }
    }

    /// What becomes of an instance that has not begun.
    fn prospect(&self, id: InstanceId) -> Settled {
        let instance = self.instance(id);
        if instance.dead_by_doubt > 0 {
            Settled::StuckOnDoubt
        } else if instance.dead > 0 || self.is_kept_by_halt(id) || self.is_barred(id) {
            Settled::Stuck
        } else {
            Settled::Open
        }
    }

    /// Whether a halt keeps it from starting: what comes `after` something starts all the same, but not in an item that is not let in.
    fn is_kept_by_halt(&self, id: InstanceId) -> bool {
        if id == InstanceId::ROOT {
            return false;
        }
        let number = self.instance(id).scope;
        let scope = self.scope(number);
        let outside = scope.key.is_some() && !scope.begun;
        (outside || self.node(id).after.is_empty()) && self.is_halted(number)
    }

    fn tell_dependents(
        &mut self,
        id: InstanceId,
        before: Settled,
        after: Settled,
        work: &mut Vec<InstanceId>,
    ) {
        if id == InstanceId::ROOT {
            return;
        }
        let graph = self.graph.clone();
        let node = graph.node(self.instance(id).node);
        let first = self.scope(self.instance(id).scope).first.0;
        let (met_before, met_after) = (before == Settled::Good, after == Settled::Good);
        for &slot in &node.needed_by {
            let waiting = &mut self.instances[(first + slot) as usize];
            adjust(&mut waiting.unmet, met_after, met_before);
            adjust(&mut waiting.dead, is_dead(before), is_dead(after));
            adjust(&mut waiting.dead_by_doubt, is_doubtful(before), is_doubtful(after));
            self.startable_if_met(InstanceId(first + slot));
            work.push(InstanceId(first + slot));
        }
        for &slot in &node.surrounded_by {
            if let InstanceBody::Setting(setting) =
                &mut self.instances[(first + slot) as usize].body
            {
                adjust(&mut setting.open, before == Settled::Open, after == Settled::Open);
                adjust(&mut setting.not_good, !met_before, !met_after);
                adjust(&mut setting.doubtful, is_doubtful(before), is_doubtful(after));
            }
            work.push(InstanceId(first + slot));
        }
        for &slot in &node.followed_by {
            let waiting = &mut self.instances[(first + slot) as usize];
            adjust(&mut waiting.unmet, has_come(after), has_come(before));
            adjust(&mut waiting.dead_by_doubt, is_doubtful(before), is_doubtful(after));
            self.startable_if_met(InstanceId(first + slot));
            work.push(InstanceId(first + slot));
        }
    }

    fn startable_if_met(&mut self, id: InstanceId) {
        if self.instance(id).unmet == 0 {
            self.startable.push(id);
        }
    }

    fn tell_scope(
        &mut self,
        id: InstanceId,
        before: Standing,
        after: Standing,
        work: &mut Vec<InstanceId>,
    ) {
        let number = self.instance(id).scope;
        let scope = &mut self.scopes[number.index()];
        let (was_open, was_bad, was_doubtful, was_stuck) =
            (scope.open > 0, scope.bad > 0, scope.doubtful > 0, scope.stuck > 0);
        let halting_before = scope.halting;
        adjust(&mut scope.open, before.settled == Settled::Open, after.settled == Settled::Open);
        adjust(&mut scope.bad, before.bad, after.bad);
        adjust(&mut scope.doubtful, is_doubtful(before.settled), is_doubtful(after.settled));
        adjust(&mut scope.stuck, before.settled == Settled::Stuck, after.settled == Settled::Stuck);
        adjust(&mut scope.halting, before.halts, after.halts);
        let (open, bad, doubtful, stuck) =
            (scope.open > 0, scope.bad > 0, scope.doubtful > 0, scope.stuck > 0);
        // The first that halts reaches all but what is inside itself; the second reaches that as well.
        let newly_halted = scope.halting > halting_before && scope.halting <= 2;
        let owner = scope.group;
        let borne = self
            .graph
            .group(self.instance(owner).node)
            .and_then(|group| group.fan_out.as_ref())
            .map_or(0, |f| f.max_failures);
        let group = self.group_mut(owner).expect("a scope belongs to a group");
        adjust(&mut group.open, was_open, open);
        adjust(&mut group.bad, was_bad, bad);
        adjust(&mut group.doubtful, was_doubtful, doubtful);
        adjust(&mut group.stuck, was_stuck, stuck);
        let newly_doomed = !group.doomed && group.bad > borne;
        group.doomed = group.bad > borne;
        work.push(owner);
        if newly_halted {
            self.collect_waiting(number, work);
        }
        if newly_doomed {
            let items = self.group(owner).and_then(|group| group.items);
            for other in items.into_iter().flat_map(super::state::Items::scopes) {
                if !self.scope(other).begun {
                    self.collect_waiting(other, work);
                }
            }
        }
    }

    /// Everything in a scope, at any depth, that has not begun.
    fn collect_waiting(&self, scope: super::state::ScopeId, work: &mut Vec<InstanceId>) {
        let mut scopes = vec![scope];
        while let Some(scope) = scopes.pop() {
            for id in self.children(scope) {
                match &self.instance(id).body {
                    InstanceBody::Task(task) if task.phase == Phase::Waiting => work.push(id),
                    InstanceBody::Group(group) if group.items.is_none() => work.push(id),
                    InstanceBody::Group(group) => {
                        scopes
                            .extend(group.items.into_iter().flat_map(super::state::Items::scopes));
                    }
                    _ => {}
                }
            }
        }
    }
}

fn adjust(counter: &mut u32, counted: bool, counts: bool) {
    match (counted, counts) {
        (false, true) => *counter += 1,
        (true, false) => *counter -= 1,
        _ => {}
    }
}

fn is_dead(settled: Settled) -> bool {
    matches!(settled, Settled::Failed | Settled::Doubt | Settled::Stuck | Settled::StuckOnDoubt)
}

fn is_doubtful(settled: Settled) -> bool {
    matches!(settled, Settled::Doubt | Settled::StuckOnDoubt)
}

/// Whether those that come `after` need wait no longer. What hangs on a doubt may still happen; what has failed, or is kept from
/// starting by a failure, will not happen in this execution.
fn has_come(settled: Settled) -> bool {
    matches!(settled, Settled::Good | Settled::Failed | Settled::Stuck)
}

fn length(length: usize) -> u32 {
    u32::try_from(length).expect("a run has fewer than four thousand million tasks")
}
