//! The audit: every message of the ledger exactly once at its home, unchanged and where it was filed.
//!
//! Repairs nothing, and believes no file name: messages are found by the Message-ID that they carry, and compared by
//! digest.

use std::collections::BTreeMap;
use std::fs;

use mailparse::MailHeaderMap;
use serde::Serialize;

use crate::cloning;
use crate::delivery;
use crate::failure::{At, Result};
use crate::ledger::Accepted;
use crate::maildir::Item;
use crate::organisation::Organisation;
use crate::store::{Row, RowState};

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
}

impl Kind {
    /// All kinds.
    pub(crate) const ALL: [Kind; 10] = [
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
        }
    }
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Finding {
    /// What.
    pub(crate) kind: Kind,
    /// In which mailbox.
    pub(crate) mailbox: String,
    /// Which message; empty if it is the mailbox itself.
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

/// A copy of a message, wherever it lies.
#[derive(Debug)]
struct Copy {
    server: String,
    at_home: bool,
    visible: bool,
    original: bool,
    folder: String,
    flags: String,
    digest: String,
}

/// Audits one mailbox, with no delivery to it meanwhile.
pub(crate) fn mailbox(of: &Organisation, mailbox: &str) -> Result<Report> {
    let _lock = of.lock_mailbox(mailbox)?;
    let entry = of.directory().entry(mailbox)?;
    let mut audit = Audit { mailbox, copies: BTreeMap::new(), report: Report::default() };
    if !entry.converged() {
        let (source, target) = (&entry.source_view.home, entry.home());
        audit.find(
            Kind::Mailbox,
            "",
            format!("its home is `{source}` for the source's side and `{target}` for the target's"),
        );
    }
    for server in of.servers()? {
        let at_home = server.name == entry.home();
        match server.row(mailbox) {
            // What a mailbox was copied from stays as it was.
            Some(row)
                if !at_home && of.config.layout.copies() && server.name == of.config.source =>
            {
                audit.original(&row)?;
            }
            Some(row) => audit.row(&row, at_home)?,
            None if at_home => {
                audit.find(
                    Kind::Mailbox,
                    "",
                    format!("its home `{}` has no row of it", server.name),
                );
            }
            None => {}
        }
    }
    for complaint in cloning::complaints(of, mailbox)? {
        audit.find(Kind::Mailbox, "", complaint);
    }
    for row in cloning::rows_beside(of, mailbox)? {
        audit.row(&row, false)?;
    }
    let queued = delivery::queued(of, mailbox)?;
    for message in of.ledger(mailbox).read()? {
        audit.message(&message, &queued);
    }
    Ok(audit.finish())
}

struct Audit<'a> {
    mailbox: &'a str,
    copies: BTreeMap<String, Vec<Copy>>,
    report: Report,
}

