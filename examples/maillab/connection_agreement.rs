//! The Recipient Connection Agreement: what its cycle does to a home that has not reached both sides of the directory.
//!
//! Knows no stores. KB328810, step 8, states that during moves from Exchange 5.5 its schedule is to be `Never`, so that
//! the homeMDB attribute is not "reset to that of the Exchange 5.5 server"; how the reset comes about is in an article
//! that is not at hand, and inferred:
//!
//! | schedule | source's view | target's view | a cycle |
//! |---|---|---|---|
//! | `never` | | | does not run |
//! | other | old | old | changes nothing |
//! | other | new | new | changes nothing: the directories have converged |
//! | other | old | new | the target's view is old again, and newer than the other one |
//!
//! After the last, the data is on the new server and the directory names the old one: the state that a second move
//! destroys (Q252869). A later replication makes both views agree on the wrong home. So the schedule may be put back
//! when the views agree, and not before.

use crate::failure::Result;
use crate::organisation::Organisation;
use crate::switches::{RCA, Schedule};

/// Runs the cycle for one mailbox; tells whether its home was reset.
pub(crate) fn cycle(of: &Organisation, mailbox: &str) -> Result<bool> {
    if of.switches().get(&RCA)? == Schedule::Never {
        return Ok(false);
    }
    let _lock = of.lock_mailbox(mailbox)?;
    of.directory().reset_home(mailbox)
}
