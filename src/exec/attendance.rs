//! Somebody's being there to answer what a run asks of people, told across threads.
//!
//! Does not know what follows when they leave.

use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;
use std::sync::Arc;

/// Somebody's being there to answer what a run asks of people.
#[derive(Debug, Clone)]
pub struct Attendance {
    stream: Arc<UnixStream>,
}

impl Attendance {
    /// They do not answer what is asked now: the executor ends if only people are left to wait for.
    pub fn end(&self) {
        // An executor that has ended needs nobody.
        drop((&*self.stream).write_all(&[0]));
    }
}

/// The executor's end.
#[derive(Debug)]
pub(super) struct Absence {
    stream: UnixStream,
}

impl Absence {
    /// Both ends.
    pub(super) fn watch() -> io::Result<(Attendance, Self)> {
        let (writer, stream) = UnixStream::pair()?;
        stream.set_nonblocking(true)?;
        Ok((Attendance { stream: Arc::new(writer) }, Self { stream }))
    }

    /// Can be read once somebody has left.
    pub(super) fn stream(&self) -> &UnixStream {
        &self.stream
    }

    /// Whether somebody has left since the last call.
    pub(super) fn has_come(&self) -> bool {
        matches!((&self.stream).read(&mut [0; 16]), Ok(count) if count > 0)
    }
}
