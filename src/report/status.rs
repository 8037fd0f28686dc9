//! The status of a run: what is done, running, failed, in doubt and waiting.

use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;

use super::next;
use crate::core::job::Role;
use crate::core::record::{Outcome, StopReason};
use crate::core::setting::SettingStanding;
use crate::core::standing::{RunStanding, TaskStanding};
use crate::core::state::{InstanceBody, InstanceId, Items, Phase, ScopeId, State, TaskState};
use crate::journal::RunFolder;
use crate::observe::tail::last_lines_of;
use crate::plan::Plan;
use crate::plan::graph::NodeId;
use crate::spec::model::{Effect, Output};

/// Of how many doubtful tasks it is told what their probes have printed.
const FINDINGS_MAX: usize = 10;

/// How many lines of it are told, of each stream.
const PRINTED_MAX: usize = 8;

/// The status of a run, as `status --format json` prints it.
#[derive(Debug, Clone, Serialize)]
pub struct Status {
    /// The run's id.
    pub run: String,
    /// The runbook's name.
    pub runbook: String,
    /// The runbook's title.
    pub title: String,
    /// How the run stands.
    pub state: RunStanding,
    /// Who works on it, if anybody does.
    pub executor: Option<Executor>,
    /// When it was opened.
    pub started: Option<Timestamp>,
    /// When it came to rest last.
    pub ended: Option<Timestamp>,
    /// When the next task is due that waits for a time.
    pub next_due: Option<Timestamp>,
    /// Why it starts nothing, if it was told so.
    #[serde(skip)]
    pub stopped: Option<StopReason>,
    /// Temporary settings that were opened, open debts first.
    pub settings: Vec<SettingRow>,
    /// Claims held; none in this version of the language.
    pub claims: Vec<Value>,
    /// All tasks in file order; what is inside a group that was not entered stands there once, without items.
    pub tasks: Vec<TaskRow>,
    /// What to do next, as commands.
    pub next: Vec<String>,
}

/// The executor of a run.
#[derive(Debug, Clone, Serialize)]
pub struct Executor {
    /// Process id.
    pub pid: u32,
    /// User name.
    pub user: String,
    /// Host name.
    pub host: String,
}

/// One setting of a status, or one item of it.
#[derive(Debug, Clone, Serialize)]
pub struct SettingRow {
    /// The setting's id.
    pub id: String,
    /// How it stands.
    pub state: SettingStanding,
    /// What it was.
    pub old: Option<Value>,
    /// What it is while it is in force.
    pub in_force: Option<Value>,
    /// Whether it is owed.
    pub debt: bool,
    /// What was found in its place.
    pub found: Option<Value>,
    /// Why it is as it is, in words.
    pub reason: Option<String>,
}

fn settings(state: &State) -> Vec<SettingRow> {
    let mut rows: Vec<SettingRow> = state
        .all_parts()
        .map(|(id, part)| SettingRow {
            id: state.instance(id).id.to_string(),
            state: part.standing,
            old: part.old.as_deref().cloned(),
            in_force: part.in_force.as_deref().cloned(),
            debt: state.is_debt(part),
            found: part.found.as_deref().cloned(),
            reason: part.reason.as_ref().map(ToString::to_string),
        })
        .collect();
    rows.sort_by_key(|row| !row.debt);
    rows
}

