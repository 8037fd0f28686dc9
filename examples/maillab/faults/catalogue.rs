//! The catalogue of faults: the name of each, the article that it comes from, where it strikes, and what happens.
//!
//! Does not arm any. What none of the five articles states names the one that does, or the product that is known for it.

use super::Fault;
use crate::stages::Stage;

/// What there is to know of a fault.
#[derive(Debug, Clone, Copy)]
pub(super) struct Facts {
    /// As it is typed.
    pub(super) name: &'static str,
    /// The article or the product that it comes from.
    pub(super) article: &'static str,
    /// The operation that it strikes.
    pub(super) operation: &'static str,
    /// The stage after which it does.
    pub(super) stage: Stage,
    /// Whether the operation always ends there.
    pub(super) ends: bool,
    /// What happens, in one sentence.
    pub(super) description: &'static str,
}

/// All that is known of a fault.
pub(super) fn facts(fault: Fault) -> Facts {
    match fault {
        Fault::MailInWindow => Facts {
            name: "mail-in-window",
            article: "Q277911",
            operation: "move",
            stage: Stage::CreateTarget,
            ends: false,
            description: "a message is delivered just when the target has its row: lost before service pack 4",
        },
        Fault::DiesCopying => Facts {
            name: "dies-copying",
            article: "Q252869",
            operation: "move",
            stage: Stage::CopyMessage,
            ends: true,
            description: "the mover dies when it has copied one message",
        },
        Fault::WrongServerSync => Facts {
            name: "wrong-server-sync",
            article: "Q252869",
            operation: "move",
            stage: Stage::EmptySource,
            ends: true,
            description: "the data has moved, and the directory still names the source: the state that a second move destroys",
        },
        Fault::StaleRow => Facts {
            name: "stale-row",
            article: "Q177772",
            operation: "move",
            stage: Stage::Replicate,
            ends: true,
            description: "the mover dies before the source's row is gone, and a stale row is left there",
        },
        Fault::MailBeforeClone => Facts {
            name: "mail-before-clone",
            article: "KB842101",
            operation: "wizard",
            stage: Stage::BeginMailbox,
            ends: false,
            description: "a message is delivered to the account before its mailbox is cloned: the wizard merges it instead",
        },
        Fault::WizardCancelled => Facts {
            name: "wizard-cancelled",
            article: "KB842101",
            operation: "wizard",
            stage: Stage::BeginMailbox,
            ends: true,
            description: "the wizard is cancelled when all accounts are there, before it clones this mailbox",
        },
        Fault::SlowReplication => Facts {
            name: "slow-replication",
            article: "KB842101",
            operation: "replicate-accounts",
            stage: Stage::BeginReplication,
            ends: false,
            description: "a replication cycle carries nothing over for a mailbox that has something to replicate",
        },
        Fault::LateMail => Facts {
            name: "late-mail",
            article: "Q190423",
            operation: "extract",
            stage: Stage::EndMailbox,
            ends: false,
            description: "a sender with an old address list writes just when the mailbox has been extracted",
        },
        Fault::ExtractionDies => Facts {
            name: "extraction-dies",
            article: "Q190423",
            operation: "extract",
            stage: Stage::CopyMessage,
            ends: true,
            description: "the extraction dies when it has copied one message",
        },
        Fault::RouteStays => Facts {
            name: "route-stays",
            article: "Q190423",
            operation: "route",
            stage: Stage::BeginReroute,
            ends: false,
            description: "a class of senders is rerouted and told so, and goes on to find the postoffice",
        },
        Fault::RcaCycle => Facts {
            name: "rca-cycle",
            article: "KB328810",
            operation: "move",
            stage: Stage::SyncDirectory,
            ends: false,
            description: "the Recipient Connection Agreement resets the home before the directories agree, unless its schedule is never",
        },
        Fault::SecondAdmin => Facts {
            name: "second-admin",
            article: "KB328810",
            operation: "move",
            stage: Stage::CopyMessage,
            ends: false,
            description: "another administrator sets the Recipient Connection Agreement's schedule to nightly",
        },
        Fault::ScannerHoldsMessage => Facts {
            name: "scanner-holds-message",
            article: "KB328810",
            operation: "move",
            stage: Stage::CopyMessage,
            ends: false,
            description: "the antivirus program, if it is on, holds a message, and the move stops in the middle of the copy",
        },
        Fault::Throttled => Facts {
            name: "throttled",
            article: "Exchange",
            operation: "move",
            stage: Stage::Admit,
            ends: true,
            description: "the server is busy and names a time to wait (exit code 7); nothing has changed",
        },
        Fault::CorruptItem => Facts {
            name: "corrupt-item",
            article: "KB821829",
            operation: "move",
            stage: Stage::CreateTarget,
            ends: false,
            description: "the mailbox's first message cannot be read: the move stops there unless it skips it, which loses it; `isinteg` repairs it",
        },
        Fault::RewrittenHeaders => Facts {
            name: "rewritten-headers",
            article: "imapsync",
            operation: "move",
            stage: Stage::CopyMessage,
            ends: false,
            description: "the target writes a header of its own into a message, and the move reports success",
        },
        Fault::MissingMail => Facts {
            name: "missing-mail",
            article: "Q240873",
            operation: "move",
            stage: Stage::Copy,
            ends: false,
            description: "the move drops a message and reports success",
        },
        Fault::StatusExpired => Facts {
            name: "status-expired",
            article: "Exchange",
            operation: "move",
            stage: Stage::EmptySource,
            ends: false,
            description: "the mover dies as with wrong-server-sync, and when somebody asks for the move's status, the record has expired",
        },
        Fault::MailAfterCrash => Facts {
            name: "mail-after-crash",
            article: "Q162998",
            operation: "move",
            stage: Stage::EmptySource,
            ends: false,
            description: "the mover dies as with wrong-server-sync, and before anybody looks, a message comes to the source",
        },
    }
}
