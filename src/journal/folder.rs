//! The state folder, which holds runs, and the folder of one run, which holds all that is known of it.
//! Does not know what is in the files that it names.

use std::path::{Path, PathBuf};
use std::{env, fmt, fs, io};

use jiff::Timestamp;

use super::begun::begun;
use super::durable::{make_folder, make_new_folder, sync_folder};
use super::encode::encode;
use super::locate::{is_root, locate};
use super::run_id;

/// The folder that holds all runs of a user, or of the machine for root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StateFolder {
    root: PathBuf,
}

impl StateFolder {
    /// Finds out where it is: `flag`, `$WINDLASS_STATE_DIR`, `/var/lib/windlass` for root,
    /// `$XDG_STATE_HOME/windlass`, `~/.local/state/windlass`. Creates nothing.
    ///
    /// # Errors
    /// [`FolderError::NoHome`] when none of them is there.
    pub fn locate(flag: Option<&Path>) -> Result<Self, FolderError> {
        let root = locate(flag, |name| env::var_os(name), is_root()).ok_or(FolderError::NoHome)?;
        // The keeper changes its folder, so a path must not depend on it.
        let root = std::path::absolute(&root).map_err(|error| FolderError::io(&root, error))?;
        Ok(Self { root })
    }

    /// The state folder at that path.
    pub fn at(root: &Path) -> Self {
        Self { root: root.to_owned() }
    }

    /// Where it is.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Makes it, for its owner alone, where it does not exist.
    ///
    /// # Errors
    /// [`FolderError::Io`]
    pub fn create(&self) -> Result<(), FolderError> {
        let runs = self.runs_folder();
        make_folder(&runs).map_err(|error| FolderError::io(&runs, error))
    }

    /// All runs, oldest first; those that were never begun, which have no journal, before all others.
    ///
    /// # Errors
    /// [`FolderError::Io`]
    pub fn runs(&self) -> Result<Vec<RunFolder>, FolderError> {
        let mut runs: Vec<_> = self.ids()?.into_iter().map(|id| self.run(id)).collect();
        runs.sort_by_cached_key(|run| (run.begun(), run.id.clone()));
        Ok(runs)
    }

    /// The run that an operator means: by its id, the beginning of it that no other run shares, or `latest`,
    /// the newest run that was begun.
    ///
    /// # Errors
    /// [`FolderError::NoRuns`], [`FolderError::Unknown`], [`FolderError::Ambiguous`], [`FolderError::Io`]
    pub fn find(&self, wanted: &str) -> Result<RunFolder, FolderError> {
        let mut ids = self.ids()?;
        if ids.iter().any(|id| id == wanted) {
            return Ok(self.run(wanted.to_owned()));
        }
        if wanted == run_id::LATEST {
            let newest = self.runs()?.pop().filter(|run| run.begun().is_some());
            return newest.ok_or_else(|| FolderError::NoRuns { root: self.root.clone() });
        }
        let mut meant: Vec<_> = ids.iter().filter(|id| id.starts_with(wanted)).cloned().collect();
        match meant.len() {
            1 => Ok(self.run(meant.remove(0))),
            0 if ids.is_empty() => Err(FolderError::NoRuns { root: self.root.clone() }),
            0 => {
                let distance = |id: &String| strsim::osa_distance(id, wanted);
                ids.sort_by_cached_key(|id| (distance(id), id.clone()));
                Err(FolderError::Unknown { wanted: wanted.to_owned(), nearest: ids.remove(0) })
            }
            _ => Err(FolderError::Ambiguous { wanted: wanted.to_owned(), candidates: meant }),
        }
    }

