//! Single values: texts, numbers, names, durations, expressions and templates.
//!
//! Does not know which keys they stand under but by the words that it is given for messages.

use std::time::Duration;

use indexmap::IndexMap;

use super::super::codes;
use super::super::model::{Dynamic, Located, Place};
use super::super::template::{Expression, Template};
use super::super::yaml::{Kind, Node};
use super::Decoder;
use super::fields::Entry;

impl Decoder<'_> {
    pub(super) fn located<T>(&self, value: T, node: u32) -> Located<T> {
        Located { value, at: self.place(node) }
    }

    /// A text that is no template.
    pub(super) fn text(&mut self, entry: Entry) -> Option<String> {
        let Entry { key, value } = entry;
        match value.kind {
            Kind::Text(text) => Some(text),
            _ => {
                self.wrong_type(&format!("`{}`", key.text), &value, "a text");
                None
            }
        }
    }

    pub(super) fn whole_number(&mut self, entry: &Entry, least: u64) -> Option<u32> {
        let wanted = format!("a whole number from {least} on");
        let number = match &entry.value.kind {
            Kind::Number(number) => number.as_u64().and_then(|number| u32::try_from(number).ok()),
            _ => None,
        };
        let number = number.filter(|number| u64::from(*number) >= least);
        if number.is_none() {
            self.wrong_type(&format!("`{}`", entry.key.text), &entry.value, &wanted);
        }
        number
    }

    /// A name of the language: `[a-z][a-z0-9_]*`.
    pub(super) fn check_name(&mut self, what: &str, name: &str, node: u32) {
        if is_name(name) {
            return;
        }
        let message = format!("`{name}` is no name for {what}");
        let proposal: String = name
            .trim()
            .chars()
            .map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '_' })
            .collect();
        let rule =
            "a name begins with a small letter and goes on with small letters, digits and `_`";
        let help =
            if is_name(&proposal) { format!("{rule}: `{proposal}`") } else { rule.to_owned() };
        self.errors(codes::BAD_NAME, node, message, help);
    }

    /// `90s`, `1h30m`, `500ms`; not zero unless that makes sense.
    pub(super) fn duration(&mut self, entry: &Entry, zero: bool) -> Option<Duration> {
        let what = format!("`{}`", entry.key.text);
        let number = entry.value.number;
        let help = "write a number with its unit: `500ms`, `90s`, `10m`, `1h30m`, `2d`".to_owned();
        match &entry.value.kind {
            Kind::Text(text) => match parse_duration(text) {
                Some(Duration::ZERO) if !zero => {
                    self.error(
                        codes::BAD_DURATION,
                        number,
                        format!("{what} must be longer than nothing"),
                    );
                    None
                }
                Some(duration) => Some(duration),
                None => {
                    self.errors(
                        codes::BAD_DURATION,
                        number,
                        format!("`{text}` is no duration"),
                        help,
                    );
                    None
                }
            },
            Kind::Number(given) => {
                let message = format!("{what} has no unit");
                let help = format!(
                    "write `{given}s` for seconds, `{given}m` for minutes, `{given}h` for hours"
                );
                self.errors(codes::BAD_DURATION, number, message, help);
                None
            }
            _ => {
                self.wrong_type(&what, &entry.value, "a duration such as `90s`");
                None
            }
        }
    }

    /// An expression, which stands without braces.
    pub(super) fn expression(&mut self, what: &str, value: &Node) -> Option<Located<Expression>> {
        let text = match &value.kind {
            Kind::Text(text) => text.clone(),
            Kind::Bool(literal) => literal.to_string(),
            Kind::Number(literal) => literal.to_string(),
            _ => {
                self.wrong_type(what, value, "an expression");
                return None;
            }
        };
        if text.trim_start().starts_with("{{") {
            let inside = text.trim().trim_start_matches("{{").trim_end_matches("}}").trim();
            let message = format!("{what} is an expression, and stands without `{{{{ }}}}`");
            self.errors(codes::BRACES, value.number, message, format!("write `{inside}`"));
            return None;
        }
        match Expression::parse(&text) {
            Ok(expression) => Some(self.located(expression, value.number)),
            Err(error) => {
                self.template_error(value.number, error);
                None
            }
        }
    }

    /// A text that may hold templates; a whole number is taken for its digits.
    pub(super) fn template(&mut self, what: &str, value: &Node) -> Option<Located<Template>> {
        let text = match &value.kind {
            Kind::Text(text) => text.clone(),
            Kind::Number(number) if !number.is_f64() => number.to_string(),
            Kind::Number(_) | Kind::Bool(_) => {
                let message = format!("{what} must be a text, not {}", value.in_words());
                let help = "put it in quotes, so that it stays as it is written".to_owned();
                self.errors(codes::WRONG_TYPE, value.number, message, help);
                return None;
            }
            _ => {
                self.wrong_type(what, value, "a text");
                return None;
            }
        };
        match Template::parse(&text) {
            Ok(template) => Some(self.located(template, value.number)),
            Err(error) => {
                self.template_error(value.number, error);
                None
            }
        }
    }

    pub(super) fn template_entry(&mut self, entry: &Entry) -> Option<Located<Template>> {
        self.template(&format!("`{}`", entry.key.text), &entry.value)
    }

    /// Any value, with templates in its texts.
    pub(super) fn dynamic(&mut self, value: &Node) -> Option<Located<Dynamic>> {
        match Dynamic::parse(value.to_json()) {
            Ok(dynamic) => Some(self.located(dynamic, value.number)),
            Err(errors) => {
                for (path, error) in errors {
                    self.template_error(number_at(value, &path), error);
                }
                None
            }
        }
    }

    /// `env`: names with templates.
    pub(super) fn env(&mut self, entry: Option<Entry>) -> IndexMap<String, Located<Template>> {
        let mut env = IndexMap::new();
        let Some(Entry { key, value }) = entry else { return env };
        let Some(fields) = self.fields("`env`", key.number, value) else { return env };
        for (key, value) in fields.into_entries() {
            self.check_variable(&key.text, key.number);
            if let Some(template) = self.template(&format!("`{}`", key.text), &value) {
                env.insert(key.text, template);
            }
        }
        env
    }

    fn check_variable(&mut self, name: &str, node: u32) {
        let mut characters = name.chars();
        let begins = characters.next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_');
        if !begins || !characters.all(|c| c.is_ascii_alphanumeric() || c == '_') {
            let help = "letters, digits and `_`, not beginning with a digit".to_owned();
            self.errors(
                codes::BAD_NAME,
                node,
                format!("`{name}` is no name for a variable of the environment"),
                help,
            );
        } else if name.starts_with("WINDLASS_") {
            let help =
                "variables that begin with `WINDLASS_` tell a job which run and task it belongs to"
                    .to_owned();
            self.errors(codes::BAD_NAME, node, format!("`{name}` is set by windlass itself"), help);
        }
    }

    pub(super) fn at(&self, node: u32) -> Place {
        self.place(node)
    }
}

