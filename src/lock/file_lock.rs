//! An exclusive kernel lock on a file, which ends with the process at the latest.
//! Does not know who holds it or why; a locked file holds no data, since some systems do not let others read it.

use std::fs::{File, OpenOptions};
use std::io;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

/// How long a lock is tried while others merely look whether it is free. Each looks for microseconds, unless
/// the system has something else to do just then.
const PATIENCE: Duration = Duration::from_secs(5);

/// How long to wait for those who look.
const PAUSE: Duration = Duration::from_micros(100);

/// An exclusive lock on a file. It belongs to the open file, so a child process that inherits the descriptor
/// holds it too: dropping this closes one descriptor, and the lock is free once all are closed.
#[derive(Debug)]
pub struct FileLock {
    file: File,
}

impl FileLock {
    /// Takes the lock on a file, which is created where it is missing, or returns nothing where another holds
    /// it. The file is never removed: its lock could then be held twice.
    ///
    /// # Errors
    /// What the system says; of kind `Unsupported` where the file system's locks do not exclude anybody.
    pub fn try_exclusive(path: &Path) -> io::Result<Option<Self>> {
        let file = private(File::options().read(true).write(true).create(true)).open(path)?;
        let begun = Instant::now();
        loop {
            if granted(fs2::FileExt::try_lock_exclusive(&file))? {
                check_excludes(path)?;
                return Ok(Some(Self { file }));
            }
            // A shared lock is granted beside those who only look, and not beside a holder.
            if !granted(fs2::FileExt::try_lock_shared(&file))? || begun.elapsed() > PATIENCE {
                return Ok(None);
            }
            fs2::FileExt::unlock(&file)?;
            thread::sleep(PAUSE);
        }
    }

    /// Whether somebody holds the lock now. Creates nothing, and does not keep anybody from taking it.
    ///
    /// # Errors
    /// What the system says; where the file does not exist nobody holds it.
    pub fn is_held(path: &Path) -> io::Result<bool> {
        let file = match File::open(path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
            Err(error) => return Err(error),
        };
        Ok(!granted(fs2::FileExt::try_lock_shared(&file))?)
    }

    /// Frees the lock at once, whoever has inherited it: also from a child that another thread is starting just
    /// now, which has every descriptor for a moment.
    ///
    /// # Errors
    /// What the system says.
    pub fn release(self) -> io::Result<()> {
        fs2::FileExt::unlock(&self.file)
    }

    /// The locked file, for handing its descriptor to a child.
    pub fn file(&self) -> &File {
        &self.file
    }
}

fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
    options
}

/// Tells a lock that another holds from one that cannot be had at all.
fn granted(attempt: io::Result<()>) -> io::Result<bool> {
    match attempt {
        Ok(()) => Ok(true),
        Err(error) if error.raw_os_error() == fs2::lock_contended_error().raw_os_error() => {
            Ok(false)
        }
        Err(error) if is_unsupported(&error) => {
            Err(io::Error::new(io::ErrorKind::Unsupported, error))
        }
        Err(error) => Err(error),
    }
}

/// A network file system without a lock service says that it has no locks left.
fn is_unsupported(error: &io::Error) -> bool {
    #[cfg(unix)]
    return error.raw_os_error() == Some(rustix::io::Errno::NOLCK.raw_os_error());
    #[cfg(not(unix))]
    return error.kind() == io::ErrorKind::Unsupported;
}

/// Some file systems grant every lock. One that works refuses a second descriptor.
fn check_excludes(path: &Path) -> io::Result<()> {
    let second = File::open(path)?;
    if granted(fs2::FileExt::try_lock_shared(&second))? {
        let reason = "its file system grants a lock that is held already";
        return Err(io::Error::new(io::ErrorKind::Unsupported, reason));
    }
    Ok(())
}
