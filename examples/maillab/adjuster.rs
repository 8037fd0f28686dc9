//! The DS/IS consistency adjuster of a server (KB328810, step 6): it changes what the check only reports.
//!
//! Does not ask whether the time is right. The article states that only one of its boxes may be selected before a move;
//! what the other ones do is stated by Q182979:
//!
//! | box | when the directories agree and nothing is half moved | else |
//! |---|---|---|
//! | remove unknown users | accounts that have left lose their permissions | users whose entry has not been replicated count as unknown, and lose theirs |
//! | create entries | changes nothing | every row that the server has makes it the home: an emptied row too, whose data is on the other server |

use clap::ValueEnum;

use crate::failure::Result;
use crate::organisation::Organisation;
use crate::permissions;
use crate::stages::Stage;
use crate::store::Server;

/// A box of the adjuster's dialogue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Adjustment {
    /// Remove unknown user accounts from mailbox permissions: the one box to select.
    RemoveUnknownUsers,
    /// Create directory entries for the mailboxes that the server has.
    CreateEntries,
}

/// What was changed.
#[derive(Debug, Default)]
pub(crate) struct Adjusted {
    /// Permissions that were removed.
    pub(crate) permissions: u64,
    /// Mailboxes whose home is the server now, and was not before.
    pub(crate) entries: Vec<String>,
}

/// Adjusts a server. Can be repeated.
pub(crate) fn adjust(of: &Organisation, server: &Server, boxes: &[Adjustment]) -> Result<Adjusted> {
    let stages = of.stages("adjust", &server.name);
    let mut adjusted = Adjusted::default();
    for mailbox in &of.config.mailboxes {
        let _lock = of.lock_mailbox(mailbox)?;
        let Some(row) = server.row(mailbox) else { continue };
        if boxes.contains(&Adjustment::RemoveUnknownUsers) {
            let before = permissions::of_row(&row)?;
            let mut known = before.clone();
            known.retain(|user| is_known(of, user));
            permissions::set(&row, &known)?;
            adjusted.permissions += (before.len() - known.len()) as u64;
        }
        if boxes.contains(&Adjustment::CreateEntries)
            && of.directory().set_home(mailbox, &server.name)?
        {
            of.directory().replicate(mailbox)?;
            adjusted.entries.push(mailbox.clone());
        }
    }
    stages.reach(Stage::Adjust)?;
    Ok(adjusted)
}

/// Whether the directory knows a user, on both its sides.
fn is_known(of: &Organisation, user: &str) -> bool {
    of.directory().entry(user).is_ok_and(|entry| entry.converged())
}
