//! Threads and processes that want the same names at once.

use std::fs::{self, File};
use std::io::{ErrorKind, Read, Seek, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use fs2::FileExt;
use jiff::Timestamp;
use tempfile::tempdir;

use super::{claimant, names, want};
use crate::lock::claims::{Attempt, ClaimFolder, RunClaims};
use crate::spec::model::Sharing::{Exclusive, Shared, Slots};

/// Where the child of a test finds the place to race in, and which run it is.
const CHILD_PLACE: &str = "WINDLASS_TEST_CLAIMS_PLACE";
const CHILD_RUN: &str = "WINDLASS_TEST_CLAIMS_RUN";

const PROCESSES: usize = 3;
const THREADS: usize = 2;
const ROUNDS: usize = 8;
const SLOTS: u32 = 2;

/// How long those wait who were denied a name.
const POLL: Duration = Duration::from_millis(1);

/// Takes no part unless another test starts it in a process of its own.
#[test]
fn child_that_races() {
    let (Some(place), Ok(run)) = (std::env::var_os(CHILD_PLACE), std::env::var(CHILD_RUN)) else {
        return;
    };
    race(Path::new(&place), &run);
}

fn racing_child(place: &Path, run: &str) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "lock::claims::tests::racing::child_that_races", "--nocapture"])
        .env(CHILD_PLACE, place)
        .env(CHILD_RUN, run)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .spawn()
        .unwrap()
}

/// Every thread is a run of its own, but for the last, which is another item of the one before.
fn race(place: &Path, run: &str) {
    let folder = ClaimFolder::open(&place.join("locks")).unwrap();
    let of = |name: &str| folder.for_run(claimant(place, name, 1)).unwrap();
    let runs = [of(run), of(&format!("{run}-too"))];
    thread::scope(|scope| {
        for thread in 0..=THREADS {
            let claims = &runs[thread.min(THREADS - 1)];
            scope.spawn(move || compete(place, claims, &format!("m[{run}-{thread}]")));
        }
    });
}

fn compete(place: &Path, claims: &RunClaims, scope: &str) {
    for round in 0..ROUNDS {
        let token = format!("{scope}/{round}");
        let taken = |wanted: &[_]| {
            // A ring cannot come about: whoever waits holds nothing.
            let mut asked = 0;
            while claims.acquire(&want(scope, &token, wanted)).unwrap() != Attempt::Granted {
                asked += 1;
                assert!(asked < 60_000, "whoever holds one of {wanted:?} never gives it back");
                // As an executor does, only sooner: who asks without a pause keeps the holder from giving back.
                thread::sleep(POLL);
            }
        };
        taken(&[("counter", Exclusive), ("b", Exclusive)]);
        add_one(&place.join("counter"));
        claims.release(&names(&["counter", "b"]), &token).unwrap();

        taken(&[("slots", Slots(SLOTS)), ("shared", Shared)]);
        assert!(count_inside(place, "slots") <= i64::from(SLOTS));
        claims.release(&names(&["shared", "slots"]), &token).unwrap();

        taken(&[("shared", Exclusive)]);
        assert_eq!(count_inside(place, "shared"), 1);
        claims.release(&names(&["shared"]), &token).unwrap();
    }
}

/// Loses an addition unless nobody else adds meanwhile.
fn add_one(counter: &Path) {
    let count: usize = match fs::read_to_string(counter) {
        Ok(count) => count.parse().unwrap(),
        Err(error) => {
            assert_eq!(error.kind(), ErrorKind::NotFound);
            0
        }
    };
    fs::write(counter, (count + 1).to_string()).unwrap();
}

/// How many are in a room at once, ourselves among them. They are counted under a kernel lock of the test's own: to list a folder
/// is no look at one moment, and would count one who comes while another one goes.
fn count_inside(place: &Path, room: &str) -> i64 {
    let mut options = File::options();
    let mut room =
        options.read(true).write(true).create(true).truncate(false).open(place.join(room)).unwrap();
    let inside = change(&mut room, 1);
    thread::yield_now();
    change(&mut room, -1);
    inside
}

fn change(room: &mut File, by: i64) -> i64 {
    FileExt::lock_exclusive(room).unwrap();
    let mut count = String::new();
    room.rewind().unwrap();
    room.read_to_string(&mut count).unwrap();
    let inside = count.trim().parse().unwrap_or(0) + by;
    room.rewind().unwrap();
    write!(room, "{inside:3}").unwrap();
    FileExt::unlock(room).unwrap();
    inside
}

#[test]
fn names_exclude_between_threads_and_processes() {
    let place = tempdir().unwrap();
    let children: Vec<Child> =
        (0..PROCESSES).map(|number| racing_child(place.path(), &format!("run{number}"))).collect();
    race(place.path(), "parent");
    for mut child in children {
        assert!(child.wait().unwrap().success());
    }
    let count = fs::read_to_string(place.path().join("counter")).unwrap();
    assert_eq!(count, ((PROCESSES + 1) * (THREADS + 1) * ROUNDS).to_string());
    let folder = ClaimFolder::open(&place.path().join("locks")).unwrap();
    let listing = folder.list().unwrap();
    assert_eq!((listing.claims, listing.unreadable.len()), (Vec::new(), 0));
}

#[test]
fn of_processes_that_are_killed_none_leaves_half_a_claim() {
    let place = tempdir().unwrap();
    let folder = ClaimFolder::open(&place.path().join("locks")).unwrap();
    for round in 0..8 {
        let mut child = racing_child(place.path(), "killed");
        // It is somewhere in its race once it has counted on.
        let counter = place.path().join("counter");
        for left in ["counter", "slots", "shared"] {
            drop(fs::remove_file(place.path().join(left)));
        }
        while child.try_wait().unwrap().is_none()
            && fs::read_to_string(&counter).map_or(0, |count| count.parse().unwrap_or(0))
                < round + 1
        {
            thread::yield_now();
        }
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(folder.list().unwrap().unreadable.is_empty());
        for run in ["killed", "killed-too"] {
            let claims = folder.for_run(claimant(place.path(), run, 1)).unwrap();
            claims.release_unknown(|_| false).unwrap();
        }
        assert_eq!(folder.list().unwrap().claims, []);
    }
    let files = fs::read_dir(place.path().join("locks")).unwrap();
    let left = files
        .map(|entry| entry.unwrap().file_name())
        .filter(|name| name.to_string_lossy().ends_with(".new"));
    assert_eq!(left.count(), 0);
}

/// Not a test of speed: it fails if names are lost where there are many.
#[test]
fn many_names_at_once() {
    let place = tempdir().unwrap();
    let folder = ClaimFolder::open(place.path()).unwrap();
    let claims = folder.for_run(claimant(place.path(), "one", 1)).unwrap();
    let many: Vec<String> = (0..300).map(|number| format!("mailbox:{number}")).collect();
    let wanted = crate::lock::claims::Want {
        scope: String::new(),
        token: "1".to_owned(),
        names: many.iter().map(|name| (name.clone(), Exclusive)).collect(),
    };
    let begun = Timestamp::now();
    assert_eq!(claims.acquire(&wanted).unwrap(), Attempt::Granted);
    let held = claims.held().unwrap();
    assert_eq!(held.len(), many.len());
    assert!(held.iter().all(|claim| claim.hold.by.since >= begun));
    assert_eq!(claims.missing(&many, "1").unwrap(), names(&[]));
    claims.release(&many, "1").unwrap();
    assert_eq!(claims.held().unwrap(), []);
}
