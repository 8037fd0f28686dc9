//! The executor's end: finding or starting a run's keeper, and talking to it.
//!
//! Does not know what a job is for, nor what follows from a report.

use std::ffi::CString;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Write};
use std::os::fd::AsFd;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use rustix::io::Errno;
use rustix::net::RecvFlags;

use super::protocol::{Greeting, Report, Request, VERSION};
use super::unix::{self, Descriptors, Image, Newborn};
use super::{KeeperError, LOCK_FILE, LOG_FILE, SOCKET_FILE};

/// How much is heard in one go, in bytes.
const CHUNK: usize = 1 << 14;
/// How long to wait for a keeper that comes, goes, or serves another executor.
const PATIENCE: Duration = Duration::from_secs(10);
/// How many keepers may be killed before they have said anything, until it is given up.
const KILLED_MAX: u32 = 3;
/// How long to wait before looking again whether a keeper that has no socket has got one, or has let go of its lock.
const PAUSE: Duration = Duration::from_millis(2);

/// A connection to a run's keeper. When it is dropped, the keeper takes it that the executor has gone.
#[derive(Debug)]
pub struct Keeper {
    stream: UnixStream,
    /// What has come of a report that is not whole yet.
    input: Vec<u8>,
}

/// What a keeper has said.
#[derive(Debug, Default)]
pub struct Heard {
    /// In their order.
    pub reports: Vec<Report>,
    /// The connection has ended: nothing more will come.
    pub ended: bool,
}

/// Waits until that keeper has said something, one of these streams can be read, or that time has passed.
pub fn wait(keeper: Option<&Keeper>, streams: &[&UnixStream], timeout: Option<Duration>) {
    // What came together with the greeting is not in the stream any more.
    let timeout = if keeper.is_some_and(Keeper::has_said) { Some(Duration::ZERO) } else { timeout };
    let mut awaited: Vec<_> = streams.iter().map(|stream| unix::readable(*stream, false)).collect();
    awaited.extend(keeper.map(|keeper| unix::readable(&keeper.stream, false)));
    // Where the system cannot wait there may be something to be heard all the same.
    drop(unix::wait_for(&mut awaited, timeout));
}

/// Path of the running program, by which it can start itself as a keeper even if its file has been replaced since.
///
/// # Errors
/// If the system does not tell.
pub fn executable() -> Result<PathBuf, KeeperError> {
    let link = Path::new("/proc/self/exe");
    if link.exists() {
        return Ok(link.to_owned());
    }
    std::env::current_exe().map_err(|error| KeeperError::Io {
        doing: "the running program cannot be found".to_owned(),
        error,
    })
}

impl Keeper {
    /// Connects to the keeper of the run whose folder that is, or starts one if none lives.
    ///
    /// # Errors
    /// If there is neither after 10 seconds, or the system refuses something.
    pub fn connect_or_start(
        folder: &Path,
        executable: &Path,
    ) -> Result<(Self, Greeting), KeeperError> {
        let folder =
            std::path::absolute(folder).map_err(failed("the folder cannot be named", folder))?;
        let deadline = Instant::now() + PATIENCE;
        let mut killed = 0;
        while Instant::now() < deadline {
            if let Some(connected) = connect_until(&folder, deadline)? {
                return Ok(connected);
            }
            match start(&folder, executable, deadline) {
                Ok(Some(started)) => return Ok(started),
                // Somebody has ended it, and has not meant this one: nothing was asked of it yet.
                Err(KeeperError::NotStarted { status: None, .. }) if killed < KILLED_MAX => {
                    killed += 1;
                }
                outcome => drop(outcome?),
            }
            thread::sleep(PAUSE);
        }
        Err(KeeperError::NoAnswer { folder })
    }

    /// Connects to the keeper of the run whose folder that is, if one lives.
    ///
    /// # Errors
    /// If one lives but does not answer within 10 seconds, or the system refuses something.
    pub fn connect(folder: &Path) -> Result<Option<(Self, Greeting)>, KeeperError> {
        connect_until(folder, Instant::now() + PATIENCE)
    }

