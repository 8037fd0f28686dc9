//! Starting a process that leads a session of its own.
//!
//! Knows nothing of jobs. Until it is another program the new process shares the memory of this one, which waits for that: so does the
//! system's own `posix_spawn`, but it asks after every signal there is before, one by one, which is a tenth of what a small job costs.

use std::borrow::Cow;
use std::ffi::{CStr, CString};
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsRawFd, BorrowedFd};
use std::ptr;

/// Signals that this process, or the one that started it, may ignore or handle; a new process begins with their default.
const RESTORED: [libc::c_int; 15] = [
    libc::SIGHUP,
    libc::SIGINT,
    libc::SIGQUIT,
    libc::SIGUSR1,
    libc::SIGUSR2,
    libc::SIGPIPE,
    libc::SIGALRM,
    libc::SIGTERM,
    libc::SIGCHLD,
    libc::SIGTSTP,
    libc::SIGTTIN,
    libc::SIGTTOU,
    libc::SIGXFSZ,
    libc::SIGWINCH,
    libc::SIGIO,
];

/// The stack on which a new process works until it is another program, in units of 16 bytes: a few calls, each of a few words.
const STACK_LENGTH: usize = 4096;

/// What a process exits with that has not become another program. Nobody sees it.
const UNBORN: libc::c_int = 127;

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
#[allow(unsafe_code)]
pub(in crate::keeper) fn spawn(image: &Image<'_>) -> io::Result<u32> {
    let (argv, env) = (pointers(image.argv), pointers(image.env));
    let mut birth = Birth { image, argv: argv.as_ptr(), env: env.as_ptr(), failure: 0 };
    let mut stack = Vec::<MaybeUninit<u128>>::with_capacity(STACK_LENGTH);
    let flags = libc::CLONE_VM | libc::CLONE_VFORK | libc::SIGCHLD;
    // A handler of this process must not run in the new one, whose memory is the same.
    let blocked = Blocked::all()?;
    // SAFETY: the stack is as long as it is said to be, and aligned as systems want it. It and all that `birth` points to are alive until
    // the call returns, which is when the new process does not share this memory any more.
    let outcome = unsafe {
        let top = stack.as_mut_ptr().add(STACK_LENGTH);
        libc::clone(be_born, top.cast(), flags, (&raw mut birth).cast())
    };
    let failure = match outcome {
        -1 => Some(io::Error::last_os_error()),
        _ if birth.failure != 0 => Some(io::Error::from_raw_os_error(birth.failure)),
        _ => None,
    };
    drop(blocked);
    match failure {
        None => Ok(outcome.unsigned_abs()),
        Some(error) => {
            if outcome > 0 {
                super::wait_for_child(outcome.unsigned_abs());
            }
            Err(error)
        }
    }
}

/// What the new process is given, and what it gives back.
struct Birth<'a> {
    image: &'a Image<'a>,
    argv: *const *const libc::c_char,
    env: *const *const libc::c_char,
    /// The system's number for why it has not become another program; 0 if it has.
    failure: libc::c_int,
}

/// What the new process does. It returns only if it does not become another program.
#[allow(unsafe_code)]
extern "C" fn be_born(birth: *mut libc::c_void) -> libc::c_int {
    // SAFETY: it is the `Birth` that `spawn` has made, which waits until this process has ended or is another program.
    let birth = unsafe { &mut *birth.cast::<Birth<'_>>() };
    if become_program(birth).is_none() {
        birth.failure = io::Error::last_os_error()
            .raw_os_error()
            .filter(|error| *error != 0)
            .unwrap_or(libc::EIO);
    }
    UNBORN
}

/// Nothing as soon as something fails. Only what a signal handler may do is done here: other threads of this memory may hold locks.
#[allow(unsafe_code)]
fn become_program(birth: &Birth<'_>) -> Option<()> {
    let done = |outcome: libc::c_int| (outcome != -1).then_some(());
    let mut none = MaybeUninit::<libc::sigset_t>::uninit();
    // SAFETY: descriptors are borrowed by the image and open, strings end in NUL and lists in a null pointer, and the set is
    // initialised before it is read.
    unsafe {
        for signal in RESTORED {
            libc::signal(signal, libc::SIG_DFL);
        }
        done(libc::setsid())?;
        for (number, stream) in (0..).zip(&birth.image.streams) {
            done(libc::dup2(stream.as_raw_fd(), number))?;
        }
        if let Some(descriptor) = birth.image.inherited {
            // The mark that would close it is cleared.
            done(libc::fcntl(descriptor.as_raw_fd(), libc::F_SETFD, 0))?;
        }
        if let Some(dir) = birth.image.dir {
            done(libc::chdir(dir.as_ptr()))?;
        }
        libc::sigemptyset(none.as_mut_ptr());
        done(libc::sigprocmask(libc::SIG_SETMASK, none.as_ptr(), ptr::null_mut()))?;
        done(libc::execve(birth.image.program.as_ptr(), birth.argv, birth.env))
    }
}

fn pointers(strings: &[impl AsRef<CStr>]) -> Vec<*const libc::c_char> {
    let pointers = strings.iter().map(|string| string.as_ref().as_ptr());
    pointers.chain([ptr::null()]).collect()
}

/// No signal reaches this thread as long as that lives.
struct Blocked(libc::sigset_t);

impl Blocked {
    #[allow(unsafe_code)]
    fn all() -> io::Result<Self> {
        let (mut all, mut before) = (MaybeUninit::uninit(), MaybeUninit::uninit());
        // SAFETY: both sets are initialised by the calls that are given them before anything reads them.
        unsafe {
            libc::sigfillset(all.as_mut_ptr());
            let refused =
                libc::pthread_sigmask(libc::SIG_SETMASK, all.as_ptr(), before.as_mut_ptr());
            match refused {
                0 => Ok(Self(before.assume_init())),
                error => Err(io::Error::from_raw_os_error(error)),
            }
        }
    }
}

impl Drop for Blocked {
    #[allow(unsafe_code)]
    fn drop(&mut self) {
        // SAFETY: the set was initialised by the system. Setting a mask that was read before cannot fail.
        unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, &raw const self.0, ptr::null_mut()) };
    }
}
