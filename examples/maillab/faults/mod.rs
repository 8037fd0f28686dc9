//! Faults: what can go wrong between two stages, each armed by name, each striking once at its border.
//!
//! Does not know what an operation does; `stages` asks at every border. An armed fault is a file, and whoever removes
//! the file has been struck, so of two processes at the same border one goes on.

mod catalogue;

use std::fs;
use std::io::ErrorKind;
use std::path::PathBuf;

use clap::ValueEnum;

use catalogue::facts;

use crate::disk;
use crate::failure::{At, Code, Failure, Result};
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
    /// The server is busy, and names a time to wait.
    Throttled,
    /// A message of the mailbox cannot be read.
    CorruptItem,
    /// The target writes a header of its own into a message.
    RewrittenHeaders,
    /// The mover drops a message and reports success.
    MissingMail,
    /// The mover dies when the source is empty, and the record of the move expires.
    StatusExpired,
    /// The mover dies when the source is empty, and a message comes to the source before anybody looks.
    MailAfterCrash,
}

impl Fault {
    /// All faults, by article.
    pub(crate) const ALL: [Fault; 19] = [
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
        Fault::Throttled,
        Fault::CorruptItem,
        Fault::RewrittenHeaders,
        Fault::MissingMail,
        Fault::StatusExpired,
        Fault::MailAfterCrash,
    ];

    /// As it is typed.
    pub(crate) fn name(self) -> &'static str {
        facts(self).name
    }

    /// The article that it comes from.
    pub(crate) fn article(self) -> &'static str {
        facts(self).article
    }

    /// The operation that it strikes, and the stage after which it does.
    pub(crate) fn border(self) -> (&'static str, Stage) {
        (facts(self).operation, facts(self).stage)
    }

    /// What happens, in one sentence.
    pub(crate) fn description(self) -> &'static str {
        facts(self).description
    }

    /// Whether the operation that it strikes always ends there.
    pub(crate) fn ends_operation(self) -> bool {
        facts(self).ends
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
        if self == Fault::Throttled {
            return Failure::new(
                Code::Throttled,
                format!("mailbox `{subject}` cannot be moved now"),
            )
            .because("the server is busy; suggested backoff time: 299961 milliseconds")
            .because("nothing has changed, and the move can be tried again");
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
