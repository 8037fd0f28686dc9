//! Counting instead of timing: how many instructions a unit of work takes, whatever else the machine does meanwhile.
//!
//! Counts with valgrind's callgrind, at one size and at twice that, so that growth shows. Knows nothing of processes that windlass
//! starts: the cases start none, so what is counted is reading, deciding and writing down, and never the keeper.

use std::error::Error;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::case::{Bench, Contestant, Work};
use crate::cases::fan_out;
use crate::growth::{self, Prepare};
use crate::measure;

/// Something that windlass does without starting anything, for so many units.
pub(crate) struct HotPath {
    pub(crate) name: &'static str,
    pub(crate) unit: &'static str,
    size: usize,
    prepare: Prepare,
}

/// How many instructions a size has taken.
pub(crate) struct Count {
    pub(crate) size: usize,
    pub(crate) instructions: u64,
}

pub(crate) fn all() -> Vec<HotPath> {
    vec![
        HotPath { name: "check", unit: "step", size: 5_000, prepare: growth::check },
        HotPath { name: "plan", unit: "item", size: 20_000, prepare: plan },
        HotPath { name: "run without jobs", unit: "task", size: 2_000, prepare: run },
        HotPath { name: "journal", unit: "task", size: 2_000, prepare: journal },
        HotPath { name: "status", unit: "task", size: 2_000, prepare: status },
        HotPath { name: "resume", unit: "task", size: 2_000, prepare: resume },
    ]
}

/// Counts at the size of the path, and at twice that.
pub(crate) fn count(bench: &Bench, path: &HotPath) -> Result<[Count; 2], Box<dyn Error>> {
    let size = bench.scaled(path.size);
    let at = |size| -> Result<Count, Box<dyn Error>> {
        let contestant = (path.prepare)(bench, size)?;
        Ok(Count { size, instructions: instructions(bench, &contestant)? })
    };
    Ok([at(size)?, at(2 * size)?])
}

fn instructions(bench: &Bench, contestant: &Contestant) -> Result<u64, Box<dyn Error>> {
    let Work::Command { program, folder, exit } = &contestant.work else {
        return Err("only a command can be counted".into());
    };
    if let Some(reset) = &contestant.reset {
        reset()?;
    }
    let counts = bench.folder.join("callgrind.out");
    let counted = Command::new("valgrind")
        .args(["--tool=callgrind", "--quiet"])
        .arg(format!("--callgrind-out-file={}", counts.display()))
        .args(program)
        .current_dir(folder)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(fs::File::create(folder.join("errors.txt"))?)
        .status()
        .map_err(|error| format!("valgrind cannot be started: {error}"))?;
    if counted.code() != Some(*exit) {
        let told = fs::read_to_string(folder.join("errors.txt")).unwrap_or_default();
        return Err(format!("{program:?} ends with {counted}: {told}").into());
    }
    let counts = fs::read_to_string(counts)?;
    let total = counts.lines().find_map(|line| line.strip_prefix("totals: "));
    Ok(total.ok_or("callgrind tells no total")?.trim().parse()?)
}

fn plan(bench: &Bench, size: usize) -> Result<Contestant, Box<dyn Error>> {
    let folder = bench.folder("counted-plan")?;
    fan_out(&folder, size, "read", "")?;
    Ok(bench.windlass(&folder, &["plan", "book.yaml", "-p", "items=@items.txt"]))
}

/// A runbook of conditions: tasks like all others, which start nothing. The one of `bad` does not hold.
fn conditions(folder: &Path, size: usize, bad: Option<usize>) -> std::io::Result<()> {
    fan_out(folder, size, "read", "")?;
    let that = bad.map_or("true".to_owned(), |bad| format!("item != 'i{bad}'"));
    let mut book = fs::read_to_string(folder.join("book.yaml"))?;
    book = book.replace("as: item}", "as: item, max_failures: 1}");
    book = book.replace(
        "effect: read, run: [/bin/true]",
        &format!("assert: [{{that: \"{that}\", message: it does not hold}}]"),
    );
    fs::write(folder.join("book.yaml"), book)
}

const RUN: [&str; 6] = ["run", "book.yaml", "-p", "items=@items.txt", "--run-id", "counted"];

fn run(bench: &Bench, size: usize) -> Result<Contestant, Box<dyn Error>> {
    let folder = bench.folder("counted-run")?;
    conditions(&folder, size, None)?;
    Ok(bench.windlass(&folder, &RUN))
}

/// What is done with a run that has ended, and need not be reset.
fn afterwards(
    bench: &Bench,
    size: usize,
    bad: Option<usize>,
    arguments: &[&str],
) -> Result<Contestant, Box<dyn Error>> {
    let folder = bench.folder("counted-afterwards")?;
    conditions(&folder, size, bad)?;
    let mut run = bench.windlass(&folder, &RUN);
    if let (Work::Command { exit, .. }, Some(_)) = (&mut run.work, bad) {
        *exit = 1;
    }
    measure::once(&run)?;
    Ok(bench.windlass_on(&folder.join("state"), &folder, arguments))
}

fn journal(bench: &Bench, size: usize) -> Result<Contestant, Box<dyn Error>> {
    afterwards(bench, size, None, &["journal", "check", "counted"])
}

fn status(bench: &Bench, size: usize) -> Result<Contestant, Box<dyn Error>> {
    afterwards(bench, size, None, &["status", "counted"])
}

/// All is done but one, which is tried again in vain.
fn resume(bench: &Bench, size: usize) -> Result<Contestant, Box<dyn Error>> {
    let mut contestant = afterwards(bench, size, Some(7), &["resume", "counted"])?;
    if let Work::Command { exit, .. } = &mut contestant.work {
        *exit = 1;
    }
    Ok(contestant)
}
