//! SARIF against the schema that OASIS publishes for version 2.1.0.
//!
//! Does not know what a log should say, only what form it has.

use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

/// As OASIS publishes it.
const SCHEMA: &str = include_str!("sarif-2.1.0.schema.json");

/// Languages are described in it by a pattern that is no regular expression; nothing that is written here has one.
const BROKEN: &str = "^[a-zA-Z]{2}|^[a-zA-Z]{2}-[a-zA-Z]{2}]?$";

fn complaints(log: &Value) -> Vec<String> {
    let schema = SCHEMA.replace(BROKEN, "^[a-z]{2}$");
    let schema: Value = serde_json::from_str(&schema).unwrap();
    let validator = jsonschema::options().should_validate_formats(true).build(&schema).unwrap();
    let errors = validator.iter_errors(log);
    errors.map(|error| format!("{}: {error}", error.instance_path())).collect()
}

fn log_of(paths: &[&str]) -> Value {
    let output = Command::new(env!("CARGO_BIN_EXE_windlass"))
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .args(["check", "--format", "sarif"])
        .args(paths)
        .output()
        .unwrap();
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn every_log_has_the_form_that_oasis_describes() {
    // Errors, warnings and notes; what is wrong with a place, without one, and in a driver; and nothing at all.
    let absolute = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/naive");
    for (paths, at_least) in [
        (vec!["tests/diagnostics"], 100),
        (vec![absolute.to_str().unwrap()], 20),
        (vec!["tests/no such file.yaml"], 1),
        (vec!["runbooks"], 0),
    ] {
        let log = log_of(&paths);
        let results = log["runs"][0]["results"].as_array().unwrap().len();
        assert!(results >= at_least, "{results} results for {paths:?}");
        assert_eq!(complaints(&log), [""; 0], "{paths:?}");
    }
}

#[test]
fn the_schema_refuses_what_is_no_log() {
    let log = log_of(&["tests/diagnostics/W0203-unknown-step.yaml"]);
    for (pointer, wrong) in [
        ("/version", json!("2.0.0")),
        ("/runs/0/tool/driver/name", json!(7)),
        ("/runs/0/results/0/level", json!("fatal")),
        ("/runs/0/results/0/locations/0/physicalLocation/region/startLine", json!(0)),
        ("/runs/0/results/0/message", json!("a text")),
    ] {
        let mut broken = log.clone();
        *broken.pointer_mut(pointer).expect(pointer) = wrong;
        assert!(!complaints(&broken).is_empty(), "{pointer}");
    }
}
