//! Checking a file by itself, runbook or driver, and placing what is found wrong later.
//!
//! Does not know values of parameters.

use std::path::Path;
use std::sync::Arc;

use indexmap::IndexMap;

use super::{DriverChoice, Loader, check, load, read};
use crate::diag::{Diagnostic, Source};
use crate::spec::decode::{self, Decoder};
use crate::spec::finding::{Finding, Where, diagnose};
use crate::spec::model::Place;

/// Everything that is wrong with a file, which is a driver if it has the key `driver`, and else a runbook with its drivers.
#[must_use]
pub fn check_file(path: &Path, choices: &[DriverChoice]) -> Vec<Diagnostic> {
    match read(path) {
        Ok(source) if source.text.lines().any(|line| line.starts_with("driver:")) => {
            check_driver(source)
        }
        Ok(_) => load(path, choices).map_or_else(|wrong| wrong, |loaded| loaded.warnings),
        Err(refused) => refused.into_diagnostics(path),
    }
}

fn check_driver(source: Source) -> Vec<Diagnostic> {
    let mut loader = Loader::new(source);
    if let Some(document) = loader.parse(0) {
        let none = IndexMap::new();
        let decoder = Decoder::new(0, &mut loader.findings, &none);
        if let Some(driver) = decode::driver(decoder, document.root) {
            check::check_driver(&driver, &mut loader.findings);
        }
    }
    loader.findings.into_diagnostics(&loader.sources)
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
