//! `windlass plan`.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::arguments::{Format, Place, Plan as Arguments};
use super::failure::{BUG, Failure};
use super::{known, runbook};
use crate::core::expressions::Expressions;
use crate::core::preview::{Beside, Preview, preview};
use crate::core::record::Record;
use crate::journal::{self, RunFolder};
use crate::report::forecast;
use crate::report::usual::Usual;

/// Stands for the id of a run that does not exist.
const NO_RUN: &str = "RUN";

/// From how many earlier runs the times are taken, the newest ones.
const EARLIER_MAX: usize = 5;

pub(super) fn main(place: &Place, arguments: &Arguments) -> Result<u8, Failure> {
    let text = runbook::load(&arguments.runbook, &arguments.given.drivers)?;
    let params = runbook::parameters(&text, &arguments.given)?;
    let plan = Arc::new(runbook::plan(text, params, &arguments.runbook)?);
    let beside = Beside { usual: usual(place, &plan.name), answers: None };
    let expressions = Expressions::new(plan, NO_RUN, NO_RUN);
    let preview = foresee(&expressions, &beside)?;
    match arguments.format {
        Format::Json => super::print_json(&preview)?,
        Format::Human => super::print(&forecast::text(&preview))?,
    }
    Ok(0)
}

fn foresee(expressions: &Expressions, beside: &Beside) -> Result<Preview, Failure> {
    preview(expressions, beside)
        .map_err(|unfit| Failure::new(BUG, format!("windlass contradicts itself: {unfit}")))
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
