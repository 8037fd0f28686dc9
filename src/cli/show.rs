//! `windlass show`.

use super::arguments::{Format, Place, Show};
use super::failure::{Failure, USAGE};
use super::known;
use crate::report::setting::shown::{self, ShownSetting};
use crate::report::task::{self, Shown, Source};

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
    if let Some(shown) = ShownSetting::new(source, &arguments.task) {
        match arguments.format {
            Format::Json => super::print_json(&shown)?,
            Format::Human => super::print(&shown::text(&arguments.task, &shown))?,
        }
        return Ok(0);
    }
    let shown = Shown::new(source, &arguments.task).ok_or_else(|| {
        known::unknown_task(USAGE, known.folder.id(), &known.state, &arguments.task)
    })?;
    match arguments.format {
        Format::Json => super::print_json(&shown)?,
        Format::Human => super::print(&task::text(&shown))?,
    }
    Ok(0)
}
