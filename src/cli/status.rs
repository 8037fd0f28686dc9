//! `windlass status`: of one run, or of all that are not at their end.

use std::io::{self, IsTerminal};
use std::path::PathBuf;
use std::thread;
use std::time::{Duration, SystemTime};

use super::arguments::{Format, Place, Status as Arguments};
use super::failure::{Failure, JOURNAL, worst};
use super::known;
use crate::core::standing::RunStanding;
use crate::journal::{FolderError, RunFolder};
use crate::lock;
use crate::report::overview;
use crate::report::status::Status;

/// How often a watched run is looked at.
const WATCH_POLL: Duration = Duration::from_millis(500);

/// Moves the cursor of a terminal to its first line, and clears it.
const CLEAR: &str = "\u{1b}[H\u{1b}[2J";

pub(super) fn main(place: &Place, arguments: &Arguments) -> Result<u8, Failure> {
    if arguments.watch {
        return watch(place, arguments);
    }
    let shown = Shown::now(place, arguments)?;
    super::print(&shown.text(arguments.format)?)?;
    Ok(shown.code)
}

/// What there is to be shown.
struct Shown {
    runs: Vec<Status>,
    all: bool,
    code: u8,
    /// Why runs could not be read.
    unreadable: Vec<String>,
}

impl Shown {
    fn now(place: &Place, arguments: &Arguments) -> Result<Self, Failure> {
        if arguments.all {
            return Self::all(place);
        }
        let known = known::read(known::find(place, &arguments.run)?)?;
        Ok(Self { runs: vec![known.status()], all: false, code: 0, unreadable: Vec::new() })
    }

    fn all(place: &Place) -> Result<Self, Failure> {
        let (mut runs, mut unreadable) = (Vec::new(), Vec::new());
        let state = known::state_folder(place)?;
        for folder in state.runs()? {
            // A run that was never begun is in nobody's way.
            if folder.begun().is_none() {
                continue;
            }
            match known::read(folder) {
                Ok(known) => runs.push(known.status()),
                Err(failure) => unreadable.push(failure.to_string()),
            }
        }
        if runs.is_empty() && unreadable.is_empty() {
            return Err(FolderError::NoRuns { root: state.root().to_owned() }.into());
        }
        runs.retain(|status| !is_closed(status));
        let mut codes: Vec<u8> = runs.iter().map(|status| status.state.exit_code()).collect();
        codes.extend(unreadable.iter().map(|_| JOURNAL));
        // The newest first among those that are equally bad: `runs` come oldest first.
        runs.reverse();
        runs.sort_by_key(|status| urgency(status.state));
        Ok(Self { runs, all: true, code: worst(&codes), unreadable })
    }

    fn text(&self, format: Format) -> Result<String, Failure> {
        match (format, self.all) {
            (Format::Json, false) => super::json(&self.runs[0]),
            (Format::Json, true) => super::json(&self.runs),
            (Format::Human, _) if self.runs.is_empty() && self.unreadable.is_empty() => {
                Ok("every run is at its end\n".to_owned())
            }
            (Format::Human, _) => {
                let blocks = self.unreadable.iter().cloned();
                let blocks: Vec<String> =
                    blocks.chain(self.runs.iter().map(overview::text)).collect();
                Ok(blocks.join("\n"))
            }
        }
    }

    /// Whether nothing of what is shown will change any more.
    fn is_final(&self) -> bool {
        !self.all && self.runs.iter().all(is_closed)
    }
}

fn is_closed(status: &Status) -> bool {
    matches!(status.state, RunStanding::Succeeded | RunStanding::Abandoned)
}

/// What needs a person comes first.
fn urgency(state: RunStanding) -> u8 {
    match state {
        RunStanding::InDoubt => 0,
        RunStanding::Failed => 1,
        RunStanding::Waiting | RunStanding::Locked => 2,
        RunStanding::Interrupted => 3,
        RunStanding::Running => 4,
        RunStanding::Succeeded | RunStanding::Abandoned => 5,
    }
}

/// Shows the status whenever it has changed: on a terminal in the place of the last one, else below it.
fn watch(place: &Place, arguments: &Arguments) -> Result<u8, Failure> {
    let terminal = io::stdout().is_terminal() && arguments.format == Format::Human;
    let mut last = None;
    let mut seen = None;
    loop {
        let traces = traces(place, arguments)?;
        if seen.as_ref() != Some(&traces) {
            seen = Some(traces);
            let shown = Shown::now(place, arguments)?;
            let text = match arguments.format {
                Format::Human => shown.text(Format::Human)?,
                // One line for each change.
                Format::Json if shown.all => super::json_line(&shown.runs)?,
                Format::Json => super::json_line(&shown.runs[0])?,
            };
            if last.as_ref() != Some(&text) {
                let first = last.is_none();
                let picture = match (terminal, arguments.format, first) {
                    (true, ..) => format!("{CLEAR}{}", cut(&text)),
                    (false, Format::Human, false) => format!("\n{text}"),
                    (false, ..) => text.clone(),
                };
                if !super::print_if_read(&picture)? {
                    return Ok(0);
                }
                last = Some(text);
            }
            if shown.is_final() {
                return Ok(0);
            }
        }
        thread::sleep(WATCH_POLL);
    }
}

/// What tells that a run may stand otherwise than before: it is cheaper to look at than the run.
type Trace = (PathBuf, u64, Option<SystemTime>, bool);

fn traces(place: &Place, arguments: &Arguments) -> Result<Vec<Trace>, Failure> {
    let folders = if arguments.all {
        known::state_folder(place)?.runs()?
    } else {
        vec![known::find(place, &arguments.run)?]
    };
    folders.iter().map(trace).collect()
}

fn trace(folder: &RunFolder) -> Result<Trace, Failure> {
    let alive = lock::is_locked(folder)?;
    let journal = folder.journal();
    let (length, changed) = match journal.metadata() {
        Ok(metadata) => (metadata.len(), metadata.modified().ok()),
        Err(_) => (0, None),
    };
    Ok((journal, length, changed, alive))
}

/// As much of a text as a terminal holds: what matters stands at its beginning.
fn cut(text: &str) -> String {
    let rows =
        rustix::termios::tcgetwinsize(rustix::stdio::stdout()).map_or(24, |size| size.ws_row);
    let room = usize::from(rows).saturating_sub(1).max(2);
    if text.lines().count() <= room {
        return text.to_owned();
    }
    let mut shown: Vec<&str> = text.lines().take(room - 1).collect();
    shown.push("… (without `--watch` all of it)");
    shown.join("\n")
}
