//! A place of its own for each test: a folder for runbooks and ledgers, a state folder, and the binary.

use std::ffi::OsStr;
use std::fs;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

pub(crate) struct Bench {
    folder: TempDir,
}

/// What a finished command has left.
pub(crate) struct Done {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Done {
    /// Fails with everything that was printed unless the exit code is that.
    #[track_caller]
    pub(crate) fn exits(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "stdout:\n{}\nstderr:\n{}", self.stdout, self.stderr);
        self
    }
}

impl From<Output> for Done {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}

impl Bench {
    pub(crate) fn new() -> Self {
        Self { folder: TempDir::new().unwrap() }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path(name);
        fs::write(&path, text).unwrap();
        path
    }

    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap_or_default()
    }

    /// The lines that jobs have appended to a file.
    pub(crate) fn ledger(&self, name: &str) -> Vec<String> {
        self.read(name).lines().map(str::to_owned).collect()
    }

    pub(crate) fn command<S: AsRef<OsStr>>(&self, arguments: &[S]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_windlass"));
        command
            .args(arguments)
            .current_dir(self.folder.path())
            .env("WINDLASS_STATE_DIR", self.path("state"))
            .env("WINDLASS_LOCKS_DIR", self.path("locks"))
            .env("HERE", self.folder.path())
            .env("NO_COLOR", "1")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    pub(crate) fn windlass<S: AsRef<OsStr>>(&self, arguments: &[S]) -> Done {
        self.command(arguments).output().unwrap().into()
    }

    pub(crate) fn start<S: AsRef<OsStr>>(&self, arguments: &[S]) -> Child {
        self.command(arguments).spawn().unwrap()
    }

    /// The status of the latest run.
    pub(crate) fn status(&self) -> Value {
        let done = self.windlass(&["status", "latest", "--format", "json"]).exits(0);
        serde_json::from_str(&done.stdout).unwrap()
    }

    /// How a task of the latest run stands.
    pub(crate) fn state_of(&self, task: &str) -> String {
        let status = self.status();
        let row = status["tasks"].as_array().unwrap().iter().find(|row| row["id"] == task);
        row.unwrap_or_else(|| panic!("no task {task} in {status:#}"))["state"]
            .as_str()
            .unwrap()
            .to_owned()
    }

    /// A fifo with that name.
    pub(crate) fn fifo(&self, name: &str) -> Fifo {
        let path = self.path(name);
        assert!(Command::new("mkfifo").arg(&path).status().unwrap().success());
        Fifo(path)
    }

    /// Returns once the keeper of the only run has gone: it may serve the next executor as long as it lives.
    pub(crate) fn keeper_has_gone(&self) {
        while self.run_folder().join("keeper.sock").exists() {
            std::thread::yield_now();
        }
    }

    /// Returns once no keeper has the lock of the only run.
    pub(crate) fn keeper_lock_is_free(&self) {
        let lock = self.run_folder().join("keeper.lock");
        while windlass::lock::FileLock::is_held(&lock).unwrap() {
            std::thread::yield_now();
        }
    }

    /// The folder of the only run.
    pub(crate) fn run_folder(&self) -> PathBuf {
        let mut runs = fs::read_dir(self.path("state/runs")).unwrap();
        runs.next().unwrap().unwrap().path()
    }
}

/// A meeting point: either side waits until the other has come.
pub(crate) struct Fifo(PathBuf);

impl Fifo {
    /// Waits until a job has written a line, and returns it.
    pub(crate) fn hear(&self) -> String {
        fs::read_to_string(&self.0).unwrap().trim().to_owned()
    }

    /// Lets a job go on that reads.
    pub(crate) fn say(&self, text: &str) {
        fs::write(&self.0, text).unwrap();
    }
}

/// Waits for a child and returns what it printed.
pub(crate) fn finish(child: Child) -> Done {
    child.wait_with_output().unwrap().into()
}

/// Kills a child as `kill -9` does, and waits until it is gone.
pub(crate) fn kill(mut child: Child) {
    child.kill().unwrap();
    child.wait().unwrap();
}
