//! Extraction, which copies everything, and the sweep, which copies what is lacking.
//!
//! Does not know by which route the mail came.

use serde::{Deserialize, Serialize};

use super::restored::restored;
use crate::copying::{append_all, copy_lacking};
use crate::delivery;
use crate::disk;
use crate::failure::{Code, Failure, Result};
use crate::faults::Fault;
use crate::ledger::SenderClass;
use crate::organisation::Organisation;
use crate::properties;
use crate::rules;
use crate::stages::{Stage, Stages};
use crate::store::{Row, RowState};
use crate::transfer::Carried;

/// How far an extraction came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Progress {
    /// It copies, or has died doing so.
    Extracting,
    /// It has copied all.
    Extracted,
}

/// How far the extraction of a mailbox came; nothing if none was begun.
pub(super) fn progress(of: &Organisation, mailbox: &str) -> Result<Option<Progress>> {
    let path = of.extraction(mailbox);
    if path.exists() { disk::read_json(&path).map(Some) } else { Ok(None) }
}

/// Copies a mailbox of the postoffice to the new server, all of it each time, and makes that its home.
pub(crate) fn extract(of: &Organisation, mailbox: &str) -> Result<Carried> {
    let _claim = of.claim_operation(mailbox)?;
    let stages = of.stages("extract", mailbox);
    let postoffice = of.server(&of.config.source)?;
    let source = postoffice.row(mailbox).ok_or_else(|| {
        Failure::failed(format!("the postoffice has no mailbox `{mailbox}`"))
            .because("it was deleted there")
            .next("`maillab postoffice restore` restores its backup into a separate folder")
    })?;
    let target = open(of, mailbox)?;
    let carried = append_all(of, &source, &target, &stages)?;
    close(of, &source, &target, &stages)?;
    if stages.pass(Stage::EndMailbox)? == Some(Fault::LateMail) {
        delivery::deliver(of, mailbox, SenderClass::StaleList)?;
    }
    Ok(carried)
}

/// Copies what the new server lacks, from the postoffice or from its restored backup. Can be repeated; finishes an
/// extraction that was interrupted.
pub(crate) fn sweep(of: &Organisation, mailbox: &str, from_restored: bool) -> Result<Carried> {
    let _claim = of.claim_operation(mailbox)?;
    let stages = of.stages("sweep-postoffice", mailbox);
    if progress(of, mailbox)?.is_none() && !from_restored {
        return Err(Failure::new(
            Code::Refused,
            format!("mailbox `{mailbox}` was never extracted"),
        )
        .next(format!("`maillab postoffice extract {mailbox}` does it")));
    }
    let server = if from_restored { restored(of) } else { of.server(&of.config.source)? };
    let mut carried = Carried::default();
    if let Some(source) = server.row(mailbox) {
        let target = open(of, mailbox)?;
        carried = copy_lacking(of, &source, &target, &stages)?;
        close(of, &source, &target, &stages)?;
    }
    stages.reach(Stage::CarryLate)?;
    Ok(carried)
}

/// The row at the new server, made if nothing has come there yet.
fn open(of: &Organisation, mailbox: &str) -> Result<Row> {
    let _lock = of.lock_mailbox(mailbox)?;
    disk::write_json(&of.extraction(mailbox), &Progress::Extracting)?;
    let target = of.server(&of.config.target)?;
    match target.row(mailbox) {
        Some(row) => Ok(row),
        None => target.create_row(mailbox, RowState::Live),
    }
}

/// All is there: the rules too, unless the user has made some at the new server. From now on it is the home.
fn close(of: &Organisation, source: &Row, target: &Row, stages: &Stages) -> Result<()> {
    let mailbox = &target.mailbox;
    {
        let _lock = of.lock_mailbox(mailbox)?;
        if rules::of_row(target)?.is_empty() {
            properties::carry(source, target)?;
        }
        of.directory().set_home(mailbox, &of.config.target)?;
        of.directory().replicate(mailbox)?;
        disk::write_json(&of.extraction(mailbox), &Progress::Extracted)?;
    }
    stages.reach(Stage::SyncDirectory)
}
