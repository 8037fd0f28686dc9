//! A stream of mail that runs through the whole of a run, from every class of senders to every mailbox.
//!
//! Does not say when which message comes: whatever comes when, nothing may be lost.

use std::fs;
use std::io::{self, BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread::{self, JoinHandle};

/// A stream that flows until it is stopped.
pub(crate) struct Stream {
    process: Child,
    stop: PathBuf,
    /// Reads the trace to its end; returns its last line.
    reader: JoinHandle<String>,
}

impl Stream {
    /// Starts `drip`, and waits until it has begun with its first message. It ends when the file `stop` exists.
    pub(crate) fn start(mut drip: Command, stop: PathBuf) -> Self {
        drip.args(["drip", "--every", "20ms", "--trace", "--until-file"]).arg(&stop);
        let mut process = drip.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let mut trace = BufReader::new(process.stderr.take().unwrap());
        let mut begun = String::new();
        trace.read_line(&mut begun).unwrap();
        assert!(begun.contains(": queue"), "{begun}");
        // A trace that nobody reads would hold the stream up.
        let reader = thread::spawn(move || {
            let last = |_: String, line: io::Result<String>| line.unwrap();
            trace.lines().fold(String::new(), last)
        });
        Stream { process, stop, reader }
    }

    /// Stops it, after the message that is on its way.
    pub(crate) fn stop(mut self) {
        fs::write(&self.stop, "").unwrap();
        let ended = self.process.wait().unwrap();
        let last = self.reader.join().unwrap();
        assert!(ended.success(), "{last}");
    }
}
