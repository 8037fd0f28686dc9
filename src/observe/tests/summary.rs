//! The last words about a run.

use super::fixture::{Run, doubt, ended, frozen, over, starting, stopped, success};
use crate::core::job::Role;
use crate::core::record::{Outcome, StopReason};
use crate::observe::summary::{left_text, text};
use crate::report::status::Status;

fn status(run: &Run) -> Status {
    Status::new(run.folder.id(), &run.plan, &run.state, None)
}

fn fail(run: &mut Run, task: &str) {
    run.fact(starting(task, 1, Role::Action));
    run.fact(ended(task, 1, 1));
    run.fact(over(task, Outcome::Failed, Some("exited with 1")));
}

#[test]
fn a_failure_comes_with_what_it_said_and_what_to_type() {
    let mut run = Run::new();
    let log = run.print("check", 1, "stderr", "one\ntwo\n\u{1b}[31mno space left\u{1b}[0m\n");
    fail(&mut run, "check");
    run.pass(2_100);
    run.fact(stopped(StopReason::Stuck));
    assert_eq!(
        text(&status(&run), &run.folder),
        format!(
            "failed:
  check: exited with 1
    | one
    | two
    | no space left
    log: {}

run 20261120-2241-k3 failed after 2.1s: 1 failed, 2 blocked

next:
  windlass logs 20261120-2241-k3 check
  windlass resume 20261120-2241-k3
",
            log.display()
        )
    );
}

#[test]
fn a_failure_without_a_word_names_a_full_disk() {
    let mut run = Run::new();
    run.print("check", 1, "stdout", "");
    fail(&mut run, "check");
    run.fact(stopped(StopReason::Stuck));
    let told = |full| text(&status(&run).with_findings_on(&run.folder, || full), &run.folder);
    let words =
        "    the disk of the state folder is full, so that the job's output may be cut off\n";
    assert!(told(true).contains(words), "{}", told(true));
    assert!(!told(false).contains(words), "{}", told(false));
    run.print("check", 1, "stderr", "it said why\n");
    let told = text(&status(&run).with_findings_on(&run.folder, || true), &run.folder);
    assert!(!told.contains(words), "{told}");
}

#[test]
fn a_doubt_comes_before_failures_and_long_lists_are_cut() {
    let mut run = Run::new();
    success("check").into_iter().for_each(|record| drop(run.fact(record)));
    let keys: Vec<String> = (0..9).map(|number| format!("u{number}")).collect();
    let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
    run.fact(frozen("mailboxes", &keys));
    for key in &keys[1..] {
        fail(&mut run, &format!("mailboxes[{key}].backup"));
    }
    run.fact(starting("mailboxes[u0].backup", 1, Role::Action));
    run.fact(ended("mailboxes[u0].backup", 1, 1));
    run.fact(doubt("mailboxes[u0].backup", "exited with 1; nobody knows"));
    let text = text(&status(&run), &run.folder);
    let (doubtful, failed) = (
        text.find("in doubt:\n  mailboxes[u0].backup: exited with 1; nobody knows\n"),
        text.find("\nfailed:\n"),
    );
    assert!(doubtful.is_some() && doubtful < failed, "{text}");
    assert!(text.contains("\n  and 5 more: `windlass status 20261120-2241-k3`\n"), "{text}");
}

#[test]
fn a_run_that_is_left_says_who_goes_on() {
    let mut run = Run::new();
    run.fact(starting("check", 1, Role::Action));
    assert_eq!(
        left_text(&status(&run)),
        "run 20261120-2241-k3 is left while 1 task is running; the jobs go on under their keeper
  `windlass status 20261120-2241-k3` shows how it stands
  `windlass resume 20261120-2241-k3` takes over what has ended meanwhile, and continues
"
    );
}
