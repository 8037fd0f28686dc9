//! `windlass show`.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::Serialize;
use serde_json::Value;

use super::arguments::{Format, Place, Show};
use super::failure::{Failure, USAGE};
use super::known::{self, Known};
use crate::core::record::{Decision, JobEnd, Judgement, Record, Verdict};
use crate::core::standing::TaskStanding;
use crate::core::state::{InstanceId, Knowledge, Named, Proof};
use crate::report::next;
use crate::report::status::{TaskRow, row};
use crate::report::time::local;
use crate::spec::model::Effect;

/// How many tasks of a group are named.
const NAMED_MAX: usize = 5;

/// Everything about one task.
#[derive(Debug, Serialize)]
struct Shown {
    #[serde(flatten)]
    row: TaskRow,
    title: String,
    description: Option<String>,
    #[serde(skip)]
    group: bool,
    /// What is known of its effect, or of the tasks inside a group, in words.
    known: String,
    outputs: Option<Value>,
    /// Where its output files are.
    folder: String,
    /// What happened to it, oldest first.
    history: Vec<Moment>,
    next: Vec<String>,
}

/// One thing that happened to a task.
#[derive(Debug, Serialize)]
struct Moment {
    seq: u64,
    at: jiff::Timestamp,
    what: String,
}

pub(super) fn main(place: &Place, arguments: &Show) -> Result<u8, Failure> {
    let known = known::read(known::find(place, &arguments.run)?)?;
    let id = match known.state.named(&arguments.task) {
        Some(Named::Instance(id)) => id,
        Some(Named::Item(scope)) => known.state.scope(scope).group,
        None => {
            return Err(Failure::new(
                USAGE,
                format!("run {} has no task `{}`", known.folder.id(), arguments.task),
            )
            .help(format!("`{}` lists the tasks", next::command(&["status", known.folder.id()]))));
        }
    };
    let mut shown = shown(&known, id, &arguments.task);
    if let Some(Named::Item(_)) = known.state.named(&arguments.task) {
        shown.row.id.clone_from(&arguments.task);
        shown.row.state = item_standing(&known, &arguments.task);
        shown.row.reason = None;
    }
    match arguments.format {
        Format::Json => super::print_json(&shown)?,
        Format::Human => super::print(&human(&shown))?,
    }
    Ok(0)
}

fn shown(known: &Known, id: InstanceId, name: &str) -> Shown {
    let row = row(&known.plan, &known.state, id);
    let node = known.state.instance(id).node;
    let task = known.state.task(id);
    let history = known
        .entries
        .iter()
        .filter(|entry| entry.record.subject().is_some_and(|subject| subject.as_ref() == name));
    let run = known.folder.id();
    let inside = if task.is_none() { inside(known, name) } else { Vec::new() };
    let next = match task {
        Some(_) => task_next(run, &row),
        None => inside
            .iter()
            .filter(|row| row.state == TaskStanding::InDoubt)
            .chain(inside.iter().filter(|row| row.state == TaskStanding::Failed))
            .take(NAMED_MAX)
            .map(|row| next::command(&["show", run, &row.id]))
            .collect(),
    };
    Shown {
        title: known.plan.title(node).to_owned(),
        group: task.is_none(),
        description: known.plan.step(node).description.clone(),
        known: match task {
            Some(_) if row.effect == Effect::Read => "it changes nothing".to_owned(),
            Some(task) => words(task.knowledge),
            None => counts(&inside),
        },
        outputs: task.and_then(|task| task.outputs.as_deref().cloned()),
        folder: known
            .folder
            .task(name, 1)
            .parent()
            .map(|path| path.display().to_string())
            .unwrap_or_default(),
        history: history
            .filter_map(|entry| {
                Some(Moment { seq: entry.seq, at: entry.at, what: moment(&entry.record)? })
            })
            .collect(),
        row,
        next,
    }
}

/// The tasks inside a group or an item.
fn inside(known: &Known, name: &str) -> Vec<TaskRow> {
    let within = |id: &str| id.strip_prefix(name).is_some_and(|rest| rest.starts_with(['.', '[']));
    known.status().tasks.into_iter().filter(|row| within(&row.id)).collect()
}

