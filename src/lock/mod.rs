//! Kernel locks on files: the primitive, and the lock of a run's executor. The only place that names `fs2`.
//! Does not know what is done under a lock.

mod file_lock;
mod holder;
mod run_lock;
#[cfg(test)]
mod tests;

pub use file_lock::FileLock;
pub use holder::Holder;
pub use run_lock::{LockError, RunLock, is_locked, try_lock_run};
