//! Starting a process that leads a session of its own.
//!
//! Knows nothing of jobs. Until it is another program the new process shares the memory of this one, as with the C library's
//! `posix_spawn`. But that asks after every signal there is before, one by one, and it waits: the system then wakes it behind the new
//! process, on the same processor, so that a second job cannot begin before the first is done, even if another processor is idle.

use std::cell::{Cell, UnsafeCell};
use std::convert::Infallible;
use std::ffi::{CStr, CString};
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsRawFd, BorrowedFd, RawFd};
use std::ptr;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{self, AtomicI32, AtomicU32, Ordering};

use syscalls::{Errno, Sysno, syscall};

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
pub(in crate::keeper) struct Image {
    /// Path of the program; a relative one begins at `dir`.
    pub(in crate::keeper) program: CString,
    /// Its arguments, the name it is called by first.
    pub(in crate::keeper) argv: Vec<CString>,
    /// Its whole environment, as `NAME=VALUE`.
    pub(in crate::keeper) env: Vec<Arc<CStr>>,
    /// Its working directory; that of this process if absent.
    pub(in crate::keeper) dir: Option<CString>,
}

/// The descriptors that a new process gets.
#[derive(Debug, Clone, Copy)]
pub(in crate::keeper) struct Descriptors<'a> {
    /// Its standard input, output and error. None of them may be a standard stream of this process.
    pub(in crate::keeper) streams: [BorrowedFd<'a>; 3],
    /// One more that it gets, under the same number.
    pub(in crate::keeper) inherited: Option<BorrowedFd<'a>>,
}

/// A new process that leads a session of its own, or will in a moment.
#[derive(Debug)]
pub(in crate::keeper) struct Newborn {
    pid: u32,
    birth: Rc<Birth>,
    /// Somebody has taken notice of its end.
    reaped: Cell<bool>,
}

impl Newborn {
    /// Begins a process, and does not wait until it is the program.
    ///
    /// # Errors
    /// If there is no new process. Whether it becomes the program is known later.
    pub(in crate::keeper) fn begin(image: Image, descriptors: Descriptors<'_>) -> io::Result<Self> {
        Self::new(Birth::of(image, descriptors), 0)
    }

    /// Starts a process; what has become of it is known when the call returns.
    ///
    /// # Errors
    /// If there is no new process.
    pub(in crate::keeper) fn start(image: Image, descriptors: Descriptors<'_>) -> io::Result<Self> {
        let newborn = Self::new(Birth::of(image, descriptors), libc::CLONE_VFORK)?;
        // Tools that run programs in a machine of their own may have copied the memory, so that nobody clears this.
        newborn.birth.shared.store(false.into(), Ordering::Release);
        Ok(newborn)
    }

    #[allow(unsafe_code)]
    fn new(birth: Rc<Birth>, waiting: libc::c_int) -> io::Result<Self> {
        let flags = libc::CLONE_VM | libc::SIGCHLD | waiting;
        // A handler of this process must not run in the new one, whose memory is the same.
        let blocked = Blocked::all()?;
        // SAFETY: the stack is as long as it is said to be, and aligned as systems want it. It and all that `birth` points to are alive as
        // long as the memory is shared, since a `Newborn` gives them back only then, and nobody changes them meanwhile.
        let outcome = unsafe {
            let top = birth.stack.as_ptr().add(STACK_LENGTH).cast_mut();
            libc::clone(be_born, top.cast(), flags, Rc::as_ptr(&birth).cast_mut().cast())
        };
        let failure = io::Error::last_os_error();
        drop(blocked);
        if outcome == -1 {
            return Err(failure);
        }
        Ok(Self { pid: outcome.unsigned_abs(), birth, reaped: Cell::new(false) })
    }

    /// Its id.
    pub(in crate::keeper) fn pid(&self) -> u32 {
        self.pid
    }

    /// What it is made of.
    pub(in crate::keeper) fn image(&self) -> &Image {
        &self.birth.image
    }

    /// Whether it is known by now what has become of it.
    pub(in crate::keeper) fn is_decided(&self) -> bool {
        self.birth.shared.load(Ordering::Acquire) == 0
    }

    /// To be told when somebody has taken notice of its end: what has gone shares nothing, whatever the system has done about that.
    pub(in crate::keeper) fn set_reaped(&self) {
        self.reaped.set(true);
        self.birth.shared.store(false.into(), Ordering::Release);
    }

