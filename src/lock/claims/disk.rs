//! What claims stand on: a folder of files that are replaced as a whole, its lock, and the locks of executors.
//! Does not know what is in the files.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use super::claim::{Liveness, Owner};
use crate::journal::{make_folder, sync_folder};
use crate::lock::{FileLock, is_locked};

/// The file whose kernel lock guards the folder. It holds no data.
const LOCK_FILE: &str = "lock";

/// How a file's name ends while it is being written.
pub(super) const NEW_ENDING: &str = ".new";

/// How many files are open at a time. To sync the first of some that were written together costs as much as to sync them all.
const OPEN_MAX: usize = 128;

/// How long the folder's lock is tried. Whoever has it waits for nothing but the disk.
const PATIENCE: Duration = Duration::from_secs(60);
const PAUSE: Duration = Duration::from_micros(500);

/// A folder of files, each of which is replaced as a whole. A test has one that fails where it is told to.
pub trait Disk {
    /// Keeps everybody else out until it is dropped.
    type Guard;

    /// Waits until nobody else works in the folder; nothing where that takes too long.
    ///
    /// # Errors
    /// What the system says; of kind `Unsupported` where locks do not exclude anybody.
    fn lock(&self) -> io::Result<Option<Self::Guard>>;

    /// What a file holds, or nothing where there is none.
    ///
    /// # Errors
    /// What the system says.
    fn read(&self, file: &str) -> io::Result<Option<Vec<u8>>>;

    /// The names of all files, in no order.
    ///
    /// # Errors
    /// What the system says.
    fn files(&self) -> io::Result<Vec<String>>;

    /// Writes files beside their places, and returns once what is in them is on disk.
    ///
    /// # Errors
    /// What the system says.
    fn write_new(&self, files: &[(String, Vec<u8>)]) -> io::Result<()>;

    /// Puts what was written beside its place there.
    ///
    /// # Errors
    /// What the system says.
    fn put(&self, file: &str) -> io::Result<()>;

    /// Removes a file. Not an error where there is none.
    ///
    /// # Errors
    /// What the system says.
    fn remove(&self, file: &str) -> io::Result<()>;

    /// Returns once all that was put and removed is on disk.
    ///
    /// # Errors
    /// What the system says.
    fn sync_entries(&self) -> io::Result<()>;

    /// Appends to a file, and returns once it is on disk.
    ///
    /// # Errors
    /// What the system says.
    fn append(&self, file: &str, bytes: &[u8]) -> io::Result<()>;

    /// Whether the executor of a run lives, which was on that host.
    fn executor(&self, owner: &Owner, host: &str) -> Liveness;

    /// What errors call a file.
    fn path(&self, file: &str) -> PathBuf;
}

/// A folder on a disk.
#[derive(Clone, Debug)]
pub struct DiskFolder {
    path: PathBuf,
    /// The name of this machine.
    host: String,
    /// Permissions of new files, where the folder is one that several users share.
    mode: Option<u32>,
}

impl DiskFolder {
    /// Makes the folder, for its owner alone, where it does not exist.
    pub(super) fn open(path: &Path, host: &str) -> io::Result<Self> {
        make_folder(path)?;
        Ok(Self { path: path.to_owned(), host: host.to_owned(), mode: shared_mode(path)? })
    }

