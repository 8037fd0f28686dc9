//! The removal of a server from the organisation (KB328810, step 9.3), after which nobody can log on through it.
//!
//! Does not move anything away from it. The article states that profiles which users have not updated before must then be
//! put right at each desktop; that a server which is a home cannot be removed is inferred.
//!
//! | state of a mailbox | the server goes | its user |
//! |---|---|---|
//! | it is the home, for one side of the directory or for both | refused | |
//! | the profile names the other server | yes | notices nothing |
//! | the profile still names it | yes | cannot log on until somebody visits the desktop |
//! | a row is left on it | yes, and what is in the row goes with it | may miss mail |

use crate::failure::{Code, Failure, Result};
use crate::organisation::Organisation;
use crate::profile::Profile;
use crate::stages::Stage;
use crate::store::Server;

/// Removes a server; returns the mailboxes whose users cannot log on any more. Can be repeated.
pub(crate) fn decommission(of: &Organisation, server: &Server) -> Result<Vec<String>> {
    let stages = of.stages("decommission", &server.name);
    let _claim = of.claim_idle_stores()?;
    let locks = of.config.mailboxes.iter().map(|mailbox| of.lock_mailbox(mailbox));
    let _locks = locks.collect::<Result<Vec<_>>>()?;
    let mut locked_out = Vec::new();
    for mailbox in &of.config.mailboxes {
        let entry = of.directory().entry(mailbox)?;
        if entry.home() == server.name || entry.source_view.home == server.name {
            return Err(Failure::new(
                Code::Refused,
                format!("`{}` cannot be removed", server.name),
            )
            .because(format!("the directory names it as the home of mailbox `{mailbox}`"))
            .next(format!("`maillab locate {mailbox}` shows where its data is")));
        }
        if Profile::read(of, mailbox)?.server == server.name {
            locked_out.push(mailbox.clone());
        }
    }
    server.mark_gone()?;
    server.discard_mailboxes()?;
    stages.reach(Stage::RemoveServer)?;
    Ok(locked_out)
}
