//! What is used again of a job that has left nothing behind, and what must not be.

use std::fs;

use windlass::keeper::Request;

use super::harness::{Run, hear, job, say};

#[test]
fn what_outlives_a_job_unseen_does_not_write_into_the_next_ones_output() {
    let run = Run::new();
    let mut executor = run.executor();
    let (first, second) = (job("first"), job("second"));
    let [_, go, written, ready, end] =
        ["hidden", "go", "written", "ready", "end"].map(|name| run.fifo(name));
    // A child of a child that has ended, which keeps nothing of the job but its streams.
    let daemon = "for fd in /proc/$$/fd/*; do n=${fd##*/}; ((n > 99 && n < 255)) && eval \"exec $n>&-\"; done; echo hidden > hidden; read x < go; echo stray; echo written > written";
    let script = format!("(setsid bash -c '{daemon}' &) ; read x < hidden");
    executor.send(&[run.start(&first, &["bash", "-c", &script])]);
    assert!(executor.end_of(&first).over);
    let next = run.script(&second, "echo ready > ready; read x < end; echo own");
    executor.send(&[Request::Forget { job: first.clone() }, next]);
    hear(&ready);
    // Whatever the keeper answers now, it has tidied up before.
    executor.send(&[Request::Kill { job: job("nobody") }]);
    executor.refusal();
    assert!(!run.folder(&first).exists());
    say(&go);
    hear(&written);
    say(&end);
    executor.end_of(&second);
    assert_eq!(run.read(&second, "stdout"), "own\n");
}

#[test]
fn jobs_one_after_the_other_leave_nothing_behind() {
    let run = Run::new();
    let mut executor = run.executor();
    for number in 0..5 {
        let id = job(&format!("job-{number}"));
        executor.send(&[run.start(&id, &["/bin/true"])]);
        executor.end_of(&id);
        assert_eq!(fs::read(run.folder(&id).join("stdout")).unwrap(), b"");
        executor.send(&[Request::Forget { job: id }]);
    }
    drop(executor);
    run.wait_for_keeper();
    assert_eq!(fs::read_dir(run.path().join("tasks")).unwrap().count(), 0);
    assert!(!run.path().join("spare").exists());
}

#[test]
fn a_folder_with_a_file_of_a_jobs_own_stays_where_it_is() {
    let run = Run::new();
    let mut executor = run.executor();
    let (first, second) = (job("first"), job("second"));
    executor.send(&[run.script(&first, "echo kept > tasks/first/1/own")]);
    executor.end_of(&first);
    executor.send(&[Request::Forget { job: first.clone() }, run.start(&second, &["/bin/true"])]);
    executor.end_of(&second);
    assert_eq!(run.read(&first, "own"), "kept\n");
    assert!(!run.folder(&second).join("own").exists());
}
