//! What a first runbook should do.
//!
//! Does not know how a runbook is written.

use std::fmt::Write as _;

use super::super::arguments::{New, NewEffect};

/// What has been wished for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Wishes {
    pub(super) name: String,
    pub(super) title: String,
    /// What it is done for, one by one: the name of one of them.
    pub(super) each: Option<String>,
    /// The command that does it, with its arguments.
    pub(super) run: Vec<String>,
    pub(super) effect: NewEffect,
    /// The command that tells whether it has happened: exits with 0 if it has, and with 1 if nothing of it has.
    pub(super) probe: Option<Vec<String>>,
}

impl Wishes {
    /// What was typed; nothing if only a name was.
    pub(super) fn typed(arguments: &New) -> Option<Self> {
        let New { name, out: _, title, each, run, effect, probe } = arguments;
        if (title, each, run, probe) == (&None, &None, &None, &None) && effect.is_none() {
            return None;
        }
        let mut wishes = Self::example(name);
        if let Some(title) = title {
            wishes.title.clone_from(title);
        }
        wishes.each.clone_from(each);
        if let Some(run) = run {
            wishes.run = words(run);
            wishes.probe = probe.as_deref().map(words);
        }
        wishes.effect = effect.unwrap_or(wishes.effect);
        Some(wishes)
    }

    /// Something that can be tried at once: a move of a file, which must not happen twice.
    pub(super) fn example(name: &str) -> Self {
        let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
        Self {
            name: name.to_owned(),
            title: title_of(name),
            each: None,
            run: words(&["mv", "--no-clobber", "{{ params.from }}", "{{ params.to }}"]),
            effect: NewEffect::Once,
            probe: Some(words(&["test", "-e", "{{ params.to }}"])),
        }
    }

    /// The parameters that it reads, in their order.
    pub(super) fn params(&self) -> Vec<String> {
        let mut params: Vec<String> = self.each.iter().map(|each| plural(each)).collect();
        for word in self.run.iter().chain(self.probe.iter().flatten()) {
            for read in word.split("params.").skip(1) {
                let end = read.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
                let param = &read[..end.unwrap_or(read.len())];
                if !param.is_empty() && !params.iter().any(|known| known == param) {
                    params.push(param.to_owned());
                }
            }
        }
        params
    }
}

/// The words of a command as a shell takes them apart; a template stays one word.
pub(super) fn words(command: &str) -> Vec<String> {
    let mut whole = String::new();
    let mut rest = command;
    // What is inside of a template is no word of its own, and has quotes of its own.
    while let Some((before, inside)) = rest.split_once("{{")
        && let Some((inside, after)) = inside.split_once("}}")
    {
        let inside = inside.replace(' ', "\u{1}").replace('\'', "\u{2}").replace('"', "\u{3}");
        let _ = write!(whole, "{before}{{{{{inside}}}}}");
        rest = after;
    }
    whole.push_str(rest);
    let words = shlex::split(&whole).unwrap_or_else(|| vec![whole]);
    let back =
        |word: String| word.replace('\u{1}', " ").replace('\u{2}', "'").replace('\u{3}', "\"");
    words.into_iter().map(back).collect()
}

/// What several of them are called.
pub(super) fn plural(one: &str) -> String {
    match one {
        ends if ends.ends_with(['s', 'x', 'z']) || ends.ends_with("ch") => format!("{one}es"),
        _ => format!("{one}s"),
    }
}

/// `move-mailboxes`: "Move mailboxes".
pub(super) fn title_of(name: &str) -> String {
    let mut title = name.replace('-', " ").trim().to_owned();
    if let Some(first) = title.get_mut(0..1) {
        first.make_ascii_uppercase();
    }
    title
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn templates_are_no_words() {
        let command = "mv -n {{ params.from }}/x '{{ params.to | default(\"a b\") }}' 'a b'";
        let expected =
            ["mv", "-n", "{{ params.from }}/x", "{{ params.to | default(\"a b\") }}", "a b"];
        assert_eq!(words(command), expected);
        assert_eq!(words("it's"), ["it's"]);
    }

    #[test]
    fn parameters_are_found_once_each() {
        let mut wishes = Wishes::example("a");
        assert_eq!(wishes.params(), ["from", "to"]);
        wishes.each = Some("mailbox".to_owned());
        assert_eq!(wishes.params(), ["mailboxes", "from", "to"]);
    }

    #[test]
    fn names_become_titles() {
        assert_eq!(title_of("move-mailboxes"), "Move mailboxes");
        assert_eq!(title_of(""), "");
    }
}
