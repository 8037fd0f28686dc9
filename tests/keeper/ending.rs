//! Timeouts, kills and survivors: what becomes of all that a job has started.

use std::fs;
use std::path::Path;

use crate::harness::{Run, hear, job, say, start};
use windlass::core::recover::Evidence;
use windlass::keeper::{Keeper, Request};

/// A script that ignores TERM, and starts: a child, a grandchild in a session of its own whose parent has ended, and one of that
/// kind that has also lost its environment. Each writes its id into the folder; then the script says that it is ready.
fn stubborn(run: &Run, ready: &Path) -> String {
    let folder = run.path().display();
    let wait = "trap '' TERM HUP; while :; do read x < \"$0/never\"; done";
    format!(
        "trap '' TERM
         sh -c 'echo $$ > {folder}/pid.1; echo x > {folder}/up; {wait}' {folder} &
         (setsid sh -c 'echo $$ > {folder}/pid.2; echo x > {folder}/up; {wait}' {folder} &)
         (env -i setsid sh -c 'echo $$ > {folder}/pid.3; echo x > {folder}/up; {wait}' {folder} &)
         read x < {folder}/up; read x < {folder}/up; read x < {folder}/up
         echo $$ > {folder}/pid.0
         echo ready > {}
         while :; do read x < {folder}/never; done",
        ready.display(),
    )
}

/// A fifo of three words may be read by one reader as one; so each word is waited for in a file of its own.
fn stubborn_in(run: &Run) -> (String, std::path::PathBuf) {
    let ready = run.fifo("ready");
    run.fifo("never");
    for number in 1..=3 {
        run.fifo(&format!("up.{number}"));
    }
    let mut script = stubborn(run, &ready);
    for number in 1..=3 {
        let folder = run.path().display();
        script = script.replacen(
            &format!("echo x > {folder}/up;"),
            &format!("echo x > {folder}/up.{number};"),
            1,
        );
        script = script.replacen(
            &format!("read x < {folder}/up;"),
            &format!("read x < {folder}/up.{number};"),
            1,
        );
        script = script.replacen(
            &format!("read x < {folder}/up\n"),
            &format!("read x < {folder}/up.{number}\n"),
            1,
        );
    }
    (script, ready)
}

fn pids(run: &Run) -> Vec<u32> {
    (0..=3)
        .map(|number| {
            fs::read_to_string(run.path().join(format!("pid.{number}")))
                .unwrap()
                .trim()
                .parse()
                .unwrap()
        })
        .collect()
}

fn lives(pid: u32) -> bool {
    Path::new(&format!("/proc/{pid}")).exists()
}

#[test]
fn a_kill_ends_all_that_a_job_has_started() {
    let run = Run::new();
    let mut executor = run.executor();
    let id = job("stubborn");
    let (script, ready) = stubborn_in(&run);
    executor.send(&[run.script(&id, &script)]);
    assert_eq!(hear(&ready), "ready\n");
    let pids = pids(&run);
    assert!(pids.iter().all(|pid| lives(*pid)), "{pids:?}");
    executor.send(&[Request::Kill { job: id.clone() }, Request::Kill { job: id.clone() }]);
    let end = executor.end_of(&id);
    assert_eq!((end.exit, end.signal, end.killed, end.timed_out), (None, Some(9), true, false));
    if !end.over {
        executor.over(&id);
    }
    assert!(!pids.iter().any(|pid| lives(*pid)), "{pids:?}");
}

#[test]
fn a_timeout_ends_all_that_a_job_has_started_even_without_an_executor() {
    let run = Run::new();
    let mut executor = run.executor();
    let id = job("stubborn");
    let (script, _ready) = stubborn_in(&run);
    let mut command = run.command(&id, &["sh", "-c", &script]);
    command.timeout_ms = Some(300);
    executor.send(&[start(&id, command)]);
    drop(executor);
    run.wait_for_keeper();
    let Evidence::Ended(end) = run.evidence(&id) else { panic!("its end is not known") };
    assert!(end.timed_out && end.over && !end.killed, "{end:?}");
    for number in 0..=3 {
        if let Ok(pid) = fs::read_to_string(run.path().join(format!("pid.{number}"))) {
            assert!(!lives(pid.trim().parse().unwrap()), "{number}");
        }
    }
}

