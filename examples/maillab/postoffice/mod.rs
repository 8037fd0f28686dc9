//! A postoffice whose mailboxes are extracted to a new server (Q190423).
//!
//! Does not move anything: what was extracted stays on the postoffice, and so does what is delivered there afterwards.
//!
//! | state (`postoffice show`) | the postoffice | the new server | the record | what `extract` does |
//! |---|---|---|---|---|
//! | `not_begun` | all mail | nothing, or mail that was rerouted | | copies all |
//! | `half_extracted` | all mail | a part of it | extracting | copies all: what was there is there **twice** |
//! | `extracted`, `late` is 0 | all mail, or no mailbox | all mail | extracted | copies all: everything is there **twice** |
//! | `extracted`, `late` is more | mail that is nowhere else | the rest | extracted | the same |
//!
//! Each class of senders finds the mailbox by a table of its own (`routes`): as long as one of them names the postoffice,
//! mail goes on to arrive there. `sweep` copies what the new server lacks, from the postoffice or from a backup of it that
//! was restored into a separate folder; it finishes an extraction that was interrupted, too.
//!
//! Q190423 states: an extraction takes what has been read and what still waits on the postoffice; if the mailbox stays
//! there, new messages may still be delivered to it, and are not migrated; if it was deleted, a backup of the postoffice has
//! to be restored into a separate folder first. Q164456 says that the connector goes on to route to the former postoffice
//! while it still defines it.
//!
//! Inferred: the four classes, that a second extraction doubles what is there, and that mail for a mailbox which the
//! postoffice does not have any more is returned to its sender, so that it is never accepted.

mod extraction;
mod look;
mod restored;
mod retiring;
mod routes;

pub(crate) use extraction::{extract, sweep};
pub(crate) use look::{Look, look};
pub(crate) use restored::{next_backup, restore};
pub(crate) use retiring::{Sweeping, delete};
pub(crate) use routes::{Arrival, Routes, canary, reroute, returns, route};
