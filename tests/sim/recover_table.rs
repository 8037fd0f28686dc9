//! The decision table of a resume (DESIGN.md 4.4), as a table, against [`recover`] and against a machine that resumes.
//!
//! Names every row; every combination of inputs must be in exactly one row.

use std::sync::Arc;
use std::time::Duration;

use windlass::core::evaluate::Out;
use windlass::core::job::{End, JobId, Role};
use windlass::core::machine::{Effect as Do, Input, Machine, Transition};
use windlass::core::record::{Decision, JobEnd, Judgement, Outcome, Record, Verdict};
use windlass::core::recover::{Evidence, Next, after_lost_end, recover};
use windlass::core::state::{Phase, State};
use windlass::plan::graph::{
    Graph, Group, Meaning, Node, NodeBody, NodeId, Probe, ProbeState, Task, Work,
};
use windlass::spec::model::{Effect, OnFailure, Retry};

use crate::answers::Answers;
use crate::run::{opened, somebody};
use crate::world::time;

/// What the journal says, the effects, the evidence, and what follows. `*` is anything.
const TABLE: &str = "
    never started       | *               | *               | it is run
    ended well          | *               | *               | kept
    started             | *               | good end        | taken over as good
    started             | *               | not spawned     | tried again
    started             | *               | never begun     | it is run
    started             | *               | running         | goes on
    started             | *               | orphan          | waits
    started             | read idempotent | bad end         | tried again
    started             | once            | bad end         | in doubt
    started             | read idempotent | over            | it is run
    started             | once            | over            | in doubt
    started             | probed          | bad end over    | its probe is asked
    ended badly         | *               | running orphan  | waits
    ended badly         | read idempotent | bad end over    | it is run
    ended badly         | once            | bad end over    | in doubt
    ended badly         | probed          | bad end over    | its probe is asked
    could not start     | *               | not spawned over| it is run
    resolved as failed  | *               | *               | left alone
";

/// The effects, and whether there is a probe.
const EFFECTS: [(&str, Effect, bool); 4] = [
    ("read", Effect::Read, false),
    ("idempotent", Effect::Idempotent, false),
    ("once", Effect::Once, false),
    ("probed", Effect::Once, true),
];

fn evidence() -> [(&'static str, Evidence); 7] {
    [
        ("good end", Evidence::Ended(end(0))),
        ("bad end", Evidence::Ended(end(1))),
        ("not spawned", Evidence::NotSpawned("no such program".to_owned())),
        ("never begun", Evidence::NeverStarted),
        ("running", Evidence::Running),
        ("orphan", Evidence::Orphaned { pid: 7, command: "move".to_owned() }),
        ("over", Evidence::Over),
    ]
}

/// The one row of the table for these inputs; none where they cannot come together.
fn row(says: &str, effect: &str, found: &str) -> Option<&'static str> {
    let names = |cell: &str, name: &str| cell == "*" || cell.contains(name);
    let mut rows = TABLE.lines().filter_map(|line| {
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        let [row_says, effects, evidence, then] = cells[..] else { return None };
        (row_says == says && names(effects, effect) && names(evidence, found)).then_some(then)
    });
    let row = rows.next();
    assert_eq!(rows.next(), None, "two rows for {says}, {effect}, {found}");
    row
}

#[test]
fn a_resumed_machine_does_what_the_table_says() {
    let journals = [
        "never started",
        "ended well",
        "started",
        "ended badly",
        "could not start",
        "resolved as failed",
    ];
    let mut seen = 0;
    for says in journals {
        for (effect_name, effect, probed) in EFFECTS {
            for (found, evidence) in evidence() {
                let Some(then) = row(says, effect_name, found) else { continue };
                let happens = what_happens(says, effect, probed, &evidence);
                assert_eq!(happens, then, "{says}, {effect_name}, {found}");
                seen += 1;
            }
        }
    }
    assert_eq!(seen, 4 * (7 + 7 + 7 + 4 + 2 + 7), "every combination that can come together");
}

#[test]
fn a_verification_is_always_asked_again() {
    for (name, effect, probed) in EFFECTS {
        for role in [Role::Verify(0), Role::Verify(1), Role::Probe] {
            assert_eq!(after_lost_end(role, effect, probed), Next::Again, "{name}");
            assert_eq!(recover(role, effect, probed, &Evidence::Over), Next::Again, "{name}");
        }
    }
}

#[test]
fn what_a_setting_is_made_of_is_never_a_doubt() {
    for role in [Role::Get, Role::Set, Role::Restore] {
        for effect in [Effect::Read, Effect::Idempotent] {
            assert_eq!(recover(role, effect, false, &Evidence::Over), Next::Again, "{role:?}");
        }
    }
}

