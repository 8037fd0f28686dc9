//! `windlass plan --out` and `windlass run PLANFILE`: what was reviewed is run, and nothing else.

use std::fs;
use std::path::Path;

use serde_json::Value;
use tempfile::TempDir;

use super::{printed, windlass};

const BOOK: &str = r#"
windlass: 1
name: reviewed
params: {boxes: {type: array, items: {type: string}}}
drivers: {mail: driver.yaml}
steps:
  each:
    for_each: {items: params.boxes, as: box}
    uses: mail.mark
    with: {box: "{{ box }}"}
"#;

const DRIVER: &str = r#"
windlass: 1
driver: mail
actions:
  mark:
    inputs: {box: {type: string}}
    effect: once
    run: [sh, -c, 'echo "$0" >> marked', "{{ inputs.box }}"]
    locks: ["box:{{ inputs.box }}"]
    probe:
      run: [sh, -c, 'cat world', "{{ inputs.box }}"]
      states: {done: 'out.stdout == "done"', absent: 'out.stdout == "absent"'}
"#;

/// A folder with a runbook, its driver, a file of parameters, and a world in which nothing has happened.
fn bench() -> TempDir {
    let folder = TempDir::new().unwrap();
    for (name, text) in
        [("book.yaml", BOOK), ("driver.yaml", DRIVER), ("boxes.txt", "a\nb\n"), ("world", "absent")]
    {
        fs::write(folder.path().join(name), text).unwrap();
    }
    folder
}

fn plan(here: &Path, more: &[&str]) {
    let words = ["plan", "book.yaml", "-p", "boxes=@boxes.txt", "--out", "it.plan"];
    printed(here, &[&words, more].concat());
}

/// What is said when the plan is refused; nothing may have been started.
#[track_caller]
fn refused(here: &Path) -> String {
    let output = windlass(here, &["run", "it.plan"]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(6), "{said}");
    assert!(!here.join("marked").exists() && !here.join("state").exists(), "{said}");
    assert!(
        said.starts_with("error: the plan `it.plan` is stale: nothing was started\n"),
        "{said}"
    );
    let again = format!("`windlass plan {}/book.yaml -p ", here.display());
    assert!(said.contains(&again) && said.contains("--out it.plan` makes it anew"), "{said}");
    said
}

#[test]
fn a_plan_is_run_as_it_was_reviewed_from_any_folder() {
    let folder = bench();
    let here = folder.path();
    plan(here, &["--probe"]);
    let kept: Value = serde_json::from_slice(&fs::read(here.join("it.plan")).unwrap()).unwrap();
    let shown = printed(
        here,
        &["plan", "book.yaml", "-p", "boxes=@boxes.txt", "--probe", "--format", "json"],
    );
    assert_eq!(kept["plan"], serde_json::from_str::<Value>(&shown).unwrap());
    fs::create_dir(here.join("elsewhere")).unwrap();
    // One after the other, so that the marks stand in the order of the items.
    printed(&here.join("elsewhere"), &["run", "../it.plan", "--jobs", "1"]);
    assert_eq!(fs::read_to_string(here.join("marked")).unwrap(), "a\nb\n");
}

#[test]
fn what_it_was_made_from_may_not_have_changed() {
    for (file, before, after, told) in [
        ("book.yaml", "\nsteps:", "\n\nsteps:", "book.yaml` has changed"),
        ("driver.yaml", "echo \"$0\"", "echo \"[$0]\"", "task each[a] was `sh -c 'echo \"$0\""),
        (
            "boxes.txt",
            "b\n",
            "b\nc\n",
            "parameter `boxes` was [\"a\",\"b\"] and is [\"a\",\"b\",\"c\"]",
        ),
        ("boxes.txt", "b\n", "", "task each[b] is gone"),
        ("boxes.txt", "b\n", "c\n", "task each[c] is new"),
    ] {
        let folder = bench();
        let here = folder.path();
        plan(here, &[]);
        let text = fs::read_to_string(here.join(file)).unwrap();
        assert!(text.contains(before), "{file}");
        fs::write(here.join(file), text.replace(before, after)).unwrap();
        let said = refused(here);
        assert!(said.contains(told), "{told}: {said}");
        // What was changed back is what was reviewed.
        fs::write(here.join(file), text).unwrap();
        printed(here, &["run", "it.plan"]);
    }
}