    /// What has become of it, once that is decided: it is the program, or was ended by a signal before.
    ///
    /// # Errors
    /// Why it will never be the program; then notice was taken of its end.
    pub(in crate::keeper) fn outcome(&self) -> io::Result<()> {
        match self.birth.failure.load(Ordering::Acquire) {
            0 => Ok(()),
            error => {
                if !self.reaped.replace(true) {
                    super::wait_for_child(self.pid);
                }
                Err(io::Error::from_raw_os_error(error))
            }
        }
    }
}

impl Drop for Newborn {
    fn drop(&mut self) {
        if !self.is_decided() {
            // The process still uses the memory, which is never given back then.
            std::mem::forget(Rc::clone(&self.birth));
        }
    }
}

/// What a new process is given, and what it gives back. It is in use as long as that shares the memory of this one, which is why it is
/// not a `Box`: that would be the only way to its memory.
#[derive(Debug)]
struct Birth {
    image: Image,
    argv: Vec<*const libc::c_char>,
    env: Vec<*const libc::c_char>,
    streams: [RawFd; 3],
    inherited: Option<RawFd>,
    stack: Vec<UnsafeCell<MaybeUninit<u128>>>,
    /// Whether the memory is shared. The system clears it.
    shared: AtomicU32,
    /// The system's number for why it has not become another program; zero if it has.
    failure: AtomicI32,
}

impl Birth {
    fn of(image: Image, descriptors: Descriptors<'_>) -> Rc<Self> {
        Rc::new(Self {
            argv: pointers(&image.argv),
            env: pointers(&image.env),
            image,
            streams: descriptors.streams.map(|stream| stream.as_raw_fd()),
            inherited: descriptors.inherited.map(|descriptor| descriptor.as_raw_fd()),
            stack: Vec::with_capacity(STACK_LENGTH),
            shared: AtomicU32::new(true.into()),
            failure: AtomicI32::new(0),
        })
    }

    /// What the new process does: an error as soon as something fails. The two processes share all memory, also that of the thread, where
    /// the C library puts what has failed: so nothing of its is called that can fail, and nothing that might take a lock.
    #[allow(unsafe_code)]
    fn become_program(&self) -> Result<Infallible, Errno> {
        let mut none = MaybeUninit::<libc::sigset_t>::uninit();
        // SAFETY: descriptors are copies of those that were borrowed, strings end in NUL and lists in a null pointer, and the set is
        // initialised before it is read.
        unsafe {
            // The system clears that as soon as this process uses the memory no more. `clone` could be told the same, but not every C
            // library lets that through.
            syscall!(Sysno::set_tid_address, self.shared.as_ptr())?;
            for signal in RESTORED {
                libc::signal(signal, libc::SIG_DFL);
            }
            syscall!(Sysno::setsid)?;
            for (number, stream) in self.streams.iter().enumerate() {
                syscall!(Sysno::dup3, *stream, number, 0)?;
            }
            // All else closes with the new program. That may take its time to come, and if a keeper is killed meanwhile, the next one must
            // not wait for a lock that is only held here. An old system does not know the call.
            let (last, first) = self.inherited.map_or((2, 3), |kept| (kept - 1, kept + 1));
            let _ = syscall!(Sysno::close_range, 3, last, 0);
            let _ = syscall!(Sysno::close_range, first, libc::c_uint::MAX, 0);
            if let Some(descriptor) = self.inherited {
                // The mark that would close it is cleared.
                syscall!(Sysno::fcntl, descriptor, libc::F_SETFD, 0)?;
            }
            if let Some(dir) = &self.image.dir {
                syscall!(Sysno::chdir, dir.as_ptr())?;
            }
            libc::sigemptyset(none.as_mut_ptr());
            libc::sigprocmask(libc::SIG_SETMASK, none.as_ptr(), ptr::null_mut());
            let program = self.image.program.as_ptr();
            syscall!(Sysno::execve, program, self.argv.as_ptr(), self.env.as_ptr())?;
        }
        Err(Errno::EIO)
    }
}

/// Where the new process begins. It returns only if it does not become another program.
#[allow(unsafe_code)]
extern "C" fn be_born(birth: *mut libc::c_void) -> libc::c_int {
    // SAFETY: it is the `Birth` that has made this process, and it lives as long as the memory is shared.
    let birth = unsafe { &*birth.cast_const().cast::<Birth>() };
    let Err(error) = birth.become_program();
    birth.failure.store(error.into_raw(), Ordering::Release);
    // Whoever sees that the memory is not shared any more must see this, too.
    atomic::fence(Ordering::SeqCst);
    UNBORN
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
