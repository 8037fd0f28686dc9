//! What each rule says of its own examples, of what is shipped, and of the naive runbooks: `tests/rules/TABLE.md`.
//!
//! Does not know what a rule is about. `WINDLASS_BLESS=1` writes the table anew; look at the difference before you keep it.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use windlass::rules::{self, Rule};

use super::{check, codes, own};

const HEAD: &str = "\
# What each rule says

Made by a test of the rules' own examples, of all that is in `runbooks` and of all that is in `examples/naive`. \"allowed\" counts where a shipped
runbook silences the rule and says why.

| rule | what it finds | wrong example | right example | shipped | allowed | naive |
|---|---|---|---|---|---|---|
";

fn yaml_files(folder: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<PathBuf> =
        entries.filter(|path| path.extension().is_some_and(|it| it == "yaml")).collect();
    files.sort();
    files
}

/// By file, without its folder and ending: the rules that find something in it.
fn found_in(files: &[PathBuf]) -> BTreeMap<String, Vec<&'static str>> {
    let name = |path: &Path| path.file_stem().unwrap().to_string_lossy().into_owned();
    files.iter().map(|path| (name(path), codes(&rules::check_file(path, &[], &[])))).collect()
}

/// The files in which a rule finds something.
fn where_it_fires(rule: &Rule, found: &BTreeMap<String, Vec<&'static str>>) -> Vec<String> {
    let fires = |codes: &&Vec<&'static str>| codes.contains(&rule.code.code);
    found.iter().filter(|(_, codes)| fires(codes)).map(|(name, _)| name.clone()).collect()
}

#[test]
fn the_table_of_what_each_rule_says_is_as_it_was() {
    let folders = ["runbooks", "runbooks/drivers", "runbooks/policies"];
    let shipped: Vec<PathBuf> = folders.into_iter().flat_map(yaml_files).collect();
    let texts: Vec<String> = shipped.iter().map(|path| fs::read_to_string(path).unwrap()).collect();
    let (in_shipped, in_naive) = (found_in(&shipped), found_in(&yaml_files("examples/naive")));
    assert!(in_shipped.len() >= 8 && in_naive.len() >= 14);
    for (name, codes) in &in_naive {
        assert!(!codes.is_empty(), "nothing is said of {name}");
    }
    let mut table = HEAD.to_owned();
    for rule in rules::ALL {
        let code = rule.code.code;
        let (wrong, right) = (own(rule, check(rule.wrong)), own(rule, check(rule.right)));
        let noisy = where_it_fires(rule, &in_shipped);
        assert!(!wrong.is_empty() && right.is_empty() && noisy.is_empty(), "{code}: {noisy:?}");
        let allowed: usize =
            texts.iter().map(|text| text.matches(&format!("{code}:")).count()).sum();
        let naive = where_it_fires(rule, &in_naive).join(", ");
        let title = rule.code.title;
        let row = format!("| {code} | {title} | fires | silent | silent | {allowed} | {naive} |\n");
        table += &row.replace("|  |", "| |");
    }
    let path = Path::new("tests/rules/TABLE.md");
    if std::env::var_os("WINDLASS_BLESS").is_some() {
        fs::write(path, &table).unwrap();
    }
    let kept = fs::read_to_string(path).unwrap();
    let difference = similar::TextDiff::from_lines(&kept, &table);
    assert!(kept == table, "{}", difference.unified_diff());
}
