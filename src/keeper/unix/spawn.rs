//! Starting a process that leads a session of its own.
//!
//! Knows nothing of jobs. The system's `posix_spawn` is called directly, since the standard library starts a process in a new
//! session only by way of a `fork`, which costs about half as much again per process.

use std::borrow::Cow;
use std::ffi::{CStr, CString};
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsRawFd, BorrowedFd, RawFd};
use std::ptr;

/// Signals that may be ignored in this process or in the one that started it; a new process begins with their default.
const RESTORED: [libc::c_int; 10] = [
    libc::SIGHUP,
    libc::SIGINT,
    libc::SIGQUIT,
    libc::SIGTERM,
    libc::SIGPIPE,
    libc::SIGCHLD,
    libc::SIGTSTP,
    libc::SIGTTIN,
    libc::SIGTTOU,
    libc::SIGALRM,
];

/// What a new process is made of.
#[derive(Debug)]
pub(in crate::keeper) struct Image<'a> {
    /// Path of the program; a relative one begins at `dir`.
    pub(in crate::keeper) program: &'a CStr,
    /// Its arguments, the name it is called by first.
    pub(in crate::keeper) argv: &'a [CString],
    /// Its whole environment, as `NAME=VALUE`.
    pub(in crate::keeper) env: &'a [Cow<'a, CStr>],
    /// Its working directory; that of this process if absent.
    pub(in crate::keeper) dir: Option<&'a CStr>,
    /// Its standard input, output and error. None of them may be a standard stream of this process.
    pub(in crate::keeper) streams: [BorrowedFd<'a>; 3],
    /// One more descriptor that it gets, under the same number.
    pub(in crate::keeper) inherited: Option<BorrowedFd<'a>>,
}

/// Starts a process that leads a session of its own, and returns its id.
pub(in crate::keeper) fn spawn(image: &Image<'_>) -> io::Result<u32> {
    let attributes = Attributes::new()?;
    let mut actions = Actions::new()?;
    for (stream, number) in image.streams.iter().zip(0..) {
        actions.duplicate(stream.as_raw_fd(), number)?;
    }
    if let Some(descriptor) = image.inherited {
        // Onto itself: that clears the mark that would close it.
        actions.duplicate(descriptor.as_raw_fd(), descriptor.as_raw_fd())?;
    }
    if let Some(dir) = image.dir {
        actions.change_folder(dir)?;
    }
    posix_spawn(image, &attributes, &actions)
}

#[allow(unsafe_code)]
fn posix_spawn(image: &Image<'_>, attributes: &Attributes, actions: &Actions) -> io::Result<u32> {
    let argv = pointers(image.argv);
    let env = pointers(image.env);
    let mut pid: libc::pid_t = 0;
    // SAFETY: attributes and actions are initialised, both lists end in a null pointer, and all strings that they point to are
    // borrowed from `image`, which outlives the call.
    let outcome = unsafe {
        libc::posix_spawn(
            &raw mut pid,
            image.program.as_ptr(),
            &raw const actions.0,
            &raw const attributes.0,
            argv.as_ptr(),
            env.as_ptr(),
        )
    };
    check(outcome)?;
    Ok(pid.unsigned_abs())
}

fn pointers(strings: &[impl AsRef<CStr>]) -> Vec<*mut libc::c_char> {
    let pointers = strings.iter().map(|string| string.as_ref().as_ptr().cast_mut());
    pointers.chain([ptr::null_mut()]).collect()
}

fn check(outcome: libc::c_int) -> io::Result<()> {
    if outcome == 0 { Ok(()) } else { Err(io::Error::from_raw_os_error(outcome)) }
}

struct Attributes(libc::posix_spawnattr_t);

impl Attributes {
    /// A session of its own, no signal blocked, none ignored.
    #[allow(unsafe_code)]
    fn new() -> io::Result<Self> {
        let mut attributes = MaybeUninit::uninit();
        let mut none = MaybeUninit::<libc::sigset_t>::uninit();
        let mut restored = MaybeUninit::<libc::sigset_t>::uninit();
        // SAFETY: every object is initialised by the first call that is given it, before any other reads it.
        unsafe {
            check(libc::posix_spawnattr_init(attributes.as_mut_ptr()))?;
            let mut attributes = Self(attributes.assume_init());
            libc::sigemptyset(none.as_mut_ptr());
            libc::sigemptyset(restored.as_mut_ptr());
            for signal in RESTORED {
                libc::sigaddset(restored.as_mut_ptr(), signal);
            }
            check(libc::posix_spawnattr_setsigmask(&raw mut attributes.0, none.as_ptr()))?;
            check(libc::posix_spawnattr_setsigdefault(&raw mut attributes.0, restored.as_ptr()))?;
            let flags = libc::POSIX_SPAWN_SETSID as libc::c_int
                | libc::POSIX_SPAWN_SETSIGMASK as libc::c_int
                | libc::POSIX_SPAWN_SETSIGDEF as libc::c_int;
            check(libc::posix_spawnattr_setflags(&raw mut attributes.0, flags as libc::c_short))?;
            Ok(attributes)
        }
    }
}

impl Drop for Attributes {
    #[allow(unsafe_code)]
    fn drop(&mut self) {
        // SAFETY: it was initialised, and nobody uses it afterwards.
        unsafe { libc::posix_spawnattr_destroy(&raw mut self.0) };
    }
}

struct Actions(libc::posix_spawn_file_actions_t);

impl Actions {
    #[allow(unsafe_code)]
    fn new() -> io::Result<Self> {
        let mut actions = MaybeUninit::uninit();
        // SAFETY: the call initialises what it is given.
        unsafe {
            check(libc::posix_spawn_file_actions_init(actions.as_mut_ptr()))?;
            Ok(Self(actions.assume_init()))
        }
    }

    #[allow(unsafe_code)]
    fn duplicate(&mut self, from: RawFd, to: RawFd) -> io::Result<()> {
        // SAFETY: the actions are initialised; numbers of descriptors are checked when they are carried out.
        check(unsafe { libc::posix_spawn_file_actions_adddup2(&raw mut self.0, from, to) })
    }

    #[allow(unsafe_code)]
    fn change_folder(&mut self, path: &CStr) -> io::Result<()> {
        // SAFETY: the actions are initialised, and the call copies the path.
        check(unsafe { libc::posix_spawn_file_actions_addchdir_np(&raw mut self.0, path.as_ptr()) })
    }
}

impl Drop for Actions {
    #[allow(unsafe_code)]
    fn drop(&mut self) {
        // SAFETY: they were initialised, and nobody uses them afterwards.
        unsafe { libc::posix_spawn_file_actions_destroy(&raw mut self.0) };
    }
}
