//! An operator at 3 a.m.: reads what `windlass status` says, types what stands under `next`, and knows nothing else but what
//! `runbooks/README.md` tells.
//!
//! Does not look at journals, nor at the laboratory.

use serde_json::Value;

use crate::bench::{Bench, text};

/// So many commands in a row that do not bring a run to its end are too many.
const PATIENCE: usize = 8;

/// What a run has come to.
#[track_caller]
pub(crate) fn status(bench: &Bench, run: &str) -> Value {
    let said = bench.windlass(&["status", run, "--format", "json"]).output().unwrap();
    serde_json::from_slice(&said.stdout).unwrap_or_else(|_| panic!("{}", text(&said.stderr)))
}

/// Brings a run to its end; returns how many commands that took.
#[track_caller]
pub(crate) fn bring_to_its_end(bench: &Bench, run: &str) -> usize {
    for typed in 0..PATIENCE {
        let now = status(bench, run);
        if now["state"] == "succeeded" {
            return typed;
        }
        let next: Vec<&str> =
            now["next"].as_array().unwrap().iter().map(|line| line.as_str().unwrap()).collect();
        let line = choose(&next).unwrap_or_else(|| panic!("nothing leads on: {now:#}"));
        let answered = bench.shell(&line.replace("WHY", "'as the README says'"));
        let refused = answered.status.code() == Some(2) || answered.status.code() == Some(6);
        assert!(!refused, "{line}: {}", text(&answered.stderr));
    }
    panic!("{run} has not come to its end: {:#}", status(bench, run));
}

/// A schedule that somebody else has changed is put back, as the README says; otherwise the run is resumed, which asks the probes.
fn choose<'n>(next: &[&'n str]) -> Option<&'n str> {
    let of_setting = |line: &&&str| line.contains(" rca --as absent ");
    let resume = |line: &&&str| line.starts_with("windlass resume ");
    next.iter().find(of_setting).or_else(|| next.iter().find(resume)).copied()
}
