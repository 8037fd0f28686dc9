//! The form of one journal line: the envelope around a record, and the hashes that guard it.
//! Does not know of files, of what a record means, nor what to do about a line that is not intact.

use std::fmt;
use std::io::Write;
use std::str::FromStr;

use blake3::Hasher;
use jiff::{Timestamp, TimestampRound, Unit};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// The version of the journal's form that this windlass reads and writes.
pub const FORMAT: u32 = 1;

/// How deeply a record may nest objects and arrays: the JSON parser that reads it back gives up at 128.
pub const DEPTH_MAX: usize = 100;

/// The keys of the envelope, which a record may not have at its top level.
const RESERVED: [&[u8]; 5] = [b"seq", b"at", b"durable", b"prev", b"sum"];

const LINK_LENGTH: usize = 32;
const SUM_LENGTH: usize = 16;

const SEQ_KEY: &[u8] = b"{\"seq\":";
const AT_KEY: &[u8] = b",\"at\":\"";
const DURABLE_KEY: &[u8] = b",\"durable\":";
const PREV_KEY: &[u8] = b",\"prev\":\"";
const SUM_KEY: &[u8] = b",\"sum\":\"";

/// The start of the hash of a line, as its hexadecimal digits: what the next line carries as `prev`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Link([u8; LINK_LENGTH]);

impl Link {
    /// What the first line carries.
    pub(super) const FIRST: Link = Link([b'0'; LINK_LENGTH]);
}

/// What a line says beside its record.
#[derive(Clone, Copy)]
pub(super) struct Envelope {
    pub seq: u64,
    pub at: Timestamp,
    /// The highest sequence number that was known to be on disk when the line was written.
    pub durable: Option<u64>,
    pub prev: Link,
}

/// An intact line.
pub(super) struct Intact<'a> {
    pub envelope: Envelope,
    /// The record's own JSON object.
    pub record: &'a [u8],
    /// What the next line must carry.
    pub link: Link,
}

impl Intact<'_> {
    /// What the record says.
    pub(super) fn decode<R: DeserializeOwned>(&self) -> serde_json::Result<R> {
        // To look at the line as a whole takes less time than to look at each of its texts.
        match std::str::from_utf8(self.record) {
            Ok(text) => serde_json::from_str(text),
            Err(_) => serde_json::from_slice(self.record),
        }
    }
}

/// What is wrong with a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Flaw {
    Incomplete,
    Sum,
    Form,
    Sequence { expected: u64, found: u64 },
    Chain,
}

impl fmt::Display for Flaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Incomplete => f.write_str("it is incomplete"),
            Self::Sum => f.write_str("its checksum does not match"),
            Self::Form => f.write_str("it does not have the form of a journal line"),
            Self::Sequence { expected, found } => {
                write!(f, "its sequence number is {found} where {expected} is due")
            }
            Self::Chain => f.write_str("it does not continue the line before it"),
        }
    }
}

/// The time as the journal keeps it, which is to the microsecond. Whoever compares a live state with a
/// replayed one must cut its clock like this before it is used.
pub fn kept_time(at: Timestamp) -> Timestamp {
    let cut = TimestampRound::new().smallest(Unit::Microsecond).mode(jiff::RoundMode::Floor);
    at.round(cut).unwrap_or(at)
}

/// Appends the line of `record`, newline included. On an error, which says what is wrong with the record,
/// the buffer is as it was.
pub(super) fn write<R: Serialize>(
    buffer: &mut Vec<u8>,
    envelope: &Envelope,
    record: &R,
) -> Result<Link, String> {
    let start = buffer.len();
    write_body(buffer, envelope, record).inspect_err(|_| buffer.truncate(start))?;
    Ok(seal(buffer, start))
}

fn write_body<R: Serialize>(
    buffer: &mut Vec<u8>,
    envelope: &Envelope,
    record: &R,
) -> Result<(), String> {
    let Envelope { seq, at, durable, prev } = envelope;
    let at = kept_time(*at);
    write!(buffer, "{{\"seq\":{seq},\"at\":\"{at:.6}\"").expect("a Vec takes all that is written");
    let start = buffer.len();
    serde_json::to_writer(&mut *buffer, record).map_err(|error| error.to_string())?;
    check_record(&buffer[start..])?;
    // The record's braces become part of the envelope.
    buffer[start] = b',';
    buffer.pop();
    if let Some(durable) = durable {
        write!(buffer, ",\"durable\":{durable}").expect("a Vec takes all that is written");
    }
    buffer.extend_from_slice(PREV_KEY);
    buffer.extend_from_slice(&prev.0);
    buffer.push(b'"');
    Ok(())
}

/// Ends the line that begins at `start` with its sum and a newline.
fn seal(buffer: &mut Vec<u8>, start: usize) -> Link {
    let mut hasher = Hasher::new();
    hasher.update(&buffer[start..]);
    let sum = digits::<SUM_LENGTH>(&hasher);
    let end = buffer.len();
    buffer.extend_from_slice(SUM_KEY);
    buffer.extend_from_slice(&sum);
    buffer.extend_from_slice(b"\"}");
    hasher.update(&buffer[end..]);
    buffer.push(b'\n');
    Link(digits(&hasher))
}

