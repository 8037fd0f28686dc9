//! What probes have said about the world, by what follows from it.
//!
//! Does not list what they have found as it should be before a first start; that is counted.

use std::fmt::Write as _;

use super::task::repair;
use crate::core::preview::{Forecast, Foreseen};

/// How many tasks of a kind are listed.
const LISTED_MAX: usize = 20;

pub(super) fn told(text: &mut String, tasks: &[Foreseen]) {
    let asked = |task: &&Foreseen| task.found.is_some() || is_unread(task);
    let asked: Vec<&Foreseen> = tasks.iter().filter(asked).collect();
    text.push_str("\nas the world is now (each probe is asked again before its task starts):\n");
    if asked.is_empty() {
        text.push_str("      no task has a probe that could be asked before the run\n");
        return;
    }
    for (verdict, words) in [
        (Forecast::FoundDone, "already done"),
        (Forecast::NeedsRepair, "will be repaired"),
        (Forecast::Running, "going on, and will be waited for"),
        (Forecast::Stop, "will stop for the operator"),
        (Forecast::Unknown, "not known"),
    ] {
        let here: Vec<&Foreseen> =
            asked.iter().copied().filter(|task| task.verdict == verdict).collect();
        if here.is_empty() {
            continue;
        }
        let _ = writeln!(text, "      {} {words}:", here.len());
        for task in here.iter().take(LISTED_MAX) {
            let why = task.reason.as_deref().unwrap_or_default();
            let _ = writeln!(text, "        {}: {why}", task.id);
            let mut commands = String::new();
            repair(&mut commands, task);
            for line in commands.lines() {
                let _ = writeln!(text, "    {line}");
            }
        }
        if here.len() > LISTED_MAX {
            let _ = writeln!(text, "        … {} more", here.len() - LISTED_MAX);
        }
    }
    let rest = asked.iter().filter(|task| task.verdict == Forecast::WillRun).count();
    if rest > 0 {
        let _ = writeln!(text, "      {rest} will run");
    }
}

/// A probe that has given no answer.
fn is_unread(task: &Foreseen) -> bool {
    task.verdict == Forecast::Unknown && task.unknown_until.is_none() && task.reason.is_some()
}
