//! What a run would do, as far as that can be known beforehand.
//!
//! Walks the plan with the run's own state and expressions. Guesses nothing: what depends on the outcome of a step is unknown
//! until that step has ended.

mod setting;

use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;

pub use self::setting::ForeseenSetting;
use super::evaluate::Evaluate;
use super::expressions::Expressions;
use super::job::Role;
use super::machine::in_words;
use super::question::Question;
use super::record::{Actor, Item, Opened, Outcome, Record};
use super::state::{InstanceId, Items, ScopeId, State};
use crate::plan::Plan;
use crate::plan::graph::{NodeBody, NodeId, Work};
use crate::spec::model::Effect;

/// What a run would do, as `plan --format json` prints it.
#[derive(Debug, Clone, Serialize)]
pub struct Preview {
    /// The runbook's name.
    pub runbook: String,
    /// The runbook's title.
    pub title: String,
    /// Fingerprint of the runbook, its drivers and the parameters.
    pub digest: String,
    /// The parameters.
    pub params: Value,
    /// What is changed for a time. Inside groups whose items are not known yet settings are not foreseen.
    pub settings: Vec<ForeseenSetting>,
    /// The tasks in an order in which they could be done one by one.
    pub tasks: Vec<Foreseen>,
    /// The steps of the longest way through the plan.
    pub critical_path: Vec<String>,
}

/// A task as it is foreseen.
#[derive(Debug, Clone, Serialize)]
pub struct Foreseen {
    /// The task's id; `[?]` stands for items that are not known yet.
    pub id: String,
    /// The step, by the names of the groups around it.
    pub step: String,
    /// Key of the innermost item around it.
    pub item: Option<String>,
    /// The step's title.
    #[serde(skip)]
    pub title: String,
    /// The step's kind.
    pub kind: Option<String>,
    /// What may happen if it is done again.
    pub effect: Effect,
    /// The command, if there is one and it is known.
    pub argv: Option<Vec<String>>,
    /// The commands that verify it; none where one is not known yet.
    #[serde(skip)]
    pub verifications: Vec<Option<Vec<String>>>,
    /// What it waits for, in words, where that is all that it does.
    #[serde(skip)]
    pub waits: Option<String>,
    /// The window in which it, or the item around it, begins, in words.
    #[serde(skip)]
    pub window: Option<String>,
    /// What must have ended before.
    pub needs: Vec<String>,
    /// The names of the locks that it runs under, outermost first; without those that depend on another step's outcome.
    pub locks: Vec<String>,
    /// What will become of it.
    pub verdict: Forecast,
    /// The step on whose outcome it depends.
    pub unknown_until: Option<String>,
    /// Why, in words.
    pub reason: Option<String>,
}

/// What will become of a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Forecast {
    /// It will run.
    WillRun,
    /// Its `when` is false.
    Skip,
    /// It will fail before anything is started.
    Stop,
    /// It depends on what another step finds.
    Unknown,
}

/// What would happen to something, and why.
#[derive(Debug, Clone)]
struct Fate {
    verdict: Forecast,
    unknown_until: Option<String>,
    reason: Option<String>,
}

impl Fate {
    fn known(verdict: Forecast) -> Self {
        Self { verdict, unknown_until: None, reason: None }
    }

    fn unknown(until: String) -> Self {
        Self { verdict: Forecast::Unknown, unknown_until: Some(until), reason: None }
    }

    fn stop(reason: String) -> Self {
        Self { verdict: Forecast::Stop, unknown_until: None, reason: Some(reason) }
    }
}

/// What a run of a plan would do.
///
/// # Errors
/// If the plan contradicts itself, which is a bug.
pub fn preview(expressions: &Expressions) -> Result<Preview, super::apply::Unfit> {
    let plan = expressions.plan();
    let mut state = State::new(plan.graph.clone());
    state.apply(Timestamp::UNIX_EPOCH, &opening(plan))?;
    let mut walk = Walk { expressions, plan, state, tasks: Vec::new(), settings: Vec::new() };
    if let Some(items) = walk.state.group(InstanceId::ROOT).and_then(|root| root.items) {
        for scope in items.scopes() {
            walk.scope(scope, None)?;
        }
    }
    Ok(Preview {
        runbook: plan.name.clone(),
        title: plan.title.clone(),
        digest: plan.digest.clone(),
        params: plan.params.clone(),
        settings: walk.settings,
        tasks: walk.tasks,
        critical_path: critical_path(plan, NodeId::ROOT),
    })
}

fn opening(plan: &Plan) -> Record {
    Record::Opened(Box::new(Opened {
        run: String::new(),
        runbook: plan.name.clone(),
        title: plan.title.clone(),
        digest: plan.digest.clone(),
        by: Actor { user: String::new(), host: String::new(), pid: None, boot: None },
        version: String::new(),
        folder: String::new(),
        vars: plan.vars.clone(),
    }))
}

