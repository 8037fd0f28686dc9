//! What a job is given, and what it is not.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::Arc;

use crate::harness::{Executor, PATIENCE, Run, attempt, executable, job, start};
use rustix::process::{Pid, Signal};
use windlass::core::job::{Command, JobId};
use windlass::core::recover::Evidence;
use windlass::keeper::{Keeper, KeeperError, Report, Request, Standing};

#[test]
fn a_job_has_its_own_files_environment_folder_and_input() {
    let run = Run::new();
    let mut executor = run.executor();
    let id = job("cat");
    fs::create_dir(run.path().join("inside")).unwrap();
    let mut command = run.command(
        &id,
        &["sh", "-c", "cat; pwd; echo $WINDLASS_TASK $OWN ${HOME:+home}; echo bad >&2"],
    );
    command.dir = run.path().join("inside");
    command.env.insert("OWN".to_owned(), "it's \"mine\"".to_owned());
    command.stdin = Some("input\n".repeat(100_000));
    executor.send(&[start(&id, command)]);
    let end = executor.end_of(&id);
    assert_eq!((end.exit, end.signal, end.over), (Some(0), None, true));
    let inside = run.path().join("inside").canonicalize().unwrap();
    let expected =
        format!("{}{}\ncat it's \"mine\" home\n", "input\n".repeat(100_000), inside.display());
    assert!(run.read(&id, "stdout") == expected);
    assert_eq!(run.read(&id, "stderr"), "bad\n");
}

#[test]
fn without_input_a_job_reads_nothing() {
    let run = Run::new();
    let mut executor = run.executor();
    executor.send(&[run.start(&job("cat"), &["cat"])]);
    assert_eq!(executor.end_of(&job("cat")).exit, Some(0));
}

#[test]
fn no_descriptor_reaches_a_job_but_its_streams_and_its_life_lock() {
    let run = Run::new();
    // Whoever starts windlass may have left something open, and whoever waits for its end must not wait for the keeper.
    let (mut other, own) = UnixStream::pair().unwrap();
    let leaked = rustix::io::dup(&own).unwrap();
    drop(own);
    assert!(!rustix::io::fcntl_getfd(&leaked).unwrap().contains(rustix::io::FdFlags::CLOEXEC));
    let mut executor = run.executor();
    drop(leaked);
    assert_eq!(other.read(&mut [0]).unwrap(), 0);

    let id = job("list");
    executor.send(&[run.script(&id, "for fd in /proc/$$/fd/*; do readlink $fd; done")]);
    executor.end_of(&id);
    let folder = run.folder(&id).canonicalize().unwrap();
    let path = |name: &str| folder.join(name).display().to_string();
    let listed = run.read(&id, "stdout");
    let mut lines: Vec<&str> = listed.lines().collect();
    lines.sort_unstable();
    let (alive, stderr, stdout) = (path("alive"), path("stderr"), path("stdout"));
    let mut expected = vec!["/dev/null", &alive, &stderr, &stdout];
    expected.sort_unstable();
    assert_eq!(lines, expected);
}

#[test]
fn a_job_leads_a_session_and_signals_do_to_it_what_they_always_do() {
    let run = Run::new();
    let mut executor = run.executor();
    for (task, script, signal) in [
        ("term", "kill -TERM $$", 15),
        ("hup", "kill -HUP $$", 1),
        ("int", "kill -INT $$", 2),
        ("pipe", "kill -PIPE $$", 13),
    ] {
        executor.send(&[run.script(&job(task), script)]);
        let end = executor.end_of(&job(task));
        assert_eq!((end.exit, end.signal), (None, Some(signal)), "{task}");
    }
    let id = job("session");
    executor.send(&[run.script(&id, "echo $$ $(cut -d' ' -f5,6 /proc/$$/stat)")]);
    executor.end_of(&id);
    let text = run.read(&id, "stdout");
    let ids: Vec<&str> = text.split_whitespace().collect();
    assert!(ids.len() == 3 && ids.iter().all(|id| *id == ids[0]), "{text}");
}

