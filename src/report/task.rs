//! Everything that is known of one task, and why it stands as it does.
//!
//! Derives it from the records and from what the task's jobs have printed; decides nothing.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;

use super::history::moment;
use super::next;
use super::status::{Status, TaskRow, printed, row as row_of};
use super::time::local;
use crate::core::machine::REPAIRS_MAX;
use crate::core::record::{JobEnd, Record};
use crate::core::standing::TaskStanding;
use crate::core::state::{InstanceId, Knowledge, Named, Proof, State, TaskState};
use crate::journal::{Entry, RunFolder};
use crate::observe::printable::escape;
use crate::plan::Plan;
use crate::spec::model::Effect;

/// How many tasks of a group are named.
const NAMED_MAX: usize = 5;

/// A run as it was read.
#[derive(Debug, Clone, Copy)]
pub struct Source<'a> {
    /// Its folder.
    pub folder: &'a RunFolder,
    /// Its plan.
    pub plan: &'a Plan,
    /// What its records say.
    pub state: &'a State,
    /// Its records.
    pub entries: &'a [Entry<Record>],
    /// How it stands.
    pub status: &'a Status,
}

/// Everything about one task, group or item, as `show --format json` prints it.
#[derive(Debug, Serialize)]
pub struct Shown {
    /// As in the status of its run.
    #[serde(flatten)]
    pub row: TaskRow,
    /// The step's title.
    pub title: String,
    /// The step's description.
    pub description: Option<String>,
    #[serde(skip)]
    group: bool,
    /// What is known of its effect, or of the tasks inside a group, in words.
    pub known: String,
    /// What is not known of it, in words.
    pub unknown: Option<String>,
    /// What its probe has found last, if it was asked.
    pub probe: Option<Found>,
    /// Its outputs, once they are kept.
    pub outputs: Option<Value>,
    /// Where its output files are.
    pub folder: String,
    /// What happened to it, oldest first.
    pub history: Vec<Moment>,
    /// What to do next, as commands.
    pub next: Vec<String>,
}

/// What a probe has found.
#[derive(Debug, Serialize)]
pub struct Found {
    /// Number of the job that asked.
    pub job: u32,
    /// The state that it found; none if no state holds, or it could not be read.
    pub state: Option<String>,
    /// The last lines that it printed.
    pub printed: Vec<String>,
    /// How many repairs were begun.
    pub repairs: u32,
    /// How many there may be.
    pub repairs_max: u32,
}

/// One thing that happened to a task.
#[derive(Debug, Serialize)]
pub struct Moment {
    /// Number of its record.
    pub seq: u64,
    /// When it became known.
    pub at: Timestamp,
    /// In words.
    pub what: String,
}

impl Shown {
    /// What is known of what `name` names; nothing if the run has no such task, group or item.
    #[must_use]
    pub fn new(source: Source<'_>, name: &str) -> Option<Self> {
        match source.state.named(name)? {
            Named::Instance(id) if source.state.task(id).is_some() => Some(source.task(id)),
            Named::Instance(id) => Some(source.group(id, name)),
            Named::Item(scope) => {
                let mut shown = source.group(source.state.scope(scope).group, name);
                shown.row.id = name.to_owned();
                shown.row.state = worst(&source.inside(name));
                shown.row.reason = None;
                Some(shown)
            }
        }
    }
}

