//! The cases: what is measured, and who else can do the same work.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Command;

use crate::case::{Bench, Case, Contestant, Prepared};
use crate::{conditions, growth};

/// How many jobs run at a time in every case that starts some.
const AT_A_TIME: usize = 2;

pub(crate) fn all() -> Vec<Case> {
    vec![
        Case {
            name: "read: 10,000 independent tasks",
            goal: "at most 1.15 times the floor",
            prepare: |bench| independent(bench, "read"),
        },
        Case {
            name: "once: 10,000 independent tasks, each start durable",
            goal: "at most 1.7 times the floor",
            prepare: |bench| independent(bench, "once"),
        },
        Case { name: "chain: 2,000 tasks", goal: "at most 1.2 times the floor", prepare: chain },
        Case {
            name: "outputs: 100,000 items of five steps",
            goal: "none",
            prepare: |bench| {
                let count = bench.scaled(100_000);
                let floor = Contestant::floor(5 * count, AT_A_TIME);
                Ok(vec![floor, growth::items(bench, count)?])
            },
        },
        Case { name: "diamond: 300 tasks, then 300", goal: "none", prepare: diamond },
        Case { name: "locks: 2,000 claims", goal: "none", prepare: locks },
        Case {
            name: "resume: 100,000 tasks, one of which has failed",
            goal: "at most 1 s until it starts, and 250 MB",
            prepare: resume,
        },
        Case { name: "status: of a run with 100,000 tasks", goal: "none", prepare: status },
        Case { name: "journal: 1,000,000 records", goal: "none", prepare: journal },
        Case { name: "logs: 1 GB", goal: "none; beside cat", prepare: logs },
        Case {
            name: "plan: 1,000,000 items",
            goal: "none",
            prepare: |bench| Ok(vec![growth::plan(bench, bench.scaled(1_000_000))?]),
        },
        Case { name: "check: 1,000 files", goal: "none", prepare: files },
        Case { name: "version", goal: "at most 5 ms", prepare: version },
        Case { name: "shipped: check of move-mailboxes", goal: "at most 15 ms", prepare: shipped },
    ]
}

/// A runbook with one step for each item of a list of so many.
pub(crate) fn fan_out(
    folder: &Path,
    count: usize,
    effect: &str,
    more: &str,
) -> std::io::Result<()> {
    let items: String = (0..count).map(|number| format!("i{number}\n")).collect();
    fs::write(folder.join("items.txt"), items)?;
    let step = format!("effect: {effect}, run: [/bin/true]{more}");
    let book = format!(
        "windlass: 1\nname: bench\nparams: {{items: {{type: array}}}}\nsteps:\n  \
         each: {{for_each: {{items: params.items, as: item}}, {step}}}\n"
    );
    fs::write(folder.join("book.yaml"), book)
}

pub(crate) const RUN: [&str; 6] = ["run", "book.yaml", "-p", "items=@items.txt", "--jobs", "2"];

fn independent(bench: &Bench, effect: &str) -> Prepared {
    let count = bench.scaled(10_000);
    let folder = bench.folder("independent")?;
    fan_out(&folder, count, effect, "")?;
    let mut contestants = vec![Contestant::floor(count, AT_A_TIME), bench.windlass(&folder, &RUN)];
    let targets: String = (0..count).map(|number| format!(" t{number}")).collect();
    contestants
        .extend(make(&folder, &format!("all:{targets}\n{}:\n\t@/bin/true\n", &targets[1..]))?);
    let builds: String = (0..count).map(|number| format!("build t{number}: true\n")).collect();
    contestants.extend(ninja(&folder, &builds)?);
    let parallel = ["parallel", "-j2", "--joblog", "joblog", "/bin/true", "::::", "items.txt"];
    let parallel = Contestant::peer(&parallel, &folder);
    contestants.extend(parallel.map(|peer| peer.forgets(folder.join("joblog"))));
    Ok(contestants)
}

