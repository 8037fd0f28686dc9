//! What windlass costs beside the commands that it starts, and beside other tools that do the same.
//!
//!     examples/bench.sh [--quick] [--only CASE]... [--times N]
//!     examples/bench.sh --instructions [--quick] [--only PATH]...
//!
//! Every contestant of a case is measured in turn, several times over, so that a noisy machine is noisy for all of them. What counts is
//! the median, and its ratio to the floor: the same commands started with `posix_spawn` and waited for, and nothing else.
//!
//! On a machine that has other work times mean little. The second form counts instructions instead, of the paths on which windlass is
//! alone; a regression shows there in the third digit.
//!
//! Knows nothing of how windlass works; it only types commands.

mod case;
mod cases;
mod conditions;
mod growth;
mod instructions;
mod measure;
mod table;

use std::error::Error;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;

/// Measures windlass beside the peers that are installed.
#[derive(Debug, Parser)]
struct Arguments {
    /// A tenth of the work, once: to see that all cases still run
    #[arg(long)]
    quick: bool,
    /// Only the cases whose name begins so
    #[arg(long, value_name = "CASE")]
    only: Vec<String>,
    /// Instructions are counted, with valgrind, and no time is taken
    #[arg(long)]
    instructions: bool,
    /// How many times each contestant is measured
    #[arg(long, value_name = "N", default_value_t = 5)]
    times: usize,
    /// The folder in which runs and work are kept meanwhile; its file system pays for each fsync
    #[arg(long, value_name = "FOLDER")]
    on: Option<PathBuf>,
    /// The windlass to measure
    #[arg(long, value_name = "FILE")]
    windlass: PathBuf,
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bench: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> Result<(), Box<dyn Error>> {
    let windlass = arguments.windlass.canonicalize().map_err(|error| {
        format!("{}: {error}; build it: `cargo build --release`", arguments.windlass.display())
    })?;
    let folder = match &arguments.on {
        Some(on) => tempfile::tempdir_in(on)?,
        None => tempfile::tempdir()?,
    };
    let bench = case::Bench { windlass, folder: folder.path().to_owned(), quick: arguments.quick };
    let times = if arguments.quick { 1 } else { arguments.times.max(1) };
    let wanted = |name: &str| {
        arguments.only.is_empty() || arguments.only.iter().any(|only| name.starts_with(only))
    };
    if arguments.instructions {
        table::print_counts_head();
        for path in instructions::all().into_iter().filter(|path| wanted(path.name)) {
            table::print_count(&path, &instructions::count(&bench, &path)?);
        }
        return Ok(());
    }
    for case in cases::all().into_iter().filter(|case| wanted(case.name)) {
        let contestants = (case.prepare)(&bench)?;
        let results = measure::in_turn(&contestants, times)?;
        table::print(case.name, case.goal, &results);
    }
    for (name, goal, sizes, prepare) in growth::all() {
        if wanted(name) {
            let points = growth::measure(&bench, sizes, prepare, times)?;
            table::print_growth(name, goal, &points);
        }
    }
    Ok(())
}
