//! A user's profile: the server that the mail program connects to (KB328810, step 9.3).
//!
//! Does not follow the directory by itself; a log-on does that, while both servers are up.

use serde::{Deserialize, Serialize};

use crate::disk;
use crate::failure::Result;
use crate::organisation::Organisation;

/// The profile of one user.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Profile {
    /// The server that it names.
    pub(crate) server: String,
}

impl Profile {
    /// The present profile.
    pub(crate) fn read(organisation: &Organisation, mailbox: &str) -> Result<Self> {
        disk::read_json(&organisation.profile(mailbox))
    }

    /// Replaces the profile.
    pub(crate) fn write(&self, organisation: &Organisation, mailbox: &str) -> Result<()> {
        disk::write_json(&organisation.profile(mailbox), self)
    }
}
