//! Claims: named locks that a run holds on disk until the work under them is finished, whether or not its executor lives.
//! Does not know what a scope is for, when work is finished, or what is to be done about whoever holds a name.
//!
//! ```text
//! locks/lock               the kernel lock under which everything else is read and changed; it holds no data
//! locks/<name>.json        all who hold one name
//! locks/waits/<run>.json   what one run waits for
//! locks/released.jsonl     what operators have taken away
//! ```
//!
//! A file is replaced as a whole: written beside its place, synced, renamed, and the folder synced, once for all files of a
//! call. So a call that was cut short has happened for some of its names and not for the others, never half for one, and the
//! same call again makes it whole. A file that cannot be understood is an error, never a free name.

mod choose;
mod claim;
mod cycle;
mod disk;
mod error;
mod file;
mod folder;
mod neighbours;
mod operator;
mod run_claims;
#[cfg(test)]
mod tests;
mod waits;

pub use claim::{
    Attempt, Claim, Claimant, CycleLink, HeldBy, Hold, Liveness, Owner, Want, encloses,
};
pub use disk::{Disk, DiskFolder};
pub use error::ClaimError;
pub use folder::{ClaimFolder, Listing};
pub use operator::Released;
pub use run_claims::RunClaims;
pub use waits::Wait;
