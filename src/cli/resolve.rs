//! `windlass resolve`.

use serde_json::Value;

use super::arguments::{Place, Resolve, Verdict};
use super::failure::{Failure, REFUSED, USAGE};
use super::known::Known;
use super::{actor, known, stop};
use crate::core::machine::{Order, Refusal, may_resolve};
use crate::core::record::{Decision, GivenOutputs, Record};
use crate::core::state::State;
use crate::exec::inbox::{self, Delivery};
use crate::exec::now;
use crate::journal::Journal;
use crate::lock::{self, LockError};
use crate::plan::Plan;
use crate::report::{next, status};
use crate::spec::model::{Output, OutputType};

pub(super) fn main(place: &Place, arguments: &Resolve) -> Result<u8, Failure> {
    let folder = known::find(place, &arguments.run)?;
    let decision = match arguments.decision {
        Verdict::Done => Decision::Done,
        Verdict::Absent => Decision::Absent,
        Verdict::Failed => Decision::Failed,
        Verdict::Waived => Decision::Waived,
    };
    let known = known::read(folder.clone())?;
    if known.state.named(&arguments.task).is_none() {
        return Err(known::unknown_task(USAGE, folder.id(), &known.state, &arguments.task));
    }
    may_resolve(&known.state, &arguments.task, decision).map_err(|refusal| {
        let run = folder.id();
        let (words, meaning) = match (&refusal, &known.executor) {
            (Refusal::Running(_), None) => {
                (next::command(&["resume", run]), "finds out what has become of it")
            }
            _ => (next::command(&["show", run, &arguments.task]), "shows what is known of it"),
        };
        Failure::new(REFUSED, refusal.to_string()).help(format!("`{words}` {meaning}"))
    })?;
    let outputs = outputs(&known.plan, &known.state, arguments, decision)?;
    let by = actor::this_process();
    let order = Order::Resolve {
        task: arguments.task.clone(),
        decision,
        because: arguments.because.clone(),
        by: by.clone(),
        outputs: outputs.clone(),
    };
    loop {
        match lock::try_lock_run(&folder) {
            Ok(_lock) => {
                let (mut journal, contents) = Journal::open::<Record>(&folder.journal())?;
                let (_, state) = known::rebuild(&folder, &contents.entries)?;
                may_resolve(&state, &arguments.task, decision)
                    .map_err(|refusal| stop::refused(&folder, refusal.to_string()))?;
                let outputs = (!outputs.is_empty())
                    .then(|| Value::Object(outputs.into_iter().collect()).into());
                let record = Record::Resolved {
                    task: arguments.task.as_str().into(),
                    decision,
                    because: arguments.because.clone(),
                    by,
                    outputs,
                };
                journal.append(now(), &record)?;
                journal.sync()?;
                super::print(&format!(
                    "recorded: `{}` {}\n{}\n",
                    arguments.task,
                    said(&known, arguments, decision),
                    next::after_decision(folder.id(), &state)
                ))?;
                return Ok(0);
            }
            Err(LockError::Held { .. }) => {
                match inbox::send(&folder, &order, now()).map_err(|error| stop::unsent(&error))? {
                    Delivery::Answered(answer) => {
                        return match answer.refused {
                            None => super::print(&format!(
                                "recorded by the running executor: `{}` {}\n",
                                arguments.task,
                                said(&known, arguments, decision)
                            ))
                            .map(|()| 0),
                            Some(reason) => Err(stop::refused(&folder, reason)),
                        };
                    }
                    // The executor has ended meanwhile: the lock can be had now.
                    Delivery::NobodyThere => {}
                }
            }
            Err(error) => return Err(error.into()),
        }
    }
}

/// What a decision means, after the name of what it is about.
fn said(known: &Known, arguments: &Resolve, decision: Decision) -> &'static str {
    let setting = known.state.find(&arguments.task).is_some_and(|id| known.state.is_of_setting(id));
    match (decision, setting) {
        (Decision::Done, false) => "is done",
        (Decision::Absent, false) => "is not begun",
        (Decision::Failed, _) => "is failed",
        (Decision::Waived, false) => "is waived",
        (Decision::Done, true) => "is as it should be",
        (Decision::Absent, true) => "is to be put back",
        (Decision::Waived, true) => "is written off",
    }
}

/// `--output NAME=VALUE`, each: all that the task declares, no more, of the declared types.
fn outputs(
    plan: &Plan,
    state: &State,
    arguments: &Resolve,
    decision: Decision,
) -> Result<GivenOutputs, Failure> {
    if decision != Decision::Done && !arguments.outputs.is_empty() {
        let message = "`--output` goes with `--as done` only: nothing else has outputs";
        return Err(Failure::new(USAGE, message));
    }
    let node = state.find(&arguments.task).map(|id| state.instance(id).node);
    let declared: Vec<(&String, &Output)> =
        node.into_iter().flat_map(|node| status::outputs(plan, node)).collect();
    let mut given = GivenOutputs::new();
    for text in &arguments.outputs {
        let (name, value) = text.split_once('=').ok_or_else(|| {
            Failure::new(
                USAGE,
                format!("`--output {text}` does not have the form `--output NAME=VALUE`"),
            )
        })?;
        let Some((_, output)) = declared.iter().find(|(declared, _)| *declared == name) else {
            let names: Vec<&str> = declared.iter().map(|(name, _)| name.as_str()).collect();
            let known = if names.is_empty() {
                "it declares none".to_owned()
            } else {
                format!("it declares {}", names.join(", "))
            };
            return Err(Failure::new(
                USAGE,
                format!("`{}` has no output `{name}`: {known}", arguments.task),
            ));
        };
        if value == "VALUE" {
            return Err(Failure::new(
                USAGE,
                format!(
                    "`--output {text}`: `VALUE` stands for what you have to say: what `{name}` is"
                ),
            ));
        }
        let parsed = match output.kind {
            None | Some(OutputType::String) => Value::from(value),
            Some(_) => serde_json::from_str(value).unwrap_or_else(|_| Value::from(value)),
        };
        let value = output
            .kind
            .map_or(Ok(parsed.clone()), |kind| kind.convert(parsed))
            .map_err(|error| Failure::new(USAGE, format!("`--output {name}`: {error}")))?;
        given.insert(name.to_owned(), value);
    }
    let missing: Vec<&str> = declared
        .iter()
        .map(|(name, _)| name.as_str())
        .filter(|name| !given.contains_key(*name))
        .collect();
    if decision == Decision::Done && !missing.is_empty() {
        let flags: Vec<String> =
            missing.iter().map(|name| format!("--output {name}=VALUE")).collect();
        return Err(Failure::new(
            USAGE,
            format!(
                "`{}` declares outputs that later steps may read: {}",
                arguments.task,
                missing.join(", ")
            ),
        )
        .help(format!(
            "say what they are: `{} --because WHY {}`",
            next::command(&["resolve", &arguments.run, &arguments.task, "--as", "done"]),
            flags.join(" ")
        )));
    }
    Ok(given)
}
