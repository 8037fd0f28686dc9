//! Signals that have come. Knows nothing of what they lead to.

use std::io::{self, Read};
use std::os::unix::net::UnixStream;

use signal_hook::SigId;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::low_level::{pipe, unregister};

/// Signals of some kinds, a byte for each that has come.
#[derive(Debug)]
struct Watched {
    stream: UnixStream,
    ids: Vec<SigId>,
}

/// The signals that an executor heeds.
#[derive(Debug)]
pub(super) struct Signals {
    interrupts: Watched,
    hang_ups: Watched,
}

impl Signals {
    /// Heeds every SIGINT, SIGTERM and SIGHUP from now on.
    pub(super) fn watch() -> io::Result<Self> {
        Ok(Self {
            interrupts: Watched::new(&[SIGINT, SIGTERM])?,
            hang_ups: Watched::new(&[SIGHUP])?,
        })
    }

    /// Can be read once a signal has come.
    pub(super) fn streams(&self) -> [&UnixStream; 2] {
        [&self.interrupts.stream, &self.hang_ups.stream]
    }

    /// How many SIGINT and SIGTERM have come since the last call.
    pub(super) fn interrupts(&self) -> usize {
        self.interrupts.count()
    }

    /// How many SIGHUP have come since the last call.
    pub(super) fn hang_ups(&self) -> usize {
        self.hang_ups.count()
    }
}

impl Watched {
    fn new(signals: &[i32]) -> io::Result<Self> {
        let (stream, writer) = UnixStream::pair()?;
        stream.set_nonblocking(true)?;
        let mut watched = Self { stream, ids: Vec::new() };
        for signal in signals {
            watched.ids.push(pipe::register(*signal, writer.try_clone()?)?);
        }
        Ok(watched)
    }

    fn count(&self) -> usize {
        let mut bytes = [0; 64];
        (&self.stream).read(&mut bytes).unwrap_or(0)
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        for id in self.ids.drain(..) {
            unregister(id);
        }
    }
}
