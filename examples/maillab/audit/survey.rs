//! What there is of one mailbox: its rows, every copy of every message, what waits in the queue, what was accepted.
//!
//! Judges nothing; that is for the checks, which read nothing but a survey.

use std::collections::BTreeMap;
use std::fs;

use mailparse::MailHeaderMap;

use super::finding::{Finding, Kind};
use crate::cloning;
use crate::delivery;
use crate::directory::Entry;
use crate::failure::{At, Result};
use crate::ledger::Accepted;
use crate::maildir::Item;
use crate::organisation::Organisation;
use crate::permissions;
use crate::profile::Profile;
use crate::rules::{self, Rule};
use crate::store::{Row, RowState};

/// A mailbox as it is now.
#[derive(Debug)]
pub(super) struct Survey<'a> {
    /// The mailbox.
    pub(super) mailbox: &'a str,
    /// The directory's word.
    pub(super) entry: Entry,
    /// The rows that servers have of it.
    pub(super) rows: Vec<Seen>,
    /// The copies of each message, by the key that it carries.
    pub(super) copies: BTreeMap<String, Vec<Copy>>,
    /// The keys that wait in the queue.
    pub(super) queued: Vec<String>,
    /// Every message ever accepted.
    pub(super) accepted: Vec<Accepted>,
    /// What the accounts of the other organisation are to be blamed for.
    pub(super) complaints: Vec<String>,
    /// The inbox rules that the user has made.
    pub(super) rules_made: Vec<Rule>,
    /// The inbox rules at its home.
    pub(super) rules_kept: Vec<Rule>,
    /// The users whom its user has let in.
    pub(super) let_in: Vec<String>,
    /// The accounts that may open it at its home.
    pub(super) may_open: Vec<String>,
    /// The server that its user's profile names, if it has been removed.
    pub(super) profile_on_gone_server: Option<String>,
}

/// A row of the mailbox.
#[derive(Debug)]
pub(super) struct Seen {
    /// The server.
    pub(super) server: String,
    /// Whether the server is its home.
    pub(super) at_home: bool,
    /// Whether it is what the mailbox was copied from, which stays as it was.
    pub(super) original: bool,
    /// What it is good for.
    pub(super) state: RowState,
}

/// A copy of a message, wherever it lies.
#[derive(Debug)]
pub(super) struct Copy {
    /// The server.
    pub(super) server: String,
    /// Whether the server is the mailbox's home.
    pub(super) at_home: bool,
    /// Whether it is in what the mailbox was copied from.
    pub(super) original: bool,
    /// Whether the user sees it.
    pub(super) visible: bool,
    /// Its folder.
    pub(super) folder: String,
    /// Its Maildir flags.
    pub(super) flags: String,
    /// BLAKE3 of its bytes, in hexadecimal.
    pub(super) digest: String,
}

impl<'a> Survey<'a> {
    /// Looks at a mailbox. The caller holds its lock, so that no delivery comes in between.
    pub(super) fn of(of: &Organisation, mailbox: &'a str) -> Result<Self> {
        let mut survey = Survey {
            mailbox,
            entry: of.directory().entry(mailbox)?,
            rows: Vec::new(),
            copies: BTreeMap::new(),
            queued: delivery::queued(of, mailbox)?,
            accepted: of.ledger(mailbox).read()?,
            complaints: cloning::complaints(of, mailbox)?,
            rules_made: rules::written_down(of, mailbox)?,
            rules_kept: Vec::new(),
            let_in: permissions::written_down(of, mailbox)?,
            may_open: Vec::new(),
            profile_on_gone_server: None,
        };
        let profile = Profile::read(of, mailbox)?.server;
        survey.profile_on_gone_server = of.server(&profile)?.is_gone().then_some(profile);
        for server in of.servers()? {
            if let Some(row) = server.row(mailbox) {
                let at_home = server.name == survey.entry.home();
                survey.look_at(&row, at_home, of.is_original(&server) && !at_home)?;
            }
        }
        for row in cloning::rows_beside(of, mailbox)? {
            survey.look_at(&row, false, false)?;
        }
        Ok(survey)
    }

    /// A finding about one of its messages.
    pub(super) fn finding(&self, kind: Kind, key: &str, detail: String) -> Finding {
        Finding { kind, mailbox: self.mailbox.to_owned(), key: key.to_owned(), detail }
    }

    /// Whether its home has a row of it. Where it has none, there is nothing to be asked of its rules and permissions.
    pub(super) fn has_home(&self) -> bool {
        self.rows.iter().any(|row| row.at_home)
    }

    /// The copies of a message.
    pub(super) fn copies_of(&self, key: &str) -> &[Copy] {
        self.copies.get(key).map(Vec::as_slice).unwrap_or_default()
    }

    fn look_at(&mut self, row: &Row, at_home: bool, original: bool) -> Result<()> {
        let seen = Seen { server: row.server.name.clone(), at_home, original, state: row.state()? };
        if at_home {
            self.rules_kept = rules::of_row(row)?;
            self.may_open = permissions::of_row(row)?;
        }
        for item in row.mail.items()? {
            self.add(row, &seen, true, &item)?;
        }
        for item in row.mail.in_transit()? {
            self.add(row, &seen, false, &item)?;
        }
        self.rows.push(seen);
        Ok(())
    }

    fn add(&mut self, row: &Row, seen: &Seen, visible: bool, item: &Item) -> Result<()> {
        let path = row.mail.path(item);
        let text = fs::read(&path).at("read", &path)?;
        let key = key_of(&text).unwrap_or_else(|| item.key.clone());
        self.copies.entry(key).or_default().push(Copy {
            server: seen.server.clone(),
            at_home: seen.at_home,
            original: seen.original,
            visible,
            folder: item.folder.clone(),
            flags: item.flags.clone(),
            digest: blake3::hash(&text).to_hex().to_string(),
        });
        Ok(())
    }
}

/// The left side of a message's Message-ID.
pub(crate) fn key_of(text: &[u8]) -> Option<String> {
    let (headers, _) = mailparse::parse_headers(text).ok()?;
    let id = headers.get_first_value("Message-ID")?;
    let key = id.trim().strip_prefix('<')?.split_once('@')?.0;
    Some(key.to_owned())
}
