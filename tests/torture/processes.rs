//! The processes of one trial, found by a mark in their environment, and their end.
//!
//! Touches no process that has not that mark.

use std::collections::BTreeMap;
use std::fs;

use rustix::event::{PollFd, PollFlags, poll};
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};

/// What a process is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Executor,
    Keeper,
    Job,
    /// What a process begins as: a copy of the executor or of the keeper that is to become a keeper or a job.
    Beginning,
}

#[derive(Debug, Clone)]
pub(crate) struct Process {
    pub(crate) pid: u32,
    parent: u32,
    pub(crate) kind: Kind,
    /// The task whose job it is of.
    pub(crate) task: Option<String>,
    /// It leads the session of its job.
    pub(crate) leads: bool,
    pub(crate) command: String,
}

/// All processes with that mark that live. Whoever looks must not have it.
pub(crate) fn with_mark(mark: &str) -> Vec<Process> {
    let entries = fs::read_dir("/proc").unwrap();
    let pids = entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse::<u32>().ok());
    let mut found: Vec<Process> = pids.filter_map(|pid| look_at(pid, mark)).collect();
    let kinds: BTreeMap<u32, Kind> = found.iter().map(|one| (one.pid, one.kind)).collect();
    for process in found.iter_mut().filter(|process| process.kind != Kind::Job) {
        if kinds.get(&process.parent) == Some(&process.kind) {
            process.kind = Kind::Beginning;
        }
    }
    found
}

fn look_at(pid: u32, mark: &str) -> Option<Process> {
    let environment = fs::read(format!("/proc/{pid}/environ")).ok()?;
    let environment = String::from_utf8_lossy(&environment);
    if !environment.split('\0').any(|entry| entry == mark) {
        return None;
    }
    let task = environment.split('\0').find_map(|entry| entry.strip_prefix("WINDLASS_TASK="));
    let command = fs::read(format!("/proc/{pid}/cmdline")).ok()?;
    let command = String::from_utf8_lossy(&command).trim_end_matches('\0').replace('\0', " ");
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let fields: Vec<&str> = stat.rsplit_once(") ")?.1.split(' ').collect();
    // A process that has ended, and of which nobody has taken notice, does not live.
    if fields[0] == "Z" {
        return None;
    }
    let kind = match task {
        Some(_) => Kind::Job,
        None if command.starts_with("windlass keeper ") => Kind::Keeper,
        None => Kind::Executor,
    };
    let parent = fields[1].parse().ok()?;
    let leads = fields[3] == pid.to_string();
    Some(Process { pid, parent, kind, task: task.map(str::to_owned), leads, command })
}

/// Kills that process as `kill -9` does, if it still has that mark, and waits until it is gone; returns whether it was there.
pub(crate) fn kill(pid: u32, mark: &str) -> bool {
    let Some(id) = Pid::from_raw(pid.cast_signed()) else { return false };
    let Ok(descriptor) = pidfd_open(id, PidfdFlags::empty()) else { return false };
    // From here on the id cannot be given to another process unnoticed.
    if look_at(pid, mark).is_none() || pidfd_send_signal(&descriptor, Signal::KILL).is_err() {
        return false;
    }
    poll(&mut [PollFd::new(&descriptor, PollFlags::IN)], None).unwrap();
    true
}
