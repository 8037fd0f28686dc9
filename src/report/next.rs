//! What to do next, as commands that can be typed.
//!
//! Does not know where runs are kept unless it is told so for the whole process, by [`say_state_folder`].

use std::borrow::Cow;
use std::fmt::Write as _;
use std::path::Path;
use std::sync::OnceLock;

use super::setting::SettingRow;
use super::shell;
use super::status::{Executor, Status, TaskRow};
use crate::core::question::QuestionKind;
use crate::core::record::StopReason;
use crate::core::standing::{RunStanding, TaskStanding};
use crate::core::state::State;
use crate::observe::printable::escape;

/// How many tasks are named one by one.
const NAMED_MAX: usize = 5;

/// What every command begins with, where that is more than its name.
static PROGRAM: OnceLock<String> = OnceLock::new();

/// From now on every command names the state folder: whoever types it would not find the run otherwise. Only the first call counts.
pub fn say_state_folder(folder: &Path) {
    PROGRAM
        .get_or_init(|| format!("windlass --state-dir {}", shell::word(&folder.to_string_lossy())));
}

/// What every command begins with.
#[must_use]
pub fn program() -> &'static str {
    PROGRAM.get().map_or("windlass", String::as_str)
}

/// A command of windlass, quoted for the shell.
#[must_use]
pub fn command(words: &[&str]) -> String {
    let words = words.iter().map(|word| shell::word(word));
    std::iter::once(Cow::Borrowed(program())).chain(words).collect::<Vec<_>>().join(" ")
}

/// A command about a run in another state folder than the one of this process.
#[must_use]
pub fn command_in(state_dir: &Path, words: &[&str]) -> String {
    let state_dir = state_dir.to_string_lossy();
    let place = ["windlass", "--state-dir", &state_dir];
    shell::command(place.iter().chain(words).copied())
}

/// A command with what it means.
pub(super) fn meant(words: &[&str], meaning: &str) -> String {
    format!("{}   # {meaning}", command(words))
}

/// The commands that lead on from where a run stands: first those about whoever stands in its way.
#[must_use]
pub fn steps(status: &Status) -> Vec<String> {
    let mut steps = super::locks::steps(&status.run, &status.awaited);
    if !matches!(status.state, RunStanding::Succeeded | RunStanding::Abandoned) {
        steps.extend(of_questions(status));
    }
    steps.extend(of_run(status));
    steps
}

fn of_run(status: &Status) -> Vec<String> {
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
        RunStanding::InDoubt => of_doubts(status),
        RunStanding::Failed => {
            let failed = of(TaskStanding::Failed).flat_map(|task| of_task(run, task));
            failed.chain(last(status, false)).collect()
        }
        RunStanding::Waiting => vec![meant(&["resume", run], "goes on, once this is answered")],
        RunStanding::Interrupted | RunStanding::Locked => last(status, false),
        RunStanding::Succeeded | RunStanding::Abandoned => Vec::new(),
    }
}

/// How people answer: spelled out for the first question, the others are answered in the same way.
fn of_questions(status: &Status) -> Vec<String> {
    let run = status.run.as_str();
    let mut asked = status.asked().take(NAMED_MAX);
    let first = asked.next().into_iter().flat_map(|task| of_question(run, task));
    first.chain(asked.map(|task| command(&["show", run, &task.id]))).collect()
}

/// The answers to what a task asks.
fn of_question(run: &str, task: &TaskRow) -> Vec<String> {
    let Some(question) = &task.question else { return Vec::new() };
    let wanted = question.fields.iter().filter(|(_, field)| field.default.is_none());
    let fields: Vec<String> = wanted.map(|(name, _)| format!("{name}=VALUE")).collect();
    let mut approve = vec!["approve", run, task.id.as_str()];
    fields.iter().for_each(|field| approve.extend(["--field", field]));
    let (yes, no) = match question.kind {
        QuestionKind::Manual => ("it is done", "it cannot be done"),
        QuestionKind::Approval => ("go", "no go"),
    };
    let reject = ["reject", run, task.id.as_str(), "--because", "WHY"];
    vec![meant(&approve, yes), meant(&reject, no)]
}

/// What settles doubts and debts, and what goes on after that.
fn of_doubts(status: &Status) -> Vec<String> {
    let run = status.run.as_str();
    let of = |standing: TaskStanding| status.standing(standing).take(NAMED_MAX);
    // What is only held is put back once the rest is settled.
    let owed: Vec<&SettingRow> =
        status.settings.iter().filter(|row| row.debt && row.is_for_people()).collect();
    let mut next: Vec<String> =
        owed.iter().take(NAMED_MAX).flat_map(|setting| of_setting(run, setting)).collect();
    // The answers are spelled out for the first doubt; the others are answered in the same way.
    let mut doubtful = of(TaskStanding::InDoubt);
    next.extend(doubtful.next().into_iter().flat_map(|task| of_task(run, task)));
    next.extend(doubtful.map(|task| command(&["show", run, &task.id])));
    next.extend(of(TaskStanding::Failed).flat_map(|task| of_task(run, task)));
    let resume = ["resume", run];
    let asks = of(TaskStanding::InDoubt).any(|task| task.probe);
    let stuck = owed.iter().any(|setting| setting.stuck);
    let open = !owed.is_empty() || of(TaskStanding::InDoubt).next().is_some();
    match status.stopped {
        Some(StopReason::Abandoned) => next.extend(last(status, asks)),
        _ if asks => next.extend(last(status, true)),
        _ if stuck => next.push(meant(&resume, "tries again to put it back, and goes on")),
        _ if open => next.push(meant(&resume, "goes on, once this is decided")),
        // Settings are held because something has failed: both ways lead to their being put back.
        _ => next.extend([command(&resume), abandon(run, owes(status))]),
    }
    next
}

