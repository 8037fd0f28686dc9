//! What the keeper needs of a Unix system: locks that descendants inherit, a session of its own, signals, processes.
//!
//! Does not know what a job is. Its twin for another system would have the same functions.

mod spawn;

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, Write};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::os::unix::fs::{DirBuilderExt, FileExt, OpenOptionsExt};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::ptr;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use rustix::event::{PollFd, PollFlags, Timespec};
use rustix::fs::{FlockOperation, MemfdFlags, Mode, OFlags, RawDir};
use rustix::process::{Pid, PidfdFlags, WaitOptions};

pub(super) use rustix::process::Signal;
pub(super) use spawn::{Descriptors, Image, Newborn};

use super::proc;

/// The lowest number of the descriptor that holds a job's life lock. It is out of the way of scripts that number their own
/// descriptors (mostly 3 to 9, some 200) and of those that shells take for themselves (10 and up, 255).
const LIFE_DESCRIPTOR_MIN: RawFd = 230;

/// What the owner of a file may do with it; nobody else may do anything.
const MODE: u32 = 0o600;

/// How a child has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Reaped {
    pub(super) pid: u32,
    pub(super) exit: Option<i32>,
    pub(super) signal: Option<i32>,
}

/// Makes this process what a keeper must be: nothing inherited but its standard streams, a session of its own, the parent of
/// every orphan below it, deaf to what a terminal sends. Must be called while this process has one thread and has opened nothing.
pub(super) fn become_keeper() -> io::Result<()> {
    close_inherited()?;
    // The one that an executor starts leads a session already. One that was started by hand may lead a process group, and then cannot
    // lead a session: that harms only its comfort. Its session is not asked for: that of another PID namespace has no number here.
    rustix::process::setsid().ok();
    rustix::process::set_child_subreaper(Some(rustix::process::getpid()))?;
    let unread = Arc::new(AtomicBool::new(false));
    // A handler, and not an ignored signal, because jobs would inherit the latter. SIGIO comes where somebody opens a file over which a
    // lease is held, for the moment of a look.
    for signal in [
        signal_hook::consts::SIGHUP,
        signal_hook::consts::SIGINT,
        signal_hook::consts::SIGTERM,
        signal_hook::consts::SIGIO,
    ] {
        signal_hook::flag::register(signal, Arc::clone(&unread))?;
    }
    // A name of the process is for people alone.
    rustix::thread::set_name(c"windlass-keeper").ok();
    Ok(())
}

/// Closes whatever the one who started this process had left open, so that a pipe of his does not stay open with the keeper.
#[allow(unsafe_code)]
fn close_inherited() -> io::Result<()> {
    let open: Vec<RawFd> = fs::read_dir("/dev/fd")?
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .filter(|descriptor| *descriptor > 2)
        .collect();
    for descriptor in open {
        // SAFETY: the process has one thread and has opened nothing itself, so that nobody owns these descriptors; the one of
        // the folder just read is closed already, and closing a closed descriptor fails without harm.
        unsafe { libc::close(descriptor) };
    }
    Ok(())
}

/// The stream that whoever started this process has put in the place of its standard input, if it has.
pub(super) fn handed_stream() -> io::Result<Option<UnixStream>> {
    let stdin = rustix::stdio::stdin();
    if rustix::net::getsockname(stdin).is_err() {
        return Ok(None);
    }
    let stream = rustix::io::fcntl_dupfd_cloexec(stdin, 3)?;
    Ok(Some(UnixStream::from(stream)))
}

/// Puts nothing in the place of standard input and output, and `log` in that of standard error.
pub(super) fn replace_standard_streams(nothing: &File, log: &File) -> io::Result<()> {
    rustix::stdio::dup2_stdin(nothing)?;
    rustix::stdio::dup2_stdout(nothing)?;
    rustix::stdio::dup2_stderr(log)?;
    Ok(())
}

/// Lets children that have ended wait until they are taken notice of, also where whoever started this process ignores the ends of his
/// own: that is inherited, and nobody could tell how a child has ended.
#[allow(unsafe_code)]
pub fn heed_children() {
    // SAFETY: no handler is installed, and the call touches no memory of this process.
    unsafe { libc::signal(libc::SIGCHLD, libc::SIG_DFL) };
}

/// Something that can be read whenever a child has ended since it was read. Must be called while this process has one thread, which
/// is not interrupted by the ends of children from then on.
#[allow(unsafe_code)]
pub(super) fn watch_children() -> io::Result<File> {
    let mut ends = MaybeUninit::<libc::sigset_t>::uninit();
    let flags = libc::SFD_CLOEXEC | libc::SFD_NONBLOCK;
    // SAFETY: the set is initialised by the first call that gets it and only read by the others, and the descriptor is new and owned by
    // nobody else.
    unsafe {
        libc::sigemptyset(ends.as_mut_ptr());
        libc::sigaddset(ends.as_mut_ptr(), libc::SIGCHLD);
        let refused = libc::pthread_sigmask(libc::SIG_BLOCK, ends.as_ptr(), ptr::null_mut());
        if refused != 0 {
            return Err(io::Error::from_raw_os_error(refused));
        }
        match libc::signalfd(-1, ends.as_ptr(), flags) {
            -1 => Err(io::Error::last_os_error()),
            descriptor => Ok(File::from_raw_fd(descriptor)),
        }
    }
}

