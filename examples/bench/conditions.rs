//! Runs whose tasks are conditions: they are decided and written down like all others, and start nothing.
//!
//! Knows neither whether their time is taken nor whether their instructions are counted.

use std::error::Error;
use std::fs;
use std::path::Path;

use crate::case::{Bench, Contestant, Work};
use crate::cases::fan_out;
use crate::measure;

/// A runbook of so many conditions. The one of `bad` does not hold.
fn book(folder: &Path, size: usize, bad: Option<usize>) -> std::io::Result<()> {
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

const RUN: [&str; 6] = ["run", "book.yaml", "-p", "items=@items.txt", "--run-id", "conditions"];

/// A run from its beginning to its end.
pub(crate) fn run(bench: &Bench, size: usize) -> Result<Contestant, Box<dyn Error>> {
    let folder = bench.folder(&format!("conditions-{size}"))?;
    book(&folder, size, None)?;
    Ok(bench.windlass(&folder, &RUN))
}

/// What is done with a run that has ended, and need not be reset.
fn afterwards(
    bench: &Bench,
    size: usize,
    bad: Option<usize>,
    arguments: &[&str],
) -> Result<Contestant, Box<dyn Error>> {
    let folder = bench.folder(&format!("{}-{size}", arguments[0]))?;
    book(&folder, size, bad)?;
    let mut run = bench.windlass(&folder, &RUN);
    if let (Work::Command { exit, .. }, Some(_)) = (&mut run.work, bad) {
        *exit = 1;
    }
    measure::once(&run)?;
    Ok(bench.windlass_on(&folder.join("state"), &folder, arguments))
}

/// All records of a run that has ended are read and checked.
pub(crate) fn journal(bench: &Bench, size: usize) -> Result<Contestant, Box<dyn Error>> {
    afterwards(bench, size, None, &["journal", "check", "conditions"])
}

/// All records of a run that has ended are read, and what they say is told.
pub(crate) fn status(bench: &Bench, size: usize) -> Result<Contestant, Box<dyn Error>> {
    afterwards(bench, size, None, &["status", "conditions"])
}

/// All is done but one task, which is tried again in vain.
pub(crate) fn resume(bench: &Bench, size: usize) -> Result<Contestant, Box<dyn Error>> {
    let mut contestant = afterwards(bench, size, Some(7), &["resume", "conditions"])?;
    if let Work::Command { exit, .. } = &mut contestant.work {
        *exit = 1;
    }
    Ok(contestant)
}
