//! Two plans of one runbook → what has changed from the one that was reviewed to the one that would be run, in words.
//!
//! Decides nothing: whoever runs a plan refuses if there is anything.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::Value;

use super::planned::{Compared, ComparedTask, Planned};
use super::shell;

/// How many changes of a kind are told one by one.
const TOLD_MAX: usize = 12;

/// How much of a value is told, in characters.
const VALUE_MAX: usize = 80;

/// What has changed, one line each; empty if the plan is what it was.
///
/// # Errors
/// If one of the two does not hold what a plan holds.
pub fn changes(then: &Planned, now: &Planned) -> serde_json::Result<Vec<String>> {
    let (old, new) = (then.compared()?, now.compared()?);
    let mut told = Vec::new();
    texts(then, now, &mut told);
    parameters(&old, &new, &mut told);
    tasks(&old, &new, &mut told);
    if old.probed {
        settings(&old, &new, &mut told);
    }
    if told.is_empty() && old.digest != new.digest {
        told.push("what the plan was made from has changed".to_owned());
    }
    Ok(told)
}

fn texts(then: &Planned, now: &Planned, told: &mut Vec<String>) {
    for text in &now.texts {
        match then.texts.iter().find(|old| old.file == text.file) {
            None => told.push(format!("`{}` is read now, and was not", text.file.display())),
            Some(old) if old.digest != text.digest => {
                told.push(format!("`{}` has changed", text.file.display()));
            }
            Some(_) => {}
        }
    }
    for old in &then.texts {
        if !now.texts.iter().any(|text| text.file == old.file) {
            told.push(format!("`{}` was read, and is not any more", old.file.display()));
        }
    }
}

fn parameters(old: &Compared, new: &Compared, told: &mut Vec<String>) {
    for (name, value) in &new.params {
        match old.params.get(name) {
            Some(before) if before == value => {}
            Some(before) => told.push(format!(
                "parameter `{name}` was {} and is {}",
                clipped(before),
                clipped(value)
            )),
            None => told.push(format!("parameter `{name}` is new: {}", clipped(value))),
        }
    }
    for name in old.params.keys().filter(|name| !new.params.contains_key(*name)) {
        told.push(format!("parameter `{name}` is gone"));
    }
}

fn tasks(old: &Compared, new: &Compared, told: &mut Vec<String>) {
    let before: BTreeMap<&str, &ComparedTask> =
        old.tasks.iter().map(|task| (task.id.as_str(), task)).collect();
    let mut lines: Vec<String> =
        new.tasks.iter().filter_map(|task| changed(before.get(task.id.as_str()), task)).collect();
    let now: std::collections::BTreeSet<&str> =
        new.tasks.iter().map(|task| task.id.as_str()).collect();
    let gone = old.tasks.iter().filter(|task| !now.contains(task.id.as_str()));
    lines.extend(gone.map(|task| format!("task {} is gone", task.id)));
    let more = lines.len().saturating_sub(TOLD_MAX);
    told.extend(lines.into_iter().take(TOLD_MAX));
    if more > 0 {
        told.push(format!("{more} more tasks"));
    }
}

fn changed(before: Option<&&ComparedTask>, task: &ComparedTask) -> Option<String> {
    let Some(before) = before else { return Some(format!("task {} is new", task.id)) };
    if before.argv != task.argv {
        let [was, is] = [&before.argv, &task.argv].map(command);
        return Some(format!("task {} was {was} and is {is}", task.id));
    }
    let same = before.verdict == task.verdict
        && before.found == task.found
        && before.repair == task.repair;
    if same {
        return None;
    }
    let mut line = format!("task {}: ", task.id);
    match (&before.found, &task.found) {
        (Some(was), Some(is)) if was != is => {
            let _ = write!(line, "its probe found `{was}` and finds `{is}` now");
        }
        (was, _) => {
            let was = was.as_ref().map(|was| format!("found `{was}`"));
            let was = was.or_else(|| before.reason.clone());
            let is = task.reason.clone().unwrap_or_else(|| "it will run".to_owned());
            let _ = write!(line, "it was {}; now {is}", was.unwrap_or_else(|| "to run".to_owned()));
        }
    }
    Some(line)
}

fn settings(old: &Compared, new: &Compared, told: &mut Vec<String>) {
    for setting in &new.settings {
        let before = old.settings.iter().find(|before| before.id == setting.id);
        if let Some(before) = before.filter(|before| before.now != setting.now) {
            let [was, is] = [&before.now, &setting.now]
                .map(|value| value.as_ref().map_or_else(|| "not known".to_owned(), clipped));
            told.push(format!("setting {} was {was} and is {is}", setting.id));
        }
    }
}

fn command(argv: &Option<Vec<String>>) -> String {
    match argv {
        Some(argv) => format!("`{}`", shell::command(argv.iter().map(String::as_str))),
        None => "not known beforehand".to_owned(),
    }
}

fn clipped(value: &Value) -> String {
    let text = value.to_string();
    match text.char_indices().nth(VALUE_MAX) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}
