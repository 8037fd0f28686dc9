//! What [`State::apply`] refuses, whoever has decided on it: the second lock on each door that the machine keeps shut itself.
//!
//! Knows one plan: two tasks that hold locks, the first of which has a probe.

use std::sync::Arc;
use std::time::Duration;

use windlass::core::claim::Lock;
use windlass::core::job::Role;
use windlass::core::record::{
    Closing, Decision, JobEnd, Judgement, Outcome, Record, StopReason, Verdict,
};
use windlass::core::state::State;
use windlass::plan::graph::{
    Graph, Group, Meaning, NodeBody, NodeId, Probe, ProbeState, Task, Work,
};
use windlass::spec::model::{Effect, Retry, Sharing};

use crate::recover_table::{end, node};
use crate::run::{opened, somebody};
use crate::world::time;

/// A state after these records.
fn after(records: &[Record]) -> State {
    let mut state = State::new(Arc::new(plan()));
    let opened = Record::Opened(Box::new(opened()));
    for record in std::iter::once(&opened).chain(records) {
        state.apply(time(1), record).unwrap_or_else(|unfit| panic!("{unfit}: {record:?}"));
    }
    state
}

/// That is taken after those records.
fn takes(records: &[Record], record: &Record) {
    after(&[records, std::slice::from_ref(record)].concat());
}

/// That is refused after those records with these words, and changes nothing.
#[track_caller]
fn refuses(records: &[Record], record: &Record, words: &str) {
    let before = after(records);
    let mut state = before.clone();
    let unfit = state.apply(time(2), record).expect_err("it is refused").to_string();
    assert!(unfit.contains(words), "{unfit}");
    assert!(state == before, "what is refused leaves a trace");
}

fn claimed(task: &str, sharing: Sharing, number: u32) -> Record {
    Record::Claimed {
        task: task.into(),
        locks: vec![Lock { name: "server".into(), sharing }],
        token: format!("simulated/{task}/{number}").into(),
    }
}

fn released(task: &str) -> Record {
    Record::Released { task: task.into(), token: format!("simulated/{task}/1").into() }
}

fn starting(task: &str, attempt: u32, role: Role) -> Record {
    Record::JobStarting {
        task: task.into(),
        attempt,
        role,
        effect: if role == Role::Action { Effect::Once } else { Effect::Read },
        argv: vec!["move".to_owned()],
        digest: String::new(),
    }
}

fn ended(task: &str, attempt: u32) -> Record {
    let end = JobEnd::Ran(end(0));
    Record::JobEnded { task: task.into(), attempt, end, verdict: Verdict::Good }
}

fn judged(judgement: Judgement) -> Record {
    Record::Judged { task: "probed".into(), judgement, state: None, reason: String::new() }
}

fn resolved(decision: Decision) -> Record {
    Record::Resolved {
        task: "probed".into(),
        decision,
        because: "somebody has looked".to_owned(),
        by: somebody(),
        outputs: None,
    }
}

fn succeeded(task: &str) -> Record {
    Record::TaskEnded { task: task.into(), outcome: Outcome::Succeeded, reason: None }
}

/// The probe has said that nothing has happened, and the action was started.
fn under_way() -> Vec<Record> {
    vec![
        starting("probed", 1, Role::Probe),
        ended("probed", 1),
        judged(Judgement::Absent),
        starting("probed", 2, Role::Action),
    ]
}

#[test]
fn claims_are_numbered_in_a_row() {
    takes(&[], &claimed("plain", Sharing::Exclusive, 1));
    refuses(&[], &claimed("plain", Sharing::Exclusive, 2), "not numbered in a row");
    let held = [claimed("plain", Sharing::Exclusive, 1)];
    refuses(&held, &claimed("plain", Sharing::Exclusive, 2), "although it holds them");
}