    /// Sends requests, all at once.
    ///
    /// # Errors
    /// If the keeper has gone. What of the requests it has carried out is not known then.
    pub fn send(&mut self, requests: &[Request]) -> Result<(), KeeperError> {
        let mut bytes = Vec::new();
        for request in requests {
            serde_json::to_writer(&mut bytes, request).map_err(|error| KeeperError::Io {
                doing: "the request cannot be written".to_owned(),
                error: error.into(),
            })?;
            bytes.push(b'\n');
        }
        self.stream.write_all(&bytes).map_err(|error| KeeperError::Io {
            doing: "the keeper cannot be reached".to_owned(),
            error,
        })
    }

    /// Takes what the keeper has said, and waits for nothing.
    pub fn hear(&mut self) -> Heard {
        let mut heard = Heard::default();
        let mut chunk = [0; CHUNK];
        loop {
            match rustix::net::recv(&self.stream, &mut chunk, RecvFlags::DONTWAIT) {
                Ok((0, _)) => heard.ended = true,
                Ok((count, _)) => {
                    self.input.extend_from_slice(&chunk[..count]);
                    if count == CHUNK {
                        continue;
                    }
                }
                Err(Errno::INTR) => continue,
                Err(Errno::AGAIN) => {}
                Err(_) => heard.ended = true,
            }
            break;
        }
        self.split(&mut heard);
        heard
    }

    /// Whether a report has come that nobody has taken yet.
    fn has_said(&self) -> bool {
        self.input.contains(&b'\n')
    }

    /// Takes whole lines out of what has come. A line without end is from a keeper that died over it.
    fn split(&mut self, heard: &mut Heard) {
        let Some(end) = self.input.iter().rposition(|byte| *byte == b'\n') else { return };
        let rest = self.input.split_off(end + 1);
        let lines = std::mem::replace(&mut self.input, rest);
        for line in lines.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
            match serde_json::from_slice(line) {
                Ok(report) => heard.reports.push(report),
                // Whoever says that is not to be understood any more.
                Err(_) => {
                    heard.ended = true;
                    return;
                }
            }
        }
    }
}

fn failed(doing: &str, path: &Path) -> impl FnOnce(io::Error) -> KeeperError {
    let doing = format!("{doing}: `{}`", path.display());
    move |error| KeeperError::Io { doing, error }
}

/// Connects to a keeper if one lives; waits for one that is about to come or to go.
fn connect_until(
    folder: &Path,
    deadline: Instant,
) -> Result<Option<(Keeper, Greeting)>, KeeperError> {
    let opened = match File::open(folder) {
        Ok(opened) => opened,
        Err(error) => return Err(failed("the run's folder cannot be opened", folder)(error)),
    };
    let (socket, lock) = (unix::short_path(&opened, SOCKET_FILE), folder.join(LOCK_FILE));
    loop {
        match UnixStream::connect(&socket) {
            Ok(stream) => {
                if let Some(greeted) = greet(stream, folder, deadline)? {
                    return Ok(Some(greeted));
                }
            }
            Err(error) if is_nobody(&error) => {}
            Err(error) => return Err(failed("the keeper cannot be reached", folder)(error)),
        }
        if unix::is_free(&lock).map_err(failed("the keeper's lock cannot be tried", &lock))? {
            return Ok(None);
        }
        if Instant::now() >= deadline {
            return Err(KeeperError::NoAnswer { folder: folder.to_owned() });
        }
        thread::sleep(PAUSE);
    }
}

/// Whether an error says that nobody is at the other end, or no more.
fn is_nobody(error: &io::Error) -> bool {
    use io::ErrorKind::{BrokenPipe, ConnectionRefused, ConnectionReset, NotFound};
    matches!(error.kind(), BrokenPipe | ConnectionRefused | ConnectionReset | NotFound)
}

