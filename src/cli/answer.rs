//! `windlass approve` and `windlass reject`: answers to what a run asks of people.

use std::sync::Arc;

use super::arguments::{Approve, Place, Reject};
use super::failure::{Failure, REFUSED, USAGE};
use super::{actor, ask, known, stop};
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
            Some(field) => ask::value(field, value).map_err(|(message, help)| {
                let failure = wrong(format!("`--field {name}`: {message}"));
                help.into_iter().fold(failure, Failure::help)
            })?,
        };
        if fields.insert(name.to_owned(), value).is_some() {
            return Err(wrong(format!("`--field {name}` is given twice")));
        }
    }
    question
        .complete(&fields)
        .map_err(|errors| wrong(format!("that does not answer `{task}`: {}", errors.join("; "))))
}

/// An answer that was recorded.
pub(super) struct Taken {
    go: bool,
    /// Whether the run's executor has recorded it, and goes on by itself.
    by_executor: bool,
    /// What is still asked by the same task.
    open: Option<Arc<Question>>,
    /// The command that the answer makes possible.
    goes_on: String,
}

impl Taken {
    /// Whether it settles what was asked, as far as this process can know.
    pub(super) fn is_settled(&self) -> bool {
        self.open.is_none()
    }

    /// What was recorded, and who else is waited for.
    pub(super) fn words(&self, task: &str) -> String {
        let by = if self.by_executor { " by the running executor" } else { "" };
        let said = if self.go { "approved" } else { "rejected" };
        let recorded = format!("recorded{by}: `{task}` is {said}");
        match &self.open {
            Some(question) => format!("{recorded}\nit still waits for {}", question.whom()),
            None => recorded,
        }
    }
}

/// Records an answer, and says what can be done with it.
fn give(folder: &RunFolder, state: &State, task: &str, answer: Answer) -> Result<u8, Failure> {
    let taken = record(folder, state, task, answer)?;
    let mut text = taken.words(task);
    if !taken.by_executor && taken.is_settled() {
        text = format!("{text}\n{}", taken.goes_on);
    }
    super::print(&format!("{text}\n")).map(|()| 0)
}

/// Hands the answer to the run's executor, or writes it down if none lives.
pub(super) fn record(
    folder: &RunFolder,
    state: &State,
    task: &str,
    answer: Answer,
) -> Result<Taken, Failure> {
    let by = actor::this_process();
    may_answer(state, task, &by.user, &answer, now())
        .map_err(|refusal| not_taken(folder, task, &refusal))?;
    let go = answer.go;
    let order = Order::Answer { task: task.to_owned(), answer: answer.clone(), by: by.clone() };
    loop {
        match lock::try_lock_run(folder) {
            Ok(_lock) => {
                let (mut journal, contents) = Journal::open::<Record>(&folder.journal())?;
                let (_, mut state) = known::rebuild(folder, &contents.entries)?;
                let at = now();
                may_answer(&state, task, &by.user, &answer, at)
                    .map_err(|refusal| not_taken(folder, task, &refusal))?;
                let record = Record::Answered { task: task.into(), by, answer: Box::new(answer) };
                journal.append(at, &record)?;
                journal.sync()?;
                let goes_on = next::after_decision(folder.id(), &state);
                // It was asked just now whether it fits.
                drop(state.apply(at, &record));
                let open = state.find(task).and_then(|id| state.task(id)?.question.clone());
                return Ok(Taken { go, by_executor: false, open, goes_on });
            }
            Err(LockError::Held { .. }) => {
                match inbox::send(folder, &order, now()).map_err(|error| stop::unsent(&error))? {
                    Delivery::Answered(reply) => {
                        let goes_on = String::new();
                        return match reply.refused {
                            None => Ok(Taken { go, by_executor: true, open: None, goes_on }),
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
