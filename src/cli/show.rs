//! `windlass show`.

use std::fmt::Write as _;

use serde::Serialize;
use serde_json::Value;

use super::arguments::{Format, Place, Show};
use super::failure::{Failure, USAGE};
use super::known::{self, Known};
use super::status::time;
use crate::core::job::Role;
use crate::core::record::{Decision, JobEnd, Judgement, Record, Verdict};
use crate::core::standing::TaskStanding;
use crate::core::state::{InstanceId, Knowledge, Named, Proof};
use crate::report::next;
use crate::report::status::{TaskRow, row};

/// Everything about one task.
#[derive(Debug, Serialize)]
struct Shown {
    #[serde(flatten)]
    row: TaskRow,
    title: String,
    description: Option<String>,
    /// What is known of its effect, in words.
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
    let shown = shown(&known, id, &arguments.task);
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
    let next = match row.state {
        TaskStanding::InDoubt | TaskStanding::Failed => known.status().next,
        TaskStanding::Running => vec![next::command(&["logs", "-f", run, name])],
        _ if row.attempts > 0 => vec![next::command(&["logs", run, name])],
        _ => Vec::new(),
    };
    Shown {
        title: known.plan.title(node).to_owned(),
        description: known.plan.step(node).description.clone(),
        known: task.map_or_else(|| "it is a group".to_owned(), |task| words(task.knowledge)),
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

fn words(knowledge: Knowledge) -> String {
    match knowledge {
        Knowledge::NotBegun => "its effect has not happened".to_owned(),
        Knowledge::Maybe(job) => format!("its effect may have happened: job {job} was started"),
        Knowledge::Done(Proof::Exit(job)) => {
            format!("its effect has happened: job {job} ended well")
        }
        Knowledge::Done(Proof::Operator) => {
            "its effect has happened: an operator says so".to_owned()
        }
    }
}

fn moment(record: &Record) -> Option<String> {
    let text = match record {
        Record::ItemsFrozen { items, .. } => format!("entered with {} items", items.len()),
        Record::JobStarting { attempt, role, argv, .. } => {
            let what = match role {
                Role::Action => String::new(),
                Role::Verify(number) => format!(" (verification {})", number + 1),
            };
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
                Verdict::Bad { reason } if *reason == how => format!("job {attempt} {how}: bad"),
                Verdict::Bad { reason } => format!("job {attempt} {how}: bad, {reason}"),
            }
        }
        Record::JobLost { attempt, .. } => {
            format!("job {attempt} is over, and how it ended is lost")
        }
        Record::Judged { judgement: Judgement::InDoubt, reason, .. } => {
            format!("in doubt: {reason}")
        }
        Record::Judged { judgement: Judgement::Again, reason, .. } => {
            format!("may be started again: {reason}")
        }
        Record::OutputsKept { outputs, .. } => format!("outputs kept: {outputs}"),
        Record::WaitUntil { until, reason, .. } => format!("{reason}, at {}", time(*until)),
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

fn human(shown: &Shown) -> String {
    let row = &shown.row;
    let mut text = format!("{} · {}\n", row.id, shown.title);
    if let Some(description) = &shown.description {
        let _ = writeln!(text, "{}", description.trim_end());
    }
    let effect = format!("{:?}", row.effect).to_lowercase();
    let _ = write!(text, "\nstate    {} (effect `{effect}`", row.state.name().replace('_', " "));
    let _ = writeln!(
        text,
        "{})",
        row.kind.as_ref().map_or_else(String::new, |kind| format!(", kind `{kind}`"))
    );
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
            let _ = writeln!(text, "  {}  {}", time(moment.at), moment.what);
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
