//! What is known of a run: the sum of its records.
//!
//! Knows no clock and evaluates nothing; only [`State::apply`] changes it.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use jiff::Timestamp;

use super::claim::{Claims, Holder};
pub use super::facts::{
    GroupState, Inquiry, Instance, InstanceBody, InstanceId, Items, Job, Knowledge, Phase, Proof,
    Repair, Scope, ScopeId, Settled, Standing, TaskFacts, TaskState,
};
use super::question::Question;
use super::record::{Opened, StopReason};
use crate::plan::graph::{Graph, Node, NodeId, Window};

/// What is known of a run.
#[derive(Debug, Clone)]
pub struct State {
    pub(super) graph: Arc<Graph>,
    pub(super) run: Run,
    pub(super) claims: Claims,
    /// Who waits for a window, and until when.
    pub(super) windows: BTreeMap<Holder, AwaitedWindow>,
    pub(super) instances: Vec<Instance>,
    pub(super) scopes: Vec<Scope>,
    pub(super) ids: HashMap<Arc<str>, Named>,
    /// Instances whose last need has just been met. The machine takes them; they say nothing that is not in the rest of the state.
    pub(super) startable: Vec<InstanceId>,
    /// Settings about which something has changed, likewise.
    pub(super) restless: Vec<InstanceId>,
}

impl PartialEq for State {
    fn eq(&self, other: &Self) -> bool {
        self.run == other.run
            && self.claims == other.claims
            && self.windows == other.windows
            && self.instances == other.instances
            && self.scopes == other.scopes
    }
}

/// A window that is waited for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AwaitedWindow {
    /// Its name.
    pub window: Arc<str>,
    /// When it opens next for long enough.
    pub until: Timestamp,
}

/// What an id names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Named {
    /// A task, or a group.
    Instance(InstanceId),
    /// An item of a group.
    Item(ScopeId),
}

/// The run as a whole.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Run {
    /// The first record, once there is one.
    pub opened: Option<Arc<Opened>>,
    /// When it was opened.
    pub started: Option<Timestamp>,
    /// When it was stopped or closed last; empty while it goes on.
    pub ended: Option<Timestamp>,
    /// Why nothing new starts, if nothing does.
    pub stopped: Option<StopReason>,
    /// How often it was resumed.
    pub resumes: u32,
    /// For every executor that has worked on it, which boot of the host it was.
    pub boots: Vec<Option<Arc<str>>>,
    /// Whether it is closed for good.
    pub closed: bool,
    /// Whether it was closed before its end.
    pub abandoned: bool,
}

impl State {
    /// What is known of a run before its first record.
    #[must_use]
    pub fn new(graph: Arc<Graph>) -> Self {
        let root = Instance {
            id: Arc::from(""),
            node: NodeId::ROOT,
            scope: ScopeId(0),
            standing: Standing::default(),
            unmet: 0,
            dead: 0,
            dead_by_doubt: 0,
            body: InstanceBody::Group(GroupState::default()),
        };
        Self {
            graph,
            run: Run::default(),
            claims: Claims::default(),
            windows: BTreeMap::new(),
            instances: vec![root],
            scopes: Vec::new(),
            ids: HashMap::new(),
            startable: Vec::new(),
            restless: Vec::new(),
        }
    }

    /// The graph that the run walks.
    #[must_use]
    pub fn graph(&self) -> &Arc<Graph> {
        &self.graph
    }

    /// The run as a whole.
    #[must_use]
    pub fn run(&self) -> &Run {
        &self.run
    }

    /// All instances, each group before what is inside it.
    #[must_use]
    pub fn instances(&self) -> &[Instance] {
        &self.instances
    }

    /// One instance.
    #[must_use]
    pub fn instance(&self, id: InstanceId) -> &Instance {
        &self.instances[id.index()]
    }

    /// One scope.
    #[must_use]
    pub fn scope(&self, id: ScopeId) -> &Scope {
        &self.scopes[id.index()]
    }

    /// The node of an instance.
    #[must_use]
    pub fn node(&self, id: InstanceId) -> &Node {
        self.graph.node(self.instance(id).node)
    }