#[test]
fn what_cannot_be_started_says_why() {
    let run = Run::new();
    let file = |name: &str, text: &str, mode: u32| {
        use std::os::unix::fs::PermissionsExt;
        let path = run.path().join(name);
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        path.display().to_string()
    };
    let plain = file("plain", "text", 0o644);
    let garbage = file("garbage", "text", 0o755);
    let script = file("script", "#!/no/such/interpreter\n", 0o755);
    let folder = run.path().display().to_string();
    let cases: [(&str, &[&str], &str); 9] = [
        ("a", &["no-such-program"], "`no-such-program` was not found on the PATH ("),
        ("b", &["/no/such/program"], "`/no/such/program` does not exist"),
        ("c", &[&plain], "is not executable"),
        ("d", &[&garbage], "is neither a program for this machine nor a script with a `#!` line"),
        ("e", &[&script], "the interpreter that its first line or its format names does not exist"),
        ("f", &[&folder], "is a folder"),
        ("g", &[], "the command has no program"),
        ("h", &["true", "a\0b"], "an argument contains a NUL byte"),
        ("i", &["true", &"x".repeat(1 << 20)], "its arguments and environment are too long"),
    ];
    let mut executor = run.executor();
    for (task, argv, expected) in cases {
        executor.send(&[run.start(&job(task), argv)]);
        assert_not_spawned(&executor, expected);
    }
    let mut command = run.command(&job("j"), &["true"]);
    command.dir = "/no/such/folder".into();
    executor.send(&[start(&job("j"), command)]);
    assert_not_spawned(&executor, "the working folder `/no/such/folder` does not exist");
    executor.send(&[Request::Start {
        job: job("k"),
        folder: "../k".into(),
        command: run.command(&job("k"), &["true"]),
    }]);
    assert_not_spawned(&executor, "`../k` is not a folder inside the run's folder");

    let forget: Vec<Request> =
        ('a'..='k').map(|task| Request::Forget { job: job(&task.to_string()) }).collect();
    executor.send(&forget);
    drop(executor);
    run.wait_for_keeper();
    assert_eq!(fs::read_dir(run.path().join("tasks")).unwrap().count(), 0);
    let Evidence::NotSpawned(reason) = run.evidence(&job("b")) else {
        panic!("it was not spawned")
    };
    assert_eq!(reason, "`/no/such/program` does not exist");
}

fn assert_not_spawned(executor: &Executor, expected: &str) {
    loop {
        match executor.next() {
            Some(Report::NotSpawned { reason, .. }) => {
                return assert!(reason.contains(expected), "{reason:?} should say {expected:?}");
            }
            // There is a process at first.
            Some(Report::Started { .. }) => {}
            report => panic!("{report:?} instead of {expected:?}"),
        }
    }
}

#[test]
fn no_job_has_a_twin() {
    let run = Run::new();
    let mut executor = run.executor();
    let (id, fifo) = (job("once"), run.fifo("go"));
    let script = format!("echo ran; read x < {}", fifo.display());
    executor.send(&[run.script(&id, &script), run.script(&id, &script)]);
    executor.refusal();
    executor.send(&[run.script(&id, &script)]);
    executor.refusal();
    crate::harness::say(&fifo);
    executor.end_of(&id);
    executor.send(&[run.script(&id, &script)]);
    executor.refusal();
    assert_eq!(run.read(&id, "stdout"), "ran\n");

    // A later keeper, which does not know the job, finds its folder.
    drop(executor);
    run.wait_for_keeper();
    let mut executor = run.executor();
    executor.send(&[run.script(&id, &script), Request::Forget { job: id.clone() }]);
    assert_not_spawned(&executor, "is left from an earlier start");
    executor.send(&[run.start(&attempt("once", 2), &["true"])]);
    executor.end_of(&attempt("once", 2));
    assert_eq!(run.read(&id, "stdout"), "ran\n");
}

