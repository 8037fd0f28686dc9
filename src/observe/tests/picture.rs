//! What is seen on a terminal.

use std::time::Duration;

use super::fixture::{Run, doubt, ended, frozen, over, starting, success};
use crate::core::job::Role;
use crate::core::record::{Decision, Outcome, Record};
use crate::observe::layout::{Picture, Row, layout};
use crate::observe::model::{Counts, ItemCounts, Model};
use crate::observe::printable::columns;

fn texts(picture: &Picture, width: usize, height: usize) -> Vec<String> {
    layout(picture, width, height).into_iter().map(|line| line.text).collect()
}

fn row(id: &str, seconds: u64, note: &str) -> Row {
    Row { id: id.to_owned(), time: Duration::from_secs(seconds), note: note.to_owned() }
}

/// Ten thousand mailboxes, 64 of them under way.
fn large() -> Picture {
    let counts =
        Counts { total: 20_001, good: 2_418, failed: 2, in_doubt: 1, running: 64, unentered: 0 };
    let items = ItemCounts { total: 10_000, good: 1_204, bad: 3, running: 64 };
    Picture {
        title: "Move mailboxes between two servers".to_owned(),
        counts,
        elapsed: Duration::from_secs(192),
        left: Some(Duration::from_secs(1_395)),
        groups: vec![("mailboxes".to_owned(), items)],
        groups_total: 1,
        tasks: (0..22)
            .map(|number| {
                row(
                    &format!("mailboxes[user{number:05}].move"),
                    130 - number,
                    "copying message 412 of 9000 to the new store, please wait",
                )
            })
            .collect(),
        tasks_total: 64,
        ..Picture::default()
    }
}

#[test]
fn a_small_run_is_shown_as_it_is() {
    let picture = Picture {
        title: "Move".to_owned(),
        counts: Counts { total: 5, good: 2, running: 2, unentered: 1, ..Counts::default() },
        elapsed: Duration::from_secs(12),
        left: Some(Duration::from_secs(18)),
        tasks: vec![row("backup", 9, "12 of 40"), row("check", 3, "")],
        tasks_total: 2,
        ..Picture::default()
    };
    assert_eq!(
        texts(&picture, 80, 24),
        [
            "[========>           ] 2/5+ · 12s · at least 18s left  Move",
            "backup       9s  12 of 40",
            "check        3s",
        ]
    );
}

#[test]
fn a_large_run_is_folded_into_twenty_lines() {
    let lines = texts(&large(), 80, 24);
    assert_eq!(lines.len(), 20);
    assert_eq!(
        lines[0],
        "[=>        ] 2418/20001 · 2 failed · 1 in doubt · 3m 12s · about 23m 15s left"
    );
    assert_eq!(lines[1], "mailboxes                  1204/10000 items · 3 bad · 64 running");
    assert_eq!(
        lines[2],
        "mailboxes[user00000].move   2m 10s  copying message 412 of 9000 to the new sto…"
    );
    assert_eq!(lines[19], "and 47 more running");
}

#[test]
fn a_narrow_terminal_shows_the_end_of_an_id() {
    let lines = texts(&large(), 40, 5);
    assert_eq!(
        lines,
        [
            "2418/20001 · 2 failed · 1 in doubt · 3…",
            "mailboxes  1204/10000 items · 3 bad · …",
            "and 64 more running",
        ]
    );
    assert_eq!(texts(&large(), 40, 6)[2], "…es[user00000].move   2m 10s  copying …");
}

#[test]
fn every_size_is_kept_to() {
    for width in 1..120 {
        for height in 1..40 {
            let lines = texts(&large(), width, height);
            assert!(
                (1..=20).contains(&lines.len()) && (lines.len() < height || height == 1),
                "{width}x{height}: {} lines",
                lines.len()
            );
            assert!(lines.iter().all(|line| columns(line) < width), "{width}x{height}: {lines:?}");
        }
    }
}

#[test]
fn nothing_that_runs_is_left_out_of_the_count() {
    for height in 4..40 {
        let lines = texts(&large(), 80, height);
        let shown = lines.iter().filter(|line| line.contains("].move")).count();
        assert!(lines.contains(&format!("and {} more running", 64 - shown)), "{height}: {lines:?}");
    }
}

#[test]
fn many_groups_are_folded_too() {
    let mut picture = large();
    let items = ItemCounts { total: 25, good: 1, bad: 0, running: 4 };
    picture.groups = (0..4).map(|number| (format!("waves[{number}].mailboxes"), items)).collect();
    picture.groups_total = 400;
    let lines = texts(&picture, 80, 24);
    assert_eq!((lines.len(), lines[5].as_str()), (20, "and 396 more groups"));
}

/// Facts that cost something, told to a model in any order of updates.
fn course() -> Vec<Record> {
    let mut records = success("check").to_vec();
    records.push(frozen("mailboxes", &["a", "b", "c", "d"]));
    records.extend(success("mailboxes[a].backup"));
    records.extend(success("mailboxes[a].move"));
    records.push(over("mailboxes[b].backup", Outcome::Skipped, None));
    records
        .extend([starting("mailboxes[b].move", 1, Role::Action), ended("mailboxes[b].move", 1, 1)]);
    records.push(over("mailboxes[b].move", Outcome::Failed, Some("exited with 1")));
    records.extend([
        starting("mailboxes[c].backup", 1, Role::Action),
        ended("mailboxes[c].backup", 1, 1),
    ]);
    records.push(doubt("mailboxes[c].backup", "who knows"));
    records.push(starting("mailboxes[d].backup", 1, Role::Action));
    records
}

