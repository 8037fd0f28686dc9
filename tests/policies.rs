//! Policies: each demand met and not met, what a wrong policy is told, and the policies that are shipped.

#![expect(clippy::unwrap_used, reason = "what a test cannot do without may stop it")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use indexmap::IndexMap;
use tempfile::TempDir;
use windlass::diag::{Source, render};
use windlass::rules::{self, policy};
use windlass::spec::finding::diagnose;
use windlass::spec::load::{load_from, load_policy};
use windlass::spec::policy::Policy;

fn policy(text: &str) -> Result<Policy, String> {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("policy.yaml");
    fs::write(&path, text).unwrap();
    load_policy(&path).map_err(|wrong| {
        render::report(&wrong, false).replace(&format!("{}/", folder.path().display()), "")
    })
}

fn shipped(name: &str) -> Policy {
    load_policy(&Path::new("runbooks/policies").join(name)).unwrap()
}

/// What the steps say that do not meet a demand of moves.
fn broken(demand: &str, lines: &str) -> Vec<String> {
    let policy = policy(&format!(
        "windlass: 1\npolicy: p\nrules:\n  r: {{title: why, source: here, kind: move, {demand}}}\n"
    ))
    .unwrap();
    let text = format!("windlass: 1\nname: example\n{lines}");
    let loaded = load_from(Source::new("example.yaml", text), IndexMap::new()).unwrap();
    let found = diagnose(policy::check(&loaded.runbook, &policy), &loaded.runbook.sources);
    assert!(
        found.iter().all(|one| one.code == "W0801" && one.help == ["policy `p`, rule `r`: here"])
    );
    found.into_iter().map(|one| one.message).collect()
}

#[test]
fn each_demand_is_met_or_not() {
    let archived = "steps: {backup: {run: [a]}, move: {needs: [backup], run: [b]}}";
    let bare = "steps: {backup: {run: [a]}, move: {run: [b]}}";
    let perhaps =
        "steps: {backup: {when: run.id == 'x', run: [a]}, move: {needs: [backup], run: [b]}}";
    let after = "steps: {move: {run: [b]}, verify: {effect: read, needs: [move], run: [a]}}";
    let whatever = "steps: {move: {run: [b]}, verify: {effect: read, after: [move], run: [a]}}";
    let held = "steps: {freeze: {run: [f]}, move: {needs: [freeze], run: [b]}, thaw: {needs: [move], run: [t]}}";
    let inner = "steps: {freeze: {run: [f]}, g: {needs: [freeze], steps: {move: {run: [b]}}}, thaw: {needs: [g], run: [t]}}";
    let setting = "settings: {mail_freeze: {get: {run: [g]}, set: {run: [s]}, to: 1}}\nsteps: {move: {run: [b]}}";
    let outside = "settings: {mail_freeze: {get: {run: [g]}, set: {run: [s]}, to: 1, around: [x]}}\nsteps: {move: {run: [b]}, x: {run: [c]}}";
    let locked = "steps: {move: {run: [b], locks: [\"mailbox:a\"]}}";
    for (demand, met, not_met) in [
        ("preceded_by: backup", vec![archived], vec![bare, perhaps]),
        ("preceded_by: [archive, backup]", vec![archived], vec![bare]),
        ("followed_by: verify", vec![after], vec![whatever, bare]),
        ("between: [freeze, unfreeze]", vec![held, inner, setting], vec![bare, outside]),
        ("under_setting: freeze", vec![setting], vec![held, outside]),
        ("locked_by: \"mailbox:\"", vec![locked], vec![bare]),
        ("has: timeout", vec!["defaults: {timeout: 1h}\nsteps: {move: {run: [b]}}"], vec![bare]),
        ("has: verify", vec!["steps: {move: {run: [b], verify: [{run: [c]}]}}"], vec![after]),
        ("has: probe", vec!["steps: {other: {run: [b]}}"], vec![bare]),
        ("never: true", vec!["steps: {other: {run: [b]}}"], vec![bare]),
    ] {
        for lines in met {
            assert_eq!(broken(demand, lines), [""; 0], "{demand} {lines}");
        }
        for lines in not_met {
            assert_eq!(broken(demand, lines).len(), 1, "{demand} {lines}");
        }
    }
    assert_eq!(broken("preceded_by: backup", bare), ["step `move` has no `backup` before it: why"]);
}

