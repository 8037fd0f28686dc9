//! Loaded into windlass ahead of the C library: at one call on one file it makes the disk full, or kills the process.
//!
//! Not a part of the tests' own program: `points.rs` has it compiled by itself. Touches no process but windlass.

use std::ffi::{CStr, CString, OsStr, c_char, c_int, c_long, c_void};
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

unsafe extern "C" {
    fn dlsym(handle: *mut c_void, name: *const c_char) -> *mut c_void;
    fn __errno_location() -> *mut c_int;
    fn kill(pid: c_int, signal: c_int) -> c_int;
    fn getppid() -> c_int;
}

/// The next one of that name after this library.
const NEXT: *mut c_void = usize::MAX as *mut c_void;
const EIO: c_int = 5;
const ENOSPC: c_int = 28;
const SIGKILL: c_int = 9;

/// `WHO CALL FILE NUMBER WHAT`, from `WINDLASS_FAULT`.
struct Fault {
    call: String,
    file: String,
    number: u64,
    what: String,
    struck: PathBuf,
    room: PathBuf,
}

static SEEN: AtomicU64 = AtomicU64::new(0);

fn fault() -> Option<&'static Fault> {
    static FAULT: OnceLock<Option<Fault>> = OnceLock::new();
    FAULT.get_or_init(read_fault).as_ref()
}

fn read_fault() -> Option<Fault> {
    let text = std::env::var("WINDLASS_FAULT").ok()?;
    let here = PathBuf::from(std::env::var_os("HERE")?);
    let words: Vec<&str> = text.split(' ').collect();
    let [who, call, file, number, what] = words[..] else { return None };
    let mut arguments = std::env::args_os();
    let program = PathBuf::from(arguments.next()?);
    let is_keeper = arguments.next()? == "keeper";
    let is_meant = program.file_name()? == "windlass" && is_keeper == (who == "keeper");
    is_meant.then(|| Fault {
        call: call.to_owned(),
        file: file.to_owned(),
        number: number.parse().unwrap_or(u64::MAX),
        what: what.to_owned(),
        struck: here.join("struck"),
        room: here.join("room"),
    })
}

/// What is to happen to this call.
enum Fate {
    Pass,
    Fail(c_int),
    /// Half of it is done, and then the disk is full.
    Half,
    DieAfterwards,
}

fn fate(call: &str, path: impl FnOnce() -> PathBuf) -> Fate {
    let Some(fault) = fault().filter(|fault| fault.call == call) else { return Fate::Pass };
    if !path().as_os_str().as_bytes().ends_with(fault.file.as_bytes()) || fault.room.exists() {
        return Fate::Pass;
    }
    // Whoever comes after one that was killed lives.
    if fault.what.starts_with("kill") && fault.struck.exists() {
        return Fate::Pass;
    }
    let number = SEEN.fetch_add(1, Ordering::SeqCst) + 1;
    if number < fault.number {
        return Fate::Pass;
    }
    drop(std::fs::write(&fault.struck, fault.what.as_bytes()));
    match (fault.what.as_str(), number == fault.number) {
        ("kill" | "dies", _) => die(false),
        ("kill-both", _) => die(true),
        ("killed", _) => Fate::DieAfterwards,
        ("fails", true) => Fate::Fail(EIO),
        ("torn", true) => Fate::Half,
        ("torn" | "full", _) => Fate::Fail(ENOSPC),
        _ => Fate::Pass,
    }
}

fn die(with_parent: bool) -> ! {
    // SAFETY: these have no conditions.
    unsafe {
        if with_parent {
            kill(getppid(), SIGKILL);
        }
        kill(std::process::id() as c_int, SIGKILL);
    }
    loop {
        std::hint::spin_loop();
    }
}

fn path_of(descriptor: c_int) -> PathBuf {
    std::fs::read_link(format!("/proc/self/fd/{descriptor}")).unwrap_or_default()
}

fn named(path: *const c_char) -> PathBuf {
    // SAFETY: whoever calls hands in a path of C.
    PathBuf::from(OsStr::from_bytes(unsafe { CStr::from_ptr(path) }.to_bytes()))
}

fn next(name: &str) -> *mut c_void {
    let name = CString::new(name).expect("no name has a NUL");
    // SAFETY: the name is a string of C.
    unsafe { dlsym(NEXT, name.as_ptr()) }
}

fn ended<T: From<i8>>(fate: Fate, call: impl FnOnce(bool) -> T) -> T {
    match fate {
        Fate::Pass => call(false),
        Fate::DieAfterwards => {
            call(false);
            die(false)
        }
        Fate::Half => {
            call(true);
            failed(ENOSPC)
        }
        Fate::Fail(error) => failed(error),
    }
}