struct Walk<'a> {
    expressions: &'a Expressions,
    plan: &'a Plan,
    state: State,
    tasks: Vec<Foreseen>,
    settings: Vec<ForeseenSetting>,
}

impl Walk<'_> {
    /// Foresees what is inside a scope; `above` is the fate of what is around it, if that is not simply to run.
    fn scope(&mut self, scope: ScopeId, above: Option<&Fate>) -> Result<(), super::apply::Unfit> {
        let group = self.state.instance(self.state.scope(scope).group).node;
        let children: Vec<InstanceId> = self.state.children(scope).collect();
        for slot in self.plan.graph.order(group) {
            let id = children[slot as usize];
            let fate = match above {
                Some(fate) => fate.clone(),
                None => self.condition(id),
            };
            let node = self.state.instance(id).node;
            match &self.plan.graph.node(node).body {
                NodeBody::Task(_) => self.task(id, fate),
                NodeBody::Group(_) => self.group(id, fate)?,
                NodeBody::Setting(_) => self.setting(id, fate)?,
            }
        }
        Ok(())
    }

    /// What `when` says.
    fn condition(&self, id: InstanceId) -> Fate {
        if !self.state.node(id).conditional {
            return Fate::known(Forecast::WillRun);
        }
        if let Some(until) = self.expressions.condition_depends_on(&self.state, id) {
            return Fate::unknown(until);
        }
        match self.expressions.when(&self.state, id) {
            Ok(true) => Fate::known(Forecast::WillRun),
            Ok(false) => Fate {
                reason: Some("its `when` is false".to_owned()),
                ..Fate::known(Forecast::Skip)
            },
            Err(error) => Fate::stop(format!("`when`: {error}")),
        }
    }

    fn task(&mut self, id: InstanceId, mut fate: Fate) {
        let work = self.plan.graph.task(self.state.instance(id).node).map(|task| task.work);
        let (mut argv, mut asked) = (None, None);
        if fate.verdict == Forecast::WillRun {
            match self.expressions.action_depends_on(&self.state, id) {
                Some(until) => fate.unknown_until = Some(until),
                None if work == Some(Work::Assert) => {
                    match self.expressions.assert(&self.state, id) {
                        Ok(None) => {}
                        Ok(Some(message)) | Err(message) => fate = Fate::stop(message),
                    }
                }
                None if matches!(work, Some(Work::Question(_))) => {
                    match self.expressions.question(&self.state, id) {
                        Ok(question) => asked = Some(question),
                        Err(error) => fate = Fate::stop(error),
                    }
                }
                None if work != Some(Work::Job) => {}
                None => match self.expressions.command(&self.state, id, Role::Action) {
                    Ok(command) => argv = Some(command.argv),
                    Err(error) => fate = Fate::stop(error),
                },
            }
        }
        let needs = self.needs(id);
        let row = self.row(
            self.state.instance(id).node,
            self.state.instance(id).id.to_string(),
            needs,
            argv,
            fate,
        );
        let item = self.state.keys(id).last().map(ToString::to_string);
        let verifications = match row.verdict {
            Forecast::WillRun => self.verifications(id),
            Forecast::Skip | Forecast::Stop | Forecast::Unknown => Vec::new(),
        };
        let locks = self.locks(id);
        let window = self.state.windows_around(id).into_iter().next_back();
        let window = window.and_then(|holder| self.state.windows_of(holder)).map(|window| {
            let expect =
                window.expect.map(|expect| format!(", which must have {} left", in_words(expect)));
            format!("{}{}", window.name, expect.unwrap_or_default())
        });
        self.tasks.push(Foreseen {
            window,
            item,
            verifications,
            locks,
            waits: waits(work, asked),
            ..row
        });
    }

    fn locks(&self, id: InstanceId) -> Vec<String> {
        let mut names: Vec<String> = Vec::new();
        for holder in self.state.holders_around(id) {
            if self.expressions.locks_depend_on(&self.state, holder).is_some() {
                continue;
            }
            // What cannot be rendered fails the task when its turn comes; its command tells that already.
            for lock in self.expressions.locks(&self.state, holder).unwrap_or_default() {
                if !names.iter().any(|name| **name == *lock.name) {
                    names.push(lock.name.to_string());
                }
            }
        }
        names
    }

    fn verifications(&self, id: InstanceId) -> Vec<Option<Vec<String>>> {
        let task = self.plan.graph.task(self.state.instance(id).node);
        let count = task.map_or(0, |task| u32::try_from(task.verify.len()).unwrap_or(u32::MAX));
        let command = |number| self.expressions.command(&self.state, id, Role::Verify(number));
        (0..count).map(|number| command(number).ok().map(|command| command.argv)).collect()
    }

    /// What a task waits for: its own needs, or else those of the nearest group around it that has some.
    fn needs(&self, id: InstanceId) -> Vec<String> {
        let mut at = id;
        while at != InstanceId::ROOT {
            let needs = self.state.waits_for(at);
            if !needs.is_empty() {
                return needs;
            }
            at = self.state.scope(self.state.instance(at).scope).group;
        }
        Vec::new()
    }

    fn group(&mut self, id: InstanceId, mut fate: Fate) -> Result<(), super::apply::Unfit> {
        let node = self.state.instance(id).node;
        let fans_out = self.plan.graph.group(node).is_some_and(|group| group.fan_out.is_some());
        let items = match (fate.verdict, fans_out) {
            (Forecast::WillRun, true) => match self.expressions.items_depend_on(&self.state, id) {
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
            (_, true) => None,
            (_, false) => Some(vec![Item { key: None, value: Value::Null }]),
        };
        let name = self.state.instance(id).id.clone();
        let Some(items) = items else {
            self.unentered(node, &name, &fate);
            return Ok(());
        };
        if fate.verdict == Forecast::Skip {
            self.unentered(node, &name, &fate);
            return self.state.apply(
                Timestamp::UNIX_EPOCH,
                &Record::TaskEnded { task: name, outcome: Outcome::Skipped, reason: None },
            );
        }
        self.state.apply(Timestamp::UNIX_EPOCH, &Record::ItemsFrozen { task: name, items })?;
        let above = (fate.verdict != Forecast::WillRun).then_some(fate);
        let scopes = self.state.group(id).and_then(|group| group.items);
        for scope in scopes.into_iter().flat_map(Items::scopes) {
            self.scope(scope, above.as_ref())?;
        }
        Ok(())
    }

    /// What is inside a group whose items are not known: each step once.
    fn unentered(&mut self, node: NodeId, id: &str, fate: &Fate) {
        let Some(group) = self.plan.graph.group(node) else {
            let row = self.row(node, id.to_owned(), Vec::new(), None, fate.clone());
            self.tasks.push(row);
            return;
        };
        let single = group.fan_out.as_ref().is_some_and(|fan_out| fan_out.single);
        let inside = if group.fan_out.is_some() { format!("{id}[?]") } else { id.to_owned() };
        for slot in self.plan.graph.order(node) {
            let child = group.children[slot as usize];
            if self.plan.graph.setting(child).is_some() {
                continue;
            }
            let name = &self.plan.graph.node(child).name;
            self.unentered(
                child,
                &if single { inside.clone() } else { format!("{inside}.{name}") },
                fate,
            );
        }
    }

    fn row(
        &self,
        node: NodeId,
        id: String,
        needs: Vec<String>,
        argv: Option<Vec<String>>,
        fate: Fate,
    ) -> Foreseen {
        Foreseen {
            id,
            step: self.plan.graph.path(node),
            item: None,
            title: self.plan.title(node).to_owned(),
            kind: self.plan.kind(node).map(str::to_owned),
            effect: self.plan.graph.task(node).map_or(Effect::Once, |task| task.effect),
            argv,
            verifications: Vec::new(),
            waits: None,
            window: None,
            needs,
            locks: Vec::new(),
            verdict: fate.verdict,
            unknown_until: fate.unknown_until,
            reason: fate.reason,
        }
    }
}

