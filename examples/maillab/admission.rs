//! What a mover asks before it changes anything: what fails here has changed nothing, and can be tried again.
//!
//! Does not look at log space, which is used up message by message.
//!
//! | asked | if not | says |
//! |---|---|---|
//! | no antivirus program, before service pack 4 | 80004005-0501-0000050a | KB328810, step 3, and Q271547: a move does not work while the antivirus API is in use |
//! | the mailbox is within the target's limit | 80004005-0501-000004dd | Q264314 |
//! | the server is not busy (the fault `throttled`) | exit code 7 | known of Exchange: a busy server names a time to wait, and has not failed |
//!
//! Since service pack 4 a move works beside an antivirus program; that a scanner may still hold a message which the mover
//! wants to read is inferred from "there are some issues" (the fault `scanner-holds-message`).

use crate::failure::{Failure, Result};
use crate::quota;
use crate::switches::{ANTIVIRUS, Power};
use crate::transfer::Transfer;

/// Fails if the mailbox cannot be moved as things are.
pub(crate) fn check(transfer: &Transfer) -> Result<()> {
    check_antivirus(transfer)?;
    check_quota(transfer)
}

fn check_quota(transfer: &Transfer) -> Result<()> {
    let Transfer { organisation, mailbox, source, target, .. } = transfer;
    let Some(limit) = quota::limit(organisation, target)? else { return Ok(()) };
    let bytes = source.row(mailbox).map_or(Ok(0), |row| row.bytes())?;
    if bytes <= limit {
        return Ok(());
    }
    Err(refused(transfer)
        .because("it is larger than the target allows (80004005-0501-000004dd)")
        .because(format!("it has {bytes} bytes, and the limit of `{}` is {limit}", target.name))
        .next(format!("`maillab quota set {} none` lifts the limit", target.name)))
}

fn check_antivirus(transfer: &Transfer) -> Result<()> {
    let organisation = transfer.organisation;
    if organisation.config.service_pack >= 4
        || organisation.switches().get(&ANTIVIRUS)? == Power::Off
    {
        return Ok(());
    }
    Err(refused(transfer)
        .because("the client operation failed (80004005-0501-0000050a)")
        .because("the antivirus program keeps messages from being read (KB328810, step 3)")
        .next("`maillab antivirus set off`; put it back afterwards"))
}

fn refused(transfer: &Transfer) -> Failure {
    Failure::failed(format!("mailbox `{}` cannot be moved", transfer.mailbox))
}
