//! The keeper's end of the stream to its executor: bytes ⇄ requests and reports, without ever waiting.
//!
//! Does not know what a request leads to.

use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;

use super::protocol::{Report, Request};

/// How much is read in one go, in bytes: some requests, and not so much that to clear it would cost more than to read them.
const CHUNK: usize = 1 << 13;
/// How much is read before others get their turn, in bytes.
const TURN_MAX: usize = 1 << 20;

/// A stream to an executor.
#[derive(Debug)]
pub(super) struct Connection {
    stream: UnixStream,
    /// What has come of a line that is not whole yet.
    input: Vec<u8>,
    output: Vec<u8>,
    /// Nobody reads any more at the other end. What was sent from there may still be read.
    deaf: bool,
    /// The executor has introduced itself.
    pub(super) greeted: bool,
    /// It does not want to hear of starts.
    pub(super) ends_only: bool,
}

/// What has come.
#[derive(Debug, Default)]
pub(super) struct Received {
    /// In their order; why, for lines that are none.
    pub(super) requests: Vec<Result<Request, String>>,
    /// Nothing more will come.
    pub(super) ended: bool,
}

impl Connection {
    pub(super) fn new(stream: UnixStream) -> io::Result<Self> {
        stream.set_nonblocking(true)?;
        Ok(Self {
            stream,
            input: Vec::new(),
            output: Vec::new(),
            deaf: false,
            greeted: false,
            ends_only: false,
        })
    }

    pub(super) fn stream(&self) -> &UnixStream {
        &self.stream
    }

    /// Whether something waits to be written.
    pub(super) fn has_output(&self) -> bool {
        !self.output.is_empty()
    }

    /// Reads what is there.
    pub(super) fn receive(&mut self) -> Received {
        let mut received = Received::default();
        let mut chunk = [0; CHUNK];
        let mut taken = 0;
        while taken < TURN_MAX {
            match self.stream.read(&mut chunk) {
                Ok(0) => received.ended = true,
                Ok(count) => {
                    self.input.extend_from_slice(&chunk[..count]);
                    taken += count;
                    if count == chunk.len() {
                        continue;
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(_) => received.ended = true,
            }
            break;
        }
        self.split(&mut received.requests);
        received
    }

    /// Takes whole lines out of what has come. A line without end is from an executor that died over it, and was never a request.
    fn split(&mut self, requests: &mut Vec<Result<Request, String>>) {
        let Some(end) = self.input.iter().rposition(|byte| *byte == b'\n') else { return };
        let rest = self.input.split_off(end + 1);
        let lines = std::mem::replace(&mut self.input, rest);
        for line in lines.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
            requests.push(
                serde_json::from_slice(line)
                    .map_err(|error| format!("the request is not understood: {error}")),
            );
        }
    }

    /// Puts a report into the buffer.
    pub(super) fn queue(&mut self, report: &Report) {
        let unwanted = self.ends_only && matches!(report, Report::Started { .. });
        if !self.deaf && !unwanted {
            serde_json::to_writer(&mut self.output, report).expect("a report has only text keys");
            self.output.push(b'\n');
        }
    }

    /// Writes as much as the other end takes.
    pub(super) fn flush(&mut self) {
        let mut written = 0;
        while written < self.output.len() {
            match self.stream.write(&self.output[written..]) {
                Ok(count) if count > 0 => written += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Ok(_) | Err(_) => {
                    self.deaf = true;
                    written = self.output.len();
                }
            }
        }
        self.output.drain(..written);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::job::JobId;

    fn pair() -> (UnixStream, Connection) {
        let (other, own) = UnixStream::pair().expect("a pair of streams");
        (other, Connection::new(own).expect("a connection"))
    }

    fn kill(task: &str) -> Request {
        Request::Kill { job: JobId { task: task.into(), attempt: 1 } }
    }

    #[test]
    fn requests_come_whole_and_in_order_however_they_are_cut() {
        let (mut other, mut connection) = pair();
        let mut text = Vec::new();
        for task in ["a", "b"] {
            serde_json::to_writer(&mut text, &kill(task)).expect("it can be written");
            text.push(b'\n');
        }
        let mut requests = Vec::new();
        for byte in &text {
            other.write_all(&[*byte]).expect("it can be sent");
            requests.extend(connection.receive().requests);
        }
        assert_eq!(requests, [Ok(kill("a")), Ok(kill("b"))]);
    }

    #[test]
    fn what_was_sent_before_the_end_is_read_but_no_torn_line() {
        let (mut other, mut connection) = pair();
        let text = serde_json::to_string(&kill("a")).expect("it can be written");
        other.write_all(format!("{text}\n{}", &text[..9]).as_bytes()).expect("it can be sent");
        drop(other);
        // A report that nobody reads does no harm to what still can be read.
        connection.queue(&Report::Over { job: JobId { task: "a".into(), attempt: 1 } });
        connection.flush();
        let mut requests = Vec::new();
        loop {
            let received = connection.receive();
            requests.extend(received.requests);
            if received.ended {
                break;
            }
        }
        assert_eq!(requests, [Ok(kill("a"))]);
        assert!(!connection.has_output());
    }

    #[test]
    fn a_line_that_is_no_request_is_told_apart() {
        let (mut other, mut connection) = pair();
        other.write_all(b"{\"request\":\"dance\"}\n\n{\"request\":\"kill\",\"job\":{\"task\":\"a\",\"attempt\":1},\"new\":1}\n").expect("it can be sent");
        let requests = connection.receive().requests;
        assert!(requests[0].is_err());
        assert_eq!(requests[1], Ok(kill("a")));
    }
}
