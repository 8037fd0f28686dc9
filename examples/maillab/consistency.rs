//! The consistency check of a server's store against the directory (KB328810, step 6).
//!
//! Reports and repairs nothing: the dangerous boxes of the original dialogue do not exist here.

use std::fs;

use crate::audit;
use crate::failure::{At, Result};
use crate::organisation::Organisation;
use crate::store::{Row, RowState, Server};

/// What the check saw.
#[derive(Debug, Default)]
pub(crate) struct Checked {
    /// Rows of the server.
    pub(crate) mailboxes: u64,
    /// Messages in them.
    pub(crate) messages: u64,
    /// What does not fit together, one sentence each.
    pub(crate) inconsistencies: Vec<String>,
}

/// Checks a server.
pub(crate) fn check(of: &Organisation, server: &Server) -> Result<Checked> {
    let mut checked = Checked::default();
    for mailbox in server.mailboxes()? {
        if !of.config.mailboxes.contains(&mailbox) {
            checked
                .inconsistencies
                .push(format!("the directory does not know mailbox `{mailbox}`"));
        }
    }
    for mailbox in &of.config.mailboxes {
        let _lock = of.lock_mailbox(mailbox)?;
        let home = of.directory().entry(mailbox)?.home() == server.name;
        match server.row(mailbox) {
            // What a mailbox was copied from stays as it was, wherever its home is now.
            Some(row) => check_row(&row, home || of.is_original(server), &mut checked)?,
            None if home => checked.inconsistencies.push(format!("mailbox `{mailbox}` has no row")),
            None => {}
        }
    }
    Ok(checked)
}

fn check_row(row: &Row, home: bool, checked: &mut Checked) -> Result<()> {
    let mailbox = &row.mailbox;
    checked.mailboxes += 1;
    let state = row.state()?;
    if !home {
        checked.inconsistencies.push(format!("mailbox `{mailbox}` has its home on another server"));
    } else if state != RowState::Live {
        checked.inconsistencies.push(format!("the move of mailbox `{mailbox}` is not finished"));
    }
    for item in row.mail.items()? {
        checked.messages += 1;
        let path = row.mail.path(&item);
        let text = fs::read(&path).at("read", &path)?;
        if row.server.is_corrupt(&item.key) || !is_readable(&text) {
            checked
                .inconsistencies
                .push(format!("message `{}` of `{mailbox}` cannot be read", item.key));
        } else if audit::key_of(&text).as_ref() != Some(&item.key) {
            checked
                .inconsistencies
                .push(format!("message `{}` of `{mailbox}` has another Message-ID", item.key));
        }
    }
    Ok(())
}

fn is_readable(text: &[u8]) -> bool {
    let Ok(message) = mailparse::parse_mail(text) else { return false };
    message.parts().all(|part| part.get_body_raw().is_ok())
}
