//! The file of one name: all who hold it, as JSON.
//! Does not know where the file is, or who may hold the name beside whom.

use serde::{Deserialize, Serialize};

use super::claim::Hold;
use crate::journal::encode;

/// The newest format that this windlass writes and reads.
pub(super) const FORMAT: u32 = 1;

/// How the files of names end; everything else in the folder is something else.
pub(super) const ENDING: &str = ".json";

/// All who hold one name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct ClaimFile {
    format: u32,
    pub(super) name: String,
    pub(super) holders: Vec<Hold>,
}

/// Only this much is certain to be the same in every format.
#[derive(Deserialize)]
struct Header {
    format: u32,
}

/// Why the content of a file says nothing.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Flaw {
    Unreadable(String),
    Newer(u32),
}

impl ClaimFile {
    /// A name that nobody holds.
    pub(super) fn free(name: &str) -> Self {
        Self { format: FORMAT, name: name.to_owned(), holders: Vec::new() }
    }

    /// The file of a name. It is valid and distinct on every file system.
    pub(super) fn file_name(name: &str) -> String {
        encode(name) + ENDING
    }

    /// Reads what a file of that name holds.
    pub(super) fn parse(file: &str, bytes: &[u8]) -> Result<Self, Flaw> {
        let unreadable = |error: serde_json::Error| {
            Flaw::Unreadable(if bytes.is_empty() {
                "it is empty".to_owned()
            } else {
                error.to_string()
            })
        };
        let header: Header = serde_json::from_slice(bytes).map_err(unreadable)?;
        if header.format > FORMAT {
            return Err(Flaw::Newer(header.format));
        }
        let found: Self = serde_json::from_slice(bytes).map_err(unreadable)?;
        if Self::file_name(&found.name) != file {
            return Err(Flaw::Unreadable(format!("it speaks of `{}`", found.name)));
        }
        if found.holders.is_empty() {
            return Err(Flaw::Unreadable("it names nobody".to_owned()));
        }
        Ok(found)
    }

    pub(super) fn bytes(&self) -> Vec<u8> {
        let mut bytes = serde_json::to_vec(self).expect("a claim is plain data");
        bytes.push(b'\n');
        bytes
    }
}
