//! What the system tells of processes: a reading of Linux's `/proc`.
//!
//! Does not know which of them belong to a job. Whatever cannot be read is as if it were not there: a process may end at any
//! moment, and those of other users do not show everything.

use std::collections::BTreeMap;
use std::fs;
use std::io::Read;
use std::os::unix::fs::MetadataExt;

/// How much of a command line people are shown, in characters.
const COMMAND_CHARS_MAX: usize = 200;

/// More than what is told of a process can be: some fifty numbers, and a name. The system tells all of it in one go.
const STAT_BYTES_MAX: usize = 2048;

/// One process at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Process {
    pub(super) pid: u32,
    pub(super) parent: u32,
    /// Process id of the session's leader.
    pub(super) session: u32,
    /// Ticks since the machine was booted; with the process id it names a process for good, until the next boot.
    pub(super) start_time: u64,
    /// It has ended, and only its parent has not yet taken notice.
    pub(super) ended: bool,
}

/// Names this boot of the machine; empty if the system does not tell.
#[must_use]
pub fn boot_id() -> String {
    fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default().trim().to_owned()
}

/// The process with that id.
pub(super) fn read(pid: u32) -> Option<Process> {
    let mut stat = [0; STAT_BYTES_MAX];
    let count = fs::File::open(format!("/proc/{pid}/stat")).ok()?.read(&mut stat).ok()?;
    parse_stat(&stat[..count])
}

/// The name of the program stands in parentheses and may hold anything, parentheses and spaces too.
fn parse_stat(stat: &[u8]) -> Option<Process> {
    let name_end = stat.iter().rposition(|byte| *byte == b')')?;
    let pid_end = stat.iter().position(|byte| *byte == b' ')?;
    let pid = std::str::from_utf8(&stat[..pid_end]).ok()?.parse().ok()?;
    let rest = std::str::from_utf8(&stat[name_end + 1..]).ok()?;
    let mut fields = rest.split_ascii_whitespace();
    let state = fields.next()?;
    let parent = fields.next()?.parse().ok()?;
    let session = fields.nth(1)?.parse().ok()?;
    let start_time = fields.nth(15)?.parse().ok()?;
    Some(Process { pid, parent, session, start_time, ended: matches!(state, "Z" | "X" | "x") })
}

/// All processes, in the order of their ids.
pub(super) fn all() -> Vec<Process> {
    let Ok(entries) = fs::read_dir("/proc") else { return Vec::new() };
    let mut pids: Vec<u32> =
        entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok()).collect();
    pids.sort_unstable();
    pids.into_iter().filter_map(read).collect()
}

/// All that descend from a process, parents before their children.
pub(super) fn descendants(of: u32) -> Vec<Process> {
    let mut by_parent: BTreeMap<u32, Vec<Process>> = BTreeMap::new();
    for process in all() {
        by_parent.entry(process.parent).or_default().push(process);
    }
    let mut found = by_parent.remove(&of).unwrap_or_default();
    let mut next = 0;
    while next < found.len() {
        let children = by_parent.remove(&found[next].pid).unwrap_or_default();
        found.extend(children);
        next += 1;
    }
    found
}

/// The children of this process, if the system lists them. Only right where this process has one thread.
pub(super) fn own_children() -> Option<Vec<u32>> {
    let list = fs::read_to_string("/proc/thread-self/children").ok()?;
    list.split_ascii_whitespace().map(|pid| pid.parse().ok()).collect()
}

/// Whether a process was started with all of these `NAME=VALUE` in its environment.
pub(super) fn environment_holds(pid: u32, marks: &[String]) -> bool {
    let Ok(environment) = fs::read(format!("/proc/{pid}/environ")) else { return false };
    !marks.is_empty()
        && marks
            .iter()
            .all(|mark| environment.split(|byte| *byte == 0).any(|entry| entry == mark.as_bytes()))
}

/// The value of a variable that a process was started with.
pub(super) fn environment_value(pid: u32, name: &str) -> Option<String> {
    let environment = fs::read(format!("/proc/{pid}/environ")).ok()?;
    let mut entries = environment.split(|byte| *byte == 0);
    let value =
        entries.find_map(|entry| entry.strip_prefix(name.as_bytes())?.strip_prefix(b"="))?;
    Some(String::from_utf8_lossy(value).into_owned())
}

/// Whether a process has a file open, named by its device and inode.
pub(super) fn holds_open(pid: u32, file: (u64, u64)) -> bool {
    let Ok(entries) = fs::read_dir(format!("/proc/{pid}/fd")) else { return false };
    entries
        .filter_map(|entry| fs::metadata(entry.ok()?.path()).ok())
        .any(|metadata| (metadata.dev(), metadata.ino()) == file)
}

/// The command line of a process, for people.
pub(super) fn command(pid: u32) -> String {
    let line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    let text = String::from_utf8_lossy(&line);
    let arguments: Vec<&str> = text.trim_end_matches('\0').split('\0').collect();
    let shown = if text.is_empty() {
        let name = fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default();
        format!("[{}]", name.trim())
    } else {
        shown_command(&arguments)
    };
    shown.chars().take(COMMAND_CHARS_MAX).collect()
}

/// A command line as people would type it.
pub(super) fn shown_command(arguments: &[&str]) -> String {
    shlex::try_join(arguments.iter().copied()).unwrap_or_else(|_| arguments.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_may_have_any_name() {
        let stat =
            b"4321 (a) (b c) S 12 4321 99 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 777 1000 200 rest";
        let process = Process { pid: 4321, parent: 12, session: 99, start_time: 777, ended: false };
        assert_eq!(parse_stat(stat), Some(process));
        assert_eq!(parse_stat(b"4321 (a"), None);
    }

    #[test]
    fn this_process_is_found() {
        let own = read(std::process::id()).expect("this process lives");
        assert_eq!(own.parent, std::os::unix::process::parent_id());
        assert!(!own.ended);
        assert!(all().contains(&own));
    }
}
