//! The keeper: the small process that starts a run's jobs and outlives the executor.
//!
//! It knows "start this, tell its end, remember it until told to forget". It knows nothing of runbooks, of the journal, or of
//! what follows from an end.

mod protocol;

pub use protocol::{Greeting, Kept, Report, Request, Standing, VERSION};
