//! Locks: kernel locks on files, which only this folder names `fs2` for, the lock of a run's executor, and the claims of runs.
//! Does not know what is done under a lock.

pub mod claims;
mod file_lock;
mod holder;
mod run_lock;
#[cfg(test)]
mod tests;

pub use file_lock::FileLock;
pub use holder::Holder;
pub use run_lock::{LockError, RunLock, is_locked, try_lock_run};
