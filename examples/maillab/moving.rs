//! The operations that change where a mailbox is: move, sweep, set-home, reset-target.
//!
//! Decides what may be done in which state; the stages themselves are `transfer`'s. What an interrupted move leaves
//! behind, and the way on from there:
//!
//! | the move ended after | home | source | target | way on |
//! |---|---|---|---|---|
//! | `admit` | source | live | no row | move |
//! | `create_target`, `copy` | source | live | in transit | sweep, set-home; or reset-target, then move |
//! | `flush_target` | source | live | live | sweep, set-home; or reset-target, then move |
//! | `empty_source` (Q252869) | source | moved | live | sweep, set-home; never back |
//! | `sync_directory`, `replicate` | target | moved | live | sweep, set-home |
//! | `retire_source` | target | no row | live | none, it is done |
//! | its end, its home reset meanwhile (`connection_agreement`) | source | no row | live | set-home; never again, never back |
//!
//! A second move to a server that has a row and is not the home ends with c1040b00. What it does before:
//!
//! | source | target | the target's row | the source | says |
//! |---|---|---|---|---|
//! | moved (stranded) | live | deleted | drops what it has | Q252869: all mail is lost |
//! | live | in transit (half copied) | deleted | drops what it has | inferred: Q252869 says that the source takes the move for done |
//! | live (the home) | live or moved (stale) | deleted | keeps all | Q177772: this is the repair of a stale row |
//! | live | moved (the home): a move back | deleted | drops what it has | KB328810, step 5: moving back is likely to lose data; how is inferred |
//!
//! In the last state a row may hold mail of its own, such as new mail that came to it (Q162998), which goes with it.

use crate::failure::{Code, Failure, Result};
use crate::maildir::place_flushed;
use crate::move_status::{self, Status};
use crate::organisation::Organisation;
use crate::stages::Stage;
use crate::store::{Row, RowState};
use crate::transfer::{Carried, Transfer};

/// Moves a mailbox from its home, which must be `from`, to `to`. With `skips_corrupt`, messages that cannot be read are
/// lost.
pub(crate) fn move_mailbox(
    of: &Organisation,
    mailbox: &str,
    from: &str,
    to: &str,
    skips_corrupt: bool,
) -> Result<Carried> {
    if from == to {
        return Err(Failure::failed(format!(
            "`{to}` cannot be the source and the target of a move"
        )));
    }
    let _claim = of.claim_operation(mailbox)?;
    let transfer = Transfer { skips_corrupt, ..transfer(of, "move", mailbox, to)? };
    check_movable(&transfer)?;
    transfer.admit()?;
    move_status::write(of, mailbox, Status::InProgress)?;
    let moved = carry_all(&transfer);
    match &moved {
        Ok(_) => move_status::write(of, mailbox, Status::Completed)?,
        // A record that is gone by now has expired.
        Err(_) if move_status::read(of, mailbox)?.is_none() => {}
        Err(_) => move_status::write(of, mailbox, Status::Failed)?,
    }
    moved
}

fn carry_all(transfer: &Transfer) -> Result<Carried> {
    transfer.create_target()?;
    let mut carried = transfer.copy()?;
    transfer.flush_target()?;
    transfer.empty_source()?;
    transfer.sync_directory()?;
    transfer.replicate()?;
    let late = transfer.retire_source()?;
    carried.messages += late.messages;
    carried.bytes += late.bytes;
    Ok(carried)
}

/// Brings all data of a half moved mailbox to `to` and empties the source. Can be repeated.
pub(crate) fn sweep(of: &Organisation, mailbox: &str, to: &str) -> Result<Carried> {
    let _claim = of.claim_operation(mailbox)?;
    let transfer = transfer(of, "sweep", mailbox, to)?;
    check_sweepable(&transfer)?;
    if transfer.source.row(mailbox).is_none() {
        transfer.flush_target()?;
        return Ok(Carried::default());
    }
    let carried = transfer.copy()?;
    transfer.flush_target()?;
    transfer.empty_source()?;
    Ok(carried)
}

