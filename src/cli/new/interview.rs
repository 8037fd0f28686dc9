//! The interview: a question a line, each with what is taken if nothing is answered.
//!
//! Does not know whether it speaks to a terminal.

use std::io::{self, BufRead, Write};

use super::super::arguments::NewEffect;
use super::wishes::{Wishes, title_of, words};

/// Asks what the runbook should do.
pub(super) fn ask(
    name: &str,
    answers: &mut dyn BufRead,
    questions: &mut dyn Write,
) -> io::Result<Wishes> {
    let mut ask = |question: &str, otherwise: &str| -> io::Result<String> {
        if otherwise.is_empty() {
            write!(questions, "{question}: ")?;
        } else {
            write!(questions, "{question} [{otherwise}]: ")?;
        }
        questions.flush()?;
        let mut line = String::new();
        if answers.read_line(&mut line)? == 0 {
            writeln!(questions)?;
            return Err(io::Error::other("nothing was written: the answers ended"));
        }
        let answer = line.trim();
        Ok(if answer.is_empty() { otherwise } else { answer }.to_owned())
    };
    let title = ask("What does it do, as a title", &title_of(name))?;
    let each =
        ask("What is it done for one by one, such as `mailbox` (nothing: it is done once)", "")?;
    let each = Some(each).filter(|each| !each.is_empty());
    let hint = each.as_deref().map_or_else(
        || "{{ params.NAME }} stands for a parameter".to_owned(),
        |each| format!("{{{{ {each} }}}} is the {each}, {{{{ params.NAME }}}} a parameter"),
    );
    let mut run = Vec::new();
    while run.is_empty() {
        run = words(&ask(&format!("The command that does it ({hint})"), "")?);
    }
    let effect = loop {
        let question = "What if it is done twice: `once` (harm), `idempotent` (no harm) or `read` (it changes nothing)";
        match ask(question, "once")?.as_str() {
            "once" => break NewEffect::Once,
            "idempotent" => break NewEffect::Idempotent,
            "read" => break NewEffect::Read,
            _ => {}
        }
    };
    let mut probe = Vec::new();
    if effect == NewEffect::Once {
        let question = "The command that tells whether it has happened: it exits with 0 if it has, with 1 if nothing of it has";
        while probe.is_empty() {
            probe = words(&ask(question, "")?);
        }
    } else {
        probe =
            words(&ask("A command that exits with 0 only if it has worked (nothing: none)", "")?);
    }
    let probe = Some(probe).filter(|probe| !probe.is_empty());
    Ok(Wishes { name: name.to_owned(), title, each, run, effect, probe })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn interviewed(answers: &str) -> (io::Result<Wishes>, String) {
        let mut questions = Vec::new();
        let wishes = ask("move-all", &mut answers.as_bytes(), &mut questions);
        (wishes, String::from_utf8(questions).unwrap_or_default())
    }

    #[test]
    fn answers_become_wishes() {
        let answers = "\nmailbox\n\nmv {{ mailbox }} new\nperhaps\n\n\ntest -e new/{{ mailbox }}\n";
        let (wishes, questions) = interviewed(answers);
        let wishes = wishes.expect("every question has its answer");
        assert_eq!(wishes.title, "Move all");
        assert_eq!(wishes.each.as_deref(), Some("mailbox"));
        assert_eq!(wishes.run, ["mv", "{{ mailbox }}", "new"]);
        assert_eq!(wishes.effect, NewEffect::Once);
        assert_eq!(wishes.probe.as_deref().map(<[String]>::len), Some(3));
        // What was not answered, or not so that it could be understood, is asked again.
        assert_eq!(questions.matches("The command that does it").count(), 2);
        assert_eq!(questions.matches("What if it is done twice").count(), 2);
    }

    #[test]
    fn answers_that_end_are_no_wishes() {
        let (wishes, _) = interviewed("Title\n");
        assert!(wishes.is_err());
    }
}
