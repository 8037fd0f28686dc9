//! Every diagnostic has a runbook under `tests/diagnostics/` and the text that is expected for it.
//!
//! `NAME.yaml` is loaded, `NAME.txt` is what must be said. The first lines of a runbook may hold `# given: -p name=value`
//! or `# driver: mail=FILE`. `WINDLASS_BLESS=1` writes the texts anew; look at the difference before you keep it.

#![expect(clippy::unwrap_used, reason = "what a test cannot do without may stop it")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use indexmap::IndexMap;
use windlass::diag::{self, Diagnostic, Source};
use windlass::plan::Plan;
use windlass::spec::codes;
use windlass::spec::load::{self, DriverChoice, Files};
use windlass::spec::params::{self, Given};

const FOLDER: &str = "tests/diagnostics";

fn cases() -> Vec<PathBuf> {
    let entries = fs::read_dir(FOLDER).unwrap().map(|entry| entry.unwrap().path());
    let mut cases: Vec<PathBuf> = entries
        .filter(|path| path.extension().is_some_and(|extension| extension == "yaml"))
        .collect();
    cases.sort();
    assert!(!cases.is_empty());
    cases
}

fn directives(text: &str, name: &str) -> Vec<String> {
    let prefix = format!("# {name}: ");
    text.lines().take(5).filter_map(|line| line.strip_prefix(&prefix)).map(str::to_owned).collect()
}

fn diagnose(path: &Path) -> Vec<Diagnostic> {
    let text = fs::read_to_string(path).unwrap();
    let choices: Vec<DriverChoice> =
        directives(&text, "driver").iter().map(|choice| choice.parse().unwrap()).collect();
    let given: Vec<Given> = directives(&text, "given")
        .iter()
        .map(|given| given.strip_prefix("-p ").unwrap().parse().unwrap())
        .collect();
    let loaded = match load::load(path, &choices) {
        Ok(loaded) => loaded,
        Err(wrong) => return wrong,
    };
    let params = match params::resolve(&loaded.runbook.params, &given, &[], &Files) {
        Ok(params) => params,
        Err(problems) => return load::param_diagnostics(&loaded.runbook, problems),
    };
    let sources = loaded.runbook.sources.clone();
    match Plan::new(loaded.runbook, params, PathBuf::from("/")) {
        Ok(_) => loaded.warnings,
        Err(error) => load::diagnostic(codes::VAR_FAILS, &error.message, error.at, &sources),
    }
}

#[test]
fn each_case_says_what_is_expected() {
    let bless = std::env::var_os("WINDLASS_BLESS").is_some();
    let mut differences = Vec::new();
    for path in cases() {
        let said = diag::render::report(&diagnose(&path), false);
        let expected_path = path.with_extension("txt");
        if bless {
            fs::write(&expected_path, &said).unwrap();
        }
        let expected = fs::read_to_string(&expected_path).unwrap_or_default();
        if said != expected {
            let difference = similar::TextDiff::from_lines(&expected, &said);
            differences.push(format!("{}\n{}", path.display(), difference.unified_diff()));
        }
    }
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

#[test]
fn every_code_has_a_case() {
    let mut seen = BTreeSet::from([codes::TOO_MANY, codes::POLICY]);
    for path in cases() {
        let codes: BTreeSet<&str> = diagnose(&path).iter().map(|one| one.code).collect();
        let name = path.file_stem().unwrap().to_str().unwrap();
        let own = name.split('-').next().unwrap();
        assert!(codes.contains(own), "{} shows {codes:?}", path.display());
        seen.extend(codes);
    }
    let all: BTreeSet<&str> = codes::ALL.iter().map(|code| code.code).collect();
    assert_eq!(seen, all);
}

#[test]
fn places_in_json_are_those_of_the_text() {
    for path in cases() {
        let diagnostics = diagnose(&path);
        let json = diag::json::report(&diagnostics);
        assert_eq!(
            ["errors", "warnings", "notes"]
                .map(|key| json[key].as_u64().unwrap())
                .iter()
                .sum::<u64>(),
            diagnostics.len() as u64
        );
        for (one, json) in diagnostics.iter().zip(json["diagnostics"].as_array().unwrap()) {
            let shown = diag::render::one(one, false);
            if let Some(line) = json["line"].as_u64() {
                let place =
                    format!("--> {}:{line}:{}\n", json["file"].as_str().unwrap(), json["column"]);
                assert!(shown.contains(&place), "{place} {shown}");
                let end =
                    (json["end_line"].as_u64().unwrap(), json["end_column"].as_u64().unwrap());
                assert!(end >= (line, json["column"].as_u64().unwrap()));
            }
        }
    }
}

/// The thousandth error is the last that is shown, however many there are.
#[test]
fn very_many_errors_are_cut_short() {
    let wrong: String = (0..5_000).map(|number| format!("wrong_{number}: 1\n")).collect();
    let text = format!("windlass: 1\nname: a\nsteps: {{a: {{run: [b]}}}}\n{wrong}");
    let said = load::load_from(Source::new("many.yaml", text), IndexMap::new()).unwrap_err();
    assert_eq!(said.len(), 1_001);
    assert_eq!(said.last().unwrap().code, codes::TOO_MANY);
}