/// One task of a status.
#[derive(Debug, Clone, Serialize)]
pub struct TaskRow {
    /// The task's id.
    pub id: String,
    /// The step, by the names of the groups around it: `waves.mailboxes.move`.
    pub step: String,
    /// Key of the innermost item around it.
    pub item: Option<String>,
    /// The step's kind.
    pub kind: Option<String>,
    /// What may happen if it is done again.
    pub effect: Effect,
    /// How it stands.
    pub state: TaskStanding,
    /// The state that its probe has found last; `unknown` if it gave no answer that could be read.
    pub verdict: Option<String>,
    /// How many times its action was started.
    pub attempts: u32,
    /// Exit code of the last one.
    pub exit: Option<i32>,
    /// When it was started first.
    pub started: Option<Timestamp>,
    /// When it ended.
    pub ended: Option<Timestamp>,
    /// The tasks and groups that it waits for.
    pub waiting_for: Vec<String>,
    /// Until when it waits.
    pub until: Option<Timestamp>,
    /// Why it stands as it does.
    pub reason: Option<String>,
    /// The outputs that it declares: whoever says that it is done says what they are.
    #[serde(skip)]
    pub outputs: Vec<String>,
    /// Whether it has a probe that can be asked.
    #[serde(skip)]
    pub probe: bool,
    /// The process of its job that lives on without its keeper, where the journal knows one.
    #[serde(skip)]
    pub orphan: Option<u32>,
    /// Number of the job that has asked it last.
    #[serde(skip)]
    pub asked: Option<u32>,
    /// The last lines that the probe has printed, of a task in doubt.
    #[serde(skip)]
    pub printed: Vec<String>,
}

impl Status {
    /// The status of a run.
    #[must_use]
    pub fn new(run: &str, plan: &Plan, state: &State, executor: Option<Executor>) -> Self {
        let mut tasks = Vec::new();
        if let Some(items) = state.group(InstanceId::ROOT).and_then(|root| root.items) {
            items.scopes().for_each(|scope| rows(plan, state, scope, &mut tasks));
        }
        let next_due = tasks.iter().filter_map(|task: &TaskRow| task.until).min();
        let known = state.run();
        let mut status = Self {
            run: run.to_owned(),
            runbook: plan.name.clone(),
            title: plan.title.clone(),
            state: state.run_standing(executor.is_some()),
            ended: if executor.is_some() { None } else { known.ended },
            executor,
            started: known.started,
            next_due,
            stopped: known.stopped,
            settings: settings(state),
            claims: Vec::new(),
            tasks,
            next: Vec::new(),
        };
        status.next = next::steps(&status);
        status
    }

    /// The same with what the probes of doubtful tasks have printed, as far as it is listed.
    #[must_use]
    pub fn with_findings(mut self, folder: &RunFolder) -> Self {
        let doubtful = self.tasks.iter_mut().filter(|row| row.state == TaskStanding::InDoubt);
        for row in doubtful.take(FINDINGS_MAX) {
            row.printed = row.asked.map(|job| printed(folder, &row.id, job)).unwrap_or_default();
        }
        self
    }

    /// The tasks that stand so.
    pub fn standing(&self, standing: TaskStanding) -> impl Iterator<Item = &TaskRow> {
        self.tasks.iter().filter(move |task| task.state == standing)
    }
}

fn rows(plan: &Plan, state: &State, scope: ScopeId, into: &mut Vec<TaskRow>) {
    for id in state.children(scope) {
        match &state.instance(id).body {
            InstanceBody::Task(_) => into.push(row(plan, state, id)),
            InstanceBody::Setting(_) | InstanceBody::Part(_) => {}
            InstanceBody::Group(group) => match group.items {
                Some(items) => {
                    Items::scopes(items).for_each(|scope| rows(plan, state, scope, into));
                }
                None => {
                    let standing = state.task_standing(id);
                    let reason = match group.ended {
                        Some(Outcome::Failed | Outcome::Waived) => group.reason.as_deref(),
                        _ => None,
                    };
                    let node = state.instance(id).node;
                    let around =
                        Unentered { plan, standing, reason, waiting_for: state.waits_for(id) };
                    around.rows(node, &state.instance(id).id, into);
                }
            },
        }
    }
}

/// A group whose items are not known yet.
struct Unentered<'a> {
    plan: &'a Plan,
    standing: TaskStanding,
    reason: Option<&'a str>,
    waiting_for: Vec<String>,
}