    /// Makes the folder of a new run, with its inbox. Without an id it gets one like `20261120-2210-k3`. The
    /// run is begun when its journal is created, which comes after everything else that is frozen.
    ///
    /// # Errors
    /// [`FolderError::BadId`], [`FolderError::Taken`], [`FolderError::Io`]
    pub fn new_run(&self, id: Option<&str>, now: Timestamp) -> Result<RunFolder, FolderError> {
        if let Some(id) = id {
            let bad = |reason| FolderError::BadId { id: id.to_owned(), reason };
            run_id::check(id).map_err(bad)?;
        }
        self.create()?;
        let mut random_digits = 2;
        loop {
            let next = || run_id::generate(now, random_digits);
            let run = self.run(id.map_or_else(next, str::to_owned));
            match make_new_folder(&run.path) {
                Ok(()) => {
                    let inbox = run.inbox();
                    make_new_folder(&inbox).map_err(|error| FolderError::io(&inbox, error))?;
                    return Ok(run);
                }
                Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
                    return Err(FolderError::io(&run.path, error));
                }
                Err(_) if id.is_some() => {
                    let never_begun = run.begun().is_none().then_some(run.path);
                    return Err(FolderError::Taken { id: run.id, never_begun });
                }
                Err(_) => random_digits += 1,
            }
        }
    }

    fn runs_folder(&self) -> PathBuf {
        self.root.join("runs")
    }

    /// The folder of the run with that id. It need not exist.
    pub fn run_folder(&self, id: &str) -> RunFolder {
        self.run(id.to_owned())
    }

    fn run(&self, id: String) -> RunFolder {
        RunFolder { path: self.runs_folder().join(&id), id }
    }

    /// The ids of all runs, sorted. What else lies in the folder is none.
    fn ids(&self) -> Result<Vec<String>, FolderError> {
        let runs = self.runs_folder();
        let failed = |error| FolderError::io(&runs, error);
        let entries = match fs::read_dir(&runs) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(failed(error)),
        };
        let mut ids = Vec::new();
        for entry in entries {
            let entry = entry.map_err(failed)?;
            let Ok(id) = entry.file_name().into_string() else { continue };
            if run_id::check(&id).is_ok() && entry.path().is_dir() {
                ids.push(id);
            }
        }
        ids.sort_unstable();
        Ok(ids)
    }
}

/// The folder of one run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunFolder {
    path: PathBuf,
    id: String,
}

impl RunFolder {
    /// The run whose folder is at `path`, as the keeper is told. The folder's name is the run's id.
    pub fn at(path: &Path) -> Self {
        let id = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        Self { path: path.to_owned(), id }
    }

    /// The id of the run.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The folder itself.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// When the run was begun, by the first line of its journal; nothing where it never was.
    pub fn begun(&self) -> Option<Timestamp> {
        begun(&self.journal())
    }

    /// The journal: everything else about a run is derived from it.
    pub fn journal(&self) -> PathBuf {
        self.path.join("journal.jsonl")
    }

    /// The runbook as it was when the run was begun.
    pub fn runbook(&self) -> PathBuf {
        self.path.join("runbook.yaml")
    }

    /// The folder of the drivers as they were when the run was begun.
    pub fn drivers(&self) -> PathBuf {
        self.path.join("drivers")
    }

    /// The parameters of the run.
    pub fn params(&self) -> PathBuf {
        self.path.join("params.json")
    }

    /// The file whose lock the executor holds. It holds no data.
    pub fn run_lock(&self) -> PathBuf {
        self.path.join("run.lock")
    }

    /// Who holds the lock.
    pub fn run_holder(&self) -> PathBuf {
        self.path.join("run.holder.json")
    }

    /// The folder through which other processes reach a living executor.
    pub fn inbox(&self) -> PathBuf {
        self.path.join("inbox")
    }

    /// The file whose lock the keeper holds. It holds no data.
    pub fn keeper_lock(&self) -> PathBuf {
        self.path.join("keeper.lock")
    }

    /// The socket on which the keeper listens.
    pub fn keeper_socket(&self) -> PathBuf {
        self.path.join("keeper.sock")
    }

    /// What the keeper writes down of starts and ends.
    pub fn exits(&self) -> PathBuf {
        self.path.join("exits")
    }

