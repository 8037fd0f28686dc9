//! A first runbook as text, with the reasons beside what is written.
//!
//! Does not know whether what was wished for makes sense.

use std::fmt::Write as _;

use serde_json::Value;

use super::super::arguments::NewEffect;
use super::wishes::{Wishes, plural};

/// The runbook's text.
pub(super) fn text(wishes: &Wishes, schema: Option<&str>) -> String {
    let mut text = String::new();
    if let Some(schema) = schema {
        let _ = writeln!(text, "# yaml-language-server: $schema={schema}");
    }
    let _ = writeln!(
        text,
        "windlass: 1\nname: {}\ntitle: {}\n",
        scalar(&wishes.name),
        scalar(&wishes.title)
    );
    params(wishes, &mut text);
    text.push_str("# A command that hangs is ended after this time; give a step that takes longer a `timeout` of its own.\n");
    text.push_str("defaults: {timeout: 30m}\n\nsteps:\n");
    match &wishes.each {
        None => step(wishes, "  ", &mut text),
        Some(each) => {
            let several = plural(each);
            let _ = writeln!(text, "  {several}:");
            let _ = writeln!(
                text,
                "    for_each: {{items: params.{several}, as: {each}, parallel: 4, max_failures: 0}}"
            );
            let _ = writeln!(text, "    steps:");
            step(wishes, "      ", &mut text);
        }
    }
    text
}

fn params(wishes: &Wishes, text: &mut String) {
    let params = wishes.params();
    if params.is_empty() {
        return;
    }
    text.push_str("params:\n");
    for param in &params {
        let several = wishes.each.as_deref().filter(|each| plural(each) == *param);
        let declared = match several {
            Some(_) => {
                "type: array, items: {type: string, minLength: 1}, minItems: 1, uniqueItems: true"
            }
            None => "type: string, minLength: 1",
        };
        let _ = writeln!(text, "  {param}: {{{declared}}}");
    }
    text.push('\n');
}

fn step(wishes: &Wishes, indent: &str, text: &mut String) {
    let mut line = |words: &str| {
        let _ = writeln!(text, "{indent}{words}");
    };
    line(&format!("{}:", step_name(wishes)));
    line(match wishes.effect {
        NewEffect::Read => "  effect: read                 # it changes nothing",
        NewEffect::Idempotent => "  effect: idempotent           # doing it again does no harm",
        NewEffect::Once => {
            "  effect: once                 # never started again unless it is certain that nothing has happened"
        }
    });
    if wishes.effect != NewEffect::Read {
        line(&format!("  locks: [{}]", scalar(&lock(wishes))));
    }
    line(&format!("  run: {}", list(&wishes.run)));
    let Some(probe) = &wishes.probe else { return };
    if wishes.effect == NewEffect::Once {
        line(
            "  probe:                       # asked before a start, and whenever it is not known what has happened",
        );
        line(&format!("    run: {}", list(probe)));
        line("    success: out.exit in [0, 1]");
        line("    states:");
        line("      done: out.exit == 0");
        line(
            "      absent: out.exit == 1      # anything else is a doubt, and an operator decides",
        );
    } else {
        line("  verify:");
        line(&format!("    - {{run: {}}}", list(probe)));
    }
}

/// What nobody else may work on meanwhile.
fn lock(wishes: &Wishes) -> String {
    match &wishes.each {
        Some(each) => format!("{each}:{{{{ {each} }}}}"),
        None => wishes.name.clone(),
    }
}

/// The step is called as its program is.
fn step_name(wishes: &Wishes) -> String {
    let program = wishes.run.first().map_or("step", String::as_str);
    let program = program.rsplit('/').next().unwrap_or(program);
    let stem = program.split('.').next().unwrap_or(program).to_ascii_lowercase();
    let name: String =
        stem.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
    let taken = wishes.each.as_deref().is_some_and(|each| name == each || name == plural(each));
    // A name that YAML would read as something else is none.
    let usable = name.starts_with(|c: char| c.is_ascii_lowercase()) && scalar(&name) == name;
    if usable && !taken { name } else { "step".to_owned() }
}

fn list(words: &[String]) -> String {
    let words: Vec<String> = words.iter().map(|word| scalar(word)).collect();
    format!("[{}]", words.join(", "))
}

/// A text in YAML, in quotes where it would be read as something else.
fn scalar(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '/' | '.' | ' ');
    let begins = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '/');
    let is_word = ["true", "false", "null", "yes", "no", "on", "off", "y", "n"]
        .contains(&text.to_ascii_lowercase().as_str());
    if begins && !is_word && !text.ends_with(' ') && text.chars().all(plain) {
        text.to_owned()
    } else {
        Value::from(text).to_string()
    }
}
