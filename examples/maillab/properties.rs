//! What belongs to a mailbox beside its messages: inbox rules and permissions.
//!
//! Does not know which tool carries them over, and which one leaves them behind.

use crate::failure::Result;
use crate::permissions;
use crate::rules;
use crate::store::Row;

/// Gives `to` what `from` has. A row that has nothing, such as one that was just made, takes nothing away.
pub(crate) fn carry(from: &Row, to: &Row) -> Result<()> {
    let rules = rules::of_row(from)?;
    if !rules.is_empty() {
        rules::set(to, &rules)?;
    }
    let permissions = permissions::of_row(from)?;
    if !permissions.is_empty() {
        permissions::set(to, &permissions)?;
    }
    Ok(())
}