impl Audit<'_> {
    fn find(&mut self, kind: Kind, key: &str, detail: String) {
        let mailbox = self.mailbox.to_owned();
        self.report.findings.push(Finding { kind, mailbox, key: key.to_owned(), detail });
    }

    fn row(&mut self, row: &Row, at_home: bool) -> Result<()> {
        let server = &row.server.name;
        match row.state()? {
            state if !at_home => {
                let state = if state == RowState::Moved { "an empty row" } else { "a row" };
                self.find(
                    Kind::Mailbox,
                    "",
                    format!("`{server}`, which is not its home, has {state} of it"),
                );
            }
            RowState::Live => {}
            RowState::Created | RowState::InTransit => {
                self.find(Kind::Mailbox, "", format!("its row at home, `{server}`, is in transit"));
            }
            RowState::Moved => {
                self.find(
                    Kind::Mailbox,
                    "",
                    format!("its row at home, `{server}`, was moved away"),
                );
            }
        }
        for item in row.mail.items()? {
            self.copy(row, at_home, true, &item)?;
        }
        for item in row.mail.in_transit()? {
            self.copy(row, at_home, false, &item)?;
        }
        Ok(())
    }

    fn original(&mut self, row: &Row) -> Result<()> {
        for item in row.mail.items()? {
            self.copy(row, false, true, &item)?;
        }
        for copy in self.copies.values_mut().flatten().filter(|copy| copy.server == row.server.name)
        {
            copy.original = true;
        }
        Ok(())
    }

    fn copy(&mut self, row: &Row, at_home: bool, visible: bool, item: &Item) -> Result<()> {
        let path = row.mail.path(item);
        let text = fs::read(&path).at("read", &path)?;
        let key = key_of(&text).unwrap_or_else(|| item.key.clone());
        self.copies.entry(key).or_default().push(Copy {
            server: row.server.name.clone(),
            at_home,
            visible,
            original: false,
            folder: item.folder.clone(),
            flags: item.flags.clone(),
            digest: blake3::hash(&text).to_hex().to_string(),
        });
        Ok(())
    }

    fn message(&mut self, message: &Accepted, queued: &[String]) {
        self.report.accepted += 1;
        let before = self.report.findings.len();
        let copies = self.copies.remove(&message.key).unwrap_or_default();
        self.place(message, &copies, queued);
        for copy in copies.iter().filter(|copy| copy.at_home && copy.visible) {
            self.compare(message, copy);
        }
        if self.report.findings.len() == before {
            self.report.in_order += 1;
        }
    }

    fn place(&mut self, message: &Accepted, copies: &[Copy], queued: &[String]) {
        let key = &message.key;
        let home = copies.iter().filter(|copy| copy.at_home && copy.visible).count();
        if home > 1 {
            self.find(Kind::Double, key, format!("{home} times at its home"));
        }
        let waiting = copies.iter().find(|copy| !copy.visible);
        let mut strayed = copies.iter().filter(|copy| !copy.at_home && copy.visible);
        let elsewhere = strayed.clone().find(|copy| !copy.original).or(strayed.next());
        match (home, elsewhere, waiting) {
            (0, None, None) if queued.contains(key) => {
                self.find(Kind::Queued, key, "accepted, and not yet in a mailbox".to_owned());
            }
            (0, None, None) => self.find(Kind::Lost, key, "accepted, and nowhere".to_owned()),
            (0, Some(copy), _) => {
                self.find(Kind::Stranded, key, format!("only on `{}`", copy.server));
            }
            (0, None, Some(copy)) => {
                self.find(
                    Kind::InTransit,
                    key,
                    format!("in the InTransitFolder on `{}`", copy.server),
                );
            }
            (_, Some(copy), _) if copy.original => {}
            (_, Some(copy), _) | (_, None, Some(copy)) => {
                self.find(Kind::LeftOver, key, format!("a copy is on `{}`", copy.server));
            }
            (_, None, None) => {}
        }
    }

    fn compare(&mut self, message: &Accepted, copy: &Copy) {
        if copy.digest != message.digest {
            self.find(
                Kind::Damaged,
                &message.key,
                format!("its contents on `{}` differ", copy.server),
            );
        }
        if copy.folder != message.folder || copy.flags != message.flags {
            let detail = format!(
                "filed in `{}` with flags `{}`, accepted into `{}` with `{}`",
                copy.folder, copy.flags, message.folder, message.flags
            );
            self.find(Kind::Altered, &message.key, detail);
        }
    }

    fn finish(mut self) -> Report {
        for (key, copies) in std::mem::take(&mut self.copies) {
            for copy in copies {
                self.find(Kind::Unknown, &key, format!("on `{}`, and never accepted", copy.server));
            }
        }
        self.report.findings.sort_by(|a, b| (a.kind, &a.key).cmp(&(b.kind, &b.key)));
        self.report
    }
}

/// The left side of a message's Message-ID.
pub(crate) fn key_of(text: &[u8]) -> Option<String> {
    let (headers, _) = mailparse::parse_headers(text).ok()?;
    let id = headers.get_first_value("Message-ID")?;
    let key = id.trim().strip_prefix('<')?.split_once('@')?.0;
    Some(key.to_owned())
}
