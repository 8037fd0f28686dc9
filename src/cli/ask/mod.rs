//! Asking in place: whoever sits in front of a run's terminal answers there what the run asks of people.
//!
//! Stands between the run and whoever shows it, as both want the terminal. Holds nothing of the run: an answer goes the way of
//! [`approve`](super::answer), and anybody may be faster from elsewhere.

mod dialog;
mod terminal;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};

use jiff::{SignedDuration, Timestamp};

pub(super) use self::dialog::value;
use self::dialog::{Person, Said};
use self::terminal::Terminal;
use super::failure::Failure;
use super::{actor, answer, known};
use crate::core::question::{Answer, Question};
use crate::core::standing::TaskStanding;
use crate::core::state::State;
use crate::exec::{Attendance, Fact, Observer};
use crate::journal::RunFolder;
use crate::observe;
use crate::observe::printable::counted;
use crate::plan::Plan;

/// How long the executor has to end before it is told once more that nobody answers.
const LEAVE: SignedDuration = SignedDuration::from_secs(1);

/// Whether there is a terminal with somebody in front of it.
pub(super) fn is_possible() -> bool {
    terminal::is_there()
}

/// Shows a run on standard error, and hands the terminal to a dialogue when the run asks something.
pub(super) struct Asking {
    folder: RunFolder,
    plan: Arc<Plan>,
    user: String,
    /// Ended when they do not want to answer; whoever only follows a run has none.
    attendance: Option<Attendance>,
    shown: Option<Box<dyn Observer>>,
    /// When it was begun to be shown.
    since: Option<Timestamp>,
    /// What could not be shown while the terminal was taken.
    missed: Vec<Fact>,
    dialogue: Option<Dialogue>,
    put_off: PutOff,
    /// When it was said that nobody answers, if nothing has happened since.
    left: Option<Timestamp>,
    /// The terminal is gone.
    detached: bool,
}

/// The tasks that somebody does not want to answer for now.
#[derive(Default)]
struct PutOff {
    /// Until nothing else goes on.
    for_now: BTreeSet<String>,
    /// As long as this process lives.
    for_good: BTreeSet<String>,
}

/// A question that is being asked.
struct Dialogue {
    task: String,
    question: Arc<Question>,
    overtaken: Arc<AtomicBool>,
    /// Ends with whether it was put off.
    thread: JoinHandle<bool>,
}

impl Asking {
    /// Asks whoever sits in front of this process's terminal.
    pub(super) fn new(
        folder: &RunFolder,
        plan: &Arc<Plan>,
        attendance: Option<Attendance>,
    ) -> Self {
        Self {
            folder: folder.clone(),
            plan: plan.clone(),
            user: actor::this_process().user,
            attendance,
            shown: Some(observe::for_stderr(folder, plan)),
            since: None,
            missed: Vec::new(),
            dialogue: None,
            put_off: PutOff::default(),
            left: None,
            detached: false,
        }
    }

    /// The next question that they may answer, and did not put off.
    fn next(&self, state: &State, idle: bool) -> Option<(String, Arc<Question>)> {
        let mine = state.questions().find(|(id, instance, question)| {
            let task = instance.id.as_ref();
            let agreed = state.task(*id).is_some_and(|known| known.has_agreed(&self.user));
            question.is_for(&self.user) && !agreed && !self.put_off.contains(task, idle)
        });
        mine.map(|(_, instance, question)| (instance.id.to_string(), question.clone()))
    }

    fn begin(&mut self, (task, question): (String, Arc<Question>), running: usize) {
        // What is drawn is cleared away.
        self.shown = None;
        let overtaken = Arc::new(AtomicBool::new(false));
        let (folder, asked) = (self.folder.clone(), (task.clone(), question.clone()));
        let (until, note) = (overtaken.clone(), meanwhile(running));
        let thread = thread::spawn(move || {
            let mut terminal = Terminal::new(until);
            converse(&folder, &asked, &note, &mut terminal)
        });
        self.dialogue = Some(Dialogue { task, question, overtaken, thread });
    }

    /// Whether nobody is to be asked any more.
    fn is_over(&self, state: &State) -> bool {
        self.detached || state.run().stopped.is_some()
    }

    /// Lets the executor end if only people are left to wait for. If not, they may want to answer what is asked later.
    fn leave(&mut self, now: Timestamp) {
        if self.left.is_none_or(|left| now.duration_since(left) >= LEAVE) {
            self.left = Some(now);
            self.attendance.iter().for_each(Attendance::end);
        }
    }