fn chain(bench: &Bench) -> Prepared {
    let count = bench.scaled(2_000);
    let folder = bench.folder("chain")?;
    let mut book = "windlass: 1\nname: chain\nsteps:\n".to_owned();
    let (mut rules, mut builds) = (format!("all: t{}\n", count - 1), String::new());
    for number in 0..count {
        let (needs, before) = match number.checked_sub(1) {
            None => (String::new(), String::new()),
            Some(before) => (format!(", needs: [s{before}]"), format!(" t{before}")),
        };
        writeln!(book, "  s{number}: {{effect: read, run: [/bin/true]{needs}}}")?;
        writeln!(rules, "t{number}:{before}\n\t@/bin/true")?;
        writeln!(builds, "build t{number}: true{before}")?;
    }
    fs::write(folder.join("book.yaml"), book)?;
    let mut contestants = vec![
        Contestant::floor(count, 1),
        bench.windlass(&folder, &["run", "book.yaml", "--jobs", "2"]),
    ];
    contestants.extend(make(&folder, &rules)?);
    contestants.extend(ninja(&folder, &builds)?);
    Ok(contestants)
}

/// Every task of the second half needs every task of the first.
fn diamond(bench: &Bench) -> Prepared {
    let side = bench.scaled(300);
    let folder = bench.folder("diamond")?;
    let first: Vec<String> = (0..side).map(|number| format!("a{number}")).collect();
    let needs = first.join(", ");
    let mut book = "windlass: 1\nname: diamond\nsteps:\n".to_owned();
    let (mut rules, mut builds) = (String::new(), String::new());
    let targets: Vec<String> = (0..side).map(|number| format!("b{number}")).collect();
    writeln!(rules, "all: {}", targets.join(" "))?;
    for name in &first {
        writeln!(book, "  {name}: {{effect: read, run: [/bin/true]}}")?;
        writeln!(rules, "{name}:\n\t@/bin/true")?;
        writeln!(builds, "build {name}: true")?;
    }
    for name in &targets {
        writeln!(book, "  {name}: {{effect: read, run: [/bin/true], needs: [{needs}]}}")?;
        writeln!(rules, "{name}: {}\n\t@/bin/true", first.join(" "))?;
        writeln!(builds, "build {name}: true {}", first.join(" "))?;
    }
    fs::write(folder.join("book.yaml"), book)?;
    let mut contestants = vec![
        Contestant::floor(2 * side, AT_A_TIME),
        bench.windlass(&folder, &["run", "book.yaml", "--jobs", "2"]),
    ];
    contestants.extend(make(&folder, &rules)?);
    contestants.extend(ninja(&folder, &builds)?);
    Ok(contestants)
}

fn locks(bench: &Bench) -> Prepared {
    let count = bench.scaled(2_000);
    let (folder, without) = (bench.folder("locks")?, bench.folder("no-locks")?);
    fan_out(&folder, count, "idempotent", ", locks: [\"mailbox:{{ item }}\"]")?;
    fan_out(&without, count, "idempotent", "")?;
    Ok(vec![
        Contestant::floor(count, AT_A_TIME),
        bench.windlass(&without, &RUN).named("windlass without locks"),
        bench.windlass(&folder, &RUN).named("windlass with locks"),
    ])
}

/// A run of which all is done but one task, which goes well from now on.
fn resume(bench: &Bench) -> Prepared {
    let count = bench.scaled(100_000);
    let folder = bench.folder("resume")?;
    fan_out(&folder, count, "read", "")?;
    let book = fs::read_to_string(folder.join("book.yaml"))?;
    let fails = "run: [sh, -c, 'test \"$0\" != i7 || test -e mended', \"{{ item }}\"]";
    let book = book.replace("run: [/bin/true]", fails);
    let book = book.replace("as: item}", "as: item, max_failures: 1}");
    fs::write(folder.join("book.yaml"), book)?;
    let kept = folder.join("kept");
    let status = Command::new(&bench.windlass)
        .arg("--state-dir")
        .arg(&kept)
        .args(RUN)
        .args(["--run-id", "big"])
        .current_dir(&folder)
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .status()?;
    if status.code() != Some(1) {
        return Err(format!("a run with one failed task ends with {status}").into());
    }
    fs::write(folder.join("mended"), "")?;
    let state = folder.join("state");
    let mut contestant = bench.windlass_on(&state, &folder, &["resume", "big", "--jobs", "2"]);
    contestant.reset = Some(Box::new(move || {
        let _ = fs::remove_dir_all(&state);
        let copied = Command::new("cp").arg("-a").arg(&kept).arg(&state).status()?;
        copied.success().then_some(()).ok_or_else(|| std::io::Error::other("cp failed"))
    }));
    Ok(vec![contestant])
}

