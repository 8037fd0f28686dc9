//! What a resume does about a setting, wherever its opening or closing was cut off, as a table, against a machine that resumes.
//!
//! Names every row; every combination of inputs must be in exactly one row. Knows one setting around one task.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use windlass::core::evaluate::Out;
use windlass::core::job::{JobId, Role};
use windlass::core::machine::{Effect as Do, Input, Machine, Transition};
use windlass::core::record::{Closing, Decision, Outcome, Record, StopReason};
use windlass::core::recover::Evidence;
use windlass::core::state::State;
use windlass::plan::graph::{Graph, Group, NodeBody, NodeId, Setting, Task, Work};
use windlass::spec::model::{Effect, Retry};

use crate::answers::Answers;
use crate::cut_off::{OURS, journals};
use crate::recover_table::{end, node};
use crate::run::somebody;
use crate::world::time;

/// What the journal says was done last, what is found out about a job of that, and what follows: where the task inside is still to
/// be done, and where it is not any more. `*` is anything, `-` that nothing is in flight; what ended badly may still have
/// something alive of it, all else that is in flight has no recorded end.
const TABLE: &str = "
    never read       | -                     | is read           | left alone
    being read       | good end              | is read           | left alone
    being read       | bad end, unspawned    | tried again       | tried again
    being read       | never begun, over     | is read           | left alone
    could not be read| -                     | is read           | left alone
    found in force   | -                     | is read           | left alone
    old value known  | -                     | is set            | left alone
    being set        | good end              | is read           | is put back
    being set        | bad end               | tried again       | is put back
    being set        | unspawned             | tried again       | left alone
    being set        | never begun           | is set            | left alone
    being set        | over                  | is set            | is put back
    set              | -                     | is set            | is put back
    set badly        | running               | waits for its end | waits for its end
    set badly        | end unspawned never begun over | is set   | is put back
    read while set   | good end              | is read           | is put back
    read while set   | bad end, unspawned    | tried again       | is put back
    read while set   | never begun, over     | is read           | is put back
    in force         | -                     | the work starts   | is looked at
    looked at        | good end              | the work starts   | is looked at
    looked at        | bad end, unspawned    | tried again       | is looked at
    looked at        | never begun, over     | the work starts   | is looked at
    somebody else's  | -                     | left alone        | left alone
    being put back   | good end              | is looked at      | is looked at
    being put back   | bad end               | tried again       | is put back
    being put back   | unspawned             | tried again       | is looked at
    being put back   | never begun           | the work starts   | is looked at
    being put back   | over                  | is put back       | is put back
    put back         | -                     | is put back       | is put back
    put back badly   | running               | waits for its end | waits for its end
    put back badly   | end unspawned never begun over | is put back | is put back
    read back        | good end              | is looked at      | is looked at
    read back        | bad end, unspawned    | tried again       | is looked at
    read back        | never begun, over     | is looked at      | is looked at
    restored         | -                     | is read           | left alone
    written off      | -                     | the work starts   | left alone
    in flight        | running               | goes on           | goes on
    *                | orphan                | waits             | waits
";

fn evidence() -> [(&'static str, Evidence); 7] {
    [
        ("good end", Evidence::Ended(end(0))),
        ("bad end", Evidence::Ended(end(1))),
        ("unspawned", Evidence::NotSpawned("no such program".to_owned())),
        ("running", Evidence::Running),
        ("orphan", Evidence::Orphaned { pid: 7, command: "set".to_owned() }),
        ("never begun", Evidence::NeverStarted),
        ("over", Evidence::Over),
    ]
}

/// What follows, by the one row of the table for these inputs.
fn row(says: &str, found: &str, needed: bool) -> Option<&'static str> {
    let mut rows = TABLE.lines().filter_map(|line| {
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        let [row_says, evidence, then, unneeded] = cells[..] else { return None };
        let badly = says.ends_with("badly");
        let in_flight = found != "-" && !badly;
        let says_so = row_says == says || row_says == "*" || (row_says == "in flight" && in_flight);
        let is_end = found.ends_with(" end") && evidence.starts_with("end ");
        let fits = says_so && (evidence.contains(found) || is_end);
        fits.then_some(if needed { then } else { unneeded })
    });
    let row = rows.next();
    assert_eq!(rows.next(), None, "two rows for {says}, {found}");
    row
}