fn failed<T: From<i8>>(error: c_int) -> T {
    // SAFETY: the place of this thread's `errno` is always there.
    unsafe { *__errno_location() = error };
    T::from(-1)
}

#[unsafe(no_mangle)]
pub extern "C" fn write(descriptor: c_int, bytes: *const c_void, count: usize) -> isize {
    static NEXT: OnceLock<usize> = OnceLock::new();
    let next = *NEXT.get_or_init(|| next("write") as usize);
    // SAFETY: that is the type of the function of that name.
    let real: extern "C" fn(c_int, *const c_void, usize) -> isize =
        unsafe { std::mem::transmute(next) };
    let fate = fate("write", || path_of(descriptor));
    ended(fate, |half| real(descriptor, bytes, if half { count / 2 } else { count }))
}

#[unsafe(no_mangle)]
pub extern "C" fn pwrite64(
    descriptor: c_int,
    bytes: *const c_void,
    count: usize,
    offset: c_long,
) -> isize {
    static NEXT: OnceLock<usize> = OnceLock::new();
    let next = *NEXT.get_or_init(|| next("pwrite64") as usize);
    // SAFETY: that is the type of the function of that name.
    let real: extern "C" fn(c_int, *const c_void, usize, c_long) -> isize =
        unsafe { std::mem::transmute(next) };
    let fate = fate("write", || path_of(descriptor));
    ended(fate, |half| real(descriptor, bytes, if half { count / 2 } else { count }, offset))
}

#[unsafe(no_mangle)]
pub extern "C" fn fdatasync(descriptor: c_int) -> c_int {
    static NEXT: OnceLock<usize> = OnceLock::new();
    let next = *NEXT.get_or_init(|| next("fdatasync") as usize);
    // SAFETY: that is the type of the function of that name.
    let real: extern "C" fn(c_int) -> c_int = unsafe { std::mem::transmute(next) };
    ended(fate("sync", || path_of(descriptor)), |_| real(descriptor))
}

#[unsafe(no_mangle)]
pub extern "C" fn fsync(descriptor: c_int) -> c_int {
    static NEXT: OnceLock<usize> = OnceLock::new();
    let next = *NEXT.get_or_init(|| next("fsync") as usize);
    // SAFETY: that is the type of the function of that name.
    let real: extern "C" fn(c_int) -> c_int = unsafe { std::mem::transmute(next) };
    ended(fate("sync", || path_of(descriptor)), |_| real(descriptor))
}

#[unsafe(no_mangle)]
pub extern "C" fn rename(from: *const c_char, to: *const c_char) -> c_int {
    static NEXT: OnceLock<usize> = OnceLock::new();
    let next = *NEXT.get_or_init(|| next("rename") as usize);
    // SAFETY: that is the type of the function of that name.
    let real: extern "C" fn(*const c_char, *const c_char) -> c_int =
        unsafe { std::mem::transmute(next) };
    ended(fate("rename", || named(to)), |_| real(from, to))
}

#[unsafe(no_mangle)]
pub extern "C" fn mkdir(path: *const c_char, mode: u32) -> c_int {
    static NEXT: OnceLock<usize> = OnceLock::new();
    let next = *NEXT.get_or_init(|| next("mkdir") as usize);
    // SAFETY: that is the type of the function of that name.
    let real: extern "C" fn(*const c_char, u32) -> c_int = unsafe { std::mem::transmute(next) };
    ended(fate("mkdir", || named(path)), |_| real(path, mode))
}

#[unsafe(no_mangle)]
pub extern "C" fn unlink(path: *const c_char) -> c_int {
    static NEXT: OnceLock<usize> = OnceLock::new();
    let next = *NEXT.get_or_init(|| next("unlink") as usize);
    // SAFETY: that is the type of the function of that name.
    let real: extern "C" fn(*const c_char) -> c_int = unsafe { std::mem::transmute(next) };
    ended(fate("unlink", || named(path)), |_| real(path))
}

/// How windlass makes processes: without the arguments that only other flags need.
#[unsafe(no_mangle)]
pub extern "C" fn clone(
    function: *mut c_void,
    stack: *mut c_void,
    flags: c_int,
    argument: *mut c_void,
) -> c_int {
    type Clone =
        unsafe extern "C" fn(*mut c_void, *mut c_void, c_int, *mut c_void, ...) -> c_int;
    static NEXT: OnceLock<usize> = OnceLock::new();
    let next = *NEXT.get_or_init(|| next("clone") as usize);
    // SAFETY: that is the type of the function of that name.
    let real: Clone = unsafe { std::mem::transmute(next) };
    // SAFETY: what is handed on is what was handed over.
    ended(fate("spawn", PathBuf::new), |_| unsafe { real(function, stack, flags, argument) })
}
