//! The storage limit of a server for each mailbox: a move of a larger one to it is refused (Q264314).
//!
//! Does not limit delivery.

use std::path::PathBuf;

use crate::disk;
use crate::failure::Result;
use crate::organisation::Organisation;
use crate::store::Server;

/// The limit in bytes, if there is one.
pub(crate) fn limit(of: &Organisation, server: &Server) -> Result<Option<u64>> {
    let file = file(of, server);
    if file.exists() { disk::read_json(&file) } else { Ok(None) }
}

/// Replaces the limit.
pub(crate) fn set(of: &Organisation, server: &Server, bytes: Option<u64>) -> Result<()> {
    disk::write_json(&file(of, server), &bytes)
}

fn file(of: &Organisation, server: &Server) -> PathBuf {
    of.switch_file(&format!("quota-{}", server.name))
}
