//! The loader, the rules and the plan: whatever a file holds, there is an answer, and its places are in the text.

use std::fs;
use std::panic::catch_unwind;
use std::path::{Path, PathBuf};

use indexmap::IndexMap;
use windlass::diag::{self, Diagnostic, Source};
use windlass::plan::Plan;
use windlass::rules;
use windlass::spec::{finding, load, params};

use super::{rng, seeds, spoil};

const DRIVER: &str = "runbooks/drivers/maillab.yaml";

/// What YAML, templates and runbooks are made of.
const WORDS: &[&str] = &[
    "{{ ",
    " }}",
    "{% if ",
    "%}",
    "{#",
    "|",
    ">",
    "&a ",
    "*a",
    "<<: *a",
    "? ",
    "- ",
    ": ",
    "\t",
    "\r\n",
    "\u{feff}",
    "\u{0}",
    "'",
    "\"",
    "[",
    "]",
    "{",
    "}",
    "!!binary ",
    "---\n",
    "...\n",
    "1e999",
    ".nan",
    "99999999999999999999",
    "-0",
    "~",
    "null",
    "needs",
    "for_each",
    "steps",
    "settings",
    "params.",
    "steps.",
    "out.json",
    "repair",
    "probe",
    "| sh",
    " and ",
    "((((((((",
    "é",
    "\u{202e}",
    "2h30m",
    "30m",
    "%TAG",
];

fn corpus() -> Vec<(PathBuf, Vec<u8>)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folders = ["runbooks", "runbooks/drivers", "examples/naive", "tests/diagnostics"];
    let mut files = Vec::new();
    for folder in folders {
        let entries = fs::read_dir(root.join(folder)).unwrap().map(|entry| entry.unwrap().path());
        let yaml =
            entries.filter(|path| path.extension().is_some_and(|extension| extension == "yaml"));
        files.extend(yaml.map(|path| (path.clone(), fs::read(path).unwrap())));
    }
    files.sort();
    assert!(files.len() > 50);
    files
}

/// Everything that `check` and `plan` do with a text.
fn judge(file: &Path, text: String, driver: &str) -> Vec<Diagnostic> {
    let is_driver = file.ends_with("drivers/maillab.yaml");
    let shipped = || Source::new("driver.yaml", driver);
    let (runbook, driver) = match is_driver {
        true => {
            let book = Path::new(env!("CARGO_MANIFEST_DIR")).join("runbooks/move-mailboxes.yaml");
            (Source::new("book.yaml", fs::read_to_string(book).unwrap()), Source::new(file, text))
        }
        false => (Source::new(file, text), shipped()),
    };
    let drivers = IndexMap::from([("mail".to_owned(), driver)]);
    let loaded = match load::load_from(runbook, drivers) {
        Ok(loaded) => loaded,
        Err(wrong) => return wrong,
    };
    let mut said = loaded.warnings;
    said.extend(finding::diagnose(rules::check(&loaded.runbook), &loaded.runbook.sources));
    if let Ok(values) = params::resolve(&loaded.runbook.params, &[], &[], &load::Files) {
        // A variable that cannot be computed is an answer too.
        drop(Plan::new(loaded.runbook, values, PathBuf::from("/")));
    }
    said
}

#[test]
fn whatever_a_runbook_holds_there_is_an_answer() {
    let corpus = corpus();
    let texts: Vec<Vec<u8>> = corpus.iter().map(|(_, text)| text.clone()).collect();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let driver = fs::read_to_string(root.join(DRIVER)).unwrap();
    let mut sound = 0;
    for seed in seeds() {
        let (file, original) = &corpus[usize::try_from(seed).unwrap() % corpus.len()];
        let mut bytes = original.clone();
        spoil(&mut rng(seed), &mut bytes, &texts, WORDS);
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let told = catch_unwind(|| {
            let said = judge(file, text.clone(), &driver);
            for one in &said {
                if let Some(span) = &one.span {
                    assert!(span.start <= span.end && span.end <= span.source.text.len());
                    assert!(span.source.text.get(span.start..span.end).is_some());
                }
            }
            let shown = diag::render::report(&said, false);
            (said.is_empty(), shown.is_empty())
        });
        let Ok((silent, _)) = told else {
            panic!("WINDLASS_FUZZ_SEED={seed} {}\n{text}", file.display());
        };
        sound += u64::from(silent);
    }
    println!("{} files, {sound} of them without a word", seeds().count());
}
