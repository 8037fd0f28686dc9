//! A terminal with somebody in front of it: what a run asks of people is asked there.

use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::os::unix::ffi::OsStrExt;
use std::process::{Child, Command, Stdio};

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};

use crate::bench::Bench;

const BOOK: &str = r#"
windlass: 1
name: asked
steps:
  go: {approve: {message: Shall we begin?}}
  look:
    needs: [go]
    manual: {instructions: Count them., fields: {count: {type: integer, minimum: 0}}}
  say:
    needs: [look]
    run: [sh, -c, 'echo "$1" >> "$HERE/ledger"', say, "{{ steps.look.outputs.count }}"]
"#;

/// A process in front of whose terminal somebody sits.
struct Seat {
    child: Child,
    terminal: File,
    /// What the terminal has shown and was not looked for yet.
    seen: String,
}

impl Seat {
    fn take(bench: &Bench, arguments: &[&str]) -> Self {
        let terminal = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&terminal).unwrap();
        unlockpt(&terminal).unwrap();
        let name = ptsname(&terminal, Vec::new()).unwrap();
        let name = std::ffi::OsStr::from_bytes(name.as_bytes()).to_owned();
        // Only one end is kept here, so that the end of the process is seen as the end of what it shows.
        let end = || OpenOptions::new().read(true).write(true).open(&name).unwrap();
        let windlass = bench.command(arguments);
        let mut command = Command::new("setsid");
        command.arg("--ctty").arg(windlass.get_program()).args(windlass.get_args());
        command.current_dir(bench.path("")).env("TERM", "xterm");
        let set = windlass.get_envs().filter_map(|(name, value)| Some((name, value?)));
        command.envs(set).stdin(end()).stdout(Stdio::null()).stderr(end());
        Self {
            child: command.spawn().unwrap(),
            terminal: File::from(terminal),
            seen: String::new(),
        }
    }

    /// Reads until that is shown.
    #[track_caller]
    fn sees(&mut self, text: &str) {
        let mut bytes = [0; 4096];
        while !self.seen.contains(text) {
            match self.terminal.read(&mut bytes) {
                Ok(length) if length > 0 => {
                    self.seen.push_str(&String::from_utf8_lossy(&bytes[..length]));
                }
                ended => panic!("{ended:?} before `{text}` was shown:\n{}", self.seen),
            }
        }
        let behind = self.seen.find(text).unwrap() + text.len();
        self.seen.drain(..behind);
    }

    fn types(&mut self, keys: &str) {
        self.terminal.write_all(keys.as_bytes()).unwrap();
    }

    #[track_caller]
    fn exits(mut self, code: i32) {
        let mut bytes = [0; 4096];
        while let Ok(length @ 1..) = self.terminal.read(&mut bytes) {
            self.seen.push_str(&String::from_utf8_lossy(&bytes[..length]));
        }
        assert_eq!(self.child.wait().unwrap().code(), Some(code), "{}", self.seen);
    }
}

fn bench() -> Bench {
    let bench = Bench::new();
    bench.write("book.yaml", BOOK);
    bench
}

#[test]
fn the_operator_answers_in_place() {
    let bench = bench();
    let mut seat = Seat::take(&bench, &["run", "book.yaml"]);
    seat.sees("Shall we begin?");
    seat.sees("May it go on?");
    seat.types("perhaps\n");
    seat.sees("type `yes`, `no` or `later`");
    seat.sees("May it go on?");
    seat.types("yes\n");
    seat.sees("`go` is approved");
    seat.sees("Is it done?");
    seat.types("\n");
    seat.sees("count (");
    seat.types("many\n");
    seat.sees("a whole number is needed");
    seat.sees("count (");
    seat.types("4\n");
    seat.exits(0);
    assert_eq!(bench.ledger("ledger"), ["4"]);
}

#[test]
fn a_question_that_is_put_off_is_left_to_others() {
    let bench = bench();
    let mut seat = Seat::take(&bench, &["run", "book.yaml"]);
    seat.sees("May it go on?");
    seat.types("later\n");
    seat.sees("waits for people");
    seat.exits(3);
    assert_eq!(bench.status()["state"], "waiting");
    let mut seat = Seat::take(&bench, &["resume", "latest"]);
    seat.sees("May it go on?");
    seat.types("no\n");
    seat.sees("Why not?");
    seat.types("not tonight\n");
    seat.exits(1);
    let status = bench.status();
    assert!(
        status["tasks"][0]["reason"].as_str().unwrap().ends_with(": not tonight"),
        "{status:#}"
    );
}

#[test]
fn whoever_is_faster_elsewhere_ends_the_question() {
    let bench = bench();
    let mut seat = Seat::take(&bench, &["run", "book.yaml"]);
    seat.sees("May it go on?");
    bench.windlass(&["approve", "latest", "go"]).exits(0);
    seat.sees("Is it done?");
    // Ctrl-C stops the run as it does everywhere else.
    seat.types("\u{3}");
    seat.exits(5);
    assert_eq!(bench.state_of("go"), "succeeded");
}

#[test]
fn whoever_follows_a_run_answers_as_well() {
    let bench = bench();
    let executor = bench.start(&["run", "book.yaml", "--wait"]);
    let mut seat = loop {
        // Until its first record is written there is nothing to be followed.
        if bench.windlass(&["status", "latest"]).code == Some(0) {
            break Seat::take(&bench, &["attach", "latest"]);
        }
    };
    seat.sees("May it go on?");
    seat.types("yes\n");
    seat.sees("Is it done?");
    seat.types("yes\n");
    seat.sees("count (");
    seat.types("2\n");
    seat.exits(0);
    crate::bench::finish(executor).exits(0);
    assert_eq!(bench.ledger("ledger"), ["2"]);
}

#[test]
fn what_is_asked_after_a_question_was_put_off_is_asked_in_place_as_well() {
    let bench = Bench::new();
    let steps = "  later: {approve: {message: First?}}\n  nap: {wait: {for: 1s}}\n";
    let asked = "  then: {needs: [nap], approve: {message: Second?}}\n";
    bench.write("book.yaml", &format!("windlass: 1\nname: two\nsteps:\n{steps}{asked}"));
    let mut seat = Seat::take(&bench, &["run", "book.yaml"]);
    seat.sees("First?");
    seat.sees("May it go on?");
    seat.types("later\n");
    seat.sees("Second?");
    seat.sees("May it go on?");
    seat.types("yes\n");
    seat.sees("waits for people");
    seat.exits(3);
    assert_eq!(bench.state_of("then"), "succeeded");
}
