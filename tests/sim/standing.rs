//! A second opinion on what has become of every instance: the rules as they are stated, applied again and again until nothing
//! changes.
//!
//! Keeps no counters and shares no code with `core`: it reads facts (phases, frozen items, whether an item has begun) only.

use windlass::core::record::Outcome;
use windlass::core::setting::{Activity, Part, SettingStanding, Way};
use windlass::core::state::{InstanceBody, InstanceId, Phase, ScopeId, Settled, Standing, State};
use windlass::spec::model::OnFailure;

/// The standing of every instance, and what a start must look at.
pub(crate) struct Opinion<'a> {
    state: &'a State,
    standings: Vec<Standing>,
}

impl<'a> Opinion<'a> {
    pub(crate) fn of(state: &'a State) -> Self {
        let mut opinion =
            Self { state, standings: vec![Standing::default(); state.instances().len()] };
        let mut changed = true;
        while changed {
            changed = false;
            // From the inside outwards, since most of what an instance is comes from what is inside it.
            for index in (0..opinion.standings.len()).rev() {
                let id = InstanceId(u32::try_from(index).expect("a simulated run is small"));
                let standing = opinion.standing(id);
                changed |= standing != opinion.standings[index];
                opinion.standings[index] = standing;
            }
        }
        opinion
    }

    pub(crate) fn get(&self, id: InstanceId) -> Standing {
        self.standings[id.index()]
    }

    fn standing(&self, id: InstanceId) -> Standing {
        let (settled, bad, failing) = match &self.state.instance(id).body {
            InstanceBody::Task(task) => {
                let settled = match task.phase {
                    Phase::Ended(Outcome::Failed) => Settled::Failed,
                    Phase::Ended(_) => Settled::Good,
                    Phase::InDoubt => Settled::Doubt,
                    Phase::Waiting => self.prospect(id),
                    _ => Settled::Open,
                };
                let bad = [Settled::Failed, Settled::Doubt].contains(&settled);
                (settled, bad, bad)
            }
            InstanceBody::Group(group) => {
                let settled = match group.ended {
                    Some(Outcome::Failed) => Settled::Failed,
                    Some(_) => Settled::Good,
                    None if group.items.is_none() => self.prospect(id),
                    None => self.summary(id),
                };
                let bad = settled == Settled::Failed || self.bad_items(id) > 0;
                let failed = [Settled::Failed, Settled::Doubt].contains(&settled);
                (settled, bad, failed || self.has_too_many_failures(id))
            }
            InstanceBody::Setting(_) => return self.setting(id),
            InstanceBody::Part(_) => return Standing::default(),
        };
        let halts = failing && self.state.node(id).on_failure == OnFailure::Stop;
        Standing { settled, bad, halts }
    }

    /// What a setting amounts to: what it surrounds, and how its values stand.
    fn setting(&self, id: InstanceId) -> Standing {
        let graph = self.state.graph();
        let shape = graph.setting(self.state.instance(id).node).expect("it is a setting");
        let known = self.state.setting(id).expect("it is a setting");
        let inside: Vec<Settled> = shape
            .around
            .iter()
            .map(|&slot| self.get(self.state.sibling(id, slot)).settled)
            .collect();
        let any = |settled: &[Settled]| inside.iter().any(|inside| settled.contains(inside));
        let doubtful = any(&[Settled::Doubt, Settled::StuckOnDoubt]);
        let good = inside.iter().all(|inside| *inside == Settled::Good);
        let parts: Vec<&Part> = self.state.parts_of(id).map(|(_, part)| part).collect();
        let owed = |part: &&Part| {
            part.standing == SettingStanding::Drifted
                || part.failed == Some(Way::Restore)
                || (part.standing == SettingStanding::Idle && part.found.is_some())
        };
        let open = |part: &&Part| {
            use SettingStanding::{Captured, Changing, InForce, Restoring};
            [Captured, Changing, InForce, Restoring].contains(&part.standing)
        };
        let debt = parts.iter().any(owed);
        let bad = debt
            || known.failed.is_some()
            || parts.iter().any(|part| part.failed == Some(Way::Set));
        let rests = !any(&[Settled::Open]) && !doubtful && (good || !shape.hold);
        let opens = |part: &&Part| {
            matches!(
                part.activity,
                Activity::Running(Way::Set, _)
                    | Activity::Judging(Way::Set, _)
                    | Activity::Pausing(Way::Set, _)
                    | Activity::Read(Way::Set)
            )
        };
        let held = !rests && !any(&[Settled::Open]);
        let moving =
            parts.iter().any(|part| part.activity != Activity::Resting && (!held || opens(part)));
        // What is half opened and cannot be opened wholly is put back as soon as it may.
        let in_the_end = rests || (any(&[Settled::Open]) && !shape.hold);
        let closes = in_the_end && parts.iter().any(|part| open(part) && !owed(part));
        let settled = if moving || closes || (any(&[Settled::Open]) && !bad) {
            Settled::Open
        } else if debt {
            Settled::Doubt
        } else if bad {
            Settled::Failed
        } else if doubtful {
            Settled::StuckOnDoubt
        } else if good {
            Settled::Good
        } else {
            Settled::Stuck
        };
        Standing { settled, bad, halts: bad }
    }

