//! Everything that is known of one setting, and why it stands as it does.
//!
//! Derives it from the records; decides nothing.

use std::fmt::Write as _;

use serde::Serialize;
use serde_json::Value;

use super::{SettingRow, row};
use crate::core::setting::Way;
use crate::core::state::{InstanceId, Named};
use crate::observe::printable::escape;
use crate::report::task::{Moment, Source, history};
use crate::report::{next, task};

/// One setting, as `show --format json` prints it.
#[derive(Debug, Serialize)]
pub struct ShownSetting {
    /// As in the status of its run; of a setting with items, each of them.
    pub settings: Vec<SettingRow>,
    /// Its title.
    pub title: String,
    /// Its description.
    pub description: Option<String>,
    /// What is known of it and what is not, in words, each item in its place.
    pub known: Vec<String>,
    /// What was found in its place, where somebody else has changed it.
    pub found: Vec<Value>,
    /// Whether it is owed.
    pub debt: bool,
    /// Where the output files of its jobs are.
    pub folders: Vec<String>,
    /// What happened to it, oldest first.
    pub history: Vec<Moment>,
    /// What to do next, as commands.
    pub next: Vec<String>,
}

impl ShownSetting {
    /// What is known of the setting that `name` names: itself, one item of it, or its opening or closing.
    #[must_use]
    pub fn new(source: Source<'_>, name: &str) -> Option<Self> {
        let state = source.state;
        let Named::Instance(id) = state.named(name)? else { return None };
        if !state.is_of_setting(id) {
            return None;
        }
        let parts: Vec<InstanceId> = match state.part(id) {
            Some(_) => vec![id],
            None => state.parts_of(id).map(|(part, _)| part).collect(),
        };
        let watched = source.status.executor.is_some();
        let rows: Vec<SettingRow> = parts
            .iter()
            .filter_map(|&id| Some(row(source.plan, state, id, state.part(id)?, watched)))
            .collect();
        let node = state.instance(id).node;
        let jobs = parts.iter().flat_map(|&id| {
            [Way::Set, Way::Restore].map(|way| state.job_name(id, way).to_string())
        });
        let jobs: Vec<String> = jobs.collect();
        let folders = jobs.iter().filter_map(|job| {
            let folder = source.folder.task(job, 1).parent()?.to_owned();
            folder.is_dir().then(|| folder.display().to_string())
        });
        let own = &state.instance(id).id;
        let about = |subject: &str| match Way::of(subject) {
            Some(Way::Set) if jobs.iter().any(|job| job == subject) => Some("to set it, "),
            Some(Way::Restore) if jobs.iter().any(|job| job == subject) => Some("to restore it, "),
            _ if subject == &**own || rows.iter().any(|row| row.id == subject) => Some(""),
            _ => None,
        };
        // How many values it has is told by their rows.
        let history = history(source.entries, about)
            .into_iter()
            .filter(|moment| !moment.what.starts_with("entered"))
            .collect();
        Some(Self {
            title: source.plan.title(node).to_owned(),
            description: source.plan.step(node).description.clone(),
            known: rows.iter().map(SettingRow::words).collect(),
            found: rows.iter().filter_map(|row| row.found.clone()).collect(),
            debt: rows.iter().any(|row| row.debt),
            folders: folders.collect(),
            history,
            next: rows.iter().flat_map(|row| next::of_one_setting(source.status, row)).collect(),
            settings: rows,
        })
    }
}

/// All of it, for people.
#[must_use]
pub fn text(name: &str, shown: &ShownSetting) -> String {
    let mut text = escape(name).into_owned();
    // A setting without a title is called by its name, which stands there already.
    if !name.ends_with(&shown.title) {
        let _ = write!(text, " · {}", escape(&shown.title));
    }
    text.push('\n');
    for line in shown.description.iter().flat_map(|text| text.trim_end().lines()) {
        let _ = writeln!(text, "{}", escape(line));
    }
    text.push('\n');
    if shown.settings.is_empty() {
        text.push_str("state    not opened: nothing that it surrounds was to start yet\n");
    }
    for (row, known) in shown.settings.iter().zip(&shown.known) {
        if shown.settings.len() > 1 {
            let _ = writeln!(text, "{}", escape(&row.id));
        }
        let owed = if row.debt { ", owed" } else { "" };
        let _ = writeln!(text, "state    {}{owed}", row.state.name().replace('_', " "));
        let _ = writeln!(text, "known    {}", escape(known));
    }
    for folder in &shown.folders {
        let _ = writeln!(text, "files    {}", escape(folder));
    }
    task::tell_history(&mut text, &shown.history);
    next::list(&mut text, &shown.next);
    text
}
