//! `windlass plan --probe`: what the world has said before anything is done, on a laboratory that is half migrated.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;
use tempfile::TempDir;

use super::planning::{differences, files_below, task};
use super::printed;

/// A laboratory of four mailboxes in a folder of its own.
struct Bench {
    folder: TempDir,
}

impl Bench {
    fn new() -> Self {
        let bench = Self { folder: TempDir::new().unwrap() };
        bench.maillab(&["init", "--mailboxes", "4", "--messages", "3"]);
        bench
    }

    fn here(&self) -> &Path {
        self.folder.path()
    }

    fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        let path = env::var_os("PATH").unwrap_or_default();
        let folders = [examples()].into_iter().chain(env::split_paths(&path));
        command
            .current_dir(self.here())
            .env("PATH", env::join_paths(folders).unwrap())
            .env("MAILLAB_DIR", self.here().join("lab"))
            .env("WINDLASS_STATE_DIR", self.here().join("state"))
            .env("WINDLASS_LOCKS_DIR", self.here().join("locks"));
        command
    }

    fn maillab(&self, arguments: &[&str]) -> Output {
        self.command(&examples().join("maillab")).args(arguments).output().unwrap()
    }

    fn windlass(&self, arguments: &[&str]) -> Output {
        let windlass = Path::new(env!("CARGO_BIN_EXE_windlass"));
        self.command(windlass).args(arguments).output().unwrap()
    }

    /// The plan of the shipped runbook for all mailboxes.
    fn plan(&self, more: &[&str]) -> String {
        let book = Path::new(env!("CARGO_MANIFEST_DIR")).join("runbooks/move-mailboxes.yaml");
        let given = ["-p", "mailboxes=[alice, bob, carol, david]", "-p", "source=old"];
        let words = [&["plan", book.to_str().unwrap(), "-p", "target=new"], &given[..], more];
        let output = self.windlass(&words.concat());
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }
}

/// The folder of the built examples, beside the one of the tests.
fn examples() -> PathBuf {
    let test = env::current_exe().unwrap();
    test.ancestors().nth(2).unwrap().join("examples")
}

#[test]
fn a_half_migrated_laboratory_is_told_mailbox_by_mailbox_and_left_as_it_is() {
    let bench = Bench::new();
    assert!(bench.maillab(&["move", "alice", "--from", "old", "--to", "new"]).status.success());
    for (mailbox, fault) in [("bob", "wrong-server-sync"), ("carol", "dies-copying")] {
        bench.maillab(&["fault", fault, "--mailbox", mailbox]);
        let stranded = bench.maillab(&["move", mailbox, "--from", "old", "--to", "new"]);
        assert!(!stranded.status.success(), "{mailbox}");
    }
    // The laboratory makes its lock for a mailbox when that is first looked at.
    bench.maillab(&["locate", "david"]);
    let before = files_below(bench.here());
    let plan: Value = serde_json::from_str(&bench.plan(&["--probe", "--format", "json"])).unwrap();
    let text = bench.plan(&["--probe"]);
    let changed = differences(&before, &files_below(bench.here()));
    assert_eq!(changed, Vec::<PathBuf>::new(), "neither the laboratory nor a state folder");
    for (mailbox, verdict, found) in [
        ("alice", "found_done", "done"),
        ("bob", "needs_repair", "stranded"),
        ("carol", "needs_repair", "half_copied"),
        ("david", "will_run", "absent"),
    ] {
        let told = task(&plan, &format!("waves[wave_1].mailboxes[{mailbox}].move"));
        assert_eq!((&told["verdict"], &told["found"]), (&verdict.into(), &found.into()));
        let backup = task(&plan, &format!("waves[wave_1].mailboxes[{mailbox}].backup"));
        assert_eq!(backup["verdict"], "will_run", "nothing is asked of what has no probe");
    }
    let sweep = ["maillab", "sweep", "bob", "--to", "new"];
    let repair = &task(&plan, "waves[wave_1].mailboxes[bob].move")["repair"];
    assert_eq!(repair[0], Value::from(sweep.to_vec()));
    for line in [
        "      1 already done:\n        waves[wave_1].mailboxes[alice].move: its probe finds it `done`\n",
        "      2 will be repaired:\n",
        "          repaired by $ maillab sweep bob --to new\n",
        "          repaired by $ maillab set-home carol new\n",
        "      1 will run\n",
        "      not begun anew: $ maillab move alice --from old --to new\n",
        "1 already done, 2 to be repaired",
    ] {
        assert!(text.contains(line), "{line}: {text}");
    }
    let unasked = bench.plan(&[]);
    assert!(!unasked.contains("as the world is now") && !unasked.contains("already done"));
}