#[test]
fn a_resumed_machine_does_with_a_setting_what_the_table_says() {
    let (mut seen, mut wrong) = (0, Vec::new());
    for (says, records) in journals() {
        for needed in [true, false] {
            for (found, evidence) in evidence() {
                let happened = what_happens(&records, needed, &evidence);
                let asked = happened.is_some();
                let happened = happened.unwrap_or_else(|| what_follows(&records, needed));
                let found = if asked { found } else { "-" };
                let then = row(says, found, needed).unwrap_or_else(|| panic!("{says}, {found}"));
                if happened != then {
                    wrong.push(format!("{says}, {found}, needed {needed}: {happened}, not {then}"));
                }
                seen += 1;
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(seen, 18 * 2 * 7, "every combination");
}

/// What was being read, the value that is found, and how the setting then stands: where the task inside is still to be done, and
/// where it is not.
const VALUES: &str = "
    being read      | old    | changing  | restored
    being read      | ours   | idle      | idle
    being read      | theirs | changing  | restored
    read while set  | old    | restoring | restoring
    read while set  | ours   | in_force  | in_force
    read while set  | theirs | in_force  | in_force
    looked at       | old    | restored  | restored
    looked at       | ours   | in_force  | restoring
    looked at       | theirs | drifted   | drifted
    read back       | old    | restored  | restored
    read back       | ours   | restoring | restoring
    read back       | theirs | restoring | restoring
";

#[test]
fn a_setting_stands_as_the_value_says_that_is_found() {
    let mut wrong = Vec::new();
    for line in VALUES.lines().filter(|line| !line.is_empty()) {
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        let [says, value, needed, unneeded] = cells[..] else { panic!("{line}") };
        let journals = journals();
        let (_, records) = journals.iter().find(|(name, _)| *name == says).expect("a row of it");
        for (is_needed, stands) in [(true, needed), (false, unneeded)] {
            let value = if value == "ours" { OURS } else { value };
            let (mut machine, _) =
                told(records, is_needed, &Evidence::Running, "").expect("a job is in flight");
            let job = asked_after(records, is_needed).expect("a job is in flight");
            let out = Out { exit: Some(0), stdout: Some(Ok(value.to_owned())) };
            let input = Input::JobEnded { job, end: end(0), out };
            machine.handle(time(4), input).expect("it has ended");
            let (_, part) = machine.state().all_parts().next().expect("there is one setting");
            // What was read first is the old value, whatever it is.
            let old = part.old.as_deref().filter(|_| says == "being read");
            assert!(old.is_none_or(|old| *old == json!(value)), "{line}: {old:?}");
            if part.standing.name() != stands {
                wrong.push(format!("{says}, {value}, needed {is_needed}: {}", part.standing));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn no_run_is_closed_while_a_setting_is_open() {
    let closed = |outcome| Record::Closed { outcome };
    let given_up =
        Record::Stopped { why: StopReason::Abandoned, by: Some(somebody()), because: None };
    for (says, records) in journals() {
        let state = cut_off(&records, false);
        let (_, part) = state.all_parts().next().expect("there is one setting");
        let rests = !part.standing.is_open() && !part.activity.is_in_flight();
        let mut abandoned = state.clone();
        abandoned.apply(time(2), &given_up).expect("a run may be stopped at any time");
        let closes = abandoned.apply(time(3), &closed(Closing::Abandoned)).is_ok();
        assert_eq!(closes, rests, "{says}: it is given up");
        // What has failed or was found in force is a reason for people to look, though nothing has changed.
        let well = rests && !["could not be read", "found in force"].contains(&says);
        let closes = state.clone().apply(time(2), &closed(Closing::Succeeded)).is_ok();
        assert_eq!(closes, well, "{says}: it has succeeded");
    }
}

/// A state after these records, and after the task inside was waived if it is not needed any more.
fn cut_off(records: &[Record], needed: bool) -> State {
    let mut state = State::new(Arc::new(plan()));
    let waived = Record::Resolved {
        task: "task".into(),
        decision: Decision::Waived,
        because: "it is not wanted any more".to_owned(),
        by: somebody(),
        outputs: None,
    };
    for record in records.iter().chain((!needed).then_some(&waived)) {
        state.apply(time(1), record).unwrap_or_else(|unfit| panic!("{unfit}: {record:?}"));
    }
    state
}

/// A resumed machine, and what it does first.
fn resumed(records: &[Record], needed: bool) -> (Machine<Answers>, Transition) {
    let state = cut_off(records, needed);
    let mut machine = Machine::new(state, Answers { seed: 1, trouble: 0, items_max: 1 }, 1);
    let resumed = Input::Resumed { by: somebody(), runbook: None };
    let all = machine.handle(time(2), resumed).expect("a resume fits");
    (machine, all)
}

/// What a resume does where it asks after no job.
fn what_follows(records: &[Record], needed: bool) -> &'static str {
    let (machine, all) = resumed(records, needed);
    summary(&machine, &all)
}

/// What a resume does that is told this of the job it asks after; nothing if it asks after none.
fn what_happens(records: &[Record], needed: bool, evidence: &Evidence) -> Option<&'static str> {
    // Whoever reads to open finds the old value; whoever reads what was set finds it set.
    let opens = !records.iter().any(|record| matches!(record, Record::SettingMoved { .. }));
    let value = if opens { "old" } else { OURS };
    let (machine, all) = told(records, needed, evidence, value)?;
    Some(summary(&machine, &all))
}

/// The job that a resume asks after.
fn asked_after(records: &[Record], needed: bool) -> Option<JobId> {
    let (_, first) = resumed(records, needed);
    first.effects.into_iter().find_map(|planned| match planned.effect {
        Do::Gather { job, .. } => Some(job),
        _ => None,
    })
}

/// A resumed machine that was told what became of the job it asks after, and what follows.
fn told(
    records: &[Record],
    needed: bool,
    evidence: &Evidence,
    value: &str,
) -> Option<(Machine<Answers>, Transition)> {
    let job = asked_after(records, needed)?;
    let (mut machine, first) = resumed(records, needed);
    let starts =
        |planned: &windlass::core::machine::Planned| matches!(planned.effect, Do::Spawn { .. });
    assert!(!first.effects.iter().any(starts), "something starts before the evidence is in");
    let exit = if let Evidence::Ended(end) = evidence { end.exit } else { None };
    let input = Input::Evidence {
        job,
        evidence: evidence.clone(),
        out: Out { exit, stdout: Some(Ok(value.to_owned())) },
    };
    let all = machine.handle(time(3), input).expect("evidence fits");
    Some((machine, all))
}

fn summary(machine: &Machine<Answers>, all: &Transition) -> &'static str {
    let spawn = all.effects.iter().find_map(|planned| match &planned.effect {
        Do::Spawn { job, role, .. } => Some((job, *role, planned.durable)),
        _ => None,
    });
    let fails =
        |record: &Record| matches!(record, Record::TaskEnded { outcome: Outcome::Failed, .. });
    if let Some((JobId { task, .. }, role, durable)) = spawn {
        let changes = matches!(role, Role::Set | Role::Restore);
        assert!(!changes || durable.is_some(), "it is changed before that is on disk");
        return match (task.as_ref(), role) {
            ("s:set", Role::Get) => "is read",
            ("s:set", Role::Set) => "is set",
            ("s:restore", Role::Get) => "is looked at",
            ("s:restore", Role::Restore) => "is put back",
            ("task", Role::Action) => "the work starts",
            other => panic!("nobody has asked for {other:?}"),
        };
    }
    let pauses = |record: &Record| matches!(record, Record::WaitUntil { .. });
    if all.records.iter().any(fails) {
        "has failed"
    } else if machine.is_finished() {
        "left alone"
    } else if all.records.iter().any(pauses) {
        "tried again"
    } else if machine.orphaned().next().is_some() {
        assert!(all.effects.iter().any(|planned| matches!(planned.effect, Do::Timer { .. })));
        "waits"
    } else if machine.state().all_parts().any(|(_, part)| part.reason.is_some()) {
        // Its bad end is known, and not all of it has gone.
        "waits for its end"
    } else {
        "goes on"
    }
}

/// One setting around one task; nothing is tried twice.
fn plan() -> Graph {
    let retry = || Retry {
        attempts: 1,
        delay: Duration::ZERO,
        backoff: 1.0,
        max_delay: None,
        on_exit: Vec::new(),
    };
    let setting = Setting {
        around: vec![1],
        fan_out: false,
        hold: false,
        accept_found: false,
        get: retry(),
        set: retry(),
        restore: retry(),
    };
    let task = Task {
        effect: Effect::Once,
        work: Work::Job,
        retry: retry(),
        verify: Vec::new(),
        outputs: false,
        probe: None,
        repeat: None,
        wait: None,
    };
    let root = NodeBody::Group(Group { children: vec![NodeId(1), NodeId(2)], fan_out: None });
    let mut graph = Graph {
        nodes: vec![
            node("", root),
            node("s", NodeBody::Setting(Box::new(setting))),
            node("task", NodeBody::Task(task)),
        ],
    };
    graph.link();
    graph
}
