//! Executors that die and keepers that die: what is known afterwards.

use std::io::Write;
use std::os::unix::net::{UnixListener, UnixStream};
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};

use crate::harness::{Executor, Run, executable, hear, job, say};
use rustix::process::{Pid, Signal};
use windlass::core::recover::Evidence;
use windlass::keeper::{Greeting, Keeper, Report, Request, Standing};

fn send(pid: u32, signal: Signal) {
    rustix::process::kill_process(Pid::from_raw(pid.cast_signed()).unwrap(), signal).unwrap();
}

#[test]
fn a_job_goes_on_without_its_executor_and_the_next_one_takes_its_end() {
    let run = Run::new();
    let (id, ready, go) = (job("long"), run.fifo("ready"), run.fifo("go"));
    let mut executor = run.executor();
    executor.send(&[run.script(&id, "echo x > ready; read x < go; echo went on; exit 7")]);
    hear(&ready);
    let keeper = executor.greeting.pid;
    drop(executor);

    let executor = run.executor();
    assert_eq!(executor.greeting.pid, keeper);
    assert!(matches!(executor.kept(&id), Standing::Running { .. }));
    say(&go);
    assert_eq!(executor.end_of(&id).exit, Some(7));
    assert_eq!(run.read(&id, "stdout"), "went on\n");
    drop(executor);
    run.wait_for_keeper();
}

/// Not a test by itself: the executor that [`a_job_survives_the_kill_of_its_executors_process_group`] kills.
#[test]
fn executor_that_is_killed() {
    let Some(folder) = std::env::var_os("WINDLASS_TEST_RUN") else { return };
    let (mut keeper, _) = Keeper::connect_or_start(folder.as_ref(), &executable()).unwrap();
    let mut request = String::new();
    std::io::stdin().read_line(&mut request).unwrap();
    keeper.send(&[serde_json::from_str(&request).unwrap()]).unwrap();
    // It waits for its own end.
    std::io::stdin().read_line(&mut request).unwrap();
    panic!("nobody has killed it");
}

#[test]
fn a_job_survives_the_kill_of_its_executors_process_group() {
    let run = Run::new();
    let (id, ready, go) = (job("long"), run.fifo("ready"), run.fifo("go"));
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "adopting::executor_that_is_killed"])
        .env("WINDLASS_TEST_RUN", run.path())
        .process_group(0)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let request = run.script(&id, "echo x > ready; read x < go; exit 7");
    let mut stdin = child.stdin.take().unwrap();
    writeln!(stdin, "{}", serde_json::to_string(&request).unwrap()).unwrap();
    hear(&ready);
    let group = Pid::from_raw(child.id().cast_signed()).unwrap();
    rustix::process::kill_process_group(group, Signal::KILL).unwrap();
    child.wait().unwrap();

    let executor = run.executor();
    assert!(matches!(executor.kept(&id), Standing::Running { .. }));
    say(&go);
    assert_eq!(executor.end_of(&id).exit, Some(7));
}

#[test]
fn ends_that_nobody_saw_are_kept_by_the_keeper_and_after_it() {
    let run = Run::new();
    let (short, long) = (job("short"), job("long"));
    let (short_go, long_go) = (run.fifo("short.go"), run.fifo("long.go"));
    let mut executor = run.executor();
    executor.send(&[
        run.script(&short, "read x < short.go; exit 3"),
        run.script(&long, "read x < long.go; echo out; exit 0"),
    ]);
    drop(executor);
    say(&short_go);
    run.wait_for_processes(&short);

    // The one has ended unseen, the other runs: both are in the greeting, or the end is reported after it.
    let executor = run.executor();
    match executor.kept(&short) {
        Standing::Ended(end) => assert_eq!((end.exit, end.over), (Some(3), true)),
        Standing::Running { .. } => assert_eq!(executor.end_of(&short).exit, Some(3)),
        standing => panic!("{standing:?}"),
    }
    drop(executor);
    say(&long_go);
    run.wait_for_keeper();

    let Evidence::Ended(end) = run.evidence(&long) else { panic!("its end is not known") };
    assert_eq!((end.exit, end.over), (Some(0), true));
    assert!(matches!(run.evidence(&short), Evidence::Ended(end) if end.exit == Some(3)));
    assert_eq!(run.read(&long, "stdout"), "out\n");
    assert_eq!(run.evidence(&job("never")), Evidence::Over);
}

#[test]
fn what_comes_together_with_a_greeting_is_heard_at_once() {
    let run = Run::new();
    let listener = UnixListener::bind(run.path().join("keeper.sock")).unwrap();
    let over = Report::Over { job: job("a") };
    let greeting = Report::Greeting(Greeting { version: 1, pid: 1, jobs: Vec::new() });
    let words = [&greeting, &over].map(|report| serde_json::to_string(report).unwrap() + "\n");
    let keeper = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        stream.write_all(words.concat().as_bytes()).unwrap();
        stream
    });
    let (connection, greeting) = Keeper::connect(run.path()).unwrap().unwrap();
    // It says no more, and does not go.
    let _stream = keeper.join().unwrap();
    assert_eq!(Executor::new(connection, greeting).next(), Some(over));
}

#[test]
fn a_forgotten_job_is_in_no_greeting() {
    let run = Run::new();
    let go = run.fifo("go");
    let mut executor = run.executor();
    executor.send(&[run.script(&job("kept"), "read x < go"), run.script(&job("gone"), "exit 3")]);
    executor.end_of(&job("gone"));
    executor.send(&[Request::Forget { job: job("gone") }, Request::Forget { job: job("kept") }]);
    assert_eq!(executor.refusal(), "it still runs");
    drop(executor);
    let executor = run.executor();
    let known: Vec<_> = executor.greeting.jobs.iter().map(|kept| kept.job.clone()).collect();
    assert_eq!(known, [job("kept")]);
    say(&go);
    executor.end_of(&job("kept"));
}

