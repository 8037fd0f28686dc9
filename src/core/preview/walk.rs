//! The walk through a plan: each group with its items, each step after what it waits for.
//!
//! Does not look into a task; what becomes of one is found in [`task`](super::task).

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::moment::{Lanes, Moment};
use super::probe::Look;
use super::{Beside, Fate, Forecast, Foreseen, ForeseenSetting};
use crate::core::apply::Unfit;
use crate::core::evaluate::Evaluate;
use crate::core::expressions::Expressions;
use crate::core::record::{Item, Outcome, Record};
use crate::core::state::{InstanceId, Items, ScopeId, State};
use crate::plan::Plan;
use crate::plan::graph::{NodeBody, NodeId};

/// What is known of something that was walked through.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Passed {
    /// When it has ended.
    pub(super) end: Moment,
    /// It cannot end well.
    pub(super) stops: bool,
}

/// What is known of the children of a scope, by their slots.
struct Siblings {
    ids: Vec<InstanceId>,
    passed: Vec<Passed>,
    /// Of settings that were looked at: why one cannot be changed, if it cannot.
    changes: BTreeMap<u32, Option<String>>,
}

pub(super) struct Walk<'a> {
    pub(super) expressions: &'a Expressions,
    pub(super) plan: &'a Plan,
    pub(super) beside: &'a Beside,
    pub(super) state: State,
    pub(super) tasks: Vec<Foreseen>,
    pub(super) settings: Vec<ForeseenSetting>,
    pub(super) looks: Vec<Look>,
}

impl<'a> Walk<'a> {
    pub(super) fn new(expressions: &'a Expressions, state: State, beside: &'a Beside) -> Self {
        Self {
            expressions,
            plan: expressions.plan(),
            beside,
            state,
            tasks: Vec::new(),
            settings: Vec::new(),
            looks: Vec::new(),
        }
    }

    /// Walks through everything; returns when it has ended.
    pub(super) fn run(&mut self) -> Result<Moment, Unfit> {
        let mut end = Moment::default();
        let items = self.state.group(InstanceId::ROOT).and_then(|root| root.items);
        for scope in items.into_iter().flat_map(Items::scopes) {
            end = end.or_later(self.scope(scope, None, Moment::default())?.end);
        }
        Ok(end)
    }

    /// Foresees what is inside a scope; `above` is the fate of what is around it, if that is not simply to run.
    fn scope(
        &mut self,
        scope: ScopeId,
        above: Option<&Fate>,
        start: Moment,
    ) -> Result<Passed, Unfit> {
        let group = self.state.instance(self.state.scope(scope).group).node;
        let ids: Vec<InstanceId> = self.state.children(scope).collect();
        let passed = vec![Passed::default(); ids.len()];
        let mut siblings = Siblings { ids, passed, changes: BTreeMap::new() };
        let mut whole = Passed { end: start, stops: false };
        for slot in self.plan.graph.order(group) {
            let id = siblings.ids[slot as usize];
            let node = self.state.node(id);
            let before = node.predecessors().map(|before| siblings.passed[before as usize].end);
            let start = before.fold(start, Moment::or_later);
            let here = match &node.body {
                NodeBody::Setting(_) => {
                    let stops = self.change(slot, above, &mut siblings)?.is_some();
                    Passed { end: start, stops }
                }
                NodeBody::Task(_) => {
                    let fate = self.fate(id, above, &mut siblings)?;
                    self.task(id, fate, start)
                }
                NodeBody::Group(_) => {
                    let fate = self.fate(id, above, &mut siblings)?;
                    self.group(id, fate, start)?
                }
            };
            whole.end = whole.end.or_later(here.end);
            whole.stops |= here.stops;
            siblings.passed[slot as usize] = here;
        }
        Ok(whole)
    }

    /// What becomes of a task or group, as far as that is decided outside of it.
    fn fate(
        &mut self,
        id: InstanceId,
        above: Option<&Fate>,
        siblings: &mut Siblings,
    ) -> Result<Fate, Unfit> {
        if let Some(fate) = above {
            return Ok(fate.clone());
        }
        let fate = self.alone(id, siblings);
        if fate.verdict != Forecast::WillRun {
            return Ok(fate);
        }
        for slot in self.state.node(id).surrounded_by.clone() {
            if let Some(why) = self.change(slot, None, siblings)? {
                return Ok(Fate::stop(why));
            }
        }
        Ok(fate)
    }

    /// What becomes of a setting, before the first of what it surrounds; returns why nothing in it can start, if that is so.
    fn change(
        &mut self,
        slot: u32,
        above: Option<&Fate>,
        siblings: &mut Siblings,
    ) -> Result<Option<String>, Unfit> {
        if let Some(known) = siblings.changes.get(&slot) {
            return Ok(known.clone());
        }
        let id = siblings.ids[slot as usize];
        let fate = above.cloned().unwrap_or_else(|| self.alone(id, siblings));
        let why = self.setting(id, fate)?;
        siblings.changes.insert(slot, why.clone());
        Ok(why)
    }

