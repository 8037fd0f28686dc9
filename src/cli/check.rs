//! `windlass check`.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use super::arguments::{Check, CheckFormat};
use super::failure::{Failure, USAGE};
use super::runbook;
use crate::diag::{self, Diagnostic};
use crate::rules;
use crate::spec::load;

pub(super) fn main(arguments: &Check) -> Result<u8, Failure> {
    let choices = runbook::choices(&arguments.drivers)?;
    let mut policies = Vec::new();
    for path in &arguments.policies {
        policies.push(load::load_policy(path).map_err(|wrong| runbook::say(&wrong))?);
    }
    let mut files = Vec::new();
    for path in &arguments.paths {
        collect(path, &mut files)
            .map_err(|error| Failure::new(USAGE, format!("{}: {error}", path.display())))?;
    }
    if files.is_empty() {
        return Err(Failure::new(USAGE, "there is no .yaml or .yml file in what was named"));
    }
    let mut diagnostics: Vec<Diagnostic> =
        files.iter().flat_map(|file| rules::check_file(file, &choices, &policies)).collect();
    diag::sort(&mut diagnostics);
    print(arguments.format, &files, &diagnostics)?;
    Ok(if diag::count(&diagnostics).errors > 0 { USAGE } else { 0 })
}

fn print(
    format: CheckFormat,
    files: &[PathBuf],
    diagnostics: &[Diagnostic],
) -> Result<(), Failure> {
    match format {
        CheckFormat::Json => super::print_json(&diag::json::report(diagnostics)),
        CheckFormat::Sarif => super::print_json(&diag::sarif::log(diagnostics, |code| {
            rules::explain(code).map(|code| (code.title, code.explanation))
        })),
        CheckFormat::Junit => super::print(&diag::junit::report(files, diagnostics)),
        CheckFormat::Github => super::print(&diag::github::commands(diagnostics)),
        CheckFormat::Human => {
            print_coloured(diagnostics)?;
            eprintln!("{}", last_line(files.len(), diagnostics));
            Ok(())
        }
    }
}

/// "2 files: 1 error, 0 warnings", and notes where there are any.
fn last_line(files: usize, diagnostics: &[Diagnostic]) -> String {
    let count = diag::count(diagnostics);
    let mut line = format!(
        "{}: {}, {}",
        counted(files, "file"),
        counted(count.errors, "error"),
        counted(count.warnings, "warning")
    );
    if count.notes > 0 {
        line += &format!(", {}", counted(count.notes, "note"));
    }
    line
}

/// The file itself, or all YAML files below a folder, in the order of their names.
fn collect(path: &Path, into: &mut Vec<PathBuf>) -> std::io::Result<()> {
    if !path.is_dir() {
        into.push(path.to_owned());
        return Ok(());
    }
    let mut entries: Vec<PathBuf> = std::fs::read_dir(path)?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<_, _>>()?;
    entries.sort();
    for entry in entries {
        let yaml =
            entry.extension().is_some_and(|extension| extension == "yaml" || extension == "yml");
        // A link to a folder may lead back up.
        if entry.is_dir() && !entry.is_symlink() {
            collect(&entry, into)?;
        } else if yaml {
            into.push(entry);
        }
    }
    Ok(())
}

/// The diagnostics without a line that counts them, coloured where standard output is a terminal that wants it.
fn print_coloured(diagnostics: &[Diagnostic]) -> Result<(), Failure> {
    let coloured: String =
        diagnostics.iter().map(|diagnostic| diag::render::one(diagnostic, true) + "\n\n").collect();
    let mut stream = anstream::AutoStream::auto(std::io::stdout());
    match stream.write_all(coloured.as_bytes()).and_then(|()| stream.flush()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(Failure::new(1, format!("standard output: {error}")))
        }
        _ => Ok(()),
    }
}

fn counted(count: usize, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}
