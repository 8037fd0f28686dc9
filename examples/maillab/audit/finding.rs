//! What an audit says: the kinds of what can be wrong, one finding, and the report of all.
//!
//! Does not know how anything is found.

use serde::Serialize;

/// What can be wrong, worst first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Kind {
    /// Accepted, and nowhere.
    Lost,
    /// At its home with other contents.
    Damaged,
    /// More than once at its home.
    Double,
    /// Only on the server that is not its home.
    Stranded,
    /// In an in-transit folder, which no user sees.
    InTransit,
    /// Accepted, and still in the queue.
    Queued,
    /// In another folder or with other flags than it was accepted with.
    Altered,
    /// At its home, and a copy on the other server.
    LeftOver,
    /// In a mailbox, and never accepted.
    Unknown,
    /// The mailbox itself: no row at home, a row elsewhere, or views that do not agree.
    Mailbox,
    /// Its inbox rules are not those that the user has made.
    Rules,
    /// Somebody cannot open the mailbox any more.
    Access,
    /// A setting is not as it was in the new organisation.
    Setting,
}

impl Kind {
    /// All kinds.
    pub(crate) const ALL: [Kind; 13] = [
        Kind::Lost,
        Kind::Damaged,
        Kind::Double,
        Kind::Stranded,
        Kind::InTransit,
        Kind::Queued,
        Kind::Altered,
        Kind::LeftOver,
        Kind::Unknown,
        Kind::Mailbox,
        Kind::Rules,
        Kind::Access,
        Kind::Setting,
    ];

    /// As it is written.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Kind::Lost => "lost",
            Kind::Damaged => "damaged",
            Kind::Double => "double",
            Kind::Stranded => "stranded",
            Kind::InTransit => "in_transit",
            Kind::Queued => "queued",
            Kind::Altered => "altered",
            Kind::LeftOver => "left_over",
            Kind::Unknown => "unknown",
            Kind::Mailbox => "mailbox",
            Kind::Rules => "rules",
            Kind::Access => "access",
            Kind::Setting => "setting",
        }
    }
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Finding {
    /// What.
    pub(crate) kind: Kind,
    /// In which mailbox; empty if it is the organisation.
    pub(crate) mailbox: String,
    /// Which message or setting; empty if it is the mailbox itself.
    pub(crate) key: String,
    /// Where, or what exactly.
    pub(crate) detail: String,
}

/// What the audit of one or more mailboxes found.
#[derive(Debug, Default)]
pub(crate) struct Report {
    /// Messages in the ledger.
    pub(crate) accepted: u64,
    /// Messages that are exactly once at their home and nowhere else, unchanged.
    pub(crate) in_order: u64,
    /// All that is wrong.
    pub(crate) findings: Vec<Finding>,
}

impl Report {
    /// Adds another report.
    pub(crate) fn add(&mut self, other: Report) {
        self.accepted += other.accepted;
        self.in_order += other.in_order;
        self.findings.extend(other.findings);
    }

    /// How many findings of a kind there are.
    pub(crate) fn count(&self, kind: Kind) -> usize {
        self.findings.iter().filter(|finding| finding.kind == kind).count()
    }
}
