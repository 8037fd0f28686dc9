//! A fact of a run → the one line that people read about it.
//!
//! Does not know who shows the line, nor where.

use std::fmt::Write as _;

use jiff::Timestamp;

use super::printable::{between, clock, counted, escape, moment, span};
use crate::core::job::{End, Role};
use crate::core::question::Answer;
use crate::core::record::{
    Actor, Closing, Decision, JobEnd, Judgement, Outcome, Record, StopReason, Verdict,
};
use crate::core::setting::SettingStanding;
use crate::core::state::{State, TaskState};
use crate::exec::Fact;
use crate::journal::RunFolder;
use crate::report::next;

/// How many processes that outlived their job are named.
const SURVIVORS_NAMED_MAX: usize = 3;

/// How much a line matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Weight {
    /// Part of the usual course.
    Usual,
    /// Worth a line that stays above the bars.
    Notable,
    /// The same, and bad news.
    Bad,
}

/// A line about a fact, without control characters.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Line {
    /// When, what, and of which task.
    pub(super) text: String,
    /// Where what the job has printed can be read, of bad news.
    pub(super) log: Option<String>,
    /// How much it matters.
    pub(super) weight: Weight,
}

/// What people read about a fact; nothing if it only repeats in detail what another one says.
pub(super) fn line(fact: &Fact, state: &State, folder: &RunFolder) -> Option<Line> {
    let subject =
        Subject { at: fact.at, state, folder, task: fact.record.subject().map_or("", |task| task) };
    let (weight, what, rest) = match &fact.record {
        Record::Opened(opened) => (
            Weight::Usual,
            "run",
            format!("{} opened by {}: {}", opened.run, actor(&opened.by), opened.title),
        ),
        Record::Resumed { by, runbook } => {
            let changed = if runbook.is_some() { ", with a changed runbook" } else { "" };
            (Weight::Usual, "run", format!("{} resumed by {}{changed}", folder.id(), actor(by)))
        }
        Record::Stopped { why, by, because } => {
            let weight = if *why == StopReason::Signal || *why == StopReason::Operator {
                Weight::Notable
            } else {
                Weight::Usual
            };
            (weight, "run", stopped(folder.id(), *why, by.as_ref(), because.as_deref()))
        }
        Record::Closed { outcome: Closing::Abandoned } => {
            (Weight::Usual, "run", format!("{} closed: abandoned", folder.id()))
        }
        Record::Closed { outcome: Closing::Succeeded } => {
            (Weight::Usual, "run", format!("{} closed: succeeded", folder.id()))
        }
        Record::ItemsFrozen { task, items }
            if !task.is_empty() && items.iter().any(|item| item.key.is_some()) =>
        {
            (Weight::Usual, "entered", format!("{task} with {}", counted(items.len(), "item")))
        }
        Record::ItemsFrozen { task, items } if !task.is_empty() && items.is_empty() => {
            (Weight::Usual, "entered", format!("{task} with 0 items"))
        }
        Record::JobStarting { role, .. } => (Weight::Usual, "started", subject.started(*role)),
        Record::JobEnded { end: JobEnd::Ran(end), verdict, .. } => {
            subject.outlived(end, verdict)?
        }
        Record::Denied { task, by } => {
            (Weight::Notable, "waiting", format!("{}{by}", claimer(task)))
        }
        Record::ClaimLost { task, names } => (
            Weight::Bad,
            "lost",
            format!("{}somebody has taken away {}", claimer(task), locks_in_words(names)),
        ),
        Record::JobOrphaned { task, pid, command, .. } => (
            Weight::Notable,
            "orphan",
            format!(
                "{task} has lost its keeper; process {pid} of it lives and is waited for: {command}"
            ),
        ),
        Record::JobLost { task, .. } => (
            Weight::Usual,
            "lost",
            format!("{task}: its job is over, and how it ended is not known"),
        ),
        Record::Judged { judgement: Judgement::Again, reason, .. } => {
            (Weight::Usual, "again", format!("{}: {reason}", subject.task))
        }
        Record::Judged {
            judgement:
                Judgement::Ongoing { until }
                | Judgement::Unconfirmed { until }
                | Judgement::Retry { until },
            reason,
            ..
        } => (
            Weight::Usual,
            "waiting",
            format!("{} until {}: {reason}", subject.task, moment(*until, fact.at)),
        ),
        Record::Judged { judgement: Judgement::Repair { .. }, reason, .. } => {
            (Weight::Notable, "repairing", format!("{}: {reason}", subject.task))
        }
        Record::Judged { judgement: Judgement::Done, reason, .. } => {
            (Weight::Notable, "done", format!("{}: {reason}", subject.task))
        }
        Record::Judged { judgement: Judgement::InDoubt, reason, .. } => {
            (Weight::Bad, "in doubt", format!("{}: {reason}", subject.task))
        }
        Record::WaitUntil { task, until, reason } => (
            Weight::Usual,
            "waiting",
            format!("{task} until {}: {reason}", moment(*until, fact.at)),
        ),
        Record::WindowAwaited { task, window, until } => (
            Weight::Notable,
            "waiting",
            format!("{task} until {}: for window `{window}`", moment(*until, fact.at)),
        ),
        Record::Asked { task, question } => {
            let answer = next::command(&["approve", folder.id(), task]);
            let first = question.text.lines().next().unwrap_or_default();
            (Weight::Notable, "asked", format!("{task} ({}): {first}; `{answer}`", question.whom()))
        }
        Record::Answered { task, by, answer } => answered(task, by, answer),
        Record::SettingMoved { task, state, value, reason, .. } => {
            setting_moved(task, *state, value.as_deref(), reason.as_deref())
        }
        Record::TaskEnded { outcome, reason, .. } => subject.ended(*outcome, reason.as_deref()),
        Record::Resolved { task, decision, because, by, .. } => (
            Weight::Notable,
            "resolved",
            format!("{task} as {} by {}: {because}", decided(*decision), actor(by)),
        ),
        // The line that follows says what comes of it.
        Record::Judged { .. }
        | Record::Claimed { .. }
        | Record::Released { .. }
        | Record::ItemsFrozen { .. }
        | Record::JobEnded { end: JobEnd::NotSpawned { .. }, .. }
        | Record::OutputsKept { .. } => return None,
    };
    let log = if weight == Weight::Bad { subject.log() } else { None };
    Some(Line {
        log,
        text: escape(&format!("{} {what:<9} {rest}", clock(fact.at))).into_owned(),
        weight,
    })
}