impl Source<'_> {
    fn task(self, id: InstanceId) -> Shown {
        let told = &self.state.instance(id).id;
        // The status may know more of it than the state does: what has become of its job.
        let row = self.status.tasks.iter().find(|row| *row.id == **told).cloned();
        let row = row.unwrap_or_else(|| row_of(self.plan, self.state, id));
        let task = self.state.task(id).cloned().unwrap_or_default();
        let next = next::of_one(self.status, &row);
        let name = row.id.clone();
        Shown {
            known: self.known(&row, &task),
            unknown: unknown(&row),
            probe: self.found(&row, &task),
            outputs: task.outputs.as_deref().cloned(),
            group: false,
            next,
            ..self.named(row, id, &name)
        }
    }

    fn group(self, id: InstanceId, name: &str) -> Shown {
        let inside = self.inside(name);
        let of = |standing| inside.iter().filter(move |row| row.state == standing);
        let bad = of(TaskStanding::InDoubt).chain(of(TaskStanding::Failed)).take(NAMED_MAX);
        let show = |row: &TaskRow| next::command(&["show", self.folder.id(), &row.id]);
        Shown {
            known: counts(&inside),
            next: bad.map(show).collect(),
            group: true,
            ..self.named(row_of(self.plan, self.state, id), id, name)
        }
    }

    fn named(self, row: TaskRow, id: InstanceId, name: &str) -> Shown {
        let node = self.state.instance(id).node;
        let folder = self.folder.task(name, 1);
        Shown {
            title: self.plan.title(node).to_owned(),
            description: self.plan.step(node).description.clone(),
            group: false,
            known: String::new(),
            unknown: None,
            probe: None,
            outputs: None,
            folder: folder.parent().map(|path| path.display().to_string()).unwrap_or_default(),
            history: history(self.entries, |subject| (subject == name).then_some("")),
            next: Vec::new(),
            row,
        }
    }

    /// What is known of a task's effect.
    fn known(self, row: &TaskRow, task: &TaskState) -> String {
        match task.knowledge {
            _ if row.effect == Effect::Read => "it changes nothing".to_owned(),
            Knowledge::NotBegun => "its effect has not happened".to_owned(),
            Knowledge::Maybe(job) => {
                format!("job {job} was started, and {}", self.end(&row.id, job))
            }
            Knowledge::Done(Proof::Exit(job)) => {
                format!("its effect has happened: job {job} ended well")
            }
            Knowledge::Done(Proof::Probe(job)) if task.inquiry.found => {
                format!(
                    "its effect had happened before it was started: the probe, job {job}, says so"
                )
            }
            Knowledge::Done(Proof::Probe(job)) => {
                format!("its effect has happened: the probe, job {job}, says so")
            }
            Knowledge::Done(Proof::Operator) => {
                "its effect has happened: an operator says so".to_owned()
            }
        }
    }

    /// How a job has ended, as far as the records tell.
    fn end(self, task: &str, job: u32) -> String {
        let told = self.entries.iter().rev().find_map(|entry| match &entry.record {
            Record::JobEnded { task: id, attempt, end, .. } if &**id == task && *attempt == job => {
                Some(match end {
                    JobEnd::Ran(end) => format!("it {end}"),
                    JobEnd::NotSpawned { reason } => reason.clone(),
                })
            }
            Record::JobLost { task: id, attempt } if &**id == task && *attempt == job => {
                Some("nothing says how it ended".to_owned())
            }
            _ => None,
        });
        told.unwrap_or_else(|| "no end of it is recorded".to_owned())
    }

    fn found(self, row: &TaskRow, task: &TaskState) -> Option<Found> {
        let job = task.inquiry.attempt?;
        Some(Found {
            job,
            state: task.inquiry.state.as_deref().map(str::to_owned),
            printed: printed(self.folder, &row.id, job),
            repairs: task.inquiry.repairs,
            repairs_max: REPAIRS_MAX,
        })
    }

    /// The tasks inside a group or an item.
    fn inside(self, name: &str) -> Vec<TaskRow> {
        let within =
            |id: &str| id.strip_prefix(name).is_some_and(|rest| rest.starts_with(['.', '[']));
        self.status.tasks.iter().filter(|row| within(&row.id)).cloned().collect()
    }
}

/// What is not known of a task in doubt, and why nobody could be asked.
fn unknown(row: &TaskRow) -> Option<String> {
    let reason = match (row.state, row.probe) {
        (TaskStanding::InDoubt, false) => "it is `once`, and has no probe that could be asked",
        (TaskStanding::InDoubt, true) => "what its probe has found leaves it open",
        _ => return None,
    };
    Some(format!("whether its effect has happened wholly, in part or not at all: {reason}"))
}