/// Waits until one of these can be read or written, or that time has passed.
pub(super) fn wait_for(
    descriptors: &mut [PollFd<'_>],
    timeout: Option<std::time::Duration>,
) -> io::Result<()> {
    let timeout = timeout.map(|timeout| Timespec {
        tv_sec: i64::try_from(timeout.as_secs()).unwrap_or(i64::MAX),
        tv_nsec: timeout.subsec_nanos().into(),
    });
    match rustix::event::poll(descriptors, timeout.as_ref()) {
        Ok(_) | Err(rustix::io::Errno::INTR) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// Something to wait for.
pub(super) fn readable<D: AsFd>(descriptor: &D, and_writable: bool) -> PollFd<'_> {
    let flags = if and_writable { PollFlags::IN | PollFlags::OUT } else { PollFlags::IN };
    PollFd::new(descriptor, flags)
}

/// Takes notice of one child that has ended, if one has.
pub(super) fn reap() -> Option<Reaped> {
    loop {
        match rustix::process::wait(WaitOptions::NOHANG) {
            Ok(Some((pid, status))) => {
                let pid = pid.as_raw_nonzero().get().unsigned_abs();
                return Some(Reaped {
                    pid,
                    exit: status.exit_status(),
                    signal: status.terminating_signal(),
                });
            }
            Err(rustix::io::Errno::INTR) => {}
            Ok(None) | Err(_) => return None,
        }
    }
}

/// Waits until that child has ended, for so long at the most; nothing if it has not. Whatever is left of the group that it leads is
/// ended with it, before its number can be another's.
pub(super) fn wait_for_leader(
    pid: u32,
    timeout: std::time::Duration,
) -> io::Result<Option<Reaped>> {
    let child = i32::try_from(pid).ok().and_then(Pid::from_raw);
    let child = child.ok_or(io::ErrorKind::InvalidInput)?;
    let descriptor = rustix::process::pidfd_open(child, PidfdFlags::empty())?;
    let mut ends = [readable(&descriptor, false)];
    wait_for(&mut ends, Some(timeout))?;
    if ends[0].revents().is_empty() {
        return Ok(None);
    }
    send_to_group(pid, Signal::KILL);
    let ended = rustix::process::waitpid(Some(child), WaitOptions::NOHANG)?;
    Ok(ended.map(|(_, status)| Reaped {
        pid,
        exit: status.exit_status(),
        signal: status.terminating_signal(),
    }))
}

/// Sends a signal to all processes of the group that a child leads.
pub(super) fn send_to_group(leader: u32, signal: Signal) {
    if let Some(leader) = i32::try_from(leader).ok().and_then(Pid::from_raw) {
        // An error says that none of them is left.
        let _ = rustix::process::kill_process_group(leader, signal);
    }
}

/// Waits until that child has ended; its exit code, if it exited.
pub(super) fn wait_for_child(pid: u32) -> Option<i32> {
    let pid = Pid::from_raw(i32::try_from(pid).ok()?)?;
    loop {
        match rustix::process::waitpid(Some(pid), WaitOptions::empty()) {
            Ok(Some((_, status))) => return status.exit_status(),
            Err(rustix::io::Errno::INTR) => {}
            Ok(None) | Err(_) => return None,
        }
    }
}

/// Sends a signal to that very process: an id that has been given to another one since is left alone.
pub(super) fn send(process: &proc::Process, signal: Signal) -> io::Result<()> {
    let Some(pid) = i32::try_from(process.pid).ok().and_then(Pid::from_raw) else { return Ok(()) };
    match rustix::process::pidfd_open(pid, PidfdFlags::empty()) {
        Ok(descriptor) => {
            if is_same(process) {
                rustix::process::pidfd_send_signal(descriptor, signal)?;
            }
            Ok(())
        }
        Err(rustix::io::Errno::NOSYS) if is_same(process) => {
            Ok(rustix::process::kill_process(pid, signal)?)
        }
        Err(rustix::io::Errno::NOSYS | rustix::io::Errno::SRCH) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

fn is_same(process: &proc::Process) -> bool {
    proc::read(process.pid).is_some_and(|now| now.start_time == process.start_time)
}

/// Creates a file that does not exist yet, for its owner alone.
pub(super) fn create_new(path: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).create_new(true).mode(MODE).open(path)
}

/// Opens a file that exists to write to it.
pub(super) fn open_existing(path: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).open(path)
}

/// Opens a file to write at its end, and creates it for its owner alone if need be.
pub(super) fn open_to_append(path: &Path) -> io::Result<File> {
    OpenOptions::new().append(true).create(true).mode(0o600).open(path)
}

/// Opens a file to read and to write, and creates it for its owner alone if need be.
pub(super) fn open_to_write(path: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(path)
}

/// Writes all of `bytes` at that place of a file.
pub(super) fn write_at(file: &File, bytes: &[u8], offset: u64) -> io::Result<()> {
    file.write_all_at(bytes, offset)
}

/// Creates a folder that does not exist yet for its owner alone, and those around it if need be.
pub(super) fn create_folder(path: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.mode(0o700);
    match builder.create(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            if let Some(around) = path.parent() {
                fs::DirBuilder::new().mode(0o700).recursive(true).create(around)?;
            }
            builder.create(path)
        }
        outcome => outcome,
    }
}

/// How many entries a folder has.
pub(super) fn count_entries(path: &Path) -> io::Result<usize> {
    let folder = rustix::fs::open(
        path,
        OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC,
        Mode::empty(),
    )?;
    // Room for the names of a few short ones; more are read in more goes.
    let mut space = [MaybeUninit::uninit(); 512];
    let mut entries = RawDir::new(folder, &mut space);
    let mut count = 0;
    while let Some(entry) = entries.next() {
        let entry = entry?;
        count += usize::from(![c".", c".."].contains(&entry.file_name()));
    }
    Ok(count)
}

/// Returns once a folder's entries are on disk.
pub(super) fn sync_folder(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}

/// A file to read `text` from that has no name and goes with its last reader.
pub(super) fn nameless_file(text: &str) -> io::Result<File> {
    let mut file = File::from(rustix::fs::memfd_create(c"stdin", MemfdFlags::CLOEXEC)?);
    file.write_all(text.as_bytes())?;
    file.rewind()?;
    Ok(file)
}

/// Takes a file's lock, unless somebody holds it. It lasts until the last copy of the descriptor is closed.
pub(super) fn try_lock(file: &impl AsFd) -> io::Result<bool> {
    lock(file, FlockOperation::NonBlockingLockExclusive)
}

/// Whether nobody holds the lock of a file that a job's processes inherit. Those who look do not see each other.
pub(super) fn is_free(path: &Path) -> io::Result<bool> {
    match File::open(path) {
        Ok(file) => lock(&file, FlockOperation::NonBlockingLockShared),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(true),
        Err(error) => Err(error),
    }
}

fn lock(file: &impl AsFd, operation: FlockOperation) -> io::Result<bool> {
    loop {
        match rustix::fs::flock(file, operation) {
            Ok(()) => return Ok(true),
            Err(rustix::io::Errno::INTR) => {}
            Err(error) if error == rustix::io::Errno::WOULDBLOCK => return Ok(false),
            Err(error) => return Err(error.into()),
        }
    }
}

/// The same file under a descriptor that is out of the way of those that a job numbers itself.
pub(super) fn out_of_the_way(file: File) -> io::Result<OwnedFd> {
    match rustix::io::fcntl_dupfd_cloexec(&file, LIFE_DESCRIPTOR_MIN) {
        Ok(descriptor) => Ok(descriptor),
        // The limit of open files is so low that there is no such number.
        Err(rustix::io::Errno::INVAL) => Ok(file.into()),
        Err(error) => Err(error.into()),
    }
}

/// Whether a file is as [`create_new`] has left it: empty, under one name, for its owner alone.
pub(super) fn is_as_created(file: BorrowedFd<'_>) -> io::Result<bool> {
    let stat = rustix::fs::fstat(file)?;
    Ok(stat.st_size == 0 && stat.st_nlink == 1 && stat.st_mode == libc::S_IFREG | MODE)
}

/// Whether it is certain that no other descriptor of a file is open, in whatever process, but copies of this one.
///
/// Only to whom that is so does the system lease a file for writing. A file system without leases says no.
#[allow(unsafe_code)]
pub(super) fn is_open_here_alone(file: BorrowedFd<'_>) -> bool {
    let lease = |kind: libc::c_int| {
        // SAFETY: the descriptor is open, and the call takes a number and touches no memory of this process.
        unsafe { libc::fcntl(file.as_raw_fd(), libc::F_SETLEASE, kind) == 0 }
    };
    lease(libc::F_WRLCK) && lease(libc::F_UNLCK)
}

/// A path to `name` inside an open folder that is short however deep the folder lies: a socket's path is at most 107 bytes.
pub(super) fn short_path(folder: &File, name: &str) -> PathBuf {
    PathBuf::from(format!("/proc/self/fd/{}/{name}", folder.as_raw_fd()))
}

/// Takes the ends of children as read. The system tells but once of those that nobody has read of yet.
pub(super) fn drain(mut children: &File) {
    let mut told = [0; size_of::<libc::signalfd_siginfo>()];
    // If there is nothing to be read, none has ended.
    drop(children.read(&mut told));
}