/// How an item stands: as the worst of what is in it.
fn item_standing(known: &Known, name: &str) -> TaskStanding {
    let tasks = inside(known, name);
    let worst = [
        TaskStanding::InDoubt,
        TaskStanding::Failed,
        TaskStanding::Running,
        TaskStanding::Blocked,
        TaskStanding::Waiting,
        TaskStanding::Waived,
    ];
    worst
        .into_iter()
        .find(|&standing| tasks.iter().any(|task| task.state == standing))
        .unwrap_or(TaskStanding::Succeeded)
}

/// How the tasks inside a group stand, in words.
fn counts(inside: &[TaskRow]) -> String {
    let mut counts = BTreeMap::new();
    inside.iter().for_each(|row| *counts.entry(row.state).or_insert(0_usize) += 1);
    let parts: Vec<String> = counts
        .iter()
        .map(|(state, count)| format!("{count} {}", state.name().replace('_', " ")))
        .collect();
    let noun = if inside.len() == 1 { "task" } else { "tasks" };
    format!("it holds {} {noun}: {}", inside.len(), parts.join(", "))
}

/// What can be done about a task, and then about the run.
fn task_next(run: &str, row: &TaskRow) -> Vec<String> {
    let mut next = match row.state {
        TaskStanding::InDoubt | TaskStanding::Failed if row.attempts > 0 => {
            vec![next::command(&["logs", run, &row.id])]
        }
        _ => Vec::new(),
    };
    // The first of these shows the task, which has just been done.
    let shown = next::command(&["show", run, &row.id]);
    for command in next::of_task(run, row) {
        if command != shown && !next.contains(&command) {
            next.push(command);
        }
    }
    if matches!(row.state, TaskStanding::InDoubt | TaskStanding::Failed) {
        next.push(next::command(&["resume", run]));
    }
    next
}

fn words(knowledge: Knowledge) -> String {
    match knowledge {
        Knowledge::NotBegun => "its effect has not happened".to_owned(),
        Knowledge::Maybe(job) => format!("its effect may have happened: job {job} was started"),
        Knowledge::Done(Proof::Exit(job)) => {
            format!("its effect has happened: job {job} ended well")
        }
        Knowledge::Done(Proof::Probe(job)) => {
            format!("its effect has happened: the probe, job {job}, says so")
        }
        Knowledge::Done(Proof::Operator) => {
            "its effect has happened: an operator says so".to_owned()
        }
    }
}

fn moment(record: &Record) -> Option<String> {
    let text = match record {
        Record::ItemsFrozen { items, .. } => match items.len() {
            1 if items[0].key.is_none() => "entered".to_owned(),
            1 => "entered with 1 item".to_owned(),
            count => format!("entered with {count} items"),
        },
        Record::Claimed { locks, .. } => {
            let locks: Vec<String> = locks.iter().map(ToString::to_string).collect();
            format!("holds {}", locks.join(", "))
        }
        Record::Denied { by, .. } => format!("waits: {by}"),
        Record::Released { .. } => "has given its locks back".to_owned(),
        Record::ClaimLost { names, .. } => format!("has lost {}", names.join(", ")),
        Record::JobStarting { attempt, role, argv, .. } => {
            let what = role.label().map(|label| format!(" ({label})")).unwrap_or_default();
            format!(
                "job {attempt} started{what}: {}",
                shlex::try_join(argv.iter().map(String::as_str)).unwrap_or_else(|_| argv.join(" "))
            )
        }
        Record::JobEnded { attempt, end, verdict, .. } => {
            let how = match end {
                JobEnd::Ran(end) => end.to_string(),
                JobEnd::NotSpawned { reason } => reason.clone(),
            };
            match verdict {
                Verdict::Good => format!("job {attempt} {how}: good"),
                Verdict::Repeat { held } => {
                    let until = if *held { "holds" } else { "does not hold" };
                    format!("job {attempt} {how}: good, `until` {until}, to be done again")
                }
                Verdict::Bad { reason } if *reason == how => format!("job {attempt} {how}: bad"),
                Verdict::Bad { reason } => format!("job {attempt} {how}: bad, {reason}"),
            }
        }
        Record::JobOrphaned { attempt, pid, command, .. } => {
            format!("job {attempt} has lost its keeper, and process {pid} of it lives: {command}")
        }
        Record::JobLost { attempt, .. } => {
            format!("job {attempt} is over, and how it ended is lost")
        }
        Record::Judged { judgement, reason, .. } => judged(*judgement, reason),
        Record::OutputsKept { outputs, .. } => format!("outputs kept: {outputs}"),
        Record::WaitUntil { until, reason, .. } => format!("{reason}, at {}", local(*until)),
        Record::TaskEnded { outcome, reason, .. } => {
            let outcome = TaskStanding::from(*outcome).name();
            reason
                .as_ref()
                .map_or_else(|| outcome.to_owned(), |reason| format!("{outcome}: {reason}"))
        }
        Record::Resolved { decision, because, by, .. } => {
            let decision = match decision {
                Decision::Done => "done",
                Decision::Absent => "not begun",
                Decision::Failed => "failed",
                Decision::Waived => "waived",
            };
            format!("{} on {} decides: {decision}, because {because}", by.user, by.host)
        }
        Record::Opened(_)
        | Record::Resumed { .. }
        | Record::Stopped { .. }
        | Record::Closed { .. } => return None,
    };
    Some(text)
}

