//! Entering a group: a scope for each item, and in it an instance of every node.
//!
//! Does not know where the items come from.

use std::sync::Arc;

use super::count;
use crate::core::record::Item;
use crate::core::state::{
    GroupState, Instance, InstanceBody, InstanceId, Items, Named, Scope, ScopeId, Standing, State,
    TaskFacts,
};
use crate::plan::graph::NodeBody;

impl State {
    /// Makes the scopes of a group and an instance of every node in each of them.
    pub(super) fn enter(&mut self, group: InstanceId, items: &[Item]) {
        let first = ScopeId(count(self.scopes.len()));
        let graph = self.graph.clone();
        let node = self.instance(group).node;
        let Some(inside) = graph.group(node) else { return };
        let single = inside.fan_out.as_ref().is_some_and(|fan_out| fan_out.single);
        for (index, item) in items.iter().enumerate() {
            let scope = ScopeId(count(self.scopes.len()));
            let prefix = item_id(&self.instance(group).id, item.key.as_deref());
            self.scopes.push(Scope {
                group,
                key: item.key.clone(),
                value: item.value.clone(),
                index: count(index),
                first: InstanceId(count(self.instances.len())),
                begun: false,
                started: false,
                open: count(inside.children.len()),
                bad: 0,
                doubtful: 0,
                stuck: 0,
                halting: 0,
            });
            if item.key.is_some() && !single {
                self.ids.insert(prefix.clone(), Named::Item(scope));
            }
            for &child in &inside.children {
                let node = graph.node(child);
                let id = match (single, prefix.is_empty()) {
                    (true, _) => prefix.clone(),
                    (false, true) => node.name.clone(),
                    (false, false) => format!("{prefix}.{}", node.name).into(),
                };
                let number = InstanceId(count(self.instances.len()));
                self.ids.insert(id.clone(), Named::Instance(number));
                self.instances.push(Instance {
                    id,
                    node: child,
                    scope,
                    standing: Standing::default(),
                    unmet: count(node.needs.len() + node.after.len()),
                    dead: 0,
                    dead_by_doubt: 0,
                    body: match node.body {
                        NodeBody::Task(_) => InstanceBody::Task(TaskFacts::default()),
                        NodeBody::Group(_) => InstanceBody::Group(GroupState::default()),
                        NodeBody::Setting(ref setting) => super::setting::unopened(setting),
                    },
                });
                if node.needs.is_empty() && node.after.is_empty() {
                    self.startable.push(number);
                }
            }
        }
        let made = Items { first, count: count(items.len()) };
        if let Some(state) = self.group_mut(group) {
            state.items = Some(made);
            state.open = if inside.children.is_empty() { 0 } else { made.count };
        }
    }

    /// Notes that something has begun in every item around an instance.
    pub(super) fn mark_begun(&mut self, id: InstanceId) {
        let mut at = id;
        while at != InstanceId::ROOT {
            let scope = self.instance(at).scope;
            let state = &mut self.scopes[scope.index()];
            if std::mem::replace(&mut state.begun, true) {
                return;
            }
            at = state.group;
        }
    }
}

/// The id of a group's item, which is the beginning of the ids inside it.
pub(in crate::core) fn item_id(group: &Arc<str>, key: Option<&str>) -> Arc<str> {
    match key {
        Some(key) => format!("{group}[{key}]").into(),
        None => group.clone(),
    }
}
