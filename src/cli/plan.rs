//! `windlass plan`.

use std::collections::BTreeMap;
use std::num::NonZero;
use std::sync::Arc;
use std::thread::available_parallelism;
use std::time::Duration;

use super::arguments::{Format, Place, Plan as Arguments};
use super::failure::{BUG, Failure, INTERRUPTED, JOURNAL};
use super::{known, planned, runbook};
use crate::core::expressions::Expressions;
use crate::core::preview::{Beside, Preview, preview};
use crate::core::record::Record;
use crate::exec;
use crate::journal::{self, RunFolder};
use crate::plan::Plan;
use crate::report::forecast;
use crate::report::next;
use crate::report::usual::Usual;

/// Stands for the id of a run that does not exist.
const NO_RUN: &str = "RUN";

/// From how many earlier runs the times are taken, the newest ones.
const EARLIER_MAX: usize = 5;

pub(super) fn main(place: &Place, arguments: &Arguments) -> Result<u8, Failure> {
    let kept = match &arguments.out {
        Some(out) => {
            planned::may_be_written(out)?;
            Some((out, planned::typed(&arguments.runbook, &arguments.given)?))
        }
        None => None,
    };
    let text = runbook::load(&arguments.runbook, &arguments.given.drivers)?;
    let params = runbook::parameters(&text, &arguments.given)?;
    let plan = Arc::new(runbook::plan(text, params, &arguments.runbook)?);
    let usual = usual(place, &plan.name);
    let preview = foresee(plan.clone(), usual, arguments.probe)?;
    match arguments.format {
        Format::Json => super::print_json(&preview)?,
        Format::Human => super::print(&forecast::text(&preview))?,
    }
    if let Some((out, given)) = kept {
        planned::write(out, &planned::make(given, &plan, &preview)?)?;
        let run = next::command(&["run", &out.to_string_lossy()]);
        eprintln!("the plan is in {}; `{run}` runs it unless something changes", out.display());
    }
    Ok(0)
}

/// What a run of the plan would do; if `probe`, as the world is now.
pub(super) fn foresee(
    plan: Arc<Plan>,
    usual: BTreeMap<String, Duration>,
    probe: bool,
) -> Result<Preview, Failure> {
    let expressions = Expressions::new(plan, NO_RUN, NO_RUN);
    let bug = |unfit| Failure::new(BUG, format!("windlass contradicts itself: {unfit}"));
    let mut beside = Beside { usual, answers: None };
    let preview_of = |beside: &Beside| preview(&expressions, beside).map_err(bug);
    let before = preview_of(&beside)?;
    if !probe {
        return Ok(before);
    }
    let slots = available_parallelism().unwrap_or(NonZero::<usize>::MIN);
    let asked = exec::look(&before.looks, slots)
        .map_err(|error| Failure::new(JOURNAL, format!("signals cannot be watched: {error}")))?;
    beside.answers = Some(asked.ok_or_else(|| {
        Failure::new(INTERRUPTED, "interrupted before all probes had answered")
            .help("nothing was changed")
    })?);
    preview_of(&beside)
}

/// How long the steps of a runbook took in earlier runs of it. What cannot be read says nothing.
fn usual(place: &Place, runbook: &str) -> BTreeMap<String, Duration> {
    let is_of_runbook = |folder: &RunFolder| {
        let first = journal::first::<Record>(&folder.journal());
        matches!(first, Some(Record::Opened(opened)) if opened.runbook == runbook)
    };
    let folders = known::state_folder(place).and_then(|state| Ok(state.runs()?));
    let mut usual = Usual::default();
    let earlier = folders.into_iter().flatten().rev().filter(is_of_runbook);
    for folder in earlier.take(EARLIER_MAX) {
        if let Ok(contents) = journal::read::<Record>(&folder.journal()) {
            usual.take(&contents.entries);
        }
    }
    usual.means()
}
