//! The delivery freeze: the mailboxes for which mail is accepted and held in the queue.
//!
//! Does not know why a mailbox is frozen. No article of KB328810 asks for it: that Q277911 and its neighbours are closed
//! by it is inferred from the order of their steps. One file holds the whole list, so that a change is one write:
//!
//! | the process ends after | then |
//! |---|---|
//! | nothing is written | the old list holds |
//! | the list is written | the new list holds for every delivery that begins; `set` again waits for those that had begun, and stores what waits |

use std::path::PathBuf;

use crate::delivery::{self, Tally};
use crate::disk;
use crate::failure::Result;
use crate::organisation::Organisation;

/// The frozen mailboxes, sorted.
pub(crate) fn frozen(of: &Organisation) -> Result<Vec<String>> {
    let file = file(of);
    if file.exists() { disk::read_json(&file) } else { Ok(Vec::new()) }
}

/// Whether mail for a mailbox is held.
pub(crate) fn holds(of: &Organisation, mailbox: &str) -> Result<bool> {
    Ok(frozen(of)?.iter().any(|frozen| frozen == mailbox))
}

/// Freezes these mailboxes and no others. When this returns, no delivery to one of them is under way, and what waited
/// for the others has been stored.
pub(crate) fn set(of: &Organisation, mailboxes: &[String]) -> Result<Tally> {
    let mut list = mailboxes.to_vec();
    list.sort();
    list.dedup();
    disk::write_json(&file(of), &list)?;
    let mut tally = Tally::default();
    for mailbox in &of.config.mailboxes {
        if list.contains(mailbox) {
            drop(of.lock_mailbox(mailbox)?);
        } else if !delivery::queued(of, mailbox)?.is_empty() {
            tally.add(delivery::drain(of, mailbox)?);
        }
    }
    Ok(tally)
}

fn file(of: &Organisation) -> PathBuf {
    of.switch_file("frozen")
}