/// What a job says whose keeper was started by hand by somebody who ignores these signals.
fn said_below_one_who_ignores(signals: &str, argv: &[&str]) -> String {
    let run = Run::new();
    let (mut own, handed) = UnixStream::pair().unwrap();
    own.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut keeper = std::process::Command::new("env");
    keeper.arg(format!("--ignore-signal={signals}"));
    keeper.arg(executable()).arg("keeper").arg(run.path()).stdin(OwnedFd::from(handed));
    let mut keeper = keeper.spawn().unwrap();
    own.write_all(b"{\"request\":\"hello\",\"version\":1,\"env\":{}}\n").unwrap();
    let start = serde_json::to_string(&run.start(&job("a"), argv)).unwrap();
    own.write_all(format!("{start}\n").as_bytes()).unwrap();
    let mut told = BufReader::new(&own).lines().map(|line| line.expect("the keeper says nothing"));
    assert!(told.any(|line| line.starts_with("{\"report\":\"ended\"")));
    drop(own);
    assert!(keeper.wait().unwrap().success());
    run.read(&job("a"), "stdout")
}

#[test]
fn a_job_begins_with_the_defaults_of_signals_and_blocks_none() {
    let told = said_below_one_who_ignores(
        "HUP,INT,QUIT,USR1,USR2,PIPE,ALRM,TERM,CHLD,TSTP,TTIN,TTOU,XFSZ,WINCH,IO",
        &["grep", "^Sig[BI]", "/proc/self/status"],
    );
    let signals = |name: &str| {
        let line = told.lines().find_map(|line| line.strip_prefix(name)).unwrap();
        u64::from_str_radix(line.trim(), 16).unwrap()
    };
    // The numbers above 31 have no meaning of their own.
    assert_eq!((signals("SigBlk:"), signals("SigIgn:") & 0x7fff_ffff), (0, 0), "{told}");
}

#[test]
fn a_keeper_hears_of_its_jobs_where_its_parent_ignores_the_ends_of_children() {
    assert_eq!(said_below_one_who_ignores("CHLD", &["echo", "said"]), "said\n");
}

#[test]
fn a_thousand_jobs_in_one_batch_leave_nothing_behind() {
    let run = Run::new();
    let mut executor = run.executor();
    let jobs: Vec<_> = (0..1000).map(|number| job(&format!("job-{number}"))).collect();
    executor.send(&jobs.iter().map(|id| run.start(id, &["/bin/true"])).collect::<Vec<_>>());
    let mut ended = 0;
    while ended < jobs.len() {
        match executor.next().unwrap() {
            Report::Ended { end, .. } => {
                assert_eq!((end.exit, end.over), (Some(0), true));
                ended += 1;
            }
            Report::Started { .. } => {}
            report => panic!("{report:?}"),
        }
    }
    let pid = executor.greeting.pid;
    let children = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap();
    assert_eq!(children, "", "zombies");
    executor.send(&jobs.iter().map(|id| Request::Forget { job: id.clone() }).collect::<Vec<_>>());
    drop(executor);
    run.wait_for_keeper();
    assert_eq!(fs::read_dir(run.path().join("tasks")).unwrap().count(), 0);
}

#[test]
fn starts_that_fail_among_others_are_told_each_and_leave_nothing_behind() {
    let run = Run::new();
    let mut executor = run.executor();
    let pid = executor.greeting.pid;
    let descriptors = || fs::read_dir(format!("/proc/{pid}/fd")).unwrap().count();
    let before = descriptors();
    let jobs: Vec<_> = (0..300).map(|number| job(&format!("job-{number}"))).collect();
    let program =
        |number: usize| if number.is_multiple_of(2) { "/no/such/program" } else { "/bin/true" };
    let starts = jobs.iter().enumerate().map(|(number, id)| run.start(id, &[program(number)]));
    executor.send(&starts.collect::<Vec<_>>());
    let (mut ended, mut failed) = (BTreeSet::new(), BTreeSet::new());
    while ended.len() + failed.len() < jobs.len() {
        match executor.next().unwrap() {
            Report::Ended { job, end } => {
                assert_eq!((end.exit, end.over), (Some(0), true));
                assert!(ended.insert(job));
            }
            Report::NotSpawned { job, reason } => {
                assert_eq!(reason, "`/no/such/program` does not exist");
                assert!(failed.insert(job));
            }
            Report::Started { .. } => {}
            report => panic!("{report:?}"),
        }
    }
    assert!(jobs.iter().step_by(2).all(|id| failed.contains(id)));
    assert!(jobs.iter().skip(1).step_by(2).all(|id| ended.contains(id)));
    let children = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap();
    assert_eq!((children.as_str(), descriptors()), ("", before));
    // What a keeper knew of failed starts is known when it has gone.
    drop(executor);
    run.wait_for_keeper();
    assert!(matches!(run.evidence(&jobs[0]), Evidence::NotSpawned(_)));
}

