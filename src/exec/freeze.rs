//! Freezing a run's runbook, drivers and parameters into its folder, and thawing them again.
//!
//! A run never looks at the author's files again; what it was started with is what it is resumed with.

use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use indexmap::IndexMap;
use serde_json::{Map, Value};

use crate::core::record::{Adopted, Record};
use crate::diag::{Diagnostic, Source};
use crate::journal::{self, Entry, RunFolder};
use crate::plan::Plan;
use crate::spec::load;
use crate::spec::model::Runbook;

/// The files of a run, as they are frozen.
#[derive(Debug)]
pub struct Frozen {
    /// The plan, with `vars` as they were computed at the start.
    pub plan: Plan,
    /// Whether the run has changed its runbook, so that its journal may speak of tasks that the plan does not have.
    pub adopted: bool,
}

/// Why a run's own files cannot be read or written.
#[derive(Debug)]
pub enum FreezeError {
    /// The system says no.
    Io {
        /// Which file.
        path: PathBuf,
        /// What it says.
        error: io::Error,
    },
    /// The frozen runbook is not sound, or not for this version.
    Unsound(Vec<Diagnostic>),
    /// A frozen file does not hold what it should.
    Malformed {
        /// Which file.
        path: PathBuf,
        /// What is wrong.
        error: String,
    },
    /// The journal does not begin with the opening of a run.
    NotOpened,
}

impl fmt::Display for FreezeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io { path, error } => write!(f, "{}: {error}", path.display()),
            Self::Unsound(_) => write!(f, "the frozen runbook of the run cannot be understood"),
            Self::Malformed { path, error } => write!(f, "{}: {error}", path.display()),
            Self::NotOpened => write!(f, "the journal does not begin with the opening of a run"),
        }
    }
}

impl std::error::Error for FreezeError {}

/// The texts that a runbook was made of.
#[derive(Debug, Clone)]
pub struct Texts {
    runbook: Arc<Source>,
    drivers: Vec<(String, Arc<Source>)>,
}

impl Texts {
    /// The texts of a runbook.
    #[must_use]
    pub fn of(runbook: &Runbook) -> Self {
        let driver = |(name, driver): (&String, &Arc<crate::spec::model::Driver>)| {
            (name.clone(), runbook.sources[driver.file as usize].clone())
        };
        Self {
            runbook: runbook.sources[0].clone(),
            drivers: runbook.drivers.iter().map(driver).collect(),
        }
    }
}

/// Writes the texts of a runbook and its parameters into a new run's folder; they are on disk afterwards.
///
/// # Errors
/// If a file cannot be written.
pub fn freeze(folder: &RunFolder, texts: &Texts, params: &Value) -> Result<(), FreezeError> {
    write_texts(folder.path(), texts)?;
    let bytes = serde_json::to_vec_pretty(params).unwrap_or_default();
    write(&folder.params(), &bytes)
}

/// Writes a runbook that takes the place of the one in force, and returns the folder's name inside the run's folder.
///
/// # Errors
/// If a file cannot be written.
pub fn freeze_again(folder: &RunFolder, texts: &Texts, number: u32) -> Result<String, FreezeError> {
    let name = format!("runbook-{number}");
    let path = folder.path().join(&name);
    journal::make_folder(&path).map_err(|error| FreezeError::Io { path: path.clone(), error })?;
    write_texts(&path, texts)?;
    Ok(name)
}

fn write_texts(folder: &Path, texts: &Texts) -> Result<(), FreezeError> {
    write(&folder.join("runbook.yaml"), texts.runbook.text.as_bytes())?;
    let drivers = folder.join("drivers");
    if !texts.drivers.is_empty() {
        journal::make_folder(&drivers)
            .map_err(|error| FreezeError::Io { path: drivers.clone(), error })?;
    }
    for (name, source) in &texts.drivers {
        write(&drivers.join(format!("{name}.yaml")), source.text.as_bytes())?;
    }
    Ok(())
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), FreezeError> {
    journal::write_file(path, bytes)
        .map_err(|error| FreezeError::Io { path: path.to_owned(), error })
}

/// Reads the plan of a run back from its folder, as its journal says it is in force.
///
/// # Errors
/// If a file cannot be read or is not what was frozen.
pub fn thaw(folder: &RunFolder, entries: &[Entry<Record>]) -> Result<Frozen, FreezeError> {
    let opened = entries.iter().find_map(|entry| match &entry.record {
        Record::Opened(opened) => Some(opened),
        _ => None,
    });
    let opened = opened.ok_or(FreezeError::NotOpened)?;
    let adopted: Option<&Adopted> = entries.iter().rev().find_map(|entry| match &entry.record {
        Record::Resumed { runbook: Some(runbook), .. } => Some(runbook.as_ref()),
        _ => None,
    });
    let texts = adopted
        .map_or_else(|| folder.path().to_owned(), |adopted| folder.path().join(&adopted.folder));
    let runbook = thaw_runbook(&texts)?;
    let params = read_map(&folder.params())?;
    let vars = opened.vars.as_object().cloned().unwrap_or_default();
    let plan = Plan::with_vars(runbook, params, vars, PathBuf::from(&opened.folder));
    Ok(Frozen { plan, adopted: adopted.is_some() })
}

fn thaw_runbook(folder: &Path) -> Result<Runbook, FreezeError> {
    let drivers = folder.join("drivers");
    let mut texts = IndexMap::new();
    match fs::read_dir(&drivers) {
        Ok(entries) => {
            for path in entries.filter_map(|entry| entry.ok().map(|entry| entry.path())) {
                if let Some(name) = path.file_stem().and_then(|stem| stem.to_str()) {
                    texts.insert(name.to_owned(), source(&path)?);
                }
            }
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(FreezeError::Io { path: drivers, error }),
    }
    let runbook = source(&folder.join("runbook.yaml"))?;
    load::load_from(runbook, texts).map(|loaded| loaded.runbook).map_err(FreezeError::Unsound)
}

fn source(path: &Path) -> Result<Source, FreezeError> {
    let text = fs::read_to_string(path)
        .map_err(|error| FreezeError::Io { path: path.to_owned(), error })?;
    Ok(Source::new(path, text))
}

fn read_map(path: &Path) -> Result<Map<String, Value>, FreezeError> {
    let bytes = fs::read(path).map_err(|error| FreezeError::Io { path: path.to_owned(), error })?;
    serde_json::from_slice(&bytes)
        .map_err(|error| FreezeError::Malformed { path: path.to_owned(), error: error.to_string() })
}
