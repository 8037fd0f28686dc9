//! Everything that is shipped as a runbook passes `windlass check`: the runbooks, their drivers, and the examples in the documents.

#![expect(clippy::unwrap_used, reason = "what a test cannot do without may stop it")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

fn project(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

#[track_caller]
fn check(path: &Path) {
    let output =
        Command::new(env!("CARGO_BIN_EXE_windlass")).arg("check").arg(path).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{}:\n{said}", path.display());
    assert_eq!(said, "", "{}", path.display());
}

#[test]
fn runbooks_and_drivers_pass_without_a_word() {
    check(&project("runbooks"));
}

#[test]
fn the_runbooks_in_the_documents_pass_without_a_word() {
    let mut seen = 0;
    for document in ["README.md", "runbooks/README.md", "ARCHITECTURE.md"] {
        let text = fs::read_to_string(project(document)).unwrap();
        let blocks = text
            .split("```yaml\n")
            .skip(1)
            .filter_map(|rest| rest.split_once("```").map(|(block, _)| block));
        for block in blocks.filter(|block| block.contains("windlass: 1")) {
            let folder = TempDir::new().unwrap();
            let path = folder.path().join("runbook.yaml");
            fs::write(&path, block).unwrap();
            check(&path);
            seen += 1;
        }
    }
    assert!(seen > 0, "the README shows at least one runbook");
}
