//! The mailbox of an account: a row of the target's store that appears when somebody uses it.
//!
//! Does not know the wizard. Whoever initialises a mailbox holds its lock.

use std::path::PathBuf;

use super::accounts::{Account, Family};
use crate::failure::{Failure, Result};
use crate::ledger::SenderClass;
use crate::organisation::Organisation;
use crate::stages::Stage;
use crate::store::{Row, RowState, Server};

/// The server of the organisation that mailboxes are cloned into.
pub(super) fn target(of: &Organisation) -> Result<Server> {
    of.server(&of.config.target)
}

/// The row of an account, made if it is used for the first time.
fn initialised(of: &Organisation, account: &str) -> Result<Row> {
    let target = target(of)?;
    match target.row(account) {
        Some(row) => Ok(row),
        None => target.create_row(account, RowState::Live),
    }
}

/// The folder that takes a message now: of the account if its organisation's senders find one that takes mail, of the
/// source otherwise. Senders of the source's organisation find the account only after `cut-over`.
pub(crate) fn route(
    of: &Organisation,
    mailbox: &str,
    class: SenderClass,
) -> Result<Option<PathBuf>> {
    let target = target(of)?;
    let entry = of.directory().entry(mailbox)?;
    let family = of.accounts().family(mailbox)?;
    let account = if entry.home() == target.name {
        family.existing().next()
    } else if class == SenderClass::External {
        receiver(&family)
    } else {
        None
    };
    if let Some(account) = account {
        return initialised(of, &account.name).map(|row| Some(row.mail.root().to_owned()));
    }
    let home = of.server(entry.home())?;
    Ok(home.row(mailbox).map(|row| row.mail.root().to_owned()))
}

/// A sender asks the controller that is next to it, so mail goes to an account as soon and as long as one of them says so.
fn receiver(family: &Family) -> Option<&Account> {
    let mut accounts = family.accounts.iter();
    accounts.find(|account| account.first.takes_mail() || account.second.takes_mail())
}

/// Logs the user on to the account, which initialises its mailbox; tells whether it did.
pub(crate) fn log_on(of: &Organisation, mailbox: &str) -> Result<bool> {
    let stages = of.stages("log-on", mailbox);
    let _lock = of.lock_mailbox(mailbox)?;
    let family = of.accounts().family(mailbox)?;
    let Some(account) = family.existing().next() else {
        return Err(Failure::failed(format!(
            "user `{mailbox}` cannot log on to the other organisation"
        ))
        .because("no domain controller knows an account")
        .next(format!("`maillab account create {mailbox}` makes one")));
    };
    let new = target(of)?.row(&account.name).is_none();
    initialised(of, &account.name)?;
    stages.reach(Stage::LogOn)?;
    Ok(new)
}

/// Rows of accounts whose name is not the mailbox's own: no user looks for mail there.
pub(crate) fn rows_beside(of: &Organisation, mailbox: &str) -> Result<Vec<Row>> {
    let target = target(of)?;
    let family = of.accounts().family(mailbox)?;
    let beside = family.accounts.iter().filter(|account| account.name != mailbox);
    Ok(beside.filter_map(|account| target.row(&account.name)).collect())
}
