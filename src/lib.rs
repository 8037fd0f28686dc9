//! windlass

pub mod journal;
pub mod lock;
