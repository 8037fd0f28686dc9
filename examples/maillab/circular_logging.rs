//! Circular logging: what turning it on costs, and when its price is paid back.
//!
//! Knows no messages. KB328810, step 4, states that it keeps the log small, that it must be turned off after the moves,
//! and that while it is on nothing can be restored up to the point of failure; that it takes a full backup to be able to
//! again is inferred (Q183380 states it for another loss of the log).
//!
//! | circular logging | last full backup | the log rolls forward |
//! |---|---|---|
//! | off since the last full backup | while it was off | yes: `restore` loses nothing |
//! | turned on or off since | any | no: `restore` brings back the last full backup |
//! | on | while it was on | no |

use crate::failure::Result;
use crate::organisation::Organisation;
use crate::switches::{CIRCULAR_LOGGING, Power};

/// Turns it on or off; tells whether that changed anything. The logs are spoilt before the switch is thrown, so that a
/// crash in between is on the safe side.
pub(crate) fn set(of: &Organisation, power: Power) -> Result<bool> {
    let changed = of.switches().get(&CIRCULAR_LOGGING)? != power;
    if changed {
        for server in of.servers()? {
            of.log(&server).spoil()?;
        }
    }
    of.switches().set(&CIRCULAR_LOGGING, &power)?;
    Ok(changed)
}