fn judged(judgement: Judgement, reason: &str) -> String {
    let conclusion = match judgement {
        Judgement::InDoubt => "in doubt",
        Judgement::Again => "may be started again",
        Judgement::Ask => "its probe is to be asked",
        Judgement::Done => "its effect has happened",
        Judgement::Absent => "nothing of it has happened",
        Judgement::Retry { .. } => "nothing of it has happened, it is tried again",
        Judgement::Unconfirmed { .. } => "its probe is to be asked once more",
        Judgement::Ongoing { .. } => "it is still going on",
        Judgement::Repair { .. } => "it is repaired",
        Judgement::Repaired => "its probe is to be asked again",
    };
    format!("{conclusion}: {reason}")
}

fn effect(effect: Effect) -> &'static str {
    match effect {
        Effect::Read => "read",
        Effect::Idempotent => "idempotent",
        Effect::Once => "once",
    }
}

fn human(shown: &Shown) -> String {
    let row = &shown.row;
    let mut text = row.id.clone();
    // A step without a title is called by its name, which the id says already.
    if !row.step.ends_with(&shown.title) {
        let _ = write!(text, " · {}", shown.title);
    }
    text.push('\n');
    if let Some(description) = &shown.description {
        let _ = writeln!(text, "{}", description.trim_end());
    }
    let mut about = Vec::new();
    about.extend((!shown.group).then(|| format!("effect `{}`", effect(row.effect))));
    about.extend(row.kind.as_ref().map(|kind| format!("kind `{kind}`")));
    let about = if about.is_empty() { String::new() } else { format!(" ({})", about.join(", ")) };
    let _ = writeln!(text, "\nstate    {}{about}", row.state.name().replace('_', " "));
    if let Some(reason) = &row.reason {
        let _ = writeln!(text, "why      {reason}");
    }
    let _ = writeln!(text, "known    {}", shown.known);
    if !row.waiting_for.is_empty() {
        let _ = writeln!(text, "waits    for {}", row.waiting_for.join(", "));
    }
    if let Some(outputs) = &shown.outputs {
        let _ = writeln!(text, "outputs  {outputs}");
    }
    if row.attempts > 0 {
        let _ = writeln!(text, "files    {}", shown.folder);
    }
    if !shown.history.is_empty() {
        text.push_str("\nhistory:\n");
        for moment in &shown.history {
            let _ = writeln!(text, "  {}  {}", local(moment.at), moment.what);
        }
    }
    if !shown.next.is_empty() {
        text.push_str("\nnext:\n");
        shown.next.iter().for_each(|command| {
            let _ = writeln!(text, "  {command}");
        });
    }
    text
}
