//! What authors of runbooks are given beside the checks: the manual, schemas, pictures, and a first runbook.

#![expect(clippy::unwrap_used, reason = "what a test cannot do without may stop it")]

mod first;
mod manual;
mod pictures;
mod planning;
mod probing;
mod reviewed;
mod schemas;

use std::path::Path;
use std::process::{Command, Output, Stdio};

/// The finished command, in that folder.
fn windlass(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_windlass"))
        .args(arguments)
        .current_dir(folder)
        .env("WINDLASS_STATE_DIR", folder.join("state"))
        .env("WINDLASS_LOCKS_DIR", folder.join("locks"))
        .env("NO_COLOR", "1")
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

/// What it has printed, if it has succeeded.
#[track_caller]
fn printed(folder: &Path, arguments: &[&str]) -> String {
    let output = windlass(folder, arguments);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {said}");
    String::from_utf8(output.stdout).unwrap()
}
