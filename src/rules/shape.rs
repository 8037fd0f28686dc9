//! The steps of a runbook as a graph that needs no parameters: who contains whom, and who ends before whom begins.
//!
//! Does not know any rule, nor values; what depends on a value is left open.

use std::cell::Cell;
use std::collections::{HashMap, HashSet};

use super::deed::Deed;
use super::piece::{self, Piece};
use crate::spec::model::{Body, Driver, ForEach, Runbook, Setting, Step};
use crate::spec::surround::{RESTORED, surrounded};

/// Edges that may be followed to answer the rules' questions about the order, so that a huge runbook is checked in the time that it
/// takes to read it. Beyond that the rules keep silent.
const WORK_MAX: usize = 300_000;

/// The graph. Steps are numbered in file order, a group before what is inside.
pub(crate) struct Shape<'r> {
    /// The runbook; a driver's file by itself has none.
    pub(crate) runbook: Option<&'r Runbook>,
    pub(crate) nodes: Vec<Node<'r>>,
    pub(crate) levels: Vec<Level<'r>>,
    /// Every piece of work, also of drivers where a driver is looked at.
    pub(crate) pieces: Vec<Piece<'r>>,
    work_left: Cell<usize>,
}

/// A step.
pub(crate) struct Node<'r> {
    pub(crate) step: &'r Step,
    pub(crate) level: usize,
    pub(crate) slot: usize,
    /// What it does, if it is no group.
    pub(crate) deed: Option<Deed>,
    /// Its kind, as it is said or as its name lets it be taken.
    pub(crate) kind: Option<&'r str>,
}

/// Steps that stand beside each other.
pub(crate) struct Level<'r> {
    /// The group that they are in.
    pub(crate) owner: Option<usize>,
    /// Their numbers by slot.
    pub(crate) nodes: Vec<usize>,
    pub(crate) settings: &'r [Setting],
    /// For each setting the slots that it surrounds.
    pub(crate) around: Vec<Vec<u32>>,
    /// For each slot the slots that have ended before it begins, whatever became of them.
    waits: Vec<Vec<usize>>,
    /// The same, but only those that have done what they should.
    needs: Vec<Vec<usize>>,
}