/// Takes a line apart, given with its newline. A line that passes is byte for byte one that was written.
pub(super) fn parse(line: &mut [u8]) -> Result<Intact<'_>, Flaw> {
    let [line @ .., b'\n'] = line else { return Err(Flaw::Incomplete) };
    let (end, link) = check_sum(line)?;
    let (prev, end) = take_prev(&line[..end]).ok_or(Flaw::Form)?;
    let (durable, end) = take_durable(&line[..end]);
    let (seq, at, start) = take_head(&line[..end]).ok_or(Flaw::Form)?;
    if start >= end || line[start] != b',' {
        return Err(Flaw::Form);
    }
    // The commas around the record give way to its braces, which saves a copy of it.
    line[start] = b'{';
    line[end] = b'}';
    let envelope = Envelope { seq, at, durable, prev };
    Ok(Intact { envelope, record: &line[start..=end], link })
}

/// Where the last of several lines begins that have run together, which is 0 for a single line. No record holds
/// what is looked for, the end of one line one byte before the start of another: quotes in texts are escaped.
pub(super) fn last_start(lines: &[u8]) -> usize {
    let border = |window: &[u8]| window.starts_with(b"\"}") && window.ends_with(SEQ_KEY);
    let last = lines.windows(3 + SEQ_KEY.len()).rposition(border);
    last.map_or(0, |border| border + 3)
}

/// Where the part ends that the sum guards, and the link to the next line.
fn check_sum(line: &[u8]) -> Result<(usize, Link), Flaw> {
    let end = line.len().checked_sub(SUM_KEY.len() + SUM_LENGTH + 2).ok_or(Flaw::Sum)?;
    let (body, tail) = line.split_at(end);
    let found =
        tail.strip_prefix(SUM_KEY).and_then(|rest| rest.strip_suffix(b"\"}")).ok_or(Flaw::Sum)?;
    let mut hasher = Hasher::new();
    hasher.update(body);
    if found != digits::<SUM_LENGTH>(&hasher) {
        return Err(Flaw::Sum);
    }
    hasher.update(tail);
    Ok((end, Link(digits(&hasher))))
}

fn take_prev(body: &[u8]) -> Option<(Link, usize)> {
    let end = body.len().checked_sub(PREV_KEY.len() + LINK_LENGTH + 1)?;
    let digits = body[end..].strip_prefix(PREV_KEY)?.strip_suffix(b"\"")?;
    Some((Link(digits.try_into().ok()?), end))
}

/// The record is never mistaken for it: a record has no such key at its top level, and whatever else
/// could hold these bytes ends in a quote or a bracket.
fn take_durable(body: &[u8]) -> (Option<u64>, usize) {
    let digits = body.iter().rev().take_while(|byte| byte.is_ascii_digit()).count();
    let number = body.len() - digits;
    match body[..number].strip_suffix(DURABLE_KEY) {
        Some(rest) => match number_of(&body[number..]) {
            Some(durable) => (Some(durable), rest.len()),
            None => (None, body.len()),
        },
        None => (None, body.len()),
    }
}

fn take_head(body: &[u8]) -> Option<(u64, Timestamp, usize)> {
    let rest = body.strip_prefix(SEQ_KEY)?;
    let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let seq = number_of(&rest[..digits])?;
    let rest = rest[digits..].strip_prefix(AT_KEY)?;
    let length = rest.iter().position(|&byte| byte == b'"')?;
    let at = Timestamp::from_str(std::str::from_utf8(&rest[..length]).ok()?).ok()?;
    Some((seq, at, body.len() - rest.len() + length + 1))
}

fn number_of(digits: &[u8]) -> Option<u64> {
    std::str::from_utf8(digits).ok()?.parse().ok()
}

fn digits<const LENGTH: usize>(hasher: &Hasher) -> [u8; LENGTH] {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let hash = hasher.finalize();
    let mut digits = [0; LENGTH];
    for (pair, byte) in digits.chunks_exact_mut(2).zip(hash.as_bytes()) {
        pair[0] = DIGITS[usize::from(byte >> 4)];
        pair[1] = DIGITS[usize::from(byte & 15)];
    }
    digits
}

/// Refuses a record that could not be read back out of its line: not an object that begins with its
/// `event`, one with a key of the envelope, or one nested too deeply.
fn check_record(json: &[u8]) -> Result<(), String> {
    if !json.starts_with(b"{\"event\":\"") {
        return Err("a record must be an object that begins with `event`".to_owned());
    }
    let mut depth = 0;
    let mut position = 0;
    while position < json.len() {
        match json[position] {
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth -= 1,
            b'"' => {
                let length = text_length(&json[position + 1..]);
                let text = &json[position + 1..position + 1 + length];
                position += length + 1;
                let is_key = json.get(position + 1) == Some(&b':');
                if depth == 1 && is_key && RESERVED.contains(&text) {
                    let key = String::from_utf8_lossy(text);
                    return Err(format!("a record cannot have a key `{key}`"));
                }
            }
            _ => {}
        }
        if depth > DEPTH_MAX {
            return Err(format!("a record cannot be nested more than {DEPTH_MAX} deep"));
        }
        position += 1;
    }
    Ok(())
}

/// The length of a JSON text up to its closing quote.
fn text_length(json: &[u8]) -> usize {
    let mut length = 0;
    while length < json.len() && json[length] != b'"' {
        length += if json[length] == b'\\' { 2 } else { 1 };
    }
    length
}
