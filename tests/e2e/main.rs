//! End to end: the built binary, real processes, real files. Few tests, each of which proves a piece of wiring.
//!
//! What has to wait waits on a fifo, a lock or the end of a process, never on time.

#![expect(clippy::unwrap_used, reason = "what a test cannot do without may stop it")]

mod bench;
mod claims;
mod correcting;
mod crashes;
mod giving_up;
mod keepers;
mod locks;
mod operator;
mod owing;
mod people;
mod printing;
mod probes;
mod rivals;
mod running;
mod several;
mod strays;
mod terminal;
mod waiting;
mod words;
