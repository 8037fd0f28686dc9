//! What a rehearsal has found, for people: first what is broken, then what needs a person, then how much went by itself.
//!
//! Says nothing that is not in the [`Rehearsal`]; programs read that as JSON.

use std::fmt::Write as _;

use super::report::{Point, Rehearsal};

/// How many points of a kind are shown in full.
const SHOWN_MAX: usize = 40;

/// All of it.
#[must_use]
pub fn text(rehearsal: &Rehearsal) -> String {
    let mut text = format!("{} ({})\n", rehearsal.title, rehearsal.runbook);
    for assumed in &rehearsal.assumed {
        let _ = writeln!(text, "  assumed: {assumed}");
    }
    if !rehearsal.broken.is_empty() {
        let _ = writeln!(text, "\nbroken promises: {}", rehearsal.broken.len());
        points(&mut text, &rehearsal.broken);
    }
    let decided = |point: &&Point| point.does.len() > 1;
    let (people, again): (Vec<&Point>, Vec<&Point>) =
        rehearsal.needs_a_person.iter().partition(decided);
    if !people.is_empty() {
        let _ = writeln!(
            text,
            "\nneeds a person: {}",
            trials(people.iter().map(|point| point.count).sum())
        );
        points(&mut text, people);
    }
    if !again.is_empty() {
        let count = again.iter().map(|point| point.count).sum();
        let _ = writeln!(
            text,
            "\nstops with a reason, and one more `resume` is enough: {}",
            trials(count)
        );
        let mut steps: Vec<&str> = again.iter().map(|point| point.step.as_str()).collect();
        steps.sort_unstable();
        steps.dedup();
        let more = steps.len().saturating_sub(SHOWN_MAX);
        steps.truncate(SHOWN_MAX);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        let _ = writeln!(text, "  {}{more}", steps.join(", "));
    }
    let silent = rehearsal.silent;
    let _ = writeln!(text, "\nnothing to decide:");
    for (count, what) in [
        (silent.executor, "the executor died"),
        (silent.keeper, "the executor and the keeper died"),
        (silent.machine, "the machine died"),
        (silent.nothing, "nothing died, and a job ended badly or the world was found otherwise"),
    ] {
        let _ = writeln!(text, "{count:>9}  {what}");
    }
    let _ = writeln!(
        text,
        "\n{} at {} points: {}",
        trials(rehearsal.trials),
        rehearsal.points,
        if rehearsal.broken.is_empty() { "every promise was kept" } else { "a promise was broken" }
    );
    text
}

fn trials(count: u64) -> String {
    format!("{count} {}", if count == 1 { "trial" } else { "trials" })
}

fn points<'a>(text: &mut String, points: impl IntoIterator<Item = &'a Point>) {
    let points: Vec<&Point> = points.into_iter().collect();
    let mut step = None;
    for point in points.iter().take(SHOWN_MAX) {
        if step != Some(&point.step) {
            step = Some(&point.step);
            let name = if point.step.is_empty() { "the run" } else { &point.step };
            let _ = writeln!(text, "\n  {name}");
        }
        one(text, point);
    }
    if points.len() > SHOWN_MAX {
        let more = points.len() - SHOWN_MAX;
        let _ = writeln!(text, "\n  and {more} more kinds (`--format json` lists all)");
    }
}

fn one(text: &mut String, point: &Point) {
    let job = point.job.as_ref().map(|job| format!("{job}: ")).unwrap_or_default();
    let died = match point.died.as_slice() {
        [] => String::new(),
        died => format!(" [{}]", died.join("; ")),
    };
    let left = point.left.as_ref().map(|left| format!(": {left}")).unwrap_or_default();
    let _ = writeln!(text, "    {job}{}{died}{left}  ({}×)", point.happened, point.count);
    for broken in &point.broken {
        let _ = writeln!(text, "      broken  {broken}");
    }
    for sees in &point.sees {
        let _ = writeln!(text, "      sees    {sees}");
    }
    for does in &point.does {
        let _ = writeln!(text, "      does    {does}");
    }
}
