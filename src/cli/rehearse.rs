//! `windlass rehearse`.

use std::sync::Arc;

use serde_json::{Map, Value};

use super::arguments::{Format, Rehearse};
use super::failure::{Failure, USAGE};
use super::runbook;
use crate::rehearse::{self, Extent};
use crate::spec::model::Runbook;

/// A promise breaks.
const BROKEN: u8 = 1;

pub(super) fn main(arguments: &Rehearse) -> Result<u8, Failure> {
    let mut text = runbook::load(&arguments.runbook, &arguments.given.drivers)?;
    let items = arguments.items as usize;
    let made_up = make_up(&mut text, arguments, items)?;
    let params = runbook::parameters(&text, &arguments.given)?;
    let plan = Arc::new(runbook::plan(text, params, &arguments.runbook)?);
    let threads = std::thread::available_parallelism().map_or(1, |count| count.get() as u64);
    let extent = Extent {
        jobs: arguments.jobs as usize,
        items,
        pairs: arguments.pairs,
        seed: arguments.seed,
        threads,
    };
    let mut rehearsal = rehearse::rehearse(&plan, extent);
    rehearsal.assumed.splice(..0, made_up);
    match arguments.format {
        Format::Json => super::print_json(&rehearsal)?,
        Format::Human => super::print(&rehearse::text::text(&rehearsal))?,
    }
    Ok(if rehearsal.broken.is_empty() { 0 } else { BROKEN })
}

/// Gives values to the required parameters that nobody has given, and says which.
fn make_up(
    runbook: &mut Runbook,
    arguments: &Rehearse,
    items: usize,
) -> Result<Vec<String>, Failure> {
    let given = runbook::given_names(runbook, &arguments.given)?;
    let mut made_up = Map::new();
    for (name, param) in &runbook.params {
        if param.default.is_some() || given.contains(name) {
            continue;
        }
        let value = rehearse::parameter(name, &param.schema, items).ok_or_else(|| {
            let message = format!("no value can be made up for parameter `{name}`");
            Failure::new(USAGE, message).help(format!("give it: `-p {name}=...`"))
        })?;
        made_up.insert(name.clone(), value);
    }
    let said = made_up.iter().map(|(name, value)| said(name, value)).collect();
    for (name, value) in made_up {
        if let Some(param) = runbook.params.get_mut(&name) {
            param.default = Some(value);
        }
    }
    Ok(said)
}

fn said(name: &str, value: &Value) -> String {
    format!("parameter `{name}` was not given: {value}")
}
