//! `windlass explain`.

use serde_json::{Value, json};

use super::arguments::{Explain, Format};
use super::failure::{Failure, USAGE};
use crate::rules;
use crate::spec::codes::Code;
use crate::spec::near::did_you_mean;

/// Characters in a line of text.
const WIDTH: usize = 96;

pub(super) fn main(arguments: &Explain) -> Result<u8, Failure> {
    match (&arguments.code, arguments.format) {
        (None, Format::Human) => super::print(&list())?,
        (None, Format::Json) => {
            super::print_json(&rules::codes().map(as_json).collect::<Vec<_>>())?;
        }
        (Some(code), format) => {
            let code = rules::explain(code).ok_or_else(|| unknown(code))?;
            match format {
                Format::Human => super::print(&one(code))?,
                Format::Json => super::print_json(&as_json(code))?,
            }
        }
    }
    Ok(0)
}

fn list() -> String {
    let mut text = String::new();
    for code in rules::codes() {
        text.push_str(&format!("{}  {}\n", code.code, code.title));
    }
    text
}

fn unknown(code: &str) -> Failure {
    let upper = code.to_uppercase();
    let near = did_you_mean(&upper, rules::codes().map(|known| known.code));
    let hint = near.unwrap_or_else(|| "`windlass explain` lists all codes".to_owned());
    Failure::new(USAGE, format!("there is no code `{code}`; {hint}"))
}

fn one(code: &Code) -> String {
    let Some(rule) = rules::rule(code.code) else {
        return format!("{}: {}\n\n{}", code.code, code.title, wrapped(code.explanation));
    };
    let mut text = format!(
        "{}: {} ({})\n\n{}\n{}",
        code.code,
        code.title,
        rule.severity.word(),
        wrapped(code.explanation),
        wrapped(&format!("Source: {}", rule.source)),
    );
    text.push_str(&format!("\nWrong:\n\n{}", indented(rule.wrong)));
    text.push_str(&format!("\nRight:\n\n{}", indented(rule.right)));
    if rule.can_be_silenced() {
        text.push_str(&format!(
            "\nWhere it does no harm, a step, the group around it or the runbook says why:\n\n    allow: {{{}: \"...\"}}\n",
            code.code
        ));
    }
    text
}

fn as_json(code: &Code) -> Value {
    let mut value =
        json!({"code": code.code, "title": code.title, "explanation": code.explanation});
    if let Some(rule) = rules::rule(code.code) {
        value["severity"] = json!(rule.severity);
        value["source"] = json!(rule.source);
        value["wrong"] = json!(rule.wrong.trim_start());
        value["right"] = json!(rule.right.trim_start());
    }
    value
}

/// A paragraph in lines, with a line break at its end.
fn wrapped(text: &str) -> String {
    let mut lines = String::new();
    let mut width = 0;
    for word in text.split(' ') {
        let length = word.chars().count();
        if width > 0 && width + 1 + length > WIDTH {
            lines.push('\n');
            width = 0;
        } else if width > 0 {
            lines.push(' ');
            width += 1;
        }
        lines.push_str(word);
        width += length;
    }
    lines.push('\n');
    lines
}

fn indented(example: &str) -> String {
    example.trim_matches('\n').lines().map(|line| format!("    {line}\n")).collect()
}
