//! The status record of a mailbox's last move, as servers keep one for a while.
//!
//! Does not know where the data is, and is no evidence of it: an absent record means that no move was ever begun, or that
//! the record has expired. Exchange drops the records of completed requests after 30 days; that one may be gone when
//! somebody asks for it is all that the fault `status-expired` says.
//!
//! | record | means |
//! |---|---|
//! | none | never moved, or expired |
//! | `in_progress` | a mover works, or has died |
//! | `failed` | the mover has said so; the data may have moved |
//! | `completed` | the mover has said so; what it says of the data is not proved |

use std::fs;

use serde::{Deserialize, Serialize};

use crate::disk;
use crate::failure::{At, Result};
use crate::organisation::Organisation;

/// What the record says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Status {
    /// A mover works, or has died.
    InProgress,
    /// The mover has failed.
    Failed,
    /// The mover takes the move for done.
    Completed,
}

/// The record, if there is one.
pub(crate) fn read(of: &Organisation, mailbox: &str) -> Result<Option<Status>> {
    let file = of.move_status(mailbox);
    if file.exists() { disk::read_json(&file).map(Some) } else { Ok(None) }
}

/// Replaces the record.
pub(crate) fn write(of: &Organisation, mailbox: &str, status: Status) -> Result<()> {
    disk::create_folder(disk::folder_of(&of.move_status(mailbox)))?;
    disk::write_json(&of.move_status(mailbox), &status)
}

/// Drops the record.
pub(crate) fn expire(of: &Organisation, mailbox: &str) -> Result<()> {
    let file = of.move_status(mailbox);
    if file.exists() {
        fs::remove_file(&file).at("remove", &file)?;
        disk::sync_folder(disk::folder_of(&file))?;
    }
    Ok(())
}