    /// What is decided by what something needs, and by its `when`.
    fn alone(&self, id: InstanceId, siblings: &Siblings) -> Fate {
        self.blocked(id, &siblings.passed).unwrap_or_else(|| self.condition(id))
    }

    /// What cannot begin because something that it needs cannot end well.
    fn blocked(&self, id: InstanceId, passed: &[Passed]) -> Option<Fate> {
        let needs = &self.state.node(id).needs;
        let slot = needs.iter().copied().find(|&slot| passed[slot as usize].stops)?;
        let need = &self.state.instance(self.state.sibling(id, slot)).id;
        Some(Fate::stop(format!("it needs {need}, which will not end well")))
    }

    /// What `when` says.
    fn condition(&self, id: InstanceId) -> Fate {
        let Some(when) = &self.plan.step(self.state.instance(id).node).when else {
            return Fate::known(Forecast::WillRun);
        };
        let when = when.value.source();
        match self.expressions.when_beforehand(&self.state, id) {
            Err(until) => Fate::unknown(until),
            Ok(Ok(true)) => Fate::because(Forecast::WillRun, format!("its `when` is true: {when}")),
            Ok(Ok(false)) => Fate::because(Forecast::Skip, format!("its `when` is false: {when}")),
            Ok(Err(error)) => Fate::stop(format!("`when`: {error}")),
        }
    }

    fn group(&mut self, id: InstanceId, mut fate: Fate, start: Moment) -> Result<Passed, Unfit> {
        let node = self.state.instance(id).node;
        let fan_out = self.plan.graph.group(node).and_then(|group| group.fan_out.clone());
        let items = match (fate.verdict, &fan_out) {
            (Forecast::WillRun, Some(_)) => match self.expressions.items_depend_on(&self.state, id)
            {
                Some(until) => {
                    fate = Fate::unknown(until);
                    None
                }
                None => match self.expressions.items(&self.state, id) {
                    Ok(items) => Some(items),
                    Err(error) => {
                        fate = Fate::stop(format!("`for_each`: {error}"));
                        None
                    }
                },
            },
            (_, Some(_)) => None,
            (_, None) => Some(vec![Item::single()]),
        };
        let name = self.state.instance(id).id.clone();
        let Some(items) = items else {
            let end = self.unentered(node, &name, &fate, start);
            return Ok(Passed { end, stops: fate.verdict == Forecast::Stop });
        };
        if fate.verdict == Forecast::Skip {
            self.unentered(node, &name, &fate, start);
            self.state.apply(
                Timestamp::UNIX_EPOCH,
                &Record::TaskEnded { task: name, outcome: Outcome::Skipped, reason: None },
            )?;
            return Ok(Passed { end: start, stops: false });
        }
        self.state.apply(Timestamp::UNIX_EPOCH, &Record::ItemsFrozen { task: name, items })?;
        let above = (fate.verdict != Forecast::WillRun).then_some(fate);
        let scopes = self.state.group(id).and_then(|group| group.items);
        let mut lanes = Lanes::new(start, fan_out.and_then(|fan_out| fan_out.parallel));
        let mut stops = above.as_ref().is_some_and(|fate| fate.verdict == Forecast::Stop);
        for scope in scopes.into_iter().flat_map(Items::scopes) {
            let start = lanes.next();
            let item = self.scope(scope, above.as_ref(), start)?;
            lanes.ended(item.end);
            stops |= item.stops;
        }
        Ok(Passed { end: lanes.last(), stops })
    }

    /// What is inside a group whose items are not known: each step once.
    fn unentered(&mut self, node: NodeId, id: &str, fate: &Fate, start: Moment) -> Moment {
        let Some(group) = self.plan.graph.group(node) else {
            let mut row = self.row(node, id.to_owned(), fate.clone());
            let end = self.moment_after(&mut row, start);
            self.tasks.push(row);
            return end;
        };
        let single = group.fan_out.as_ref().is_some_and(|fan_out| fan_out.single);
        let inside = if group.fan_out.is_some() { format!("{id}[?]") } else { id.to_owned() };
        let mut ends = vec![start; group.children.len()];
        for slot in self.plan.graph.order(node) {
            let child = group.children[slot as usize];
            let inner = self.plan.graph.node(child);
            let before = inner.predecessors().map(|before| ends[before as usize]);
            let start = before.fold(start, Moment::or_later);
            ends[slot as usize] = start;
            if self.plan.graph.setting(child).is_some() {
                continue;
            }
            let name = match single {
                true => inside.clone(),
                false => format!("{inside}.{}", inner.name),
            };
            ends[slot as usize] = self.unentered(child, &name, fate, start);
        }
        ends.into_iter().fold(start, Moment::or_later)
    }

    /// Notes when a task could begin and how long it takes; returns when it would have ended.
    pub(super) fn moment_after(&self, row: &mut Foreseen, start: Moment) -> Moment {
        if row.verdict == Forecast::Skip {
            return start;
        }
        let usual = self.beside.usual.get(&row.step).map(std::time::Duration::as_secs_f64);
        row.usual_seconds = usual;
        let end = start.after_task(usual.unwrap_or_default());
        row.wave = Some(end.wave);
        end
    }
}
