//! Faults: what can go wrong between two stages, each armed by name, each striking once at its border.
//!
//! Does not know what an operation does; `stages` asks at every border. An armed fault is a file, and whoever removes
//! the file has been struck, so of two processes at the same border one goes on.

use std::fs;
use std::io::ErrorKind;
use std::path::PathBuf;

use clap::ValueEnum;

use crate::disk;
use crate::failure::{At, Failure, Result};
use crate::stages::Stage;

/// A fault that can be armed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Fault {
    /// A message is delivered just when the target has its row.
    MailInWindow,
    /// The mover dies when it has copied one message; what it copied stays on the target.
    DiesCopying,
    /// The directory is synchronised with one and the same server as source and target: the data is at the target, the
    /// directory entry at the source.
    WrongServerSync,
    /// The mover dies when both views name the new home; a stale row stays on the source.
    StaleRow,
    /// A message is delivered to a mailbox whose account is there, before the wizard clones it.
    MailBeforeClone,
    /// The wizard is cancelled when all accounts are there, before it clones this mailbox.
    WizardCancelled,
    /// A replication cycle between the domain controllers carries nothing over.
    SlowReplication,
    /// A message of an old address list is delivered just when a mailbox has been extracted.
    LateMail,
    /// The extraction dies when it has copied one message.
    ExtractionDies,
    /// A class of senders is rerouted without effect, because its table was not distributed.
    RouteStays,
    /// A cycle of the Recipient Connection Agreement runs when only the target's view names the new home.
    RcaCycle,
    /// While a mailbox is copied, another administrator sets the Recipient Connection Agreement's schedule to `nightly`.
    SecondAdmin,
    /// The antivirus program holds a message that the mover wants to read; what was copied stays on the target.
    ScannerHoldsMessage,
}

impl Fault {
    /// All faults, by article.
    pub(crate) const ALL: [Fault; 13] = [
        Fault::MailInWindow,
        Fault::DiesCopying,
        Fault::WrongServerSync,
        Fault::StaleRow,
        Fault::MailBeforeClone,
        Fault::WizardCancelled,
        Fault::SlowReplication,
        Fault::LateMail,
        Fault::ExtractionDies,
        Fault::RouteStays,
        Fault::RcaCycle,
        Fault::SecondAdmin,
        Fault::ScannerHoldsMessage,
    ];

