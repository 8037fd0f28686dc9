//! What is done around the wizard: sweeping back, deleting an account, and cutting a mailbox over.
//!
//! Does not decide when: `delete` does what KB842101 says to do, and loses what the article forgot.

use std::fs;

use super::look::{State, look};
use super::mailbox::target;
use super::wizard::source_row;
use crate::copying::copy_lacking;
use crate::disk;
use crate::failure::{At, Code, Failure, Result};
use crate::organisation::Organisation;
use crate::stages::{Stage, Stages};
use crate::store::Row;
use crate::transfer::Carried;

/// Whether `delete` asks what it would delete.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sweeping {
    /// As the article: it does not.
    Ignored,
    /// It refuses while the mailbox holds mail that the source does not have.
    Required,
}

/// Brings to the source what only the target holds. Can be repeated.
pub(crate) fn sweep_back(of: &Organisation, mailbox: &str) -> Result<Carried> {
    let _claim = of.claim_operation(mailbox)?;
    let stages = of.stages("sweep-back", mailbox);
    let carried = {
        let _lock = of.lock_mailbox(mailbox)?;
        let source = source_row(of, mailbox)?;
        let mut carried = Carried::default();
        for row in rows(of, mailbox)? {
            let swept = copy_lacking(of, &row, &source, &stages)?;
            carried.messages += swept.messages;
            carried.bytes += swept.bytes;
        }
        carried
    };
    stages.reach(Stage::ReturnMail)?;
    Ok(carried)
}

/// Deletes the accounts on the first controller, then every mailbox whose account it does not know, as the Cleanup Agent
/// does. Can be repeated; returns the names of the accounts that were deleted.
pub(crate) fn delete(of: &Organisation, mailbox: &str, sweeping: Sweeping) -> Result<Vec<String>> {
    let _claim = of.claim_operation(mailbox)?;
    let stages = of.stages("delete-account", mailbox);
    // The lock is held to the end: with the account gone on one controller only, new mail may still come to the row.
    let _lock = of.lock_mailbox(mailbox)?;
    if sweeping == Sweeping::Required {
        check_swept(of, mailbox)?;
    }
    let mut family = of.accounts().family(mailbox)?;
    let deleted = family.delete();
    of.accounts().write(mailbox, &family)?;
    stages.reach(Stage::DeleteAccount)?;
    for row in rows(of, mailbox)? {
        row.remove()?;
    }
    let record = of.wizard_record(mailbox);
    if record.exists() {
        fs::remove_file(&record).at("remove", &record)?;
        disk::sync_folder(disk::folder_of(&record))?;
    }
    stages.reach(Stage::RemoveTarget)?;
    Ok(deleted)
}

/// Copies to the account what came to the source since it was cloned; the source stays in use. Can be repeated.
pub(crate) fn catch_up(of: &Organisation, mailbox: &str) -> Result<Carried> {
    let _claim = of.claim_operation(mailbox)?;
    let stages = of.stages("catch-up", mailbox);
    {
        let _lock = of.lock_mailbox(mailbox)?;
        check_ready(of, mailbox)?;
    }
    carry_late(of, mailbox, &stages)
}

/// Makes the account the user's mailbox: all mail goes there from now on, and what came to the source since it was cloned
/// is carried over. Can be repeated.
pub(crate) fn cut_over(of: &Organisation, mailbox: &str) -> Result<Carried> {
    let _claim = of.claim_operation(mailbox)?;
    let stages = of.stages("cut-over", mailbox);
    {
        let _lock = of.lock_mailbox(mailbox)?;
        check_ready(of, mailbox)?;
        let mut family = of.accounts().family(mailbox)?;
        if family.forward(false) {
            of.accounts().write(mailbox, &family)?;
        }
        of.directory().set_home(mailbox, &of.config.target)?;
        of.directory().replicate(mailbox)?;
    }
    stages.reach(Stage::SwitchRoutes)?;
    // Nothing comes to the source any more, so what is carried now is all.
    carry_late(of, mailbox, &stages)
}

/// Copies what the account lacks. Nothing is locked: the source only grows, and the target gets other messages.
fn carry_late(of: &Organisation, mailbox: &str, stages: &Stages) -> Result<Carried> {
    let carried = match target(of)?.row(mailbox) {
        Some(row) => copy_lacking(of, &source_row(of, mailbox)?, &row, stages)?,
        None => Carried::default(),
    };
    stages.reach(Stage::CarryLate)?;
    Ok(carried)
}

/// The rows of all accounts that a mailbox ever had.
fn rows(of: &Organisation, mailbox: &str) -> Result<Vec<Row>> {
    let target = target(of)?;
    let family = of.accounts().family(mailbox)?;
    Ok(family.accounts.iter().filter_map(|account| target.row(&account.name)).collect())
}

fn check_swept(of: &Organisation, mailbox: &str) -> Result<()> {
    let only_here = look(of, mailbox)?.only_at_target;
    if only_here == 0 {
        return Ok(());
    }
    Err(refused(format!("the account of mailbox `{mailbox}` holds mail that is nowhere else"))
        .because(format!("{only_here} of its messages are not at the source"))
        .next(format!("`maillab account sweep-back {mailbox}` brings them there")))
}

fn check_ready(of: &Organisation, mailbox: &str) -> Result<()> {
    let seen = look(of, mailbox)?;
    // Cutting over has changed the account on one controller, so a repetition finds that.
    let begun = of.directory().entry(mailbox)?.home() == of.config.target;
    if !seen.replicated && !begun {
        return Err(refused(format!("the controllers do not agree on mailbox `{mailbox}`"))
            .next("`maillab account replicate` runs a replication cycle"));
    }
    if !matches!(seen.state, State::Cloned | State::Merged) {
        let state = seen.state.name();
        return Err(refused(format!("mailbox `{mailbox}` cannot be cut over"))
            .because(format!("its state is `{state}`, and users would miss their mail"))
            .next(format!("`maillab account show {mailbox}` tells more")));
    }
    Ok(())
}

fn refused(what: String) -> Failure {
    Failure::new(Code::Refused, what)
}