impl Unentered<'_> {
    fn rows(&self, node: NodeId, id: &str, into: &mut Vec<TaskRow>) {
        let Some(group) = self.plan.graph.group(node) else {
            let effect = self.plan.graph.task(node).map_or(Effect::Once, |task| task.effect);
            into.push(TaskRow {
                id: id.to_owned(),
                step: self.plan.graph.path(node),
                item: None,
                kind: self.plan.kind(node).map(str::to_owned),
                effect,
                state: self.standing,
                verdict: None,
                attempts: 0,
                exit: None,
                started: None,
                ended: None,
                waiting_for: self.waiting_for.clone(),
                until: None,
                reason: self.reason.map(str::to_owned),
                outputs: Vec::new(),
                probe: false,
                orphan: None,
                asked: None,
                printed: Vec::new(),
            });
            return;
        };
        let single = group.fan_out.as_ref().is_some_and(|fan_out| fan_out.single);
        let inside = if group.fan_out.is_some() { format!("{id}[?]") } else { id.to_owned() };
        let steps =
            group.children.iter().filter(|&&child| self.plan.graph.setting(child).is_none());
        for &child in steps {
            let name = &self.plan.graph.node(child).name;
            self.rows(
                child,
                &if single { inside.clone() } else { format!("{inside}.{name}") },
                into,
            );
        }
    }
}

/// The last lines that a job has printed.
pub(super) fn printed(folder: &RunFolder, task: &str, job: u32) -> Vec<String> {
    let folder = folder.task(task, job);
    let mut printed = last_lines_of(&folder.join("stdout"), PRINTED_MAX);
    printed.extend(last_lines_of(&folder.join("stderr"), PRINTED_MAX));
    printed
}

/// What a task's probe has found last.
fn verdict(task: &TaskState) -> Option<String> {
    // A probe that is being asked just now has not found anything yet.
    let asking = matches!(task.phase, Phase::Running(job) if job.role == Role::Probe);
    task.inquiry.attempt.filter(|_| !asking)?;
    Some(task.inquiry.state.as_deref().unwrap_or("unknown").to_owned())
}

/// The outputs that a task declares: those of its driver's action, and its own.
pub fn outputs(plan: &Plan, node: NodeId) -> impl Iterator<Item = (&String, &Output)> {
    let work = plan.step(node).work.as_ref();
    let behind = work.and_then(|work| work.target()).map(|target| &target.work.outputs);
    behind.into_iter().flatten().chain(work.into_iter().flat_map(|work| &work.outputs))
}

/// One task.
#[must_use]
pub fn row(plan: &Plan, state: &State, id: InstanceId) -> TaskRow {
    let instance = state.instance(id);
    let task = state.task(id);
    let standing = state.task_standing(id);
    let open = matches!(standing, TaskStanding::Waiting | TaskStanding::Blocked);
    TaskRow {
        id: instance.id.to_string(),
        step: plan.graph.path(instance.node),
        item: state.keys(id).last().map(ToString::to_string),
        kind: plan.kind(instance.node).map(str::to_owned),
        effect: plan.graph.task(instance.node).map_or(Effect::Once, |task| task.effect),
        state: standing,
        verdict: task.and_then(verdict),
        attempts: task.map_or(0, |task| task.attempts),
        exit: task.and_then(|task| task.exit),
        started: task.and_then(|task| task.started),
        ended: task.and_then(|task| task.ended),
        waiting_for: if open { state.waits_for(id) } else { Vec::new() },
        until: task.and_then(|task| match task.phase {
            Phase::Pausing(_, until) => Some(until),
            _ => None,
        }),
        reason: task.and_then(|task| task.reason.as_deref().map(str::to_owned)),
        orphan: task.and_then(|task| task.orphan),
        asked: task.and_then(|task| task.inquiry.attempt),
        printed: Vec::new(),
        probe: plan.graph.task(instance.node).is_some_and(|task| task.probe.is_some()),
        outputs: outputs(plan, instance.node).map(|(name, _)| name.clone()).collect(),
    }
}
