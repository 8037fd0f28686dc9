//! An organisation and a state folder of their own for one run of a naive runbook.
//!
//! Does not know which hazard is shown.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;
use tempfile::TempDir;

use crate::stream::Stream;

/// A laboratory with two mailboxes of five messages, and a place for runs.
pub(crate) struct Bench {
    folder: TempDir,
}

impl Bench {
    /// A new organisation of the newest service pack.
    pub(crate) fn new() -> Self {
        Bench::of_service_pack("4")
    }

    /// A new organisation whose log drives have no room at all.
    pub(crate) fn without_log_space() -> Self {
        Bench::with(&["--log-mb", "0"])
    }

    /// A new organisation. Before service pack 4 nothing moves beside an antivirus program, so it is off there.
    pub(crate) fn of_service_pack(pack: &str) -> Self {
        let bench = Bench::with(&["--service-pack", pack]);
        if pack != "4" {
            bench.maillab(&["antivirus", "set", "off"]);
        }
        bench
    }

    /// No organisation yet.
    pub(crate) fn empty() -> Self {
        Bench { folder: TempDir::new().unwrap() }
    }

    /// A new organisation with these options of `init`.
    pub(crate) fn with(options: &[&str]) -> Self {
        let bench = Bench::empty();
        let init = ["init", "--mailboxes", "2", "--messages", "5"];
        bench.maillab(&[&init, options].concat());
        bench
    }

    /// Runs a command of the laboratory that must succeed, and reads its answer.
    pub(crate) fn maillab(&self, arguments: &[&str]) -> Value {
        let output = self.command(&examples().join("maillab")).args(arguments).output().unwrap();
        assert!(output.status.success(), "{arguments:?}: {}", text(&output.stderr));
        serde_json::from_slice(&output.stdout).unwrap()
    }

    /// Runs a command of the laboratory that may fail.
    pub(crate) fn attempt(&self, arguments: &[&str]) {
        self.command(&examples().join("maillab")).args(arguments).output().unwrap();
    }

    /// Checks a naive runbook, then runs it on the mailbox `alice` to its end, well or badly; returns what was said.
    pub(crate) fn run(&self, runbook: &str) -> Output {
        self.run_on(&["alice"], runbook, &[])
    }

    /// Like [`Bench::run`], on all mailboxes.
    pub(crate) fn run_all(&self, runbook: &str) -> Output {
        self.run_on(&["alice", "bob"], runbook, &[])
    }

    /// Like [`Bench::run`], on other mailboxes and with more arguments.
    pub(crate) fn run_on(&self, mailboxes: &[&str], runbook: &str, arguments: &[&str]) -> Output {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/naive").join(runbook);
        let windlass = Path::new(env!("CARGO_BIN_EXE_windlass"));
        let checked = self.command(windlass).arg("check").arg(&path).output().unwrap();
        assert!(checked.status.success(), "{}", text(&checked.stdout));
        let mut run = self.command(windlass);
        let mailboxes = format!("mailboxes={}", serde_json::to_string(mailboxes).unwrap());
        run.arg("run").arg(path).args(["-p", &mailboxes]).args(arguments).output().unwrap()
    }

    /// Runs a runbook that is no file yet.
    pub(crate) fn run_text(&self, runbook: &str) -> Output {
        let path = self.folder.path().join("runbook.yaml");
        fs::write(&path, runbook).unwrap();
        let mut run = self.command(Path::new(env!("CARGO_BIN_EXE_windlass")));
        run.arg("run").arg(path).output().unwrap()
    }

    /// Goes on with the last run.
    pub(crate) fn resume(&self) -> Output {
        let windlass = Path::new(env!("CARGO_BIN_EXE_windlass"));
        self.command(windlass).args(["resume", "latest"]).output().unwrap()
    }

    /// Decides something about the last run.
    pub(crate) fn decide(&self, decision: &[&str]) {
        let windlass = Path::new(env!("CARGO_BIN_EXE_windlass"));
        let mut resolve = self.command(windlass);
        let resolved = resolve.args(["resolve", "latest"]).args(decision).output().unwrap();
        assert!(resolved.status.success(), "{}", text(&resolved.stderr));
    }

    /// The archive of a mailbox.
    pub(crate) fn archive(&self, mailbox: &str) -> String {
        let path = self.folder.path().join("lab/backups").join(format!("{mailbox}.tar"));
        path.to_str().unwrap().to_owned()
    }

    /// Moves `alice` with the runbook that is shipped; returns what was said.
    pub(crate) fn run_ours(&self) -> Output {
        self.run_ours_on(r#"["alice"]"#, &[])
    }

    /// Like [`Bench::run_ours`], on other mailboxes and with more arguments.
    pub(crate) fn run_ours_on(&self, mailboxes: &str, arguments: &[&str]) -> Output {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("runbooks/move-mailboxes.yaml");
        let mut run = self.command(Path::new(env!("CARGO_BIN_EXE_windlass")));
        run.arg("run").arg(path).args(["-p", &format!("mailboxes={mailboxes}")]);
        run.args(["-p", "source=old", "-p", "target=new"]).args(arguments).output().unwrap()
    }

    /// Runs a runbook that is shipped, with these parameters, to its end; returns what was said.
    pub(crate) fn run_shipped(&self, runbook: &str, parameters: &[&str]) -> Output {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("runbooks").join(runbook);
        let mut run = self.command(Path::new(env!("CARGO_BIN_EXE_windlass")));
        run.arg("run").arg(path);
        for parameter in parameters {
            run.args(["-p", parameter]);
        }
        run.output().unwrap()
    }

    /// The audit's answer, clean or not.
    pub(crate) fn audit(&self) -> Value {
        let audit = self.command(&examples().join("maillab")).args(["audit", "--json"]).output();
        serde_json::from_slice(&audit.unwrap().stdout).unwrap()
    }

    /// A command of windlass.
    pub(crate) fn windlass(&self, arguments: &[&str]) -> Command {
        let mut command = self.command(Path::new(env!("CARGO_BIN_EXE_windlass")));
        command.args(arguments);
        command
    }

    /// A line as it is typed in the project's folder, in a shell that finds `windlass` and `maillab`.
    pub(crate) fn shell(&self, line: &str) -> Output {
        let mut shell = self.command(Path::new("sh"));
        shell.args(["-c", line]).current_dir(env!("CARGO_MANIFEST_DIR")).output().unwrap()
    }

    /// Starts a stream of mail.
    pub(crate) fn stream(&self) -> Stream {
        Stream::start(self.command(&examples().join("maillab")), self.folder.path().join("stop"))
    }

    fn command(&self, program: &Path) -> Command {
        let own = [examples(), examples().join("..")].into_iter();
        let path = env::var_os("PATH").unwrap_or_default();
        let path = env::join_paths(own.chain(env::split_paths(&path))).unwrap();
        let mut command = Command::new(program);
        command
            .env("PATH", path)
            .env("MAILLAB_DIR", self.folder.path().join("lab"))
            .env("WINDLASS_STATE_DIR", self.folder.path().join("state"))
            .env("WINDLASS_LOCKS_DIR", self.folder.path().join("locks"));
        command
    }
}

/// Where a plain `cargo test` builds the laboratory; `cargo build --example maillab` does it alone.
fn examples() -> PathBuf {
    let examples = Path::new(env!("CARGO_BIN_EXE_windlass")).with_file_name("examples");
    assert!(examples.join("maillab").exists(), "`cargo build --example maillab` builds it");
    examples
}

/// Bytes as text.
pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
