//! What `check` prints for machines, SARIF, JUnit and GitHub's commands, and what `explain` says of a code.

#![expect(clippy::unwrap_used, reason = "what a test cannot do without may stop it")]

mod junit;
mod sarif;

use std::fs;
use std::process::Command;

use serde_json::{Value, json};
use tempfile::TempDir;

const WRONG: &str = "windlass: 1
name: site
steps:
  build: {run: [make]}
  deploy:
    needs: [bulid]
    run: [deploy, \"ä <&\\\" %\"]
";
const SOUND: &str = "windlass: 1
name: look
steps:
  look: {effect: read, run: [ls]}
";

/// Checks a folder with a wrong runbook and, in a folder below, a sound one; returns the exit code and what was printed.
fn check(format: &str) -> (Option<i32>, String) {
    let folder = TempDir::new().unwrap();
    fs::create_dir(folder.path().join("below")).unwrap();
    fs::write(folder.path().join("a b.yaml"), WRONG).unwrap();
    fs::write(folder.path().join("below/sound.yml"), SOUND).unwrap();
    fs::write(folder.path().join("notes.txt"), "not a runbook").unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_windlass"))
        .current_dir(folder.path())
        .args(["check", "a b.yaml", "below", "--format", format])
        .output()
        .unwrap();
    (output.status.code(), String::from_utf8(output.stdout).unwrap())
}

#[test]
fn sarif_has_a_result_with_its_rule_and_place() {
    let (code, said) = check("sarif");
    assert_eq!(code, Some(2));
    let log: Value = serde_json::from_str(&said).unwrap();
    assert_eq!(log["version"], "2.1.0");
    let run = &log["runs"][0];
    assert_eq!(run["columnKind"], "unicodeCodePoints");
    let result = &run["results"][0];
    let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
    let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
    assert_eq!(rules[index]["id"], "W0203");
    assert_eq!((&result["ruleId"], &result["level"]), (&json!("W0203"), &json!("error")));
    let place = &result["locations"][0]["physicalLocation"];
    assert_eq!(place["artifactLocation"]["uri"], "a%20b.yaml");
    assert_eq!(
        place["region"],
        json!({"startLine": 6, "startColumn": 13, "endLine": 6, "endColumn": 18})
    );
    assert_eq!(
        result["message"]["text"],
        "step `deploy` needs `bulid`, which is not a step\nhelp: a step named `build` exists"
    );
}

#[test]
fn junit_has_a_suite_for_each_file_and_a_failure_for_each_error() {
    let (code, said) = check("junit");
    assert_eq!(code, Some(2));
    assert!(said.starts_with("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites "), "{said}");
    assert!(said.contains("<testsuite name=\"a b.yaml\" tests=\"1\" failures=\"1\""), "{said}");
    assert!(said.contains("<testcase classname=\"below/sound.yml\" name=\"check\"/>"), "{said}");
    let failure = "<failure type=\"W0203\" message=\"step `deploy` needs `bulid`, which is not a step\">error[W0203]: ";
    assert!(said.contains(failure), "{said}");
    assert!(said.contains("--&gt; a b.yaml:6:13"), "{said}");
    assert!(said.ends_with("</testsuites>\n"), "{said}");
}

#[test]
fn a_github_command_is_one_line() {
    let (code, said) = check("github");
    assert_eq!(code, Some(2));
    assert_eq!(
        said,
        "::error file=a b.yaml,line=6,endLine=6,col=13,endColumn=18,title=W0203::step `deploy` needs `bulid`, which is not a step%0Ahelp: a step named `build` exists\n"
    );
}

fn explain(arguments: &[&str]) -> (Option<i32>, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_windlass"));
    let output = command.arg("explain").args(arguments).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code(), text(output.stdout), text(output.stderr))
}

#[test]
fn every_code_that_is_listed_is_explained() {
    let (code, list, _) = explain(&[]);
    assert_eq!(code, Some(0));
    let all: Vec<&str> = windlass::rules::codes().map(|code| code.code).collect();
    let listed: Vec<&str> = list.lines().map(|line| line.split(' ').next().unwrap()).collect();
    assert_eq!(listed, all);
    let (_, json, _) = explain(&["--format", "json"]);
    let json: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json.as_array().unwrap().len(), all.len());

    for (asked, title) in
        [("w0203", "a step that is needed does not exist"), ("W0712", "a move is said")]
    {
        let (code, said, _) = explain(&[asked]);
        assert_eq!(code, Some(0));
        assert!(said.starts_with(&format!("{}: {title}", asked.to_uppercase())), "{said}");
        assert!(said.lines().all(|line| line.chars().count() <= 96), "{said}");
    }
    let (_, said, _) = explain(&["W0712"]);
    for part in
        ["(warning)", "Source: Q252869", "Wrong:\n\n    steps:", "Right:", "allow: {W0712: "]
    {
        assert!(said.contains(part), "{part}: {said}");
    }
}

#[test]
fn a_code_that_there_is_not_is_a_usage_error() {
    let (code, said, error) = explain(&["W0721x"]);
    assert_eq!((code, said.as_str()), (Some(2), ""));
    assert!(error.contains("there is no code `W0721x`; did you mean `W0721`?"), "{error}");
}
