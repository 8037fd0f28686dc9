//! Checking a file by itself, runbook or driver, and placing what is found wrong later.
//!
//! Does not know values of parameters.

use std::path::Path;
use std::sync::Arc;

use indexmap::IndexMap;

use super::{DriverChoice, Loaded, Loader, check, load, read};
use crate::diag::{Diagnostic, Source};
use crate::spec::decode::{self, Decoder};
use crate::spec::finding::{Finding, Where, diagnose};
use crate::spec::model::{Driver, Place};

/// What a file turned out to be.
pub enum Checked {
    /// A runbook that may run.
    Runbook(Box<Loaded>),
    /// A driver without errors, and its text.
    Driver(Driver, Arc<Source>),
    /// Neither: everything that is wrong with it.
    Wrong(Vec<Diagnostic>),
}

/// Loads a file, which is a driver if it has the key `driver`, and else a runbook with its drivers.
#[must_use]
pub fn open_file(path: &Path, choices: &[DriverChoice]) -> Checked {
    match read(path) {
        Ok(source) if source.text.lines().any(|line| line.starts_with("driver:")) => {
            open_driver(source)
        }
        Ok(_) => load(path, choices)
            .map_or_else(Checked::Wrong, |loaded| Checked::Runbook(Box::new(loaded))),
        Err(refused) => Checked::Wrong(refused.into_diagnostics(path)),
    }
}

fn open_driver(source: Source) -> Checked {
    let mut loader = Loader::new(source);
    let mut driver = None;
    if let Some(document) = loader.parse(0) {
        let none = IndexMap::new();
        let decoder = Decoder::new(0, &mut loader.findings, &none);
        driver = decode::driver(decoder, document.root);
        if let Some(driver) = &driver {
            check::check_driver(driver, &mut loader.findings);
        }
    }
    let sound = loader.findings.errors() == 0;
    let diagnostics = loader.findings.into_diagnostics(&loader.sources);
    match driver {
        Some(driver) if sound && diagnostics.is_empty() => {
            Checked::Driver(driver, loader.sources.swap_remove(0))
        }
        _ => Checked::Wrong(diagnostics),
    }
}

/// Something that turned out to be wrong with a runbook that was sound by itself.
#[must_use]
pub fn diagnostic(
    code: &'static str,
    message: &str,
    at: Option<Place>,
    sources: &[Arc<Source>],
) -> Vec<Diagnostic> {
    let at = at.map_or(Where::Nowhere, Where::Value);
    diagnose(vec![Finding::error(code, at, message.to_owned())], sources)
}