#[test]
fn a_repair_is_never_continued() {
    for (name, effect, probed) in EFFECTS {
        let role = Role::Repair { state: 2, action: 1 };
        assert_eq!(recover(role, effect, probed, &Evidence::Over), Next::Ask, "{name}");
    }
}

#[test]
fn a_probe_whose_end_is_lost_leaves_the_doubt_that_it_was_to_settle() {
    let task: Arc<str> = "task".into();
    let mut records = journal("ended badly", Effect::Once, true);
    let judged = |judgement| Record::Judged {
        task: task.clone(),
        judgement,
        state: None,
        reason: String::new(),
    };
    let [probe, ..] = found_absent(&task);
    let Record::JobStarting { argv, digest, .. } = probe else { panic!("a probe starts") };
    let (role, effect) = (Role::Probe, Effect::Read);
    records.extend([
        judged(Judgement::Ask),
        Record::JobStarting { task: task.clone(), attempt: 3, role, effect, argv, digest },
        Record::JobLost { task: task.clone(), attempt: 3 },
        judged(Judgement::Again),
    ]);
    let mut state = State::new(Arc::new(plan(Effect::Once, true)));
    records.iter().for_each(|record| state.apply(time(1), record).expect("they fit"));
    let id = state.find("task").expect("it is in the plan");
    // One that only waited for its turn would let a stopped run put settings back over it.
    assert_eq!(state.task(id).map(|task| task.phase), Some(Phase::Asking));
}

#[test]
fn the_function_is_the_table_without_the_machine() {
    for (effect_name, effect, probed) in EFFECTS {
        for role in [Role::Action, Role::Verify(0), Role::Verify(3)] {
            for (found, evidence) in evidence() {
                // What is verified has no effect of its own.
                let effect_name = if role == Role::Action { effect_name } else { "read" };
                let next = match row("started", effect_name, found) {
                    _ if found.ends_with("end") || found == "not spawned" => Next::TakeOver,
                    Some("goes on") => Next::Adopt,
                    Some("waits") => Next::Wait,
                    Some("it is run") => Next::Again,
                    Some("in doubt") => Next::InDoubt,
                    Some("its probe is asked") => Next::Ask,
                    other => panic!("no row for {found}: {other:?}"),
                };
                assert_eq!(
                    recover(role, effect, probed, &evidence),
                    next,
                    "{role:?} {effect_name} {found}"
                );
            }
        }
    }
}

/// Resumes a run of one task, answers what the machine asks, and says what it makes of it.
fn what_happens(says: &str, effect: Effect, probed: bool, evidence: &Evidence) -> &'static str {
    let mut state = State::new(Arc::new(plan(effect, probed)));
    for record in journal(says, effect, probed) {
        state.apply(time(1), &record).unwrap_or_else(|unfit| panic!("{says}: {unfit}"));
    }
    let mut machine = Machine::new(state, Answers { seed: 1, trouble: 0, items_max: 1 }, 1);
    let resumed = Input::Resumed { by: somebody(), runbook: None };
    let mut all = machine.handle(time(2), resumed).expect("a resume fits");
    let asks = all.effects.iter().any(|planned| matches!(planned.effect, Do::Gather { .. }));
    if asks {
        let exit = if let Evidence::Ended(end) = evidence { end.exit } else { None };
        let input = Input::Evidence {
            job: JobId { task: "task".into(), attempt: 1 + u32::from(probed) },
            evidence: evidence.clone(),
            out: Out { exit, stdout: None },
        };
        let Transition { records, effects, .. } =
            machine.handle(time(3), input).expect("evidence fits");
        all.records.extend(records);
        all.effects.extend(effects);
    }
    summary(says, &all)
}

fn summary(says: &str, all: &Transition) -> &'static str {
    let ends = |wanted: Outcome| {
        let is = |record: &Record| matches!(record, Record::TaskEnded { outcome, .. } if *outcome == wanted);
        all.records.iter().any(is)
    };
    let doubts =
        |record: &Record| matches!(record, Record::Judged { judgement: Judgement::InDoubt, .. });
    let idle =
        all.records.iter().any(|r| matches!(r, Record::Stopped { .. } | Record::Closed { .. }));
    let asks = |record: &Record| matches!(record, Record::Judged { judgement: Judgement::Ask, .. });
    if all.records.iter().any(asks) {
        "its probe is asked"
    } else if all.effects.iter().any(|planned| matches!(planned.effect, Do::Spawn { .. })) {
        "it is run"
    } else if all.records.iter().any(doubts) {
        "in doubt"
    } else if all.records.iter().any(|record| matches!(record, Record::WaitUntil { .. })) {
        "tried again"
    } else if ends(Outcome::Succeeded) && says == "started" {
        "taken over as good"
    } else if says == "ended well" {
        "kept"
    } else if idle {
        "left alone"
    } else if all.effects.iter().any(|planned| matches!(planned.effect, Do::Timer { .. })) {
        "waits"
    } else if says == "ended badly" {
        // Its keeper will tell when the last of it has gone.
        "waits"
    } else {
        "goes on"
    }
}

