//! Where a person is needed, what that person sees, and what is done about it.

use serde_json::Value;

use crate::bench::{rehearse_text, texts};

fn of_step<'a>(points: &[&'a Value], step: &str, left: &str) -> &'a Value {
    let is = |point: &&&Value| point["step"] == step && point["left"] == left;
    points.iter().find(is).unwrap_or_else(|| panic!("no point of {step}: {left}: {points:#?}"))
}

#[test]
fn a_step_without_a_probe_is_decided_as_the_world_is() {
    let rehearsed = rehearse_text("steps:\n  move: {run: [mv, a, b]}\n", &[]);
    rehearsed.keeps_every_promise();
    let points = rehearsed.points("needs_a_person");
    let done = of_step(&points, "move", "its effect has happened");
    assert_eq!(
        texts(&done["does"]),
        ["windlass resolve RUN move --as done --because WHY", "windlass resume RUN"]
    );
    assert!(texts(&done["sees"])[0].contains("nothing says whether its effect has happened"));
    assert_eq!(texts(&done["died"]), ["executor", "keeper", "machine", "nothing"]);
    let absent = of_step(&points, "move", "nothing of it has happened");
    assert!(texts(&absent["does"])[0].contains("--as absent"), "{absent:#}");
    let half = of_step(&points, "move", "it has happened in part");
    assert!(texts(&half["does"])[0].contains("by hand"), "{half:#}");
}

/// A step whose stranded state is repaired by one action of that effect.
fn repaired(effect: &str) -> String {
    format!(
        "steps:\n  move:\n    run: [mv, a, b]\n    probe:\n      run: [where]\n      states:\n\
         \x20       done: out.json.at == 'b'\n        absent: out.json.at == 'a'\n\
         \x20       stranded:\n          when: out.json.at == 'between'\n\
         \x20         repair: [{{effect: {effect}, run: [finish]}}]\n"
    )
}

#[test]
fn a_repair_that_helps_needs_nobody_and_one_that_does_not_stops() {
    let rehearsed = rehearse_text(&repaired("idempotent"), &[]);
    rehearsed.keeps_every_promise();
    let points = rehearsed.points("needs_a_person");
    assert!(points.iter().all(|point| point["left"] != "the world is `stranded`"), "{points:#?}");
    let useless = of_step(&points, "move", "the world is `stranded`, and its repair does not help");
    assert!(texts(&useless["sees"])[0].contains("still, after its repair has ended well"));
}

#[test]
fn a_repair_that_must_not_be_done_twice_needs_a_person_when_it_is_interrupted() {
    let rehearsed = rehearse_text(&repaired("once"), &[]);
    rehearsed.keeps_every_promise();
    let points = rehearsed.points("needs_a_person");
    let interrupted = of_step(&points, "move", "the world is `stranded`");
    assert!(
        texts(&interrupted["sees"])[0].contains("a repair that must not be done twice was begun"),
        "{interrupted:#}"
    );
}

#[test]
fn settings_are_put_back_whatever_dies_and_wherever() {
    let rehearsed = rehearse_text(
        "settings:\n\
         \x20 schedule: {get: {run: [get]}, set: {run: [set, '{{ value }}']}, to: never, around: [work, more]}\n\
         steps:\n\
         \x20 work: {effect: idempotent, run: [work], locks: [store]}\n\
         \x20 more: {needs: [work], effect: read, run: [more]}\n\
         \x20 last: {needs: ['schedule:restored'], effect: read, run: [last]}\n",
        &["--pairs", "3000"],
    );
    rehearsed.keeps_every_promise();
    let points = rehearsed.points("needs_a_person");
    for left in
        ["the temporary value is in force already", "somebody else has changed it meanwhile"]
    {
        let found = of_step(&points, "schedule", left);
        assert!(texts(&found["does"])[0].contains("resolve RUN schedule"), "{found:#}");
    }
    let decided = |point: &&&Value| texts(&point["does"]).len() > 1;
    assert_eq!(points.iter().filter(decided).count(), 2, "{points:#?}");
    let silent = &rehearsed.report["silent"];
    for died in ["executor", "keeper", "machine"] {
        assert!(silent[died].as_u64().unwrap() > 20, "{silent:#}");
    }
}

#[test]
fn a_setting_around_a_doubt_stays_until_the_doubt_is_settled() {
    let rehearsed = rehearse_text(
        "settings:\n\
         \x20 schedule: {get: {run: [get]}, set: {run: [set, '{{ value }}']}, to: never}\n\
         steps:\n\
         \x20 work: {run: [work]}\n",
        &["--pairs", "1000"],
    );
    rehearsed.keeps_every_promise();
    let points = rehearsed.points("needs_a_person");
    let doubt = of_step(&points, "work", "nothing of it has happened");
    assert_eq!(
        texts(&doubt["does"]),
        ["windlass resolve RUN work --as absent --because WHY", "windlass resume RUN"],
        "the setting is put back by itself"
    );
}

#[test]
fn what_only_a_run_can_know_is_made_up_and_told() {
    let rehearsed = rehearse_text(
        "params:\n  boxes: {type: array, items: {type: string}}\n  size: {type: integer, minimum: 5}\n\
         steps:\n\
         \x20 list: {effect: read, run: [list, '{{ params.size }}'], outputs: {found: {value: '{{ out.json }}', type: array}, big: {value: '{{ out.json }}', type: boolean}}}\n\
         \x20 each: {needs: [list], for_each: {items: steps.list.outputs.found, as: one}, effect: idempotent, run: [do, '{{ one }}']}\n\
         \x20 other: {needs: [list], when: steps.list.outputs.big, effect: idempotent, run: [other]}\n\
         \x20 boxes: {for_each: {items: params.boxes, as: box}, effect: idempotent, run: [do, '{{ box }}']}\n",
        &["-p", "boxes=[\"a\", \"b\", \"c\"]"],
    );
    rehearsed.keeps_every_promise();
    let assumed = texts(&rehearsed.report["assumed"]);
    for part in [
        "parameter `size` was not given: 5",
        "`when` of `other` hangs on what a step finds: both ways",
        "the items of `each` hang on what a step finds: 2 were made up",
        "`boxes` has 3 items: the first 2 were rehearsed",
    ] {
        assert!(assumed.iter().any(|line| line.contains(part)), "{part}: {assumed:#?}");
    }
}

#[test]
fn the_same_seed_rehearses_the_same_pairs() {
    let runbook = repaired("idempotent");
    let trials = |seed: &str| {
        let rehearsed = rehearse_text(&runbook, &["--pairs", "200", "--seed", seed]);
        rehearsed.keeps_every_promise();
        rehearsed.report
    };
    assert_eq!(trials("7"), trials("7"));
    let single = rehearse_text(&runbook, &[]).report["trials"].as_u64().unwrap();
    assert_eq!(trials("7")["trials"].as_u64().unwrap(), single + 200);
}
