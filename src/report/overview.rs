//! The status of a run, for people: what needs them first, then what runs, then the counts, then what to type.
//!
//! Says nothing that is not in the [`Status`]; programs read that as JSON.

use std::fmt::Write as _;

use super::locks;
use super::status::{Status, TaskRow};
use super::time::local;
use crate::core::standing::TaskStanding;

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
        let _ = write!(text, ", at rest since {}", local(ended));
    }
    if let Some(executor) = &status.executor {
        let _ = write!(text, ", worked on by {}", executor.words());
    }
    text.push('\n');
    let running = match status.executor {
        Some(_) => "running",
        None => "left to their keeper, with no executor (a resume takes over what becomes of them)",
    };
    for (standing, title) in [
        (TaskStanding::InDoubt, "in doubt"),
        (TaskStanding::Failed, "failed"),
        (TaskStanding::Running, running),
        (TaskStanding::Waived, "waived"),
    ] {
        list(&mut text, title, status.standing(standing));
    }
    locks::write(&mut text, &status.awaited, &status.claims);
    counts(&mut text, status);
    if !status.next.is_empty() {
        text.push_str("\nnext:\n");
        status.next.iter().for_each(|command| {
            let _ = writeln!(text, "  {command}");
        });
    }
    text
}

fn list<'a>(text: &mut String, title: &str, rows: impl Iterator<Item = &'a TaskRow>) {
    let rows: Vec<&TaskRow> = rows.collect();
    if rows.is_empty() {
        return;
    }
    let _ = writeln!(text, "\n{title}:");
    for row in rows.iter().take(LISTED_MAX) {
        let _ = write!(text, "  {}", row.id);
        if let Some(reason) = &row.reason {
            let _ = write!(text, ": {reason}");
        }
        if let Some(until) = row.until {
            let _ = write!(text, " (until {})", local(until));
        }
        text.push('\n');
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
