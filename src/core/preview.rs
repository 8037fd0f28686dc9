//! What a run would do, as far as that can be known beforehand.
//!
//! Walks the plan with the run's own state and expressions. Guesses nothing: what depends on the outcome of a step is unknown
//! until that step has ended. Asks nobody: what probes say is brought to it.

mod moment;
mod probe;
mod setting;
mod task;
mod walk;

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use self::probe::{Answer, Look, Seen};
pub use self::setting::ForeseenSetting;
use self::walk::Walk;
use super::expressions::Expressions;
use super::record::{Actor, Opened, Record};
use super::state::State;
use crate::plan::Plan;
use crate::plan::graph::NodeId;
use crate::spec::model::Effect;

/// What is known beside the plan itself.
#[derive(Debug, Clone, Default)]
pub struct Beside {
    /// How long a task of a step took in earlier runs, by the names of the step and the groups around it.
    pub usual: BTreeMap<String, Duration>,
    /// What the jobs have said that were asked to look at the world, by their ids; nothing if none was asked.
    pub answers: Option<BTreeMap<String, Answer>>,
}

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
    /// Whether probes were asked in which state the world is.
    pub probed: bool,
    /// How many seconds it would take if there were slots enough; nothing where no earlier run says.
    pub usual_seconds: Option<f64>,
    /// The jobs that could be asked to look at the world before the run.
    #[serde(skip)]
    pub looks: Vec<Look>,
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
    /// The settings that are in force while it runs, outermost first.
    pub settings: Vec<String>,
    /// Tasks of one number can be under way at the same time; those of a smaller one come before. Nothing for what is skipped.
    pub wave: Option<u32>,
    /// How many seconds it took in earlier runs, where there are any.
    pub usual_seconds: Option<f64>,
    /// What will become of it.
    pub verdict: Forecast,
    /// The state in which its probe has found the world.
    pub found: Option<String>,
    /// The commands that bring the world in order; none where one is not known.
    pub repair: Vec<Option<Vec<String>>>,
    /// The step on whose outcome it depends.
    pub unknown_until: Option<String>,
    /// Why, in words.
    pub reason: Option<String>,
}

/// What will become of a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Forecast {
    /// It will run.
    WillRun,
    /// Its probe finds its effect: it is not done, but verified.
    FoundDone,
    /// Its probe finds the world in a state that is repaired first.
    NeedsRepair,
    /// Its probe finds that it is going on.
    Running,
    /// Its `when` is false.
    Skip,
    /// It will fail before anything is started, or stop for the operator.
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

    fn because(verdict: Forecast, reason: String) -> Self {
        Self { verdict, unknown_until: None, reason: Some(reason) }
    }

    fn unknown(until: String) -> Self {
        Self { verdict: Forecast::Unknown, unknown_until: Some(until), reason: None }
    }

    fn stop(reason: String) -> Self {
        Self::because(Forecast::Stop, reason)
    }
}

/// What a run of a plan would do.
///
/// # Errors
/// If the plan contradicts itself, which is a bug.
pub fn preview(expressions: &Expressions, beside: &Beside) -> Result<Preview, super::apply::Unfit> {
    let plan = expressions.plan();
    let mut state = State::new(plan.graph.clone());
    state.apply(Timestamp::UNIX_EPOCH, &opening(plan))?;
    let mut walk = Walk::new(expressions, state, beside);
    let end = walk.run()?;
    Ok(Preview {
        runbook: plan.name.clone(),
        title: plan.title.clone(),
        digest: plan.digest.clone(),
        params: plan.params.clone(),
        settings: walk.settings,
        tasks: walk.tasks,
        critical_path: critical_path(plan, NodeId::ROOT),
        probed: beside.answers.is_some(),
        usual_seconds: (!beside.usual.is_empty()).then_some(end.seconds),
        looks: walk.looks,
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
