//! A keeper's life: from taking its lock until no executor is connected and no job alive.
//!
//! One thread that waits for whatever comes first: a request, the end of a child, a time that has come. Does not know what a
//! request means.

use std::fs::File;
use std::io;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::time::{Duration, Instant};

use indexmap::IndexMap;

use super::connection::Connection;
use super::exits::Exits;
use super::jobs::Jobs;
use super::protocol::{Greeting, Report, Request, VERSION};
use super::{KeeperError, LOCK_FILE, LOG_FILE, SOCKET_FILE, unix};

/// How long to wait before what could not be written is written again.
const WRITE_PAUSE: Duration = Duration::from_secs(1);

/// Keeps the jobs of the run whose folder that is, in this process, until nothing is left to keep.
///
/// Must be called before the process has opened anything or has more than one thread. Does nothing if another keeper lives.
///
/// # Errors
/// If the run's folder cannot be used, or the system refuses what a keeper cannot do without.
pub fn keep(folder: &Path) -> Result<(), KeeperError> {
    let failed = |doing: &str| {
        let doing = format!("{doing} `{}`", folder.display());
        move |error| KeeperError::Io { doing, error }
    };
    unix::become_keeper().map_err(failed("the keeper cannot get ready for"))?;
    let handed = unix::handed_stream().map_err(failed("the keeper cannot be reached in"))?;
    std::env::set_current_dir(folder).map_err(failed("the keeper cannot enter"))?;
    let lock = unix::open_to_append(Path::new(LOCK_FILE))
        .map_err(failed("the keeper's lock cannot be opened in"))?;
    if !unix::try_lock(&lock).map_err(failed("the keeper's lock cannot be had in"))? {
        return Ok(());
    }
    let outcome = Keeper::open(handed).and_then(Keeper::run);
    // Whoever finds no socket must find the lock free before long, and nobody may find a dead socket beside a free lock.
    drop(std::fs::remove_file(SOCKET_FILE));
    if outcome.is_ok() && std::fs::metadata(LOG_FILE).is_ok_and(|log| log.len() == 0) {
        drop(std::fs::remove_file(LOG_FILE));
    }
    drop(lock);
    outcome.map_err(failed("the keeper cannot work in"))
}

struct Keeper {
    listener: UnixListener,
    /// Can be read whenever a child has ended.
    children: File,
    connection: Option<Connection>,
    jobs: Jobs,
}

impl Keeper {
    /// A keeper in the present working directory.
    fn open(handed: Option<UnixStream>) -> io::Result<Self> {
        let nothing = File::open("/dev/null")?;
        let log = unix::open_to_append(Path::new(LOG_FILE))?;
        unix::replace_standard_streams(&nothing, &log)?;
        let exits = Exits::open(Path::new("."))?;
        let children = unix::watch_children()?;
        // A keeper that was killed has left its socket behind.
        match std::fs::remove_file(SOCKET_FILE) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let listener = UnixListener::bind(SOCKET_FILE)?;
        listener.set_nonblocking(true)?;
        let connection = handed.map(Connection::new).transpose()?;
        Ok(Self { listener, children, connection, jobs: Jobs::new(exits, nothing) })
    }

    fn run(mut self) -> io::Result<()> {
        loop {
            self.jobs.record();
            self.tell();
            self.jobs.tidy_up();
            if self.connection.is_none() {
                self.accept();
            }
            if self.connection.is_none() && self.jobs.is_idle() && self.jobs.is_recorded() {
                self.jobs.clear_spares();
                return Ok(());
            }
            self.wait()?;
            self.jobs.due(Instant::now());
        }
    }

    /// Waits until something has happened, and takes it in.
    fn wait(&mut self) -> io::Result<()> {
        let mut timeout =
            self.jobs.next_wake().map(|at| at.saturating_duration_since(Instant::now()));
        if !self.jobs.is_recorded() {
            timeout = Some(timeout.map_or(WRITE_PAUSE, |timeout| timeout.min(WRITE_PAUSE)));
        }
        let stream = match &self.connection {
            Some(connection) => unix::readable(connection.stream(), connection.has_output()),
            None => unix::readable(&self.listener, false),
        };
        let mut awaited = [unix::readable(&self.children, false), stream];
        unix::wait_for(&mut awaited, timeout)?;
        let [child_ended, spoken] = awaited.map(|awaited| !awaited.revents().is_empty());
        if child_ended {
            self.reap();
        }
        if spoken {
            self.listen();
        }
        Ok(())
    }

    fn reap(&mut self) {
        unix::drain(&self.children);
        let mut orphans = false;
        while let Some(reaped) = unix::reap() {
            orphans |= !self.jobs.reaped(reaped);
        }
        if orphans {
            self.jobs.look_after();
        }
    }

    /// A new executor is let in only where the old one's stream has been read to its end.
    fn accept(&mut self) {
        if let Ok((stream, _)) = self.listener.accept() {
            self.connection = Connection::new(stream).ok();
        }
    }

    fn listen(&mut self) {
        let Some(connection) = &mut self.connection else { return };
        let received = connection.receive();
        let mut batch = Vec::with_capacity(received.requests.len());
        for request in received.requests {
            match request {
                Ok(Request::Hello { version, env }) => {
                    self.jobs.carry_out(batch.drain(..));
                    self.greet(version, &env);
                }
                Ok(Request::EndsOnly) => self.hear_ends_only(),
                Ok(request) => batch.push(request),
                Err(reason) => self.refuse(&reason),
            }
        }
        if self.connection.as_ref().is_some_and(|connection| connection.greeted) {
            self.jobs.carry_out(batch);
        } else if !batch.is_empty() {
            self.refuse("nothing is done for somebody who does not speak this keeper's version of the protocol");
        }
        if received.ended {
            self.connection = None;
            self.jobs.lose_observer();
        }
    }

    fn greet(&mut self, version: u32, env: &IndexMap<String, String>) {
        let Some(connection) = &mut self.connection else { return };
        if version == VERSION {
            connection.greeted = true;
            self.jobs.observe(env);
        }
        let greeting =
            Greeting { version: VERSION, pid: std::process::id(), jobs: self.jobs.kept() };
        connection.queue(&Report::Greeting(greeting));
    }

    fn hear_ends_only(&mut self) {
        if let Some(connection) = &mut self.connection {
            connection.ends_only = true;
        }
    }

    fn refuse(&mut self, reason: &str) {
        if let Some(connection) = &mut self.connection {
            connection.queue(&Report::Refused { job: None, reason: reason.to_owned() });
        }
    }

    /// Tells the executor what has happened. What happens while none listens is in the next greeting.
    fn tell(&mut self) {
        let reports = self.jobs.take_reports();
        let Some(connection) = &mut self.connection else { return };
        if connection.greeted {
            for report in &reports {
                connection.queue(report);
            }
        }
        connection.flush();
    }
}