#[test]
fn the_counters_follow_the_run() {
    let mut run = Run::new();
    let mut model = Model::default();
    for record in course() {
        let fact = run.fact(record);
        model.fact(&fact.record, &run.state);
        model.update(&run.state, run.now);
    }
    assert_eq!(
        model.counts(),
        Counts { total: 9, good: 4, failed: 1, in_doubt: 1, running: 1, unentered: 0 }
    );
    let groups: Vec<_> = model
        .groups()
        .map(|(id, counts)| (run.state.instance(id).id.to_string(), counts))
        .collect();
    assert_eq!(
        groups,
        [("mailboxes".to_owned(), ItemCounts { total: 4, good: 1, bad: 2, running: 1 })]
    );
    let active: Vec<_> = model.active().map(|id| run.state.instance(id).id.to_string()).collect();
    assert_eq!(active, ["mailboxes[d].backup"]);
}

#[test]
fn a_model_that_looks_seldom_or_late_sees_the_same() {
    let mut run = Run::new();
    let (mut seldom, mut often) = (Model::default(), Model::default());
    let mut records = course();
    records.push(Record::Resumed { by: super::fixture::actor(), runbook: None });
    records
        .extend([starting("mailboxes[b].move", 2, Role::Action), ended("mailboxes[b].move", 2, 0)]);
    records.push(over("mailboxes[b].move", Outcome::Succeeded, None));
    records.push(Record::Resolved {
        task: "mailboxes[c]".into(),
        decision: Decision::Waived,
        because: "left out".to_owned(),
        by: super::fixture::actor(),
        outputs: None,
    });
    for (number, record) in records.into_iter().enumerate() {
        let fact = run.fact(record);
        for model in [&mut seldom, &mut often] {
            model.fact(&fact.record, &run.state);
        }
        often.update(&run.state, run.now);
        if number % 5 == 0 {
            seldom.update(&run.state, run.now);
        }
        let mut late = Model::default();
        late.update(&run.state, run.now);
        assert_eq!(seen(&often), seen(&late), "after fact {number}");
    }
    seldom.update(&run.state, run.now);
    assert_eq!(seen(&seldom), seen(&often));
    assert_eq!(
        often.counts(),
        Counts { total: 9, good: 7, failed: 0, in_doubt: 0, running: 1, unentered: 0 }
    );
}

#[test]
fn a_group_inside_an_item_is_counted_by_itself_and_in_the_item() {
    let mut run = Run::nested();
    let mut model = Model::default();
    let tell = |run: &mut Run, model: &mut Model, record| {
        let fact = run.fact(record);
        model.fact(&fact.record, &run.state);
        model.update(&run.state, run.now);
    };
    tell(&mut run, &mut model, frozen("waves", &["1", "2"]));
    assert_eq!(model.counts(), Counts { unentered: 2, ..Counts::default() });
    tell(&mut run, &mut model, frozen("waves[1].mailboxes", &["a", "b", "c"]));
    tell(&mut run, &mut model, starting("waves[1].mailboxes[a].move", 1, Role::Action));
    let groups = |run: &Run, model: &Model| -> Vec<(String, ItemCounts)> {
        model.groups().map(|(id, counts)| (run.state.instance(id).id.to_string(), counts)).collect()
    };
    let waves =
        |good, bad, running| ("waves".to_owned(), ItemCounts { total: 2, good, bad, running });
    let first = |good, bad, running| {
        ("waves[1].mailboxes".to_owned(), ItemCounts { total: 3, good, bad, running })
    };
    assert_eq!(groups(&run, &model), [waves(0, 0, 1), first(0, 0, 1)]);
    assert_eq!(model.counts(), Counts { total: 3, running: 1, unentered: 1, ..Counts::default() });
    tell(&mut run, &mut model, ended("waves[1].mailboxes[a].move", 1, 0));
    tell(&mut run, &mut model, over("waves[1].mailboxes[a].move", Outcome::Succeeded, None));
    for key in ["b", "c"] {
        let task = format!("waves[1].mailboxes[{key}].move");
        for record in success(&task) {
            tell(&mut run, &mut model, record);
        }
    }
    assert_eq!(groups(&run, &model), [], "nothing is going on between the waves");
    tell(&mut run, &mut model, over("waves[2].mailboxes", Outcome::Failed, Some("`items`: no")));
    assert_eq!(model.counts(), Counts { total: 3, good: 3, failed: 1, ..Counts::default() });
    let mut late = Model::default();
    late.update(&run.state, run.now);
    assert_eq!(seen(&model), seen(&late));
}

fn seen(model: &Model) -> impl PartialEq + std::fmt::Debug {
    (model.counts(), model.active().collect::<Vec<_>>(), model.groups().collect::<Vec<_>>())
}