#[test]
fn what_a_probe_cannot_say_is_never_taken_for_nothing() {
    let folder = TempDir::new().unwrap();
    let here = folder.path();
    let text = r#"
windlass: 1
name: asked
steps:
  fails: {run: [touch, f], probe: {shell: 'echo broken >&2; exit 7', states: {absent: "true", done: "true"}}}
  silent: {run: [touch, f], probe: {run: [echo, x], states: {done: out.stdout == "y", absent: out.stdout == "z"}}}
  missing: {run: [touch, f], probe: {run: [no-such-program], states: {absent: "true", done: "true"}}}
  stops: {run: [touch, f], probe: {run: [echo, x], states: {odd: {when: "true", stop: "it is {{ out.stdout }}"}, absent: "true", done: "true"}}}
  runs: {run: [touch, f], probe: {run: [echo, x], states: {running: {when: "true", wait: {every: 1s}}, absent: "true", done: "true"}}}
  refuses: {run: [touch, f], probe: {run: [echo, x], found: refuse, states: {done: "true", absent: "true"}}}
  own: {run: [touch, f], probe: {run: [echo, "{{ run.id }}"], states: {absent: "true", done: "true"}}}
  hangs: {run: [touch, f], probe: {run: [sleep, "1000"], timeout: 1ms, states: {absent: "true", done: "true"}}}
  after: {needs: [stops], effect: read, run: [ls]}
"#;
    fs::write(here.join("book.yaml"), text).unwrap();
    let told = printed(here, &["plan", "book.yaml", "--probe", "--format", "json"]);
    let plan: Value = serde_json::from_str(&told).unwrap();
    for (id, verdict, reason) in [
        ("fails", "unknown", "exited with 7 (broken), so it is not known"),
        ("silent", "unknown", "no state of its probe holds"),
        ("missing", "unknown", "`no-such-program` was not found"),
        ("stops", "stop", "its probe finds it `odd`: it is x"),
        ("runs", "running", "its probe finds it `running`"),
        ("refuses", "stop", "which `found: refuse` forbids"),
        ("own", "unknown", "the id or the folder of the run"),
        ("hangs", "unknown", "its time was up"),
        ("after", "stop", "it needs stops, which will not end well"),
    ] {
        let task = task(&plan, id);
        let why = task["reason"].as_str().unwrap();
        assert!(task["verdict"] == verdict && why.contains(reason), "{id}: {task:#}");
    }
    assert!(!here.join("f").exists() && !here.join("state").exists());
}

#[test]
fn what_a_setting_is_now_is_read() {
    let folder = TempDir::new().unwrap();
    let here = folder.path();
    let text = r#"
windlass: 1
name: read
settings:
  a: {get: {run: [cat, a]}, set: {run: [touch, f]}, to: never, around: [work]}
  b: {get: {run: [cat, b]}, set: {run: [touch, f]}, to: never, around: [work]}
steps:
  work: {effect: read, run: [ls]}
"#;
    fs::write(here.join("book.yaml"), text).unwrap();
    fs::write(here.join("a"), "nightly\n").unwrap();
    fs::write(here.join("b"), "never\n").unwrap();
    let told = printed(here, &["plan", "book.yaml", "--probe"]);
    assert!(told.contains("a is \"nightly\" now, is made \"never\" around work"), "{told}");
    assert!(
        told.contains("b cannot be changed: the temporary value is in force already"),
        "{told}"
    );
    assert!(!here.join("f").exists());
}

#[test]
fn what_a_setting_surrounds_that_cannot_be_changed_will_stop_and_so_will_what_needs_it() {
    let folder = TempDir::new().unwrap();
    let here = folder.path();
    let text = r#"
windlass: 1
name: barred
settings:
  held: {get: {run: [cat, held]}, set: {run: [touch, f]}, to: never, around: [work, boxes, passed_over]}
  open: {get: {run: [cat, open]}, set: {run: [touch, f]}, to: never, around: [beside]}
steps:
  first: {effect: read, run: [ls]}
  work: {needs: [first], run: [touch, f]}
  boxes:
    for_each: {items: "['a', 'b']", as: box}
    steps: {move: {run: [touch, "{{ box }}"]}}
  passed_over: {when: "1 > 2", run: [touch, f]}
  behind: {needs: [work], effect: read, run: [ls]}
  restored: {needs: ["held:restored"], effect: read, run: [ls]}
  beside: {effect: read, run: [ls]}
"#;
    fs::write(here.join("book.yaml"), text).unwrap();
    fs::write(here.join("held"), "never\n").unwrap();
    fs::write(here.join("open"), "always\n").unwrap();
    let told = printed(here, &["plan", "book.yaml", "--probe", "--format", "json"]);
    let plan: Value = serde_json::from_str(&told).unwrap();
    let around = "the setting held around it cannot be changed: the temporary value is in force";
    for (id, verdict, reason) in [
        ("first", "will_run", ""),
        ("work", "stop", around),
        ("boxes[?].move", "stop", around),
        ("passed_over", "skip", "its `when` is false"),
        ("behind", "stop", "it needs work, which will not end well"),
        ("restored", "stop", "it needs held, which will not end well"),
        ("beside", "will_run", ""),
    ] {
        let task = task(&plan, id);
        let why = task["reason"].as_str().unwrap_or_default();
        assert!(task["verdict"] == verdict && why.starts_with(reason), "{id}: {task:#}");
    }
    let unasked = printed(here, &["plan", "book.yaml"]);
    assert!(unasked.contains("8 tasks: 7 will run, 1 will be skipped"), "{unasked}");
    assert!(!here.join("f").exists());
}