/// Names `home` in the directory and retires the other row, which a sweep has emptied. Can be repeated; tells whether
/// the directory changed.
pub(crate) fn set_home(of: &Organisation, mailbox: &str, home: &str) -> Result<bool> {
    let _claim = of.claim_operation(mailbox)?;
    let transfer = transfer(of, "set-home", mailbox, home)?;
    let state = transfer.target.row(mailbox).map(|row| row.state()).transpose()?;
    if state != Some(RowState::Live) {
        return Err(refused(format!("`{home}` cannot be the home of mailbox `{mailbox}`"))
            .because(describe(state))
            .next(format!("`maillab locate {mailbox}` shows where its data is")));
    }
    let left = transfer.source.row(mailbox).map(|row| row.state()).transpose()?;
    if left.is_some_and(|state| state != RowState::Moved) {
        let source = &transfer.source.name;
        return Err(refused(format!("`{source}` still holds data of mailbox `{mailbox}`"))
            .because("with another home nobody would see it")
            .next(format!("`maillab sweep {mailbox} --to {home}` brings it over")));
    }
    let changed = transfer.sync_directory()?;
    transfer.replicate()?;
    if left.is_some() {
        transfer.retire_source()?;
    }
    Ok(changed)
}

/// Undoes a move that has not deleted anything yet: what only the target has goes to the home, then the row is removed.
/// Can be repeated.
pub(crate) fn reset_target(of: &Organisation, mailbox: &str) -> Result<Carried> {
    let _claim = of.claim_operation(mailbox)?;
    let stages = of.stages("reset-target", mailbox);
    let entry = of.directory().entry(mailbox)?;
    let home = of.server(entry.home())?;
    let other = of.other(&home.name)?;
    if !entry.converged() {
        return Err(refused(format!("the directory does not agree on mailbox `{mailbox}`"))
            .because(format!("senders on one side still follow it to `{}`", other.name))
            .next(format!("`maillab sweep {mailbox} --to {}`", home.name))
            .next(format!("`maillab set-home {mailbox} {}`", home.name)));
    }
    let Some(target) = other.row(mailbox) else { return Ok(Carried::default()) };
    let source = home.row(mailbox);
    let state = source.as_ref().map(Row::state).transpose()?;
    let (Some(source), Some(RowState::Live)) = (source, state) else {
        return Err(refused(format!("mailbox `{mailbox}` cannot go back to `{}`", home.name))
            .because(describe(state))
            .because("moving it back is likely to lose data (KB328810, step 5)")
            .next(format!("`maillab sweep {mailbox} --to {}`", other.name))
            .next(format!("`maillab set-home {mailbox} {}`", other.name)));
    };
    // The lock is held to the end: while the row is there, new mail may go to it.
    let _lock = of.lock_mailbox(mailbox)?;
    let carried = return_mail(of, &target, &source)?;
    stages.reach(Stage::ReturnMail)?;
    target.remove()?;
    stages.reach(Stage::RemoveTarget)?;
    Ok(carried)
}

fn return_mail(of: &Organisation, target: &Row, source: &Row) -> Result<Carried> {
    let have = source.keys()?;
    let visible = target.mail.items()?.into_iter().map(|item| (item.place.clone(), item));
    let waiting = target.mail.in_transit()?.into_iter().map(|item| (place_flushed(&item), item));
    let mut lacking: Vec<_> = visible.chain(waiting).collect();
    lacking.retain(|(_, item)| !have.contains(&item.key));
    let mut carried = Carried::default();
    lacking.iter().for_each(|(_, item)| carried.add(item));
    of.log_moved(&source.server, carried.bytes)?;
    for (place, item) in &lacking {
        source.mail.copy_in(&target.mail, item, place)?;
    }
    source.mail.sync()?;
    Ok(carried)
}

fn check_movable(transfer: &Transfer) -> Result<()> {
    let Transfer { organisation, mailbox, source, target, .. } = transfer;
    let entry = organisation.directory().entry(mailbox)?;
    let (from, to) = (&source.name, &target.name);
    let left = source.row(mailbox).map(|row| row.state()).transpose()?;
    if entry.home() == to && entry.converged() && left.is_none() {
        let what = format!("mailbox `{mailbox}` is already on `{to}`");
        return Err(Failure::new(Code::AlreadyThere, what)
            .because("its home is there, and no other server has a row of it"));
    }
    if let Some(duplicate) = target.row(mailbox) {
        let back = duplicate.state()? == RowState::Moved && left == Some(RowState::Live);
        return Err(match entry.home() == to && !back {
            true => unfinished(transfer),
            false => delete_duplicate(transfer, duplicate)?,
        });
    }
    if !entry.converged() {
        return Err(refused(format!("the directory does not agree on mailbox `{mailbox}`"))
            .next("`maillab replicate` runs a replication cycle"));
    }
    if left != Some(RowState::Live) {
        return Err(refused(format!("mailbox `{mailbox}` cannot be moved from `{from}`"))
            .because(describe(left))
            .next(format!("`maillab locate {mailbox}` shows where its data is")));
    }
    Ok(())
}

