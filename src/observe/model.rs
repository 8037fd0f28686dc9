//! How far a run is, kept up to date in small steps: counters of tasks, of items, and who is at work.
//!
//! A fact only notes which task it touches; what has become of it is read from the state when somebody looks. Knows no terminal.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::estimate::Pace;
use crate::core::record::Record;
use crate::core::standing::TaskStanding;
use crate::core::state::{InstanceBody, InstanceId, Phase, ScopeId, Settled, State};

/// How many tasks stand how.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Counts {
    /// All that are known.
    pub(super) total: usize,
    /// Succeeded, skipped or waived.
    pub(super) good: usize,
    /// Failed, groups included that could not be entered.
    pub(super) failed: usize,
    /// In doubt.
    pub(super) in_doubt: usize,
    /// Running, or about to be tried again.
    pub(super) running: usize,
    /// Groups of which it is not known yet what will be in them.
    pub(super) unentered: usize,
}

/// How many items of a group stand how.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct ItemCounts {
    /// All.
    pub(super) total: usize,
    /// Everything in them has succeeded, was skipped or waived.
    pub(super) good: usize,
    /// Something in them has failed or is in doubt.
    pub(super) bad: usize,
    /// Something in them has begun and goes on.
    pub(super) running: usize,
}

/// How a task, or a group as a whole, is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Class {
    Task(TaskStanding),
    Unentered,
    Entered,
    Refused,
}

/// How an item is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ItemClass {
    Waiting,
    Running,
    Good,
    Bad,
}

/// How far a run is.
#[derive(Debug, Default)]
pub(super) struct Model {
    touched: BTreeSet<InstanceId>,
    stale: bool,
    /// By number of the instance.
    classes: Vec<Class>,
    /// By number of the scope.
    item_classes: Vec<ItemClass>,
    counts: Counts,
    groups: BTreeMap<InstanceId, ItemCounts>,
    active: BTreeSet<InstanceId>,
    active_groups: BTreeSet<InstanceId>,
    pace: Pace,
}

impl Model {
    /// Notes what a fact is about.
    pub(super) fn fact(&mut self, record: &Record, state: &State) {
        match record {
            Record::Resumed { .. } | Record::Resolved { .. } => self.stale = true,
            Record::JobStarting { task, .. }
            | Record::Judged { task, .. }
            | Record::TaskEnded { task, .. }
            | Record::Asked { task, .. }
            | Record::Answered { task, .. }
            | Record::WaitUntil { task, .. }
            | Record::SettingMoved { task, .. }
            | Record::ItemsFrozen { task, .. } => self.touched.extend(state.find(task)),
            Record::Opened(_)
            | Record::Stopped { .. }
            | Record::Closed { .. }
            | Record::JobEnded { .. }
            | Record::JobLost { .. }
            | Record::JobOrphaned { .. }
            | Record::OutputsKept { .. }
            | Record::Claimed { .. }
            | Record::Denied { .. }
            | Record::Released { .. }
            | Record::WindowAwaited { .. }
            | Record::ClaimLost { .. } => {}
        }
    }

    /// Catches up with the state.
    pub(super) fn update(&mut self, state: &State, now: Timestamp) {
        if self.stale {
            *self = Self { pace: self.pace.recount(), ..Self::default() };
        }
        self.pace.begin(now);
        let mut items = BTreeSet::new();
        for index in self.classes.len()..state.instances().len() {
            let id = instance_number(index);
            let class = classify(state, id);
            self.classes.push(class);
            self.count(state, id, class, true);
            self.enter(state, id, &mut items);
        }
        for id in std::mem::take(&mut self.touched) {
            self.reclassify(state, id, &mut items);
            items_around(state, id, &mut items);
        }
        for item in items {
            self.reclassify_item(state, item);
        }
    }

    /// Begins to count the items of a group, once they are known.
    fn enter(&mut self, state: &State, id: InstanceId, into: &mut BTreeSet<ScopeId>) {
        let Some(items) = state.group(id).and_then(|group| group.items) else { return };
        if items.count == 0
            || state.scope(items.first).key.is_none()
            || self.groups.contains_key(&id)
        {
            return;
        }
        self.groups.insert(id, ItemCounts { total: items.count as usize, ..ItemCounts::default() });
        let end = items.first.index() + items.count as usize;
        if self.item_classes.len() < end {
            self.item_classes.resize(end, ItemClass::Waiting);
        }
        into.extend(items.scopes());
    }

    fn reclassify(&mut self, state: &State, id: InstanceId, items: &mut BTreeSet<ScopeId>) {
        let (before, after) = (self.classes[id.index()], classify(state, id));
        if before == after {
            return;
        }
        self.classes[id.index()] = after;
        self.count(state, id, before, false);
        self.count(state, id, after, true);
        self.enter(state, id, items);
        let ended = matches!(after, Class::Task(TaskStanding::Succeeded | TaskStanding::Failed));
        if let (true, Some((started, ended))) =
            (ended, state.task(id).and_then(|task| task.started.zip(task.ended)))
        {
            self.pace.worked(started, ended);
        }
    }

