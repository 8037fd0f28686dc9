//! The shipped runbook and driver: they are whole, and every command in them exists.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use serde_yaml::{Mapping, Value};

use crate::lab::{Lab, text};

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
fn every_step_has_a_title_and_uses_an_action_with_its_inputs() {
    let driver = read("drivers/maillab.yaml");
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("runbooks");
    let mut used = BTreeSet::new();
    for entry in fs::read_dir(folder).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        if name.ends_with(".yaml") {
            let runbook = read(&name);
            check_titles(&runbook["steps"]);
            used.extend(uses(&runbook, &driver["actions"]));
        }
    }
    let offered = keys(&driver["actions"]).into_iter().map(str::to_owned).collect();
    assert_eq!(used, offered, "the driver offers what the runbooks use");
}

fn check_titles(steps: &Value) {
    for (name, step) in steps.as_mapping().unwrap() {
        assert!(step["title"].is_string(), "{name:?} has a title");
        if step["steps"].is_mapping() {
            check_titles(&step["steps"]);
        }
    }
}

/// The actions that are used anywhere in a part of a runbook, each with all its inputs.
fn uses(part: &Value, actions: &Value) -> BTreeSet<String> {
    let mut used = BTreeSet::new();
    if let Some(action) = part.get("uses").and_then(Value::as_str) {
        let action = action.strip_prefix("mail.").unwrap();
        assert!(actions.get(action).is_some(), "{action}");
        assert_eq!(keys(&part["with"]), keys(&actions[action]["inputs"]), "{action}");
        used.insert(action.to_owned());
    }
    let inside = part.as_mapping().into_iter().flat_map(Mapping::values);
    used.extend(inside.flat_map(|part| uses(part, actions)));
    used
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
