//! Locks between descriptors and between processes, some of them killed.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;

use jiff::Timestamp;
use tempfile::tempdir;

use super::{FileLock, Holder, LockError, is_locked, try_lock_run};
use crate::journal::RunFolder;

/// Where the child of a test finds the run that it is to lock.
const CHILD_RUN: &str = "WINDLASS_TEST_LOCK_RUN";

/// Takes no part unless another test starts it in a process of its own.
#[test]
fn child_that_holds_the_lock_until_it_is_killed() {
    let Some(run) = std::env::var_os(CHILD_RUN) else { return };
    let _lock = try_lock_run(&RunFolder::at(Path::new(&run))).unwrap();
    println!("\nlocked");
    // Ends with the test that has started this, whatever becomes of it.
    std::io::stdin().lines().for_each(drop);
}

fn holding_child(run: &RunFolder) -> Child {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "lock::tests::child_that_holds_the_lock_until_it_is_killed",
            "--nocapture",
        ])
        .env(CHILD_RUN, run.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    assert!(lines.any(|line| line.unwrap() == "locked"), "the child got no lock");
    child
}

#[test]
fn a_run_has_one_executor_and_the_second_is_told_who_it_is() {
    let folder = tempdir().unwrap();
    let run = RunFolder::at(folder.path());
    assert!(!is_locked(&run).unwrap());
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0, "looking created something");
    let before = Timestamp::now();
    let lock = try_lock_run(&run).unwrap();
    assert!(is_locked(&run).unwrap());
    let Err(LockError::Held { run: id, holder: Some(holder) }) = try_lock_run(&run) else {
        panic!("the lock was not held")
    };
    assert_eq!(id, run.id());
    assert_eq!(holder.pid, std::process::id());
    assert!(holder.since >= before && holder.since <= Timestamp::now());
    assert_eq!(Holder { since: before, ..holder }, Holder::this_process(before));
    drop(lock);
    assert!(!is_locked(&run).unwrap());
    assert!(!run.run_holder().exists());
    try_lock_run(&run).unwrap();
}

#[test]
fn the_lock_of_a_killed_executor_is_free_and_its_note_harms_nobody() {
    let folder = tempdir().unwrap();
    let run = RunFolder::at(folder.path());
    let mut child = holding_child(&run);
    assert!(is_locked(&run).unwrap());
    let error = try_lock_run(&run).unwrap_err();
    let LockError::Held { holder: Some(holder), .. } = &error else { panic!("{error}") };
    assert_eq!(holder.pid, child.id());
    let text = error.to_string();
    let id = run.id();
    assert!(text.starts_with(&format!("run `{id}` has an executor already: ")), "{text}");
    assert!(text.contains(&format!(", process {}, since ", child.id())), "{text}");
    assert!(text.ends_with(&format!("`windlass stop {id}` ends it")), "{text}");
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(run.run_holder().exists());
    assert!(!is_locked(&run).unwrap());
    let lock = try_lock_run(&run).unwrap();
    let Err(LockError::Held { holder: Some(holder), .. }) = try_lock_run(&run) else { panic!() };
    assert_eq!(holder.pid, std::process::id());
    drop(lock);
}

#[test]
fn a_holder_that_has_written_nothing_yet_is_a_holder() {
    let folder = tempdir().unwrap();
    let run = RunFolder::at(folder.path());
    let _lock = FileLock::try_exclusive(&run.run_lock()).unwrap().unwrap();
    assert!(matches!(try_lock_run(&run), Err(LockError::Held { holder: None, .. })));
    fs::write(run.run_holder(), "{\"host\":").unwrap();
    assert!(matches!(try_lock_run(&run), Err(LockError::Held { holder: None, .. })));
}

#[test]
fn whoever_looks_never_keeps_an_executor_from_its_lock() {
    let folder = tempdir().unwrap();
    let run = RunFolder::at(folder.path());
    let (done, looks) = (AtomicBool::new(false), AtomicU64::new(0));
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while !done.load(Ordering::Relaxed) {
                    is_locked(&run).unwrap();
                    looks.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        let mut all_taken = true;
        while looks.load(Ordering::Relaxed) < 5000 {
            let lock = FileLock::try_exclusive(&run.run_lock()).unwrap();
            all_taken &= lock.is_some();
            // Another test may be starting a process, which would hold it a moment longer.
            lock.map(FileLock::release).transpose().unwrap();
        }
        done.store(true, Ordering::Relaxed);
        assert!(all_taken);
    });
}

#[test]
fn of_many_that_try_at_once_one_gets_the_lock() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("lock");
    for _ in 0..50 {
        let locks: Vec<_> = thread::scope(|scope| {
            let tries: Vec<_> =
                (0..4).map(|_| scope.spawn(|| FileLock::try_exclusive(&path).unwrap())).collect();
            tries.into_iter().filter_map(|attempt| attempt.join().unwrap()).collect()
        });
        assert_eq!(locks.len(), 1);
        // Another test may be starting a process, which would hold it a moment longer.
        locks.into_iter().for_each(|lock: FileLock| lock.release().unwrap());
    }
}

#[cfg(unix)]
#[test]
fn a_child_that_inherits_the_file_holds_the_lock() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("alive");
    let lock = FileLock::try_exclusive(&path).unwrap().unwrap();
    let inherited = lock.file().try_clone().unwrap();
    // A command's stdout is a descriptor that it inherits.
    let mut child =
        Command::new("cat").stdin(Stdio::piped()).stdout(Stdio::from(inherited)).spawn().unwrap();
    drop(lock);
    assert!(FileLock::is_held(&path).unwrap());
    assert!(FileLock::try_exclusive(&path).unwrap().is_none());
    drop(child.stdin.take());
    child.wait().unwrap();
    // Free at once, but for a process that another test may be starting.
    while FileLock::is_held(&path).unwrap() {
        thread::yield_now();
    }
}

#[test]
fn a_lock_that_cannot_be_had_is_an_error_that_names_the_file() {
    let folder = tempdir().unwrap();
    let run = RunFolder::at(&folder.path().join("missing"));
    let error = try_lock_run(&run).unwrap_err();
    assert!(matches!(error, LockError::Io { .. }));
    assert!(error.to_string().contains("missing/run.lock"), "{error}");
    assert!(!is_locked(&run).unwrap());
}
