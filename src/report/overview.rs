//! The status of a run, for people: what needs them first, then what runs, then the counts, then what to type.
//!
//! Says nothing that is not in the [`Status`]; programs read that as JSON.

use std::fmt::Write as _;

use super::next;
use super::status::{Status, TaskRow};
use super::time::local;
use crate::core::record::StopReason;
use crate::core::standing::{RunStanding, TaskStanding};
use crate::observe::printable::escape;

/// How many tasks of a kind are listed one by one.
const LISTED_MAX: usize = 10;

/// The status of one run.
#[must_use]
pub fn text(status: &Status) -> String {
    let mut text = format!("{} · {} ({})\n", status.run, status.title, status.runbook);
    let _ = write!(text, "{}", status.state.name().replace('_', " "));
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
            Some(StopReason::Abandoned) => {
                "; it was to be given up, and something of it is not settled"
            }
            Some(StopReason::Stuck) => "",
        });
    }
    if let Some(executor) = &status.executor {
        let _ = write!(text, ", worked on by {}", executor.words());
    }
    text.push('\n');
    settings(&mut text, status);
    let running = match status.executor {
        Some(_) => "running",
        None => "left behind",
    };
    for (standing, title) in [
        (TaskStanding::InDoubt, "in doubt"),
        (TaskStanding::Failed, "failed"),
        (TaskStanding::Running, running),
        (TaskStanding::Waived, "waived"),
    ] {
        list(&mut text, title, status.standing(standing));
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

fn counts(text: &mut String, status: &Status) {
    let counted = [
        TaskStanding::Succeeded,
        TaskStanding::Skipped,
        TaskStanding::Waived,
        TaskStanding::Failed,
        TaskStanding::InDoubt,
        TaskStanding::Running,
        TaskStanding::Waiting,
        TaskStanding::Blocked,
    ];
    let parts: Vec<String> = counted
        .into_iter()
        .map(|standing| (standing, status.standing(standing).count()))
        .filter(|(_, count)| *count > 0)
        .map(|(standing, count)| format!("{count} {}", standing.name().replace('_', " ")))
        .collect();
    let known = status.tasks.len();
    let _ = writeln!(
        text,
        "\n{known} {}: {}",
        if known == 1 { "task" } else { "tasks" },
        parts.join(", ")
    );
}

/// Settings that are owed, or in force: what they were, and what they are.
fn settings(text: &mut String, status: &Status) {
    for setting in status.settings.iter().filter(|setting| setting.debt || setting.state.is_open())
    {
        let mark = if setting.debt { "owed: " } else { "" };
        let _ = write!(
            text,
            "setting {}: {mark}{}",
            setting.id,
            setting.state.name().replace('_', " ")
        );
        if let Some(old) = &setting.old {
            let _ = write!(text, ", was {old}");
        }
        if let Some(reason) = &setting.reason {
            let _ = write!(text, " ({reason})");
        }
        text.push('\n');
    }
}
