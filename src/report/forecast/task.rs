//! One task of a plan, on a few lines.
//!
//! Does not know the tasks beside it.

use std::fmt::Write as _;

use super::{typed, usual};
use crate::core::preview::{Forecast, Foreseen};

pub(super) fn task(text: &mut String, number: usize, task: &Foreseen) {
    let _ = writeln!(text, "{number:>4}. {}{}", task.id, told(task));
    let name = task.step.rsplit('.').next().unwrap_or_default();
    if task.title != name {
        let _ = writeln!(text, "      {}", task.title);
    }
    if let Some(argv) = &task.argv {
        let spared = match task.verdict {
            Forecast::FoundDone | Forecast::NeedsRepair => "not begun anew: ",
            _ => "",
        };
        let _ = writeln!(text, "      {spared}$ {}", typed(argv));
    }
    for line in task.waits.iter().flat_map(|waits| waits.lines()) {
        let _ = writeln!(text, "      {line}");
    }
    repair(text, task);
    for verification in &task.verifications {
        let _ = match verification {
            Some(argv) => writeln!(text, "      then verified by $ {}", typed(argv)),
            None => writeln!(text, "      then verified; details unknown until it has run"),
        };
    }
    let lists = [
        ("needs", &task.needs),
        ("under lock", &task.locks),
        ("while changed for a time:", &task.settings),
    ];
    for (words, names) in lists {
        if !names.is_empty() {
            let _ = writeln!(text, "      {words} {}", names.join(", "));
        }
    }
    if let Some(window) = &task.window {
        let _ = writeln!(text, "      begins in window {window}");
    }
    if let Some(reason) = &task.reason {
        let _ = writeln!(text, "      {reason}");
    }
}

/// The commands that bring the world in order for a task.
pub(super) fn repair(text: &mut String, task: &Foreseen) {
    for action in &task.repair {
        let _ = match action {
            Some(argv) => writeln!(text, "      repaired by $ {}", typed(argv)),
            None => writeln!(text, "      repaired by what is not a command, or not known yet"),
        };
    }
}

/// What will become of a task, after its id.
fn told(task: &Foreseen) -> String {
    let effect = format!("{:?}", task.effect).to_lowercase();
    let kind = task.kind.as_ref().map(|kind| format!(", {kind}")).unwrap_or_default();
    let time = task.usual_seconds.map(|seconds| format!(", usually {}", usual(seconds)));
    let what = format!("  [{effect}{kind}{}]", time.unwrap_or_default());
    match (task.verdict, &task.unknown_until) {
        (Forecast::WillRun, None) => what,
        (Forecast::WillRun, Some(until)) => {
            format!("{what} details unknown until {until} has ended")
        }
        (Forecast::FoundDone, _) => format!("{what} already done"),
        (Forecast::NeedsRepair, _) => format!("{what} will be repaired"),
        (Forecast::Running, _) => format!("{what} goes on already, and is waited for"),
        (Forecast::Skip, _) => "  will be skipped".to_owned(),
        (Forecast::Stop, _) => "  will stop before anything of it is started".to_owned(),
        (Forecast::Unknown, Some(until)) => format!("  unknown until {until} has ended"),
        (Forecast::Unknown, None) => "  unknown".to_owned(),
    }
}
