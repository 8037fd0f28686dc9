//! `windlass plan`: what is told before anything is done, and that nothing is done by telling it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use tempfile::TempDir;

use super::{printed, windlass};

const BOOK: &str = r#"
windlass: 1
name: waves
title: Copies boxes
params:
  boxes: {type: array, items: {type: string}}
  late: {type: boolean, default: false}
settings:
  schedule:
    get: {run: [cat, schedule]}
    set: {shell: 'printf %s "$V" > schedule', env: {V: "{{ value }}"}}
    to: never
    around: [each]
steps:
  look: {effect: read, run: [echo, "[1]"], outputs: {found: "{{ out.json }}"}}
  each:
    needs: [look]
    for_each: {items: params.boxes, as: box, parallel: 2}
    locks: ["box:{{ box }}"]
    steps:
      copy: {title: Copy it, kind: backup, effect: idempotent, run: [echo, "{{ box }}"]}
      check: {needs: [copy], effect: read, run: [echo, "{{ steps.copy.status }}"]}
  later: {needs: [each], when: params.late, effect: read, run: [echo, late]}
  never: {needs: [look], when: params.late and steps.look.outputs.found, effect: read, run: [echo, never]}
  found: {needs: [look], when: "steps.look.outputs.found | length > 0", effect: read, run: [echo, found]}
"#;

fn book(text: &str) -> TempDir {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("book.yaml"), text).unwrap();
    fs::write(folder.path().join("schedule"), "always").unwrap();
    folder
}

fn plan(here: &Path, more: &[&str]) -> Value {
    let words = [&["plan", "book.yaml", "--format", "json"], more].concat();
    serde_json::from_str(&printed(here, &words)).unwrap()
}

pub(crate) fn task<'a>(plan: &'a Value, id: &str) -> &'a Value {
    let mut tasks = plan["tasks"].as_array().unwrap().iter();
    tasks.find(|task| task["id"] == id).unwrap_or_else(|| panic!("no {id} in {plan:#}"))
}

/// Every file and folder below a folder, with what the files hold.
pub(crate) type Files = BTreeMap<PathBuf, Option<Vec<u8>>>;

pub(crate) fn files_below(folder: &Path) -> Files {
    let mut found = Files::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path.clone());
                found.insert(path, None);
            } else {
                found.insert(path.clone(), Some(fs::read(&path).unwrap()));
            }
        }
    }
    found
}

/// Returns once the keeper of the only run has taken its files away and gone.
fn keeper_has_gone(here: &Path) {
    let run = fs::read_dir(here.join("state/runs")).unwrap().next().unwrap().unwrap().path();
    while windlass::lock::FileLock::is_held(&run.join("keeper.lock")).unwrap() {
        std::thread::yield_now();
    }
}

/// What is not the same any more.
pub(crate) fn differences(before: &Files, after: &Files) -> Vec<PathBuf> {
    let all = before.keys().chain(after.keys()).collect::<BTreeSet<_>>().into_iter();
    all.filter(|path| before.get(*path) != after.get(*path)).cloned().collect()
}

#[test]
fn waves_follow_from_needs_and_from_how_many_items_are_open_at_a_time() {
    let folder = book(BOOK);
    let plan = plan(folder.path(), &["-p", "boxes=[a, b, c]"]);
    let waves: Vec<(&str, Option<u64>)> = plan["tasks"]
        .as_array()
        .unwrap()
        .iter()
        .map(|task| (task["id"].as_str().unwrap(), task["wave"].as_u64()))
        .collect();
    assert_eq!(
        waves,
        [
            ("look", Some(1)),
            ("each[a].copy", Some(2)),
            ("each[a].check", Some(3)),
            ("each[b].copy", Some(2)),
            ("each[b].check", Some(3)),
            ("each[c].copy", Some(4)),
            ("each[c].check", Some(5)),
            ("later", None),
            ("never", None),
            ("found", Some(2)),
        ]
    );
    let copy = task(&plan, "each[a].copy");
    assert_eq!(copy["locks"], Value::from(vec!["box:a"]));
    assert_eq!(copy["settings"], Value::from(vec!["schedule"]));
}

#[test]
fn what_hangs_on_an_outcome_is_unknown_and_what_cannot_change_is_not() {
    let folder = book(BOOK);
    let known = plan(folder.path(), &["-p", "boxes=[a]"]);
    assert_eq!(task(&known, "never")["verdict"], "skip", "a false part decides");
    assert_eq!(task(&known, "found")["unknown_until"], "look");
    assert_eq!(task(&known, "each[a].check")["unknown_until"], "each[a].copy");
    assert_eq!(task(&known, "each[a].check")["argv"], Value::Null);
    let known = plan(folder.path(), &["-p", "boxes=[a]", "-p", "late=true"]);
    assert_eq!(task(&known, "never")["unknown_until"], "look");
    assert_eq!(task(&known, "later")["reason"], "its `when` is true: params.late");
}

#[test]
fn what_needs_something_that_cannot_end_well_is_told() {
    let folder = book(
        r#"
windlass: 1
name: stops
params: {free: {type: integer}}
steps:
  room: {assert: [{that: params.free > 10, message: there is no room}]}
  copy: {needs: [room], effect: read, run: [echo, copy]}
  report: {after: [copy], effect: read, run: [echo, report]}
"#,
    );
    let full = plan(folder.path(), &["-p", "free=1"]);
    assert_eq!(task(&full, "room")["reason"], "there is no room");
    assert_eq!(task(&full, "copy")["verdict"], "stop");
    assert_eq!(task(&full, "copy")["reason"], "it needs room, which will not end well");
    assert_eq!(task(&full, "report")["verdict"], "will_run");
    let roomy = plan(folder.path(), &["-p", "free=11"]);
    assert_eq!(task(&roomy, "copy")["verdict"], "will_run");
}

#[test]
fn a_plan_changes_no_byte_and_knows_how_long_it_took_before() {
    let folder = book(BOOK);
    let here = folder.path();
    let words = ["plan", "book.yaml", "-p", "boxes=[a, b, c]"];
    let told = printed(here, &words);
    assert!(!told.contains("usually") && !told.contains("by earlier runs"), "{told}");
    assert!(!here.join("state").exists(), "nothing was made");
    printed(here, &["run", "book.yaml", "-p", "boxes=[x]"]);
    keeper_has_gone(here);
    let before = files_below(here);
    assert!(before.keys().any(|path| path.ends_with("journal.jsonl")));
    let told = printed(here, &words);
    for line in [
        "each[a].copy  [idempotent, backup, usually ",
        "by earlier runs: ",
        "   2  each[…].copy × 2, found\n",
        "   4  each[c].copy\n",
        "      Copy it\n      $ echo a\n",
        "      boxes = [\"a\",\"b\",\"c\"]\n",
        "while changed for a time: schedule",
        "its `when` is false: params.late\n",
    ] {
        assert!(told.contains(line), "{line}: {told}");
    }
    windlass(here, &["plan", "book.yaml"]);
    plan(here, &["-p", "boxes=[a]"]);
    assert_eq!(differences(&before, &files_below(here)), Vec::<PathBuf>::new());
}
