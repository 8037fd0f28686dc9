//! Files → a [`Runbook`] with its drivers, or everything that is wrong with them.
//!
//! Does not know values of parameters; what depends on them is checked when they are known.

mod any;

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use indexmap::IndexMap;

pub use any::{Checked, diagnostic, load_policy, open_file};

use super::decode::{self, Decoder, DriverFile};
use super::finding::{Finding, Findings, Where};
use super::model::{Driver, Place, Runbook};
use super::suspect::suspect;
pub(crate) use super::yaml::BYTES_MAX;
use super::yaml::{self, Document, FaultKind, Kind, Node, Unreadable};
use super::{check, codes, params};
use crate::diag::{Diagnostic, Source};

/// A runbook that may run.
#[derive(Debug)]
pub struct Loaded {
    /// The runbook.
    pub runbook: Runbook,
    /// Warnings; errors there are none.
    pub warnings: Vec<Diagnostic>,
}

/// `--driver mail=FILE`: another file for a driver that the runbook names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DriverChoice {
    /// The driver's name in the runbook.
    pub name: String,
    /// The file, relative to the working directory.
    pub path: PathBuf,
}

impl std::str::FromStr for DriverChoice {
    type Err = String;

    fn from_str(argument: &str) -> Result<DriverChoice, String> {
        match argument.split_once('=') {
            Some((name, path)) if !name.is_empty() && !path.is_empty() => {
                Ok(DriverChoice { name: name.to_owned(), path: path.into() })
            }
            _ => Err(format!("`{argument}` is not of the form `NAME=FILE`")),
        }
    }
}

/// Loads a runbook and its drivers from their files.
///
/// A driver's path is relative to the runbook; a choice takes its place. Returns all errors and warnings of all files at once,
/// sorted, if there is an error.
pub fn load(path: &Path, choices: &[DriverChoice]) -> Result<Loaded, Vec<Diagnostic>> {
    let runbook = match read(path) {
        Ok(source) => source,
        Err(refused) => return Err(refused.into_diagnostics(path)),
    };
    let folder = path.parent().unwrap_or(Path::new(""));
    let mut loader = Loader::new(runbook);
    let open = |name: &str, named: &DriverFile| {
        let chosen = choices.iter().rev().find(|choice| choice.name == name);
        let path = chosen.map_or_else(|| folder.join(&named.path), |choice| choice.path.clone());
        read(&path).map_err(|refused| (path, refused))
    };
    let runbook = loader.runbook(open, choices);
    loader.finish(runbook)
}

/// Loads a runbook from texts that have been read before, such as the copy that a run keeps; drivers by name.
pub fn load_from(
    runbook: Source,
    mut drivers: IndexMap<String, Source>,
) -> Result<Loaded, Vec<Diagnostic>> {
    let mut loader = Loader::new(runbook);
    let open = |name: &str, named: &DriverFile| {
        let missing = Refused { message: "it is not among the texts".to_owned(), source: None };
        drivers.swap_remove(name).ok_or_else(|| (PathBuf::from(&named.path), missing))
    };
    let runbook = loader.runbook(open, &[]);
    loader.finish(runbook)
}

/// Reads the text of a file within the bounds of any file of a runbook. A byte order mark is taken off.
pub fn read_text(path: &Path) -> Result<String, String> {
    read(path).map(|source| source.text).map_err(|refused| refused.message)
}

/// What `params` needs from outside, done with files.
#[derive(Debug, Clone, Copy, Default)]
pub struct Files;

impl params::Reader for Files {
    fn read(&self, path: &Path) -> Result<String, String> {
        read_text(path)
    }

    fn yaml(&self, text: &str) -> Result<serde_json::Value, String> {
        yaml::to_json(text)
    }
}

/// Wrong values of parameters as diagnostics that point at the parameters' declarations.
pub fn param_diagnostics(runbook: &Runbook, problems: Vec<params::Problem>) -> Vec<Diagnostic> {
    let finding = |problem: params::Problem| {
        let at = problem.at.map_or(Where::Nowhere, Where::Value);
        Finding { help: problem.help, ..Finding::error(problem.code, at, problem.message) }
    };
    super::finding::diagnose(problems.into_iter().map(finding).collect(), &runbook.sources)
}

/// A file that cannot be used, with as much of it as can be shown.
struct Refused {
    message: String,
    source: Option<Box<(Source, usize)>>,
}

impl Refused {
    fn into_diagnostics(self, path: &Path) -> Vec<Diagnostic> {
        let message = format!("`{}` cannot be read: {}", path.display(), self.message);
        let mut findings = Findings::new();
        let sources = match self.source {
            Some(found) => {
                let (source, at) = *found;
                findings.push(Finding::error(
                    codes::UNREADABLE,
                    Where::Bytes(0, at..at),
                    self.message,
                ));
                vec![Arc::new(source)]
            }
            None => {
                findings.push(Finding::error(codes::UNREADABLE, Where::Nowhere, message));
                Vec::new()
            }
        };
        findings.into_diagnostics(&sources)
    }
}