    /// As it is typed.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Fault::MailInWindow => "mail-in-window",
            Fault::DiesCopying => "dies-copying",
            Fault::WrongServerSync => "wrong-server-sync",
            Fault::StaleRow => "stale-row",
            Fault::MailBeforeClone => "mail-before-clone",
            Fault::WizardCancelled => "wizard-cancelled",
            Fault::SlowReplication => "slow-replication",
            Fault::LateMail => "late-mail",
            Fault::ExtractionDies => "extraction-dies",
            Fault::RouteStays => "route-stays",
            Fault::RcaCycle => "rca-cycle",
            Fault::SecondAdmin => "second-admin",
            Fault::ScannerHoldsMessage => "scanner-holds-message",
        }
    }

    /// The article that it comes from.
    pub(crate) fn article(self) -> &'static str {
        match self {
            Fault::DiesCopying | Fault::WrongServerSync => "Q252869",
            Fault::MailInWindow => "Q277911",
            Fault::StaleRow => "Q177772",
            Fault::MailBeforeClone | Fault::WizardCancelled | Fault::SlowReplication => "KB842101",
            Fault::LateMail | Fault::ExtractionDies | Fault::RouteStays => "Q190423",
            Fault::RcaCycle | Fault::SecondAdmin | Fault::ScannerHoldsMessage => "KB328810",
        }
    }

    /// The operation that it strikes, and the stage after which it does.
    pub(crate) fn border(self) -> (&'static str, Stage) {
        match self {
            Fault::MailInWindow => ("move", Stage::CreateTarget),
            Fault::DiesCopying => ("move", Stage::CopyMessage),
            Fault::WrongServerSync => ("move", Stage::EmptySource),
            Fault::StaleRow => ("move", Stage::Replicate),
            Fault::MailBeforeClone | Fault::WizardCancelled => ("wizard", Stage::BeginMailbox),
            Fault::SlowReplication => ("replicate-accounts", Stage::BeginReplication),
            Fault::LateMail => ("extract", Stage::EndMailbox),
            Fault::ExtractionDies => ("extract", Stage::CopyMessage),
            Fault::RouteStays => ("route", Stage::BeginReroute),
            Fault::RcaCycle => ("move", Stage::SyncDirectory),
            Fault::SecondAdmin | Fault::ScannerHoldsMessage => ("move", Stage::CopyMessage),
        }
    }

    /// What happens, in one sentence.
    pub(crate) fn description(self) -> &'static str {
        match self {
            Fault::MailInWindow => {
                "a message is delivered just when the target has its row: lost before service pack 4"
            }
            Fault::DiesCopying => "the mover dies when it has copied one message",
            Fault::WrongServerSync => {
                "the data has moved, and the directory still names the source: the state that a second move destroys"
            }
            Fault::StaleRow => {
                "the mover dies before the source's row is gone, and a stale row is left there"
            }
            Fault::MailBeforeClone => {
                "a message is delivered to the account before its mailbox is cloned: the wizard merges it instead"
            }
            Fault::WizardCancelled => {
                "the wizard is cancelled when all accounts are there, before it clones this mailbox"
            }
            Fault::SlowReplication => {
                "a replication cycle carries nothing over for a mailbox that has something to replicate"
            }
            Fault::LateMail => {
                "a sender with an old address list writes just when the mailbox has been extracted"
            }
            Fault::ExtractionDies => "the extraction dies when it has copied one message",
            Fault::RouteStays => {
                "a class of senders is rerouted and told so, and goes on to find the postoffice"
            }
            Fault::RcaCycle => {
                "the Recipient Connection Agreement resets the home before the directories agree, unless its schedule is never"
            }
            Fault::SecondAdmin => {
                "another administrator sets the Recipient Connection Agreement's schedule to nightly"
            }
            Fault::ScannerHoldsMessage => {
                "the antivirus program, if it is on, holds a message, and the move stops in the middle of the copy"
            }
        }
    }

    /// Whether the operation that it strikes ends there.
    pub(crate) fn ends_operation(self) -> bool {
        !matches!(
            self,
            Fault::MailInWindow
                | Fault::MailBeforeClone
                | Fault::SlowReplication
                | Fault::LateMail
                | Fault::RouteStays
                | Fault::RcaCycle
                | Fault::SecondAdmin
                | Fault::ScannerHoldsMessage
        )
    }

    /// What an operation says that it ends.
    pub(crate) fn failure(self, subject: &str) -> Failure {
        if self == Fault::WizardCancelled {
            return Failure::failed("the Migration Wizard was cancelled")
                .because(format!("mailbox `{subject}` and those after it are not migrated"));
        }
        if self == Fault::ExtractionDies {
            return Failure::failed(format!("mailbox `{subject}` was not extracted to its end"))
                .because("the mail message file could not be read any further");
        }
        let what = match self {
            Fault::WrongServerSync => "the directory could not be synchronised",
            Fault::ScannerHoldsMessage => "the client operation failed (80004005-0501-0000050a)",
            _ => "the connection to the information store was lost",
        };
        Failure::failed(format!("the move of mailbox `{subject}` did not succeed")).because(what)
    }
}

/// The faults that are armed in an organisation.
#[derive(Debug, Clone)]
pub(crate) struct Faults {
    root: PathBuf,
}

impl Faults {
    /// The faults kept under `root`.
    pub(crate) fn at(root: PathBuf) -> Self {
        Faults { root }
    }

    /// Arms a fault, for one mailbox or for whichever comes first.
    pub(crate) fn arm(&self, fault: Fault, mailbox: Option<&str>) -> Result<()> {
        disk::create_folder(&self.root)?;
        disk::replace(&self.file(fault, mailbox), b"")
    }

    /// The mailbox names for which a fault is armed; `None` stands for any.
    pub(crate) fn armed(&self, fault: Fault) -> Result<Vec<Option<String>>> {
        let names = disk::names(&self.root)?.into_iter();
        let of_fault = names.filter_map(|name| match name.split_once('@') {
            Some((kept, mailbox)) if kept == fault.name() => Some(Some(mailbox.to_owned())),
            None if name == fault.name() => Some(None),
            _ => None,
        });
        Ok(of_fault.collect())
    }

    /// The fault that strikes `operation` on `subject` after `stage`, which is then armed no more.
    pub(crate) fn strike(
        &self,
        operation: &str,
        subject: &str,
        stage: Stage,
    ) -> Result<Option<Fault>> {
        for fault in Fault::ALL.into_iter().filter(|fault| fault.border() == (operation, stage)) {
            if self.disarm(fault, Some(subject))? || self.disarm(fault, None)? {
                return Ok(Some(fault));
            }
        }
        Ok(None)
    }

    fn disarm(&self, fault: Fault, mailbox: Option<&str>) -> Result<bool> {
        let path = self.file(fault, mailbox);
        match fs::remove_file(&path) {
            Ok(()) => disk::sync_folder(&self.root).map(|()| true),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error).at("remove", &path),
        }
    }

    fn file(&self, fault: Fault, mailbox: Option<&str>) -> PathBuf {
        let name = fault.name();
        self.root
            .join(mailbox.map_or_else(|| name.to_owned(), |mailbox| format!("{name}@{mailbox}")))
    }
}