    /// Adds one to what a class counts in, or takes it away.
    fn count(&mut self, state: &State, id: InstanceId, class: Class, add: bool) {
        let adjust = |counter: &mut usize| if add { *counter += 1 } else { *counter -= 1 };
        let standing = match class {
            Class::Task(standing) => standing,
            Class::Unentered => return adjust(&mut self.counts.unentered),
            Class::Refused => return adjust(&mut self.counts.failed),
            Class::Entered => return,
        };
        adjust(&mut self.counts.total);
        let node = state.instance(id).node;
        match standing {
            TaskStanding::Succeeded | TaskStanding::Skipped | TaskStanding::Waived => {
                adjust(&mut self.counts.good);
            }
            TaskStanding::Failed => adjust(&mut self.counts.failed),
            TaskStanding::InDoubt => adjust(&mut self.counts.in_doubt),
            TaskStanding::Running => {
                adjust(&mut self.counts.running);
                if add {
                    self.active.insert(id)
                } else {
                    self.active.remove(&id)
                };
            }
            TaskStanding::Waiting | TaskStanding::Blocked => {}
        }
        if matches!(standing, TaskStanding::Waiting | TaskStanding::Running) {
            self.pace.remaining(node, add);
        }
        if let (TaskStanding::Succeeded, true, Some(task)) = (standing, add, state.task(id)) {
            self.pace.ended(node, task.started.zip(task.ended));
        }
    }

    fn reclassify_item(&mut self, state: &State, scope: ScopeId) {
        let group = state.scope(scope).group;
        let (before, after) = (self.item_classes[scope.index()], classify_item(state, scope));
        if before == after {
            return;
        }
        self.item_classes[scope.index()] = after;
        let counts = self.groups.entry(group).or_default();
        if let Some(counter) = counts.of(before) {
            *counter -= 1;
        }
        if let Some(counter) = counts.of(after) {
            *counter += 1;
        }
        if counts.running > 0 && counts.total > 1 {
            self.active_groups.insert(group)
        } else {
            self.active_groups.remove(&group)
        };
    }

    /// How many tasks stand how.
    pub(super) fn counts(&self) -> Counts {
        self.counts
    }

    /// The tasks that run, or are about to be tried again.
    pub(super) fn active(&self) -> impl Iterator<Item = InstanceId> {
        self.active.iter().copied()
    }

    /// The groups with several items of which one is going on, outer ones first.
    pub(super) fn groups(&self) -> impl ExactSizeIterator<Item = (InstanceId, ItemCounts)> {
        self.active_groups.iter().map(|&id| (id, self.groups.get(&id).copied().unwrap_or_default()))
    }

    /// How long the known rest will take.
    pub(super) fn pace(&self) -> &Pace {
        &self.pace
    }
}

impl ItemCounts {
    fn of(&mut self, class: ItemClass) -> Option<&mut usize> {
        match class {
            ItemClass::Waiting => None,
            ItemClass::Running => Some(&mut self.running),
            ItemClass::Good => Some(&mut self.good),
            ItemClass::Bad => Some(&mut self.bad),
        }
    }
}

fn classify(state: &State, id: InstanceId) -> Class {
    let group = match &state.instance(id).body {
        InstanceBody::Group(group) => group,
        // What waits for a time or for people is under way.
        InstanceBody::Task(task) if matches!(task.phase, Phase::Sleeping(_) | Phase::Awaiting) => {
            return Class::Task(TaskStanding::Running);
        }
        InstanceBody::Task(_) => return Class::Task(state.task_standing(id)),
        // What a setting is doing is shown line by line.
        InstanceBody::Setting(_) | InstanceBody::Part(_) => return Class::Entered,
    };
    match (group.items, state.task_standing(id)) {
        (Some(_), _) => Class::Entered,
        (None, TaskStanding::Failed) => Class::Refused,
        (None, TaskStanding::Waiting | TaskStanding::Blocked) => Class::Unentered,
        (None, _) => Class::Entered,
    }
}

fn classify_item(state: &State, scope: ScopeId) -> ItemClass {
    let mut open = false;
    for child in state.children(scope) {
        let standing = state.instance(child).standing;
        if standing.bad {
            return ItemClass::Bad;
        }
        open |= standing.settled != Settled::Good;
    }
    match (open, state.scope(scope).begun) {
        (false, _) => ItemClass::Good,
        (true, true) => ItemClass::Running,
        (true, false) => ItemClass::Waiting,
    }
}

/// The items that an instance is inside of.
fn items_around(state: &State, id: InstanceId, into: &mut BTreeSet<ScopeId>) {
    let mut at = id;
    while at != InstanceId::ROOT {
        let scope = state.instance(at).scope;
        if state.scope(scope).key.is_some() {
            into.insert(scope);
        }
        at = state.scope(scope).group;
    }
}

fn instance_number(index: usize) -> InstanceId {
    InstanceId(u32::try_from(index).unwrap_or(u32::MAX))
}
