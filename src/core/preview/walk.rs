//! The walk through a plan: each group with its items, each step after what it waits for.
//!
//! Does not look into a task; what becomes of one is found in [`task`](super::task).

use jiff::Timestamp;
use serde_json::Value;

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
        let children: Vec<InstanceId> = self.state.children(scope).collect();
        let mut passed = vec![Passed::default(); children.len()];
        let mut whole = Passed { end: start, stops: false };
        for slot in self.plan.graph.order(group) {
            let id = children[slot as usize];
            let fate = match above {
                Some(fate) => fate.clone(),
                None => self.blocked(id, &passed).unwrap_or_else(|| self.condition(id)),
            };
            let node = self.state.node(id);
            let before = node.predecessors().map(|before| passed[before as usize].end);
            let start = before.fold(start, Moment::or_later);
            let here = match &node.body {
                NodeBody::Task(_) => self.task(id, fate, start),
                NodeBody::Group(_) => self.group(id, fate, start)?,
                NodeBody::Setting(_) => self.setting(id, fate, start)?,
            };
            whole.end = whole.end.or_later(here.end);
            whole.stops |= here.stops;
            passed[slot as usize] = here;
        }
        Ok(whole)
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
            (_, None) => Some(vec![Item { key: None, value: Value::Null }]),
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
