//! The last words about a run, once nothing moves any more: how it stands, what went wrong, what to type next.
//!
//! Derives everything from the status and from what the jobs printed; records nothing.

use std::fmt::Write as _;
use std::fs;
use std::io::{self, Write as _};
use std::path::PathBuf;

use super::printable::{between, counted, escape, span};
use super::tail::last_lines_of;
use crate::core::standing::{RunStanding, TaskStanding};
use crate::journal::RunFolder;
use crate::report::status::{Status, TaskRow};
use crate::report::{next, overview};

/// How many tasks of a kind are told one by one.
const TOLD_MAX: usize = 3;

/// How many lines of a job's output are shown.
const OUTPUT_LINES_MAX: usize = 3;

/// Says on standard error how a run stands.
pub fn print(status: &Status, folder: &RunFolder) {
    say(&text(status, folder));
}

/// Says on standard error that the executor leaves while jobs go on.
pub fn left(status: &Status) {
    say(&left_text(status));
}

fn say(text: &str) {
    // Whoever has closed the terminal does not want to hear it.
    let _ = io::stderr().lock().write_all(text.as_bytes());
}

pub(super) fn text(status: &Status, folder: &RunFolder) -> String {
    let mut text = String::new();
    if overview::owed(&mut text, status) {
        text.push('\n');
    }
    if overview::written_off(&mut text, status) {
        text.push('\n');
    }
    section(&mut text, status, folder, status.asked(), "asked of people");
    section(&mut text, status, folder, status.standing(TaskStanding::InDoubt), "in doubt");
    section(&mut text, status, folder, status.standing(TaskStanding::Failed), "failed");
    // What matters most comes last: a small terminal has scrolled the rest away.
    text.push_str(&headline(status));
    if !status.next.is_empty() {
        text.push_str("\nnext:\n");
        for command in &status.next {
            let _ = writeln!(text, "  {}", escape(command));
        }
    }
    text
}

/// `run ID failed in 3m 12s: 7 succeeded, 1 failed, 2 blocked`.
fn headline(status: &Status) -> String {
    let standing = match status.state {
        RunStanding::InDoubt if status.is_only_owed() => "owes what it has changed",
        RunStanding::InDoubt => "is in doubt",
        RunStanding::Interrupted => "was interrupted",
        RunStanding::Waiting => "waits for people",
        RunStanding::Locked => "waits for locks of other runs",
        RunStanding::Running => "goes on",
        RunStanding::Abandoned => "was abandoned",
        RunStanding::Failed => "failed",
        RunStanding::Succeeded => "succeeded",
    };
    let took = status.started.zip(status.ended).map_or_else(String::new, |(started, ended)| {
        format!(" after {}", span(between(started, ended)))
    });
    let counts = overview::counted(status);
    let counts = if counts.is_empty() { "no tasks".to_owned() } else { counts };
    format!("run {} {standing}{took}: {counts}\n", status.run)
}

fn section<'a>(
    text: &mut String,
    status: &Status,
    folder: &RunFolder,
    rows: impl Iterator<Item = &'a TaskRow>,
    title: &str,
) {
    let rows: Vec<&TaskRow> = rows.collect();
    if rows.is_empty() {
        return;
    }
    let _ = writeln!(text, "{title}:");
    for row in rows.iter().take(TOLD_MAX) {
        tell(text, row, folder);
    }
    if rows.len() > TOLD_MAX {
        let _ = writeln!(
            text,
            "  and {} more: `{}`",
            rows.len() - TOLD_MAX,
            next::command(&["status", &status.run])
        );
    }
    text.push('\n');
}

/// A task that went wrong: why, what it said, and where all that it said can be read.
fn tell(text: &mut String, row: &TaskRow, folder: &RunFolder) {
    let reason = row.reason.as_deref().unwrap_or_default();
    let mut lines = reason.lines();
    let first = lines.next().map_or_else(String::new, |line| format!(": {}", escape(line)));
    let _ = writeln!(text, "  {}{first}", escape(&row.id));
    lines.for_each(|line| {
        let _ = writeln!(text, "    {}", escape(line));
    });
    let Some(log) = last_job(folder, &row.id) else { return };
    let mut lines = row.printed.clone();
    if lines.is_empty() {
        lines = last_lines_of(&log.join("stderr"), OUTPUT_LINES_MAX);
    }
    if lines.is_empty() {
        lines = last_lines_of(&log.join("stdout"), OUTPUT_LINES_MAX);
    }
    for line in lines {
        let _ = writeln!(text, "    | {line}");
    }
    let _ = writeln!(text, "    log: {}", escape(&log.display().to_string()));
}

/// The folder of the last job of a task that has left something behind.
fn last_job(folder: &RunFolder, task: &str) -> Option<PathBuf> {
    let first = folder.task(task, 1);
    let jobs = fs::read_dir(first.parent()?).ok()?;
    let last = jobs.filter_map(|job| job.ok()?.file_name().to_str()?.parse().ok()).max()?;
    Some(folder.task(task, last))
}

pub(super) fn left_text(status: &Status) -> String {
    let running = status.standing(TaskStanding::Running).count();
    let mut text = match running {
        0 => format!("run {} is left; no task of it was running\n", status.run),
        _ => format!(
            "run {} is left while {} {} running; the jobs go on under their keeper\n",
            status.run,
            counted(running, "task"),
            if running == 1 { "is" } else { "are" }
        ),
    };
    let _ = writeln!(text, "  `{}` shows how it stands", next::command(&["status", &status.run]));
    let _ = writeln!(
        text,
        "  `{}` takes over what has ended meanwhile, and continues",
        next::command(&["resume", &status.run])
    );
    text
}
