//! Every runbook that is shipped is rehearsed, with the drivers that it names.

use std::path::{Path, PathBuf};

use crate::bench::{rehearse, texts};

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

/// Q252869: the second attempt deletes the mailbox. The rehearsal does not know that, but it shows that there is one.
#[test]
fn a_move_that_says_that_it_is_idempotent_is_shown_to_be_done_again() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/naive/retried-move.yaml");
    let again = texts(&rehearse(&path, &[]).report["done_again"]);
    assert_eq!(again, ["mailboxes.backup", "mailboxes.move"]);
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("runbooks/move-mailboxes.yaml");
    let again = texts(&rehearse(&shipped, &[]).report["done_again"]);
    assert!(!again.iter().any(|step| step.ends_with(".move")), "{again:?}");
}
