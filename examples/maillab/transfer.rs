//! The stages that bring a mailbox from one server to the other.
//!
//! Does not know in which order they come, nor whether they may be done at all: that is for the operations in
//! `moving`. Each stage can be repeated after a crash in its middle, since messages are compared by key.

use std::fs;

use crate::admission;
use crate::connection_agreement;
use crate::delivery;
use crate::disk;
use crate::failure::{At, Failure, Result};
use crate::faults::Fault;
use crate::ledger::SenderClass;
use crate::lock::Lock;
use crate::maildir::Item;
use crate::move_status;
use crate::organisation::Organisation;
use crate::properties;
use crate::stages::{Stage, Stages};
use crate::store::{Row, RowState, Server};
use crate::switches::{ANTIVIRUS, Power, RCA, Schedule};

/// How many messages are copied between two lines that say how far it is.
const TOLD_EVERY: u64 = 20;

/// What was carried over.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Carried {
    /// Messages.
    pub(crate) messages: u64,
    /// Their bytes.
    pub(crate) bytes: u64,
}

impl Carried {
    /// Counts one more message.
    pub(crate) fn add(&mut self, item: &Item) {
        self.messages += 1;
        self.bytes += item.bytes;
    }
}

/// A mailbox on its way. Whoever makes one holds the mailbox's operation lock.
#[derive(Debug)]
pub(crate) struct Transfer<'a> {
    /// The organisation.
    pub(crate) organisation: &'a Organisation,
    /// The mailbox.
    pub(crate) mailbox: &'a str,
    /// Where it comes from.
    pub(crate) source: Server,
    /// Where it goes.
    pub(crate) target: Server,
    /// The borders between the stages.
    pub(crate) stages: Stages<'a>,
    /// Whether a message that cannot be read is left out, and so lost (KB821829).
    pub(crate) skips_corrupt: bool,
}

