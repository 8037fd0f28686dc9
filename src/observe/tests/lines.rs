//! The lines of a CI log.

use std::io::ErrorKind;

use super::fixture::{
    Paper, Run, actor, doubt, ended, frozen, lingering, opened, over, starting, stopped, success,
};
use crate::core::job::Role;
use crate::core::record::{Decision, Outcome, Record, StopReason};
use crate::exec::{Fact, Observer};
use crate::observe::plain::Plain;
use crate::observe::wording::{Weight, line, may_last};

/// The lines that a run of these facts gives; half a second passes after each.
fn lines(run: &mut Run, records: Vec<Record>) -> String {
    let paper = Paper::default();
    let mut plain = Plain::new(Box::new(paper.clone()), false, run.folder.clone());
    for record in records {
        run.show(&mut plain, record);
        run.pass(500);
    }
    drop(plain);
    paper.text().replace(&run.root(), "ROOT")
}

#[test]
fn every_event_that_a_person_wants_is_a_line() {
    let mut run = Run::new();
    run.print("mailboxes[alice].move", 1, "stderr", "no space\n");
    let (alice, bob) = ("mailboxes[alice].move", "mailboxes[bob].move");
    let mut records = success("check").to_vec();
    records.push(frozen("mailboxes", &["alice", "bob", "carol"]));
    records.extend(success("mailboxes[alice].backup"));
    records.push(over("mailboxes[bob].backup", Outcome::Skipped, None));
    records.push(starting(alice, 1, Role::Action));
    records.push(ended(alice, 1, 1));
    let until = run.now + jiff::SignedDuration::from_secs(60);
    records.push(Record::WaitUntil {
        task: alice.into(),
        until,
        reason: "exited with 1; try 2 of 2".to_owned(),
    });
    records.push(starting(alice, 2, Role::Action));
    records.push(ended(alice, 2, 1));
    records.push(over(alice, Outcome::Failed, Some("exited with 1")));
    records.push(starting(bob, 1, Role::Action));
    records.push(Record::JobLost { task: bob.into(), attempt: 1 });
    records.push(doubt(bob, "its end is lost; nothing says whether its effect has happened"));
    records.push(stopped(StopReason::Stuck));
    run.print(alice, 2, "stderr", "no space\n");
    let log = run.folder.task(alice, 2).display().to_string().replace(&run.root(), "ROOT");
    assert_eq!(
        lines(&mut run, records),
        format!(
            "22:41:07Z started   check
22:41:08Z succeeded check in 1.0s
22:41:08Z entered   mailboxes with 3 items
22:41:09Z started   mailboxes[alice].backup
22:41:10Z succeeded mailboxes[alice].backup in 1.0s
22:41:10Z skipped   mailboxes[bob].backup
22:41:11Z started   mailboxes[alice].move
22:41:12Z waiting   mailboxes[alice].move until 22:42:07Z: exited with 1; try 2 of 2
22:41:12Z started   mailboxes[alice].move (try 2)
22:41:13Z failed    mailboxes[alice].move: exited with 1; log: {log}
22:41:14Z started   mailboxes[bob].move
22:41:14Z lost      mailboxes[bob].move: its job is over, and how it ended is not known
22:41:15Z in doubt  mailboxes[bob].move: its end is lost; nothing says whether its effect has happened
22:41:15Z run       20261120-2241-k3 stopped: nothing more can start without a person
"
        )
    );
}

#[test]
fn a_job_that_has_printed_nothing_is_told_without_a_log() {
    let mut run = Run::new();
    run.print("check", 1, "stderr", "");
    let records = [
        starting("check", 1, Role::Action),
        ended("check", 1, 1),
        over("check", Outcome::Failed, Some("exited with 1")),
    ];
    let told = lines(&mut run, records.to_vec());
    assert!(told.ends_with("failed    check: exited with 1\n"), "{told}");
}

