//! `windlass resume`.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use super::arguments::{Place, Resume};
use super::failure::{Failure, JOURNAL, REFUSED};
use super::{actor, known, runbook, work};
use crate::core::evaluate::Evaluate;
use crate::core::expressions::Expressions;
use crate::core::job::Role;
use crate::core::machine::Input;
use crate::core::record::{Actor, Adopted, Record};
use crate::core::state::{Knowledge, State};
use crate::exec;
use crate::journal::{Entry, Journal, RunFolder};
use crate::lock;
use crate::plan::Plan;
use crate::report::next;

pub(super) fn main(place: &Place, arguments: &Resume) -> Result<u8, Failure> {
    let folder = known::find(place, &arguments.run)?;
    let events = work::events(&arguments.working)?;
    let lock = lock::try_lock_run(&folder)?;
    let (journal, contents) = Journal::open::<Record>(&folder.journal())?;
    for warning in &contents.warnings {
        eprintln!("warning: {warning}");
    }
    let (plan, state) = known::rebuild(&folder, &contents.entries)?;
    if state.run().closed {
        // Whoever resumes until a run has succeeded, and was cut off at its very end, has what was wanted.
        eprintln!("run {} has succeeded: nothing is left to do", folder.id());
        return Ok(0);
    }
    let by = actor::this_process();
    on_the_right_host(&folder, &contents.entries, &by)?;
    let (plan, state, adopted) = match &arguments.runbook {
        None => (plan, state, None),
        Some(_) => adopt(&folder, &plan, &state, &contents.entries, arguments)?,
    };
    let jobs = exec::JournalJobs::of(&contents.entries);
    let first = Input::Resumed { by: by.clone(), runbook: adopted };
    work::work(
        work::Job {
            folder,
            lock,
            journal,
            plan,
            state,
            jobs,
            by,
            working: &arguments.working,
            events,
        },
        first,
    )
}

/// What became of a run's jobs can be found out only where its keeper was.
fn on_the_right_host(
    folder: &RunFolder,
    entries: &[Entry<Record>],
    here: &Actor,
) -> Result<(), Failure> {
    let last = entries.iter().rev().find_map(|entry| match &entry.record {
        Record::Opened(opened) => Some(&opened.by),
        Record::Resumed { by, .. } => Some(by),
        _ => None,
    });
    match last {
        Some(there) if there.host != here.host => Err(Failure::new(
            REFUSED,
            format!(
                "run {} was worked on at `{}`, and this is `{}`",
                folder.id(),
                there.host,
                here.host
            ),
        )
        .help(format!(
            "only there can it be known what became of its jobs: type `{}` there",
            next::command(&["resume", folder.id()])
        ))),
        _ => Ok(()),
    }
}

/// Takes over a corrected runbook, unless something that is done or was started has changed in it.
fn adopt(
    folder: &RunFolder,
    old: &Arc<Plan>,
    known: &State,
    entries: &[Entry<Record>],
    arguments: &Resume,
) -> Result<(Arc<Plan>, State, Option<Adopted>), Failure> {
    let path = arguments.runbook.as_deref().expect("it is asked for only where it is given");
    let text = runbook::load(path, &arguments.drivers)?;
    let texts = exec::Texts::of(&text);
    let params = old.params.as_object().cloned().unwrap_or_default();
    let vars = old.vars.as_object().cloned().unwrap_or_default();
    let new = Arc::new(Plan::with_vars(text, params, vars, old.folder.clone()));
    let state = exec::replay(new.graph.clone(), entries, true).map_err(|(seq, unfit)| {
        Failure::new(
            REFUSED,
            format!("the new runbook contradicts record {seq} of the run: {unfit}"),
        )
        .help(format!(
            "`{}` goes on with the runbook that the run has",
            next::command(&["resume", folder.id()])
        ))
    })?;
    let accepted: BTreeSet<&str> = arguments.accept.iter().map(String::as_str).collect();
    let changed: Vec<Change> = changes(folder, known, &new, &state)
        .into_iter()
        .filter(|change| !accepted.contains(change.task.as_str()))
        .collect();
    if !changed.is_empty() {
        return Err(changed_too_much(folder, arguments, &changed));
    }
    let number = known.run().resumes + 1;
    let name = exec::freeze_again(folder, &texts, number)
        .map_err(|error| Failure::new(JOURNAL, error.to_string()))?;
    let adopted =
        Adopted { digest: new.digest.clone(), folder: name, accepted: arguments.accept.clone() };
    Ok((new, state, Some(adopted)))
}

/// Names every change, and the command that accepts them all, with what was accepted already.
fn changed_too_much(folder: &RunFolder, arguments: &Resume, changed: &[Change]) -> Failure {
    let told: Vec<String> = changed.iter().map(Change::to_string).collect();
    let file = arguments.runbook.as_deref().unwrap_or(Path::new("")).to_string_lossy();
    let mut words = vec!["resume", folder.id(), "--runbook", &file];
    for driver in &arguments.drivers.drivers {
        words.extend(["--driver", driver]);
    }
    let accepted = arguments.accept.iter().chain(changed.iter().map(|change| &change.task));
    let mut seen = BTreeSet::new();
    for task in accepted.filter(|task| seen.insert(task.as_str())) {
        words.extend(["--accept", task]);
    }
    Failure::new(
        REFUSED,
        format!("the new runbook changes what is done or was started\n  {}", told.join("\n  ")),
    )
    .help(format!("`{}` accepts this; it is recorded", next::command(&words)))
}

/// A change that matters.
struct Change {
    task: String,
    what: &'static str,
}

impl std::fmt::Display for Change {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "`{}` {}", self.task, self.what)
    }
}

/// What differs between the runbooks about tasks that are done or were started.
fn changes(folder: &RunFolder, known: &State, new: &Arc<Plan>, state: &State) -> Vec<Change> {
    let expressions = Expressions::new(new.clone(), folder.id(), &folder.path().to_string_lossy());
    let mut changes = Vec::new();
    for (id, instance, task) in known.tasks() {
        if task.knowledge == Knowledge::NotBegun {
            continue;
        }
        let mut changed = |what| changes.push(Change { task: instance.id.to_string(), what });
        let Some(there) = state.find(&instance.id).filter(|&there| state.task(there).is_some())
        else {
            changed("is not in it any more");
            continue;
        };
        let effect =
            |state: &State, id| state.graph().task(state.instance(id).node).map(|task| task.effect);
        if effect(known, id) != effect(state, there) {
            changed("has another effect");
        } else if let Some(digest) = &task.digest {
            match expressions.command(state, there, Role::Action) {
                Ok(command) if command.digest() == **digest => {}
                Ok(_) => changed("has another command"),
                Err(_) => changed("has a command that cannot be rendered any more"),
            }
        }
        if state
            .node(there)
            .needs
            .iter()
            .any(|&slot| is_new(known, state, state.sibling(there, slot)))
        {
            changes
                .push(Change { task: instance.id.to_string(), what: "needs a step that is new" });
        }
    }
    changes
}

/// Whether an instance of the new runbook has no counterpart in the old one.
fn is_new(known: &State, state: &State, id: crate::core::state::InstanceId) -> bool {
    known.find(&state.instance(id).id).is_none()
}