/// A line about something that is no fact of the run.
pub(super) fn warning(text: &str) -> String {
    escape(&format!("warning: {text}")).into_owned()
}

/// The task that a fact speaks of.
struct Subject<'a> {
    at: Timestamp,
    state: &'a State,
    folder: &'a RunFolder,
    task: &'a str,
}

impl Subject<'_> {
    fn known(&self) -> Option<&TaskState> {
        self.state.find(self.task).and_then(|id| self.state.task(id))
    }

    fn started(&self, role: Role) -> String {
        let tries = self.known().map_or(1, |task| task.attempts);
        match role {
            Role::Action if tries > 1 => format!("{} (try {tries})", self.task),
            role => match role.label() {
                Some(label) => format!("{} ({label})", self.task),
                None => self.task.to_owned(),
            },
        }
    }

    fn ended(&self, outcome: Outcome, reason: Option<&str>) -> (Weight, &'static str, String) {
        let simple = |reason: Option<&str>| {
            reason.map_or_else(|| self.task.to_owned(), |reason| format!("{}: {reason}", self.task))
        };
        match outcome {
            Outcome::Succeeded => {
                let started = self.known().and_then(|task| task.started);
                let took = started.map_or_else(String::new, |started| {
                    format!(" in {}", span(between(started, self.at)))
                });
                (Weight::Usual, "succeeded", format!("{}{took}", self.task))
            }
            Outcome::Skipped => (Weight::Usual, "skipped", simple(reason)),
            Outcome::Waived => (Weight::Usual, "waived", simple(reason)),
            Outcome::Failed => (Weight::Bad, "failed", simple(reason)),
        }
    }

    /// Where what the job printed can be read; nothing if it has printed nothing: its keeper removes a folder in which nothing is.
    fn log(&self) -> Option<String> {
        let task = self.known().filter(|task| task.jobs > 0)?;
        let log = self.folder.task(self.task, task.jobs);
        let has_printed = ["stderr", "stdout"]
            .iter()
            .any(|name| log.join(name).metadata().is_ok_and(|file| file.len() > 0));
        has_printed.then(|| escape(&log.display().to_string()).into_owned())
    }

    /// What is still alive of a job that has ended.
    fn outlived(&self, end: &End, verdict: &Verdict) -> Option<(Weight, &'static str, String)> {
        let alive = survivors(end);
        match verdict {
            Verdict::Bad { reason } if !end.over => Some((
                Weight::Notable,
                "lingers",
                format!(
                    "{}: {reason}; it is not judged before all of it is over{alive}",
                    self.task
                ),
            )),
            Verdict::Good if !end.survivors.is_empty() => Some((
                Weight::Notable,
                "outlived",
                format!("{}: it has ended well{alive}", self.task),
            )),
            _ => None,
        }
    }
}

