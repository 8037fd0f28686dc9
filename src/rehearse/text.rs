//! What a rehearsal has found, for people: first what is broken, then what needs a person, then how much went by itself.
//!
//! Says nothing that is not in the [`Rehearsal`]; programs read that as JSON.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use super::report::{Point, Rehearsal};
use crate::observe::printable::escape;

/// How many kinds of points are shown.
const SHOWN_MAX: usize = 40;
/// How many tasks of a kind are named.
const TASKS_MAX: usize = 6;
/// Stands for a task where several are told as one.
const TASK: &str = "TASK";

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
        let _ = writeln!(text, "  {}", named(&steps));
    }
    if !rehearsal.done_again.is_empty() {
        let steps: Vec<&str> = rehearsal.done_again.iter().map(String::as_str).collect();
        text.push_str("\ndone again over what they have done already, since they say that they are `idempotent`; be sure of it:\n");
        let _ = writeln!(text, "  {}", named(&steps));
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

/// The first few names.
fn named(names: &[&str]) -> String {
    let told = names.iter().take(TASKS_MAX).copied().collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(TASKS_MAX) {
        0 => told,
        more => format!("{told} and {more} more"),
    }
}

/// Points that differ only in the step, told as one.
struct Folded<'a> {
    point: &'a Point,
    /// The tasks, one of each step.
    tasks: Vec<&'a str>,
    died: BTreeSet<&'a str>,
    count: u64,
}

/// What two points that are told as one have in common.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Likeness<'a> {
    job: Option<&'a str>,
    happened: &'a str,
    left: Option<&'a str>,
    words: Vec<String>,
}

fn fold<'a>(points: impl IntoIterator<Item = &'a Point>) -> Vec<Folded<'a>> {
    let mut folded: Vec<Folded<'a>> = Vec::new();
    let mut places: BTreeMap<Likeness<'a>, usize> = BTreeMap::new();
    for point in points {
        let words = point.broken.iter().chain(&point.sees).chain(&point.does);
        let likeness = Likeness {
            job: point.job.as_deref(),
            happened: &point.happened,
            left: point.left.as_deref(),
            words: words.map(|line| without(line, point)).collect(),
        };
        let place = *places.entry(likeness).or_insert(folded.len());
        if place == folded.len() {
            folded.push(Folded { point, tasks: Vec::new(), died: BTreeSet::new(), count: 0 });
        }
        let fold = &mut folded[place];
        if !point.example.is_empty() {
            fold.tasks.push(&point.example);
        }
        fold.died.extend(point.died.iter().map(String::as_str));
        fold.count += point.count;
    }
    folded
}

/// A line without the name of its step.
fn without(line: &str, point: &Point) -> String {
    if point.example.is_empty() {
        return line.to_owned();
    }
    let line = line.replace(&point.example, TASK);
    if point.step.is_empty() { line } else { line.replace(&format!("`{}`", point.step), TASK) }
}

fn points<'a>(text: &mut String, points: impl IntoIterator<Item = &'a Point>) {
    let folded = fold(points);
    for fold in folded.iter().take(SHOWN_MAX) {
        one(text, fold);
    }
    if folded.len() > SHOWN_MAX {
        let more = folded.len() - SHOWN_MAX;
        let _ = writeln!(text, "\n  and {more} more kinds (`--format json` lists all)");
    }
}

fn one(text: &mut String, fold: &Folded<'_>) {
    let Folded { point, tasks, died, count } = fold;
    let job = point.job.as_ref().map(|job| format!("{job}: ")).unwrap_or_default();
    let left = point.left.as_ref().map(|left| format!(": {left}")).unwrap_or_default();
    let _ = writeln!(text, "\n  {job}{}{left}", point.happened);
    if !tasks.is_empty() {
        let _ = writeln!(text, "    of      {}", escape(&named(tasks)));
    }
    let died: Vec<&str> = died.iter().copied().collect();
    if !died.is_empty() {
        let _ = writeln!(text, "    dies    {} ({})", died.join(", "), trials(*count));
    }
    for (word, lines) in [("broken", &point.broken), ("sees", &point.sees), ("does", &point.does)] {
        for line in lines {
            let line = if tasks.len() > 1 { without(line, point) } else { line.clone() };
            let _ = writeln!(text, "    {word:<7} {}", escape(&line));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn point(step: &str, died: &str) -> Point {
        Point {
            step: step.to_owned(),
            job: None,
            happened: "its job breaks off".to_owned(),
            died: vec![died.to_owned()],
            left: None,
            count: 2,
            example: step.to_owned(),
            broken: Vec::new(),
            sees: vec![format!("{step} in doubt: its end is lost")],
            does: vec![format!("windlass resolve RUN {step} --as done --because WHY")],
        }
    }

    #[test]
    fn points_that_differ_only_in_the_step_are_told_as_one() {
        let all: Vec<Point> =
            (0..9).map(|number| point(&format!("move_{number}"), "keeper")).collect();
        let mut told = String::new();
        points(&mut told, &all);
        let lines: Vec<&str> = told.lines().map(str::trim).collect();
        assert_eq!(
            lines,
            [
                "",
                "its job breaks off",
                "of      move_0, move_1, move_2, move_3, move_4, move_5 and 3 more",
                "dies    keeper (18 trials)",
                "sees    TASK in doubt: its end is lost",
                "does    windlass resolve RUN TASK --as done --because WHY",
            ]
        );
    }

    #[test]
    fn what_is_seen_otherwise_is_told_apart() {
        let mut other = point("copy", "machine");
        other.sees = vec!["copy in doubt: exited with 1".to_owned()];
        let mut told = String::new();
        points(&mut told, &[point("move", "keeper"), other]);
        assert_eq!(told.matches("its job breaks off").count(), 2, "{told}");
        assert!(told.contains("windlass resolve RUN copy"), "{told}");
    }
}
