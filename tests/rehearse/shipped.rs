//! Every runbook that is shipped is rehearsed, with the drivers that it names.

use std::path::{Path, PathBuf};

use crate::bench::rehearse;

/// Runbooks in a folder of the project.
fn runbooks(folder: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut paths: Vec<PathBuf> =
        entries.filter(|path| path.extension().is_some_and(|end| end == "yaml")).collect();
    paths.sort();
    assert!(!paths.is_empty());
    paths
}

#[test]
fn shipped_runbooks_keep_every_promise() {
    for path in runbooks("runbooks") {
        println!("{}", path.display());
        let rehearsed = rehearse(&path, &["--pairs", "500"]);
        rehearsed.keeps_every_promise();
        assert!(rehearsed.report["trials"].as_u64().unwrap() > 500, "{}", path.display());
    }
}

/// What is wrong with these is that they lie about their commands, which no simulation can see; windlass keeps its promises all
/// the same.
#[test]
fn naive_runbooks_are_wrong_in_ways_that_only_the_laboratory_shows() {
    for path in runbooks("examples/naive") {
        println!("{}", path.display());
        rehearse(&path, &["--pairs", "200"]).keeps_every_promise();
    }
}
