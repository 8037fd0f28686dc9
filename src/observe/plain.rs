//! A line per event, for CI logs and terminals that cannot move their cursor.
//!
//! Does not know what the lines say; only where they go.

use std::io::Write;

use jiff::Timestamp;

use super::sink::Sink;
use super::wording;
use crate::core::state::State;
use crate::exec::{Fact, Observer};
use crate::journal::RunFolder;

/// Writes lines until nobody reads them any more.
pub(super) struct Plain {
    sink: Sink,
    folder: RunFolder,
}

impl Plain {
    /// Writes to `out`, which falls silent with the terminal if it is one.
    pub(super) fn new(out: Box<dyn Write>, terminal: bool, folder: RunFolder) -> Self {
        Self { sink: Sink::new(out, terminal), folder }
    }

    /// Nobody can be told of an error here: this is where people are told of errors.
    fn line(&mut self, text: &str) {
        let _ = self.sink.write(|out| writeln!(out, "{text}"));
    }
}

impl Observer for Plain {
    fn fact(&mut self, fact: &Fact, state: &State) {
        if let Some(line) = wording::line(fact, state, &self.folder) {
            match line.log {
                Some(log) => self.line(&format!("{}; log: {log}", line.text)),
                None => self.line(&line.text),
            }
        }
    }

    fn tick(&mut self, _: &State, _: Timestamp) {
        let _ = self.sink.flush();
    }

    fn warn(&mut self, text: &str) {
        self.line(&wording::warning(text));
        let _ = self.sink.flush();
    }

    fn detach(&mut self) {
        self.sink.detach();
    }
}

impl Drop for Plain {
    fn drop(&mut self) {
        let _ = self.sink.flush();
    }
}
