//! `windlass show`.

use super::arguments::{Format, Place, Show};
use super::failure::{Failure, USAGE};
use super::known;
use crate::report::next;
use crate::report::task::{self, Shown, Source};
use crate::spec::near::did_you_mean;

pub(super) fn main(place: &Place, arguments: &Show) -> Result<u8, Failure> {
    let known = known::read(known::find(place, &arguments.run)?)?;
    let status = known.status();
    let source = Source {
        folder: &known.folder,
        plan: &known.plan,
        state: &known.state,
        entries: &known.entries,
        status: &status,
    };
    let shown = Shown::new(source, &arguments.task).ok_or_else(|| {
        let run = known.folder.id();
        let failure = Failure::new(USAGE, format!("run {run} has no task `{}`", arguments.task));
        let ids = status.tasks.iter().map(|row| row.id.as_str());
        let failure = match did_you_mean(&arguments.task, ids) {
            Some(near) => failure.help(near),
            None => failure,
        };
        failure.help(format!("`{}` lists the tasks", next::command(&["status", run])))
    })?;
    match arguments.format {
        Format::Json => super::print_json(&shown)?,
        Format::Human => super::print(&task::text(&shown))?,
    }
    Ok(0)
}
