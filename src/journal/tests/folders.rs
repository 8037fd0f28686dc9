//! The state folder and the folders of runs.

use std::fs;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use tempfile::{TempDir, tempdir};

use super::sample::at;
use crate::journal::{FolderError, Journal, RunFolder, StateFolder, make_folder, write_file};

fn state() -> (TempDir, StateFolder) {
    let folder = tempdir().unwrap();
    let state = StateFolder::locate(Some(&folder.path().join("a/b"))).unwrap();
    (folder, state)
}

fn begin(state: &StateFolder, id: &str, begun: Timestamp) -> RunFolder {
    let run = state.new_run(Some(id), begun).unwrap();
    Journal::create(&run.journal(), id, begun).unwrap();
    run
}

fn found(state: &StateFolder, wanted: &str) -> Result<String, String> {
    state.find(wanted).map(|run| run.id().to_owned()).map_err(|error| error.to_string())
}

#[test]
fn looking_creates_nothing() {
    let (folder, state) = state();
    assert_eq!(state.runs().unwrap(), []);
    let root = state.root().display();
    let nothing =
        Err(format!("there are no runs in `{root}`\n  `windlass run RUNBOOK` starts one"));
    assert_eq!(found(&state, "latest"), nothing);
    assert_eq!(found(&state, "2026"), nothing);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn a_run_is_found_by_id_by_what_begins_only_it_and_as_the_latest() {
    let (_folder, state) = state();
    // Ids do not sort as their runs were begun.
    begin(&state, "move", at(2));
    begin(&state, "move-b", at(3));
    begin(&state, "20261120-2210-k3", at(1));
    begin(&state, "20261120-2211-k3", at(0));
    let ids: Vec<_> = state.runs().unwrap().iter().map(|run| run.id().to_owned()).collect();
    assert_eq!(ids, ["20261120-2211-k3", "20261120-2210-k3", "move", "move-b"]);
    let is = |id: &str| Ok(id.to_owned());
    assert_eq!(found(&state, "latest"), is("move-b"));
    assert_eq!(found(&state, "move"), is("move"));
    assert_eq!(found(&state, "move-"), is("move-b"));
    assert_eq!(found(&state, "20261120-2211"), is("20261120-2211-k3"));
    assert_eq!(
        found(&state, "20261120"),
        Err("`20261120` is the beginning of 2 ids: `20261120-2210-k3` `20261120-2211-k3`\n  \
             give more of it; `windlass runs` lists them"
            .to_owned())
    );
    assert_eq!(
        found(&state, "20261120-2210-k4"),
        Err("there is no run `20261120-2210-k4`; the nearest is `20261120-2210-k3`\n  \
             `windlass runs` lists them"
            .to_owned())
    );
    for outside in ["../runs/move", "move/", "./move", "/", "move\0"] {
        assert!(matches!(state.find(outside), Err(FolderError::Unknown { .. })), "{outside}");
    }
}

#[test]
fn many_candidates_are_counted() {
    let (_folder, state) = state();
    for number in 10..20 {
        begin(&state, &format!("r{number}"), at(0));
    }
    let error = state.find("r").unwrap_err().to_string();
    assert!(error.starts_with("`r` is the beginning of 10 ids: `r10` `r11`"), "{error}");
    assert!(error.contains("`r17` and 2 more\n"), "{error}");
}

#[test]
fn a_run_that_was_never_begun_is_listed_and_is_not_the_latest() {
    let (_folder, state) = state();
    let empty = state.new_run(Some("empty"), at(9)).unwrap();
    assert!(matches!(state.find("latest"), Err(FolderError::NoRuns { .. })));
    begin(&state, "begun", at(1));
    fs::write(empty.journal(), "").unwrap();
    assert_eq!(empty.begun(), None);
    assert_eq!(state.runs().unwrap().len(), 2);
    assert_eq!(found(&state, "latest"), Ok("begun".to_owned()));
    assert_eq!(found(&state, "empty"), Ok("empty".to_owned()));
}

#[test]
fn what_is_no_run_is_not_listed() {
    let (_folder, state) = state();
    state.create().unwrap();
    let runs = state.root().join("runs");
    fs::write(runs.join("file"), "").unwrap();
    fs::create_dir(runs.join("Not-An-Id")).unwrap();
    fs::create_dir(runs.join(".hidden")).unwrap();
    assert_eq!(state.runs().unwrap(), []);
}

#[test]
fn new_runs_of_one_minute_get_ids_of_their_own() {
    let (_folder, state) = state();
    let now = "2026-11-20T22:10:42Z".parse().unwrap();
    // More than two digits have names for.
    let mut ids: Vec<_> =
        (0..1200).map(|_| state.new_run(None, now).unwrap().id().to_owned()).collect();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 1200);
    assert!(ids.iter().all(|id| id.starts_with("20261120-2210-")));
    assert!(ids.iter().any(|id| id.len() > "20261120-2210-k3".len()));
}