    /// The folder as it is; nothing where there is none.
    pub(super) fn look(path: &Path, host: &str) -> io::Result<Option<Self>> {
        match shared_mode(path) {
            Ok(mode) => Ok(Some(Self { path: path.to_owned(), host: host.to_owned(), mode })),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// A folder inside this one.
    pub(super) fn inner(&self, name: &str) -> Self {
        Self { path: self.path.join(name), ..self.clone() }
    }

    /// Makes a folder inside another where it does not exist, for all who may use that one.
    pub(super) fn make_inner(&self) -> io::Result<()> {
        let is_new = !self.path.exists();
        make_folder(&self.path)?;
        #[cfg(unix)]
        if let Some(mode) = self.mode.filter(|_| is_new) {
            use std::os::unix::fs::PermissionsExt;
            // Whoever may read a folder may enter it.
            let permissions = fs::Permissions::from_mode(mode | (mode & 0o444) >> 2);
            fs::set_permissions(&self.path, permissions)?;
        }
        Ok(())
    }

    /// Whoever may write into the folder may use the files in it, whatever the umask of the one who made them.
    fn share(&self, file: &File) -> io::Result<()> {
        #[cfg(unix)]
        if let Some(mode) = self.mode {
            use std::os::unix::fs::PermissionsExt;
            file.set_permissions(fs::Permissions::from_mode(mode))?;
        }
        Ok(())
    }

    fn new_path(&self, file: &str) -> PathBuf {
        self.path.join(format!("{file}{NEW_ENDING}"))
    }

    fn write_one(&self, file: &str, bytes: &[u8]) -> io::Result<File> {
        let path = self.new_path(file);
        let create = || File::options().write(true).create_new(true).open(&path);
        let mut new = match create() {
            // Somebody was killed over it, perhaps another user.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                fs::remove_file(&path)?;
                create()?
            }
            result => result?,
        };
        self.share(&new)?;
        new.write_all(bytes)?;
        Ok(new)
    }

    /// Made here where it is missing, so that all who share the folder may lock it.
    fn make_lock_file(&self) -> io::Result<PathBuf> {
        let path = self.path.join(LOCK_FILE);
        if self.mode.is_some() && !path.exists() {
            match File::options().write(true).create_new(true).open(&path) {
                Ok(file) => self.share(&file)?,
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
            }
        }
        Ok(path)
    }
}

#[cfg(unix)]
fn shared_mode(folder: &Path) -> io::Result<Option<u32>> {
    use std::os::unix::fs::PermissionsExt;
    let mode = fs::metadata(folder)?.permissions().mode();
    Ok((mode & 0o022 != 0).then_some(mode & 0o666))
}

#[cfg(not(unix))]
fn shared_mode(_folder: &Path) -> io::Result<Option<u32>> {
    Ok(None)
}

/// The lock of a folder, until it is dropped.
#[derive(Debug)]
pub struct FolderGuard {
    lock: Option<FileLock>,
}

impl Drop for FolderGuard {
    fn drop(&mut self) {
        if let Some(lock) = self.lock.take() {
            // Closing the file frees the lock as well, unless a child that has not started yet has it.
            drop(lock.release());
        }
    }
}

impl Disk for DiskFolder {
    type Guard = FolderGuard;

    fn lock(&self) -> io::Result<Option<FolderGuard>> {
        let path = self.make_lock_file()?;
        let begun = Instant::now();
        loop {
            if let Some(lock) = FileLock::try_exclusive(&path)? {
                return Ok(Some(FolderGuard { lock: Some(lock) }));
            }
            if begun.elapsed() > PATIENCE {
                return Ok(None);
            }
            thread::sleep(PAUSE);
        }
    }

    fn read(&self, file: &str) -> io::Result<Option<Vec<u8>>> {
        match fs::read(self.path.join(file)) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn files(&self) -> io::Result<Vec<String>> {
        let mut files = Vec::new();
        let entries = match fs::read_dir(&self.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(files),
            result => result?,
        };
        for entry in entries {
            // What is not text was not made here.
            files.extend(entry?.file_name().into_string().ok());
        }
        Ok(files)
    }

    fn write_new(&self, files: &[(String, Vec<u8>)]) -> io::Result<()> {
        let write_some = |files: &[(String, Vec<u8>)]| {
            let written = files.iter().map(|(file, bytes)| self.write_one(file, bytes));
            written.collect::<io::Result<Vec<File>>>()?.iter().try_for_each(File::sync_all)
        };
        files.chunks(OPEN_MAX).try_for_each(write_some).inspect_err(|_| {
            // What was written is of no use to anybody, and on a full disk in the way.
            files.iter().for_each(|(file, _)| drop(fs::remove_file(self.new_path(file))));
        })
    }

    fn put(&self, file: &str) -> io::Result<()> {
        fs::rename(self.new_path(file), self.path.join(file))
    }

    fn remove(&self, file: &str) -> io::Result<()> {
        match fs::remove_file(self.path.join(file)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    fn sync_entries(&self) -> io::Result<()> {
        sync_folder(&self.path)
    }

    fn append(&self, file: &str, bytes: &[u8]) -> io::Result<()> {
        let path = self.path.join(file);
        let is_new = !path.exists();
        let mut log = File::options().append(true).create(true).open(&path)?;
        if is_new {
            self.share(&log)?;
        }
        log.write_all(bytes)?;
        log.sync_all()?;
        self.sync_entries()
    }

    fn executor(&self, owner: &Owner, host: &str) -> Liveness {
        if host != self.host {
            return Liveness::Unknown;
        }
        match is_locked(&owner.folder()) {
            Ok(true) => Liveness::Alive,
            Ok(false) => Liveness::Gone,
            Err(_) => Liveness::Unknown,
        }
    }

    fn path(&self, file: &str) -> PathBuf {
        self.path.join(file)
    }
}
