//! The main job: the shipped runbook moves real mail in the laboratory, its executor is killed at moments picked by a seed, and
//! after the last resume every message is at its home exactly once.
//!
//! `WINDLASS_KILLS=20 cargo test --test main_job` kills more often; `WINDLASS_SEED` picks other moments.

#![expect(clippy::unwrap_used, reason = "what a test cannot do without may stop it")]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use tempfile::TempDir;

const MAILBOXES: usize = 6;

struct Laboratory {
    folder: TempDir,
    commands: PathBuf,
}

impl Laboratory {
    fn of(mailboxes: usize) -> Self {
        let examples = Path::new(env!("CARGO_BIN_EXE_windlass")).parent().unwrap().join("examples");
        assert!(
            examples.join("maillab").exists(),
            "`cargo test` builds the laboratory; so does `cargo build --example maillab`"
        );
        let laboratory = Self { folder: TempDir::new().unwrap(), commands: examples };
        let mailboxes = mailboxes.to_string();
        laboratory.maillab(&["init", "--mailboxes", &mailboxes, "--messages", "5"]);
        let list = laboratory.maillab(&["list"]);
        fs::write(laboratory.path("mailboxes.txt"), list.stdout).unwrap();
        laboratory
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn command(&self, program: &Path, arguments: &[&str]) -> Command {
        let mut command = Command::new(program);
        let path = std::env::var("PATH").unwrap();
        command
            .args(arguments)
            .env("PATH", format!("{}:{path}", self.commands.display()))
            .env("MAILLAB_DIR", self.path("laboratory"))
            .env("WINDLASS_STATE_DIR", self.path("state"))
            .env("WINDLASS_LOCKS_DIR", self.path("locks"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        command
    }

    #[track_caller]
    fn maillab(&self, arguments: &[&str]) -> Output {
        let mut command = self.command(&self.commands.join("maillab"), arguments);
        let output = command.stdout(Stdio::piped()).stderr(Stdio::piped()).output().unwrap();
        assert!(
            output.status.success(),
            "{}{}",
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
        output
    }

    fn windlass(&self, arguments: &[&str]) -> Child {
        self.command(Path::new(env!("CARGO_BIN_EXE_windlass")), arguments).spawn().unwrap()
    }

    fn run(&self) -> Child {
        self.run_command().spawn().unwrap()
    }

    fn run_command(&self) -> Command {
        let runbook = concat!(env!("CARGO_MANIFEST_DIR"), "/runbooks/move-mailboxes.yaml");
        let mailboxes = format!("mailboxes=@{}", self.path("mailboxes.txt").display());
        let parameters = [
            "-p",
            &mailboxes,
            "-p",
            "source=old",
            "-p",
            "target=new",
            "-p",
            "wave_size=4",
            "--run-id",
            "main",
        ];
        let arguments = [&["run", runbook], parameters.as_slice()].concat();
        self.command(Path::new(env!("CARGO_BIN_EXE_windlass")), &arguments)
    }

    /// Lines in the run's journal so far.
    fn records(&self) -> usize {
        let journal = self.path("state/runs/main/journal.jsonl");
        fs::read(journal).map_or(0, |bytes| bytes.iter().filter(|&&byte| byte == b'\n').count())
    }
}

/// Waits until the journal has grown to that many lines, or the executor has ended; `true` if it was killed.
fn kill_at(laboratory: &Laboratory, executor: &mut Child, records: usize) -> bool {
    loop {
        if executor.try_wait().unwrap().is_some() {
            return false;
        }
        if laboratory.records() >= records {
            executor.kill().unwrap();
            executor.wait().unwrap();
            return true;
        }
        std::thread::yield_now();
    }
}

#[test]
fn a_migration_whose_executor_is_killed_again_and_again_loses_nothing() {
    let seed = std::env::var("WINDLASS_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(1);
    let kills =
        std::env::var("WINDLASS_KILLS").ok().and_then(|kills| kills.parse().ok()).unwrap_or(8);
    println!("WINDLASS_SEED={seed} WINDLASS_KILLS={kills}");
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    let laboratory = Laboratory::of(MAILBOXES);
    let enough = laboratory.path("enough");
    let drip = ["drip", "--every", "20ms", "--until-file", enough.to_str().unwrap()];
    let mut mail = laboratory.command(&laboratory.commands.join("maillab"), &drip).spawn().unwrap();

    let mut executor = laboratory.run();
    let mut killed = 0;
    while killed < kills
        && kill_at(&laboratory, &mut executor, laboratory.records() + random.random_range(1..20))
    {
        killed += 1;
        executor = laboratory.windlass(&["resume", "main"]);
    }
    let ended = executor.wait().unwrap();
    fs::write(&enough, "").unwrap();
    assert!(mail.wait().unwrap().success());

    let status = laboratory
        .command(Path::new(env!("CARGO_BIN_EXE_windlass")), &["status", "main"])
        .stdout(Stdio::piped())
        .output();
    assert_eq!(
        ended.code(),
        Some(0),
        "after {killed} kills:\n{}",
        String::from_utf8_lossy(&status.unwrap().stdout)
    );
    assert!(killed > 0, "it was killed at least once");
    laboratory.maillab(&["audit"]);
    nothing_was_moved_twice(&laboratory);
}

/// Every move was started once in the life of the run, whatever happened to its executor: by the keeper's own notes.
fn nothing_was_moved_twice(laboratory: &Laboratory) {
    let run = laboratory.path("state/runs/main");
    let lines = |name: &str| -> Vec<serde_json::Value> {
        let text = fs::read_to_string(run.join(name)).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    };
    let journal = lines("journal.jsonl");
    let dangerous = |job: &serde_json::Value| {
        let is = |record: &serde_json::Value| {
            record["event"] == "job_starting"
                && record["effect"] == "once"
                && record["task"] == job["task"]
                && record["attempt"] == job["attempt"]
        };
        journal.iter().any(is)
    };
    let started = lines("exits")
        .into_iter()
        .filter(|note| note.get("started").is_some() && dangerous(&note["job"]));
    let mut moves: Vec<String> =
        started.map(|note| note["job"]["task"].as_str().unwrap().to_owned()).collect();
    let all = moves.len();
    moves.sort();
    moves.dedup();
    assert_eq!((moves.len(), all), (MAILBOXES, MAILBOXES), "{moves:?}");
}

/// In the place of `maillab`: the first move of a mailbox ends in the middle, after as many stages as a file of its name has lines.
const ENDS_IN_THE_MIDDLE: &str = r#"#!/bin/sh
if [ "$1" = move ] && mv "$STAGES/$2" "$STAGES/$2.taken" 2> "$STAGES/$2.none"; then
  exec "$MAILLAB" --step "$@" < "$STAGES/$2.taken"
fi
exec "$MAILLAB" "$@"
"#;

/// The probe says where the data of a mailbox is, and what was begun is finished in the same run.
#[test]
fn a_move_that_ends_at_any_stage_is_finished() {
    let laboratory = Laboratory::of(15);
    let (bin, stages) = (laboratory.path("bin"), laboratory.path("stages"));
    fs::create_dir(&bin).unwrap();
    fs::create_dir(&stages).unwrap();
    fs::write(bin.join("maillab"), ENDS_IN_THE_MIDDLE).unwrap();
    fs::set_permissions(bin.join("maillab"), fs::Permissions::from_mode(0o755)).unwrap();
    let mailboxes = fs::read_to_string(laboratory.path("mailboxes.txt")).unwrap();
    for (mailbox, after) in mailboxes.lines().zip(1..) {
        fs::write(stages.join(mailbox), "\n".repeat(after)).unwrap();
    }
    let mut run = laboratory.run_command();
    let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap());
    run.env("PATH", path).env("STAGES", &stages);
    run.env("MAILLAB", laboratory.commands.join("maillab"));
    let ended = run.stderr(Stdio::piped()).output().unwrap();
    let said = String::from_utf8_lossy(&ended.stderr);
    assert_eq!(ended.status.code(), Some(0), "{said}");
    laboratory.maillab(&["audit"]);
    for state in ["half_copied", "stranded", "half_retired", "done"] {
        assert!(said.contains(&format!("its probe finds it `{state}`")), "{state} in {said}");
    }
}