    /// What a text names, if anything: `move[alice]` a task, `mailboxes[alice]` an item, `mailboxes` a group.
    #[must_use]
    pub fn named(&self, id: &str) -> Option<Named> {
        self.ids.get(id).copied()
    }

    /// The instance that a text names.
    #[must_use]
    pub fn find(&self, id: &str) -> Option<InstanceId> {
        match self.named(id) {
            Some(Named::Instance(instance)) => Some(instance),
            _ => None,
        }
    }

    /// What is known of a task; `None` for a group.
    #[must_use]
    pub fn task(&self, id: InstanceId) -> Option<&TaskState> {
        match &self.instance(id).body {
            InstanceBody::Task(task) => Some(task),
            _ => None,
        }
    }

    /// What is known of a group; `None` for a task.
    #[must_use]
    pub fn group(&self, id: InstanceId) -> Option<&GroupState> {
        match &self.instance(id).body {
            InstanceBody::Group(group) => Some(group),
            _ => None,
        }
    }

    /// All tasks with their numbers.
    pub fn tasks(&self) -> impl Iterator<Item = (InstanceId, &Instance, &TaskState)> {
        self.instances.iter().enumerate().filter_map(|(index, instance)| match &instance.body {
            InstanceBody::Task(task) => {
                Some((InstanceId(u32::try_from(index).unwrap_or(u32::MAX)), instance, &**task))
            }
            _ => None,
        })
    }

    /// The tasks that wait for people, with what these are asked.
    pub fn questions(&self) -> impl Iterator<Item = (InstanceId, &Instance, &Arc<Question>)> {
        let open = self.tasks().filter(|(_, _, task)| task.phase == Phase::Awaiting);
        open.filter_map(|(id, instance, task)| Some((id, instance, task.question.as_ref()?)))
    }

    /// The window of a task, or of an item.
    #[must_use]
    pub fn windows_of(&self, holder: Holder) -> Option<&Window> {
        let id = match holder {
            Holder::Task(task) => task,
            Holder::Scope(scope) => self.scope(scope).group,
        };
        let is_group = self.group(id).is_some();
        let of_items = matches!(holder, Holder::Scope(_));
        self.node(id).window.as_deref().filter(|_| is_group == of_items)
    }

    /// Everything around a task that has a window and was not really begun, outermost first, and the task itself last.
    #[must_use]
    pub fn windows_around(&self, task: InstanceId) -> Vec<Holder> {
        let mut around = vec![Holder::Task(task)];
        let mut at = task;
        while at != InstanceId::ROOT {
            let scope = self.instance(at).scope;
            around.push(Holder::Scope(scope));
            at = self.scope(scope).group;
        }
        around.retain(|&holder| self.windows_of(holder).is_some() && !self.is_past_window(holder));
        around.reverse();
        around
    }

    /// Whether a task, or an item, need not wait for its window any more.
    #[must_use]
    pub fn is_past_window(&self, holder: Holder) -> bool {
        match holder {
            // A task that is started anew begins anew; an item goes on.
            Holder::Task(task) => self.task(task).is_none_or(|task| task.phase != Phase::Waiting),
            Holder::Scope(scope) => self.scope(scope).started,
        }
    }

    /// The window that a task, or an item, waits for.
    #[must_use]
    pub fn awaited_window(&self, holder: Holder) -> Option<&AwaitedWindow> {
        self.windows.get(&holder).filter(|_| !self.is_past_window(holder))
    }

    /// The outermost window that a task waits for.
    #[must_use]
    pub fn awaited_by(&self, task: InstanceId) -> Option<&AwaitedWindow> {
        self.windows_around(task).into_iter().find_map(|holder| self.awaited_window(holder))
    }

    /// The instances inside a scope, in file order.
    pub fn children(
        &self,
        scope: ScopeId,
    ) -> impl DoubleEndedIterator<Item = InstanceId> + ExactSizeIterator + use<> {
        let first = self.scope(scope).first.0;
        let count = self.children_of(self.scope(scope).group).len();
        (first..first + u32::try_from(count).unwrap_or(u32::MAX)).map(InstanceId)
    }

