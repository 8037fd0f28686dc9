//! Measuring: one contestant after the other, several times over.

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

/// What one contestant has shown.
pub(crate) struct Measured {
    pub(crate) name: String,
    pub(crate) times: Vec<Duration>,
    /// The most memory that its process had at any time, in bytes; of what it starts nothing is counted.
    pub(crate) peak: u64,
}

impl Measured {
    pub(crate) fn median(&self) -> Duration {
        let mut times = self.times.clone();
        times.sort_unstable();
        times[times.len() / 2]
    }
}

/// Lets all contestants work in turn, so many times.
pub(crate) fn in_turn(
    contestants: &[Contestant],
    times: usize,
) -> Result<Vec<Measured>, Box<dyn Error>> {
    let mut results: Vec<Measured> = contestants
        .iter()
        .map(|contestant| Measured { name: contestant.name.clone(), times: Vec::new(), peak: 0 })
        .collect();
    for _ in 0..times {
        for (contestant, result) in contestants.iter().zip(&mut results) {
            let (time, peak) = once(contestant)?;
            result.times.push(time);
            result.peak = result.peak.max(peak);
        }
    }
    Ok(results)
}

pub(crate) fn once(contestant: &Contestant) -> Result<(Duration, u64), Box<dyn Error>> {
    if let Some(reset) = &contestant.reset {
        reset()?;
    }
    match &contestant.work {
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
