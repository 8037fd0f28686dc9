//! Timeouts, kills and survivors: what becomes of all that a job has started.

use std::collections::BTreeSet;
use std::fs;

use crate::harness::{Run, hear, job, say, start};
use windlass::core::job::{Command, JobId};
use windlass::core::recover::Evidence;
use windlass::keeper::{Keeper, Report, Request};

/// Ignores TERM, and so does all that it starts: a child, and two in sessions of their own whose parents have ended, one of
/// them without the job's environment. Each writes its id into the folder; when all have, `ready` is told.
const STUBBORN: &str = r#"
trap '' TERM
stay='trap "" TERM; echo $$ > pid.$0; echo x > up.$0; while read x < never; do :; done'
sh -c "$stay" 1 &
(setsid sh -c "$stay" 2 &)
(env -i setsid sh -c "$stay" 3 &)
read x < up.1; read x < up.2; read x < up.3
echo $$ > pid.0
echo x > ready
while read x < never; do :; done
"#;

/// The fifos that [`STUBBORN`] needs; returns that which tells when it is ready.
fn stubborn_fifos(run: &Run) -> std::path::PathBuf {
    for name in ["never", "up.1", "up.2", "up.3"] {
        run.fifo(name);
    }
    run.fifo("ready")
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

/// A process that has ended does not live, whether its parent has not yet taken notice or does so now.
fn lives(pid: u32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit_once(") ").is_some_and(|(_, rest)| !rest.starts_with(['Z', 'X']))
}

#[test]
fn a_kill_ends_all_that_a_job_has_started() {
    let run = Run::new();
    let mut executor = run.executor();
    let id = job("stubborn");
    let ready = stubborn_fifos(&run);
    executor.send(&[run.script(&id, STUBBORN)]);
    hear(&ready);
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
    stubborn_fifos(&run);
    let mut command = run.command(&id, &["sh", "-c", STUBBORN]);
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
fn a_kill_that_comes_with_the_start_meets_the_job() {
    let run = Run::new();
    let mut executor = run.executor();
    for number in 0..100 {
        let (id, absent) = (job(&format!("long-{number}")), job(&format!("absent-{number}")));
        // A process that is new heeds TERM once it gets a processor, which may be later than a short grace.
        let patient = |job: &JobId, argv: &[&str]| {
            start(job, Command { grace_ms: 3_600_000, ..run.command(job, argv) })
        };
        executor.send(&[
            patient(&id, &["sleep", "1000"]),
            patient(&absent, &["/no/such/program"]),
            Request::Kill { job: id.clone() },
            Request::Kill { job: absent.clone() },
        ]);
        let mut told = BTreeSet::new();
        while told.len() < 2 {
            match executor.next().unwrap() {
                Report::Ended { job, end } => {
                    assert_eq!((end.signal, end.killed, end.over), (Some(15), true, true));
                    told.insert(job);
                }
                // The kill came too late to meet it.
                Report::NotSpawned { job, .. } => {
                    assert_eq!(job, absent);
                    told.insert(job);
                }
                Report::Started { .. } => {}
                report => panic!("{report:?}"),
            }
        }
        executor.send(&[Request::Forget { job: id }, Request::Forget { job: absent }]);
    }
    drop(executor);
    run.wait_for_keeper();
    assert_eq!(fs::read_dir(run.path().join("tasks")).unwrap().count(), 0);
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
    let up = run.fifo("up");
    run.fifo("never");
    executor.send(&[run.script(
        &id,
        "sh -c 'trap \"\" TERM; echo $$ > ready; read x < never; :' & read x < up; exit 3",
    )]);
    let pid: u32 = hear(&ready).trim().parse().unwrap();
    say(&up);
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