fn survivors(end: &End) -> String {
    let mut text = String::new();
    for (number, survivor) in end.survivors.iter().take(SURVIVORS_NAMED_MAX).enumerate() {
        let _ = write!(
            text,
            "{} process {} ({})",
            if number == 0 { "; alive:" } else { "," },
            survivor.pid,
            survivor.command
        );
    }
    if end.survivors.len() > SURVIVORS_NAMED_MAX {
        let _ = write!(text, " and {} more", end.survivors.len() - SURVIVORS_NAMED_MAX);
    }
    text
}

fn actor(actor: &Actor) -> String {
    format!("{} on {}", actor.user, actor.host)
}

fn stopped(run: &str, why: StopReason, by: Option<&Actor>, because: Option<&str>) -> String {
    let by = by.map_or_else(String::new, |by| format!(" by {}", actor(by)));
    let because = because.map_or_else(String::new, |because| format!(" ({because})"));
    match why {
        StopReason::Stuck => format!("{run} stopped: nothing more can start without a person"),
        StopReason::Locked => {
            format!("{run} stopped: all that is left waits for locks of other runs")
        }
        StopReason::Waiting => format!("{run} stopped: all that is left waits for people"),
        StopReason::Reached => format!("{run} stopped: it has come as far as it was to go"),
        StopReason::Signal => format!(
            "{run} stopped by a signal: nothing more starts, what runs is waited for; a second one leaves it to the keeper"
        ),
        StopReason::Abandoned => {
            format!("{run} given up{by}{because}: only open settings are put back")
        }
        StopReason::Operator => {
            format!("{run} stopped{by}{because}: nothing more starts, what runs is waited for")
        }
    }
}

/// What people read about an answer.
fn answered(task: &str, by: &Actor, answer: &Answer) -> (Weight, &'static str, String) {
    let why = answer.because.as_ref().map(|why| format!(": {why}")).unwrap_or_default();
    let (weight, what) =
        if answer.go { (Weight::Notable, "approved") } else { (Weight::Bad, "rejected") };
    (weight, what, format!("{task} by {}{why}", actor(by)))
}

/// What people read about a setting.
fn setting_moved(
    name: &str,
    state: SettingStanding,
    value: Option<&serde_json::Value>,
    reason: Option<&str>,
) -> (Weight, &'static str, String) {
    let value = value.map(ToString::to_string).unwrap_or_default();
    let why = reason.map(|reason| format!(": {reason}")).unwrap_or_default();
    match state {
        SettingStanding::Captured => (Weight::Usual, "captured", format!("{name} was {value}")),
        SettingStanding::InForce => (Weight::Usual, "in force", format!("{name} is {value}")),
        SettingStanding::Restored => (Weight::Usual, "restored", format!("{name}{why}")),
        SettingStanding::Drifted => (Weight::Bad, "drifted", format!("{name}{why}")),
        SettingStanding::Idle => (Weight::Bad, "found", format!("{name} is {value}{why}")),
        SettingStanding::WrittenOff | SettingStanding::Changing | SettingStanding::Restoring => {
            (Weight::Notable, "setting", format!("{name} is {state}{why}"))
        }
    }
}

/// For whom a lock is held or wanted, in front of what is said of it.
fn claimer(task: &str) -> String {
    if task.is_empty() { String::new() } else { format!("{task}: ") }
}

fn locks_in_words(names: &[std::sync::Arc<str>]) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    format!("{} {}", if names.len() == 1 { "lock" } else { "locks" }, quoted.join(", "))
}

fn decided(decision: Decision) -> &'static str {
    match decision {
        Decision::Done => "done",
        Decision::Absent => "absent",
        Decision::Failed => "failed",
        Decision::Waived => "waived",
    }
}

/// Whether a record can give a line that is worth keeping; a quick answer for most.
pub(super) fn may_last(record: &Record) -> bool {
    match record {
        Record::JobEnded { end: JobEnd::Ran(end), .. } => !end.over || !end.survivors.is_empty(),
        Record::TaskEnded { outcome, .. } => *outcome == Outcome::Failed,
        Record::SettingMoved { state, .. } => {
            matches!(state, SettingStanding::Idle | SettingStanding::Drifted)
        }
        Record::Stopped { .. }
        | Record::Denied { .. }
        | Record::ClaimLost { .. }
        | Record::WindowAwaited { .. }
        | Record::Asked { .. }
        | Record::Answered { .. }
        | Record::Judged { .. }
        | Record::Resolved { .. } => true,
        _ => false,
    }
}
