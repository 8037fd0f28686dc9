//! Embeds windlass in a program of one's own: reads a runbook, runs it, and watches its facts.
//!
//!     cargo run --example embed
//!
//! Jobs are started by a keeper, a process that outlives the program; it is this same program, called with `keeper FOLDER`.

use std::error::Error;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use serde_json::json;
use windlass::core::expressions::Expressions;
use windlass::core::machine::Input;
use windlass::core::record::{Actor, Opened, Record};
use windlass::core::state::State;
use windlass::exec::{Ending, Executor, Fact, JournalJobs, Observer, Run, Texts, freeze, now};
use windlass::journal::{Journal, StateFolder};
use windlass::plan::Plan;
use windlass::{diag, keeper, lock, spec};

const RUNBOOK: &str = r#"
windlass: 1
name: greetings
params:
  names: {type: array, items: {type: string}}
steps:
  greet:
    for_each: {items: params.names, as: name}
    effect: read
    run: [echo, "good morning, {{ name }}"]
    outputs: {said: "{{ out.stdout }}"}
"#;

/// Prints what every task said, as soon as it is known.
struct Listener;

impl Observer for Listener {
    fn fact(&mut self, fact: &Fact, _state: &State) {
        if let Record::OutputsKept { task, outputs } = &fact.record {
            println!("{task}: {}", outputs["said"]);
        }
    }
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().collect();
    if let [_, command, folder] = arguments.as_slice()
        && command == "keeper"
    {
        return if keeper::keep(Path::new(folder)).is_ok() {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        };
    }
    match run() {
        Ok(Ending::Finished) => ExitCode::SUCCESS,
        Ok(ending) => {
            eprintln!("the run came to no good end: {ending:?}");
            ExitCode::FAILURE
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<Ending, Box<dyn Error>> {
    let home = std::env::temp_dir().join(format!("windlass-embed-{}", std::process::id()));
    std::fs::create_dir_all(&home)?;
    let file = home.join("greetings.yaml");
    std::fs::write(&file, RUNBOOK)?;

    let loaded =
        spec::load::load(&file, &[]).map_err(|found| diag::render::report(&found, false))?;
    let texts = Texts::of(&loaded.runbook);
    let params = json!({"names": ["alice", "bob", "carol"]});
    let plan =
        Plan::new(loaded.runbook, params.as_object().cloned().unwrap_or_default(), home.clone())
            .map_err(|error| error.message)?;
    let plan = Arc::new(plan);

    let states = StateFolder::locate(Some(&home.join("state")))?;
    states.create()?;
    let folder = states.new_run(None, now())?;
    let lock = lock::try_lock_run(&folder)?;
    freeze(&folder, &texts, &plan.params)?;
    let journal = Journal::create(&folder.journal(), folder.id(), now())?;

    let by = Actor {
        user: "example".to_owned(),
        host: "localhost".to_owned(),
        pid: Some(std::process::id()),
        boot: Some(keeper::boot_id()),
    };
    let opened = opened(&plan, folder.id(), &by, &home);
    let expressions = Expressions::new(plan.clone(), folder.id(), &folder.path().to_string_lossy());
    let state = State::new(plan.graph.clone());
    let jobs = JournalJobs::default();
    let taken = Run { folder, lock, journal, state, jobs, expressions, actor: by };
    let executor = Executor::new(taken, 2, vec![Box::new(Listener)])?;
    let (ending, state) = executor.run(Input::Opened(Box::new(opened)));
    println!("{} of {} tasks are done", state.tally().done(), state.tally().total);
    std::fs::remove_dir_all(&home)?;
    Ok(ending)
}

fn opened(plan: &Plan, run: &str, by: &Actor, folder: &Path) -> Opened {
    Opened {
        run: run.to_owned(),
        runbook: plan.name.clone(),
        title: plan.title.clone(),
        digest: plan.digest.clone(),
        by: by.clone(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        folder: folder.display().to_string(),
        vars: plan.vars.clone(),
    }
}
