//! What happens in a run → what a person at a terminal, a CI log or a program is told of it.
//!
//! Decides nothing and changes nothing. Whoever watches goes on silently when nobody can read it any more: a closed terminal or
//! pipe never ends a run.

mod bars;
mod estimate;
mod layout;
mod model;
mod ndjson;
mod plain;
pub(crate) mod printable;
pub(crate) mod room;
mod sink;
pub mod summary;
pub(crate) mod tail;
#[cfg(test)]
mod tests;
mod wording;

use std::env;
use std::fs::OpenOptions;
use std::io::{self, IsTerminal};
use std::path::Path;
use std::sync::Arc;

use self::bars::Bars;
use self::ndjson::Ndjson;
use self::plain::Plain;
use crate::exec::Observer;
use crate::journal::RunFolder;
use crate::plan::Plan;

/// Who tells the person in front of standard error: bars if it is a terminal that can move its cursor, else a line per event.
#[must_use]
pub fn for_stderr(folder: &RunFolder, plan: &Arc<Plan>) -> Box<dyn Observer> {
    let terminal = io::stderr().is_terminal();
    let dumb = env::var_os("TERM").is_none_or(|term| term.is_empty() || term == "dumb");
    if terminal && !dumb {
        Box::new(Bars::new(folder.clone(), &plan.title))
    } else {
        Box::new(Plain::new(Box::new(io::stderr()), terminal, folder.clone()))
    }
}

/// Who writes every record as a line of JSON, to a file that is continued if it exists, or to standard output for `-`.
///
/// # Errors
/// If the file cannot be opened for writing.
pub fn events(path: &Path) -> io::Result<Box<dyn Observer>> {
    if path.as_os_str() == "-" {
        let stdout = io::stdout();
        let terminal = stdout.is_terminal();
        return Ok(Box::new(Ndjson::new(Box::new(stdout), terminal, "standard output".to_owned())));
    }
    let file = OpenOptions::new().create(true).append(true).open(path)?;
    let terminal = file.is_terminal();
    Ok(Box::new(Ndjson::new(Box::new(file), terminal, path.display().to_string())))
}
