//! The ledger: every message that was ever accepted, per mailbox. It is the oracle of `audit`.
//!
//! Does not know where a message is now. Append-only, one JSON object a line; a line is synced before its sender hears
//! that the message is accepted, and a last line without its end was never accepted.

use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use clap::ValueEnum;
use serde::{Deserialize, Serialize};

use crate::disk;
use crate::failure::{At, Result};
use crate::layout::Layout;

/// Who sends a message, and so which view of the directory, or which table of a postoffice, routes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "snake_case")]
pub(crate) enum SenderClass {
    /// A colleague on the source's side: follows the directory's source view, or the postoffice's own list.
    Internal,
    /// The internet: follows the directory's target view, or the connector.
    External,
    /// A user of another postoffice; elsewhere like `internal`.
    OtherPostoffice,
    /// Somebody who writes to an address of a personal address book; elsewhere like `internal`.
    StaleList,
}

impl SenderClass {
    /// The class of the `n`th message of a stream that goes to `mailboxes` in turn.
    pub(crate) fn of_stream(layout: Layout, n: u64, mailboxes: usize) -> Self {
        if layout != Layout::Postoffice {
            return if n.is_multiple_of(2) { SenderClass::External } else { SenderClass::Internal };
        }
        let round = n / (mailboxes as u64).max(1);
        let classes = SenderClass::value_variants();
        classes[(round % classes.len() as u64) as usize]
    }
}

/// One accepted message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Accepted {
    /// The key: the left side of the Message-ID.
    pub(crate) key: String,
    /// The folder that it was accepted into.
    pub(crate) folder: String,
    /// Its Maildir flags at that time.
    pub(crate) flags: String,
    /// Its size.
    pub(crate) bytes: u64,
    /// BLAKE3 of its bytes, in hexadecimal.
    pub(crate) digest: String,
    /// Who sent it.
    pub(crate) sender_class: SenderClass,
}

/// The ledger of one mailbox.
#[derive(Debug)]
pub(crate) struct Ledger {
    path: PathBuf,
}

impl Ledger {
    /// The ledger of `mailbox` under `folder`.
    pub(crate) fn of(folder: &Path, mailbox: &str) -> Self {
        Ledger { path: folder.join(format!("{mailbox}.jsonl")) }
    }

    /// All accepted messages, in the order of their acceptance.
    pub(crate) fn read(&self) -> Result<Vec<Accepted>> {
        let text = self.text()?;
        let whole = &text[..whole_lines(&text)];
        whole.lines().map(|line| serde_json::from_str(line).at("understand", &self.path)).collect()
    }

    /// How many messages were ever accepted.
    pub(crate) fn count(&self) -> Result<u64> {
        let text = self.text()?;
        Ok(text[..whole_lines(&text)].lines().count() as u64)
    }

    /// Accepts messages: when this returns, they are on disk. The caller holds the mailbox's lock.
    pub(crate) fn accept(&self, messages: &[Accepted]) -> Result<()> {
        let end = whole_lines(&self.text()?) as u64;
        let lines = encode(messages).at("encode", &self.path)?;
        let mut options = OpenOptions::new();
        options.create(true).truncate(false).write(true);
        let written = options.open(&self.path).and_then(|mut file| {
            file.set_len(end)?;
            file.seek(SeekFrom::End(0))?;
            file.write_all(lines.as_bytes())?;
            file.sync_all()
        });
        written.at("append to", &self.path)?;
        if end == 0 { disk::sync_folder(disk::folder_of(&self.path)) } else { Ok(()) }
    }

    /// Writes the first messages without a sync: nothing is promised until `init` has ended.
    pub(crate) fn begin(&self, messages: &[Accepted]) -> Result<()> {
        let lines = encode(messages).at("encode", &self.path)?;
        fs::write(&self.path, lines).at("write", &self.path)
    }

    fn text(&self) -> Result<String> {
        match fs::read(&self.path) {
            // A crash may have left half a character at the end; it is beyond the last whole line.
            Ok(bytes) => Ok(String::from_utf8_lossy(&bytes).into_owned()),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(String::new()),
            Err(error) => Err(error).at("read", &self.path),
        }
    }
}

fn whole_lines(text: &str) -> usize {
    text.rfind('\n').map_or(0, |at| at + 1)
}

fn encode(messages: &[Accepted]) -> serde_json::Result<String> {
    let mut lines = String::new();
    for message in messages {
        lines.push_str(&serde_json::to_string(message)?);
        lines.push('\n');
    }
    Ok(lines)
}