#[test]
fn a_run_as_a_whole_has_its_lines() {
    let mut run = Run::new();
    let paper = Paper::default();
    let mut plain = Plain::new(Box::new(paper.clone()), false, run.folder.clone());
    plain.fact(&Fact { seq: 1, at: run.now, record: opened() }, &run.state);
    let resumed = Record::Resumed { by: actor(), runbook: None };
    let waived = Record::Resolved {
        task: "mailboxes".into(),
        decision: Decision::Waived,
        because: "they move\nnext week".to_owned(),
        by: actor(),
        outputs: None,
    };
    let [starting, ended, succeeded] = success("check");
    for record in [stopped(StopReason::Signal), resumed, starting, ended, succeeded, waived] {
        run.show(&mut plain, record);
    }
    run.show(&mut plain, Record::Closed { outcome: crate::core::record::Closing::Succeeded });
    plain.warn("the lock is on a network file system");
    assert_eq!(
        paper.text(),
        "22:41:07Z run       20261120-2241-k3 opened by ada on mx1: Move mailboxes between two servers
22:41:07Z run       20261120-2241-k3 stopped by a signal: nothing more starts, what runs is waited for; a second one leaves it to the keeper
22:41:07Z run       20261120-2241-k3 resumed by ada on mx1
22:41:07Z started   check
22:41:07Z succeeded check in 0.0s
22:41:07Z resolved  mailboxes as waived by ada on mx1: they move\\nnext week
22:41:07Z run       20261120-2241-k3 closed: succeeded
warning: the lock is on a network file system
"
    );
}

#[test]
fn a_job_whose_processes_live_on_is_named() {
    let mut run = Run::new();
    let text = lines(&mut run, vec![starting("check", 1, Role::Action), lingering("check", 1)]);
    assert_eq!(
        text.lines().last(),
        Some(
            "22:41:07Z lingers   check: exited with 1; it is not judged before all of it is over; alive: process 4711 (sleep 100)"
        )
    );
}

#[test]
fn no_control_character_gets_into_a_line() {
    let mut run = Run::new();
    let key = "a\u{1b}[2J\n";
    let task = format!("mailboxes[{key}].backup");
    let mut records = success("check").to_vec();
    records.extend([frozen("mailboxes", &[key]), over(&task, Outcome::Failed, Some("no\r\u{7}"))]);
    let text = lines(&mut run, records);
    assert_eq!(
        text.lines().last(),
        Some("22:41:09Z failed    mailboxes[a\\u{1b}[2J\\n].backup: no\\r\\u{7}")
    );
    assert!(!text.contains(|c: char| c.is_control() && c != '\n'));
}

#[test]
fn a_terminal_that_is_gone_is_written_to_no_more_but_a_file_is() {
    for (terminal, expected) in [(true, 1), (false, 2)] {
        let mut run = Run::new();
        let paper = Paper::default();
        let mut plain = Plain::new(Box::new(paper.clone()), terminal, run.folder.clone());
        run.show(&mut plain, starting("check", 1, Role::Action));
        plain.tick(&run.state, run.now);
        plain.detach();
        run.show(&mut plain, ended("check", 1, 0));
        run.show(&mut plain, over("check", Outcome::Succeeded, None));
        drop(plain);
        assert_eq!(paper.text().lines().count(), expected);
    }
}

#[test]
fn a_reader_that_is_gone_ends_the_lines_and_nothing_else() {
    let mut run = Run::new();
    let paper = Paper::default();
    let mut plain = Plain::new(Box::new(paper.clone()), false, run.folder.clone());
    run.show(&mut plain, starting("check", 1, Role::Action));
    *paper.fails.borrow_mut() = Some(ErrorKind::BrokenPipe);
    plain.tick(&run.state, run.now);
    *paper.fails.borrow_mut() = None;
    run.show(&mut plain, ended("check", 1, 0));
    plain.warn("something");
    drop(plain);
    assert_eq!(paper.text(), "");
}

#[test]
fn no_line_that_is_to_stay_is_passed_over() {
    let mut run = Run::new();
    let mut records = success("check").to_vec();
    records.push(frozen("mailboxes", &["a", "b"]));
    records.extend([
        starting("mailboxes[a].backup", 1, Role::Action),
        lingering("mailboxes[a].backup", 1),
    ]);
    records.push(doubt("mailboxes[a].backup", "who knows"));
    records.push(over("mailboxes[b].backup", Outcome::Failed, None));
    records.push(stopped(StopReason::Signal));
    let mut lasting = 0;
    for record in records {
        let fact = run.fact(record);
        let weight = line(&fact, &run.state, &run.folder).map(|line| line.weight);
        if weight.is_some_and(|weight| weight != Weight::Usual) {
            assert!(may_last(&fact.record), "{fact:?}");
            lasting += 1;
        }
    }
    assert_eq!(lasting, 4, "the processes that live on, the doubt, the failure and the signal");
}
