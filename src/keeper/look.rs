//! A job that only reads, started by whoever wants to know what it says: without a run, a keeper or a file.
//!
//! Keeps nothing; whoever is gone before its end will not know it.

use std::fs::File;
use std::io::{Read, Seek};
use std::os::fd::AsFd;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use indexmap::IndexMap;

use super::environment::Base;
use super::launch;
use super::unix::{self, Descriptors, Newborn, Reaped, Signal};
use crate::core::evaluate::Out;
use crate::core::job::Command;
use crate::core::preview::{Answer, Seen};

/// How much it may print, in bytes, on each of its streams.
const PRINTED_MAX: u64 = 16 << 20;

/// How long nobody looks whether it prints too much, or is not wanted any more.
const ROUND: Duration = Duration::from_millis(50);

/// Why a job is ended before its time.
const UNWANTED: &str = "it was interrupted";

/// Starts a command, waits for its end, and returns what it has printed. It is ended when somebody has interrupted, and at once when that
/// is done again.
///
/// # Errors
/// Why nothing is known: it cannot be started, its time was up, it was not wanted any more, or it has printed too much.
pub fn look(command: &Command, base: &IndexMap<String, String>, interrupts: &AtomicU32) -> Answer {
    let file = |text: &str| unix::nameless_file(text).map_err(|error| error.to_string());
    let stdin = file(command.stdin.as_deref().unwrap_or_default())?;
    let (mut stdout, mut stderr) = (file("")?, file("")?);
    let streams = [stdin.as_fd(), stdout.as_fd(), stderr.as_fd()];
    let base = Base::new(base);
    let image = launch::image(command, &base)?;
    let newborn = Newborn::start(image, Descriptors { streams, inherited: None })
        .map_err(|error| launch::no_process(&error))?;
    launch::outcome(&newborn)?;
    let ended = wait(newborn.pid(), command, [&stdout, &stderr], interrupts)?;
    let said = read(&mut stderr).unwrap_or_default();
    let said = said.lines().map(str::trim).rfind(|line| !line.is_empty()).unwrap_or_default();
    let out = Out { exit: ended.exit, stdout: Some(read(&mut stdout)) };
    Ok(Seen { out, said: said.to_owned() })
}

fn wait(
    child: u32,
    command: &Command,
    printed: [&File; 2],
    interrupts: &AtomicU32,
) -> Result<Reaped, String> {
    let begun = Instant::now();
    let time = command.timeout_ms.map(Duration::from_millis);
    loop {
        let left = time.map(|time| time.saturating_sub(begun.elapsed()));
        let round = left.map_or(ROUND, |left| left.min(ROUND));
        let ended = unix::wait_for_leader(child, round).map_err(|error| {
            // What cannot be watched must not go on unseen.
            end(child, Duration::ZERO, interrupts);
            error.to_string()
        })?;
        let too_long = |file: &File| file.metadata().is_ok_and(|file| file.len() > PRINTED_MAX);
        let why = if printed.into_iter().any(too_long) {
            format!("it prints more than {} MiB", PRINTED_MAX >> 20)
        } else if let Some(ended) = ended {
            return Ok(ended);
        } else if left.is_some_and(|left| left.is_zero()) {
            "its time was up".to_owned()
        } else if interrupts.load(Ordering::Relaxed) > 0 {
            UNWANTED.to_owned()
        } else {
            continue;
        };
        if ended.is_none() {
            end(child, Duration::from_millis(command.grace_ms), interrupts);
        }
        return Err(why);
    }
}

/// Asks it to end, and makes it when its grace is over or somebody has interrupted twice.
fn end(child: u32, grace: Duration, interrupts: &AtomicU32) {
    unix::send_to_group(child, Signal::TERM);
    let begun = Instant::now();
    let mut ended = Ok(None);
    while matches!(ended, Ok(None)) {
        let left = grace.saturating_sub(begun.elapsed());
        if left.is_zero() || interrupts.load(Ordering::Relaxed) > 1 {
            break;
        }
        ended = unix::wait_for_leader(child, left.min(ROUND));
    }
    if !matches!(ended, Ok(Some(_))) {
        unix::send_to_group(child, Signal::KILL);
        unix::wait_for_child(child);
    }
}

fn read(file: &mut File) -> Result<String, String> {
    let mut bytes = Vec::new();
    file.rewind().and_then(|()| file.read_to_end(&mut bytes)).map_err(|error| error.to_string())?;
    String::from_utf8(bytes).map_err(|error| format!("it is not UTF-8: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn command(script: &str) -> Command {
        Command {
            argv: ["sh", "-c", script].map(str::to_owned).to_vec(),
            env: IndexMap::new(),
            dir: "/".into(),
            stdin: Some("given".to_owned()),
            timeout_ms: None,
            grace_ms: 10_000,
        }
    }

    fn answer(command: &Command) -> Answer {
        look(command, &IndexMap::new(), &AtomicU32::new(0))
    }

    #[test]
    fn what_it_prints_and_how_it_ends_is_known() {
        let seen = answer(&command("cat; echo first >&2; echo last >&2; exit 3")).unwrap();
        assert_eq!(seen.out, Out { exit: Some(3), stdout: Some(Ok("given".to_owned())) });
        assert_eq!(seen.said, "last");
    }

    #[test]
    fn what_hangs_is_ended() {
        let hangs = Command { timeout_ms: Some(0), ..command("exec sleep 1000") };
        assert_eq!(answer(&hangs), Err("its time was up".to_owned()));
        let stopped = look(&command("exec sleep 1000"), &IndexMap::new(), &AtomicU32::new(1));
        assert_eq!(stopped, Err(UNWANTED.to_owned()));
    }

    #[test]
    fn a_second_interrupt_does_not_wait_for_a_grace() {
        let day = 24 * 60 * 60 * 1000;
        let deaf = command("trap '' TERM; while :; do sleep 1000; done");
        let deaf = Command { grace_ms: day, ..deaf };
        assert_eq!(look(&deaf, &IndexMap::new(), &AtomicU32::new(2)), Err(UNWANTED.to_owned()));
    }

    #[test]
    fn what_prints_without_end_is_ended() {
        assert_eq!(answer(&command("exec yes")), Err("it prints more than 16 MiB".to_owned()));
    }

    #[test]
    fn what_cannot_be_started_says_why() {
        let missing = Command { argv: vec!["no-such-program".to_owned()], ..command("") };
        assert!(answer(&missing).unwrap_err().contains("`no-such-program` was not found"));
    }
}
