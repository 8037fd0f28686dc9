//! Folders of jobs that have left nothing behind, kept for jobs to come.
//!
//! To make a folder with its files, and to remove it again, can take longer than a small job: a file system does not soon give away
//! again what was just removed, and looks for something else each time. Two renames do the same. Does not know what a job is.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::files::Files;
use super::unix;

/// Where they are, relative to the run's folder.
const FOLDER: &str = "spare";
/// How many are kept at the most.
const KEPT_MAX: usize = 16;
/// The folder of a task's first job in that of the task. No other job finds one here.
const FIRST: &str = "1";

/// The folders that are kept.
#[derive(Debug)]
pub(super) struct Spares {
    kept: Vec<PathBuf>,
    /// How many there have been.
    count: u64,
}

impl Spares {
    /// None yet. What a keeper that was killed has left is removed: it is empty, and who has it open is not known.
    pub(super) fn new() -> Self {
        drop(fs::remove_dir_all(FOLDER));
        Self { kept: Vec::new(), count: 0 }
    }

    /// Puts one in the place of the folder of a job, which must be new; returns whether it did.
    pub(super) fn take(&mut self, folder: &Path) -> bool {
        let Some(task) = task_of(folder) else { return false };
        // If something is there already, or there is no room, whoever makes a folder anew finds out.
        if self.kept.last().is_none_or(|path| fs::rename(path, task).is_err()) {
            return false;
        }
        self.kept.pop();
        true
    }

    /// Takes the folder of a job that is over out of its place, if nothing is in it; returns whether it did.
    pub(super) fn give(&mut self, folder: &Path) -> bool {
        let Some(task) = task_of(folder).filter(|_| self.kept.len() < KEPT_MAX) else {
            return false;
        };
        self.keep(task, folder).unwrap_or(false)
    }

    fn keep(&mut self, task: &Path, folder: &Path) -> io::Result<bool> {
        let files = Files::open(folder).map_err(|(_, error)| error)?;
        for file in files.all() {
            if !unix::is_as_created(file)? {
                return Ok(false);
            }
        }
        if unix::count_entries(task)? != 1 || unix::count_entries(folder)? != files.all().len() {
            return Ok(false);
        }
        let path = Path::new(FOLDER).join(self.count.to_string());
        self.count += 1;
        rename_into(task, &path)?;
        // Only now, when nobody can open them any more by the name of the task. Whoever still has one open could write into what is
        // another job's by then.
        if !files.all().into_iter().all(unix::is_open_here_alone) {
            fs::rename(&path, task)?;
            return Ok(false);
        }
        self.kept.push(path);
        Ok(true)
    }

    /// Removes all of them.
    pub(super) fn clear(&mut self) {
        self.kept.clear();
        drop(fs::remove_dir_all(FOLDER));
    }
}

/// The folder of the task whose first job has that folder.
fn task_of(folder: &Path) -> Option<&Path> {
    folder.parent().filter(|_| folder.ends_with(FIRST))
}

/// Renames a folder; the folder around its new name is made if need be.
fn rename_into(from: &Path, to: &Path) -> io::Result<()> {
    match fs::rename(from, to) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            unix::create_folder(Path::new(FOLDER))?;
            fs::rename(from, to)
        }
        outcome => outcome,
    }
}
