//! The shipped runbook and driver: they are whole, and every command in them exists.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use serde_yaml::{Mapping, Value};

use crate::lab::{Lab, text};

const STEP_KEYS: &[&str] = &[
    "title",
    "description",
    "kind",
    "needs",
    "after",
    "when",
    "for_each",
    "steps",
    "run",
    "shell",
    "uses",
    "with",
    "assert",
    "env",
    "dir",
    "stdin",
    "timeout",
    "grace",
    "retry",
    "repeat",
    "effect",
    "success",
    "verify",
    "outputs",
    "on_failure",
];

fn read(path: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("runbooks").join(path);
    serde_yaml::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

fn keys(value: &Value) -> BTreeSet<&str> {
    value
        .as_mapping()
        .into_iter()
        .flat_map(Mapping::keys)
        .map(|key| key.as_str().unwrap())
        .collect()
}

#[test]
fn every_step_uses_an_action_with_its_inputs() {
    let driver = read("drivers/maillab.yaml");
    let runbooks =
        ["move-mailboxes.yaml", "clone-organisation.yaml", "migrate-postoffice.yaml"].map(read);
    let mut used = BTreeSet::new();
    for runbook in &runbooks {
        check_steps(&runbook["steps"], &driver["actions"], &mut used);
    }
    assert_eq!(used, keys(&driver["actions"]), "the driver offers what the runbooks use");
}

fn check_steps<'a>(steps: &'a Value, actions: &'a Value, used: &mut BTreeSet<&'a str>) {
    for (name, step) in steps.as_mapping().unwrap() {
        let unknown: Vec<_> =
            keys(step).into_iter().filter(|key| !STEP_KEYS.contains(key)).collect();
        assert_eq!(unknown, Vec::<&str>::new(), "{name:?}");
        assert!(step["title"].is_string(), "{name:?} has a title");
        for need in step["needs"].as_sequence().into_iter().flatten() {
            assert!(steps.get(need).is_some(), "{name:?} needs {need:?}");
        }
        if step["steps"].is_mapping() {
            check_steps(&step["steps"], actions, used);
        }
        if let Some(action) = step["uses"].as_str() {
            let action = action.strip_prefix("mail.").unwrap();
            assert!(actions.get(action).is_some(), "{name:?} uses {action}");
            assert_eq!(keys(&step["with"]), keys(&actions[action]["inputs"]), "{name:?}");
            used.insert(action);
        }
    }
}

#[test]
fn every_action_is_a_command_of_the_laboratory() {
    let lab = Lab::empty();
    for (name, action) in read("drivers/maillab.yaml")["actions"].as_mapping().unwrap() {
        let checks = action["verify"].as_sequence().into_iter().flatten();
        let states = action["probe"]["states"].as_mapping().into_iter().flat_map(Mapping::values);
        let repairs = states.flat_map(|state| state["repair"].as_sequence().into_iter().flatten());
        for work in checks.chain(repairs).chain([action]) {
            let argv: Vec<_> = work["run"]
                .as_sequence()
                .unwrap()
                .iter()
                .map(|part| part.as_str().unwrap())
                .collect();
            assert_eq!(argv[0], "maillab");
            let inner =
                argv.get(2).filter(|part| part.starts_with(|c: char| c.is_ascii_lowercase()));
            let command: Vec<_> = [argv[1]].into_iter().chain(inner.copied()).collect();
            let help = lab.run(&[&command[..], &["--help"]].concat());
            assert!(help.status.success(), "{name:?}: {}", text(&help.stderr));
            for option in argv.iter().filter(|part| part.starts_with("--")) {
                assert!(text(&help.stdout).contains(option), "{name:?}: {option}");
            }
        }
    }
}