    /// The folder of the folders of all tasks.
    pub fn tasks(&self) -> PathBuf {
        self.path.join("tasks")
    }

    /// The folder of one attempt of a task. It is there only where there is something to keep.
    pub fn task(&self, task: &str, attempt: u32) -> PathBuf {
        let mut path = self.tasks();
        path.push(encode(task));
        path.push(attempt.to_string());
        path
    }

    /// Returns once the entries of the folder are on disk.
    ///
    /// # Errors
    /// [`FolderError::Io`]
    pub fn sync(&self) -> Result<(), FolderError> {
        sync_folder(&self.path).map_err(|error| FolderError::io(&self.path, error))
    }
}

/// Why a run has no folder, or which it is cannot be said. Shown in full by `Display`; the last line holds the
/// next command to type.
#[derive(Debug)]
pub enum FolderError {
    /// Nothing says where the state folder is.
    NoHome,
    /// A run cannot have this id.
    BadId {
        /// The id.
        id: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// There is a run with this id.
    Taken {
        /// The id.
        id: String,
        /// Its folder, where it has no journal.
        never_begun: Option<PathBuf>,
    },
    /// There are no runs.
    NoRuns {
        /// The state folder.
        root: PathBuf,
    },
    /// No run has such an id.
    Unknown {
        /// What was asked for.
        wanted: String,
        /// The id that resembles it most.
        nearest: String,
    },
    /// Several runs have ids that begin so.
    Ambiguous {
        /// What was asked for.
        wanted: String,
        /// Their ids, sorted.
        candidates: Vec<String>,
    },
    /// The folder could not be made or read.
    Io {
        /// The folder.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
}

impl FolderError {
    fn io(path: &Path, error: io::Error) -> Self {
        Self::Io { path: path.to_owned(), error }
    }
}

/// How many candidates are named before the rest is only counted.
const NAMED_MAX: usize = 8;

impl fmt::Display for FolderError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoHome => {
                f.write_str("it is not known where runs are kept: `$HOME` is not set")?;
                f.write_str("\n  give `--state-dir FOLDER`, or set `WINDLASS_STATE_DIR`")
            }
            Self::BadId { id, reason } => {
                write!(f, "`{id}` cannot be the id of a run: {reason}")?;
                f.write_str("\n  leave out `--run-id`, and the run gets an id of its own")
            }
            Self::Taken { id, never_begun: Some(path) } => {
                let path = path.to_string_lossy();
                let quoted = shlex::try_quote(&path).unwrap_or_default();
                write!(f, "there is a run `{id}` already, which was never begun")?;
                write!(f, "\n  `rm -r {quoted}` removes it, unless it is being begun just now")
            }
            Self::Taken { id, never_begun: None } => {
                write!(f, "there is a run `{id}` already")?;
                write!(
                    f,
                    "\n  `windlass status {id}` shows it, `windlass resume {id}` continues it"
                )
            }
            Self::NoRuns { root } => {
                write!(f, "there are no runs in `{}`", root.display())?;
                f.write_str("\n  `windlass run RUNBOOK` starts one")
            }
            Self::Unknown { wanted, nearest } => {
                write!(f, "there is no run `{wanted}`; the nearest is `{nearest}`")?;
                f.write_str("\n  `windlass runs` lists them")
            }
            Self::Ambiguous { wanted, candidates } => {
                write!(f, "`{wanted}` is the beginning of {} ids:", candidates.len())?;
                for candidate in candidates.iter().take(NAMED_MAX) {
                    write!(f, " `{candidate}`")?;
                }
                if candidates.len() > NAMED_MAX {
                    write!(f, " and {} more", candidates.len() - NAMED_MAX)?;
                }
                f.write_str("\n  give more of it; `windlass runs` lists them")
            }
            Self::Io { path, error } => write!(f, "cannot use `{}`: {error}", path.display()),
        }
    }
}

impl std::error::Error for FolderError {}
