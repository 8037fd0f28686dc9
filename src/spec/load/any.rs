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
use crate::spec::policy::Policy;

/// What a file turned out to be.
pub enum Checked {
    /// A runbook that may run.
    Runbook(Box<Loaded>),
    /// A driver without errors, and its text.
    Driver(Driver, Arc<Source>),
    /// A policy without errors.
    Policy(Policy),
    /// Neither of them: everything that is wrong with it.
    Wrong(Vec<Diagnostic>),
}

/// Loads a file, which is a driver or a policy if it has the key `driver` or `policy`, and else a runbook with its drivers.
#[must_use]
pub fn open_file(path: &Path, choices: &[DriverChoice]) -> Checked {
    match read(path) {
        Ok(source) if has_key(&source, "driver:") => open_driver(source),
        Ok(source) if has_key(&source, "policy:") => open_policy(source),
        Ok(_) => load(path, choices)
            .map_or_else(Checked::Wrong, |loaded| Checked::Runbook(Box::new(loaded))),
        Err(refused) => Checked::Wrong(refused.into_diagnostics(path)),
    }
}

fn has_key(source: &Source, key: &str) -> bool {
    source.text.lines().any(|line| line.starts_with(key))
}

fn open_policy(source: Source) -> Checked {
    let mut loader = Loader::new(source);
    let none = IndexMap::new();
    let document = loader.parse(0);
    let policy = document.and_then(|document| {
        decode::policy(Decoder::new(0, &mut loader.findings, &none), document.root)
    });
    let sound = loader.findings.errors() == 0;
    let diagnostics = loader.findings.into_diagnostics(&loader.sources);
    match policy {
        Some(policy) if sound => Checked::Policy(policy),
        _ => Checked::Wrong(diagnostics),
    }
}

/// Loads a policy, or everything that is wrong with it.
pub fn load_policy(path: &Path) -> Result<Policy, Vec<Diagnostic>> {
    match read(path) {
        Ok(source) => match open_policy(source) {
            Checked::Policy(policy) => Ok(policy),
            Checked::Wrong(diagnostics) => Err(diagnostics),
            Checked::Runbook(_) | Checked::Driver(..) => Err(Vec::new()),
        },
        Err(refused) => Err(refused.into_diagnostics(path)),
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
