//! Every record as a line of JSON, for programs that follow a run: `{"seq","at","event",...}` as in the journal.
//!
//! Does not know what a record means.

use std::io::{self, Write};

use jiff::Timestamp;
use serde::Serialize;

use super::sink::Sink;
use crate::core::record::Record;
use crate::core::state::State;
use crate::exec::{Fact, Observer};

/// One line.
#[derive(Serialize)]
struct Line<'a> {
    seq: u64,
    at: String,
    #[serde(flatten)]
    record: &'a Record,
}

/// Writes lines until nobody reads them any more.
pub(super) struct Ndjson {
    sink: Sink,
    name: String,
    /// Why it fell silent, if that is news for a person.
    error: Option<io::Error>,
}

impl Ndjson {
    /// Writes to `out`, which people call `name`, and which falls silent with the terminal if it is one.
    pub(super) fn new(out: Box<dyn Write>, terminal: bool, name: String) -> Self {
        Self { sink: Sink::new(out, terminal), name, error: None }
    }
}

impl Observer for Ndjson {
    fn fact(&mut self, fact: &Fact, _: &State) {
        let line = Line { seq: fact.seq, at: format!("{:.6}", fact.at), record: &fact.record };
        let written = self.sink.write(|out| {
            serde_json::to_writer(&mut *out, &line)?;
            out.write_all(b"\n")
        });
        self.error = self.error.take().or(written.err());
    }

    fn tick(&mut self, _: &State, _: Timestamp) {
        self.error = self.error.take().or(self.sink.flush().err());
    }

    fn detach(&mut self) {
        self.sink.detach();
    }
}

impl Drop for Ndjson {
    fn drop(&mut self) {
        // Said only now, when no moving picture is on the terminal any more.
        if let Some(error) = self.error.take().or(self.sink.flush().err()) {
            let _ =
                writeln!(io::stderr(), "warning: {}: {error}; not all events are there", self.name);
        }
    }
}
