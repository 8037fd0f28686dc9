//! The delivery agent: takes a message from its sender, and brings it where the directory says.
//!
//! Does not know why a mailbox is in transit. The stages are
//!
//! 1. `queue`: the message lies in the queue; should the agent die now, the sender knows that it was not taken.
//! 2. `accept`: it is in the ledger. From here on it must not get lost; the queue still has it.
//! 3. `store`: one rename brings it from the queue into a mailbox.
//!
//! A message that was accepted and not stored is brought on by the next delivery to that mailbox, or by `drain`. While
//! the mailbox is frozen, all its mail waits.

use std::fs;
use std::path::PathBuf;

use crate::cloning;
use crate::disk;
use crate::failure::{At, Result};
use crate::freeze;
use crate::layout::Layout;
use crate::ledger::SenderClass;
use crate::maildir::IN_TRANSIT_FOLDER;
use crate::message::{self, Recipe};
use crate::organisation::Organisation;
use crate::postoffice;
use crate::stages::Stage;
use crate::store::RowState;

/// Where accepted messages went.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Tally {
    /// Into a mailbox, or its in-transit folder.
    pub(crate) stored: u64,
    /// They wait in the queue: the mailbox is frozen, or the directory names a server that does not have it.
    pub(crate) queued: u64,
    /// They went back to their senders: the postoffice has no such mailbox.
    pub(crate) returned: u64,
}

impl Tally {
    /// Adds another tally.
    pub(crate) fn add(&mut self, other: Tally) {
        self.stored += other.stored;
        self.queued += other.queued;
        self.returned += other.returned;
    }
}

/// Makes the next message for a mailbox, accepts and stores it, after what waits in the queue.
pub(crate) fn deliver(to: &Organisation, mailbox: &str, class: SenderClass) -> Result<Tally> {
    let stages = to.stages("deliver", mailbox);
    let _lock = to.lock_mailbox(mailbox)?;
    if to.config.layout == Layout::Postoffice && postoffice::returns(to, mailbox, class)? {
        return Ok(Tally { returned: 1, ..Tally::default() });
    }
    discard_unaccepted(to, mailbox)?;
    let ledger = to.ledger(mailbox);
    let number = ledger.count()? + 1;
    let seed = to.config.seed;
    let recipe = Recipe { seed, mailbox, number, large: false, sender_class: class };
    let message = message::arriving(recipe)?;
    disk::replace(&to.queue(mailbox).join(&message.accepted.key), &message.text)?;
    stages.reach(Stage::Queue)?;
    ledger.accept(&[message.accepted])?;
    stages.reach(Stage::Accept)?;
    let tally = store_queued(to, mailbox)?;
    stages.reach(Stage::Store)?;
    Ok(tally)
}

/// Stores what waits in the queue of a mailbox.
pub(crate) fn drain(to: &Organisation, mailbox: &str) -> Result<Tally> {
    let stages = to.stages("drain", mailbox);
    let _lock = to.lock_mailbox(mailbox)?;
    discard_unaccepted(to, mailbox)?;
    let tally = store_queued(to, mailbox)?;
    stages.reach(Stage::Store)?;
    Ok(tally)
}

/// The keys that wait in the queue.
pub(crate) fn queued(in_: &Organisation, mailbox: &str) -> Result<Vec<String>> {
    disk::names(&in_.queue(mailbox))
}

/// Removes messages that an agent queued and did not live to accept: their senders still have them.
fn discard_unaccepted(from: &Organisation, mailbox: &str) -> Result<()> {
    let waiting = queued(from, mailbox)?;
    if waiting.is_empty() {
        return Ok(());
    }
    let accepted = from.ledger(mailbox).read()?;
    for key in waiting.iter().filter(|key| !accepted.iter().any(|kept| kept.key == **key)) {
        let path = from.queue(mailbox).join(key);
        fs::remove_file(&path).at("remove", &path)?;
    }
    Ok(())
}

fn store_queued(to: &Organisation, mailbox: &str) -> Result<Tally> {
    if freeze::holds(to, mailbox)? {
        return Ok(Tally { queued: queued(to, mailbox)?.len() as u64, ..Tally::default() });
    }
    let accepted = to.ledger(mailbox).read()?;
    let mut tally = Tally::default();
    for key in queued(to, mailbox)? {
        let class = accepted.iter().find(|kept| kept.key == key).map(|kept| kept.sender_class);
        match route(to, mailbox, class.unwrap_or(SenderClass::External))? {
            Some(folder) => {
                disk::rename(&to.queue(mailbox).join(&key), &folder.join("new").join(&key))?;
                tally.stored += 1;
            }
            None => tally.queued += 1,
        }
    }
    Ok(tally)
}

/// The folder that takes a message now. A row that a move has made takes all mail of its mailbox, wherever the home is.
fn route(to: &Organisation, mailbox: &str, class: SenderClass) -> Result<Option<PathBuf>> {
    match to.config.layout {
        Layout::Organisations => return cloning::route(to, mailbox, class),
        Layout::Postoffice => return postoffice::route(to, mailbox, class),
        Layout::Site => {}
    }
    for server in to.servers()? {
        if let Some(row) = server.row(mailbox)
            && let state @ (RowState::Created | RowState::InTransit) = row.state()?
        {
            let root = row.mail.root();
            let flagged = state == RowState::InTransit;
            return Ok(Some(if flagged { root.join(IN_TRANSIT_FOLDER) } else { root.to_owned() }));
        }
    }
    let entry = to.directory().entry(mailbox)?;
    let home = match class {
        SenderClass::External => &entry.target_view.home,
        _ => &entry.source_view.home,
    };
    Ok(to.server(home)?.row(mailbox).map(|row| row.mail.root().to_owned()))
}