fn read(path: &Path) -> Result<Source, Refused> {
    let refused = |message: String| Refused { message, source: None };
    let bytes = read_bytes(path).map_err(|error| {
        refused(match error.kind() {
            io::ErrorKind::NotFound => "there is no such file".to_owned(),
            io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
            io::ErrorKind::IsADirectory => "it is a folder".to_owned(),
            _ => error.to_string(),
        })
    })?;
    if bytes.len() as u64 > BYTES_MAX {
        return Err(refused(format!("it has more than {} MiB", BYTES_MAX / 1024 / 1024)));
    }
    match String::from_utf8(bytes) {
        Ok(mut text) => {
            if text.starts_with('\u{feff}') {
                text.drain(..'\u{feff}'.len_utf8());
            }
            Ok(Source::new(path, text))
        }
        Err(error) => {
            let at = error.utf8_error().valid_up_to();
            let text = String::from_utf8_lossy(error.as_bytes()).into_owned();
            let message = "the file is not UTF-8".to_owned();
            Err(Refused { message, source: Some(Box::new((Source::new(path, text), at))) })
        }
    }
}

/// Reads one byte more than is allowed at the most, also where the file has no end.
fn read_bytes(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(BYTES_MAX + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

struct Loader {
    sources: Vec<Arc<Source>>,
    findings: Findings,
}

impl Loader {
    fn new(runbook: Source) -> Loader {
        Loader { sources: vec![Arc::new(runbook)], findings: Findings::new() }
    }

    fn runbook(
        &mut self,
        open: impl FnMut(&str, &DriverFile) -> Result<Source, (PathBuf, Refused)>,
        choices: &[DriverChoice],
    ) -> Option<Runbook> {
        let document = self.parse(0)?;
        let head = decode::head(0, &document.root);
        let drivers = self.drivers(&head.drivers, open);
        self.check_choices(&head.drivers, choices);
        let decoder = Decoder::new(0, &mut self.findings, &drivers);
        let mut runbook = decode::runbook(decoder, document.root)?;
        runbook.drivers =
            drivers.into_iter().filter_map(|(name, driver)| Some((name, driver?))).collect();
        check::check(&runbook, &mut self.findings);
        Some(runbook)
    }

    fn finish(self, runbook: Option<Runbook>) -> Result<Loaded, Vec<Diagnostic>> {
        let errors = self.findings.errors();
        let diagnostics = self.findings.into_diagnostics(&self.sources);
        match runbook {
            Some(mut runbook) if errors == 0 => {
                runbook.sources = self.sources;
                Ok(Loaded { runbook, warnings: diagnostics })
            }
            _ => Err(diagnostics),
        }
    }

    fn drivers(
        &mut self,
        named: &IndexMap<String, DriverFile>,
        mut open: impl FnMut(&str, &DriverFile) -> Result<Source, (PathBuf, Refused)>,
    ) -> IndexMap<String, Option<Arc<Driver>>> {
        let mut drivers = IndexMap::new();
        for (name, file) in named {
            let driver = match open(name, file) {
                Ok(source) => self.driver(name, source),
                Err((path, refused)) => {
                    self.refused(name, file.at, &path, &refused);
                    None
                }
            };
            drivers.insert(name.clone(), driver.map(Arc::new));
        }
        drivers
    }

    fn driver(&mut self, name: &str, source: Source) -> Option<Driver> {
        self.sources.push(Arc::new(source));
        let file = u32::try_from(self.sources.len() - 1).expect("drivers are few");
        let document = self.parse(file)?;
        let none = IndexMap::new();
        let decoder = Decoder::new(file, &mut self.findings, &none);
        let driver = decode::driver(decoder, document.root)?;
        if !driver.name.is_empty() && driver.name != name {
            let message =
                format!("the runbook loads this driver as `{name}`, but it is `{}`", driver.name);
            let finding = Finding::error(codes::DRIVER_NAME, driver.at, message);
            self.findings
                .push(finding.help(format!("name it under `drivers` as `{}`", driver.name)));
        }
        check::check_driver(&driver, &mut self.findings);
        Some(driver)
    }

    fn refused(&mut self, name: &str, at: Place, path: &Path, refused: &Refused) {
        let message =
            format!("driver `{name}`: `{}` cannot be read: {}", path.display(), refused.message);
        self.findings.push(Finding::error(codes::UNREADABLE, at, message));
    }

    fn check_choices(&mut self, named: &IndexMap<String, DriverFile>, choices: &[DriverChoice]) {
        for choice in choices.iter().filter(|choice| !named.contains_key(&choice.name)) {
            let near = self.findings.near(&choice.name, named.keys().map(String::as_str));
            let message =
                format!("the runbook has no driver `{}` to choose a file for", choice.name);
            self.findings.push(
                Finding::error(codes::UNKNOWN_DRIVER, Where::Nowhere, message).maybe_help(near),
            );
        }
    }

    /// Parses a source; what is not allowed in it is reported, and a text that is no document ends here.
    fn parse(&mut self, file: u32) -> Option<Document> {
        let source = self.sources[file as usize].clone();
        match yaml::parse(&source.text) {
            Ok(Document { root: Node { kind: Kind::Null, .. }, .. }) => {
                let message = "the file holds nothing";
                self.findings.push(Finding::error(
                    codes::SYNTAX,
                    Where::Bytes(file, 0..0),
                    message,
                ));
                None
            }
            Ok(document) => {
                for fault in &document.faults {
                    self.findings.push(fault_finding(file, fault));
                    if let FaultKind::BareTemplate { map, .. } = fault.kind {
                        self.findings.ignore(Place { file, node: map });
                    }
                }
                Some(document)
            }
            Err(error) => {
                self.findings.push(unreadable_finding(file, &source, error));
                None
            }
        }
    }
}

fn fault_finding(file: u32, fault: &yaml::Fault) -> Finding {
    let at = Place { file, node: fault.number };
    let message = fault.kind.message();
    let refused = |message| Finding::error(codes::NOT_AVAILABLE, at, message);
    match &fault.kind {
        FaultKind::DuplicateKey { first, .. } => Finding::error(codes::DUPLICATE_KEY, at, message)
            .see("the first one", Place { file, node: *first }),
        FaultKind::MergeKey => {
            refused(message).help("write the keys out; an alias may stand for a whole value")
        }
        FaultKind::KeyNotText => {
            refused(message).help("put it in quotes, a template too: `\"{{ params.name }}\"`")
        }
        FaultKind::BareTemplate { map, inside } => {
            let quote = if inside.contains('"') { '\'' } else { '"' };
            Finding::error(codes::NOT_AVAILABLE, Place { file, node: *map }, message)
                .help(format!("write `{quote}{{{{ {inside} }}}}{quote}`"))
        }
        FaultKind::Tag(_) | FaultKind::NotFinite => refused(message),
    }
}

fn unreadable_finding(file: u32, source: &Source, error: Unreadable) -> Finding {
    match error {
        Unreadable::Syntax { message, place, begun } => {
            // What is missing at the end is missing behind the last thing that is there.
            let end = source.text.trim_end().len();
            let at = place.map_or(0, |place| source.byte(place)).min(end);
            let line = source.line(at);
            if let Some(suspect) = suspect(&source.text, &message, line) {
                let bytes = Where::Bytes(file, suspect.bytes.clone());
                let stumbled = (source.line(suspect.bytes.start) != line)
                    .then(|| format!("the parser stumbles over it in line {line}: {message}"));
                return Finding::error(codes::SYNTAX, bytes, suspect.message)
                    .help(suspect.help)
                    .maybe_help(stumbled);
            }
            let begun = begun.filter(|begun| begun.line < line);
            let begun =
                begun.map(|begun| format!("what is not finished begins in line {}", begun.line));
            Finding::error(codes::SYNTAX, Where::Bytes(file, at..at), message)
                .maybe_help(syntax_hint(source, at).or(begun))
        }
        Unreadable::SeveralDocuments => {
            // The next one begins behind a line that ends the first, or with its own first line.
            let marks = ["\n---", "\n..."].into_iter();
            let mark = marks.filter_map(|mark| source.text.find(mark)).min();
            let at = mark.map_or(0..0, |line| line + 1..line + 4);
            let message = "there is more than one document in the file";
            Finding::error(codes::NOT_AVAILABLE, Where::Bytes(file, at), message)
                .help("a file holds one runbook or one driver")
        }
        Unreadable::TooMuch { message, place } => {
            let at = place.map_or(0, |place| source.byte(place));
            Finding::error(codes::TOO_MUCH, Where::Bytes(file, at..at), message)
        }
    }
}

/// What most often leads to an error at a place.
fn syntax_hint(source: &Source, at: usize) -> Option<String> {
    let (start, line) = source.text_of_line(source.line(at));
    if line.trim_start_matches(' ').starts_with('\t') {
        return Some("indent with spaces; YAML does not allow tabs".to_owned());
    }
    let before = &line[..line.floor_char_boundary(at.saturating_sub(start))];
    (line.contains(": {{") || before.contains("{{") || line.contains("- {{"))
        .then(|| "a value that begins with `{{` needs quotes: `\"{{ ... }}\"`".to_owned())
}

#[cfg(test)]
mod tests;
