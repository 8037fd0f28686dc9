//! `windlass plan`.

use std::fmt::Write as _;
use std::sync::Arc;

use super::arguments::{Format, Plan as Arguments};
use super::failure::{BUG, Failure};
use super::runbook;
use crate::core::expressions::Expressions;
use crate::core::preview::{Forecast, Foreseen, Preview, preview};

/// Stands for the id of a run that does not exist.
const NO_RUN: &str = "RUN";

pub(super) fn main(arguments: &Arguments) -> Result<u8, Failure> {
    let text = runbook::load(&arguments.runbook, &arguments.given.drivers)?;
    let params = runbook::parameters(&text, &arguments.given)?;
    let plan = Arc::new(runbook::plan(text, params, &arguments.runbook)?);
    let expressions = Expressions::new(plan, NO_RUN, NO_RUN);
    let preview = preview(&expressions)
        .map_err(|unfit| Failure::new(BUG, format!("windlass contradicts itself: {unfit}")))?;
    match arguments.format {
        Format::Json => super::print_json(&preview)?,
        Format::Human => super::print(&human(&preview))?,
    }
    Ok(0)
}

fn human(preview: &Preview) -> String {
    let mut text = format!("{} ({})\n", preview.title, preview.runbook);
    let _ = writeln!(text, "digest {}\n", preview.digest);
    for (number, task) in preview.tasks.iter().enumerate() {
        let _ = writeln!(text, "{:>4}. {}{}", number + 1, task.id, told(task));
        if let Some(argv) = &task.argv {
            let _ = writeln!(
                text,
                "      $ {}",
                shlex::try_join(argv.iter().map(String::as_str)).unwrap_or_else(|_| argv.join(" "))
            );
        }
        if !task.needs.is_empty() {
            let _ = writeln!(text, "      needs {}", task.needs.join(", "));
        }
        if let Some(reason) = &task.reason {
            let _ = writeln!(text, "      {reason}");
        }
    }
    let _ = writeln!(text, "\n{}", counts(preview));
    let _ = writeln!(text, "longest way: {}", preview.critical_path.join(" → "));
    text
}

/// What will become of a task, after its id.
fn told(task: &Foreseen) -> String {
    let effect = format!("{:?}", task.effect).to_lowercase();
    match (task.verdict, &task.unknown_until) {
        (Forecast::WillRun, None) => format!("  [{effect}]"),
        (Forecast::WillRun, Some(until)) => {
            format!("  [{effect}] details unknown until {until} has ended")
        }
        (Forecast::Skip, _) => "  will be skipped".to_owned(),
        (Forecast::Stop, _) => "  will fail before anything is started".to_owned(),
        (Forecast::Unknown, Some(until)) => format!("  unknown until {until} has ended"),
        (Forecast::Unknown, None) => "  unknown".to_owned(),
    }
}

fn counts(preview: &Preview) -> String {
    let count = |verdict| preview.tasks.iter().filter(|task| task.verdict == verdict).count();
    let parts = [
        (Forecast::WillRun, "will run"),
        (Forecast::Skip, "will be skipped"),
        (Forecast::Stop, "will fail"),
        (Forecast::Unknown, "not known yet"),
    ];
    let parts = parts
        .into_iter()
        .map(|(verdict, words)| (count(verdict), words))
        .filter(|(count, _)| *count > 0);
    let parts: Vec<String> = parts.map(|(count, words)| format!("{count} {words}")).collect();
    format!("{} tasks: {}", preview.tasks.len(), parts.join(", "))
}
