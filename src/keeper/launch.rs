//! From a rendered command to a running process: its folder, its files, its environment, its program.
//!
//! Does not know what becomes of the process. Whatever goes wrong is a sentence for the operator.

use std::ffi::{CStr, CString, OsStr};
use std::fs::File;
use std::io;
use std::os::fd::AsFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use indexmap::IndexMap;

use super::environment::Base;
use super::files::{Files, OUTPUT_FILES};
use super::kin::LIFE_FILE;
use super::unix::{self, Descriptors, Image, Newborn};
use crate::core::job::Command;

/// Where programs are looked for if the environment does not say.
const PATH_DEFAULT: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// What all processes of a job have in their environment, and those of no other job.
pub(super) const MARKS: [&str; 4] =
    ["WINDLASS_RUN", "WINDLASS_TASK", "WINDLASS_ATTEMPT", "WINDLASS_IDEMPOTENCY_KEY"];

/// Why a job was not started.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Unstarted {
    /// It cannot be started as it is.
    Unfit(String),
    /// There is no room for its files, or the disk fails: the job is not to blame.
    NoRoom(String),
}

impl Unstarted {
    /// What follows from a file or folder of the job that cannot be made.
    fn because_of(error: &io::Error, reason: String) -> Self {
        use io::ErrorKind::{FileTooLarge, QuotaExceeded, ReadOnlyFilesystem, StorageFull};
        let of_disk =
            matches!(error.kind(), FileTooLarge | QuotaExceeded | ReadOnlyFilesystem | StorageFull)
                || error.raw_os_error() == Some(libc::EIO);
        if of_disk { Self::NoRoom(reason) } else { Self::Unfit(reason) }
    }
}

impl From<String> for Unstarted {
    fn from(reason: String) -> Self {
        Self::Unfit(reason)
    }
}

/// The marks of a command, as `NAME=VALUE`.
pub(super) fn marks(command: &Command) -> Vec<String> {
    MARKS.iter().filter_map(|name| Some(format!("{name}={}", command.env.get(*name)?))).collect()
}

/// Whether a path stays inside the folder that it is relative to.
fn stays_inside(path: &Path) -> bool {
    path.components().next().is_some()
        && path.components().all(|component| matches!(component, Component::Normal(_)))
}

/// Makes the folder of a job, which must be new: a second start of the same attempt would write into the files of the first.
///
/// # Errors
/// If it is there already or cannot be made.
pub(super) fn make_folder(folder: &Path) -> Result<(), Unstarted> {
    if !stays_inside(folder) {
        let reason = format!("`{}` is not a folder inside the run's folder", folder.display());
        return Err(Unstarted::Unfit(reason));
    }
    unix::create_folder(folder).map_err(|error| {
        if error.kind() == io::ErrorKind::AlreadyExists {
            let reason = format!("the folder `{}` is left from an earlier start", folder.display());
            return Unstarted::Unfit(reason);
        }
        let reason = format!("the folder `{}` cannot be made: {error}", folder.display());
        Unstarted::because_of(&error, reason)
    })
}

/// Begins a command with `base` below its own environment, and its files in `folder`, which are there already or are created.
///
/// They are open for no longer than that takes: a process that is begun meanwhile would hold the life lock of this job, too, until it has
/// closed it.
///
/// # Errors
/// If nothing was begun.
pub(super) fn launch(
    command: &Command,
    base: &Base,
    folder: &Path,
    has_files: bool,
    nothing: &File,
) -> Result<Newborn, Unstarted> {
    let image = image(command, base)?;
    let files = if has_files { Files::open(folder) } else { Files::create(folder) };
    let files = files.map_err(|(path, error)| failed(&path, &error))?;
    files.lock().map_err(|error| failed(&folder.join(LIFE_FILE), &error))?;
    let input = match &command.stdin {
        Some(text) => Some(
            unix::nameless_file(text)
                .map_err(|error| format!("its input cannot be kept: {error}"))?,
        ),
        None => None,
    };
    let stdin = input.as_ref().unwrap_or(nothing).as_fd();
    let [stdout, stderr, life] = files.all();
    let descriptors = Descriptors { streams: [stdin, stdout, stderr], inherited: Some(life) };
    Ok(Newborn::begin(image, descriptors).map_err(|error| no_process(&error))?)
}

/// What has become of a process, once that is decided.
///
/// # Errors
/// Why it will never be its program.
pub(super) fn outcome(newborn: &Newborn) -> Result<(), String> {
    newborn.outcome().map_err(|error| explain(newborn.image(), &error))
}

/// Why there is no new process.
pub(super) fn no_process(error: &io::Error) -> String {
    format!("no process can be made: {error}")
}

/// A command in the form in which the system takes it, with `base` below its own environment.
pub(super) fn image(command: &Command, base: &Base) -> Result<Image, String> {
    let env = environment(base, &command.env)?;
    let argv = command.argv.iter().map(|argument| text(argument, "an argument"));
    let argv = argv.collect::<Result<Vec<_>, _>>()?;
    let name = command
        .argv
        .first()
        .filter(|name| !name.is_empty())
        .ok_or_else(|| "the command has no program".to_owned())?;
    let program = program(name, command, base)?;
    let program = text(program.as_os_str(), "the program's path")?;
    let dir = text(command.dir.as_os_str(), "the path of the working folder")?;
    Ok(Image { program, argv, env, dir: Some(dir) })
}

