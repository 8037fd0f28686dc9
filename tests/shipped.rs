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

/// The second driver serves what moves mailboxes; what has no command line is asked of an operator.
#[test]
fn the_runbooks_that_move_mailboxes_can_be_planned_with_the_driver_for_exchange() {
    for runbook in ["move-mailboxes", "recover-stranded-move", "server-to-server-move"] {
        let path = project(&format!("runbooks/{runbook}.yaml"));
        let driver = format!("mail={}", project("runbooks/drivers/exchange-5.5.yaml").display());
        let windlass = |command: &str, parameters: &[&str]| {
            let mut windlass = Command::new(env!("CARGO_BIN_EXE_windlass"));
            windlass.arg(command).arg(&path).args(["--driver", &driver]).args(parameters);
            let output = windlass.output().unwrap();
            let said = String::from_utf8_lossy(&output.stdout).into_owned();
            assert!(output.status.success(), "{runbook}: {said}");
            said
        };
        assert_eq!(windlass("check", &[]), "", "{runbook}");
        let mailboxes = r#"mailboxes=["alice","bob"]"#;
        let planned = windlass("plan", &["-p", mailboxes, "-p", "source=old", "-p", "target=new"]);
        assert!(planned.contains("asks an operator: "), "{planned}");
    }
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
