//! `windlass plan`.

use std::sync::Arc;

use super::arguments::{Format, Plan as Arguments};
use super::failure::{BUG, Failure};
use super::runbook;
use crate::core::expressions::Expressions;
use crate::core::preview::preview;
use crate::report::forecast;

/// Stands for the id of a run that does not exist.
const NO_RUN: &str = "RUN";

pub(super) fn main(arguments: &Arguments) -> Result<u8, Failure> {
    let text = runbook::load(&arguments.runbook, &arguments.given.drivers)?;
    let params = runbook::parameters(&text, &arguments.given)?;
    let plan = Arc::new(runbook::plan(text, params, &arguments.runbook)?);
    let expressions = Expressions::new(plan, NO_RUN, NO_RUN);
    let preview = preview(&expressions)
        .map_err(|unfit| Failure::new(BUG, format!("windlass contradicts itself: {unfit}")))?;
    match arguments.format {
        Format::Json => super::print_json(&preview)?,
        Format::Human => super::print(&forecast::text(&preview))?,
    }
    Ok(0)
}