#[test]
fn a_job_that_ends_on_time_is_not_timed_out() {
    let run = Run::new();
    let mut executor = run.executor();
    let mut command = run.command(&job("quick"), &["true"]);
    command.timeout_ms = Some(u64::MAX);
    executor.send(&[start(&job("quick"), command)]);
    assert!(!executor.end_of(&job("quick")).timed_out);
}

#[test]
fn a_kill_that_a_job_obeys_is_a_term() {
    let run = Run::new();
    let mut executor = run.executor();
    let (id, ready) = (job("obedient"), run.fifo("ready"));
    run.fifo("never");
    let mut command = run.command(
        &id,
        &["sh", "-c", "trap 'echo bye; exit 0' TERM; echo x > ready; read x < never"],
    );
    command.grace_ms = 3_600_000;
    executor.send(&[start(&id, command)]);
    hear(&ready);
    executor.send(&[Request::Kill { job: id.clone() }]);
    let end = executor.end_of(&id);
    assert_eq!((end.exit, end.killed, end.over), (Some(0), true, true));
    assert_eq!(run.read(&id, "stdout"), "bye\n");
    executor.send(&[Request::Kill { job: job("unknown") }]);
    executor.refusal();
}

#[test]
fn survivors_of_a_bad_end_are_ended_before_the_job_is_over() {
    let run = Run::new();
    let mut executor = run.executor();
    let (id, ready) = (job("bad"), run.fifo("ready"));
    run.fifo("never");
    executor.send(&[run.script(
        &id,
        "sh -c 'trap \"\" TERM; echo $$ > ready; read x < never; :' & read x < up; exit 3",
    )]);
    let pid: u32 = {
        let up = run.fifo("up");
        let pid = hear(&ready).trim().parse().unwrap();
        say(&up);
        pid
    };
    let end = executor.end_of(&id);
    assert_eq!((end.exit, end.over), (Some(3), false));
    assert_eq!(end.survivors.iter().map(|survivor| survivor.pid).collect::<Vec<_>>(), [pid]);
    assert!(end.survivors[0].command.starts_with("sh -c"), "{:?}", end.survivors);
    // What is over is reported even if it was to be forgotten before.
    executor.send(&[Request::Forget { job: id.clone() }]);
    executor.over(&id);
    assert!(!lives(pid));
    drop(executor);
    run.wait_for_keeper();
    assert!(!run.folder(&id).exists());
}

#[test]
fn survivors_of_a_good_end_live_and_hold_up_nobody() {
    let run = Run::new();
    let mut executor = run.executor();
    let (id, never) = (job("daemon"), run.fifo("never"));
    executor.send(&[run.script(&id, "setsid sh -c 'read x < never; echo done' & exit 0")]);
    let end = executor.end_of(&id);
    assert_eq!((end.exit, end.over, end.survivors.len()), (Some(0), false, 1), "{end:?}");
    executor.send(&[Request::Forget { job: id.clone() }]);
    drop(executor);
    run.wait_for_keeper();
    assert!(matches!(run.evidence(&id), Evidence::Ended(end) if !end.over));
    say(&never);
    run.wait_for_processes(&id);
    assert_eq!(run.read(&id, "stdout"), "done\n");
    assert!(matches!(run.evidence(&id), Evidence::Ended(end) if end.over));
}

#[test]
fn the_last_survivor_of_a_good_end_is_reported_when_it_ends() {
    let run = Run::new();
    let mut executor = run.executor();
    let (id, never) = (job("daemon"), run.fifo("never"));
    executor.send(&[run.script(&id, "read x < never & exit 0")]);
    assert!(!executor.end_of(&id).over);
    say(&never);
    executor.over(&id);
    drop(executor);
    run.wait_for_keeper();
    assert!(matches!(run.evidence(&id), Evidence::Ended(end) if end.over));
}

#[test]
fn survivors_of_a_good_end_can_be_killed() {
    let run = Run::new();
    let mut executor = run.executor();
    let id = job("daemon");
    run.fifo("never");
    executor.send(&[run.script(&id, "trap '' TERM; sh -c 'read x < never; :' & exit 0")]);
    let end = executor.end_of(&id);
    assert!(!end.over && !end.killed);
    executor.send(&[Request::Kill { job: id.clone() }]);
    executor.over(&id);
    assert!(!lives(end.survivors[0].pid));
    assert!(Keeper::connect(run.path().parent().unwrap()).unwrap().is_none());
}
