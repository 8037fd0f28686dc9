//! An executor that goes on by itself: `--detach`.
//!
//! The command starts itself once more in a session of its own and waits until that process has written the first record of its
//! work. Whatever keeps it from that is said on this terminal, as if there were no second process.

use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, Write};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::{env, thread};

use super::arguments::Working;
use super::failure::{BUG, Failure, USAGE};
use crate::core::state::State;
use crate::exec::{Fact, Observer};
use crate::journal::RunFolder;
use crate::keeper;
use crate::report::next;

/// Stands before all other arguments of the second process.
pub(super) const MARK: &str = "--detached";

/// Where the second process says what it would have said on a terminal, in the run's folder.
const LOG: &str = "executor.log";

/// Types this process's command line once more, and returns when the executor works or could not begin.
pub(super) fn start(working: &Working) -> Result<u8, Failure> {
    if working.events.as_ref().is_some_and(|path| path.as_os_str() == "-") {
        return Err(Failure::new(USAGE, "`--events -` has nowhere to write to with `--detach`")
            .help("give `--events` a file"));
    }
    let failed = |error: io::Error| Failure::new(1, format!("no second process: {error}"));
    let executable = keeper::executable().map_err(|error| Failure::new(1, error.to_string()))?;
    let mut child = Command::new(executable)
        .arg0("windlass")
        .arg(MARK)
        .args(env::args_os().skip(1))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(failed)?;
    match hear(&mut child).map_err(failed)? {
        Some(run) => {
            super::print(&format!("{run}\n"))?;
            eprintln!("run {run} goes on by itself, as process {}", child.id());
            for (command, meaning) in [
                ("attach", "follows it, and exits with its code"),
                ("status", "shows how it stands"),
                ("stop", "lets it start nothing more"),
            ] {
                eprintln!("  {}   # {meaning}", next::command(&[command, &run]));
            }
            Ok(0)
        }
        None => match child.wait().map_err(failed)?.code() {
            // What it had to say has been said.
            Some(code) => Ok(u8::try_from(code).unwrap_or(BUG)),
            None => Err(Failure::new(BUG, "the second process was killed before it could begin")),
        },
    }
}

/// Passes on what the second process says until it works; the run that it works on, or nothing if it has ended before.
fn hear(child: &mut Child) -> io::Result<Option<String>> {
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    let relay = thread::spawn(move || {
        // It lets go of its standard error before it says that it works.
        stderr.map(|mut stderr| io::copy(&mut stderr, &mut io::stderr()))
    });
    let mut run = String::new();
    if let Some(stdout) = stdout {
        BufReader::new(stdout).read_line(&mut run)?;
    }
    drop(relay.join());
    Ok(Some(run.trim_end().to_owned()).filter(|run| !run.is_empty()))
}

/// Leaves the session of the terminal. Must come before anything that could outlive it.
pub(super) fn leave_session() {
    // A process that leads a session already is in no terminal's.
    rustix::process::setsid().ok();
}

/// Tells the waiting command that the run has begun, and speaks into a file from then on.
pub(super) struct Announcer {
    folder: RunFolder,
    said: bool,
}

impl Announcer {
    pub(super) fn new(folder: &RunFolder) -> Self {
        Self { folder: folder.clone(), said: false }
    }

    fn announce(&self) -> io::Result<()> {
        let mut options = OpenOptions::new();
        options.create(true).append(true);
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let log = options.open(self.folder.path().join(LOG));
        let nothing = File::options().read(true).write(true).open("/dev/null")?;
        // Where nothing can be written any more, the run itself is what matters.
        rustix::stdio::dup2_stderr(log.as_ref().unwrap_or(&nothing))?;
        let mut out = io::stdout().lock();
        writeln!(out, "{}", self.folder.id())?;
        out.flush()?;
        rustix::stdio::dup2_stdout(&nothing)?;
        Ok(())
    }
}

impl Observer for Announcer {
    fn fact(&mut self, _: &Fact, _: &State) {
        if !self.said {
            self.said = true;
            // Whoever waited may have been killed; the run goes on.
            drop(self.announce());
        }
    }
}