/// A script that nobody can begin to run as long as the file lives that is returned; nothing if the file system knows no such thing.
#[allow(unsafe_code)]
fn held_up(path: &Path, text: &str) -> Option<File> {
    use std::os::fd::AsRawFd;
    use std::os::unix::fs::PermissionsExt;
    fs::write(path, text).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
    let file = File::open(path).unwrap();
    // Nothing follows from the signal that somebody waits for the lease, but it would end this process.
    signal_hook::flag::register(signal_hook::consts::SIGIO, Arc::default()).unwrap();
    // SAFETY: the descriptor is open, and the call takes a number and touches no memory of this process.
    let leased = unsafe { libc::fcntl(file.as_raw_fd(), libc::F_SETLEASE, libc::F_WRLCK) == 0 };
    leased.then_some(file)
}

#[test]
fn a_program_that_takes_its_time_to_start_holds_up_nobody() {
    let run = Run::new();
    let mut executor = run.executor();
    let [slow, bad, quick, quicker] = ["slow", "bad", "quick", "quicker"].map(job);
    let path = |job: &JobId| run.path().join(format!("{}.sh", job.task));
    let leased = held_up(&path(&slow), "#!/bin/sh\necho began\nexec sleep 1000\n");
    let withheld = held_up(&path(&bad), "#!/no/such/interpreter\n");
    let script = |job: &JobId| {
        let command = run.command(job, &[path(job).to_str().unwrap()]);
        // It heeds TERM once it gets a processor, which may be later than a short grace.
        start(job, Command { grace_ms: 3_600_000, ..command })
    };
    executor.send(&[script(&slow), script(&bad), run.script(&quick, "echo said")]);
    executor.end_of(&quick);
    assert_eq!(run.read(&quick, "stdout"), "said\n");

    // It can be ended before it is anything.
    executor.send(&[Request::Kill { job: slow.clone() }]);
    let end = executor.end_of(&slow);
    assert_eq!((end.signal, end.killed, end.over), (Some(15), true, true));
    assert!(leased.is_none() || run.read(&slow, "stdout").is_empty());

    // It can be taken over, too, before it is known that it will be nothing.
    drop(executor);
    let mut executor = run.executor();
    if withheld.is_some() {
        assert!(matches!(executor.kept(&bad), Standing::Running { .. }));
        drop(withheld);
        assert_not_spawned(&executor, "the interpreter that its first line or its format names");
    }
    executor.send(&[run.script(&quicker, "exit 3")]);
    assert_eq!(executor.end_of(&quicker).exit, Some(3));
    drop(executor);
    run.wait_for_keeper();
    assert!(matches!(run.evidence(&bad), Evidence::NotSpawned(_)));
}

#[test]
fn a_start_that_takes_its_time_outlives_its_keeper_and_does_not_keep_its_lock() {
    let run = Run::new();
    let slow = job("slow");
    let path = run.path().join("slow.sh");
    let up = run.fifo("up");
    let text = format!("#!/bin/sh\nread x < {}\necho ran\n", up.display());
    let held = held_up(&path, &text);
    let mut executor = run.executor();
    executor.send(&[run.start(&slow, &[path.to_str().unwrap()])]);
    while !matches!(executor.next(), Some(Report::Started { .. })) {}
    let killed = Pid::from_raw(executor.greeting.pid.cast_signed()).unwrap();
    rustix::process::kill_process(killed, Signal::KILL).unwrap();
    drop(executor);

    let executor = run.executor();
    assert_ne!(executor.greeting.pid, killed.as_raw_nonzero().get().cast_unsigned());
    assert!(matches!(run.evidence(&slow), Evidence::Orphaned { .. }));
    drop(held);
    crate::harness::say(&up);
    run.wait_for_processes(&slow);
    assert_eq!(run.read(&slow, "stdout"), "ran\n");
}

