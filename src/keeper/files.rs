//! The files of a job, open for it to inherit.
//!
//! Does not know where their folder comes from, nor what is written into them.

use std::fs::File;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};

use super::kin::LIFE_FILE;
use super::unix;

/// Files that a job writes to.
pub(super) const OUTPUT_FILES: [&str; 2] = ["stdout", "stderr"];

/// A file that could not be had.
pub(super) type Failed = (PathBuf, io::Error);

/// The files of one job.
#[derive(Debug)]
pub(super) struct Files {
    pub(super) stdout: File,
    pub(super) stderr: File,
    /// What all processes of the job inherit, out of the way of their own descriptors.
    pub(super) life: OwnedFd,
}

impl Files {
    /// Creates them.
    ///
    /// # Errors
    /// If one is there already or cannot be created.
    pub(super) fn create(folder: &Path) -> Result<Self, Failed> {
        Self::by(folder, unix::create_new)
    }

    /// Opens those that are there.
    ///
    /// # Errors
    /// If one cannot be opened.
    pub(super) fn open(folder: &Path) -> Result<Self, Failed> {
        Self::by(folder, unix::open_existing)
    }

    fn by(folder: &Path, open: fn(&Path) -> io::Result<File>) -> Result<Self, Failed> {
        let open = |name: &str| {
            let path = folder.join(name);
            open(&path).map_err(|error| (path, error))
        };
        let [stdout, stderr] = OUTPUT_FILES.map(open);
        let life = open(LIFE_FILE)?;
        let life = unix::out_of_the_way(life).map_err(|error| (folder.join(LIFE_FILE), error))?;
        Ok(Self { stdout: stdout?, stderr: stderr?, life })
    }

    /// Takes the life lock, which nobody can hold yet.
    ///
    /// # Errors
    /// If it is held, or the file system knows no locks.
    pub(super) fn lock(&self) -> io::Result<()> {
        if unix::try_lock(&self.life)? {
            return Ok(());
        }
        Err(io::Error::new(io::ErrorKind::WouldBlock, "its lock is taken, though it is new"))
    }

    /// All of them.
    pub(super) fn all(&self) -> [BorrowedFd<'_>; 3] {
        [self.stdout.as_fd(), self.stderr.as_fd(), self.life.as_fd()]
    }
}