    /// The instance of that name inside a scope.
    #[must_use]
    pub fn child(&self, scope: ScopeId, name: &str) -> Option<InstanceId> {
        let here = self.scope(scope);
        let inside = self.graph.group(self.instance(here.group).node)?;
        if inside.fan_out.as_ref().is_some_and(|fan_out| fan_out.single) {
            return self.children(scope).find(|&child| self.node(child).name.as_ref() == name);
        }
        let item = super::apply::item_id(&self.instance(here.group).id, here.key.as_deref());
        self.find(&if item.is_empty() { name.to_owned() } else { format!("{item}.{name}") })
    }

    /// The sibling of an instance in that slot.
    #[must_use]
    pub fn sibling(&self, of: InstanceId, slot: u32) -> InstanceId {
        InstanceId(self.scope(self.instance(of).scope).first.0 + slot)
    }

    /// The keys of the items around an instance, outermost first, without those of groups that do not fan out.
    #[must_use]
    pub fn keys(&self, of: InstanceId) -> Vec<Arc<str>> {
        let mut keys = Vec::new();
        let mut at = of;
        while at != InstanceId::ROOT {
            let scope = self.scope(self.instance(at).scope);
            keys.extend(scope.key.clone());
            at = scope.group;
        }
        keys.reverse();
        keys
    }

    /// Whether every task has succeeded, was skipped or waived.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.instance(InstanceId::ROOT).standing.settled == Settled::Good
    }

    /// Whether nothing new may start in a scope because something in it, or around it, has failed or is in doubt.
    /// A group that comes `after` something is not reached by what happens around it, and what goes wrong in one item of a group
    /// does not reach the others by way of the group: those that have begun are finished.
    #[must_use]
    pub fn is_halted(&self, scope: ScopeId) -> bool {
        let mut at = scope;
        let mut inside_halts = false;
        loop {
            let here = self.scope(at);
            if here.halting > u32::from(inside_halts) {
                return true;
            }
            let group = self.instance(here.group);
            if let InstanceBody::Group(state) = &group.body
                && state.doomed
                && !here.begun
                // Without items it is for each step to say whether the others go on.
                && here.key.is_some()
            {
                return true;
            }
            if here.group == InstanceId::ROOT || !self.graph.node(group.node).after.is_empty() {
                return false;
            }
            inside_halts = group.standing.halts;
            at = group.scope;
        }
    }

    /// Whether a task or group has everything that it waits for, and nothing keeps it from starting.
    #[must_use]
    pub fn may_start(&self, id: InstanceId) -> bool {
        let instance = self.instance(id);
        let fresh = match &instance.body {
            InstanceBody::Task(task) => task.phase == Phase::Waiting,
            InstanceBody::Group(group) => group.items.is_none() && group.ended.is_none(),
            // A setting is opened by whoever needs it.
            InstanceBody::Setting(_) | InstanceBody::Part(_) => false,
        };
        fresh && instance.unmet == 0 && instance.standing.settled == Settled::Open
    }

    /// A copy in which everything that is kept up to date in small steps is counted anew from the facts. It equals the state itself
    /// always; whoever tests the core compares the two.
    #[must_use]
    pub fn recounted(&self) -> Self {
        let mut copy = self.clone();
        copy.settle_everything();
        copy
    }

    pub(super) fn children_of(&self, group: InstanceId) -> &[NodeId] {
        self.graph.group(self.instance(group).node).map_or(&[], |group| group.children.as_slice())
    }

    pub(super) fn task_mut(&mut self, id: InstanceId) -> Option<&mut TaskState> {
        match &mut self.instances[id.index()].body {
            InstanceBody::Task(task) => Some(task),
            _ => None,
        }
    }

    pub(super) fn group_mut(&mut self, id: InstanceId) -> Option<&mut GroupState> {
        match &mut self.instances[id.index()].body {
            InstanceBody::Group(group) => Some(group),
            _ => None,
        }
    }

    /// Takes the instances that may have become ready to start since the last call.
    pub(super) fn take_startable(&mut self) -> Vec<InstanceId> {
        std::mem::take(&mut self.startable)
    }
}
