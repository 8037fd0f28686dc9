//! The borders between the stages of an operation: the one place where something may happen between two of them.
//!
//! Does not know what an operation does. `--trace` prints each border, `--step` waits there for a line on standard
//! input; when the input ends, the operation stops where it stands, as if its process had died at that border. A fault
//! that is armed for a border strikes there.

use std::io::{self, Write};

use crate::failure::{Failure, Result};
use crate::faults::{Fault, Faults};

/// A stage that has just ended, in any operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    /// The message is in the queue, and nothing is promised to its sender.
    Queue,
    /// The message is in the ledger: it has been accepted.
    Accept,
    /// The message is in a mailbox.
    Store,
    /// Nothing stands in the way of a move, and nothing has changed.
    Admit,
    /// The target has a row of the mailbox; since service pack 4 with its InTransit flag set.
    CreateTarget,
    /// The target's row, which came without it, has its InTransit flag.
    SetInTransit,
    /// One more message is at the target.
    CopyMessage,
    /// All messages of the source are at the target.
    Copy,
    /// The InTransitFolder is empty and the flag is cleared.
    FlushTarget,
    /// The source's row is marked as moved away and its data deleted.
    EmptySource,
    /// The row that a second move has met at its target is gone (c1040b00).
    DeleteDuplicate,
    /// The source has dropped what it had, since it takes the move for done.
    DropSource,
    /// The directory's target view names the new home.
    SyncDirectory,
    /// The views of the directory agree.
    Replicate,
    /// What came to the source meanwhile is at the target, and the source's row is gone.
    RetireSource,
    /// What only the target's row held is at the home.
    ReturnMail,
    /// The target's row is gone.
    RemoveTarget,
    /// The archive is written under a temporary name.
    WriteArchive,
    /// The archive has its name.
    PublishArchive,
    /// The transaction log is purged.
    PurgeLog,
    /// The store's white space is freed.
    FreeSpace,
    /// The user's profile names the home server.
    UpdateProfile,
    /// The store is what the backup has of it.
    RestoreStore,
    /// The server is gone, with all that it held.
    RemoveServer,
    /// The consistency adjuster has done with the server.
    Adjust,
    /// The messages of the store can be read again.
    RepairStore,
    /// The first controller knows the account.
    CreateAccount,
    /// All accounts are there, and nothing of this mailbox has been copied.
    BeginMailbox,
    /// The wizard or the extraction has done with the mailbox.
    EndMailbox,
    /// The first controller knows the account no more.
    DeleteAccount,
    /// The user has a mailbox at the account.
    LogOn,
    /// Mail takes another way.
    SwitchRoutes,
    /// What came to the source before is at the target too.
    CarryLate,
    /// A replication cycle has something to carry.
    BeginReplication,
    /// A class of senders is to find another server.
    BeginReroute,
    /// The backup is in a folder of its own.
    Restore,
    /// The postoffice has the mailbox no more.
    RemoveMailbox,
    /// What the home lacked is back from the archive.
    Recover,
}

impl Stage {
    /// As it is printed.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Stage::Queue => "queue",
            Stage::Accept => "accept",
            Stage::Store => "store",
            Stage::Admit => "admit",
            Stage::CreateTarget => "create_target",
            Stage::SetInTransit => "set_in_transit",
            Stage::CopyMessage => "copy_message",
            Stage::Copy => "copy",
            Stage::FlushTarget => "flush_target",
            Stage::EmptySource => "empty_source",
            Stage::DeleteDuplicate => "delete_duplicate",
            Stage::DropSource => "drop_source",
            Stage::SyncDirectory => "sync_directory",
            Stage::Replicate => "replicate",
            Stage::RetireSource => "retire_source",
            Stage::ReturnMail => "return_mail",
            Stage::RemoveTarget => "remove_target",
            Stage::WriteArchive => "write_archive",
            Stage::PublishArchive => "publish_archive",
            Stage::PurgeLog => "purge_log",
            Stage::FreeSpace => "free_space",
            Stage::UpdateProfile => "update_profile",
            Stage::RestoreStore => "restore_store",
            Stage::RemoveServer => "remove_server",
            Stage::Adjust => "adjust",
            Stage::RepairStore => "repair_store",
            Stage::CreateAccount => "create_account",
            Stage::BeginMailbox => "begin_mailbox",
            Stage::EndMailbox => "end_mailbox",
            Stage::DeleteAccount => "delete_account",
            Stage::LogOn => "log_on",
            Stage::SwitchRoutes => "switch_routes",
            Stage::CarryLate => "carry_late",
            Stage::BeginReplication => "begin_replication",
            Stage::BeginReroute => "begin_reroute",
            Stage::Restore => "restore",
            Stage::RemoveMailbox => "remove_mailbox",
            Stage::Recover => "recover",
        }
    }
}

/// What happens at a border.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// Nothing.
    Silent,
    /// A line on standard error.
    Trace,
    /// A line on standard error, then a line from standard input is waited for.
    Step,
}

/// The borders of one operation on one subject (a mailbox or a server).
#[derive(Debug)]
pub(crate) struct Stages<'a> {
    mode: Mode,
    faults: Faults,
    operation: &'static str,
    subject: &'a str,
}

impl<'a> Stages<'a> {
    /// The borders of `operation` on `subject`.
    pub(crate) fn new(
        mode: Mode,
        faults: Faults,
        operation: &'static str,
        subject: &'a str,
    ) -> Self {
        Stages { mode, faults, operation, subject }
    }

    /// Says how far a long stage has come, where the borders themselves are not told.
    pub(crate) fn tell(&self, progress: &str) {
        if self.mode == Mode::Silent {
            // Whoever watched may be gone; the work goes on.
            let _ = io::stderr().lock().write_all(format!("{progress}\n").as_bytes());
        }
    }

    /// To be called at the end of each stage, before anything of the next one.
    pub(crate) fn reach(&self, stage: Stage) -> Result<()> {
        self.pass(stage).map(drop)
    }

    /// Like [`Stages::reach`]; returns a fault that strikes here and does not end the operation.
    pub(crate) fn pass(&self, stage: Stage) -> Result<Option<Fault>> {
        self.show(stage)?;
        match self.faults.strike(self.operation, self.subject, stage)? {
            Some(fault) if fault.ends_operation() => Err(fault.failure(self.subject)),
            struck => Ok(struck),
        }
    }

    fn show(&self, stage: Stage) -> Result<()> {
        if self.mode == Mode::Silent {
            return Ok(());
        }
        let line = format!("{} {}: {}\n", self.operation, self.subject, stage.name());
        let written = io::stderr().lock().write_all(line.as_bytes());
        written.map_err(|error| Failure::failed("cannot write the trace").because(error))?;
        if self.mode == Mode::Step { self.wait_for_line(stage) } else { Ok(()) }
    }

    fn wait_for_line(&self, stage: Stage) -> Result<()> {
        let read = io::stdin().read_line(&mut String::new());
        match read {
            Ok(0) => Err(Failure::failed(format!(
                "`{} {}` stops after its stage `{}`",
                self.operation,
                self.subject,
                stage.name()
            ))
            .because("standard input ended, and `--step` goes on only at a line")),
            Ok(_) => Ok(()),
            Err(error) => Err(Failure::failed("cannot read from standard input").because(error)),
        }
    }
}