/// How an item stands: as the worst of what is in it.
fn worst(tasks: &[TaskRow]) -> TaskStanding {
    let order = [
        TaskStanding::InDoubt,
        TaskStanding::Failed,
        TaskStanding::Running,
        TaskStanding::Blocked,
        TaskStanding::Waiting,
        TaskStanding::Waived,
    ];
    let found = order.into_iter().find(|&state| tasks.iter().any(|task| task.state == state));
    found.unwrap_or(TaskStanding::Succeeded)
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

/// All of it, for people.
#[must_use]
pub fn text(shown: &Shown) -> String {
    let row = &shown.row;
    let mut text = escape(&row.id).into_owned();
    // A step without a title is called by its name, which the id says already.
    if !row.step.ends_with(&shown.title) {
        let _ = write!(text, " · {}", escape(&shown.title));
    }
    text.push('\n');
    if let Some(description) = &shown.description {
        description.trim_end().lines().for_each(|line| {
            let _ = writeln!(text, "{}", escape(line));
        });
    }
    text.push('\n');
    let mut say = |label: &str, words: &str| {
        for (number, line) in words.lines().enumerate() {
            let label = if number == 0 { label } else { "" };
            let _ = writeln!(text, "{label:<9}{}", escape(line));
        }
    };
    say("state", &format!("{}{}", row.state.name().replace('_', " "), about(shown)));
    if let Some(reason) = &row.reason {
        say("why", reason);
    }
    say("known", &shown.known);
    if let Some(unknown) = &shown.unknown {
        say("unknown", unknown);
    }
    if shown.probe.is_none() {
        for (number, line) in row.printed.iter().enumerate() {
            say(if number == 0 { "printed" } else { "" }, &format!("| {line}"));
        }
    }
    if let Some(probe) = &shown.probe {
        say("probe", &probe.words());
        probe.printed.iter().for_each(|line| say("", &format!("| {line}")));
    }
    for (name, field) in row.question.iter().flat_map(|question| &question.fields) {
        say("field", &format!("{name}: {}", field.words()));
    }
    if !row.waiting_for.is_empty() {
        say("waits", &format!("for {}", row.waiting_for.join(", ")));
    }
    if let Some(outputs) = &shown.outputs {
        say("outputs", &outputs.to_string());
    }
    if row.attempts > 0 || shown.probe.is_some() {
        say("files", &shown.folder);
    }
    tell_history(&mut text, &shown.history);
    next::list(&mut text, &shown.next);
    text
}

/// What has happened to those subjects of which `about` knows what to write before it, oldest first.
pub(super) fn history<'a>(
    entries: &[Entry<Record>],
    about: impl Fn(&str) -> Option<&'a str>,
) -> Vec<Moment> {
    let told = |entry: &Entry<Record>| {
        let before = about(entry.record.subject()?)?;
        let what = format!("{before}{}", moment(&entry.record)?);
        Some(Moment { seq: entry.seq, at: entry.at, what })
    };
    entries.iter().filter_map(told).collect()
}

/// The same as text, under a title.
pub(super) fn tell_history(text: &mut String, history: &[Moment]) {
    if history.is_empty() {
        return;
    }
    text.push_str("\nhistory:\n");
    for moment in history {
        let at = format!("  {}  ", local(moment.at));
        for (number, line) in moment.what.lines().enumerate() {
            let at = if number == 0 { at.as_str() } else { &" ".repeat(at.len()) };
            let _ = writeln!(text, "{at}{}", escape(line));
        }
    }
}

/// The effect and the kind of a task.
fn about(shown: &Shown) -> String {
    let effect = match shown.row.effect {
        Effect::Read => "read",
        Effect::Idempotent => "idempotent",
        Effect::Once => "once",
    };
    let mut about = Vec::new();
    about.extend((!shown.group).then(|| format!("effect `{effect}`")));
    about.extend(shown.row.kind.as_ref().map(|kind| format!("kind `{kind}`")));
    if about.is_empty() { String::new() } else { format!(" ({})", about.join(", ")) }
}

impl Found {
    fn words(&self) -> String {
        let found = match &self.state {
            Some(state) => format!("found it `{state}`"),
            None => "gave no answer that could be read".to_owned(),
        };
        let repairs = match self.repairs {
            0 => String::new(),
            _ => format!("; {} of {} repairs used", self.repairs, self.repairs_max),
        };
        format!("job {} {found}{repairs}", self.job)
    }
}
