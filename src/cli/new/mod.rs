//! `windlass new`: a first runbook, from flags or from an interview.
//!
//! Does not know the language: what is written is checked as any runbook is, and does not stay if anything is said about it.

mod interview;
mod wishes;
mod write;

use std::fs;
use std::io::{self, IsTerminal, Write as _};
use std::path::{Path, PathBuf};

use self::wishes::Wishes;
use super::arguments::{New, NewEffect};
use super::failure::{Failure, USAGE};
use super::runbook;
use crate::report::next;
use crate::rules;

pub(super) fn main(arguments: &New) -> Result<u8, Failure> {
    let path =
        arguments.out.clone().unwrap_or_else(|| PathBuf::from(format!("{}.yaml", arguments.name)));
    if path.symlink_metadata().is_ok() {
        return Err(Failure::new(USAGE, format!("{} exists already", path.display()))
            .help("`--out FILE` writes another file"));
    }
    let typed = Wishes::typed(arguments);
    let wishes = match typed {
        Some(wishes) => wishes,
        None if io::stdin().is_terminal() && io::stderr().is_terminal() => {
            let (mut answers, mut questions) = (io::stdin().lock(), io::stderr().lock());
            interview::ask(&arguments.name, &mut answers, &mut questions)
                .map_err(|error| Failure::new(1, error.to_string()))?
        }
        None => Wishes::example(&arguments.name),
    };
    if wishes.run.is_empty() {
        return Err(Failure::new(USAGE, "`--run` names no command"));
    }
    if wishes.effect == NewEffect::Once && wishes.probe.is_none() {
        let message =
            "what must not happen twice needs a command that tells whether it has happened";
        return Err(Failure::new(USAGE, message)
            .help("`--probe COMMAND` names it; or say that doing it again does no harm: `--effect idempotent`"));
    }
    let text = write::text(&wishes, schema_beside(&path).as_deref());
    let failed = |error: io::Error| Failure::new(1, format!("{}: {error}", path.display()));
    fs::File::create_new(&path)
        .and_then(|mut file| file.write_all(text.as_bytes()))
        .map_err(failed)?;
    let wrong = rules::check_file(&path, &[], &[]);
    if !wrong.is_empty() {
        fs::remove_file(&path).map_err(failed)?;
        return Err(runbook::say(&wrong));
    }
    super::print(&format!("{}\n", path.display()))?;
    tell_next(&path, &wishes);
    Ok(0)
}

fn tell_next(path: &Path, wishes: &Wishes) {
    let path = path.display().to_string();
    let several = wishes.each.as_deref().map(wishes::plural);
    let value =
        |param: &String| if several.as_ref() == Some(param) { "@FILE.txt" } else { "VALUE" };
    let given: Vec<String> =
        wishes.params().iter().map(|param| format!("{param}={}", value(param))).collect();
    let mut words = vec!["plan", &path];
    given.iter().for_each(|given| words.extend(["-p", given]));
    eprintln!("next:");
    eprintln!("  {}   # everything that is wrong with it", next::command(&["check", &path]));
    eprintln!("  {}   # what a run would do", next::command(&words));
    words[0] = "run";
    eprintln!("  {}", next::command(&words));
}

/// The schema of runbooks as a file in that folder must name it, if there is one in a folder around it.
fn schema_beside(path: &Path) -> Option<String> {
    let full = std::path::absolute(path).ok()?;
    let mut up = String::new();
    for folder in full.ancestors().skip(1) {
        if folder.join("schemas/runbook.schema.json").is_file() {
            return Some(format!("{up}schemas/runbook.schema.json"));
        }
        up.push_str("../");
    }
    None
}
