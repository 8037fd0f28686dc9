//! Runbooks that are wrong in ways that a simulation can see.

use crate::bench::rehearse_text;

/// A move with a probe that has these states.
fn moves(states: &str) -> String {
    format!(
        "steps:\n  move:\n    run: [mv, a, b]\n    probe:\n      run: [where]\n      states:\n{states}\
         \x20 after_it:\n    needs: [move]\n    effect: read\n    run: [ls, b]\n"
    )
}

#[test]
fn a_probe_that_calls_everything_else_absent_lets_a_half_done_move_begin_anew() {
    let states = "        done: out.json.home == 'b'\n        absent: 'true'\n";
    let rehearsed = rehearse_text(&moves(states), &[]);
    rehearsed.breaks("`move`: it is `once` and is started, and it has happened in part");
}

#[test]
fn a_retry_behind_a_probe_that_tells_nothing_does_the_move_twice() {
    let runbook = "steps:\n  move:\n    run: [mv, a, b]\n    retry: {attempts: 2}\n    probe:\n\
                   \x20     run: [where]\n      states:\n        absent: out.exit == 0\n\
                   \x20       done: out.json.home == 'b'\n";
    let rehearsed = rehearse_text(runbook, &[]);
    rehearsed.breaks("`move`: it is `once` and is started, and it has happened already");
}

#[test]
fn a_probe_that_always_says_done_lets_the_move_be_left_out() {
    let states = "        done: out.exit == 0\n        absent: out.exit == 1\n";
    let rehearsed = rehearse_text(&moves(states), &[]);
    rehearsed.breaks("`move`: its probe says `done`, and nothing of it has happened");
}

#[test]
fn a_probe_that_tells_its_states_apart_keeps_every_promise() {
    let states = "        done: out.json.home == 'b'\n        absent: out.json.home == 'a'\n";
    rehearse_text(&moves(states), &[]).keeps_every_promise();
    let by_exit = "steps:\n  move:\n    run: [mv, a, b]\n    probe:\n      run: [test, -e, b]\n\
                   \x20     success: out.exit in [0, 1]\n      states:\n\
                   \x20       done: out.exit == 0\n        absent: out.exit == 1\n";
    rehearse_text(by_exit, &[]).keeps_every_promise();
}

#[test]
fn a_runbook_that_waits_for_its_own_lock_does_not_come_to_its_end() {
    let rehearsed = rehearse_text(
        "settings:\n\
         \x20 outer: {get: {run: [get, x]}, set: {run: [set, x, '{{ value }}']}, to: a, around: [both]}\n\
         steps:\n\
         \x20 both:\n\
         \x20   settings:\n\
         \x20     inner: {get: {run: [get, x]}, set: {run: [set, x, '{{ value }}']}, to: b}\n\
         \x20   steps:\n\
         \x20     work: {run: [work]}\n",
        &[],
    );
    assert_eq!(rehearsed.code, Some(1), "{:#}", rehearsed.report);
    let happened = rehearsed.points("broken")[0]["happened"].as_str().unwrap().to_owned();
    assert!(happened.starts_with("nothing goes wrong"), "{happened}");
}

#[test]
fn two_settings_of_the_same_thing_under_locks_of_their_own_take_each_others_value() {
    let setting = |name: &str| {
        format!(
            "  {name}: {{get: {{run: [get, x]}}, set: {{run: [set, x, '{{{{ value }}}}']}}, \
             to: {name}, around: [{name}_work], locks: ['{name}']}}\n"
        )
    };
    let rehearsed = rehearse_text(
        &format!(
            "settings:\n{}{}steps:\n  left_work: {{run: [work]}}\n  right_work: {{run: [work]}}\n",
            setting("left"),
            setting("right")
        ),
        &["--jobs", "2"],
    );
    rehearsed.breaks("`get x`: it is not what it was, and the run does not owe it");
}

#[test]
fn what_cannot_be_rehearsed_is_a_usage_error() {
    let rehearsed = rehearse_text("steps: {}\nstep: {}\n", &[]);
    assert_eq!(rehearsed.code, Some(2), "{}", rehearsed.stderr);
    let named = "params:\n  id: {type: string, pattern: '^[A-Z]{3}-[0-9]{4}$'}\nsteps:\n  a: {run: [a, '{{ params.id }}']}\n";
    let rehearsed = rehearse_text(named, &[]);
    assert_eq!(rehearsed.code, Some(2), "{}", rehearsed.stderr);
    assert!(rehearsed.stderr.contains("`-p id=...`"), "{}", rehearsed.stderr);
    rehearse_text(named, &["-p", "id=ABC-1234"]).keeps_every_promise();
}
