//! `windlass rehearse`: what it finds in runbooks that are wrong, and that those that are shipped keep every promise.

#![expect(clippy::unwrap_used, reason = "what a test cannot do without may stop it")]

mod bench;
mod faults;
mod people;
mod shipped;
