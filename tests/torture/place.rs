//! A folder of its own for each trial: runbook, effects, ledger, state; and the windlass under test.
//!
//! Does not know what is tried.

use std::fs::{self, File};
use std::io::Write;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use rustix::fs::{CWD, FileType, Mode, mknodat};
use serde_json::Value;
use tempfile::TempDir;

use crate::book::Book;

/// The id of the only run.
pub(crate) const RUN: &str = "torture";

/// What all jobs run: the words say in what order.
const EFFECT: &str = include_str!("effect.sh");
/// Asks after an effect.
const PROBE: &str = include_str!("probe.sh");
/// Gives the setting a value.
const SET: &str = include_str!("set.sh");

pub(crate) struct Place {
    folder: TempDir,
}

impl Place {
    pub(crate) fn new(book: &Book) -> Self {
        let place = Self { folder: TempDir::new().unwrap() };
        let around: String = book.around.iter().map(|task| format!("{task}\n")).collect();
        for (name, text) in [
            ("book.yaml", book.text.as_str()),
            ("effect.sh", EFFECT),
            ("probe.sh", PROBE),
            ("set.sh", SET),
            ("ledger", ""),
            ("setting", "old\n"),
            ("around", &around),
        ] {
            fs::write(place.path(name), text).unwrap();
        }
        for task in book.gates() {
            let gate = place.path(&format!("gate.{task}"));
            mknodat(CWD, &gate, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
            fs::write(place.path(&format!("live.{RUN}.{task}")), "").unwrap();
        }
        place
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A file in the folder of the run.
    pub(crate) fn of_run(&self, name: &str) -> PathBuf {
        self.folder.path().join("state/runs").join(RUN).join(name)
    }

    /// What every process of this trial has in its environment, and no other process.
    pub(crate) fn mark(&self) -> String {
        format!("HERE={}", self.folder.path().display())
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_windlass"));
        command
            .args(arguments)
            .current_dir(self.folder.path())
            .env("WINDLASS_STATE_DIR", self.path("state"))
            .env("WINDLASS_LOCKS_DIR", self.path("locks"))
            .env("HERE", self.folder.path())
            .env("NO_COLOR", "1")
            .stdin(Stdio::null());
        command
    }

    /// Starts an executor. What it says goes to a file, which is shown when the trial fails.
    pub(crate) fn start(&self, arguments: &[&str]) -> Child {
        let said = File::options().create(true).append(true).open(self.path("said")).unwrap();
        self.command(arguments).stdout(Stdio::null()).stderr(said).spawn().unwrap()
    }

    /// Runs a command to its end: exit code, standard output, standard error.
    pub(crate) fn windlass(&self, arguments: &[&str]) -> (Option<i32>, String, String) {
        let output = self.command(arguments).output().unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        (output.status.code(), text(&output.stdout), text(&output.stderr))
    }

    /// Writes a line into the ledger, as a job would.
    pub(crate) fn note(&self, what: &str, run: &str, task: &str) {
        let line = format!("{what} {task} 0 {} {run}/{task} end\n", std::process::id());
        let mut ledger = File::options().append(true).open(self.path("ledger")).unwrap();
        ledger.write_all(line.as_bytes()).unwrap();
    }

    /// The journal of a run, as far as there is one.
    pub(crate) fn journal_of(&self, run: &str) -> String {
        self.read(&format!("state/runs/{run}/journal.jsonl"))
    }

    /// What `status` tells of the only run.
    pub(crate) fn status(&self) -> Value {
        self.status_of(RUN)
    }

    /// What `status` tells of a run.
    pub(crate) fn status_of(&self, run: &str) -> Value {
        let (code, stdout, stderr) = self.windlass(&["status", run, "--format", "json"]);
        assert_eq!(code, Some(0), "status: {stderr}");
        serde_json::from_str(&stdout).unwrap()
    }

    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap_or_default()
    }

    /// Keeps the folder, for whoever wants to see what went wrong, and says where it is.
    pub(crate) fn keep(&mut self) -> PathBuf {
        self.folder.disable_cleanup(true);
        self.folder.path().to_owned()
    }
}