/// The records of a run of one task that was cut short.
fn journal(says: &str, effect: Effect, probed: bool) -> Vec<Record> {
    let task: Arc<str> = "task".into();
    let mut records = vec![Record::Opened(Box::new(opened()))];
    if says == "never started" {
        return records;
    }
    if probed {
        records.extend(found_absent(&task));
    }
    let attempt = 1 + u32::from(probed);
    records.push(Record::JobStarting {
        task: task.clone(),
        attempt,
        role: Role::Action,
        effect,
        argv: vec!["move".to_owned()],
        digest: String::new(),
    });
    let bad = Verdict::Bad { reason: "it ended badly".to_owned() };
    let ended = |end: JobEnd, verdict: Verdict| Record::JobEnded {
        task: task.clone(),
        attempt,
        end,
        verdict,
    };
    match says {
        "ended well" => records.extend([
            ended(JobEnd::Ran(end(0)), Verdict::Good),
            Record::TaskEnded { task: task.clone(), outcome: Outcome::Succeeded, reason: None },
        ]),
        "ended badly" => records.push(ended(JobEnd::Ran(end(1)), bad)),
        "could not start" => {
            records.push(ended(JobEnd::NotSpawned { reason: "no program".to_owned() }, bad));
        }
        "resolved as failed" => records.extend([
            Record::JobLost { task: task.clone(), attempt },
            Record::Judged {
                task: task.clone(),
                judgement: Judgement::InDoubt,
                state: None,
                reason: "its end is lost".to_owned(),
            },
            Record::Resolved {
                task: task.clone(),
                decision: Decision::Failed,
                because: "somebody has looked".to_owned(),
                by: somebody(),
                outputs: None,
            },
        ]),
        _ => {}
    }
    records
}

/// The probe is asked before the start, and says that nothing has happened.
fn found_absent(task: &Arc<str>) -> [Record; 3] {
    [
        Record::JobStarting {
            task: task.clone(),
            attempt: 1,
            role: Role::Probe,
            effect: Effect::Read,
            argv: vec!["locate".to_owned()],
            digest: String::new(),
        },
        Record::JobEnded {
            task: task.clone(),
            attempt: 1,
            end: JobEnd::Ran(end(0)),
            verdict: Verdict::Good,
        },
        Record::Judged {
            task: task.clone(),
            judgement: Judgement::Absent,
            state: Some("absent".into()),
            reason: String::new(),
        },
    ]
}

fn plan(effect: Effect, probed: bool) -> Graph {
    let retry = Retry {
        attempts: 1,
        delay: Duration::ZERO,
        backoff: 1.0,
        max_delay: None,
        on_exit: Vec::new(),
    };
    let root = NodeBody::Group(Group { children: vec![NodeId(1)], fan_out: None });
    let state = |name: &str, meaning| ProbeState { name: name.into(), meaning };
    let probe = Probe {
        confirm: None,
        refuse_found: false,
        states: vec![state("done", Meaning::Done), state("absent", Meaning::Absent)],
    };
    let task = Task {
        effect,
        work: Work::Job,
        retry,
        verify: Vec::new(),
        outputs: false,
        probe: probed.then(|| Box::new(probe)),
        repeat: None,
        wait: None,
    };
    let mut graph = Graph { nodes: vec![node("", root), node("task", NodeBody::Task(task))] };
    graph.link();
    graph
}

/// A node directly under the root that needs nothing.
pub(crate) fn node(name: &str, body: NodeBody) -> Node {
    Node {
        name: name.into(),
        parent: NodeId::ROOT,
        slot: 0,
        needs: Vec::new(),
        after: Vec::new(),
        needed_by: Vec::new(),
        followed_by: Vec::new(),
        surrounded_by: Vec::new(),
        on_failure: OnFailure::Stop,
        conditional: false,
        locks: false,
        window: None,
        rank: 0,
        body,
    }
}

pub(crate) fn end(exit: i32) -> End {
    End {
        exit: Some(exit),
        signal: None,
        timed_out: false,
        killed: false,
        started: time(1),
        ended: time(2),
        over: true,
        survivors: Vec::new(),
    }
}