/// A run of that many tasks, finished, in the state folder that is returned.
fn finished(
    bench: &Bench,
    name: &str,
    count: usize,
) -> Result<Contestant, Box<dyn std::error::Error>> {
    let folder = bench.folder(name)?;
    fan_out(&folder, count, "read", "")?;
    let contestant = bench.windlass(&folder, &RUN);
    crate::measure::once(&contestant)?;
    Ok(contestant)
}

fn status(bench: &Bench) -> Prepared {
    finished(bench, "status", bench.scaled(100_000))?;
    let folder = bench.folder.join("status");
    let status = |arguments: &[&str]| bench.windlass_on(&folder.join("state"), &folder, arguments);
    Ok(vec![status(&["status"]), status(&["status", "--format", "json"]).named("windlass, json")])
}

/// A condition has one record, that of its end.
fn journal(bench: &Bench) -> Prepared {
    Ok(vec![conditions::journal(bench, bench.scaled(1_000_000))?])
}

fn logs(bench: &Bench) -> Prepared {
    let folder = bench.folder("logs")?;
    let lines = bench.scaled(20_000_000);
    let book = format!(
        "windlass: 1\nname: logs\nsteps:\n  long: {{effect: read, shell: \"yes 'forty-nine characters and one for the end of the line' | head -n {lines}\"}}\n"
    );
    fs::write(folder.join("book.yaml"), book)?;
    crate::measure::once(&bench.windlass(&folder, &["run", "book.yaml", "--run-id", "long"]))?;
    let state = folder.join("state");
    let mut contestants = vec![bench.windlass_on(&state, &folder, &["logs", "long", "long"])];
    contestants.extend(Contestant::peer(&["cat", "state/runs/long/tasks/long/1/stdout"], &folder));
    Ok(contestants)
}

fn files(bench: &Bench) -> Prepared {
    let folder = bench.folder("files")?;
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("runbooks");
    let book = fs::read_to_string(shipped.join("move-mailboxes.yaml"))?;
    fs::create_dir_all(folder.join("books/drivers"))?;
    fs::copy(shipped.join("drivers/maillab.yaml"), folder.join("books/drivers/maillab.yaml"))?;
    for number in 0..bench.scaled(1_000) {
        fs::write(folder.join(format!("books/book{number}.yaml")), &book)?;
    }
    Ok(vec![bench.windlass(&folder, &["check", "books"])])
}

fn version(bench: &Bench) -> Prepared {
    let folder = bench.folder("version")?;
    Ok(vec![Contestant::floor(1, 1), bench.windlass(&folder, &["--version"])])
}

fn shipped(bench: &Bench) -> Prepared {
    let folder = bench.folder("shipped")?;
    let book = Path::new(env!("CARGO_MANIFEST_DIR")).join("runbooks/move-mailboxes.yaml");
    let book = book.display().to_string();
    Ok(vec![Contestant::floor(1, 1), bench.windlass(&folder, &["check", &book])])
}

fn make(folder: &Path, rules: &str) -> std::io::Result<Option<Contestant>> {
    fs::write(folder.join("Makefile"), rules)?;
    Ok(Contestant::peer(&["make", "-j2"], folder))
}

fn ninja(folder: &Path, builds: &str) -> std::io::Result<Option<Contestant>> {
    fs::write(folder.join("build.ninja"), format!("rule true\n  command = /bin/true\n{builds}"))?;
    let peer = Contestant::peer(&["ninja", "-j2"], folder);
    Ok(peer.map(|peer| peer.forgets(folder.join(".ninja_log"))))
}