#[test]
fn an_id_is_taken_once() {
    let (_folder, state) = state();
    let run = state.new_run(Some("r1"), at(0)).unwrap();
    let never_begun = state.new_run(Some("r1"), at(0)).unwrap_err().to_string();
    assert!(never_begun.contains("never begun\n  `rm -r /"), "{never_begun}");
    Journal::create(&run.journal(), "r1", at(0)).unwrap();
    assert_eq!(
        state.new_run(Some("r1"), at(0)).unwrap_err().to_string(),
        "there is a run `r1` already\n  `windlass status r1` shows it, `windlass resume r1` continues it"
    );
    assert_eq!(
        state.new_run(Some("../r1"), at(0)).unwrap_err().to_string(),
        "`../r1` cannot be the id of a run: an id has lower case letters, digits and hyphens, and no hyphen \
         at its beginning\n  leave out `--run-id`, and the run gets an id of its own"
    );
}

#[cfg(unix)]
#[test]
fn folders_are_for_their_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let (_folder, state) = state();
    let run = state.new_run(None, at(0)).unwrap();
    for path in [state.root(), run.path(), &run.inbox()] {
        assert_eq!(fs::metadata(path).unwrap().permissions().mode() & 0o777, 0o700, "{path:?}");
    }
}

#[test]
fn the_paths_of_a_run_are_as_documented() {
    let run = RunFolder::at(Path::new("/s/runs/r1"));
    assert_eq!(run.id(), "r1");
    let names = [
        (run.journal(), "journal.jsonl"),
        (run.runbook(), "runbook.yaml"),
        (run.drivers(), "drivers"),
        (run.params(), "params.json"),
        (run.run_lock(), "run.lock"),
        (run.inbox(), "inbox"),
        (run.keeper_lock(), "keeper.lock"),
        (run.keeper_socket(), "keeper.sock"),
        (run.exits(), "exits"),
        (run.task("rca:set", 2), "tasks/rca%3aset/2"),
        (run.task("../../etc", 1), "tasks/%2e.%2f..%2fetc/1"),
    ];
    for (path, name) in names {
        assert_eq!(path, PathBuf::from("/s/runs/r1").join(name));
    }
}

#[test]
fn a_file_is_replaced_as_a_whole() {
    let folder = tempdir().unwrap();
    let below = folder.path().join("x/y");
    make_folder(&below).unwrap();
    make_folder(&below).unwrap();
    let path = below.join("params.json");
    for text in ["first and long", "second"] {
        write_file(&path, text.as_bytes()).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), text);
    }
    assert_eq!(fs::read_dir(&below).unwrap().count(), 1);
    let in_the_way = below.join("file");
    fs::write(&in_the_way, "").unwrap();
    assert!(make_folder(&in_the_way.join("z")).is_err());
    assert!(make_folder(&in_the_way).is_err());
}
