//! What a mover asks before it changes anything: what fails here has changed nothing, and can be tried again.
//!
//! Does not look at log space, which is used up message by message.
//!
//! | asked | if not | says |
//! |---|---|---|
//! | no antivirus program, before service pack 4 | 80004005-0501-0000050a | KB328810, step 3, and Q271547: a move does not work while the antivirus API is in use |
//!
//! Since service pack 4 a move works beside an antivirus program; that a scanner may still hold a message which the mover
//! wants to read is inferred from "there are some issues" (the fault `scanner-holds-message`).

use crate::failure::{Failure, Result};
use crate::switches::{ANTIVIRUS, Power};
use crate::transfer::Transfer;

/// Fails if the mailbox cannot be moved as things are.
pub(crate) fn check(transfer: &Transfer) -> Result<()> {
    check_antivirus(transfer)
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
