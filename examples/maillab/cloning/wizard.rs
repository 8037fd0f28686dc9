//! The Migration Wizard: it makes all accounts first, and then clones each mailbox, or merges it.
//!
//! Does not ask whether that is wise: a mailbox that is there already is merged without a word on standard error, which
//! stands for the event log of KB842101 that nobody reads.

use serde::{Deserialize, Serialize};

use super::mailbox::target;
use crate::copying::{append_all, clone_all};
use crate::delivery;
use crate::disk;
use crate::failure::{Failure, Result};
use crate::faults::Fault;
use crate::ledger::SenderClass;
use crate::organisation::Organisation;
use crate::permissions;
use crate::properties;
use crate::stages::{Stage, Stages};
use crate::store::{Row, RowState};
use crate::transfer::Carried;

/// How far the wizard has come with a mailbox, and in which mode.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Progress {
    /// It copies into a row that it has made.
    Cloning,
    /// It has copied all.
    Cloned,
    /// It appends to a row that was there.
    Merging,
    /// It has appended all.
    Merged,
}

/// What the wizard has done to an account's row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Record {
    /// The account.
    pub(super) account: String,
    /// How far it came.
    pub(super) progress: Progress,
}

impl Record {
    /// What was done to the row of a mailbox's account, if anything.
    pub(super) fn read(of: &Organisation, mailbox: &str) -> Result<Option<Self>> {
        let path = of.wizard_record(mailbox);
        if path.exists() { disk::read_json(&path).map(Some) } else { Ok(None) }
    }

    fn write(of: &Organisation, mailbox: &str, account: &str, progress: Progress) -> Result<()> {
        let record = Record { account: account.to_owned(), progress };
        disk::write_json(&of.wizard_record(mailbox), &record)
    }
}

/// What became of the mailboxes of one run.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    /// Those that were cloned.
    pub(crate) cloned: Vec<String>,
    /// Those that were merged.
    pub(crate) merged: Vec<String>,
    /// What was carried.
    pub(crate) carried: Carried,
}

/// Runs the wizard. With `merge` every mailbox is merged; without, those that are initialised already.
pub(crate) fn run(
    of: &Organisation,
    mailboxes: &[String],
    merge: bool,
    forwards: bool,
) -> Result<Outcome> {
    let claims = mailboxes.iter().map(|mailbox| of.claim_operation(mailbox));
    let _claims: Vec<_> = claims.collect::<Result<_>>()?;
    for mailbox in mailboxes {
        make_account(of, mailbox, forwards, &of.stages("wizard", mailbox))?;
    }
    let mut outcome = Outcome::default();
    for mailbox in mailboxes {
        migrate(of, mailbox, merge, &mut outcome)?;
    }
    Ok(outcome)
}

/// Makes an account without touching its mailbox; tells its name.
pub(crate) fn create_account(of: &Organisation, mailbox: &str, forwards: bool) -> Result<String> {
    let _claim = of.claim_operation(mailbox)?;
    make_account(of, mailbox, forwards, &of.stages("create-account", mailbox))
}

fn make_account(
    of: &Organisation,
    mailbox: &str,
    forwards: bool,
    stages: &Stages,
) -> Result<String> {
    let name = {
        let _lock = of.lock_mailbox(mailbox)?;
        let mut family = of.accounts().family(mailbox)?;
        family.create(mailbox, forwards);
        of.accounts().write(mailbox, &family)?;
        family.present().expect("it has just been made").name.clone()
    };
    stages.reach(Stage::CreateAccount)?;
    Ok(name)
}

fn migrate(of: &Organisation, mailbox: &str, merge: bool, outcome: &mut Outcome) -> Result<()> {
    let stages = of.stages("wizard", mailbox);
    if stages.pass(Stage::BeginMailbox)? == Some(Fault::MailBeforeClone) {
        delivery::deliver(of, mailbox, SenderClass::External)?;
    }
    let source = source_row(of, mailbox)?;
    let (account, row, cloning) = open(of, mailbox, merge)?;
    let (carried, progress) = if cloning {
        let carried = clone_all(of, &source, &row, &stages)?;
        properties::carry(&source, &row)?;
        (carried, Progress::Cloned)
    } else {
        let carried = append_all(of, &source, &row, &stages)?;
        permissions::set(&row, &permissions::of_row(&source)?)?;
        (carried, Progress::Merged)
    };
    {
        let _lock = of.lock_mailbox(mailbox)?;
        Record::write(of, mailbox, &account, progress)?;
    }
    stages.reach(Stage::EndMailbox)?;
    let list = if cloning { &mut outcome.cloned } else { &mut outcome.merged };
    list.push(mailbox.to_owned());
    outcome.carried.messages += carried.messages;
    outcome.carried.bytes += carried.bytes;
    Ok(())
}

/// The account, its row, and whether the row is new, so that it can be cloned into. Nobody delivers in between.
fn open(of: &Organisation, mailbox: &str, merge: bool) -> Result<(String, Row, bool)> {
    let _lock = of.lock_mailbox(mailbox)?;
    let family = of.accounts().family(mailbox)?;
    let Some(account) = family.present() else {
        return Err(Failure::failed(format!("the account of mailbox `{mailbox}` has vanished"))
            .because("a controller that still had its deletion has replicated it")
            .next(format!("`maillab account show {mailbox}` shows what each controller knows")));
    };
    let name = account.name.clone();
    let target = target(of)?;
    let there = target.row(&name);
    let cloning = there.is_none() && !merge;
    let progress = if cloning { Progress::Cloning } else { Progress::Merging };
    // The record comes before the row: a row without one was initialised by somebody else.
    Record::write(of, mailbox, &name, progress)?;
    let row = match there {
        Some(row) => row,
        None => target.create_row(&name, RowState::Live)?,
    };
    Ok((name, row, cloning))
}

/// The mailbox in the organisation that it comes from.
pub(super) fn source_row(of: &Organisation, mailbox: &str) -> Result<Row> {
    let source = of.server(&of.config.source)?;
    source.row(mailbox).ok_or_else(|| {
        Failure::failed(format!("`{}` has no row of mailbox `{mailbox}`", source.name))
            .next(format!("`maillab locate {mailbox}` shows where its data is"))
    })
}
