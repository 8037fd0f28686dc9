//! One replication cycle between the two domain controllers.
//!
//! Does not wait for anything: a cycle that carried nothing looks like one that had nothing to carry.

use crate::failure::Result;
use crate::faults::Fault;
use crate::organisation::Organisation;
use crate::stages::Stage;

/// Brings the accounts of a mailbox to the other controller; tells whether that changed anything.
pub(crate) fn replicate(of: &Organisation, mailbox: &str) -> Result<bool> {
    let stages = of.stages("replicate-accounts", mailbox);
    if of.accounts().family(mailbox)?.converged() {
        return Ok(false);
    }
    if stages.pass(Stage::BeginReplication)? == Some(Fault::SlowReplication) {
        return Ok(false);
    }
    let changed = {
        let _lock = of.lock_mailbox(mailbox)?;
        let mut family = of.accounts().family(mailbox)?;
        let changed = family.replicate();
        of.accounts().write(mailbox, &family)?;
        changed
    };
    stages.reach(Stage::Replicate)?;
    Ok(changed)
}