/// The command that a decision makes possible.
#[must_use]
pub fn after_decision(run: &str, state: &State) -> String {
    let owes = state.all_parts().any(|(_, part)| part.standing.is_open());
    match state.run().stopped {
        Some(StopReason::Abandoned) => abandon(run, owes),
        _ => meant(&["resume", run], "goes on"),
    }
}

/// What the run goes on with, once there is nothing to be decided.
fn last(status: &Status, asks: bool) -> Vec<String> {
    let run = status.run.as_str();
    match status.stopped {
        Some(StopReason::Abandoned) => vec![abandon(run, owes(status)), resume(run, asks)],
        _ => vec![resume(run, asks)],
    }
}

fn resume(run: &str, asks: bool) -> String {
    if asks {
        meant(&["resume", run], "asks the probe again, and goes on if that settles it")
    } else {
        command(&["resume", run])
    }
}

/// Looking at a setting that is owed, and what settles it.
fn of_setting(run: &str, setting: &SettingRow) -> Vec<String> {
    let show = command(&["show", run, &setting.id]);
    std::iter::once(show).chain(setting.answers(run)).collect()
}

/// What can be done about one setting that is being looked at, and then about its run.
#[must_use]
pub fn of_one_setting(status: &Status, setting: &SettingRow) -> Vec<String> {
    let run = status.run.as_str();
    let mut next = setting.answers(run);
    if setting.state.is_open() && status.executor.is_none() {
        let mut last = last(status, false);
        if !last.contains(&abandon(run, owes(status))) {
            last.push(abandon(run, owes(status)));
        }
        if setting.is_for_people() {
            next.extend(last);
        } else {
            next.splice(..0, last).for_each(drop);
        }
    }
    next
}

fn abandon(run: &str, owes: bool) -> String {
    let back =
        if owes { "gives the run up, and puts its settings back" } else { "gives the run up" };
    meant(&["abandon", run, "--because", "WHY"], back)
}

/// Whether a setting is still to be put back.
fn owes(status: &Status) -> bool {
    status.settings.iter().any(|setting| setting.state.is_open())
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
        TaskStanding::Failed if task.unread => {
            let mut ways = of_unread(run, task);
            ways.push(command(&["logs", run, id]));
            ways
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
            next.extend(answers(run, task).into_iter().take(3));
            next.push(resume(run, task.probe));
        }
        TaskStanding::Failed if task.unread => next.extend(of_task(run, task)),
        TaskStanding::Failed => {
            if task.attempts > 0 {
                next.push(command(&["logs", run, id]));
            }
            next.push(command(&["resume", run]));
        }
        _ if task.question.is_some() => {
            next.extend(of_question(run, task));
            if status.executor.is_none() {
                next.push(meant(&["resume", run], "goes on, once this is answered"));
            }
        }
        TaskStanding::Running if task.orphan.is_some() => next.extend(of_orphan(run, task)),
        TaskStanding::Running if status.executor.is_none() => {
            next.push(command(&["logs", run, id]));
            next.push(command(&["resume", run]));
        }
        _ => next.extend(of_task(run, task)),
    }
    let is_open = !matches!(status.state, RunStanding::Succeeded | RunStanding::Abandoned);
    let rests = status.executor.is_none() && task.question.is_none() && is_open;
    if task.state == TaskStanding::Waiting && rests {
        next.push(command(&["resume", run]));
    }
    next
}

/// What can be done about a process that nobody but the operator can end.
fn of_orphan(run: &str, task: &TaskRow) -> Vec<String> {
    let [done, _, waived, _] = answers(run, task);
    let kill = task.orphan.filter(|pid| *pid > 0).map(|pid| {
        format!("kill {pid}   # ends it; the run then finds out what it has done, or asks you")
    });
    let logs = command(&["logs", "-f", run, task.id.as_str()]);
    std::iter::once(logs).chain(kill).chain([done, waived]).collect()
}

/// What gives a task its outputs whose effect has happened.
fn of_unread(run: &str, task: &TaskRow) -> Vec<String> {
    let [done, ..] = answers(run, task);
    let corrected = ["resume", run, "--runbook", "FILE"];
    vec![done, meant(&corrected, "with the outputs corrected")]
}

/// The answers that settle a doubt, the usual ones first.
fn answers(run: &str, task: &TaskRow) -> [String; 4] {
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
        answer("failed", &[], "it has failed for good, and is neither done again nor asked after"),
    ]
}

/// All that can be said of a task in doubt whose run is to be given up, what is said most then first.
#[must_use]
pub fn before_abandoning(run: &str, task: &TaskRow) -> [String; 4] {
    let [done, absent, waived, failed] = answers(run, task);
    [failed, waived, done, absent]
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
