//! `windlass new`: a first runbook, from flags or from an interview.
//!
//! Does not know the language: what is written is checked as any runbook is, and not written if anything is said about it.

mod interview;
mod wishes;
mod write;

use std::fs;
use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};

use indexmap::IndexMap;

use self::wishes::Wishes;
use super::arguments::{New, NewEffect};
use super::failure::{Failure, USAGE};
use super::runbook;
use crate::diag::Source;
use crate::report::next;
use crate::spec::load;

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
    check(&path, &text)?;
    let failed = |error: io::Error| Failure::new(1, format!("{}: {error}", path.display()));
    let mut file = fs::File::create_new(&path).map_err(failed)?;
    io::Write::write_all(&mut file, text.as_bytes()).map_err(failed)?;
    super::print(&format!("{}\n", path.display()))?;
    tell_next(&path, &wishes);
    Ok(0)
}

/// Says what is wrong with a runbook that is not written for that reason.
fn check(path: &Path, text: &str) -> Result<(), Failure> {
    match load::load_from(Source::new(path, text.to_owned()), IndexMap::new()) {
        Ok(loaded) if loaded.warnings.is_empty() => Ok(()),
        Ok(loaded) => Err(runbook::say(&loaded.warnings)),
        Err(wrong) => Err(runbook::say(&wrong)),
    }
}

fn tell_next(path: &Path, wishes: &Wishes) {
    let path = path.display().to_string();
    let given: Vec<String> = wishes.params().iter().map(|param| format!("{param}=VALUE")).collect();
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
