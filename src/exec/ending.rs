//! How an executor's work ends, as it meant to or not.
//!
//! Does not know what is to be done about it.

use super::aside::AsideError;
use crate::core::apply::Unfit;
use crate::journal::JournalError;
use crate::keeper::KeeperError;
use crate::lock::claims::ClaimError;

/// How an executor's work ended.
#[derive(Debug)]
pub enum Ending {
    /// Nothing is left for it to do.
    Finished,
    /// It left at once, at a second Ctrl-C; jobs go on under their keeper.
    Left,
    /// The journal could not be written; what ran was waited for.
    Journal(JournalError),
    /// A keeper lives and cannot be talked to, or none can be had, or it cannot write; what ran was waited for.
    Keeper(KeeperError),
    /// The run's folder holds what the journal does not know, and it cannot be set aside; nothing was done.
    Aside(AsideError),
    /// The folder of claims cannot be used; what ran was waited for.
    Claims(ClaimError),
    /// The machine contradicted itself: a bug.
    Bug(Unfit),
}

/// Why an executor cannot go on as usual.
pub(super) enum Broken {
    Journal(JournalError),
    Keeper(KeeperError),
    Aside(AsideError),
    Claims(ClaimError),
    Bug(Unfit),
}

impl From<ClaimError> for Broken {
    fn from(error: ClaimError) -> Self {
        Self::Claims(error)
    }
}

impl From<JournalError> for Broken {
    fn from(error: JournalError) -> Self {
        Self::Journal(error)
    }
}

impl From<Unfit> for Broken {
    fn from(error: Unfit) -> Self {
        Self::Bug(error)
    }
}