    /// Shows the run again, once the dialogue has ended.
    fn resume(&mut self, state: &State, idle: bool) {
        let Some(dialogue) = self.dialogue.take() else { return };
        // A dialogue that panicked has said so, and is not begun again.
        if dialogue.thread.join().unwrap_or(true) {
            self.put_off.insert(dialogue.task, idle);
        }
        if self.detached {
            return;
        }
        let mut shown = observe::for_stderr(&self.folder, &self.plan);
        if let Some(since) = self.since {
            shown.tick(state, since);
        }
        for fact in self.missed.drain(..) {
            shown.fact(&fact, state);
        }
        self.shown = Some(shown);
    }
}

impl Observer for Asking {
    fn fact(&mut self, fact: &Fact, state: &State) {
        self.since.get_or_insert(fact.at);
        self.left = None;
        match &mut self.shown {
            Some(shown) => shown.fact(fact, state),
            // Of a terminal that is gone nothing is ever shown again.
            None if self.detached => {}
            None => self.missed.push(fact.clone()),
        }
    }

    fn tick(&mut self, state: &State, now: Timestamp) {
        self.since.get_or_insert(now);
        if let Some(shown) = &mut self.shown {
            shown.tick(state, now);
        }
        match &self.dialogue {
            Some(dialogue) if dialogue.thread.is_finished() => {
                self.resume(state, running(state) == 0);
            }
            Some(dialogue) if self.is_over(state) || !stands(state, dialogue) => {
                dialogue.overtaken.store(true, Ordering::Relaxed);
            }
            Some(_) => {}
            None if state.run().stopped.is_some() || state.questions().next().is_none() => {}
            None => {
                let running = running(state);
                match self.next(state, running == 0).filter(|_| !self.detached) {
                    Some(question) => self.begin(question, running),
                    None if running == 0 => self.leave(now),
                    None => {}
                }
            }
        }
    }

    fn warn(&mut self, text: &str) {
        match &mut self.shown {
            Some(shown) => shown.warn(text),
            None => eprintln!("\n{text}"),
        }
    }

    fn detach(&mut self) {
        self.detached = true;
        self.shown.iter_mut().for_each(|shown| shown.detach());
    }
}

impl Drop for Asking {
    /// The last words about the run come after those of a dialogue.
    fn drop(&mut self) {
        if let Some(dialogue) = self.dialogue.take() {
            dialogue.overtaken.store(true, Ordering::Relaxed);
            drop(dialogue.thread.join());
        }
    }
}

impl PutOff {
    fn contains(&self, task: &str, idle: bool) -> bool {
        self.for_good.contains(task) || !idle && self.for_now.contains(task)
    }

    /// While something else goes on, that is what they wanted to see.
    fn insert(&mut self, task: String, idle: bool) {
        if idle {
            self.for_good.insert(task)
        } else {
            self.for_now.insert(task)
        };
    }
}

fn running(state: &State) -> usize {
    let running = |id| state.task_standing(id) == TaskStanding::Running;
    state.tasks().filter(|(id, ..)| running(*id)).count()
}

fn stands(state: &State, dialogue: &Dialogue) -> bool {
    state.questions().any(|(_, instance, question)| {
        instance.id.as_ref() == dialogue.task && *question == dialogue.question
    })
}

fn meanwhile(running: usize) -> String {
    match running {
        0 => String::new(),
        1 => "  (one task goes on meanwhile; `later` shows it)\n".to_owned(),
        _ => format!("  ({} go on meanwhile; `later` shows them)\n", counted(running, "task")),
    }
}

/// Puts a question and records the answer; returns whether it was put off.
fn converse(
    folder: &RunFolder,
    (task, question): &(String, Arc<Question>),
    note: &str,
    person: &mut dyn Person,
) -> bool {
    let said = dialog::put(task, question, note, person);
    let told = match said {
        Ok(Said::Answer(given)) => recorded(folder, task, given),
        Ok(Said::Overtaken) => return false,
        Ok(Said::Later) | Err(_) => return true,
    };
    let (text, put_off) = match told {
        Ok(words) => (format!("{words}\n"), false),
        // What was refused is asked again only if it still stands once nothing else goes on.
        Err(failure) => (failure.to_string(), true),
    };
    person.tell(&text).ok();
    put_off
}

fn recorded(folder: &RunFolder, task: &str, given: Answer) -> Result<String, Failure> {
    let state = known::read(folder.clone())?.state;
    Ok(answer::record(folder, &state, task, given)?.words(task))
}
