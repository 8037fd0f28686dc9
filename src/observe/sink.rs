//! Where lines go, until nobody reads them any more: from the first error on nothing is written.
//!
//! Does not know what is written.

use std::io::{self, BufWriter, Write};

type Buffered = BufWriter<Box<dyn Write>>;

/// A buffered output that falls silent.
pub(super) struct Sink {
    out: Option<Buffered>,
    terminal: bool,
}

impl Sink {
    /// Writes to `out`, of which `terminal` says whether it is one.
    pub(super) fn new(out: Box<dyn Write>, terminal: bool) -> Self {
        Self { out: Some(BufWriter::new(out)), terminal }
    }

    /// Writes, and falls silent where that fails; what is already silent writes nothing and does not fail.
    ///
    /// # Errors
    /// The one that made it fall silent, but for a reader that has gone away.
    pub(super) fn write(
        &mut self,
        write: impl FnOnce(&mut Buffered) -> io::Result<()>,
    ) -> io::Result<()> {
        let Some(out) = &mut self.out else { return Ok(()) };
        let result = write(out);
        if result.is_err() {
            self.silence();
        }
        match result {
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error),
            _ => Ok(()),
        }
    }

    /// Brings everything to its reader that was written so far.
    ///
    /// # Errors
    /// As for [`Sink::write`].
    pub(super) fn flush(&mut self) -> io::Result<()> {
        self.write(BufWriter::flush)
    }

    /// The terminal is gone: whatever goes there is silent from here on.
    pub(super) fn detach(&mut self) {
        if self.terminal {
            self.silence();
        }
    }

    /// Ends the writing without an attempt to write what is still in the buffer, as dropping the writer would.
    fn silence(&mut self) {
        drop(self.out.take().map(BufWriter::into_parts));
    }
}
