//! `windlass runs`.

use std::fmt::Write as _;

use serde::Serialize;

use super::arguments::{Format, Place, Runs};
use super::failure::Failure;
use super::known;
use crate::core::standing::RunStanding;
use crate::report::time::local;

/// One line of the list.
#[derive(Debug, Serialize)]
struct Row {
    run: String,
    runbook: Option<String>,
    state: Option<RunStanding>,
    started: Option<jiff::Timestamp>,
    done: u32,
    total: u32,
    /// Why the run cannot be read, if it cannot.
    error: Option<String>,
}

pub(super) fn main(place: &Place, arguments: &Runs) -> Result<u8, Failure> {
    let folders = known::state_folder(place)?.runs()?;
    let rows: Vec<Row> = folders.into_iter().map(row).collect();
    match arguments.format {
        Format::Json => super::print_json(&rows)?,
        Format::Human => super::print(&human(&rows))?,
    }
    Ok(0)
}

fn row(folder: crate::journal::RunFolder) -> Row {
    let run = folder.id().to_owned();
    match known::read(folder) {
        Ok(known) => {
            let tally = known.state.tally();
            Row {
                run,
                runbook: Some(known.plan.name.clone()),
                state: Some(known.state.run_standing(known.executor.is_some())),
                started: known.state.run().started,
                done: tally.done(),
                total: tally.total,
                error: None,
            }
        }
        Err(failure) => Row {
            run,
            runbook: None,
            state: None,
            started: None,
            done: 0,
            total: 0,
            error: Some(failure.message().to_owned()),
        },
    }
}

fn human(rows: &[Row]) -> String {
    if rows.is_empty() {
        return "no runs yet: `windlass run RUNBOOK` starts one\n".to_owned();
    }
    let width = rows.iter().map(|row| row.run.len()).max().unwrap_or(0).max("run".len());
    let mut text =
        format!("{:<width$}  {:<11}  {:>13}  {:<23}  runbook\n", "run", "state", "done", "started");
    for row in rows {
        let _ = match (&row.runbook, row.state) {
            (Some(runbook), Some(state)) => writeln!(
                text,
                "{:<width$}  {:<11}  {:>13}  {:<23}  {runbook}",
                row.run,
                state.name().replace('_', " "),
                format!("{}/{}", row.done, row.total),
                row.started.map_or_else(|| "-".to_owned(), local),
            ),
            _ => writeln!(
                text,
                "{:<width$}  unreadable: {}",
                row.run,
                row.error.as_deref().unwrap_or_default()
            ),
        };
    }
    text
}
