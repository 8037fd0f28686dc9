//! What an operator is told when something cannot be done, and what to type next.

use std::fs;
use std::process::{Command, Stdio};

use crate::bench::{Bench, Done, finish};

const GOOD: &str = "windlass: 1\nname: good\nsteps:\n  a: {effect: read, run: [echo, hello]}\n";

#[test]
fn a_run_that_was_never_begun_says_so_and_how_to_get_rid_of_it() {
    let bench = Bench::new();
    bench.write("book.yaml", GOOD);
    bench.windlass(&["run", "book.yaml", "--run-id", "one"]).exits(0);
    let journal = bench.run_folder().join("journal.jsonl");
    let first = fs::read_to_string(&journal).unwrap().lines().next().unwrap().to_owned() + "\n";
    // Killed before its opening was recorded, before the first line was whole, and before there was a journal.
    for left in [Some(first.as_str()), Some("{\"seq\":0,"), None] {
        match left {
            Some(text) => fs::write(&journal, text).unwrap(),
            None => fs::remove_file(&journal).unwrap(),
        }
        for command in ["status", "resume", "logs", "stop"] {
            let told = bench.windlass(&[command, "one"]);
            if command == "logs" && told.code == Some(0) {
                continue;
            }
            let told = told.exits(7);
            assert!(told.stderr.contains("run one was never begun"), "{command}: {}", told.stderr);
            assert!(told.stderr.contains("`rm -r "), "{command}: {}", told.stderr);
        }
    }
    let taken = bench.windlass(&["run", "book.yaml", "--run-id", "one"]).exits(2);
    assert!(taken.stderr.contains("`rm -r "), "{}", taken.stderr);
}

#[test]
fn what_keeps_a_run_from_beginning_leaves_nothing_in_the_way() {
    let bench = Bench::new();
    bench.write("book.yaml", GOOD);
    let events = ["run", "book.yaml", "--run-id", "one", "--events", "no/such/folder"];
    let told = bench.windlass(&events).exits(2);
    assert!(told.stderr.contains("`--events no/such/folder`"), "{}", told.stderr);
    // Nothing can be written, as on a disk that is full.
    let mut full = Command::new("sh");
    let script = "trap '' XFSZ; ulimit -f 0; exec \"$0\" run book.yaml --run-id one 2>&1 | cat";
    full.args(["-c", script, env!("CARGO_BIN_EXE_windlass")])
        .current_dir(bench.path(""))
        .env("WINDLASS_STATE_DIR", bench.path("state"))
        .stdin(Stdio::null());
    let told: Done = full.output().unwrap().into();
    assert!(told.stdout.contains("error: "), "{}", told.stdout);
    assert_eq!(fs::read_dir(bench.path("state/runs")).unwrap().count(), 0, "{}", told.stdout);
    bench.windlass(&["run", "book.yaml", "--run-id", "one"]).exits(0);
}

#[test]
fn orders_to_a_closed_run_are_refused_with_the_next_command() {
    let bench = Bench::new();
    bench.write("book.yaml", GOOD);
    bench.windlass(&["run", "book.yaml", "--run-id", "one"]).exits(0);
    for order in [
        &["stop", "one"][..],
        &["stop", "one", "--kill", "a"],
        &["resolve", "one", "a", "--as", "done", "--because", "seen"],
    ] {
        let told = bench.windlass(order).exits(6);
        assert!(told.stderr.contains("closed"), "{order:?}: {}", told.stderr);
        let next = told.stderr.contains("`windlass status one`")
            || told.stderr.contains("`windlass show one a`");
        assert!(next, "{order:?}: {}", told.stderr);
    }
}

#[test]
fn whoever_is_refused_by_a_living_executor_is_told_once_what_to_type() {
    let bench = Bench::new();
    let (here, go) = (bench.fifo("here"), bench.fifo("go"));
    bench.write(
        "book.yaml",
        "windlass: 1\nname: held\nsteps:\n  a: {effect: read, shell: 'echo at > \"$HERE/here\"; read x < \"$HERE/go\"'}\n  b: {needs: [a], effect: read, run: [\"true\"]}\n",
    );
    let executor = bench.start(&["run", "book.yaml", "--run-id", "one"]);
    here.hear();
    let held = bench.windlass(&["resume", "one"]).exits(4);
    assert_eq!(held.stderr.matches("windlass status one").count(), 1, "{}", held.stderr);
    let refused = bench.windlass(&["stop", "one", "--kill", "b"]).exits(6);
    assert!(refused.stderr.contains("`windlass status one`"), "{}", refused.stderr);
    go.say("on\n");
    finish(executor).exits(0);
}

#[test]
fn the_user_is_named_without_a_hint_from_the_environment() {
    let bench = Bench::new();
    bench.write("book.yaml", GOOD);
    let mut command = bench.command(&["run", "book.yaml"]);
    for name in ["USER", "LOGNAME", "USERNAME"] {
        command.env_remove(name);
    }
    let told: Done = command.output().unwrap().into();
    let told = told.exits(0);
    let name = Command::new("id").arg("-un").output().unwrap();
    if name.status.success() {
        let name = String::from_utf8(name.stdout).unwrap();
        let opened = format!("opened by {} on", name.trim());
        assert!(told.stderr.contains(&opened), "{}", told.stderr);
    }
}

