//! One question and its answer, line by line.
//!
//! Knows neither the run nor how lines are read: whoever answers is a [`Person`].

use std::io;

use serde_json::Value;

use crate::core::question::{Answer, Field, Question, QuestionKind};
use crate::core::record::GivenOutputs;
use crate::observe::printable::escape;
use crate::report::time::local;
use crate::spec::load::Files;
use crate::spec::params::{Unread, read_argument};

/// What was heard where a line was hoped for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Heard {
    /// A line, without its end.
    Line(String),
    /// The end of the input, which is what Ctrl-D gives.
    End,
    /// The question needs no answer any more.
    Overtaken,
}

/// Who is asked.
pub(super) trait Person {
    /// Tells them something.
    fn tell(&mut self, text: &str) -> io::Result<()>;
    /// Asks for a line.
    fn line(&mut self, prompt: &str) -> io::Result<Heard>;
}

/// What came of a question.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Said {
    /// This.
    Answer(Answer),
    /// It is answered at another time, or by somebody else.
    Later,
    /// It needs no answer any more.
    Overtaken,
}

/// Why there is no answer: the other cases of [`Said`].
type Without = Said;

/// Puts a question; `note` is told beside it.
///
/// # Errors
/// If the terminal fails.
pub(super) fn put(
    task: &str,
    question: &Question,
    note: &str,
    person: &mut dyn Person,
) -> io::Result<Said> {
    person.tell(&heading(task, question))?;
    person.tell(note)?;
    Ok(answered(question, person)?.map_or_else(|without| without, Said::Answer))
}

fn heading(task: &str, question: &Question) -> String {
    let what = match question.kind {
        QuestionKind::Manual => "is for people to do",
        QuestionKind::Approval => "asks whether the run may go on",
    };
    let until = question.until.map(|until| format!(", until {}", local(until)));
    let mut text = format!("\n{} {what}{}:\n", escape(task), until.unwrap_or_default());
    for line in question.text.lines() {
        text.push_str(&format!("  {}\n", escape(line)));
    }
    text
}

fn answered(question: &Question, person: &mut dyn Person) -> io::Result<Result<Answer, Without>> {
    // An approval is never given by a key that was pressed by habit.
    let (asked, enter) = match question.kind {
        QuestionKind::Approval => ("May it go on? (yes, no or later) ", false),
        QuestionKind::Manual if question.confirm => ("Is it done? (yes, no or later) ", false),
        QuestionKind::Manual => ("Is it done? (Enter or yes, no, later) ", true),
    };
    loop {
        let line = match heard(person.line(asked)?) {
            Ok(line) => line,
            Err(without) => return Ok(Err(without)),
        };
        match line.to_lowercase().as_str() {
            "" if enter => return agreed(question, person),
            "y" | "yes" => return agreed(question, person),
            "n" | "no" => return refused(person),
            "l" | "later" => return Ok(Err(Said::Later)),
            "" => {}
            _ => person.tell("Please type `yes`, `no` or `later`.\n")?,
        }
    }
}

fn agreed(question: &Question, person: &mut dyn Person) -> io::Result<Result<Answer, Without>> {
    let mut fields = GivenOutputs::new();
    for (name, field) in &question.fields {
        match told(name, field, person)? {
            Ok(Some(value)) => drop(fields.insert(name.clone(), value)),
            Ok(None) => {}
            Err(without) => return Ok(Err(without)),
        }
    }
    Ok(Ok(Answer { go: true, fields, because: None }))
}

/// What is told of a field; nothing where its default does.
fn told(
    name: &str,
    field: &Field,
    person: &mut dyn Person,
) -> io::Result<Result<Option<Value>, Without>> {
    let prompt = format!("{} ({}): ", escape(name), escape(&field.words()));
    loop {
        let line = match heard(person.line(&prompt)?) {
            Ok(line) => line,
            Err(without) => return Ok(Err(without)),
        };
        if line.is_empty() {
            if field.default.is_some() {
                return Ok(Ok(None));
            }
            continue;
        }
        match read(name, field, &line) {
            Ok(value) => return Ok(Ok(Some(value))),
            Err(wrong) => person.tell(&wrong)?,
        }
    }
}

fn read(name: &str, field: &Field, text: &str) -> Result<Value, String> {
    let told = |errors: &[String]| -> String {
        errors.iter().map(|error| format!("{}\n", escape(error))).collect()
    };
    let value = value(field, text).map_err(|(message, help)| {
        told(&std::iter::once(format!("`{name}`: {message}")).chain(help).collect::<Vec<_>>())
    })?;
    let wrong = field.violations(name, &value);
    if wrong.is_empty() { Ok(value) } else { Err(told(&wrong)) }
}

/// What a text says as the value of a field.
///
/// # Errors
/// Why it cannot be one, and what would help.
pub(in crate::cli) fn value(field: &Field, text: &str) -> Result<Value, Unread> {
    read_argument(&field.schema, text, &Files)
}

