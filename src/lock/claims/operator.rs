//! Taking a claim away from a run, and the log of it.
//! Does not know whether work under the claim may still go on: whoever calls has made sure that it does not.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::claim::{Claim, Hold, Owner};
use super::disk::Disk;
use super::error::ClaimError;
use super::folder::ClaimFolder;
use super::run_claims::without;
use crate::lock::Holder;

/// The log: one JSON object a line.
const LOG_FILE: &str = "released.jsonl";

/// A claim that was taken away.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Released {
    /// When.
    pub at: Timestamp,
    /// The name.
    pub name: String,
    /// From which run.
    #[serde(flatten)]
    pub owner: Owner,
    /// For what it was held: the id of a task, group or item, or nothing for the run as a whole.
    pub scope: String,
    /// The token that the run will miss.
    pub token: String,
    /// Since when it was held.
    pub since: Timestamp,
    /// Who took it away; `since` is when.
    pub by: Holder,
    /// The reason given.
    pub because: String,
}

impl<D: Disk> ClaimFolder<D> {
    /// Takes a claim away from its run, which finds its token gone when it is resumed. That it was done is on disk before it is
    /// done. Nothing if it is not held under that token any more.
    ///
    /// # Errors
    /// [`ClaimError`]
    pub fn take_away(
        &self,
        claim: &Claim,
        by: &Holder,
        because: &str,
    ) -> Result<Option<Released>, ClaimError> {
        let _guard = self.lock()?;
        let (found, hold) = (self.read(&claim.name)?, &claim.hold);
        let is_it =
            |other: &Hold| other.is_of(&hold.owner, &hold.scope) && other.token == hold.token;
        let Some(left) = without(found, is_it) else { return Ok(None) };
        let note = Released {
            at: by.since,
            name: claim.name.clone(),
            owner: hold.owner.clone(),
            scope: hold.scope.clone(),
            token: hold.token.clone(),
            since: hold.by.since,
            by: by.clone(),
            because: because.to_owned(),
        };
        self.log(&note)?;
        self.replace(&[left])?;
        Ok(Some(note))
    }

    fn log(&self, note: &Released) -> Result<(), ClaimError> {
        let mut line = serde_json::to_vec(note).expect("a note is plain data");
        // Of a line that was cut short only that one is lost.
        if self.log_bytes()?.last().is_some_and(|last| *last != b'\n') {
            line.insert(0, b'\n');
        }
        line.push(b'\n');
        self.claims.append(LOG_FILE, &line).map_err(|error| self.failed(LOG_FILE, "write", error))
    }

    fn log_bytes(&self) -> Result<Vec<u8>, ClaimError> {
        let bytes = self.claims.read(LOG_FILE);
        Ok(bytes.map_err(|error| self.failed(LOG_FILE, "read", error))?.unwrap_or_default())
    }

    /// What was taken away, oldest first. A line that was cut short tells nothing.
    ///
    /// # Errors
    /// [`ClaimError`]
    pub fn taken_away(&self) -> Result<Vec<Released>, ClaimError> {
        let bytes = self.log_bytes()?;
        let lines = bytes.split(|byte| *byte == b'\n');
        Ok(lines.filter_map(|line| serde_json::from_slice(line).ok()).collect())
    }
}