impl<'r> Shape<'r> {
    pub(crate) fn new(runbook: &'r Runbook) -> Shape<'r> {
        let mut shape = Shape::empty(Some(runbook));
        shape.level(None, &runbook.steps, &runbook.settings);
        shape.pieces = piece::of_runbook(&shape);
        shape
    }

    /// With answers to however many questions, where silence would mean that all is well.
    pub(crate) fn untiring(runbook: &'r Runbook) -> Shape<'r> {
        Shape { work_left: Cell::new(usize::MAX), ..Shape::new(runbook) }
    }

    /// A driver by itself, which has pieces of work and no steps.
    pub(crate) fn of_driver(driver: &'r Driver) -> Shape<'r> {
        Shape { pieces: piece::of_driver(driver), ..Shape::empty(None) }
    }

    fn empty(runbook: Option<&'r Runbook>) -> Shape<'r> {
        Shape {
            runbook,
            nodes: Vec::new(),
            levels: Vec::new(),
            pieces: Vec::new(),
            work_left: Cell::new(WORK_MAX),
        }
    }

    fn level(&mut self, owner: Option<usize>, steps: &'r [Step], settings: &'r [Setting]) {
        let number = self.levels.len();
        let level = Level::new(owner, steps, settings);
        self.levels.push(level);
        for (slot, step) in steps.iter().enumerate() {
            let node = self.nodes.len();
            self.levels[number].nodes.push(node);
            let deed = match &step.body {
                Body::Action(work) => Some(Deed::new(work)),
                Body::Group(_) => None,
            };
            let kind = super::kind::of(step, deed.as_ref());
            self.nodes.push(Node { step, level: number, slot, deed, kind });
            if let Body::Group(inside) = &step.body {
                self.level(Some(node), inside, &step.settings);
            }
        }
    }

    /// The group that a step is in.
    pub(crate) fn parent(&self, node: usize) -> Option<usize> {
        self.levels[self.nodes[node].level].owner
    }

    /// The step itself and the groups around it, innermost first.
    pub(crate) fn chain(&self, node: usize) -> impl Iterator<Item = usize> + '_ {
        std::iter::successors(Some(node), |&inner| self.parent(inner))
    }

    /// The settings that surround a step, with the level that they stand in.
    pub(crate) fn settings_around(&self, node: usize) -> Vec<(usize, usize)> {
        let inside = |at: usize| {
            let Node { level, slot, .. } = self.nodes[at];
            let around = self.levels[level].around.iter().enumerate();
            around
                .filter(move |(_, slots)| slots.binary_search(&number(slot)).is_ok())
                .map(move |(setting, _)| (level, setting))
        };
        self.chain(node).flat_map(inside).collect()
    }

    /// The steps, groups left out.
    pub(crate) fn actions(&self) -> impl Iterator<Item = (usize, &Node<'r>, &Deed)> {
        self.nodes
            .iter()
            .enumerate()
            .filter_map(|(number, node)| Some((number, node, node.deed.as_ref()?)))
    }

    /// The steps of a kind, in file order.
    pub(crate) fn of_kind(&self, kind: &str) -> Vec<usize> {
        let wanted = |node: &&Node<'_>| node.kind == Some(kind);
        let numbers = self.nodes.iter().enumerate();
        numbers.filter(|(_, node)| wanted(node)).map(|(number, _)| number).collect()
    }

    /// The two siblings that contain one step each; nothing if one contains the other, or they are the same.
    pub(crate) fn siblings(&self, left: usize, right: usize) -> Option<(usize, usize)> {
        let outer: HashMap<usize, usize> =
            self.chain(left).map(|node| (self.nodes[node].level, node)).collect();
        let (left, right) = self
            .chain(right)
            .find_map(|node| Some((*outer.get(&self.nodes[node].level)?, node)))?;
        (left != right).then_some((left, right))
    }

    /// Whether all of a step has ended before another begins; in one item of what is around both.
    pub(crate) fn ends_before(&self, first: usize, then: usize) -> bool {
        self.ordered(first, then, |level| &level.waits)
    }

    /// The same, and it has succeeded, or was skipped or waived.
    pub(crate) fn done_before(&self, first: usize, then: usize) -> bool {
        self.ordered(first, then, |level| &level.needs)
    }

    fn ordered(
        &self,
        first: usize,
        then: usize,
        edges: impl for<'l> Fn(&'l Level<'r>) -> &'l Vec<Vec<usize>>,
    ) -> bool {
        if !self.spend(1) {
            return false;
        }
        let Some((first, then)) = self.siblings(first, then) else { return false };
        let edges = edges(&self.levels[self.nodes[then].level]);
        let wanted = self.nodes[first].slot;
        let mut seen = HashSet::new();
        let mut open = vec![self.nodes[then].slot];
        while let Some(slot) = open.pop() {
            let before = &edges[slot];
            if !self.spend(before.len()) {
                return false;
            }
            for &earlier in before {
                if earlier == wanted {
                    return true;
                }
                if seen.insert(earlier) {
                    open.push(earlier);
                }
            }
        }
        false
    }

    fn spend(&self, work: usize) -> bool {
        self.work_left.set(self.work_left.get().saturating_sub(work));
        !self.is_exhausted()
    }

    /// Whether so many questions were asked that no more are answered: what was answered with no since then means nothing.
    pub(crate) fn is_exhausted(&self) -> bool {
        self.work_left.get() == 0
    }

    /// Whether something may run in two steps at the same time.
    pub(crate) fn may_overlap(&self, left: usize, right: usize) -> bool {
        self.siblings(left, right).is_some()
            && !self.ends_before(left, right)
            && !self.ends_before(right, left)
    }

    /// The `for_each` that gives an item its name, seen from a step.
    pub(crate) fn item(&self, node: usize, name: &str) -> Option<(usize, &'r ForEach)> {
        self.chain(node).find_map(|at| {
            let each = self.nodes[at].step.for_each.as_deref()?;
            (each.name.value == name).then_some((at, each))
        })
    }
}

impl<'r> Level<'r> {
    fn new(owner: Option<usize>, steps: &'r [Step], settings: &'r [Setting]) -> Level<'r> {
        let slots: HashMap<&str, usize> =
            steps.iter().enumerate().map(|(slot, step)| (step.name.as_str(), slot)).collect();
        let around = surrounded(steps, settings);
        let mut waits = Vec::with_capacity(steps.len());
        let mut needs = Vec::with_capacity(steps.len());
        for step in steps {
            let mut needed: Vec<usize> = Vec::new();
            for name in &step.needs {
                if let Some(setting) = name.value.strip_suffix(RESTORED) {
                    let number = settings.iter().position(|one| one.name == setting);
                    let inside = number.map(|number| around[number].as_slice());
                    needed.extend(inside.into_iter().flatten().map(|&slot| slot as usize));
                } else {
                    needed.extend(slots.get(name.value.as_str()));
                }
            }
            needs.push(needed);
        }
        for (setting, inside) in settings.iter().zip(&around) {
            for name in &setting.needs {
                let Some(&before) = slots.get(name.value.as_str()) else { continue };
                inside.iter().for_each(|&slot| needs[slot as usize].push(before));
            }
        }
        for (step, needed) in steps.iter().zip(&needs) {
            let after = step.after.iter().filter_map(|name| slots.get(name.value.as_str()));
            waits.push(needed.iter().chain(after).copied().collect());
        }
        Level { owner, nodes: Vec::with_capacity(steps.len()), settings, around, waits, needs }
    }

    /// Whether anything beside a slot waits for it.
    pub(crate) fn is_awaited(&self) -> Vec<bool> {
        let mut awaited = vec![false; self.waits.len()];
        self.waits.iter().flatten().for_each(|&slot| awaited[slot] = true);
        awaited
    }

    /// Whether a slot waits for nothing beside it.
    pub(crate) fn waits_for_nothing(&self, slot: usize) -> bool {
        self.waits[slot].is_empty()
    }
}

fn number(slot: usize) -> u32 {
    u32::try_from(slot).expect("a file has fewer values")
}