fn refused(person: &mut dyn Person) -> io::Result<Result<Answer, Without>> {
    loop {
        match heard(person.line("Why not? ")?) {
            Ok(because) if because.is_empty() => {}
            Ok(because) => {
                let fields = GivenOutputs::new();
                return Ok(Ok(Answer { go: false, fields, because: Some(because) }));
            }
            Err(without) => return Ok(Err(without)),
        }
    }
}

/// A line without the blanks around it.
fn heard(heard: Heard) -> Result<String, Without> {
    match heard {
        Heard::Line(line) => Ok(line.trim().to_owned()),
        Heard::End => Err(Said::Later),
        Heard::Overtaken => Err(Said::Overtaken),
    }
}

#[cfg(test)]
mod tests {
    use indexmap::IndexMap;
    use serde_json::json;

    use super::*;

    /// Says these lines, and then what came to their end.
    struct Scripted {
        lines: Vec<Heard>,
        seen: String,
    }

    impl Person for Scripted {
        fn tell(&mut self, text: &str) -> io::Result<()> {
            self.seen.push_str(text);
            Ok(())
        }

        fn line(&mut self, prompt: &str) -> io::Result<Heard> {
            self.seen.push_str(prompt);
            self.seen.push('\n');
            Ok(if self.lines.is_empty() { Heard::End } else { self.lines.remove(0) })
        }
    }

    fn question(kind: QuestionKind, confirm: bool) -> Question {
        let text = "Count them.\nAll.".to_owned();
        let (by, min, until) = (Vec::new(), 1, None);
        Question { kind, text, confirm, fields: IndexMap::new(), by, min, until }
    }

    fn with_fields() -> Question {
        let field = |schema, default| Field { schema, default };
        let fields = IndexMap::from([
            ("count".to_owned(), field(json!({"type": "integer", "minimum": 0}), None)),
            ("note".to_owned(), field(json!({"type": "string"}), Some(json!("none")))),
        ]);
        Question { fields, ..question(QuestionKind::Manual, false) }
    }

    fn ask(question: &Question, lines: &[&str]) -> (Said, String) {
        let lines = lines.iter().map(|line| Heard::Line((*line).to_owned())).collect();
        let mut person = Scripted { lines, seen: String::new() };
        let said = put("look[a]", question, "", &mut person).expect("a script has no errors");
        (said, person.seen)
    }

    fn yes() -> Said {
        Said::Answer(Answer { go: true, fields: GivenOutputs::new(), because: None })
    }

    #[test]
    fn enter_says_that_something_is_done_but_for_what_is_to_be_confirmed_and_approved() {
        assert_eq!(ask(&question(QuestionKind::Manual, false), &[""]).0, yes());
        assert_eq!(ask(&question(QuestionKind::Manual, true), &["", ""]).0, Said::Later);
        assert_eq!(ask(&question(QuestionKind::Approval, false), &["", "Yes "]).0, yes());
    }

    #[test]
    fn the_whole_text_is_shown_with_the_name_of_the_task() {
        let (_, seen) = ask(&question(QuestionKind::Approval, false), &["what?"]);
        assert!(seen.contains("look[a] asks whether"), "{seen}");
        assert!(seen.contains("  Count them.\n  All.\n"), "{seen}");
        assert!(seen.contains("type `yes`, `no` or `later`"), "{seen}");
        let hostile = Question { text: "\u{1b}[2Jgone".to_owned(), ..with_fields() };
        assert!(!ask(&hostile, &[]).1.contains('\u{1b}'));
    }

    #[test]
    fn a_no_wants_a_reason() {
        let (said, seen) =
            ask(&question(QuestionKind::Approval, false), &["no", "", "not tonight"]);
        let because = Some("not tonight".to_owned());
        assert_eq!(said, Said::Answer(Answer { go: false, fields: GivenOutputs::new(), because }));
        assert_eq!(seen.matches("Why not?").count(), 2);
    }

    #[test]
    fn fields_are_read_by_their_schemas_and_asked_for_until_they_fit() {
        let (said, seen) = ask(&with_fields(), &["", "", "many", "-1", "3", ""]);
        let fields = GivenOutputs::from([("count".to_owned(), json!(3))]);
        assert_eq!(said, Said::Answer(Answer { go: true, fields, because: None }));
        assert_eq!(seen.matches("count (").count(), 4, "{seen}");
        assert!(seen.contains("a whole number is needed"), "{seen}");
        // What was begun and not ended is no answer.
        assert_eq!(ask(&with_fields(), &["yes", "3"]).0, Said::Later);
    }

    #[test]
    fn what_ends_a_question_ends_it_at_each_of_its_lines() {
        for (heard, said) in [(Heard::End, Said::Later), (Heard::Overtaken, Said::Overtaken)] {
            for before in [&[][..], &["yes"], &["no"], &["yes", "3"]] {
                let lines = before.iter().map(|line| Heard::Line((*line).to_owned()));
                let lines = lines.chain([heard.clone()]).collect();
                let mut person = Scripted { lines, seen: String::new() };
                assert_eq!(put("look", &with_fields(), "", &mut person).ok(), Some(said.clone()));
            }
        }
    }
}
