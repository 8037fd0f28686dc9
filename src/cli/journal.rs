//! `windlass journal check`.

use super::arguments::{Journal, JournalCommand, Place};
use super::failure::Failure;
use super::known;

pub(super) fn main(place: &Place, arguments: &Journal) -> Result<u8, Failure> {
    let JournalCommand::Check { run } = &arguments.command;
    let known = known::read(known::find(place, run)?)?;
    let records = known.entries.len();
    super::print(&format!(
        "{}: {records} {}, every line intact and in its place, every record fits those before it\n",
        known.folder.journal().display(),
        if records == 1 { "record" } else { "records" },
    ))?;
    Ok(0)
}