/// Introduces this executor; nothing if the keeper goes instead of answering.
fn greet(
    stream: UnixStream,
    folder: &Path,
    deadline: Instant,
) -> Result<Option<(Keeper, Greeting)>, KeeperError> {
    let failed = |error| failed("the keeper cannot be reached", folder)(error);
    let mut keeper = Keeper { stream, input: Vec::new() };
    match keeper.send(&[Request::Hello { version: VERSION, env: environment() }]) {
        Err(KeeperError::Io { error, .. }) if is_nobody(&error) => return Ok(None),
        outcome => outcome?,
    }
    let left = deadline.saturating_duration_since(Instant::now()).max(PAUSE);
    keeper.stream.set_read_timeout(Some(left)).map_err(failed)?;
    let mut reader = BufReader::with_capacity(1 << 16, &keeper.stream);
    let report = match read_report(&mut reader) {
        Ok(report) => report,
        Err(error) if is_nobody(&error) => None,
        Err(error)
            if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut) =>
        {
            return Err(KeeperError::NoAnswer { folder: folder.to_owned() });
        }
        Err(error) => return Err(failed(error)),
    };
    // What came together with the greeting is heard with what follows.
    keeper.input = reader.buffer().to_vec();
    keeper.stream.set_read_timeout(None).map_err(failed)?;
    match report {
        Some(Report::Greeting(greeting)) if greeting.version == VERSION => {
            Ok(Some((keeper, greeting)))
        }
        Some(Report::Greeting(greeting)) => {
            Err(KeeperError::Version { folder: folder.to_owned(), version: greeting.version })
        }
        Some(_) => Err(failed(io::Error::new(
            io::ErrorKind::InvalidData,
            "it does not begin with a greeting",
        ))),
        None => Ok(None),
    }
}

/// The next report; nothing at the end of the stream. A line without end is from a keeper that died over it.
fn read_report(reader: &mut impl BufRead) -> io::Result<Option<Report>> {
    let mut line = Vec::new();
    reader.read_until(b'\n', &mut line)?;
    if line.last() != Some(&b'\n') {
        return Ok(None);
    }
    Ok(Some(serde_json::from_slice(&line)?))
}

/// The environment of this process, as far as it is text: what every job has before its own.
#[must_use]
pub fn environment() -> indexmap::IndexMap<String, String> {
    let entries = std::env::vars_os();
    entries
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect()
}

/// Starts a keeper and hands it the first connection, so that there is nothing to wait for; nothing if another one was faster.
fn start(
    folder: &Path,
    executable: &Path,
    deadline: Instant,
) -> Result<Option<(Keeper, Greeting)>, KeeperError> {
    let failed = |error| failed("the keeper cannot be started", executable)(error);
    let (own, handed) = UnixStream::pair().map_err(failed)?;
    let pid = spawn(folder, executable, &handed).map_err(failed)?;
    drop(handed);
    let greeted = greet(own, folder, deadline);
    if !matches!(greeted, Ok(None)) {
        // It stays a child of this process as long as that lives, and must not stay as a zombie when it has ended.
        thread::spawn(move || unix::wait_for_child(pid));
        return greeted;
    }
    match unix::wait_for_child(pid) {
        Some(0) => Ok(None),
        status => Err(KeeperError::NotStarted {
            folder: folder.to_owned(),
            status,
            log: last_words(folder),
        }),
    }
}

fn spawn(folder: &Path, executable: &Path, handed: &UnixStream) -> io::Result<u32> {
    let text = |bytes: Vec<u8>| CString::new(bytes).map_err(io::Error::from);
    let program = text(executable.as_os_str().as_bytes().to_vec())?;
    let argv = vec![
        c"windlass".to_owned(),
        c"keeper".to_owned(),
        text(folder.as_os_str().as_bytes().to_vec())?,
    ];
    let entries =
        std::env::vars_os().map(|(name, value)| [name.into_vec(), value.into_vec()].join(&b'='));
    let env = entries.map(|entry| text(entry).map(Arc::from)).collect::<io::Result<Vec<_>>>()?;
    let log = unix::open_to_append(&folder.join(LOG_FILE))?;
    let nothing = File::options().write(true).open("/dev/null")?;
    let streams = [handed.as_fd(), nothing.as_fd(), log.as_fd()];
    let image = Image { program, argv, env, dir: None };
    let newborn = Newborn::start(image, Descriptors { streams, inherited: None })?;
    newborn.outcome()?;
    Ok(newborn.pid())
}

/// The last line of the keeper's log.
fn last_words(folder: &Path) -> Option<String> {
    let log = std::fs::read_to_string(folder.join(LOG_FILE)).ok()?;
    log.lines().next_back().map(str::to_owned)
}