#[test]
fn one_executor_is_served_at_a_time_and_its_last_words_count() {
    let run = Run::new();
    let go = run.fifo("go");
    let mut first = run.executor();
    let path = run.path().to_owned();
    let second =
        std::thread::spawn(move || Keeper::connect(&path).unwrap().expect("a keeper lives"));
    // These are sent and the connection closed while the second waits, or before it has come: the greeting knows all of them.
    let requests: Vec<Request> =
        (0..200).map(|number| run.start(&job(&format!("job-{number}")), &["true"])).collect();
    first.send(&[run.script(&job("long"), "read x < go")]);
    first.send(&requests);
    drop(first);
    let (keeper, greeting) = second.join().unwrap();
    let second = Executor::new(keeper, greeting);
    assert_eq!(second.greeting.jobs.len(), 201);
    say(&go);
    second.end_of(&job("long"));
}

#[test]
fn a_torn_request_is_none() {
    let run = Run::new();
    let (go, ready) = (run.fifo("go"), run.fifo("ready"));
    let mut executor = run.executor();
    executor.send(&[run.script(&job("long"), "echo x > ready; read x < go")]);
    hear(&ready);
    drop(executor);
    let mut stream = UnixStream::connect(run.path().join("keeper.sock")).unwrap();
    stream.write_all(b"{\"request\":\"hello\",\"version\":1,\"env\":{}}\n").unwrap();
    let request = serde_json::to_string(&run.start(&job("torn"), &["true"])).unwrap();
    stream.write_all(&request.as_bytes()[..request.len() - 1]).unwrap();
    drop(stream);
    let executor = run.executor();
    assert_eq!(executor.greeting.jobs.len(), 1);
    say(&go);
    executor.end_of(&job("long"));
}

#[test]
fn when_the_keeper_is_killed_its_job_is_seen_to_live_until_it_is_over() {
    let run = Run::new();
    let (id, ready, go) = (job("long"), run.fifo("ready"), run.fifo("go"));
    let mut executor = run.executor();
    executor.send(&[run.script(&id, "echo $$ > ready; read x < go; exit 0")]);
    let pid: u32 = hear(&ready).trim().parse().unwrap();
    send(executor.greeting.pid, Signal::KILL);
    while executor.next().is_some() {}
    run.wait_for_keeper();

    assert!(Keeper::connect(run.path()).unwrap().is_none());
    let Evidence::Orphaned { pid: seen, command } = run.evidence(&id) else { panic!("it lives") };
    assert_eq!(seen, pid);
    assert!(command.starts_with("sh -c 'echo $$"), "{command}");

    // A new keeper does not know the job, and does not start it again.
    let mut next = run.executor();
    assert_eq!(next.greeting.jobs, []);
    next.send(&[run.start(&job("other"), &["true"]), run.start(&id, &["true"])]);
    next.end_of(&job("other"));
    assert!(matches!(run.evidence(&id), Evidence::Orphaned { .. }));

    say(&go);
    run.wait_for_processes(&id);
    // The lock goes a moment before the process does.
    wait_for_exit(pid);
    assert_eq!(run.evidence(&id), Evidence::Over);
}

#[test]
fn a_job_whose_end_was_lost_with_its_keeper_is_over() {
    let run = Run::new();
    let (id, ready, go) = (job("long"), run.fifo("ready"), run.fifo("go"));
    let mut executor = run.executor();
    run.fifo("never");
    // The child has neither the session nor the life lock of its job, only its environment.
    executor.send(&[run.start(&id, &["bash", "-c", "setsid bash -c 'for fd in /proc/$$/fd/*; do n=${fd##*/}; ((n > 99 && n < 255)) && eval \"exec $n>&-\"; done; echo $$ > ready; read x < go' & read x < never"])]);
    let pid: u32 = hear(&ready).trim().parse().unwrap();
    let (kept, main) = loop {
        if let Some(Report::Started { job, pid }) = executor.next() {
            break (job, pid);
        }
    };
    assert_eq!(kept, id);
    send(executor.greeting.pid, Signal::KILL);
    run.wait_for_keeper();
    send(main, Signal::KILL);
    run.wait_for_processes(&id);
    wait_for_exit(main);
    assert!(matches!(run.evidence(&id), Evidence::Orphaned { pid: seen, .. } if seen == pid));
    say(&go);
    wait_for_exit(pid);
    assert_eq!(run.evidence(&id), Evidence::Over);
}

/// Returns once a process has ended that is no child of this one.
fn wait_for_exit(pid: u32) {
    use rustix::event::{PollFd, PollFlags, poll};
    let Ok(process) = rustix::process::pidfd_open(
        Pid::from_raw(pid.cast_signed()).unwrap(),
        rustix::process::PidfdFlags::empty(),
    ) else {
        return;
    };
    poll(&mut [PollFd::new(&process, PollFlags::IN)], None).unwrap();
}

#[test]
fn neither_keeper_nor_job_heeds_what_a_terminal_sends() {
    let run = Run::new();
    let (id, ready, go) = (job("long"), run.fifo("ready"), run.fifo("go"));
    let mut executor = run.executor();
    executor.send(&[run.script(&id, "echo x > ready; read x < go; exit 7")]);
    hear(&ready);
    for signal in [Signal::HUP, Signal::INT, Signal::TERM] {
        send(executor.greeting.pid, signal);
    }
    say(&go);
    assert_eq!(executor.end_of(&id).exit, Some(7));
}
