//! What a step does, as far as that can be told without values: its effect, and its command with the inputs of its driver put in.
//!
//! Does not know where the step stands.

use crate::spec::model::{Action, Dynamic, Effect, Located, LockName, Place, Probe, Work};
use crate::spec::template::Template;

/// What a step does.
pub(crate) struct Deed {
    pub(crate) effect: Effect,
    /// The command's words; empty where it has none, or is a script.
    pub(crate) words: Vec<Word>,
    /// The script of a `shell`.
    pub(crate) script: Option<String>,
    /// The place to point at for the command.
    pub(crate) at: Option<Place>,
}

/// One argument.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Word {
    pub(crate) text: String,
    /// Whether nothing in it is a template.
    pub(crate) is_literal: bool,
}

impl Deed {
    pub(crate) fn new(work: &Work) -> Deed {
        let given = |name: &str| match &work.action {
            Action::Uses { with, target, .. } => {
                with.get(name).map(|value| expression(&value.value)).or_else(|| {
                    let default = target.as_ref()?.inputs.get(name)?.default.as_ref()?;
                    Some(literal(default))
                })
            }
            _ => None,
        };
        let inner = work.target().map_or(work, |action| &action.work);
        let mut deed = Deed { effect: effect(work), words: Vec::new(), script: None, at: None };
        match &inner.action {
            Action::Run(argv) => {
                let word = |argument: &Located<Template>| Word {
                    text: substituted(&argument.value, &given),
                    is_literal: argument.value.is_literal(),
                };
                deed.words = argv.iter().map(word).collect();
                deed.words.iter_mut().for_each(Word::settle);
                deed.at = argv.first().map(|first| first.at);
            }
            Action::Shell { script, .. } => {
                deed.script = Some(substituted(&script.value, &given));
                deed.at = Some(script.at);
            }
            _ => {}
        }
        if let Action::Uses { name, .. } = &work.action {
            deed.at = Some(name.at);
        }
        deed
    }

    /// Whether it is a command: something that is started, and may come to a bad end.
    pub(crate) fn is_command(&self) -> bool {
        !self.words.is_empty() || self.script.is_some()
    }

    /// The program without its folder, if it is written out.
    pub(crate) fn program(&self) -> Option<&str> {
        let first = self.words.first().filter(|word| word.is_literal)?;
        Some(first.text.rsplit('/').next().unwrap_or(&first.text))
    }

    /// The program with its subcommand, where it has one: two steps with the same do the same kind of thing.
    pub(crate) fn verb(&self) -> Option<String> {
        let program = self.program()?;
        let second =
            self.words.get(1).filter(|word| word.is_literal && !word.text.starts_with('-'));
        Some(second.map_or(program.to_owned(), |word| format!("{program} {}", word.text)))
    }

    /// What it is about: its first argument that is not written out.
    pub(crate) fn subject(&self) -> Option<&Word> {
        self.words.iter().skip(1).find(|word| !word.is_literal)
    }

    /// The command as it is compared with others.
    pub(crate) fn text(&self) -> String {
        let words: Vec<&str> = self.words.iter().map(|word| word.text.as_str()).collect();
        words.join(" ")
    }
}

impl Word {
    /// A template that came to be a text by what was put in is one.
    fn settle(&mut self) {
        if let Some(text) = self.text.strip_prefix("{{'").and_then(|rest| rest.strip_suffix("'}}"))
            && !text.contains('\'')
        {
            *self = Word { text: text.to_owned(), is_literal: true };
        }
    }
}

/// The effect of a piece of work, its own or its driver's.
pub(crate) fn effect(work: &Work) -> Effect {
    match &work.action {
        Action::Assert(_) | Action::Pause(_) | Action::Approve(_) => Effect::Read,
        _ => work
            .effect
            .or_else(|| work.target().and_then(|action| action.work.effect))
            .unwrap_or_default(),
    }
}

/// The probe of a piece of work, its own or its driver's.
pub(crate) fn probe(work: &Work) -> Option<&Probe> {
    let own = work.probe.as_ref();
    own.or_else(|| work.target()?.work.probe.as_ref()).map(|probe| probe.value.as_ref())
}

/// The exclusive locks that a piece of work brings, as they are compared with others.
pub(crate) fn locks<'w>(
    work: Option<&'w Work>,
    own: &'w [Located<LockName>],
) -> impl Iterator<Item = String> + 'w {
    let given = move |name: &str| match work.map(|work| &work.action) {
        Some(Action::Uses { with, .. }) => with.get(name).map(|value| expression(&value.value)),
        _ => None,
    };
    let brought = work.and_then(Work::target).map_or(&[][..], |action| &action.work.locks);
    let exclusive = |lock: &&Located<LockName>| lock.value.sharing == Default::default();
    own.iter().chain(brought).filter(exclusive).map(move |lock| {
        let name = substituted(&lock.value.name.value, &given);
        name.replace("{{'", "").replace("'}}", "")
    })
}

/// A template's text with each `inputs.NAME` replaced, and without blanks inside of braces that carry no meaning.
fn substituted(template: &Template, given: &impl Fn(&str) -> Option<String>) -> String {
    if template.is_literal() {
        return template.literal_text().unwrap_or_default();
    }
    let source = template.source();
    let mut text = String::with_capacity(source.len());
    let mut done = 0;
    for reference in template.references() {
        let value = match (reference.root(), reference.name(1)) {
            ("inputs", Some(name)) if reference.path.len() == 2 => given(name),
            _ => None,
        };
        if let Some(value) = value.filter(|_| reference.range.start >= done) {
            text.push_str(&source[done..reference.range.start]);
            text.push_str(&value);
            done = reference.range.end;
        }
    }
    text.push_str(&source[done..]);
    squeezed(&text)
}

/// `{{ a }}` and `{{a}}` are the same.
fn squeezed(text: &str) -> String {
    let mut squeezed = text.to_owned();
    for (blank, none) in [("{{ ", "{{"), (" }}", "}}")] {
        while squeezed.contains(blank) {
            squeezed = squeezed.replace(blank, none);
        }
    }
    squeezed
}

/// What is given to an input, as an expression.
fn expression(value: &Dynamic) -> String {
    match value {
        Dynamic::Literal(value) => literal(value),
        Dynamic::Template(template) if template.is_whole() => {
            let source = squeezed(template.source().trim());
            source.trim_start_matches("{{").trim_end_matches("}}").to_owned()
        }
        Dynamic::Template(template) => format!("({})", template.source()),
        Dynamic::List(_) | Dynamic::Map(_) => {
            let templates = value.templates();
            let parts: Vec<&str> = templates.iter().map(|template| template.source()).collect();
            format!("[{}]", parts.join(", "))
        }
    }
}

fn literal(value: &serde_json::Value) -> String {
    match value {
        serde_json::Value::String(text) => format!("'{text}'"),
        other => format!("'{other}'"),
    }
}
