//! Measuring: one contestant after the other, several times over.
//!
//! Beside the time on the clock, which other work on the machine makes longer, the processors' own time is taken of all processes that
//! a contestant has started, those that outlive it too. Does not know what is measured.

use std::error::Error;
use std::fs;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::case::{Contestant, Work};

/// How often the memory of a contestant is looked at. Its peak is kept by the kernel, so that only what grows in the very last
/// moment is missed.
const LOOK: Duration = Duration::from_millis(5);

/// In what Linux tells the time that a process has worked.
const TICK: Duration = Duration::from_millis(10);

/// What one contestant has shown.
pub(crate) struct Measured {
    pub(crate) name: String,
    pub(crate) times: Vec<Duration>,
    /// For how long processors have worked, each time.
    pub(crate) work: Vec<Duration>,
    /// The most memory that its process had at any time, in bytes; of what it starts nothing is counted.
    pub(crate) peak: u64,
}

impl Measured {
    pub(crate) fn median(&self) -> Duration {
        median(&self.times)
    }

    pub(crate) fn work(&self) -> Duration {
        median(&self.work)
    }
}

fn median(durations: &[Duration]) -> Duration {
    let mut sorted = durations.to_vec();
    sorted.sort_unstable();
    sorted[sorted.len() / 2]
}

/// One time of one contestant.
pub(crate) struct Once {
    pub(crate) time: Duration,
    work: Duration,
    peak: u64,
}

/// Lets all contestants work in turn, so many times.
pub(crate) fn in_turn(
    contestants: &[Contestant],
    times: usize,
) -> Result<Vec<Measured>, Box<dyn Error>> {
    let mut results: Vec<Measured> = contestants
        .iter()
        .map(|contestant| Measured {
            name: contestant.name.clone(),
            times: Vec::new(),
            work: Vec::new(),
            peak: 0,
        })
        .collect();
    for _ in 0..times {
        for (contestant, result) in contestants.iter().zip(&mut results) {
            let once = once(contestant)?;
            result.times.push(once.time);
            result.work.push(once.work);
            result.peak = result.peak.max(once.peak);
        }
    }
    Ok(results)
}

pub(crate) fn once(contestant: &Contestant) -> Result<Once, Box<dyn Error>> {
    if let Some(reset) = &contestant.reset {
        reset()?;
    }
    // A keeper outlives its executor, and comes to this process when it has lost its parent.
    rustix::process::set_child_subreaper(Some(rustix::process::getpid()))?;
    // What was made ready may have left a keeper, with the work of all its jobs.
    wait_for_children();
    let before = work_of_children()?;
    let (time, peak) = let_work(&contestant.work)?;
    wait_for_children();
    Ok(Once { time, work: work_of_children()?.saturating_sub(before), peak })
}

/// Returns once this process has no child any more.
fn wait_for_children() {
    while rustix::process::wait(rustix::process::WaitOptions::empty()).is_ok() {}
}

/// For how long processors have worked for children of this process that have ended, and for theirs.
fn work_of_children() -> Result<Duration, Box<dyn Error>> {
    let stat = fs::read_to_string("/proc/self/stat")?;
    let fields =
        stat.rsplit_once(')').ok_or("the system does not tell the time that was worked")?.1;
    let ticks: Result<Vec<u32>, _> =
        fields.split_ascii_whitespace().skip(13).take(2).map(str::parse).collect();
    Ok(TICK.saturating_mul(ticks?.iter().sum()))
}

fn let_work(work: &Work) -> Result<(Duration, u64), Box<dyn Error>> {
    match work {
        Work::Floor { count, at_a_time } => Ok((floor(*count, *at_a_time)?, 0)),
        Work::Command { program, folder, exit } => {
            let mut command = Command::new(&program[0]);
            command.args(&program[1..]).current_dir(folder).stdin(Stdio::null());
            let errors = fs::File::create(folder.join("errors.txt"))?;
            command.stdout(Stdio::null()).stderr(errors);
            let begun = Instant::now();
            let mut child = command.spawn()?;
            let mut peak = 0;
            let pid = child.id();
            let (status, time) = thread::scope(|scope| {
                let looking = scope.spawn(|| {
                    while let Some(now) = peak_of(pid) {
                        peak = now;
                        thread::sleep(LOOK);
                    }
                });
                let status = child.wait();
                let time = begun.elapsed();
                looking.join().expect("looking at a number does not panic");
                (status, time)
            });
            let code = status?.code();
            if code != Some(*exit) {
                let told = fs::read_to_string(folder.join("errors.txt")).unwrap_or_default();
                let end: Vec<&str> = told.lines().rev().take(5).collect();
                return Err(format!("{program:?} exits with {code:?}: {end:?}").into());
            }
            Ok((time, peak))
        }
    }
}

/// The most memory that a process has had, while it lives.
fn peak_of(pid: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.split_whitespace().next()?.parse::<u64>().ok().map(|kib| kib * 1024)
}

/// The standard library starts such a command by `posix_spawn`.
fn floor(count: usize, at_a_time: usize) -> Result<Duration, Box<dyn Error>> {
    let left = AtomicUsize::new(count);
    let begun = Instant::now();
    let work = || -> std::io::Result<()> {
        let taken = |left: usize| left.checked_sub(1);
        while left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, taken).is_ok() {
            Command::new("/bin/true").spawn()?.wait()?;
        }
        Ok(())
    };
    thread::scope(|scope| {
        let threads: Vec<_> = (0..at_a_time).map(|_| scope.spawn(work)).collect();
        threads.into_iter().try_for_each(|thread| thread.join().expect("it does not panic"))
    })?;
    Ok(begun.elapsed())
}
