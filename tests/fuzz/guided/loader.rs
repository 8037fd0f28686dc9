//! Any text as a runbook or a driver: the loader, the rules, the plan and every form of a report have an answer to it.
//! Does not know which answer is right.

#![no_main]

use std::path::PathBuf;
use std::sync::{Arc, LazyLock};

use indexmap::IndexMap;
use libfuzzer_sys::fuzz_target;
use windlass::core::expressions::Expressions;
use windlass::core::preview::{Beside, preview};
use windlass::diag::{self, Diagnostic, Source};
use windlass::plan::Plan;
use windlass::report::forecast;
use windlass::rules;
use windlass::spec::{finding, load, params};

/// The driver of all runbooks that are made here.
const DRIVER: &str = include_str!("../../../runbooks/drivers/maillab.yaml");

/// The runbook of all drivers that are made here.
const RUNBOOK: &str = include_str!("../../../runbooks/move-mailboxes.yaml");

/// Values of the parameters of the shipped runbooks: those that a runbook does not have are left out.
static GIVEN: LazyLock<Vec<params::Given>> = LazyLock::new(|| {
    let given = ["mailboxes=[\"alice\",\"bob\"]", "source=SRV1", "target=SRV2", "mailbox=alice", "name=x", "password=x"];
    given.iter().filter_map(|given| given.parse().ok()).collect()
});

fuzz_target!(|bytes: &[u8]| {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let said = judge(text);
    for one in &said {
        let Some(span) = &one.span else { continue };
        assert!(span.source.text.get(span.start..span.end).is_some(), "{one:?}");
    }
    diag::render::report(&said, false);
    diag::junit::report(&[PathBuf::from("book.yaml")], &said);
    diag::github::commands(&said);
    serde_json::to_string(&diag::sarif::log(&said, |_| None)).expect("a log is JSON");
    serde_json::to_string(&diag::json::report(&said)).expect("a report is JSON");
});

/// Everything that `check` and `plan` do with a text.
fn judge(text: &str) -> Vec<Diagnostic> {
    let is_driver = text.lines().any(|line| line.starts_with("driver:"));
    let (runbook, driver) = if is_driver { (RUNBOOK, text) } else { (text, DRIVER) };
    let drivers = IndexMap::from([("mail".to_owned(), Source::new("driver.yaml", driver))]);
    let loaded = match load::load_from(Source::new("book.yaml", runbook), drivers) {
        Ok(loaded) => loaded,
        Err(wrong) => return wrong,
    };
    let mut said = loaded.warnings;
    said.extend(finding::diagnose(rules::check(&loaded.runbook), &loaded.runbook.sources));
    let declared = &loaded.runbook.params;
    let given: Vec<_> = GIVEN.iter().filter(|given| declared.contains_key(&given.name)).cloned().collect();
    let Ok(values) = params::resolve(declared, &given, &[], &NoFiles) else { return said };
    let Ok(plan) = Plan::new(loaded.runbook, values, PathBuf::from("/")) else { return said };
    let expressions = Expressions::new(Arc::new(plan), "RUN", "RUN");
    let preview = preview(&expressions, &Beside::default()).expect("windlass does not contradict itself");
    assert!(!forecast::text(&preview).is_empty());
    said
}

/// Parameters are not read from files: a path that is made up may be that of anything.
struct NoFiles;

impl params::Reader for NoFiles {
    fn read(&self, _: &std::path::Path) -> Result<String, String> {
        Err("there are no files".to_owned())
    }

    fn yaml(&self, text: &str) -> Result<serde_json::Value, String> {
        params::Reader::yaml(&load::Files, text)
    }
}
