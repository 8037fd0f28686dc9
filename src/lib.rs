//! windlass

pub mod journal;
