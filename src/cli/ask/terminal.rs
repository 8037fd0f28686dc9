//! The terminal as a person: lines are waited for while the question stands.
//!
//! Does not know what is asked.

use std::io::{self, IsTerminal, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::getpgrp;
use rustix::termios::{QueueSelector, tcflush, tcgetpgrp};

use super::dialog::{Heard, Person};

/// How often is looked whether the question stands.
const POLL: Duration = Duration::from_millis(100);

/// How many bytes a line may have; a terminal gives 4,096 at a time.
const LINE_MAX: usize = 1 << 16;

/// A terminal in front of which somebody sits.
pub(super) struct Terminal {
    /// What is asked needs no answer any more.
    overtaken: Arc<AtomicBool>,
}

/// Whether this process may ask somebody: it reads from a terminal, speaks to one, and is not in its background.
pub(super) fn is_there() -> bool {
    io::stdin().is_terminal() && io::stderr().is_terminal() && is_in_front()
}

/// Whoever reads from a terminal in the background is stopped.
fn is_in_front() -> bool {
    tcgetpgrp(io::stdin()).is_ok_and(|group| group == getpgrp())
}

impl Terminal {
    /// Forgets what was typed before anything was asked: it was not meant as an answer.
    pub(super) fn new(overtaken: Arc<AtomicBool>) -> Self {
        if is_in_front() {
            // What cannot be forgotten is read, and seen by whoever typed it.
            tcflush(io::stdin(), QueueSelector::IFlush).ok();
        }
        Self { overtaken }
    }

    /// Waits until something can be read; `false` if what is asked needs no answer any more.
    fn wait(&self) -> io::Result<bool> {
        let pause = Timespec { tv_sec: 0, tv_nsec: i64::from(POLL.subsec_nanos()) };
        let stdin = io::stdin();
        loop {
            if self.overtaken.load(Ordering::Relaxed) {
                return Ok(false);
            }
            if !is_in_front() {
                thread::sleep(POLL);
                continue;
            }
            match poll(&mut [PollFd::new(&stdin, PollFlags::IN)], Some(&pause)) {
                Ok(0) | Err(rustix::io::Errno::INTR) => {}
                Ok(_) => return Ok(true),
                Err(error) => return Err(error.into()),
            }
        }
    }
}

impl Person for Terminal {
    fn tell(&mut self, text: &str) -> io::Result<()> {
        io::stderr().write_all(text.as_bytes())
    }

    fn line(&mut self, prompt: &str) -> io::Result<Heard> {
        self.tell(prompt)?;
        let mut line = Vec::new();
        let mut bytes = [0; 4096];
        while !line.contains(&b'\n') && line.len() < LINE_MAX {
            if !self.wait()? {
                self.tell("\n")?;
                return Ok(Heard::Overtaken);
            }
            match rustix::io::read(io::stdin(), &mut bytes) {
                Ok(0) if line.is_empty() => {
                    self.tell("\n")?;
                    return Ok(Heard::End);
                }
                Ok(0) => break,
                Ok(length) => line.extend_from_slice(&bytes[..length]),
                Err(rustix::io::Errno::INTR) => {}
                // A terminal that has hung up gives an error and no end.
                Err(rustix::io::Errno::IO) => return Ok(Heard::End),
                Err(error) => return Err(error.into()),
            }
        }
        Ok(Heard::Line(String::from_utf8_lossy(&line).trim_end_matches(['\r', '\n']).to_owned()))
    }
}
