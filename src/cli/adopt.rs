//! Taking a corrected runbook over into a run that has begun.
//!
//! Does not know what the corrections are for: it compares what is done or was started with what the new text says of it.

use std::collections::btree_map::Entry as Place;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::Path;
use std::sync::Arc;

use super::arguments::Resume;
use super::failure::{Failure, JOURNAL, REFUSED, USAGE};
use super::runbook;
use crate::core::evaluate::Evaluate;
use crate::core::expressions::Expressions;
use crate::core::job::Role;
use crate::core::record::{Adopted, Record};
use crate::core::state::{InstanceId, Knowledge, Named, Phase, State};
use crate::exec;
use crate::journal::{Entry, RunFolder};
use crate::plan::Plan;
use crate::report::next;
use crate::spec::model::Effect;

/// Takes over a corrected runbook, unless something that is done or was started has changed in it.
pub(super) fn adopt(
    folder: &RunFolder,
    old: &Arc<Plan>,
    known: &State,
    entries: &[Entry<Record>],
    arguments: &Resume,
) -> Result<(Arc<Plan>, State, Option<Adopted>), Failure> {
    let path = arguments.runbook.as_deref().expect("it is asked for only where it is given");
    accepts_tasks(folder, known, &arguments.accept)?;
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
    let too_late = too_late(known, &state);
    if !too_late.is_empty() {
        return Err(comes_too_late(&too_late));
    }
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

/// Whoever accepts something by a name that accepts nothing has meant something else.
fn accepts_tasks(folder: &RunFolder, known: &State, accept: &[String]) -> Result<(), Failure> {
    for name in accept {
        match known.named(name) {
            Some(Named::Instance(id)) if known.task(id).is_some() => {}
            Some(_) => {
                let wrong = format!("`--accept {name}`: this is not a task");
                return Err(Failure::new(USAGE, wrong).help("its tasks are accepted one by one"));
            }
            None => return Err(super::known::unknown_task(USAGE, folder.id(), known, name)),
        }
    }
    Ok(())
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

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` {}", self.task, self.what)
    }
}

/// Whether a task has begun to wait for people or for a time.
fn is_waiting(phase: Phase) -> bool {
    matches!(phase, Phase::Awaiting | Phase::Sleeping(_))
}

/// What differs between the runbooks about tasks that are done or were started.
fn changes(folder: &RunFolder, known: &State, new: &Arc<Plan>, state: &State) -> Vec<Change> {
    let expressions = Expressions::new(new.clone(), folder.id(), &folder.path().to_string_lossy());
    let mut changes = Vec::new();
    for (id, instance, task) in known.tasks() {
        if task.knowledge == Knowledge::NotBegun && !is_waiting(task.phase) {
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
        let kind = |state: &State, id| {
            let work = state.graph().task(state.instance(id).node).map(|task| task.work);
            work.as_ref().map(std::mem::discriminant)
        };
        if kind(known, id) != kind(state, there) {
            changed("is done in another way");
        } else if effect(known, id) != effect(state, there) {
            changed("has another effect");
        } else if let Some(digest) = &task.digest {
            match expressions.command(state, there, Role::Action) {
                Ok(command) if command.digest() == **digest => {}
                Ok(_) => changed("has another command"),
                Err(_) => changed("has a command that cannot be rendered any more"),
            }
        }
    }
    changes
}

/// Names what is new and would come before something that was started. No operator can accept that: it cannot be made up for.
fn comes_too_late(found: &[(String, String)]) -> Failure {
    let told: Vec<String> = found
        .iter()
        .map(|(new, started)| format!("`{new}` comes before `{started}`, which was started"))
        .collect();
    Failure::new(
        REFUSED,
        format!("the new runbook has steps that come too late\n  {}", told.join("\n  ")),
    )
    .help(
        "let them come after what was started, or leave them out; this cannot be accepted by name",
    )
}

/// The new instances that a task waits for which is done or was started, each with one such task.
fn too_late(known: &State, state: &State) -> Vec<(String, String)> {
    let behind = behind_what_is_new(known, state);
    let mut found = BTreeMap::new();
    for (id, instance, task) in known.tasks() {
        // What only reads and has come to nothing is read anew, after whatever comes before it then.
        let reads = known.graph().task(known.instance(id).node).map(|task| task.effect)
            == Some(Effect::Read);
        match task.knowledge {
            Knowledge::NotBegun => continue,
            Knowledge::Maybe(_) if reads => continue,
            Knowledge::Maybe(_) | Knowledge::Done(_) => {}
        }
        let Some(mut at) = state.find(&instance.id) else { continue };
        while at != InstanceId::ROOT {
            if let Some(&new) = behind.get(&at) {
                found.entry(new).or_insert_with(|| instance.id.to_string());
            }
            at = state.scope(state.instance(at).scope).group;
        }
    }
    found.into_iter().map(|(new, started)| (state.instance(new).id.to_string(), started)).collect()
}

/// Everything that waits, over however many steps, for something that the old runbook does not have; with the first such thing.
fn behind_what_is_new(known: &State, state: &State) -> BTreeMap<InstanceId, InstanceId> {
    let mut behind = BTreeMap::new();
    for (index, instance) in state.instances().iter().enumerate().skip(1) {
        if known.named(&instance.id).is_some() {
            continue;
        }
        let new = InstanceId(u32::try_from(index).unwrap_or(u32::MAX));
        // What waits for a group waits for everything in it.
        let mut around = new;
        while around != InstanceId::ROOT {
            let mut open = vec![around];
            while let Some(at) = open.pop() {
                let node = state.node(at);
                for &slot in node.needed_by.iter().chain(&node.followed_by) {
                    let next = state.sibling(at, slot);
                    if let Place::Vacant(place) = behind.entry(next) {
                        place.insert(new);
                        open.push(next);
                    }
                }
            }
            around = state.scope(state.instance(around).scope).group;
        }
    }
    behind
}