#[test]
fn what_stayed_empty_is_removed_once_it_is_forgotten() {
    let run = Run::new();
    let mut executor = run.executor();
    executor.send(&[run.script(&job("loud"), "echo said"), run.start(&job("quiet"), &["true"])]);
    let (mut seen, wanted) = (0, 2);
    while seen < wanted {
        seen += usize::from(matches!(executor.next(), Some(Report::Ended { .. })));
    }
    assert!(run.folder(&job("quiet")).join("stdout").exists());
    executor.send(&[Request::Forget { job: job("loud") }, Request::Forget { job: job("quiet") }]);
    drop(executor);
    run.wait_for_keeper();
    let left: Vec<_> = fs::read_dir(run.folder(&job("loud")))
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert_eq!(left, ["stdout"]);
    assert!(!run.folder(&job("quiet")).parent().unwrap().exists());
    assert!(!run.path().join("keeper.log").exists());
    assert!(!run.path().join("keeper.sock").exists());
}

#[test]
fn the_path_of_the_state_folder_may_be_long() {
    let run = Run::below(["a-rather-long-name-of-a-folder-among-many-others"; 8].join("/"));
    let mut executor = run.executor();
    executor.send(&[run.script(&job("a"), "echo here")]);
    assert_eq!(executor.end_of(&job("a")).exit, Some(0));
    drop(executor);
    // The keeper goes with its last executor; another one can be had at any time.
    let mut executor = run.executor();
    executor.send(&[run.script(&job("b"), "echo there")]);
    executor.end_of(&job("b"));
    assert_eq!(run.read(&job("b"), "stdout"), "there\n");
}

#[test]
fn a_keeper_that_cannot_work_says_why() {
    let run = Run::new();
    fs::create_dir(run.path().join("exits")).unwrap();
    let error = Keeper::connect_or_start(run.path(), &executable()).unwrap_err();
    assert!(matches!(error, KeeperError::NotStarted { status: Some(1), .. }), "{error}");
    assert!(error.to_string().contains("Is a directory"), "{error}");
    let error = Keeper::connect_or_start(run.path(), "/no/such/windlass".as_ref()).unwrap_err();
    assert!(error.to_string().contains("`/no/such/windlass`"), "{error}");
    assert!(Keeper::connect(run.path()).unwrap().is_none());
}

#[test]
fn another_version_is_greeted_and_served_nothing() {
    let run = Run::new();
    let executor = run.executor();
    drop(executor);
    run.wait_for_keeper();
    let fifo = run.fifo("go");
    let mut executor = run.executor();
    executor.send(&[run.script(&job("a"), &format!("read x < {}", fifo.display()))]);
    drop(executor);
    let mut stream = raw(&run);
    let twin = serde_json::to_string(&run.script(&job("b"), "true")).unwrap();
    stream
        .write_all(b"{\"request\":\"hello\",\"version\":999,\"env\":{},\"unknown\":1}\n")
        .unwrap();
    stream.write_all(format!("{twin}\n").as_bytes()).unwrap();
    stream.shutdown(std::net::Shutdown::Write).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let lines: Vec<&str> = answer.lines().collect();
    assert!(lines[0].starts_with("{\"report\":\"greeting\",\"version\":1,"), "{answer}");
    assert!(lines[1].starts_with("{\"report\":\"refused\",\"reason\":"), "{answer}");
    assert_eq!(lines.len(), 2);
    crate::harness::say(&fifo);
    run.wait_for_keeper();
    assert!(!run.folder(&job("b")).exists());
}

/// A connection that says nothing by itself.
fn raw(run: &Run) -> UnixStream {
    UnixStream::connect(run.path().join("keeper.sock")).unwrap()
}
