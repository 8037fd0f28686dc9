//! Processes that are stopped, as by a debugger or a careless `kill -STOP`: nothing is lost, and nothing waits for them for ever.

use rustix::process::{Pid, Signal};

use crate::harness::{Run, hear, job, say, start};
use windlass::keeper::{Report, Request};

fn send(pid: u32, signal: Signal) {
    rustix::process::kill_process(Pid::from_raw(pid.cast_signed()).unwrap(), signal).unwrap();
}

#[test]
fn a_job_that_ends_while_its_keeper_is_stopped_is_reported_when_that_goes_on() {
    let run = Run::new();
    let (id, ready, go) = (job("long"), run.fifo("ready"), run.fifo("go"));
    let mut executor = run.executor();
    executor.send(&[run.script(&id, "echo x > ready; read x < go; exit 7")]);
    hear(&ready);
    // From here on the keeper does not hold the job's life lock any more.
    while !matches!(executor.next(), Some(Report::Started { .. })) {}
    send(executor.greeting.pid, Signal::STOP);
    say(&go);
    // Its processes are gone, and nobody has taken notice.
    run.wait_for_processes(&id);
    executor.send(&[run.script(&job("next"), "exit 3")]);
    send(executor.greeting.pid, Signal::CONT);
    let (mut of_long, mut of_next) = (None, None);
    while of_long.is_none() || of_next.is_none() {
        match executor.next().expect("the keeper lives") {
            Report::Ended { job, end } if job == id => of_long = end.exit,
            Report::Ended { end, .. } => of_next = end.exit,
            _ => {}
        }
    }
    assert_eq!((of_long, of_next), (Some(7), Some(3)));
}

#[test]
fn a_job_that_is_stopped_can_be_killed_and_times_out() {
    let run = Run::new();
    let mut executor = run.executor();
    for (task, timeout_ms) in [("killed", None), ("late", Some(1_000))] {
        let (id, ready) = (job(task), run.fifo(&format!("ready.{task}")));
        let script = format!("echo x > ready.{task}; kill -STOP $$; exit 0");
        let mut command = run.command(&id, &["sh", "-c", &script]);
        command.timeout_ms = timeout_ms;
        executor.send(&[start(&id, command)]);
        hear(&ready);
        if timeout_ms.is_none() {
            executor.send(&[Request::Kill { job: id.clone() }]);
        }
        let end = executor.end_of(&id);
        let is_late = timeout_ms.is_some();
        assert_eq!((end.exit, end.timed_out, end.killed), (None, is_late, !is_late), "{end:?}");
        assert!(end.over);
    }
}

#[test]
fn a_job_that_has_closed_everything_and_left_its_session_is_found_by_its_environment() {
    let run = Run::new();
    let mut executor = run.executor();
    let (id, ready) = (job("daemon"), run.fifo("ready"));
    run.fifo("never");
    // A child of a child that has ended, in a session of its own, without streams and without the life lock.
    let daemon = "for fd in /proc/$$/fd/*; do n=${fd##*/}; ((n > 99 && n < 255)) && eval \"exec $n>&-\"; done; exec 0<&- 1>&- 2>&-; echo $BASHPID > ready; read x < never; :";
    let script = format!("(setsid bash -c '{daemon}' &) ; read x < never");
    executor.send(&[run.start(&id, &["bash", "-c", &script])]);
    let pid: u32 = hear(&ready).trim().parse().unwrap();
    executor.send(&[Request::Kill { job: id.clone() }]);
    let end = executor.end_of(&id);
    if !end.over {
        executor.over(&id);
    }
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let state = stat.rsplit_once(") ").map_or('Z', |(_, rest)| rest.chars().next().unwrap());
    assert_eq!(state, 'Z', "it lives: {stat}");
}