#[test]
fn with_probes_the_world_may_not_have_changed_either() {
    let folder = bench();
    let here = folder.path();
    plan(here, &["--probe"]);
    fs::write(here.join("world"), "done").unwrap();
    let said = refused(here);
    assert!(said.contains("task each[a]: its probe found `absent` and finds `done` now"), "{said}");
    fs::write(here.join("world"), "neither").unwrap();
    assert!(refused(here).contains("no state of its probe holds"));
    // A plan without probes says nothing of the world: the run itself asks before each start.
    plan(here, &[]);
    fs::write(here.join("world"), "done").unwrap();
    printed(here, &["run", "it.plan"]);
    assert!(!here.join("marked").exists(), "each was found done");
}

#[test]
fn a_plan_takes_no_other_parameters_and_the_place_of_nothing_else() {
    let folder = bench();
    let here = folder.path();
    plan(here, &[]);
    plan(here, &[]);
    let more = windlass(here, &["run", "it.plan", "-p", "boxes=[z]"]);
    assert_eq!(more.status.code(), Some(2));
    let over = ["plan", "book.yaml", "-p", "boxes=[]", "--out", "book.yaml"];
    assert_eq!(windlass(here, &over).status.code(), Some(2));
    assert_eq!(fs::read_to_string(here.join("book.yaml")).unwrap(), BOOK);
    let text = fs::read_to_string(here.join("it.plan")).unwrap();
    for (damaged, told) in [
        (text.replace("\"windlass_plan\": 1", "\"windlass_plan\": 2"), "a plan of form 2"),
        (text[..text.len() / 2].to_owned(), "is damaged"),
        (text[..1].to_owned(), "is damaged"),
        (text[..9].to_owned(), "is damaged"),
        (text.replace("\"verdict\"", "\"verdigris\""), "is damaged"),
    ] {
        fs::write(here.join("it.plan"), damaged).unwrap();
        let output = windlass(here, &["run", "it.plan"]);
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.code() == Some(2) && said.contains(told), "{told}: {said}");
    }
    assert!(!here.join("state").exists());
}

#[test]
fn a_plan_is_written_over_nothing_that_is_somebody_elses() {
    let folder = bench();
    let here = folder.path();
    fs::write(here.join("real"), "precious").unwrap();
    fs::create_dir(here.join("folder")).unwrap();
    std::os::unix::fs::symlink("real", here.join("link")).unwrap();
    assert!(
        std::process::Command::new("mkfifo").arg(here.join("fifo")).status().unwrap().success()
    );
    fs::write(here.join("q.new"), "precious").unwrap();
    for (out, code, why) in [
        ("real", 2, "is there and is no plan"),
        ("folder", 2, "is no regular file"),
        ("link", 2, "is no regular file"),
        ("fifo", 2, "is no regular file"),
        ("q", 1, "`q.new` is in the way"),
    ] {
        let words = ["plan", "book.yaml", "-p", "boxes=@boxes.txt", "--out", out];
        let output = windlass(here, &words);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(code), "{said}");
        assert!(said.contains(why), "{why}: {said}");
    }
    assert_eq!(fs::read_to_string(here.join("real")).unwrap(), "precious");
    assert_eq!(fs::read_to_string(here.join("q.new")).unwrap(), "precious");
    // Over a plan, a new one.
    plan(here, &[]);
    plan(here, &[]);
}

#[test]
fn what_is_there_only_once_makes_no_plan_to_keep() {
    let folder = bench();
    let output = windlass(
        folder.path(),
        &["plan", "book.yaml", "-p", "boxes=@/dev/null", "--out", "it.plan"],
    );
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("/dev/null is no regular file"), "{said}");
    assert!(!folder.path().join("it.plan").exists());
}
