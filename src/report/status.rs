//! The status of a run: what is done, running, failed, in doubt and waiting.

use std::sync::Arc;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

use super::locks::{self, Awaited, Held, InTheWay, Lost};
use super::setting::SettingRow;
use super::{next, setting};
use crate::core::job::Role;
use crate::core::question::Question;
use crate::core::record::{Outcome, StopReason};
use crate::core::standing::{RunStanding, TaskStanding};
use crate::core::state::{
    InstanceBody, InstanceId, Items, Knowledge, Phase, ScopeId, State, TaskState,
};
use crate::journal::RunFolder;
use crate::observe::room;
use crate::observe::tail::last_lines_of;
use crate::plan::Plan;
use crate::plan::graph::NodeId;
use crate::spec::model::{Effect, Output};

/// Of how many tasks it is told what their jobs have printed.
const FINDINGS_MAX: usize = 10;

/// How many lines are told of what went wrong.
const LAST_WORDS_MAX: usize = 3;

/// How many lines of it are told, of each stream.
const PRINTED_MAX: usize = 8;

/// The status of a run, as `status --format json` prints it.
#[derive(Debug, Clone, Serialize, JsonSchema)]
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
    /// The locks that it holds.
    pub claims: Vec<Held>,
    /// The locks that were taken away from it since it came to rest, and that it has not missed yet.
    #[serde(rename = "claims_lost")]
    pub lost: Vec<Lost>,
    /// The locks of other runs that it waits for.
    #[serde(rename = "claims_awaited")]
    pub awaited: Vec<Awaited>,
    /// All tasks in file order; what is inside a group that was not entered stands there once, without items.
    pub tasks: Vec<TaskRow>,
    /// What to do next, as commands.
    pub next: Vec<String>,
}

/// The executor of a run.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Executor {
    /// Process id.
    pub pid: u32,
    /// User name.
    pub user: String,
    /// Host name.
    pub host: String,
}

/// One task of a status.
#[derive(Debug, Clone, Serialize, JsonSchema)]
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
    /// The tasks, groups and locks that it waits for.
    pub waiting_for: Vec<String>,
    /// Until when it waits.
    pub until: Option<Timestamp>,
    /// Why it stands as it does.
    pub reason: Option<String>,
    /// The outputs that it declares: whoever says that it is done says what they are.
    #[serde(skip)]
    pub outputs: Vec<String>,
    /// Whether its effect has happened, and it has failed because its outputs could not be read.
    #[serde(skip)]
    pub unread: bool,
    /// Whether it has a probe that can be asked.
    #[serde(skip)]
    pub probe: bool,
    /// What people are asked by it.
    #[serde(skip)]
    pub question: Option<Arc<Question>>,
    /// The process of its job that lives on without its keeper, where the journal knows one.
    #[serde(skip)]
    pub orphan: Option<u32>,
    /// Number of the job that has asked it last.
    #[serde(skip)]
    pub asked: Option<u32>,
    /// Number of its last job, if it has had one.
    #[serde(skip)]
    pub last: Option<u32>,
    /// The last lines that its probe has printed, else its last job, of a task that is in doubt or has failed.
    #[serde(skip)]
    pub printed: Vec<String>,
}