impl Transfer<'_> {
    fn lock(&self) -> Result<Lock> {
        self.organisation.lock_mailbox(self.mailbox)
    }

    /// Asks what a mover asks before it changes anything. Log space is not among it: KB328810, step 4, leaves that to
    /// the administrator.
    pub(crate) fn admit(&self) -> Result<()> {
        admission::check(self)?;
        self.stages.reach(Stage::Admit)
    }

    /// Creates the target's row. With service pack 4 it comes with its InTransit flag; before, the flag comes second,
    /// and what is delivered between the two is lost without a report. Q277911 states the order of the steps and the
    /// loss; that it is the copy which begins with an empty mailbox is inferred.
    pub(crate) fn create_target(&self) -> Result<()> {
        let has_window = self.organisation.config.service_pack < 4;
        let state = if has_window { RowState::Created } else { RowState::InTransit };
        let target = {
            let _lock = self.lock()?;
            self.target.create_row(self.mailbox, state)?
        };
        match self.stages.pass(Stage::CreateTarget)? {
            Some(Fault::MailInWindow) => {
                delivery::deliver(self.organisation, self.mailbox, SenderClass::External)?;
            }
            Some(Fault::CorruptItem) => {
                let items = self.row(&self.source)?.mail.items()?;
                items.first().map_or(Ok(()), |item| self.source.corrupt(&item.key))?;
            }
            _ => {}
        }
        if !has_window {
            return Ok(());
        }
        {
            let _lock = self.lock()?;
            target.set_state(RowState::InTransit)?;
            target.mail.items()?.iter().try_for_each(|item| target.delete(item))?;
        }
        self.stages.reach(Stage::SetInTransit)
    }

    /// Copies what the target lacks, the inbox rules and the permissions. The log of each message comes before it, and a
    /// log drive that fills up stops the copy in its middle. Nothing is locked: while the target is in transit no mail
    /// comes to the source.
    pub(crate) fn copy(&self) -> Result<Carried> {
        let (source, target) = (self.row(&self.source)?, self.row(&self.target)?);
        let mut carried = Carried::default();
        let lacking = lacking(&source, &target)?;
        for item in &lacking {
            if self.source.is_corrupt(&item.key) {
                self.meet_corrupt(&source, item)?;
                continue;
            }
            self.organisation.log_moved(&self.target, item.bytes)?;
            target.mail.copy_in(&source.mail, item, &item.place)?;
            carried.add(item);
            let (copied, total) = (carried.messages, lacking.len() as u64);
            if copied.is_multiple_of(TOLD_EVERY) || copied == total {
                self.stages.tell(&format!("copied {copied} of {total} messages"));
            }
            if let Some(fault) = self.stages.pass(Stage::CopyMessage)? {
                self.meet(fault, &target, item)?;
            }
        }
        properties::carry(&source, &target)?;
        target.mail.sync()?;
        if self.stages.pass(Stage::Copy)? == Some(Fault::MissingMail)
            && let Some(item) = lacking.first()
        {
            target.delete(item)?;
            source.delete(item)?;
        }
        Ok(carried)
    }

    /// Moves the InTransitFolder's mail into the inbox and clears the flag, with no delivery in between.
    pub(crate) fn flush_target(&self) -> Result<()> {
        {
            let _lock = self.lock()?;
            let target = self.row(&self.target)?;
            target.flush()?;
            target.set_state(RowState::Live)?;
        }
        self.stages.reach(Stage::FlushTarget)
    }

    /// Deletes at the source what the target has. The row stays, close to empty, until it is retired; mail that still
    /// comes to it stays there (Q162998).
    pub(crate) fn empty_source(&self) -> Result<()> {
        {
            let _lock = self.lock()?;
            let (source, target) = (self.row(&self.source)?, self.row(&self.target)?);
            source.set_state(RowState::Moved)?;
            delete_copied(&source, &target)?;
        }
        let Some(fault) = self.stages.pass(Stage::EmptySource)? else { return Ok(()) };
        if fault == Fault::StatusExpired {
            move_status::expire(self.organisation, self.mailbox)?;
        } else {
            delivery::deliver(self.organisation, self.mailbox, SenderClass::External)?;
        }
        Err(fault.failure(self.mailbox))
    }

    /// Names the new home in the directory.
    pub(crate) fn sync_directory(&self) -> Result<bool> {
        let changed = {
            let _lock = self.lock()?;
            self.organisation.directory().set_home(self.mailbox, &self.target.name)?
        };
        if self.stages.pass(Stage::SyncDirectory)? == Some(Fault::RcaCycle) {
            connection_agreement::cycle(self.organisation, self.mailbox)?;
        }
        Ok(changed)
    }

    /// Brings the new home to the other view.
    pub(crate) fn replicate(&self) -> Result<()> {
        {
            let _lock = self.lock()?;
            self.organisation.directory().replicate(self.mailbox)?;
        }
        self.stages.reach(Stage::Replicate)
    }

    /// Carries over what came to the source meanwhile, and removes its row. No view leads to it any more.
    pub(crate) fn retire_source(&self) -> Result<Carried> {
        let carried = {
            let _lock = self.lock()?;
            let (source, target) = (self.row(&self.source)?, self.row(&self.target)?);
            let carried = carry_late(self.organisation, &source, &target)?;
            source.remove()?;
            carried
        };
        self.stages.reach(Stage::RetireSource)?;
        Ok(carried)
    }

    /// What a fault does that strikes between two messages and does not always end the move.
    fn meet(&self, fault: Fault, target: &Row, item: &Item) -> Result<()> {
        let switches = self.organisation.switches();
        match fault {
            Fault::SecondAdmin => switches.set(&RCA, &Schedule::Nightly),
            Fault::RewrittenHeaders => rewrite(target, item),
            Fault::ScannerHoldsMessage if switches.get(&ANTIVIRUS)? == Power::On => {
                Err(fault.failure(self.mailbox))
            }
            _ => Ok(()),
        }
    }

    /// A message that no tool can read is left out and deleted, or ends the copy.
    fn meet_corrupt(&self, source: &Row, item: &Item) -> Result<()> {
        if self.skips_corrupt {
            return source.delete(item);
        }
        let what = format!("message `{}` of mailbox `{}` cannot be read", item.key, self.mailbox);
        Err(Failure::failed(what)
            .because("the client operation failed: the item is corrupt")
            .because("what has been copied is there, and the move is not finished")
            .next(format!("`maillab isinteg {}` repairs the store", self.source.name))
            .next(format!("`maillab locate {}` shows how far the move came", self.mailbox)))
    }

    fn row(&self, server: &Server) -> Result<Row> {
        server.row(self.mailbox).ok_or_else(|| {
            Failure::failed(format!("`{}` has no row of mailbox `{}`", server.name, self.mailbox))
                .next(format!("`maillab locate {}` shows where it is", self.mailbox))
        })
    }
}

/// What a server does that writes a header of its own into what it stores.
fn rewrite(target: &Row, item: &Item) -> Result<()> {
    let path = target.mail.path(item);
    let mut text = format!("Received: by {}\r\n", target.server.name).into_bytes();
    text.extend(fs::read(&path).at("read", &path)?);
    disk::replace(&path, &text)
}

/// What `target` has no copy of.
fn lacking(source: &Row, target: &Row) -> Result<Vec<Item>> {
    let have = target.keys()?;
    let mut items = source.mail.items()?;
    items.retain(|item| !have.contains(&item.key));
    Ok(items)
}

fn carry_late(organisation: &Organisation, source: &Row, target: &Row) -> Result<Carried> {
    let late = lacking(source, target)?;
    let mut carried = Carried::default();
    late.iter().for_each(|item| carried.add(item));
    organisation.log_moved(&target.server, carried.bytes)?;
    for item in &late {
        target.mail.copy_in(&source.mail, item, &item.place)?;
    }
    target.mail.sync()?;
    Ok(carried)
}

/// Deletes in `source` every message that `target` has.
fn delete_copied(source: &Row, target: &Row) -> Result<()> {
    let have = target.keys()?;
    let items = source.mail.items()?;
    items.iter().filter(|item| have.contains(&item.key)).try_for_each(|item| source.delete(item))
}