#[test]
fn a_run_claims_nothing_that_it_holds_elsewhere() {
    for (held, wanted, fits) in [
        (Sharing::Exclusive, Sharing::Exclusive, false),
        (Sharing::Shared, Sharing::Exclusive, false),
        (Sharing::Exclusive, Sharing::Shared, false),
        (Sharing::Slots(1), Sharing::Slots(2), false),
        (Sharing::Shared, Sharing::Shared, true),
        (Sharing::Slots(2), Sharing::Slots(2), true),
    ] {
        let (held, wanted) = ([claimed("plain", held, 1)], claimed("probed", wanted, 1));
        if fits {
            takes(&held, &wanted);
        } else {
            refuses(&held, &wanted, "holds elsewhere");
        }
    }
}

#[test]
fn nothing_is_released_under_which_something_is_open() {
    let mut records = vec![claimed("plain", Sharing::Exclusive, 1)];
    // Under which nothing was done yet may be given back.
    takes(&records, &released("plain"));
    for more in [starting("plain", 1, Role::Action), ended("plain", 1)] {
        records.push(more);
        refuses(&records, &released("plain"), "something under them is open");
    }
    records.push(succeeded("plain"));
    takes(&records, &released("plain"));
    refuses(&[], &released("plain"), "what it does not hold");
}

#[test]
fn a_probe_is_not_asked_while_something_of_its_task_is_under_way() {
    let records = under_way();
    refuses(&records, &starting("probed", 3, Role::Probe), "out of turn");
    let done = [records, vec![ended("probed", 2)]].concat();
    refuses(&done, &starting("probed", 3, Role::Probe), "out of turn");
    let over = [done, vec![succeeded("probed")]].concat();
    refuses(&over, &starting("probed", 3, Role::Probe), "out of turn");
}

#[test]
fn while_a_process_lives_nobody_says_that_nothing_has_happened() {
    let orphaned = Record::JobOrphaned {
        task: "probed".into(),
        attempt: 2,
        pid: 7,
        command: "move".to_owned(),
    };
    let lives = [under_way(), vec![orphaned]].concat();
    refuses(&lives, &resolved(Decision::Absent), "may live");
    takes(&lives, &resolved(Decision::Done));
}

#[test]
fn no_run_is_given_up_over_a_doubt_or_what_lives() {
    let closed = Record::Closed { outcome: Closing::Abandoned };
    let given_up =
        Record::Stopped { why: StopReason::Abandoned, by: Some(somebody()), because: None };
    let lost = Record::JobLost { task: "probed".into(), attempt: 2 };
    let lost = [under_way(), vec![lost]].concat();
    let after_loss = |judgement| [lost.clone(), vec![judged(judgement)]].concat();
    let doubts = [after_loss(Judgement::Ask), after_loss(Judgement::InDoubt)];
    for open in [under_way(), lost.clone()].into_iter().chain(doubts) {
        refuses(&[open, vec![given_up.clone()]].concat(), &closed, "something in it is open");
    }
    takes(std::slice::from_ref(&given_up), &closed);
    let held = [claimed("plain", Sharing::Exclusive, 1), given_up];
    refuses(&held, &closed, "it holds a lock");
}

/// Two tasks beside each other; nothing is tried twice.
fn plan() -> Graph {
    let task = |probe: Option<Box<Probe>>| {
        NodeBody::Task(Task {
            effect: Effect::Once,
            work: Work::Job,
            retry: Retry {
                attempts: 1,
                delay: Duration::ZERO,
                backoff: 1.0,
                max_delay: None,
                on_exit: Vec::new(),
            },
            verify: Vec::new(),
            outputs: false,
            probe,
            repeat: None,
            wait: None,
        })
    };
    let state = |name: &str, meaning| ProbeState { name: name.into(), meaning };
    let probe = Probe {
        confirm: None,
        refuse_found: false,
        states: vec![state("done", Meaning::Done), state("absent", Meaning::Absent)],
    };
    let root = NodeBody::Group(Group { children: vec![NodeId(1), NodeId(2)], fan_out: None });
    let nodes = vec![
        node("", root),
        node("probed", task(Some(Box::new(probe)))),
        node("plain", task(None)),
    ];
    let mut graph = Graph { nodes };
    graph.link();
    graph.nodes.iter_mut().for_each(|node| node.locks = true);
    graph
}
