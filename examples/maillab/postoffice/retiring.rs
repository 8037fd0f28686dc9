//! The end of a mailbox on the postoffice.
//!
//! Does not make a backup: what is deleted here and not at the new server is in a backup that was made in time, or lost.

use super::look::look;
use super::routes::Routes;
use crate::failure::{Code, Failure, Result};
use crate::organisation::Organisation;
use crate::stages::Stage;

/// Whether `delete` asks what it would delete.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sweeping {
    /// It does not.
    Ignored,
    /// It refuses while the postoffice holds mail that the new server lacks, or may still get some.
    Required,
}

/// Deletes a mailbox on the postoffice; tells whether there was one. Can be repeated.
pub(crate) fn delete(of: &Organisation, mailbox: &str, sweeping: Sweeping) -> Result<bool> {
    let _claim = of.claim_operation(mailbox)?;
    let stages = of.stages("delete-mailbox", mailbox);
    let deleted = {
        let _lock = of.lock_mailbox(mailbox)?;
        if sweeping == Sweeping::Required {
            check_swept(of, mailbox)?;
        }
        let row = of.server(&of.config.source)?.row(mailbox);
        row.map(|row| row.remove()).transpose()?.is_some()
    };
    stages.reach(Stage::RemoveMailbox)?;
    Ok(deleted)
}

fn check_swept(of: &Organisation, mailbox: &str) -> Result<()> {
    let late = look(of, mailbox)?.late;
    let refused = |why: String| {
        let what = format!("mailbox `{mailbox}` cannot be deleted on the postoffice");
        Failure::new(Code::Refused, what).because(why)
    };
    if late > 0 {
        let why = format!("{late} of its messages are not at the new server");
        return Err(
            refused(why).next(format!("`maillab postoffice sweep {mailbox}` brings them there"))
        );
    }
    let routes = Routes::read(of)?;
    let open = routes.tables().iter().find(|(_, server)| **server == of.config.source);
    open.map_or(Ok(()), |(class, _)| {
        Err(refused(format!("senders of the class `{class}` still find it"))
            .next(format!("`maillab postoffice route {class} {}` ends that", of.config.target)))
    })
}
