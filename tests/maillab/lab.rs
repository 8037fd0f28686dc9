//! A laboratory in a temporary folder, and processes that work on it.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

/// The example's binary. A plain `cargo test` builds it beside the tests; `cargo test --test maillab` does not.
pub(crate) fn binary() -> PathBuf {
    let this = std::env::current_exe().expect("a running test has a path");
    let profile = this.parent().and_then(Path::parent).expect("tests lie in `deps`");
    let binary = profile.join("examples").join(format!("maillab{}", std::env::consts::EXE_SUFFIX));
    assert!(binary.exists(), "`cargo build --example maillab` builds {}", binary.display());
    binary
}

/// An organisation of its own for each test.
pub(crate) struct Lab {
    folder: TempDir,
}

impl Lab {
    /// `init` with these options.
    pub(crate) fn init(options: &[&str]) -> Self {
        let lab = Lab::empty();
        let arguments: Vec<_> = ["init"].iter().chain(options).copied().collect();
        lab.json(&arguments);
        lab
    }

    /// No organisation yet.
    pub(crate) fn empty() -> Self {
        Lab { folder: tempfile::tempdir().expect("a temporary folder can be made") }
    }

    /// The organisation's folder.
    pub(crate) fn root(&self) -> PathBuf {
        self.folder.path().join("lab")
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(binary());
        command.env("MAILLAB_DIR", self.root()).args(arguments);
        command
    }

    /// Runs a command to its end.
    pub(crate) fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().expect("the laboratory can be started")
    }

    /// Runs a command that must succeed, and reads its answer.
    pub(crate) fn json(&self, arguments: &[&str]) -> Value {
        let output = self.run(arguments);
        assert!(output.status.success(), "{arguments:?}: {}", text(&output.stderr));
        serde_json::from_slice(&output.stdout).expect("an answer is one JSON value")
    }

    /// Runs a command that must fail with this exit code, and returns what it says.
    pub(crate) fn fails(&self, code: i32, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {said}");
        said
    }

    /// The audit's answer, clean or not.
    pub(crate) fn audit(&self) -> Value {
        let output = self.run(&["audit", "--json"]);
        let answer: Value = serde_json::from_slice(&output.stdout).expect("an audit is JSON");
        assert_eq!(output.status.success(), answer["clean"] == true, "{answer}");
        answer
    }

    /// Fails unless the audit is clean.
    pub(crate) fn assert_clean(&self) {
        let audit = self.audit();
        assert_eq!(audit["clean"], true, "{audit:#}");
    }

    /// Starts a command that waits after each stage.
    pub(crate) fn step(&self, arguments: &[&str]) -> Stepping {
        let mut command = self.command(arguments);
        command.arg("--step").stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("the laboratory can be started");
        let trace = BufReader::new(child.stderr.take().expect("it is piped"));
        Stepping { child, trace }
    }

    /// Every file under the folder with its bytes, but for the lock files, which hold none.
    pub(crate) fn files(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        let mut files = BTreeMap::new();
        collect(&self.root(), &mut files);
        files.retain(|path, _| !path.starts_with(self.root().join("locks")));
        let relative = |path: PathBuf| path.strip_prefix(self.root()).map(Path::to_owned);
        files
            .into_iter()
            .map(|(path, bytes)| (relative(path).expect("it is below"), bytes))
            .collect()
    }

    /// The files of a mailbox's messages on a server, in the order of their names.
    pub(crate) fn messages(&self, server: &str, mailbox: &str) -> Vec<PathBuf> {
        let row = Path::new("servers").join(server).join("mailboxes").join(mailbox);
        let mut paths: Vec<_> = self.files().into_keys().collect();
        paths.retain(|path| path.starts_with(&row) && path.extension().is_none());
        paths.into_iter().map(|path| self.root().join(path)).collect()
    }
}

/// A process that stands at a border between two stages.
pub(crate) struct Stepping {
    child: Child,
    trace: BufReader<ChildStderr>,
}

impl Stepping {
    /// Waits for the end of the next stage and returns its name, or nothing if the operation has ended.
    pub(crate) fn next_border(&mut self) -> Option<String> {
        let mut line = String::new();
        self.trace.read_line(&mut line).expect("the trace is text");
        let stage = line.trim_end().split_once(": ").map(|(_, stage)| stage.to_owned());
        assert!(!line.starts_with("error"), "{line}");
        stage
    }

    /// Lets it go on to the next border.
    pub(crate) fn go_on(&mut self) {
        let stdin = self.child.stdin.as_mut().expect("it is piped");
        stdin.write_all(b"\n").expect("it waits for a line");
    }

    /// Kills it where it stands.
    pub(crate) fn kill(mut self) {
        self.child.kill().expect("it can be killed");
        self.child.wait().expect("it is a child");
    }

    /// Sends it SIGTERM.
    pub(crate) fn terminate(&self) {
        let pid = i32::try_from(self.child.id()).ok().and_then(rustix::process::Pid::from_raw);
        let signal = rustix::process::Signal::TERM;
        rustix::process::kill_process(pid.expect("a pid"), signal).expect("it is alive");
    }

    /// Waits for its end and returns its answer.
    pub(crate) fn finish(mut self) -> Value {
        drop(self.child.stdin.take());
        let mut said = String::new();
        self.trace.read_to_string(&mut said).expect("the trace is text");
        let output = self.child.wait_with_output().expect("it is a child");
        assert!(output.status.success(), "{said}");
        serde_json::from_slice(&output.stdout).expect("an answer is one JSON value")
    }
}

/// Runs `arguments` and kills it after `borders` borders; returns the stage that had just ended, or nothing if the
/// operation ended before.
pub(crate) fn kill_after(lab: &Lab, arguments: &[&str], borders: usize) -> Option<String> {
    let mut stepping = lab.step(arguments);
    for _ in 1..borders {
        stepping.next_border()?;
        stepping.go_on();
    }
    let stage = stepping.next_border()?;
    stepping.kill();
    Some(stage)
}

/// Bytes as text.
pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn collect(folder: &Path, files: &mut BTreeMap<PathBuf, Vec<u8>>) {
    for entry in fs::read_dir(folder).expect("it can be listed") {
        let path = entry.expect("it can be listed").path();
        if path.is_dir() {
            collect(&path, files);
        } else {
            files.insert(path.clone(), fs::read(&path).expect("it can be read"));
        }
    }
}
