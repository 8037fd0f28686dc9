//! What a run would do, for people: what it is given, what it changes for a time, which tasks there are and when, and what the
//! world has said to it. Of a group with many items only the first few are shown.
//!
//! Does not know how it was found out. Programs get all of it as JSON.

mod fold;
mod head;
mod task;
mod wave;
mod world;

use std::fmt::Write as _;
use std::time::Duration;

use self::fold::{Fold, Hidden};
use super::shell;
use crate::core::machine::in_words;
use crate::core::preview::{Forecast, Foreseen, Preview};

/// The tasks in the order in which they could be done, and what follows from them.
#[must_use]
pub fn text(preview: &Preview) -> String {
    let mut text = format!("{} ({})\ndigest {}\n", preview.title, preview.runbook, preview.digest);
    head::parameters(&mut text, &preview.params);
    head::settings(&mut text, &preview.settings);
    if preview.probed {
        world::told(&mut text, &preview.tasks);
    }
    wave::waves(&mut text, &preview.tasks);
    tasks(&mut text, &preview.tasks);
    let count = preview.tasks.len();
    let noun = if count == 1 { "task" } else { "tasks" };
    let _ = writeln!(text, "\n{count} {noun}: {}", counts(preview.tasks.iter()));
    let _ = writeln!(text, "longest way: {}", preview.critical_path.join(" → "));
    if let Some(seconds) = preview.usual_seconds {
        let _ = writeln!(
            text,
            "by earlier runs: {} at least, if every task of a wave runs at the same time",
            usual(seconds)
        );
    }
    text
}

fn tasks(text: &mut String, tasks: &[Foreseen]) {
    let mut fold = Fold::new(tasks);
    text.push_str("\ntasks:\n");
    for (number, foreseen) in tasks.iter().enumerate() {
        match fold.hides(&foreseen.id) {
            None => task::task(text, number + 1, foreseen),
            Some(Hidden { group, first: true }) => {
                let _ = writeln!(text, "   …  {}", fold.words(&group, tasks));
            }
            Some(Hidden { first: false, .. }) => {}
        }
    }
    if fold.has_hidden() {
        text.push_str("`--format json` lists them all\n");
    }
}

fn typed(argv: &[String]) -> String {
    shell::command(argv.iter().map(String::as_str))
}

/// A time that something usually takes: to the second, or better where it is short.
fn usual(seconds: f64) -> String {
    let exact = Duration::try_from_secs_f64(seconds).unwrap_or_default();
    let rounded = if exact < Duration::from_secs(10) {
        Duration::from_millis(u64::try_from(exact.as_millis()).unwrap_or_default() / 100 * 100)
    } else {
        Duration::from_secs(exact.as_secs())
    };
    if rounded.is_zero() { "less than 100ms".to_owned() } else { in_words(rounded) }
}

fn counts<'a>(tasks: impl Iterator<Item = &'a Foreseen>) -> String {
    let verdicts: Vec<Forecast> = tasks.map(|task| task.verdict).collect();
    let parts = [
        (Forecast::WillRun, "will run"),
        (Forecast::FoundDone, "already done"),
        (Forecast::NeedsRepair, "to be repaired"),
        (Forecast::Running, "going on"),
        (Forecast::Skip, "will be skipped"),
        (Forecast::Stop, "will stop"),
        (Forecast::Unknown, "not known yet"),
    ];
    let count = |of| verdicts.iter().filter(|verdict| **verdict == of).count();
    let parts = parts.into_iter().map(|(verdict, words)| (count(verdict), words));
    let parts: Vec<String> = parts
        .filter(|(count, _)| *count > 0)
        .map(|(count, words)| format!("{count} {words}"))
        .collect();
    parts.join(", ")
}

#[cfg(test)]
mod tests;
