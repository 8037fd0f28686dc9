//! What to do next, as commands that can be typed.
//!
//! Does not know where runs are kept unless it is told so for the whole process, by [`say_state_folder`].

use std::fmt::Write as _;
use std::path::Path;
use std::sync::OnceLock;

use super::status::{Executor, SettingRow, Status, TaskRow};
use crate::core::setting::SettingStanding;
use crate::core::standing::{RunStanding, TaskStanding};
use crate::observe::printable::escape;

/// How many tasks are named one by one.
const NAMED_MAX: usize = 5;

/// What every command begins with, where that is more than its name.
static PROGRAM: OnceLock<String> = OnceLock::new();

/// From now on every command names the state folder: whoever types it would not find the run otherwise. Only the first call counts.
pub fn say_state_folder(folder: &Path) {
    PROGRAM.get_or_init(|| format!("windlass --state-dir {}", quoted(&folder.to_string_lossy())));
}

/// What every command begins with.
#[must_use]
pub fn program() -> &'static str {
    PROGRAM.get().map_or("windlass", String::as_str)
}

/// A command of windlass, quoted for the shell.
#[must_use]
pub fn command(words: &[&str]) -> String {
    let words = words.iter().map(|word| quoted(word));
    std::iter::once(program().to_owned()).chain(words).collect::<Vec<_>>().join(" ")
}

/// A command about a run in another state folder than the one of this process.
#[must_use]
pub fn command_in(state_dir: &Path, words: &[&str]) -> String {
    let state_dir = state_dir.to_string_lossy();
    let place = ["windlass", "--state-dir", &state_dir];
    let words = place.iter().chain(words).map(|word| quoted(word));
    words.collect::<Vec<_>>().join(" ")
}

/// An equals sign after the first letter means nothing to a shell in what is not the first word of a command.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-+=:,./@%".contains(c);
    if word.chars().all(plain) && !word.is_empty() && !word.starts_with('=') {
        return word.to_owned();
    }
    shlex::try_quote(word).map_or_else(|_| format!("{word:?}"), std::borrow::Cow::into_owned)
}

/// A command with what it means.
fn meant(words: &[&str], meaning: &str) -> String {
    format!("{}   # {meaning}", command(words))
}

/// The commands that lead on from where a run stands.
#[must_use]
pub fn steps(status: &Status) -> Vec<String> {
    let run = status.run.as_str();
    let of = |standing: TaskStanding| {
        status.tasks.iter().filter(move |task| task.state == standing).take(NAMED_MAX)
    };
    match status.state {
        RunStanding::Running => {
            let orphans = of(TaskStanding::Running).filter(|task| task.orphan.is_some());
            let orphans = orphans.map(|task| command(&["show", run, &task.id]));
            orphans.chain([command(&["attach", run]), command(&["stop", run])]).collect()
        }
        RunStanding::InDoubt => {
            let mut doubtful = of(TaskStanding::InDoubt);
            // The answers are spelled out for the first one; the others are answered in the same way.
            let owed = status.settings.iter().filter(|setting| setting.debt).take(NAMED_MAX);
            let owed = owed.flat_map(|setting| of_setting(run, setting));
            let first = doubtful.next().into_iter().flat_map(|task| of_task(run, task));
            let others = doubtful.map(|task| command(&["show", run, &task.id]));
            let asks = of(TaskStanding::InDoubt).any(|task| task.probe);
            owed.chain(first).chain(others).chain([resume(run, asks)]).collect()
        }
        RunStanding::Failed => {
            let failed = of(TaskStanding::Failed).flat_map(|task| of_task(run, task));
            failed.chain([resume(run, false)]).collect()
        }
        RunStanding::Interrupted | RunStanding::Waiting => vec![resume(run, false)],
        RunStanding::Succeeded | RunStanding::Abandoned => Vec::new(),
    }
}