impl TaskRow {
    fn add_to_reason(&mut self, words: &str) {
        self.reason = Some(match self.reason.take() {
            Some(reason) => format!("{reason}\n{words}"),
            None => words.to_owned(),
        });
    }
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
            settings: setting::rows(plan, state, executor.is_some()),
            executor,
            started: known.started,
            next_due,
            stopped: known.stopped,
            claims: locks::held(state),
            lost: Vec::new(),
            awaited: locks::awaited(state),
            tasks,
            next: Vec::new(),
        };
        status.next = next::steps(&status);
        status
    }

    /// The same with what the jobs of doubtful and failed tasks have printed, as far as it is listed.
    #[must_use]
    pub fn with_findings(self, folder: &RunFolder) -> Self {
        self.with_findings_on(folder, || room::is_full(folder.path()))
    }

    /// The same where `is_full` tells whether the disk of the state folder is.
    pub(crate) fn with_findings_on(
        mut self,
        folder: &RunFolder,
        is_full: impl Fn() -> bool,
    ) -> Self {
        for standing in [TaskStanding::InDoubt, TaskStanding::Failed] {
            let rows = self.tasks.iter_mut().filter(|row| row.state == standing);
            for row in rows.take(FINDINGS_MAX) {
                // What a probe has found says more of a doubt than the last words of what ran before it.
                let asked = row.asked.filter(|_| standing == TaskStanding::InDoubt);
                row.printed = match (asked, row.last) {
                    (Some(probe), _) => printed(folder, &row.id, probe),
                    (None, Some(last)) => last_words(folder, &row.id, last),
                    (None, None) => Vec::new(),
                };
                if row.printed.is_empty() && row.last.is_some() && is_full() {
                    row.add_to_reason(
                        "the disk of the state folder is full, so that the job's output may be cut off",
                    );
                }
            }
        }
        self
    }

    /// The same with what has become of the runs in its way, and the commands that follow from it.
    #[must_use]
    pub fn with_runs_in_the_way(mut self, look: impl Fn(&Awaited) -> InTheWay) -> Self {
        for wait in &mut self.awaited {
            wait.now = Some(look(wait));
        }
        self.next = next::steps(&self);
        self
    }

    /// The same with the locks apart that were taken away from it.
    #[must_use]
    pub fn with_locks_lost(mut self, lost: Vec<Lost>) -> Self {
        self.claims.retain(|held| !lost.iter().any(|lost| lost.held == *held));
        self.lost = lost;
        self
    }

    /// Whether no task is in doubt, and only settings make the run stand as if one were.
    #[must_use]
    pub fn is_only_owed(&self) -> bool {
        let doubtful = self.standing(TaskStanding::InDoubt).next().is_some();
        self.state == RunStanding::InDoubt && !doubtful
    }

    /// The tasks that ask people.
    pub fn asked(&self) -> impl Iterator<Item = &TaskRow> {
        self.tasks.iter().filter(|task| task.question.is_some())
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
                unread: false,
                probe: false,
                question: None,
                orphan: None,
                asked: None,
                last: None,
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

/// What a job has said last: of what went wrong, if it has said that.
fn last_words(folder: &RunFolder, task: &str, job: u32) -> Vec<String> {
    let folder = folder.task(task, job);
    let mut lines = last_lines_of(&folder.join("stderr"), LAST_WORDS_MAX);
    if lines.is_empty() {
        lines = last_lines_of(&folder.join("stdout"), LAST_WORDS_MAX);
    }
    lines
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
    let work = plan.step(node).work.as_deref();
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
    let mut waiting_for = if open { state.waits_for(id) } else { Vec::new() };
    let asks = standing == TaskStanding::Waiting && waiting_for.is_empty();
    let blocker = if asks { locks::in_the_way_of(state, id) } else { None };
    waiting_for.extend(blocker.map(|by| format!("lock {}", by.lock)));
    let window = if asks { state.awaited_by(id) } else { None };
    waiting_for.extend(window.map(|awaited| format!("window {}", awaited.window)));
    let question = task.and_then(|task| task.question.clone());
    waiting_for.extend(question.as_ref().map(|question| match task.map(|task| &task.agreed) {
        Some(agreed) if !agreed.is_empty() => {
            format!("{}, after {}", question.whom(), agreed.join(", "))
        }
        _ => question.whom(),
    }));
    let effect = plan.graph.task(instance.node).map_or(Effect::Once, |task| task.effect);
    let outputs: Vec<String> = outputs(plan, instance.node).map(|(name, _)| name.clone()).collect();
    let is_unread = |task: &TaskState| {
        let happened = matches!(task.knowledge, Knowledge::Done(_));
        happened && task.outputs.is_none() && !task.given_up && !outputs.is_empty()
    };
    let unread = standing == TaskStanding::Failed && effect != Effect::Read;
    let unread = unread && task.is_some_and(is_unread);
    let mut row = TaskRow {
        id: instance.id.to_string(),
        step: plan.graph.path(instance.node),
        item: state.keys(id).last().map(ToString::to_string),
        kind: plan.kind(instance.node).map(str::to_owned),
        effect,
        state: standing,
        verdict: task.and_then(verdict),
        attempts: task.map_or(0, |task| task.attempts),
        exit: task.and_then(|task| task.exit),
        started: task.and_then(|task| task.started),
        ended: task.and_then(|task| task.ended),
        waiting_for,
        until: task.and_then(|task| match task.phase {
            Phase::Pausing(_, until) | Phase::Sleeping(until) => Some(until),
            _ => {
                let asked = task.question.as_ref().and_then(|question| question.until);
                asked.or(window.map(|awaited| awaited.until))
            }
        }),
        reason: blocker
            .map(ToString::to_string)
            .or_else(|| window.map(|awaited| format!("waits for window `{}`", awaited.window)))
            .or_else(|| question.as_ref().map(|question| question.text.clone()))
            .or_else(|| task.and_then(|task| task.reason.as_deref().map(str::to_owned))),
        question,
        orphan: task.and_then(|task| task.orphan),
        asked: task.and_then(|task| task.inquiry.attempt),
        last: task.map(|task| task.jobs).filter(|jobs| *jobs > 0),
        printed: Vec::new(),
        probe: plan.graph.task(instance.node).is_some_and(|task| task.probe.is_some()),
        outputs,
        unread,
    };
    if unread {
        row.add_to_reason("its effect has happened; only its outputs are missing");
    }
    row
}