/// What a task waits for that starts nothing.
fn waits(work: Option<Work>, asked: Option<Question>) -> Option<String> {
    match (work?, asked) {
        (Work::Pause(time), _) => Some(format!("waits for {}", in_words(time))),
        (Work::Question(_), Some(question)) => {
            Some(format!("asks {}: {}", question.whom(), question.text.trim_end()))
        }
        (Work::Question(_), None) => Some("asks people".to_owned()),
        (Work::Job | Work::Assert, _) => None,
    }
}

/// The steps of the longest way through a group, and through the groups on it.
fn critical_path(plan: &Plan, group: NodeId) -> Vec<String> {
    let graph = &plan.graph;
    let Some(inside) = graph.group(group) else { return Vec::new() };
    let longest = |slots: &mut dyn Iterator<Item = u32>| {
        slots.max_by_key(|&slot| {
            (graph.node(inside.children[slot as usize]).rank, std::cmp::Reverse(slot))
        })
    };
    let mut path = Vec::new();
    let mut at = longest(&mut (0..).take(inside.children.len()));
    while let Some(slot) = at {
        let child = inside.children[slot as usize];
        match graph.group(child) {
            Some(group) if !group.fan_out.as_ref().is_some_and(|fan_out| fan_out.single) => {
                path.extend(critical_path(plan, child));
            }
            _ if graph.setting(child).is_some() => {}
            _ => path.push(graph.path(child)),
        }
        let node = graph.node(child);
        let behind = node.needed_by.iter().chain(&node.followed_by).chain(&node.surrounded_by);
        at = longest(&mut behind.copied());
    }
    path
}
