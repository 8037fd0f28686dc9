//! What is where: the states of the module's table, and how much mail is late.
//!
//! Changes nothing. The caller holds the mailbox's lock.

use std::collections::BTreeSet;

use super::extraction::{Progress, progress};
use super::restored::restored;
use crate::failure::Result;
use crate::organisation::Organisation;
use crate::store::Server;

/// What there is of a mailbox.
#[derive(Debug)]
pub(crate) struct Look {
    /// `not_begun`, `half_extracted` or `extracted`.
    pub(crate) state: &'static str,
    /// Messages on the postoffice; nothing if the mailbox is deleted there.
    pub(crate) at_postoffice: Option<usize>,
    /// Messages on the new server, double ones counted each.
    pub(crate) at_target: usize,
    /// Messages on the postoffice that the new server lacks.
    pub(crate) late: usize,
    /// Messages in the restored backup that the new server lacks; nothing if none holds the mailbox.
    pub(crate) late_in_restored: Option<usize>,
}

/// Looks at a mailbox.
pub(crate) fn look(of: &Organisation, mailbox: &str) -> Result<Look> {
    let there = keys(&of.server(&of.config.target)?, mailbox)?.unwrap_or_default();
    let here = keys(&of.server(&of.config.source)?, mailbox)?;
    let lacking = |keys: &BTreeSet<String>| keys.difference(&there).count();
    Ok(Look {
        state: match progress(of, mailbox)? {
            None => "not_begun",
            Some(Progress::Extracting) => "half_extracted",
            Some(Progress::Extracted) => "extracted",
        },
        at_postoffice: here.as_ref().map(BTreeSet::len),
        at_target: there.len(),
        late: here.as_ref().map_or(0, lacking),
        late_in_restored: keys(&restored(of), mailbox)?.as_ref().map(lacking),
    })
}

fn keys(server: &Server, mailbox: &str) -> Result<Option<BTreeSet<String>>> {
    server.row(mailbox).map(|row| row.keys()).transpose()
}