fn check_sweepable(transfer: &Transfer) -> Result<()> {
    let Transfer { mailbox, source, target, .. } = transfer;
    let (from, to) = (&source.name, &target.name);
    match target.row(mailbox).map(|row| row.state()).transpose()? {
        None => {
            let what = format!("there is nothing of mailbox `{mailbox}` on `{to}` to sweep into");
            return Err(refused(what).next(format!("`maillab move {mailbox} --to {to}` moves it")));
        }
        Some(RowState::Moved) => {
            return Err(refused(format!("mailbox `{mailbox}` has been moved away from `{to}`"))
                .because("moving it back is likely to lose data (KB328810, step 5)")
                .next(format!("`maillab sweep {mailbox} --to {from}` finishes the move")));
        }
        Some(RowState::Created | RowState::InTransit | RowState::Live) => {}
    }
    let left = source.row(mailbox).map(|row| row.state()).transpose()?;
    if matches!(left, Some(RowState::Created | RowState::InTransit)) {
        return Err(refused(format!("`{from}` has only a part of mailbox `{mailbox}`"))
            .because(format!("a move to `{from}` was interrupted, and new mail waits there"))
            .next(format!("`maillab sweep {mailbox} --to {from}` finishes it"))
            .next(format!("`maillab reset-target {mailbox}` undoes it")));
    }
    Ok(())
}

/// The move has changed the directory already; all that is left is the source's row.
fn unfinished(transfer: &Transfer) -> Failure {
    let Transfer { mailbox, target, .. } = transfer;
    let to = &target.name;
    refused(format!("a move of mailbox `{mailbox}` to `{to}` was interrupted"))
        .because("its home is there, and the other server still has a row of it")
        .next(format!("`maillab locate {mailbox}` shows the state"))
        .next(format!("`maillab sweep {mailbox} --to {to} && maillab set-home {mailbox} {to}` finishes the move"))
}

/// A second move meets a row at its target: the row is deleted with all that it holds, and the source drops its own
/// data if a move was under way to that row (Q252869) or if the row is at its home. What it then says invites a third
/// one.
fn delete_duplicate(transfer: &Transfer, duplicate: Row) -> Result<Failure> {
    let Transfer { organisation, mailbox, source, stages, .. } = transfer;
    let half_copied = duplicate.state()? == RowState::InTransit;
    let back = organisation.directory().entry(mailbox)?.home() == transfer.target.name;
    {
        let _lock = organisation.lock_mailbox(mailbox)?;
        duplicate.remove()?;
    }
    stages.reach(Stage::DeleteDuplicate)?;
    if let Some(source) = source.row(mailbox)
        && (half_copied || back || source.state()? == RowState::Moved)
    {
        {
            let _lock = organisation.lock_mailbox(mailbox)?;
            source.set_state(RowState::Moved)?;
            source.mail.items()?.iter().try_for_each(|item| source.delete(item))?;
        }
        stages.reach(Stage::DropSource)?;
    }
    Ok(Failure::failed("a duplicate mailbox was found due to problems during a move")
        .because("the duplicate mailbox has been deleted; try again later (c1040b00)"))
}

fn transfer<'a>(
    organisation: &'a Organisation,
    operation: &'static str,
    mailbox: &'a str,
    to: &str,
) -> Result<Transfer<'a>> {
    let target = organisation.server(to)?;
    target.check_standing()?;
    let source = organisation.other(to)?;
    let stages = organisation.stages(operation, mailbox);
    Ok(Transfer { organisation, mailbox, source, target, stages, skips_corrupt: false })
}

fn refused(what: impl Into<String>) -> Failure {
    Failure::new(Code::Refused, what)
}

fn describe(state: Option<RowState>) -> &'static str {
    match state {
        None => "it has no row of it",
        Some(RowState::Created) => "its row is new: a move has made it, or has died doing so",
        Some(RowState::InTransit) => {
            "its row is in transit: a move copies into it, or has died doing so"
        }
        Some(RowState::Moved) => "its row is empty: the data has been moved away",
        Some(RowState::Live) => "its row holds the mailbox",
    }
}
