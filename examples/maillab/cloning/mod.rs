//! Mailboxes that are cloned into another organisation by a wizard (KB842101).
//!
//! Does not move anything: the source mailbox is neither deleted nor changed, so that two organisations hold the mail
//! until `cut-over`, and any of the two may get new mail meanwhile.
//!
//! An **account** is a user object that two domain controllers know of (`accounts`); it comes first. Its **mailbox** is
//! a row of the target's store, which appears when the account is initialised: by a delivery, by a log-on, or by the
//! wizard. The states, as `account show` names them, and what the wizard in clone mode makes of each:
//!
//! | state | account | row | the wizard's record | `wizard --clone` |
//! |---|---|---|---|---|
//! | `absent` | no | no | | creates, clones |
//! | `object_only` | yes | no | | clones |
//! | `initialised` | yes | yes | | **merges**: rules lost |
//! | `half_cloned` | yes | yes | cloning | **merges**: what was copied is there twice, rules lost |
//! | `cloned` | yes | yes | cloned | **merges**: everything is there twice |
//! | `half_merged`, `merged` | yes | yes | merging, merged | **merges** again |
//! | `orphaned` | no | yes | any | creates, merges |
//! | `duplicated` | `alice-1` | any | any | works on `alice-1` |
//!
//! KB842101 states: the wizard copies all users and mailboxes first and then clones the data; it switches to merge mode
//! when it was cancelled, a mailbox was initialised by mail or by a log-on, and it is run again; the repair deletes the
//! objects, runs the Cleanup Agent, deletes the mailboxes, waits for replication, and starts again. Other sources say
//! that mail which comes before the clone switches the mode without any cancelling, and only the event log tells.
//!
//! Inferred: that a merge appends what is there already and leaves the rules behind; that what the wizard itself has
//! cloned counts as initialised; that a name which the other controller still has makes `alice-1`; that a sender gets
//! what any controller says; and that the article's repair loses the mail which was delivered to the target meanwhile,
//! since it is nowhere else.

mod accounts;
mod look;
mod mailbox;
mod repair;
mod replication;
mod wizard;

pub(crate) use accounts::Accounts;
pub(crate) use look::{Look, complaints, look};
pub(crate) use mailbox::{log_on, route, rows_beside};
pub(crate) use repair::{Sweeping, catch_up, cut_over, delete, sweep_back};
pub(crate) use replication::replicate;
pub(crate) use wizard::{Outcome, create_account, run};