/// What can be decided about a setting that is owed; a resume tries again to put it back, where it can.
fn of_setting(run: &str, setting: &SettingRow) -> Vec<String> {
    let answer = |decision, meaning| {
        meant(&["resolve", run, &setting.id, "--as", decision, "--because", "WHY"], meaning)
    };
    match setting.state {
        SettingStanding::Idle => {
            vec![answer("done", "the value that was found is the one to put back")]
        }
        SettingStanding::Drifted => vec![
            answer("done", "it stays as it is"),
            answer("absent", "it is put back all the same, by the next resume"),
        ],
        _ => Vec::new(),
    }
}

fn resume(run: &str, asks: bool) -> String {
    if asks {
        meant(&["resume", run], "asks the probe again, and goes on if that settles it")
    } else {
        command(&["resume", run])
    }
}

/// Looking at one task, and for a doubt the two answers that settle it.
#[must_use]
pub fn of_task(run: &str, task: &TaskRow) -> Vec<String> {
    let id = task.id.as_str();
    match task.state {
        TaskStanding::InDoubt => {
            let [done, absent, ..] = answers(run, task);
            vec![command(&["show", run, id]), done, absent]
        }
        TaskStanding::Running => vec![command(&["logs", "-f", run, id])],
        TaskStanding::Blocked => vec![command(&["status", run])],
        _ if task.attempts > 0 => vec![command(&["logs", run, id])],
        TaskStanding::Failed => vec![command(&["show", run, id])],
        _ => Vec::new(),
    }
}

/// Whatever can be done about one task that is being looked at, and then about its run.
#[must_use]
pub fn of_one(status: &Status, task: &TaskRow) -> Vec<String> {
    let (run, id) = (status.run.as_str(), task.id.as_str());
    let mut next = Vec::new();
    match task.state {
        TaskStanding::InDoubt => {
            if task.attempts > 0 {
                next.push(command(&["logs", run, id]));
            }
            next.extend(answers(run, task));
            next.push(resume(run, task.probe));
        }
        TaskStanding::Failed => {
            if task.attempts > 0 {
                next.push(command(&["logs", run, id]));
            }
            next.push(command(&["resume", run]));
        }
        TaskStanding::Running if task.orphan.is_some() => next.extend(of_orphan(run, task)),
        TaskStanding::Running if status.executor.is_none() => {
            next.push(command(&["logs", run, id]));
            next.push(command(&["resume", run]));
        }
        _ => next.extend(of_task(run, task)),
    }
    next
}

/// What can be done about a process that nobody but the operator can end.
fn of_orphan(run: &str, task: &TaskRow) -> Vec<String> {
    let [done, _, waived] = answers(run, task);
    let kill = task.orphan.filter(|pid| *pid > 0).map(|pid| {
        format!("kill {pid}   # ends it; the run then finds out what it has done, or asks you")
    });
    let logs = command(&["logs", "-f", run, task.id.as_str()]);
    std::iter::once(logs).chain(kill).chain([done, waived]).collect()
}

/// The answers that settle a doubt, the usual ones first.
fn answers(run: &str, task: &TaskRow) -> [String; 3] {
    let outputs: Vec<String> = task.outputs.iter().map(|name| format!("{name}=VALUE")).collect();
    let answer = |decision, outputs: &[String], meaning| {
        let mut words = vec!["resolve", run, task.id.as_str(), "--as", decision];
        words.extend(["--because", "WHY"]);
        outputs.iter().for_each(|output| words.extend(["--output", output]));
        meant(&words, meaning)
    };
    [
        answer("done", &outputs, "its effect has happened"),
        answer("absent", &[], "its effect has not happened"),
        answer("waived", &[], "leave it out, whatever has happened; what needs it goes on"),
    ]
}

/// Appends commands to a text, under a title.
pub fn list(text: &mut String, commands: &[String]) {
    if commands.is_empty() {
        return;
    }
    text.push_str("\nnext:\n");
    for command in commands {
        let _ = writeln!(text, "  {}", escape(command));
    }
}

impl Executor {
    /// Who works on the run, in words.
    #[must_use]
    pub fn words(&self) -> String {
        format!("process {} of {} on {}", self.pid, self.user, self.host)
    }
}
