//! What to do next, as commands that can be typed.
//!
//! Does not know where runs are kept unless it is told so for the whole process, by [`say_state_folder`].

use std::path::Path;
use std::sync::OnceLock;

use super::status::{Executor, Status, TaskRow};
use crate::core::standing::{RunStanding, TaskStanding};

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

/// An equals sign after the first letter means nothing to a shell in what is not the first word of a command.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-+=:,./@%".contains(c);
    if word.chars().all(plain) && !word.is_empty() && !word.starts_with('=') {
        return word.to_owned();
    }
    shlex::try_quote(word).map_or_else(|_| format!("{word:?}"), std::borrow::Cow::into_owned)
}

/// A command about a run of another state folder.
#[must_use]
pub fn command_in(state_dir: &str, words: &[&str]) -> String {
    let words = ["windlass", "--state-dir", state_dir].into_iter().chain(words.iter().copied());
    words.map(quoted).collect::<Vec<_>>().join(" ")
}

/// The commands that lead on from where a run stands: first those about whoever stands in its way.
#[must_use]
pub fn steps(status: &Status) -> Vec<String> {
    let mut steps = super::locks::steps(&status.awaited);
    steps.extend(of_run(status));
    steps
}

fn of_run(status: &Status) -> Vec<String> {
    let run = status.run.as_str();
    let of = |standing: TaskStanding| {
        status.tasks.iter().filter(move |task| task.state == standing).take(NAMED_MAX)
    };
    match status.state {
        RunStanding::Running => vec![command(&["logs", "-f", run]), command(&["stop", run])],
        RunStanding::InDoubt => {
            let mut doubtful = of(TaskStanding::InDoubt);
            // The answers are spelled out for the first one; the others are answered in the same way.
            let first = doubtful.next().into_iter().flat_map(|task| of_task(run, task));
            let others = doubtful.map(|task| command(&["show", run, &task.id]));
            first.chain(others).chain([command(&["resume", run])]).collect()
        }
        RunStanding::Failed => {
            let failed = of(TaskStanding::Failed).flat_map(|task| of_task(run, task));
            failed.chain([command(&["resume", run])]).collect()
        }
        RunStanding::Interrupted | RunStanding::Waiting | RunStanding::Locked => {
            vec![command(&["resume", run])]
        }
        RunStanding::Succeeded | RunStanding::Abandoned => Vec::new(),
    }
}

/// Looking at one task, and for a doubt the two answers that settle it.
#[must_use]
pub fn of_task(run: &str, task: &TaskRow) -> Vec<String> {
    let id = task.id.as_str();
    let answer = |decision, outputs: &[String], meaning| {
        let mut words = vec!["resolve", run, id, "--as", decision, "--because", "WHY"];
        outputs.iter().for_each(|output| words.extend(["--output", output]));
        format!("{}   # its effect has {meaning}", command(&words))
    };
    let outputs: Vec<String> = task.outputs.iter().map(|name| format!("{name}=VALUE")).collect();
    match task.state {
        TaskStanding::InDoubt => vec![
            command(&["show", run, id]),
            answer("done", &outputs, "happened"),
            answer("absent", &[], "not happened"),
        ],
        TaskStanding::Running => vec![command(&["logs", "-f", run, id])],
        TaskStanding::Blocked => vec![command(&["status", run])],
        _ if task.attempts > 0 => vec![command(&["logs", run, id])],
        TaskStanding::Failed => vec![command(&["show", run, id])],
        _ => Vec::new(),
    }
}

impl Executor {
    /// Who works on the run, in words.
    #[must_use]
    pub fn words(&self) -> String {
        format!("process {} of {} on {}", self.pid, self.user, self.host)
    }
}
