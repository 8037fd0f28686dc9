//! The status of a run, for people: what needs them first, then what runs, then the counts, then what to type.
//!
//! Says nothing that is not in the [`Status`]; programs read that as JSON.

use std::fmt::Write as _;

use super::locks;
use super::next;
use super::setting::SettingRow;
use super::status::{Status, TaskRow};
use super::time::local;
use crate::core::record::StopReason;
use crate::core::setting::SettingStanding;
use crate::core::standing::{RunStanding, TaskStanding};
use crate::observe::printable::escape;

/// How many tasks of a kind are listed one by one.
const LISTED_MAX: usize = 10;

/// The status of one run.
#[must_use]
pub fn text(status: &Status) -> String {
    let mut text = format!("{} · {} ({})\n", status.run, status.title, status.runbook);
    let state = if status.is_only_owed() { "owing" } else { status.state.name() };
    let _ = write!(text, "{}", state.replace('_', " "));
    if let Some(started) = status.started {
        let _ = write!(text, ", started {}", local(started));
    }
    if let Some(ended) = status.ended {
        let word = match status.state {
            RunStanding::Succeeded | RunStanding::Abandoned => "ended",
            _ => "at rest since",
        };
        let _ = write!(text, ", {word} {}", local(ended));
    }
    if status.state == RunStanding::Interrupted {
        text.push_str(match status.stopped {
            None => "; its executor has gone without a word",
            Some(StopReason::Signal) => "; stopped by a signal",
            Some(StopReason::Operator) => "; stopped on purpose",
            Some(StopReason::Reached) => "; it has come as far as it was to go",
            Some(StopReason::Abandoned) => "; it was to be abandoned",
            Some(StopReason::Waiting) => "; what people were asked is answered",
            Some(StopReason::Stuck | StopReason::Locked) => "",
        });
    }
    if let Some(executor) = &status.executor {
        let _ = write!(text, ", worked on by {}", executor.words());
    }
    text.push('\n');
    if status.settings.iter().any(|row| row.debt) {
        text.push('\n');
        owed(&mut text, status);
    }
    list(&mut text, "asked of people", status.asked());
    for (standing, title) in [
        (TaskStanding::InDoubt, "in doubt"),
        (TaskStanding::Failed, "failed"),
        (TaskStanding::Running, of_running(status)),
        (TaskStanding::Waived, "waived"),
    ] {
        // Of what was given up nothing goes on.
        if standing != TaskStanding::Running || status.state != RunStanding::Abandoned {
            list(&mut text, title, status.standing(standing));
        }
    }
    let for_a_time = |row: &&TaskRow| row.until.is_some() && row.question.is_none();
    let waiting = status.standing(TaskStanding::Waiting).filter(for_a_time);
    list(&mut text, "waiting for a time", waiting);
    locks::write(&mut text, &status.awaited, &status.claims, &status.lost);
    if status.settings.iter().any(is_for_a_time) {
        text.push('\n');
        settings(&mut text, "changed for a time", status, is_for_a_time);
    }
    if status.settings.iter().any(|row| row.state == SettingStanding::WrittenOff) {
        text.push('\n');
        written_off(&mut text, status);
    }
    counts(&mut text, status);
    next::list(&mut text, &status.next);
    text
}

fn list<'a>(text: &mut String, title: &str, rows: impl Iterator<Item = &'a TaskRow>) {
    let rows: Vec<&TaskRow> = rows.collect();
    if rows.is_empty() {
        return;
    }
    let _ = writeln!(text, "\n{title}:");
    for row in rows.iter().take(LISTED_MAX) {
        let until = row.until.map(|until| format!(" (until {})", local(until)));
        let since = row.started.filter(|_| row.state == TaskStanding::Running);
        let since = since.map_or_else(String::new, |since| format!(", since {}", local(since)));
        let reason = row.reason.as_deref().unwrap_or_default();
        let mut lines = reason.lines();
        let first = lines.next().map_or_else(String::new, |line| format!(": {}", escape(line)));
        let whom = row.question.as_ref().map(|_| format!(" ({})", row.waiting_for.join(", ")));
        let since = whom.map_or(since, |whom| escape(&whom).into_owned());
        let _ = writeln!(text, "  {}{since}{first}{}", escape(&row.id), until.unwrap_or_default());
        lines.for_each(|line| {
            let _ = writeln!(text, "    {}", escape(line));
        });
        row.printed.iter().for_each(|line| {
            let _ = writeln!(text, "    | {}", escape(line));
        });
    }
    if rows.len() > LISTED_MAX {
        let _ =
            writeln!(text, "  and {} more (`--format json` lists all)", rows.len() - LISTED_MAX);
    }
}

/// The settings that are not back to what they were and should be; `false` if there are none.
pub fn owed(text: &mut String, status: &Status) -> bool {
    settings(text, "owed, as it is not back to what it was", status, |row| row.debt)
}

/// The settings that an operator has said are not put back; `false` if there are none.
pub fn written_off(text: &mut String, status: &Status) -> bool {
    settings(text, "written off", status, |row| row.state == SettingStanding::WrittenOff)
}

fn is_for_a_time(row: &SettingRow) -> bool {
    !row.debt && row.state.is_open()
}

/// Settings, each with what it was and what it is.
fn settings(
    text: &mut String,
    title: &str,
    status: &Status,
    wanted: fn(&SettingRow) -> bool,
) -> bool {
    let rows: Vec<&SettingRow> = status.settings.iter().filter(|row| wanted(row)).collect();
    if rows.is_empty() {
        return false;
    }
    let _ = writeln!(text, "{title}:");
    for row in rows.iter().take(LISTED_MAX) {
        let _ = writeln!(text, "  {}: {}", escape(&row.name()), escape(&row.words()));
    }
    if rows.len() > LISTED_MAX {
        let _ =
            writeln!(text, "  and {} more (`--format json` lists all)", rows.len() - LISTED_MAX);
    }
    true
}

/// What is said of tasks that have something under way: without an executor nobody sees to them.
fn of_running(status: &Status) -> &'static str {
    match status.executor {
        Some(_) => "running",
        None => "left behind",
    }
}

fn counts(text: &mut String, status: &Status) {
    let known = status.tasks.len();
    let noun = if known == 1 { "task" } else { "tasks" };
    let _ = writeln!(text, "\n{known} {noun}: {}", counted(status));
}

/// How many tasks stand how: `7 succeeded, 1 failed, 2 blocked`. Of a run that was given up nothing runs or waits any more.
#[must_use]
pub fn counted(status: &Status) -> String {
    let ended = [
        TaskStanding::Succeeded,
        TaskStanding::Skipped,
        TaskStanding::Waived,
        TaskStanding::Failed,
        TaskStanding::InDoubt,
    ];
    let open = [TaskStanding::Running, TaskStanding::Waiting, TaskStanding::Blocked];
    let count = |standing| status.standing(standing).count();
    let named = |standing: TaskStanding| {
        let words = match standing {
            TaskStanding::Running => of_running(status).to_owned(),
            other => other.name().replace('_', " "),
        };
        (count(standing), words)
    };
    let mut counts: Vec<(usize, String)> = ended.into_iter().map(named).collect();
    if status.state == RunStanding::Abandoned {
        let left = open.into_iter().map(count).sum();
        let words = if left == 1 { "left as it was" } else { "left as they were" };
        counts.push((left, words.to_owned()));
    } else {
        counts.extend(open.into_iter().map(named));
    }
    let counts = counts.iter().filter(|(count, _)| *count > 0);
    let parts: Vec<String> = counts.map(|(count, words)| format!("{count} {words}")).collect();
    parts.join(", ")
}
