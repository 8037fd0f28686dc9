//! `windlass run`.

use std::sync::Arc;

use super::arguments::{Place, Run};
use super::failure::{BUG, Failure, JOURNAL};
use super::{actor, known, runbook, work};
use crate::core::machine::Input;
use crate::core::record::Opened;
use crate::core::state::State;
use crate::exec::{self, now};
use crate::journal::Journal;
use crate::lock;

pub(super) fn main(place: &Place, arguments: &Run) -> Result<u8, Failure> {
    let runbook = runbook::load(&arguments.runbook, &arguments.given.drivers)?;
    let params = runbook::parameters(&runbook, &arguments.given)?;
    let events = work::events(&arguments.working)?;
    let runs = known::state_folder(place)?;
    runs.create()?;
    // The texts are frozen from what was read, so that a file that changes meanwhile changes nothing.
    let texts = exec::Texts::of(&runbook);
    let plan = Arc::new(runbook::plan(runbook, params, &arguments.runbook)?);
    let folder = runs.new_run(arguments.run_id.as_deref(), now())?;
    let lock = lock::try_lock_run(&folder)?;
    exec::freeze(&folder, &texts, &plan.params)
        .map_err(|error| Failure::new(JOURNAL, error.to_string()))?;
    let journal = Journal::create(&folder.journal(), folder.id(), now())?;
    let by = actor::this_process();
    let opened = Opened {
        run: folder.id().to_owned(),
        runbook: plan.name.clone(),
        title: plan.title.clone(),
        digest: plan.digest.clone(),
        by: by.clone(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        folder: plan
            .folder
            .to_str()
            .ok_or_else(|| Failure::new(BUG, "the runbook's folder is not UTF-8"))?
            .to_owned(),
        vars: plan.vars.clone(),
    };
    let state = State::new(plan.graph.clone());
    work::work(
        work::Job { folder, lock, journal, plan, state, by, working: &arguments.working, events },
        Input::Opened(Box::new(opened)),
    )
}
