//! Who may open a mailbox beside its user: a list of accounts in its row.
//!
//! Does not know who is an account of the directory; some were, and have left, which is what the consistency adjuster is
//! for.

use crate::disk;
use crate::failure::Result;
use crate::organisation::{Config, Organisation};
use crate::store::Row;

/// Who may open the `n`th mailbox at `init`: the next user, and for every other one an account that is no more.
pub(crate) fn made(config: &Config, n: usize) -> Vec<String> {
    let all = &config.mailboxes;
    let next = all[(n + 1) % all.len()].clone();
    let left = n.is_multiple_of(2).then(|| format!("former-{}", n + 1));
    [next].into_iter().chain(left).collect()
}

/// Writes down whom the user of a mailbox has let in.
pub(crate) fn write_down(of: &Organisation, mailbox: &str, users: &[String]) -> Result<()> {
    disk::write_json(&of.permissions(mailbox), &users)
}

/// Whom the user of a mailbox has let in, but for accounts that are no more.
pub(crate) fn written_down(of: &Organisation, mailbox: &str) -> Result<Vec<String>> {
    let file = of.permissions(mailbox);
    let mut users: Vec<String> = if file.exists() { disk::read_json(&file)? } else { Vec::new() };
    users.retain(|user| of.config.mailboxes.contains(user));
    Ok(users)
}

/// The permissions of a row.
pub(crate) fn of_row(row: &Row) -> Result<Vec<String>> {
    let file = row.permissions_file();
    if file.exists() { disk::read_json(&file) } else { Ok(Vec::new()) }
}

/// Replaces the permissions of a row.
pub(crate) fn set(row: &Row, users: &[String]) -> Result<()> {
    disk::write_json(&row.permissions_file(), &users)
}
