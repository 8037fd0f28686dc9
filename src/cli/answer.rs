//! `windlass approve` and `windlass reject`: answers to what a run asks of people.

use std::sync::Arc;

use super::arguments::{Approve, Place, Reject};
use super::failure::{Failure, REFUSED, USAGE};
use super::{actor, known, stop};
use crate::core::machine::{Order, Refusal, may_answer};
use crate::core::question::{Answer, Question};
use crate::core::record::{GivenOutputs, Record};
use crate::core::standing::TaskStanding;
use crate::core::state::State;
use crate::exec::inbox::{self, Delivery};
use crate::exec::now;
use crate::journal::{Journal, RunFolder};
use crate::lock::{self, LockError};
use crate::report::next;
use crate::spec::load::Files;
use crate::spec::params::read_argument;

pub(super) fn approve(place: &Place, arguments: &Approve) -> Result<u8, Failure> {
    let folder = known::find(place, &arguments.run)?;
    let state = known::read(folder.clone())?.state;
    let question = question(&folder, &state, &arguments.task)?;
    let fields = fields(&folder, &arguments.task, &question, &arguments.fields)?;
    let answer = Answer { go: true, fields, because: arguments.because.clone() };
    give(&folder, &state, &arguments.task, answer)
}

pub(super) fn reject(place: &Place, arguments: &Reject) -> Result<u8, Failure> {
    let folder = known::find(place, &arguments.run)?;
    let state = known::read(folder.clone())?.state;
    question(&folder, &state, &arguments.task)?;
    let because = Some(arguments.because.clone());
    let answer = Answer { go: false, fields: GivenOutputs::new(), because };
    give(&folder, &state, &arguments.task, answer)
}

/// What the task asks.
fn question(folder: &RunFolder, state: &State, task: &str) -> Result<Arc<Question>, Failure> {
    let Some(id) = state.find(task) else {
        return Err(known::unknown_task(REFUSED, folder.id(), state, task));
    };
    let asked = state.task(id).and_then(|known| known.question.clone());
    asked.ok_or_else(|| {
        let standing = match state.task_standing(id) {
            TaskStanding::Waiting => "it has not come to that yet",
            TaskStanding::Succeeded => "it has succeeded",
            TaskStanding::Failed => "it has failed",
            _ => "it waits for no answer",
        };
        let refusal = Refusal::NotAsked(task.to_owned());
        let show = next::command(&["show", folder.id(), task]);
        Failure::new(REFUSED, format!("{refusal}: {standing}"))
            .help(format!("`{show}` shows what is known of it"))
    })
}

/// `--field NAME=VALUE`, each, by its schema.
fn fields(
    folder: &RunFolder,
    task: &str,
    question: &Question,
    given: &[String],
) -> Result<GivenOutputs, Failure> {
    let wrong = |message: String| {
        let show = next::command(&["show", folder.id(), task]);
        Failure::new(USAGE, message)
            .help(format!("`{show}` shows what is asked, and how to answer"))
    };
    let mut fields = GivenOutputs::new();
    for text in given {
        let Some((name, value)) = text.split_once('=') else {
            return Err(wrong(format!(
                "`--field {text}` does not have the form `--field NAME=VALUE`"
            )));
        };
        let value = match question.fields.get(name) {
            // Whoever completes the answer says that nobody asks for it, and what was probably meant.
            None => serde_json::Value::from(value),
            Some(field) => {
                read_argument(&field.schema, value, &Files).map_err(|(message, help)| {
                    let failure = wrong(format!("`--field {name}`: {message}"));
                    help.into_iter().fold(failure, Failure::help)
                })?
            }
        };
        if fields.insert(name.to_owned(), value).is_some() {
            return Err(wrong(format!("`--field {name}` is given twice")));
        }
    }
    question
        .complete(&fields)
        .map_err(|errors| wrong(format!("that does not answer `{task}`: {}", errors.join("; "))))
}

/// Hands the answer to the run's executor, or writes it down if none lives.
fn give(folder: &RunFolder, state: &State, task: &str, answer: Answer) -> Result<u8, Failure> {
    let by = actor::this_process();
    may_answer(state, task, &by.user, &answer, now())
        .map_err(|refusal| not_taken(folder, task, &refusal))?;
    let said = if answer.go { "approved" } else { "rejected" };
    let order = Order::Answer { task: task.to_owned(), answer: answer.clone(), by: by.clone() };
    loop {
        match lock::try_lock_run(folder) {
            Ok(_lock) => {
                let (mut journal, contents) = Journal::open::<Record>(&folder.journal())?;
                let (_, mut state) = known::rebuild(folder, &contents.entries)?;
                let at = now();
                may_answer(&state, task, &by.user, &answer, at)
                    .map_err(|refusal| not_taken(folder, task, &refusal))?;
                let record = Record::Answered { task: task.into(), by, answer };
                journal.append(at, &record)?;
                journal.sync()?;
                let goes_on = next::after_decision(folder.id(), &state);
                // It was asked just now whether it fits.
                drop(state.apply(at, &record));
                let open = state.find(task).and_then(|id| state.task(id)?.question.clone());
                let rest = match open {
                    Some(question) => format!("it still waits for {}", question.whom()),
                    None => goes_on,
                };
                super::print(&format!("recorded: `{task}` is {said}\n{rest}\n"))?;
                return Ok(0);
            }
            Err(LockError::Held { .. }) => {
                match inbox::send(folder, &order, now()).map_err(|error| stop::unsent(&error))? {
                    Delivery::Answered(reply) => {
                        return match reply.refused {
                            None => super::print(&format!(
                                "recorded by the running executor: `{task}` is {said}\n"
                            ))
                            .map(|()| 0),
                            Some(reason) => Err(stop::refused(folder, reason)),
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

fn not_taken(folder: &RunFolder, task: &str, refusal: &Refusal) -> Failure {
    let failure = Failure::new(REFUSED, refusal.to_string());
    match refusal {
        Refusal::TooLate(_) => failure.help(format!(
            "`{}` lets it fail, and once more asks anew",
            next::command(&["resume", folder.id()])
        )),
        _ => failure.help(format!(
            "`{}` shows what is known of it",
            next::command(&["show", folder.id(), task])
        )),
    }
}