fn failed(path: &Path, error: &io::Error) -> Unstarted {
    Unstarted::because_of(error, format!("`{}` cannot be made: {error}", path.display()))
}

/// The environment of a job: its own entries take the place of those of the same name.
fn environment(base: &Base, own: &IndexMap<String, String>) -> Result<Vec<Arc<CStr>>, String> {
    if let Some(name) = own.keys().find(|name| name.is_empty() || name.contains('=')) {
        return Err(format!("`{name}` cannot be the name of an environment variable"));
    }
    let own_entries = own.iter().map(|(name, value)| {
        text(&format!("{name}={value}"), "an environment variable").map(Arc::from)
    });
    base.without(own).map(|entry| Ok(Arc::clone(entry))).chain(own_entries).collect()
}

fn text<T: AsRef<OsStr> + ?Sized>(value: &T, what: &str) -> Result<CString, String> {
    CString::new(value.as_ref().as_bytes()).map_err(|_| format!("{what} contains a NUL byte"))
}

/// The path of a program: as it stands if it is a path, else the first of that name on the job's own `PATH`.
fn program(name: &str, command: &Command, base: &Base) -> Result<PathBuf, String> {
    if name.contains('/') {
        return Ok(PathBuf::from(name));
    }
    let path = command
        .env
        .get("PATH")
        .map(String::as_str)
        .or_else(|| base.get("PATH"))
        .unwrap_or(PATH_DEFAULT);
    let mut unfit = None;
    for entry in path.split(':') {
        // An empty entry means the working folder.
        let candidate = command.dir.join(entry).join(name);
        match candidate.metadata() {
            Ok(metadata) if metadata.is_file() && metadata.permissions().mode() & 0o111 != 0 => {
                return Ok(candidate);
            }
            Ok(metadata) if metadata.is_file() => unfit = Some(candidate),
            _ => {}
        }
    }
    Err(match unfit {
        Some(file) => format!("`{}` is not executable", file.display()),
        None => format!("`{name}` was not found on the PATH ({path})"),
    })
}

/// Why a process has not become its program, as far as a look around can tell.
fn explain(image: &Image, error: &io::Error) -> String {
    let path = |text: &CString| PathBuf::from(OsStr::from_bytes(text.to_bytes()));
    let dir = image.dir.as_ref().map(path).unwrap_or_default();
    let path = dir.join(path(&image.program));
    let name = image.argv.first().unwrap_or(&image.program).to_string_lossy();
    if !dir.exists() {
        return format!("the working folder `{}` does not exist", dir.display());
    }
    if !dir.is_dir() {
        return format!("the working folder `{}` is not a folder", dir.display());
    }
    match error.raw_os_error() {
        Some(libc::ENOENT) if path.exists() => {
            format!(
                "`{name}` cannot be run: the interpreter that its first line or its format names does not exist"
            )
        }
        Some(libc::ENOENT) => format!("`{name}` does not exist"),
        Some(libc::EACCES) if path.is_dir() => format!("`{name}` is a folder"),
        Some(libc::EACCES) if path.is_file() => format!("`{name}` is not executable"),
        Some(libc::ENOEXEC) => {
            format!("`{name}` is neither a program for this machine nor a script with a `#!` line")
        }
        Some(libc::E2BIG) => {
            format!("`{name}` cannot be run: its arguments and environment are too long")
        }
        _ => format!("`{name}` cannot be run: {error}"),
    }
}

/// Removes what a job has left in its folder without having written anything, and the folder and the one around it once empty.
pub(super) fn tidy(folder: &Path) {
    // All of this is for tidiness alone: what cannot be removed stays.
    drop(std::fs::remove_file(folder.join(LIFE_FILE)));
    for name in OUTPUT_FILES {
        let path = folder.join(name);
        if path.metadata().is_ok_and(|metadata| metadata.is_file() && metadata.len() == 0) {
            drop(std::fs::remove_file(path));
        }
    }
    if std::fs::remove_dir(folder).is_ok()
        && let Some(task) = folder.parent().filter(|task| stays_inside(task))
    {
        drop(std::fs::remove_dir(task));
    }
}

/// Returns once a job's output is on disk, as far as that can be had.
pub(super) fn sync_outputs(folder: &Path) -> io::Result<()> {
    for name in OUTPUT_FILES {
        match File::open(folder.join(name)) {
            Ok(file) => file.sync_data()?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    for around in folder.ancestors().filter(|path| stays_inside(path)) {
        unix::sync_folder(around)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_jobs_own_environment_takes_precedence() {
        let variable = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let base = Base::new(&[variable("A", "1"), variable("B", "2")].into());
        assert_eq!(base.get("A"), Some("1"));
        let own = IndexMap::from([variable("B", "3")]);
        assert_eq!(environment(&base, &own), Ok(vec![c"A=1".into(), c"B=3".into()]));
        assert!(environment(&base, &IndexMap::from([variable("A=B", "")])).is_err());
        assert!(environment(&base, &IndexMap::from([variable("A", "\0")])).is_err());
    }

    #[test]
    fn folders_outside_are_recognised() {
        assert!(stays_inside(Path::new("tasks/a/1")));
        for outside in ["", "/tasks/a", "../a", "tasks/../../a", "."] {
            assert!(!stays_inside(Path::new(outside)), "{outside}");
        }
    }
}
