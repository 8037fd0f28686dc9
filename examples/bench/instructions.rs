//! Counting instead of timing: how many instructions a unit of work takes, whatever else the machine does meanwhile.
//!
//! Counts with valgrind's callgrind, at one size and at twice that, so that growth shows. Knows nothing of processes that windlass
//! starts: the cases start none, so what is counted is reading, deciding and writing down, and never the keeper.

use std::error::Error;
use std::fs;
use std::process::{Command, Stdio};

use crate::case::{Bench, Contestant, Work};
use crate::conditions;
use crate::growth::{self, Prepare};

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
        HotPath { name: "plan", unit: "item", size: 20_000, prepare: growth::plan },
        HotPath { name: "run without jobs", unit: "task", size: 2_000, prepare: conditions::run },
        HotPath { name: "journal", unit: "task", size: 2_000, prepare: conditions::journal },
        HotPath { name: "status", unit: "task", size: 2_000, prepare: conditions::status },
        HotPath { name: "resume", unit: "task", size: 2_000, prepare: conditions::resume },
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