#[test]
fn everything_that_is_wrong_with_a_policy_is_told_at_once() {
    let said = policy(
        "windlass: 1
policy: p
rules:
  nothing: {title: t, source: s, kind: move}
  two: {title: t, source: s, kind: move, has: probe, never: true}
  lost: {title: t, kind: move, has: prob}
  odd: {title: t, source: s, kind: move, beween: [a, b], between: [a]}
",
    )
    .unwrap_err();
    for expected in [
        "error[W0108]: rule `nothing` demands nothing\n --> policy.yaml:4:3",
        "error[W0111]: rule `two` demands two things\n --> policy.yaml:5:54",
        "error[W0108]: rule `lost` has no `source`\n --> policy.yaml:6:3",
        "error[W0107]: `has` must be `probe`, `verify` or `timeout`, not the text `prob`\n --> policy.yaml:6:37",
        "error[W0106]: rule `odd` has no key `beween`\n --> policy.yaml:7:42",
        "error[W0107]: `between` must be a list of two kinds, not a list\n --> policy.yaml:7:67",
    ] {
        assert!(said.contains(expected), "{expected}\n{said}");
    }
}

fn runbooks(folder: &str) -> Vec<PathBuf> {
    let paths = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    paths.filter(|path| path.extension().is_some_and(|extension| extension == "yaml")).collect()
}

#[test]
fn the_runbooks_that_are_shipped_keep_the_policy_and_the_naive_ones_do_not() {
    let policies = [shipped("mailbox-move.yaml")];
    let ours = runbooks("runbooks");
    assert!(ours.len() >= 5);
    for path in ours {
        let found = rules::check_file(&path, &[], &policies);
        assert!(found.is_empty(), "{}", render::report(&found, false));
    }
    let naive = runbooks("examples/naive");
    assert!(naive.len() >= 2);
    for path in naive {
        let found = rules::check_file(&path, &[], &policies);
        assert!(found.iter().any(|one| one.code == "W0801"), "{}", path.display());
    }
}

#[test]
fn what_stays_changed_is_told_as_such() {
    let policies = [shipped("mailbox-move.yaml")];
    for (name, rule) in [
        ("circular-logging", "circular_logging_is_a_setting"),
        ("settings-by-hand", "schedule_is_a_setting"),
    ] {
        let path = format!("examples/naive/{name}.yaml");
        let found = rules::check_file(Path::new(&path), &[], &policies);
        let told = |help: &String| help.contains(&format!("rule `{rule}`"));
        assert!(found.iter().any(|one| one.help.iter().any(told)), "{name}");
    }
}

/// The window of Q277911 is seen by the policy for servers that have it.
#[test]
fn a_move_without_a_freeze_is_told_of_the_window() {
    let policies = [shipped("before-service-pack-4.yaml")];
    let path = Path::new("examples/naive/server-to-server-move.yaml");
    let found = rules::check_file(path, &[], &policies);
    let told = |text: &str| found.iter().any(|one| one.help.iter().any(|help| help.contains(text)));
    assert!(told("rule `freeze_around_move`: Q277911"));
    for name in ["move-mailboxes", "server-to-server-move"] {
        let path = format!("runbooks/{name}.yaml");
        let found = rules::check_file(Path::new(&path), &[], &policies);
        assert!(found.is_empty(), "{}", render::report(&found, false));
    }
}

#[test]
fn check_takes_policies_and_fails_where_one_is_not_kept() {
    let check = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_windlass"));
        let output = command.arg("check").args(arguments).output().unwrap();
        (output.status.code(), String::from_utf8(output.stdout).unwrap())
    };
    let naive = "examples/naive/retried-move.yaml";
    let policy = ["--policy", "runbooks/policies/mailbox-move.yaml"];
    let (code, said) = check(&[naive, policy[0], policy[1]]);
    assert_eq!(code, Some(2));
    assert!(
        said.contains(
            "error[W0801]: step `move` has no `probe`: a move that failed may have moved"
        ),
        "{said}"
    );
    let (code, _) = check(&["runbooks", policy[0], policy[1]]);
    assert_eq!(code, Some(0));
    let (code, _) = check(&[naive, "--policy", "runbooks/policies/missing.yaml"]);
    assert_eq!(code, Some(2));
}
