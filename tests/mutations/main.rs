//! Runbooks as authors break them: each line of the shipped ones is spoilt in every way that applies, one at a time.
//!
//! Whatever was done, there is no panic, and an error stands on the line that was spoilt; where it cannot, that is an exception with a
//! reason. `WINDLASS_MUTATIONS=all` takes all of them, which takes minutes; else each so many-th is taken.

#![expect(clippy::unwrap_used, reason = "what a test cannot do without may stop it")]

mod exceptions;
mod ways;

use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::panic::catch_unwind;
use std::path::Path;

use indexmap::IndexMap;
use windlass::diag::{Diagnostic, Severity, Source};
use windlass::spec::load;

use self::exceptions::{FINE, MISPLACED};
use self::ways::{Mutant, Way};

const RUNBOOKS: [&str; 3] =
    ["move-mailboxes.yaml", "clone-organisation.yaml", "migrate-postoffice.yaml"];
const DRIVER: &str = "drivers/maillab.yaml";

/// Each mutant of so many is taken; it has no divisor in common with how many ways apply to most lines.
const STEP: usize = 11;

fn shipped(name: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("runbooks");
    fs::read_to_string(folder.join(name)).unwrap()
}

/// What is said of a shipped file with another text; a driver is loaded by a runbook that uses it.
fn said(file: &str, text: &str) -> Vec<Diagnostic> {
    let mine = Source::new(file, text);
    let (runbook, driver) = match file == DRIVER {
        true => (Source::new(RUNBOOKS[0], shipped(RUNBOOKS[0])), mine),
        false => (mine, Source::new(DRIVER, shipped(DRIVER))),
    };
    match load::load_from(runbook, IndexMap::from([("mail".to_owned(), driver)])) {
        Ok(loaded) => loaded.warnings,
        Err(wrong) => wrong,
    }
}

/// File and line of an error, the line counted from 1.
fn place(error: &Diagnostic) -> Option<(String, usize)> {
    let span = error.span.as_ref()?;
    Some((span.source.path.to_string_lossy().into_owned(), span.begin().line))
}

fn mutants() -> Vec<(&'static str, Mutant)> {
    let files = RUNBOOKS.into_iter().chain([DRIVER]);
    let all: Vec<_> = files
        .flat_map(|file| ways::mutants(&shipped(file)).into_iter().map(move |one| (file, one)))
        .collect();
    assert!(all.len() > 5_000, "the shipped files offer {} mutants", all.len());
    let step = if env::var_os("WINDLASS_MUTATIONS").is_some() { 1 } else { STEP };
    all.into_iter().step_by(step).collect()
}

#[test]
fn an_error_stands_on_the_line_that_was_spoilt() {
    let mut wrong = Vec::new();
    let mut broken: BTreeMap<Way, usize> = BTreeMap::new();
    let mutants = mutants();
    for (file, mutant) in &mutants {
        let name = format!("{:?} {file}:{}: {}", mutant.way, mutant.line, mutant.spoilt.trim_end());
        let Ok(told) = catch_unwind(|| said(file, &mutant.text)) else {
            wrong.push(format!("{name}: panics"));
            continue;
        };
        let errors: Vec<&Diagnostic> =
            told.iter().filter(|one| one.severity == Severity::Error).collect();
        let here = Some(((*file).to_owned(), mutant.line));
        let stands_here = errors.iter().any(|error| place(error) == here);
        let excused = |list: &[exceptions::Exception]| list.iter().any(|one| one.fits(mutant));
        match errors.first() {
            None if !excused(FINE) => wrong.push(format!("{name}: nothing is said")),
            Some(first) if !stands_here && !excused(MISPLACED) => {
                let at = place(first).map(|(file, line)| format!("{file}:{line}"));
                wrong.push(format!("{name}: said at {at:?}: {}", first.message));
            }
            None => {}
            Some(_) => *broken.entry(mutant.way).or_default() += 1,
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), mutants.len(), wrong.join("\n"));
    let total: usize = broken.values().sum();
    assert!(total >= 400, "{broken:?}");
    println!("{total} of {} mutants were broken: {broken:?}", mutants.len());
}
