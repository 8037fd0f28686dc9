//! Reading a runbook and its parameters for a command, and printing what is wrong with them.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use super::arguments::{Drivers, Given};
use super::failure::{Failure, USAGE};
use crate::diag::render::Colour;
use crate::diag::{self, Diagnostic};
use crate::plan::Plan;
use crate::spec::load::DriverChoice;
use crate::spec::model::Runbook;
use crate::spec::params::Reader as _;
use crate::spec::{codes, load, params};

/// A runbook that is sound.
pub(super) fn load(path: &Path, drivers: &Drivers) -> Result<Runbook, Failure> {
    let choices = choices(drivers)?;
    match load::load(path, &choices) {
        Ok(loaded) => {
            if !loaded.warnings.is_empty() {
                tell(&loaded.warnings);
            }
            Ok(loaded.runbook)
        }
        Err(diagnostics) => Err(say(&diagnostics)),
    }
}

/// `--driver NAME=FILE`, each.
pub(super) fn choices(drivers: &Drivers) -> Result<Vec<DriverChoice>, Failure> {
    let parsed: Result<Vec<DriverChoice>, String> =
        drivers.drivers.iter().map(|given| given.parse()).collect();
    parsed.map_err(|error| Failure::new(USAGE, format!("`--driver`: {error}")))
}

/// The parameters that were given, completed and checked.
pub(super) fn parameters(runbook: &Runbook, given: &Given) -> Result<Map<String, Value>, Failure> {
    let arguments: Result<Vec<params::Given>, String> =
        given.params.iter().map(|argument| argument.parse()).collect();
    let arguments = arguments.map_err(|error| Failure::new(USAGE, format!("`-p`: {error}")))?;
    let files: Vec<PathBuf> = given.params_file.iter().cloned().collect();
    params::resolve(&runbook.params, &arguments, &files, &load::Files)
        .map_err(|problems| say(&load::param_diagnostics(runbook, problems)))
}

/// The names of the parameters that were given, whether the runbook has them or not.
pub(super) fn given_names(runbook: &Runbook, given: &Given) -> Result<BTreeSet<String>, Failure> {
    let mut names = BTreeSet::new();
    for argument in &given.params {
        let parsed: Result<params::Given, String> = argument.parse();
        let parsed = parsed.map_err(|error| Failure::new(USAGE, format!("`-p`: {error}")))?;
        names.insert(parsed.name);
    }
    if let Some(file) = &given.params_file {
        let reader = load::Files;
        let read = reader.read(file).and_then(|text| reader.yaml(&text));
        // What is wrong with the file is told when its values are read.
        if let Ok(Value::Object(values)) = read {
            names.extend(values.into_iter().map(|(name, _)| name));
        } else {
            names.extend(runbook.params.keys().cloned());
        }
    }
    Ok(names)
}

/// The plan of a runbook.
pub(super) fn plan(
    runbook: Runbook,
    params: Map<String, Value>,
    path: &Path,
) -> Result<Plan, Failure> {
    let folder = folder_of(path)?;
    let sources = runbook.sources.clone();
    Plan::new(runbook, params, folder).map_err(|error| {
        say(&load::diagnostic(codes::VAR_FAILS, &error.message, error.at, &sources))
    })
}

/// The folder that a runbook stands in, in full.
fn folder_of(path: &Path) -> Result<PathBuf, Failure> {
    let full = path
        .canonicalize()
        .map_err(|error| Failure::new(USAGE, format!("{}: {error}", path.display())))?;
    Ok(full.parent().map_or_else(|| PathBuf::from("/"), Path::to_path_buf))
}

/// Prints what is wrong, and makes the command fail for it.
pub(super) fn say(diagnostics: &[Diagnostic]) -> Failure {
    tell(diagnostics);
    Failure::said(USAGE)
}

/// Prints diagnostics to standard error.
pub(super) fn tell(diagnostics: &[Diagnostic]) {
    // Whoever closed standard error does not want to know.
    diag::render::to_stderr(diagnostics, Colour::Auto).ok();
}