    /// Whether a setting around an instance, at any depth, could not be opened or is owed.
    fn is_barred(&self, id: InstanceId) -> bool {
        let mut at = id;
        while at != InstanceId::ROOT {
            let scope = self.state.instance(at).scope;
            for sibling in self.state.children(scope) {
                let node = self.state.instance(sibling).node;
                let around = self.state.graph().setting(node).is_some_and(|setting| {
                    setting.around.iter().any(|&slot| self.state.sibling(at, slot) == at)
                });
                if around && self.setting(sibling).bad {
                    return true;
                }
            }
            at = self.state.scope(scope).group;
        }
        false
    }

    /// What an entered group amounts to.
    fn summary(&self, group: InstanceId) -> Settled {
        let inside: Vec<Standing> = self
            .items(group)
            .flat_map(|scope| self.state.children(scope))
            .map(|child| self.get(child))
            .collect();
        let any = |settled: &[Settled]| inside.iter().any(|child| settled.contains(&child.settled));
        let bad = inside.iter().any(|child| child.bad);
        let doubtful = any(&[Settled::Doubt, Settled::StuckOnDoubt]);
        if any(&[Settled::Open]) {
            Settled::Open
        } else if bad {
            if doubtful { Settled::Doubt } else { Settled::Failed }
        } else if doubtful {
            Settled::StuckOnDoubt
        } else if any(&[Settled::Stuck]) {
            Settled::Stuck
        } else {
            Settled::Good
        }
    }

    /// What will become of something that has not begun.
    fn prospect(&self, id: InstanceId) -> Settled {
        let node = self.state.node(id);
        let of = |slots: &[u32]| -> Vec<Settled> {
            slots.iter().map(|&slot| self.get(self.state.sibling(id, slot)).settled).collect()
        };
        let (needs, after) = (of(&node.needs), of(&node.after));
        let doubtful = [Settled::Doubt, Settled::StuckOnDoubt];
        if needs.iter().chain(&after).any(|settled| doubtful.contains(settled)) {
            Settled::StuckOnDoubt
        } else if needs.iter().any(|need| [Settled::Failed, Settled::Stuck].contains(need))
            || self.is_kept_from_starting(id)
            || self.is_barred(id)
        {
            Settled::Stuck
        } else {
            Settled::Open
        }
    }

    /// Whether a halt keeps it from starting. What comes `after` something is not kept, unless its item has not begun at all.
    pub(crate) fn is_kept_from_starting(&self, id: InstanceId) -> bool {
        if id == InstanceId::ROOT {
            return false;
        }
        let number = self.state.instance(id).scope;
        let scope = self.state.scope(number);
        let immune = !self.state.node(id).after.is_empty() && (scope.begun || scope.key.is_none());
        !immune && self.is_halted(number, None)
    }

    /// `inside` is the group that one asks from: what goes wrong in one item of it does not reach the others by way of it.
    fn is_halted(&self, number: ScopeId, inside: Option<InstanceId>) -> bool {
        let scope = self.state.scope(number);
        let mut others = self.state.children(number).filter(|child| Some(*child) != inside);
        if others.any(|child| self.get(child).halts) {
            return true;
        }
        if scope.key.is_some() && !scope.begun && self.has_too_many_failures(scope.group) {
            return true;
        }
        let comes_after = !self.state.node(scope.group).after.is_empty();
        scope.group != InstanceId::ROOT
            && !comes_after
            && self.is_halted(self.state.instance(scope.group).scope, Some(scope.group))
    }

    pub(crate) fn has_too_many_failures(&self, group: InstanceId) -> bool {
        let node = self.state.node(group);
        let fan_out = match &node.body {
            windlass::plan::graph::NodeBody::Group(group) => group.fan_out.as_ref(),
            _ => None,
        };
        self.bad_items(group) > fan_out.map_or(0, |fan_out| fan_out.max_failures as usize)
    }

    fn bad_items(&self, group: InstanceId) -> usize {
        let is_bad = |scope: &ScopeId| self.state.children(*scope).any(|child| self.get(child).bad);
        self.items(group).filter(is_bad).count()
    }

    fn items(&self, group: InstanceId) -> impl Iterator<Item = ScopeId> + use<> {
        let items = self.state.group(group).and_then(|group| group.items);
        items.into_iter().flat_map(windlass::core::state::Items::scopes)
    }
}