/// The number of a value inside another, by keys and indices.
pub(super) fn number_at(node: &Node, path: &[String]) -> u32 {
    let Some((first, rest)) = path.split_first() else { return node.number };
    let inside = match &node.kind {
        Kind::List(items) => first.parse().ok().and_then(|index: usize| items.get(index)),
        Kind::Map(entries) => {
            entries.iter().find(|(key, _)| key.text == *first).map(|(_, value)| value)
        }
        _ => None,
    };
    inside.map_or(node.number, |inside| number_at(inside, rest))
}

/// Whether it is a name of the language.
pub(super) fn is_name(name: &str) -> bool {
    let mut characters = name.chars();
    characters.next().is_some_and(|c| c.is_ascii_lowercase())
        && characters.all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
}

/// Numbers with units, the larger unit first, each unit once.
fn parse_duration(text: &str) -> Option<Duration> {
    const UNITS: [(&str, u64); 5] =
        [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1)];
    let (mut rest, mut total_ms, mut next_unit) = (text.trim(), 0u64, 0);
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit())?;
        let number: u64 = rest[..digits].parse().ok()?;
        rest = &rest[digits..];
        let unit_end = rest.find(|c: char| c.is_ascii_digit()).unwrap_or(rest.len());
        let unit = UNITS.iter().position(|(name, _)| *name == &rest[..unit_end])?;
        if unit < next_unit {
            return None;
        }
        next_unit = unit + 1;
        total_ms = total_ms.checked_add(number.checked_mul(UNITS[unit].1)?)?;
        rest = &rest[unit_end..];
    }
    // A century; more is a slip, and would overflow a deadline.
    (total_ms <= 100 * 366 * 86_400_000).then(|| Duration::from_millis(total_ms))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations() {
        for (text, ms) in [
            ("500ms", Some(500)),
            ("90s", Some(90_000)),
            ("1h30m", Some(5_400_000)),
            ("2d", Some(172_800_000)),
            ("1m500ms", Some(60_500)),
            ("0s", Some(0)),
            ("", None),
            ("5", None),
            ("s", None),
            ("1.5h", None),
            ("30m1h", None),
            ("1s1s", None),
            ("-1s", None),
            ("99999999999999999999s", None),
            ("9999999999d", None),
        ] {
            assert_eq!(parse_duration(text), ms.map(Duration::from_millis), "{text}");
        }
    }

    #[test]
    fn names() {
        assert!(["a", "full_backup", "x1"].into_iter().all(is_name));
        assert!(!["", "A", "1a", "_a", "a-b", "ä"].into_iter().any(is_name));
    }
}
