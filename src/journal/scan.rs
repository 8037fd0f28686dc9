//! Reads the lines of a journal in order and finds where they stop being trustworthy.
//! Does not know whether the journal will be written to, and changes nothing.

use std::io::{self, BufRead};
use std::path::Path;

use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::error::JournalError;
use super::line::{self, Envelope, FORMAT, Flaw, Intact, Link};
use super::read::Entry;

/// The record of a journal's first line.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Header {
    pub event: FirstEvent,
    pub format: u32,
    pub windlass: String,
    pub run: String,
}

/// The only event that a journal can begin with.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum FirstEvent {
    #[serde(rename = "journal")]
    Journal,
}

impl Header {
    pub(super) fn new(run: &str) -> Self {
        let windlass = env!("CARGO_PKG_VERSION").to_owned();
        Self { event: FirstEvent::Journal, format: FORMAT, windlass, run: run.to_owned() }
    }
}

/// What a journal holds up to its end, or up to damage that a crash explains.
pub(super) struct Scan<R> {
    pub header: Header,
    pub begun: Timestamp,
    pub entries: Vec<Entry<R>>,
    /// What the next line must carry.
    pub link: Link,
    /// The length in bytes of the part that can be trusted.
    pub length: u64,
    /// The highest sequence number that a line declares durable.
    pub durable: Option<u64>,
    /// Where the part begins that no line declares durable.
    pub unsure_from: u64,
    pub damage: Option<Damage>,
}

/// Lines that were never known to be on disk, and are not intact.
pub(super) struct Damage {
    /// The first of them, counted from 1.
    pub line: u64,
    pub flaw: Flaw,
    /// How many lines come after it.
    pub following: u64,
}

/// Reads a whole journal. Damage is an error where an intact line declares the damaged one durable.
pub(super) fn scan<R: DeserializeOwned>(
    source: impl BufRead,
    path: &Path,
) -> Result<Scan<R>, JournalError> {
    let mut lines = Lines { source, buffer: Vec::new(), number: 0 };
    let mut scan = begin(&mut lines, path)?;
    let io_error = |error| JournalError::reading(path, error);
    while let Some(line) = lines.next().map_err(io_error)? {
        let (due, length) = (scan.entries.len() as u64 + 1, line.len() as u64);
        match follow(line::parse(line), due, scan.link) {
            Ok(intact) => scan.take(&intact, length, path)?,
            Err(misfit) => {
                let line = lines.number;
                let survey = lines.survey(due, misfit.declares).map_err(io_error)?;
                let run = Some(scan.header.run.as_str());
                let Misfit { flaw, .. } = misfit;
                if survey.declared_by.is_some() {
                    return Err(JournalError::damaged(path, run, line, flaw, survey.declared_by));
                }
                scan.damage = Some(Damage { line, flaw, following: survey.following });
                break;
            }
        }
    }
    Ok(scan)
}

/// Reads the first line. Where it was never finished there is no journal; it is not cut like others.
fn begin<R, B: BufRead>(lines: &mut Lines<B>, path: &Path) -> Result<Scan<R>, JournalError> {
    let io_error = |error| JournalError::reading(path, error);
    let (header, begun, link) = match lines.next().map_err(io_error)?.map(line::parse) {
        None | Some(Err(Flaw::Incomplete)) => {
            return Err(JournalError::NeverBegun { path: path.to_owned() });
        }
        Some(Err(flaw)) => {
            let survey = lines.survey(0, None).map_err(io_error)?;
            return Err(JournalError::damaged(path, None, 1, flaw, survey.declared_by));
        }
        Some(Ok(first)) => check_first(&first, path)?,
    };
    let length = lines.buffer.len() as u64;
    let entries = Vec::new();
    Ok(Scan {
        header,
        begun,
        entries,
        link,
        length,
        durable: None,
        unsure_from: length,
        damage: None,
    })
}

impl<R: DeserializeOwned> Scan<R> {
    fn take(&mut self, intact: &Intact<'_>, length: u64, path: &Path) -> Result<(), JournalError> {
        let Envelope { seq, at, durable, .. } = intact.envelope;
        let record = intact.decode().map_err(|error| {
            JournalError::not_understood(path, seq + 1, &error, self.header.windlass.clone())
        })?;
        // The first line that is written after a sync directly follows what the sync has made durable.
        if durable > self.durable {
            self.durable = durable;
            self.unsure_from = self.length;
        }
        self.link = intact.link;
        self.length += length;
        self.entries.push(Entry { seq, at, record });
        Ok(())
    }
}

/// A line that is not the one that is due.
struct Misfit {
    flaw: Flaw,
    /// What it declares durable, where it is intact nevertheless.
    declares: Option<u64>,
}

/// Checks that a line is intact and the one that is due.
fn follow(parsed: Result<Intact<'_>, Flaw>, due: u64, link: Link) -> Result<Intact<'_>, Misfit> {
    let intact = parsed.map_err(|flaw| Misfit { flaw, declares: None })?;
    let Envelope { seq: found, prev, durable: declares, .. } = intact.envelope;
    if found != due {
        return Err(Misfit { flaw: Flaw::Sequence { expected: due, found }, declares });
    }
    if prev != link {
        return Err(Misfit { flaw: Flaw::Chain, declares });
    }
    Ok(intact)
}

/// Checks that the first line, which is intact, begins a journal of a format that is known here.
pub(super) fn check_first(
    first: &Intact<'_>,
    path: &Path,
) -> Result<(Header, Timestamp, Link), JournalError> {
    let form = || JournalError::damaged(path, None, 1, Flaw::Form, None);
    let header: Header = first.decode().map_err(|_| form())?;
    let Envelope { seq, at, prev, .. } = first.envelope;
    if header.format > FORMAT {
        let (format, windlass) = (header.format, header.windlass);
        return Err(JournalError::Newer { path: path.to_owned(), format, windlass });
    }
    if header.format == 0 || seq != 0 || prev != Link::FIRST {
        return Err(form());
    }
    Ok((header, at, first.link))
}

/// The lines of a journal, each with its newline, in a buffer that is used again.
struct Lines<B> {
    source: B,
    buffer: Vec<u8>,
    number: u64,
}

/// What stands in and after a damaged line.
struct Survey {
    /// How many lines come after it.
    following: u64,
    /// The first line that declares it durable.
    declared_by: Option<u64>,
}

impl<B: BufRead> Lines<B> {
    fn next(&mut self) -> io::Result<Option<&mut [u8]>> {
        self.buffer.clear();
        if self.source.read_until(b'\n', &mut self.buffer)? == 0 {
            return Ok(None);
        }
        self.number += 1;
        Ok(Some(&mut self.buffer))
    }

    /// Looks for a line that declares `seq` durable: from the damaged line on, which was just read and itself
    /// `declares` something where it is intact but out of place.
    fn survey(&mut self, seq: u64, declares: Option<u64>) -> io::Result<Survey> {
        let mut survey = Survey { following: 0, declared_by: None };
        let mut declared = declares.or_else(|| declared_within(&mut self.buffer));
        loop {
            let says_so = declared.is_some_and(|durable| durable >= seq);
            if survey.declared_by.is_none() && says_so {
                survey.declared_by = Some(self.number);
            }
            let Some(line) = self.next()? else { return Ok(survey) };
            declared = declared_within(line);
            survey.following += 1;
        }
    }
}

/// What a line declares durable. Where it has swallowed the line before because the newline between them was
/// lost, it still counts.
fn declared_within(line: &mut [u8]) -> Option<u64> {
    let start = line::last_start(line);
    let intact = line::parse(&mut line[start..]).ok()?;
    intact.envelope.durable
}
