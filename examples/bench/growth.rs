//! How costs grow: the same work at doubled sizes.

use std::error::Error;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::time::Duration;

use crate::case::{Bench, Contestant};
use crate::cases::{RUN, fan_out};
use crate::conditions;
use crate::measure;

/// Prepares work of that size.
pub(crate) type Prepare = fn(&Bench, usize) -> Result<Contestant, Box<dyn Error>>;

/// One size, and what it costs.
pub(crate) struct Point {
    pub(crate) size: usize,
    pub(crate) median: Duration,
    /// For how long processors have worked.
    pub(crate) work: Duration,
    pub(crate) peak: u64,
}

const TASKS: &[usize] = &[10_000, 20_000, 40_000, 80_000];
const ITEMS: &[usize] = &[125_000, 250_000, 500_000, 1_000_000];
const STEPS: &[usize] = &[12_500, 25_000, 50_000, 100_000];

pub(crate) fn all() -> Vec<(&'static str, &'static str, &'static [usize], Prepare)> {
    vec![
        ("growth of run, tasks", "linear; 250 MB at 100,000", TASKS, tasks),
        (
            "growth of items in a group of five steps",
            "linear",
            &[2_500, 5_000, 10_000, 20_000],
            items,
        ),
        ("growth of check, steps", "linear; at most 1.5 s at 100,000", STEPS, check),
        ("growth of plan, items", "linear", ITEMS, plan),
        ("growth of plan, steps", "linear", STEPS, plan_of_steps),
        ("growth of run without jobs, tasks", "linear", STEPS, conditions::run),
        ("growth of journal, tasks", "linear", STEPS, conditions::journal),
        ("growth of status, tasks", "linear", STEPS, conditions::status),
        ("growth of resume, tasks", "linear; at most 1 s at 100,000", STEPS, conditions::resume),
    ]
}

pub(crate) fn measure(
    bench: &Bench,
    sizes: &[usize],
    prepare: Prepare,
    times: usize,
) -> Result<Vec<Point>, Box<dyn Error>> {
    let sizes: Vec<usize> = sizes.iter().map(|&size| bench.scaled(size)).collect();
    let contestants: Result<Vec<_>, _> = sizes.iter().map(|&size| prepare(bench, size)).collect();
    let results = measure::in_turn(&contestants?, times)?;
    let points = sizes.into_iter().zip(&results).map(|(size, result)| Point {
        size,
        median: result.median(),
        work: result.work(),
        peak: result.peak,
    });
    Ok(points.collect())
}

fn tasks(bench: &Bench, size: usize) -> Result<Contestant, Box<dyn Error>> {
    let folder = bench.folder(&format!("tasks-{size}"))?;
    fan_out(&folder, size, "read", "")?;
    Ok(bench.windlass(&folder, &RUN))
}

/// So many items of a group of five steps, each of which prints what the next one is given.
pub(crate) fn items(bench: &Bench, size: usize) -> Result<Contestant, Box<dyn Error>> {
    let folder = bench.folder(&format!("items-{size}"))?;
    fan_out(&folder, size, "read", "")?;
    let mut book =
        "windlass: 1\nname: items\nparams: {items: {type: array}}\nsteps:\n  each:\n    \
                    for_each: {items: params.items, as: item}\n    steps:\n"
            .to_owned();
    for number in 0..5 {
        let (needs, said) = match number {
            0 => (String::new(), "{{ item }}".to_owned()),
            _ => {
                let before = number - 1;
                (format!(" needs: [s{before}],"), format!("{{{{ steps.s{before}.outputs.said }}}}"))
            }
        };
        writeln!(
            book,
            "      s{number}: {{effect: read,{needs} run: [echo, \"{said}\"], outputs: {{said: \"{{{{ out.lines[0] }}}}\"}}}}"
        )?;
    }
    fs::write(folder.join("book.yaml"), book)?;
    Ok(bench.windlass(&folder, &RUN))
}

pub(crate) fn check(bench: &Bench, size: usize) -> Result<Contestant, Box<dyn Error>> {
    let folder = bench.folder(&format!("check-{size}"))?;
    steps(&folder, size)?;
    Ok(bench.windlass(&folder, &["check", "book.yaml"]))
}

fn plan_of_steps(bench: &Bench, size: usize) -> Result<Contestant, Box<dyn Error>> {
    let folder = bench.folder(&format!("plan-steps-{size}"))?;
    steps(&folder, size)?;
    Ok(bench.windlass(&folder, &["plan", "book.yaml"]))
}

/// A runbook with so many steps, each of which needs another one.
fn steps(folder: &Path, size: usize) -> Result<(), Box<dyn Error>> {
    let mut book = "windlass: 1\nname: steps\nsteps:\n".to_owned();
    for number in 0..size {
        let needs = match number {
            0 => String::new(),
            _ => format!(", needs: [s{}]", number / 2),
        };
        let needs = if number == 1 { ", needs: [s0]".to_owned() } else { needs };
        writeln!(book, "  s{number}: {{effect: read, run: [/bin/true]{needs}}}")?;
    }
    fs::write(folder.join("book.yaml"), book)?;
    Ok(())
}

/// A plan of so many items.
pub(crate) fn plan(bench: &Bench, size: usize) -> Result<Contestant, Box<dyn Error>> {
    let folder = bench.folder(&format!("plan-{size}"))?;
    fan_out(&folder, size, "read", "")?;
    Ok(bench.windlass(&folder, &["plan", "book.yaml", "-p", "items=@items.txt"]))
}
