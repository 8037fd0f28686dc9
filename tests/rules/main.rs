//! Every rule finds something in its wrong example, at the place that is expected, and nothing in the right one.
//!
//! `tests/rules/CODE.txt` is what must be said of the wrong example. `WINDLASS_BLESS=1` writes these texts anew; look at the
//! difference before you keep it.

#![expect(clippy::unwrap_used, reason = "what a test cannot do without may stop it")]

mod table;

use std::fs;
use std::path::Path;
use std::process::Command;

use indexmap::IndexMap;
use windlass::diag::{Diagnostic, Severity, Source, render};
use windlass::rules::{self, Rule};
use windlass::spec::finding::diagnose;
use windlass::spec::load::load_from;

/// What is wrong with a runbook of which these lines are given.
fn check(lines: &str) -> Vec<Diagnostic> {
    let text = format!("windlass: 1\nname: example\n{}", lines.trim_start());
    let loaded = load_from(Source::new("example.yaml", text), IndexMap::new())
        .unwrap_or_else(|wrong| panic!("{}", render::report(&wrong, false)));
    diagnose(rules::check(&loaded.runbook), &loaded.runbook.sources)
}

fn codes(diagnostics: &[Diagnostic]) -> Vec<&'static str> {
    diagnostics.iter().map(|one| one.code).collect()
}

fn own(rule: &Rule, diagnostics: Vec<Diagnostic>) -> Vec<Diagnostic> {
    diagnostics.into_iter().filter(|one| one.code == rule.code.code).collect()
}

