//! `windlass graph --format svg`: the pictures in the documents are those that are drawn, and show what there is.

use std::fs;
use std::path::Path;

use tempfile::TempDir;

use super::{printed, windlass};

fn draw(folder: &Path, what: &str) -> String {
    printed(folder, &["graph", what, "--format", "svg"])
}

/// The boxes with the words in them.
fn labels(svg: &str) -> Vec<&str> {
    let texts = svg.split("<text class=\"label").skip(1);
    texts.filter_map(|rest| rest.split_once('>')?.1.split("</text>").next()).collect()
}

/// `WINDLASS_BLESS=1` draws them anew.
#[test]
fn the_committed_pictures_are_those_that_are_drawn() {
    let project = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut seen = 0;
    for entry in fs::read_dir(project.join("runbooks")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "yaml") {
            continue;
        }
        let folder = TempDir::new().unwrap();
        let now = draw(folder.path(), path.to_str().unwrap());
        let picture = path.with_extension("svg");
        if std::env::var_os("WINDLASS_BLESS").is_some() {
            fs::write(&picture, &now).unwrap();
        }
        let committed = fs::read_to_string(&picture).unwrap_or_default();
        assert!(committed == now, "{} is not what is drawn", picture.display());
        seen += 1;
    }
    assert!(seen > 0);
}

#[test]
fn every_step_is_drawn_and_what_people_write_is_escaped() {
    let folder = TempDir::new().unwrap();
    let runbook = "\
windlass: 1
name: drawn
title: Copy & <move>
settings:
  quiet: {get: {run: [g]}, set: {run: [s]}, to: 1, around: [moves]}
steps:
  first: {title: 'say \"hello\" & wait', effect: read, run: [a]}
  fits: {needs: [first], assert: [{that: 1 < 2}]}
  moves:
    needs: [fits]
    for_each: {items: [a], as: item, parallel: 3}
    steps: {move: {run: [m]}, look: {needs: [move], effect: read, run: [l]}}
  last: {needs: ['quiet:restored'], after: [first], effect: idempotent, run: [a]}
";
    fs::write(folder.path().join("book.yaml"), runbook).unwrap();
    let svg = draw(folder.path(), "book.yaml");
    let mut drawn = labels(&svg);
    drawn.sort_unstable();
    assert_eq!(drawn, ["first", "fits", "last", "look", "move", "moves × item"]);
    for part in [
        "<title>Copy &amp; &lt;move&gt;</title>",
        "say &quot;hello&quot; &amp; wait",
        "class=\"bracket\"",
        "last needs quiet restored",
        "3 at a time",
        "prefers-color-scheme: dark",
    ] {
        assert!(svg.contains(part), "{part} in {svg}");
    }
    assert!(!svg.contains("<move>"), "{svg}");
    // `last` is behind `first` anyway, so that arrow would be a detour.
    assert!(!svg.contains("last comes after first"), "{svg}");
}

#[test]
fn what_waits_for_times_and_people_has_forms_of_its_own() {
    let folder = TempDir::new().unwrap();
    let book = "\
windlass: 1
name: forms
steps:
  go: {approve: {message: Is all set?}}
  unplug: {needs: [go], manual: {instructions: Unplug the old server.}}
  quiet: {needs: [go], wait: {for: 10m}}
  logons: {needs: [quiet], wait: {until: {run: [x]}, every: 1m, timeout: 1h}}
";
    fs::write(folder.path().join("book.yaml"), book).unwrap();
    let svg = draw(folder.path(), "book.yaml");
    for (word, in_legend) in
        [("approve", "people decide"), ("manual", "done by a person"), ("wait", "waits")]
    {
        assert!(svg.contains(&format!(">{word}<")), "{word} in {svg}");
        assert!(svg.contains(&format!(">{in_legend}<")), "{in_legend} in {svg}");
    }
    assert!(!svg.contains("changes nothing"), "none of them is a command that only reads: {svg}");
}

#[test]
fn two_hundred_steps_of_a_kind_are_one_box() {
    let folder = TempDir::new().unwrap();
    let copies: String =
        (0..200).map(|n| format!("  c{n}: {{needs: [a], effect: read, run: [x]}}\n")).collect();
    let book = format!(
        "windlass: 1\nname: many\nsteps:\n  a: {{run: [x]}}\n{copies}  z: {{needs: [c7], run: [x]}}\n"
    );
    fs::write(folder.path().join("book.yaml"), book).unwrap();
    let svg = draw(folder.path(), "book.yaml");
    // `c7` is not like the others, since `z` needs it.
    assert_eq!(labels(&svg).len(), 4, "{:?}", labels(&svg));
    assert!(svg.contains("199 steps · read"), "{svg}");
}

#[test]
fn a_run_is_coloured_and_says_so_in_words() {
    let folder = TempDir::new().unwrap();
    let book = "\
windlass: 1
name: run
steps:
  good: {effect: read, for_each: {items: [a, b], as: item}, run: [\"true\"]}
  doubtful: {needs: [good], run: [\"false\"]}
  behind: {needs: [doubtful], run: [\"true\"]}
";
    fs::write(folder.path().join("book.yaml"), book).unwrap();
    let run = windlass(folder.path(), &["run", "book.yaml", "--run-id", "one"]);
    assert_eq!(run.status.code(), Some(8));
    let svg = draw(folder.path(), "one");
    for part in
        ["2 succeeded", "box critical succeeded", "in doubt", "box critical doubt", "blocked"]
    {
        assert!(svg.contains(part), "{part} in {svg}");
    }
}
