//! `windlass resume --all`.
//!
//! Each run gets a process of its own, as if somebody had typed `windlass resume` for each: a run that waits for hours keeps no
//! other one waiting, and two that want the same lock wait for each other.

use std::io::{self, BufRead, BufReader, Write};
use std::os::fd::OwnedFd;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, ChildStderr, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use super::arguments::{Place, Resume};
use super::failure::{BUG, Failure, LOCKED, meaning, worst};
use super::known;
use crate::core::record::StopReason;
use crate::core::standing::RunStanding;
use crate::journal::RunFolder;
use crate::keeper;
use crate::report::next;

pub(super) fn main(place: &Place, arguments: &Resume) -> Result<u8, Failure> {
    let mut codes = Vec::new();
    let mut open = Vec::new();
    for folder in known::state_folder(place)?.runs()? {
        match goes_on(&folder) {
            Ok(true) => open.push(folder.id().to_owned()),
            Ok(false) => {}
            Err(failure) => {
                eprint!("{failure}");
                codes.push(failure.code);
            }
        }
    }
    if open.is_empty() {
        eprintln!("no run is left to be continued");
        return Ok(worst(&codes));
    }
    let executor = Executors::new(place, arguments)?;
    loop {
        let ended = executor.resume(&open)?;
        let held = |code: u8| code == LOCKED;
        // Whoever has held a lock before may have let go of it now.
        let again = ended.iter().any(|(_, code)| !held(*code));
        open = ended.iter().filter(|(_, code)| held(*code)).map(|(run, _)| run.clone()).collect();
        let rest = |code: u8| !held(code) || !again;
        codes.extend(ended.iter().map(|(_, code)| *code).filter(|code| rest(*code)));
        for (run, code) in ended.iter().filter(|(_, code)| rest(*code)) {
            // Of one that goes on by itself it is not known yet.
            if *code != 0 || !arguments.working.detach {
                eprintln!("run {run} {}", meaning(*code));
            }
        }
        if open.is_empty() || !again {
            break;
        }
    }
    let code = worst(&codes);
    if code != 0 {
        eprintln!("\nnext:\n  {}", next::command(&["status", "--all"]));
    }
    Ok(code)
}

/// Whether a run is one to be continued; where somebody could think so and it is not, says why.
fn goes_on(folder: &RunFolder) -> Result<bool, Failure> {
    if folder.begun().is_none() {
        return Ok(false);
    }
    let known = known::read(folder.clone())?;
    let run = folder.id();
    if known.executor.is_some() {
        eprintln!("run {run} is being worked on already");
        return Ok(false);
    }
    if matches!(known.state.run_standing(false), RunStanding::Succeeded | RunStanding::Abandoned) {
        return Ok(false);
    }
    // What a person has stopped with a reason of his own starts nothing because a machine has booted.
    if matches!(known.state.run().stopped, Some(StopReason::Operator | StopReason::Reached)) {
        eprintln!(
            "run {run} was stopped on purpose: `{}` continues it",
            next::command(&["resume", run])
        );
        return Ok(false);
    }
    Ok(true)
}

/// The processes that continue runs.
struct Executors {
    executable: PathBuf,
    arguments: Vec<String>,
    /// Those that live, by handles that never name another process.
    living: Arc<Mutex<Vec<OwnedFd>>>,
}

impl Executors {
    fn new(place: &Place, arguments: &Resume) -> Result<Self, Failure> {
        let failed = |error: String| Failure::new(BUG, error);
        let mut words = Vec::new();
        if let Some(folder) = &place.state_dir {
            words.extend(["--state-dir".to_owned(), folder.to_string_lossy().into_owned()]);
        }
        words.push("resume".to_owned());
        if let Some(jobs) = arguments.working.jobs {
            words.extend(["--jobs".to_owned(), jobs.to_string()]);
        }
        if arguments.working.no_wait {
            words.push("--no-wait".to_owned());
        }
        if arguments.working.wait {
            words.push("--wait".to_owned());
        }
        if arguments.working.detach {
            words.push("--detach".to_owned());
        }
        let living = Arc::new(Mutex::new(Vec::new()));
        pass_signals_on(living.clone()).map_err(|error| failed(error.to_string()))?;
        Ok(Self {
            executable: keeper::executable().map_err(|error| failed(error.to_string()))?,
            arguments: words,
            living,
        })
    }

    /// Continues these runs at the same time; returns with what exit codes they have ended.
    fn resume(&self, runs: &[String]) -> Result<Vec<(String, u8)>, Failure> {
        let failed =
            |error: io::Error| Failure::new(BUG, format!("a run cannot be continued: {error}"));
        let mut children = Vec::new();
        for run in runs {
            let (child, relay) = self.start(run).map_err(failed)?;
            children.push((run.clone(), child, relay));
        }
        let mut ended = Vec::new();
        for (run, mut child, relay) in children {
            let status = child.wait().map_err(failed)?;
            drop(relay.join());
            ended.push((run, exit_code(status)));
        }
        self.living.lock().unwrap_or_else(PoisonError::into_inner).clear();
        Ok(ended)
    }

    fn start(&self, run: &str) -> io::Result<(Child, thread::JoinHandle<()>)> {
        let mut child = Command::new(&self.executable)
            .arg0("windlass")
            .args(&self.arguments)
            .arg(run)
            .stdin(Stdio::null())
            .stderr(Stdio::piped())
            // Ctrl-C reaches this process alone, which passes it on: otherwise one would count as two.
            .process_group(0)
            .spawn()?;
        let handle = pidfd_open(Pid::from_child(&child), PidfdFlags::empty())?;
        self.living.lock().unwrap_or_else(PoisonError::into_inner).push(handle);
        let (run, stderr) = (run.to_owned(), child.stderr.take());
        let relay = thread::spawn(move || {
            if let Some(stderr) = stderr {
                relay(&run, stderr);
            }
        });
        Ok((child, relay))
    }
}

/// Passes lines on with the run's id before each. A terminal that has gone does not end it.
fn relay(run: &str, stderr: ChildStderr) {
    for line in BufReader::new(stderr).split(b'\n').map_while(Result::ok) {
        let line = String::from_utf8_lossy(&line);
        drop(writeln!(io::stderr().lock(), "{run} | {line}"));
    }
}

fn exit_code(status: ExitStatus) -> u8 {
    status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(BUG)
}

/// Ctrl-C and SIGTERM mean every run; what becomes of the terminal means none.
fn pass_signals_on(living: Arc<Mutex<Vec<OwnedFd>>>) -> io::Result<()> {
    let mut signals = Signals::new([SIGINT, SIGTERM, SIGHUP])?;
    thread::Builder::new().name("signals".to_owned()).spawn(move || {
        for signal in signals.forever().filter(|signal| *signal != SIGHUP) {
            let signal = if signal == SIGINT { Signal::INT } else { Signal::TERM };
            for process in living.lock().unwrap_or_else(PoisonError::into_inner).iter() {
                // One that has ended needs no signal.
                let _ = pidfd_send_signal(process, signal);
            }
        }
    })?;
    Ok(())
}
