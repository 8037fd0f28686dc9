//! Rehearses a runbook with the binary, as a CI job does.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;

/// What a rehearsal has said.
pub(crate) struct Rehearsed {
    pub(crate) code: Option<i32>,
    pub(crate) report: Value,
    pub(crate) stderr: String,
}

/// Rehearses a file.
#[track_caller]
pub(crate) fn rehearse(path: &Path, arguments: &[&str]) -> Rehearsed {
    let output = Command::new(env!("CARGO_BIN_EXE_windlass"))
        .arg("rehearse")
        .arg(path)
        .args(["--format", "json"])
        .args(arguments)
        .output()
        .unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    let report = serde_json::from_slice(&output.stdout).unwrap_or(Value::Null);
    Rehearsed { code: output.status.code(), report, stderr }
}

/// Rehearses the steps and settings of a runbook.
#[track_caller]
pub(crate) fn rehearse_text(body: &str, arguments: &[&str]) -> Rehearsed {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("runbook.yaml");
    fs::write(&path, format!("windlass: 1\nname: rehearsed\n{body}")).unwrap();
    rehearse(&path, arguments)
}

impl Rehearsed {
    /// The points of a kind: `broken` or `needs_a_person`.
    pub(crate) fn points(&self, kind: &str) -> Vec<&Value> {
        self.report[kind].as_array().into_iter().flatten().collect()
    }

    /// What was broken, each as a line.
    pub(crate) fn broken(&self) -> Vec<String> {
        let lines = self.points("broken").into_iter().flat_map(|point| texts(&point["broken"]));
        let mut lines: Vec<String> = lines.collect();
        lines.sort();
        lines.dedup();
        lines
    }

    /// Fails with all that was said unless every promise was kept.
    #[track_caller]
    pub(crate) fn keeps_every_promise(&self) {
        let told = serde_json::to_string_pretty(&self.report["broken"]).unwrap();
        assert_eq!(self.code, Some(0), "{told}\n{}", self.stderr);
    }

    /// Fails unless that was broken.
    #[track_caller]
    pub(crate) fn breaks(&self, what: &str) {
        let broken = self.broken();
        assert!(broken.iter().any(|line| line == what), "{broken:#?}\n{}", self.stderr);
        assert_eq!(self.code, Some(1));
    }
}

/// The texts of a list.
pub(crate) fn texts(list: &Value) -> Vec<String> {
    list.as_array()
        .into_iter()
        .flatten()
        .filter_map(|text| Some(text.as_str()?.to_owned()))
        .collect()
}