#[test]
fn a_state_folder_that_was_typed_is_in_every_command_to_type() {
    let bench = Bench::new();
    bench.write(
        "book.yaml",
        "windlass: 1\nname: bad\nsteps:\n  a: {effect: read, run: [\"false\"]}\n",
    );
    let elsewhere = |arguments: &[&str]| -> Done {
        let mut command = bench.command(&["--state-dir", "my runs"]);
        command.args(arguments).env_remove("WINDLASS_STATE_DIR").output().unwrap().into()
    };
    let program = format!("windlass --state-dir '{}'", bench.path("my runs").display());
    let resume = format!("{program} resume one");
    let failed = elsewhere(&["run", "book.yaml", "--run-id", "one"]).exits(1);
    assert!(failed.stderr.contains(&resume), "{}", failed.stderr);
    let status = elsewhere(&["status"]).exits(0);
    assert!(status.stdout.contains(&resume), "{}", status.stdout);
    let taken = elsewhere(&["run", "book.yaml", "--run-id", "one"]).exits(2);
    assert!(taken.stderr.contains(&format!("`{resume}`")), "{}", taken.stderr);
    let unknown = elsewhere(&["logs", "one", "b"]).exits(2);
    assert!(unknown.stderr.contains(&format!("`{program} status one`")), "{}", unknown.stderr);
    // What is printed can be typed, from anywhere.
    let typed = resume.replacen("windlass", env!("CARGO_BIN_EXE_windlass"), 1);
    let again: Done =
        Command::new("sh").args(["-c", &typed]).current_dir("/").output().unwrap().into();
    assert!(again.exits(1).stderr.contains(&resume));
}

#[test]
fn a_state_folder_that_cannot_be_used_is_named_with_a_way_out() {
    let bench = Bench::new();
    bench.write("book.yaml", GOOD);
    let told = bench.windlass(&["run", "book.yaml", "--state-dir", "book.yaml"]).exits(7);
    assert!(told.stderr.contains("book.yaml/runs"), "{}", told.stderr);
    assert!(told.stderr.contains("`--state-dir`"), "{}", told.stderr);
}

#[test]
fn the_command_that_accepts_a_new_runbook_accepts_every_change() {
    let bench = Bench::new();
    let book = |word: &str| {
        format!(
            "windlass: 1\nname: fix\nsteps:\n  one: {{effect: read, run: [echo, {word}]}}\n  two: {{needs: [one], effect: read, run: [test, {word}, =, c]}}\n"
        )
    };
    bench.write("a.yaml", &book("a"));
    bench.windlass(&["run", "a.yaml", "--run-id", "r"]).exits(1);
    bench.write("c.yaml", &book("c"));
    for accept in [&[][..], &["--accept", "one"]] {
        let resume = ["resume", "r", "--runbook", "c.yaml"];
        let refused = bench.windlass(&[&resume[..], accept].concat()).exits(6);
        let typed = "`windlass resume r --runbook c.yaml --accept one --accept two`";
        assert!(refused.stderr.contains(typed), "{}", refused.stderr);
    }
    let typed = ["resume", "r", "--runbook", "c.yaml", "--accept", "one", "--accept", "two"];
    bench.windlass(&typed).exits(0);
}

#[test]
fn the_answer_that_is_offered_for_a_doubt_can_be_typed() {
    let bench = Bench::new();
    let outputs = "outputs: {bytes: {value: \"{{ out.stdout }}\", type: integer}, name: x}";
    let step = format!("  a: {{run: [\"false\"], {outputs}}}\n");
    bench.write("book.yaml", &format!("windlass: 1\nname: doubt\nsteps:\n{step}"));
    let told = bench.windlass(&["run", "book.yaml", "--run-id", "one"]).exits(8);
    let offered = told.stderr.lines().find(|line| line.contains("--as done")).unwrap().trim();
    assert!(offered.contains("--output bytes=VALUE --output name=VALUE"), "{offered}");
    let typed = offered
        .replacen("windlass", env!("CARGO_BIN_EXE_windlass"), 1)
        .replace("bytes=VALUE", "bytes=12")
        .replace("name=VALUE", "name=letters")
        .replace("WHY", "looked");
    let mut shell = Command::new("sh");
    shell.args(["-c", &typed]).env("WINDLASS_STATE_DIR", bench.path("state"));
    let done: Done = shell.output().unwrap().into();
    done.exits(0);
    bench.windlass(&["resume", "one"]).exits(0);
}

#[test]
fn people_read_their_own_time_and_programs_utc() {
    let bench = Bench::new();
    bench.write("book.yaml", GOOD);
    bench.windlass(&["run", "book.yaml", "--run-id", "one"]).exits(0);
    let there = |arguments: &[&str]| -> String {
        let mut command = bench.command(arguments);
        let told: Done = command.env("TZ", "XYZ-14").output().unwrap().into();
        told.exits(0).stdout
    };
    for command in [&["status"][..], &["runs"], &["show", "one", "a"]] {
        assert!(there(command).contains(" XYZ"), "{command:?}: {}", there(command));
        let json = there(&[command, &["--format", "json"]].concat());
        assert!(!json.contains("XYZ") && json.contains("Z\""), "{command:?}: {json}");
    }
}