#[test]
fn each_rule_finds_its_wrong_example_and_is_silent_on_the_right_one() {
    let bless = std::env::var_os("WINDLASS_BLESS").is_some();
    let mut differences = Vec::new();
    for rule in rules::ALL {
        let code = rule.code.code;
        let found = own(rule, check(rule.wrong));
        assert!(!found.is_empty(), "{code} finds nothing in its wrong example");
        assert!(
            found.iter().all(|one| one.severity == rule.severity && !one.help.is_empty()),
            "{code}"
        );
        let right = own(rule, check(rule.right));
        assert!(right.is_empty(), "{code}: {}", render::report(&right, false));
        let said = render::report(&found, false);
        let path = Path::new("tests/rules").join(format!("{code}.txt"));
        if bless {
            fs::write(&path, &said).unwrap();
        }
        let expected = fs::read_to_string(&path).unwrap_or_default();
        if said != expected {
            differences.push(format!("{code}: {said}"));
        }
    }
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

#[test]
fn codes_are_in_order_and_explained_in_sentences() {
    assert!(rules::ALL.windows(2).all(|pair| pair[0].code.code < pair[1].code.code));
    for rule in rules::ALL {
        let code = &rule.code;
        assert!(code.explanation.len() > 60 && code.explanation.ends_with('.'), "{}", code.code);
        assert!(!code.title.ends_with('.') && rule.source.ends_with('.'), "{}", code.code);
        assert_eq!(rules::explain(&code.code.to_lowercase()), Some(code));
    }
}

/// A rule is silenced by the step or by a group around it, and by nothing else.
#[test]
fn a_silenced_rule_is_silent() {
    let runbook = |on_step: &str, on_group: &str, on_other: &str, on_all: &str| {
        format!(
            "{on_all}
steps:
  all:
    {on_group}
    steps:
      drop: {{run: [dropdb, old], locks: [old]{on_step}}}
  look: {{effect: read, needs: [all], run: [ls]{on_other}}}
"
        )
    };
    let (inner, outer) = (", allow: {W0711: why}", "allow: {W0711: why}");
    assert_eq!(codes(&check(&runbook("", "", "", ""))), ["W0711"]);
    assert_eq!(codes(&check(&runbook(inner, "", "", ""))), [""; 0]);
    assert_eq!(codes(&check(&runbook("", outer, "", ""))), [""; 0]);
    assert_eq!(codes(&check(&runbook("", "", inner, ""))), ["W0711", "W0701"]);
    assert_eq!(codes(&check(&runbook("", "", "", outer))), ["W0701", "W0711"]);
}

#[test]
fn what_belongs_to_no_step_is_silenced_by_the_runbook() {
    let lines = "params: {unused: {type: string}}\nsteps: {look: {effect: read, run: [ls]}}";
    assert_eq!(codes(&check(lines)), ["W0761"]);
    let silenced = format!("allow: {{W0761: a caller gives it to all runbooks}}\n{lines}");
    assert_eq!(codes(&check(&silenced)), [""; 0]);
}

/// Two items that do the same at the same time, with and without something that keeps them apart.
#[test]
fn items_clash_unless_something_keeps_them_apart() {
    let runbook = |limit: &str, locks: &str, argument: &str| {
        format!(
            "
params: {{servers: {{type: array, items: {{type: string}}}}, target: {{type: string}}}}
steps:
  all:
    for_each: {{items: params.servers, as: server, parallel: {limit}}}
    {locks}
    steps:
      purge: {{effect: idempotent, run: [purge, \"{argument}\"]}}
  say: {{effect: read, needs: [all], run: [echo, \"{{{{ params.target }}}}\"]}}
"
        )
    };
    let clashes = |limit, locks, argument| {
        let found = check(&runbook(limit, locks, argument));
        codes(&found).contains(&"W0722")
    };
    assert!(clashes("2", "", "{{ params.target }}"));
    assert!(!clashes("1", "", "{{ params.target }}"));
    assert!(!clashes("2", "", "{{ server }}"));
    assert!(!clashes("2", "locks: [\"server:{{ params.target }}\"]", "{{ params.target }}"));
    assert!(clashes("2", "locks: [\"server:{{ server }}\"]", "{{ params.target }}"));
}

/// What lies beside the examples of a rule: the next thing that it must find, and the next that it must not.
#[test]
fn rules_tell_apart_what_is_near() {
    let param = |name: &str| format!("params: {{{name}: {{type: string}}}}\nsteps:");
    let secret = |name: &str| {
        format!("{} {{a: {{effect: read, run: [t, \"{{{{ params.{name} }}}}\"]}}}}", param(name))
    };
    let read = |argv: &str| format!("steps: {{a: {{effect: read, timeout: 1m, run: [{argv}]}}}}");
    let probe = |argv: &str| {
        format!(
            "steps: {{a: {{run: [move, x], probe: {{run: [{argv}], states: {{done: out.exit == 0, absent: out.exit == 1}}}}}}}}"
        )
    };
    let pasted =
        |argv: &str| format!("{} {{a: {{effect: read, timeout: 1m, run: [{argv}]}}}}", param("x"));
    let copied = |more: &str, needs: &str| {
        format!(
            "steps:
  copy: {{effect: idempotent, run: [c], verify: [{{run: [v]}}]}}
  sweep: {{effect: idempotent, needs: [copy], run: [s]{more}}}
  drop_it: {{kind: delete, {needs}, effect: idempotent, run: [d]}}
"
        )
    };
    let frozen = |around: &str| {
        format!(
            "settings: {{freeze: {{get: {{run: [g]}}, set: {{run: [s]}}, to: 1, around: [{around}]}}}}
steps:
  move: {{run: [m]}}
  verify: {{effect: read, needs: [move], run: [v]}}
"
        )
    };
    for (code, lines, fires) in [
        ("W0752", secret("db_password"), true),
        ("W0752", secret("api_key"), true),
        ("W0752", secret("password_file"), false),
        ("W0752", secret("keyboard"), false),
        ("W0753", read("systemctl, restart, postfix"), true),
        ("W0753", read("systemctl, status, postfix"), false),
        ("W0753", read("/bin/rm, -f, x"), true),
        ("W0753", read("rm, --dry-run, x"), false),
        ("W0753", probe("move, x"), true),
        ("W0753", probe("locate, x"), false),
        ("W0751", pasted("bash, -lc, \"ls {{ params.x }}\""), true),
        ("W0751", pasted("bash, -c, \"ls {{ params.x | sh }}\""), false),
        ("W0751", pasted("sh, script.sh, \"{{ params.x }}\""), false),
        ("W0751", pasted("ssh, host, \"ls {{ params.x }}\""), true),
        ("W0751", pasted("ssh, -q, \"{{ params.x }}\", ls"), false),
        ("W0754", "steps: {a: {effect: read, run: [/usr/bin/curl, x]}}".to_owned(), true),
        (
            "W0754",
            "steps: {g: {timeout: 1m, steps: {a: {effect: read, run: [curl, x]}}}}".to_owned(),
            false,
        ),
        ("W0741", copied("", "needs: [sweep]"), false),
        ("W0741", copied("", "after: [sweep]"), true),
        ("W0741", copied(", when: run.id == 'x'", "needs: [sweep]"), true),
        ("W0742", frozen("move"), true),
        ("W0742", frozen("move, verify"), false),
    ] {
        let found = codes(&check(&lines));
        assert_eq!(found.contains(&code), fires, "{code} {found:?}\n{lines}");
    }
}

/// The naive runbooks pass, since nothing in them is against the language, and are warned of.
#[test]
fn naive_runbooks_are_warned_of() {
    let mut seen = 0;
    for entry in fs::read_dir("examples/naive").unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "yaml") {
            continue;
        }
        let found = rules::check_file(&path, &[], &[]);
        assert!(found.iter().all(|one| one.severity != Severity::Error), "{}", path.display());
        assert!(found.iter().any(|one| one.severity == Severity::Warning), "{}", path.display());
        seen += 1;
    }
    assert!(seen >= 2);
}

#[test]
fn what_naive_runbooks_do_wrong_is_what_they_are_warned_of() {
    for (name, code) in [
        ("retried-move", "W0712"),
        ("clone-organisation", "W0712"),
        ("migrate-postoffice", "W0741"),
        ("moved-again", "W0714"),
        ("moved-back", "W0714"),
        ("removed-server", "W0741"),
        ("settings-by-hand", "W0731"),
    ] {
        let path = format!("examples/naive/{name}.yaml");
        let found = rules::check_file(Path::new(&path), &[], &[]);
        assert!(codes(&found).contains(&code), "{}", render::report(&found, false));
    }
}

/// The time that it takes grows with the size of the runbook, whatever its shape; here everything is about the same thing.
#[test]
fn a_large_runbook_is_analysed_to_the_end() {
    let mut lines = String::from("steps:\n");
    for number in 0..3_000 {
        lines +=
            &format!("  s{number}: {{effect: idempotent, run: [purge, \"{{{{ run.id }}}}\"]}}\n");
    }
    let found = check(&lines);
    assert!(codes(&found).contains(&"W0722"));

    let lines: String =
        (0..150).map(|number| format!("  s{number}: {{run: [drop, x{number}]}}\n")).collect();
    let found = check(&format!("steps:\n{lines}"));
    let unasked: Vec<&Diagnostic> = found.iter().filter(|one| one.code == "W0711").collect();
    assert_eq!(unasked.len(), 100);
    assert_eq!(unasked[99].help.last().unwrap(), "there are 50 more like this");
}

#[test]
fn check_prints_what_the_rules_find_and_passes() {
    let output = Command::new(env!("CARGO_BIN_EXE_windlass"))
        .args(["check", "examples/naive/retried-move.yaml"])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(0));
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(said.contains("warning[W0712]: step `move` is a move"), "{said}");
}
