//! The schemas of `schemas/`: they are those that the program prints, and accept and refuse what the program does.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use tempfile::TempDir;
use windlass::report::schema as printed_by_windlass;
use windlass::spec::keys::schema as written_by_authors;
use windlass::spec::{codes, load};

use super::{printed, windlass};

/// What a schema can tell of a file; everything else is for `windlass check`.
const OF_SHAPE: [&str; 10] = [
    codes::UNKNOWN_KEY,
    codes::WRONG_TYPE,
    codes::MISSING_KEY,
    codes::BAD_DURATION,
    codes::ACTIONS,
    codes::MISPLACED_KEY,
    codes::LANGUAGE,
    codes::BRACES,
    codes::STATES,
    codes::LISTED_TWICE,
];

/// An effect that does not fit where it stands.
const NOT_READ: [&str; 3] = [codes::CHECK_NOT_READ, codes::LOOK_NOT_READ, codes::SETTING_ONCE];

fn project(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

fn yaml_files(folder: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(project(folder)).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<PathBuf> = entries
        .filter(|path| path.extension().is_some_and(|extension| extension == "yaml"))
        .collect();
    files.sort();
    files
}

/// What an editor makes of the text; nothing if it is no YAML.
fn read(text: &str) -> Option<Value> {
    serde_yaml::from_str(text).ok()
}

/// What a schema has against a value, one line each.
fn complaints(schema: &Value, value: &Value) -> Vec<String> {
    let validator = jsonschema::options()
        .should_validate_formats(true)
        .build(schema)
        .unwrap_or_else(|error| panic!("{error}"));
    let errors = validator.iter_errors(value);
    errors.map(|error| format!("{}: {error}", error.instance_path())).collect()
}

/// `WINDLASS_BLESS=1` writes them anew.
#[test]
fn the_committed_schemas_are_those_that_are_printed() {
    let folder = TempDir::new().unwrap();
    for name in ["runbook", "driver", "policy", "journal", "status"] {
        let path = project(&format!("schemas/{name}.schema.json"));
        let now = printed(folder.path(), &["schema", name]);
        if std::env::var_os("WINDLASS_BLESS").is_some() {
            fs::write(&path, &now).unwrap();
        }
        let committed = fs::read_to_string(&path).unwrap();
        assert!(committed == now, "`windlass schema {name}` prints something else than {path:?}");
    }
}

#[test]
fn every_field_says_what_it_is() {
    fn walk(schema: &Value, path: &str, silent: &mut Vec<String>) {
        match schema {
            Value::Object(keywords) => {
                for (key, inside) in keywords.iter().filter(|(key, _)| *key != "properties") {
                    walk(inside, &format!("{path}/{key}"), silent);
                }
                let properties = keywords.get("properties").and_then(Value::as_object);
                for (name, property) in properties.into_iter().flatten() {
                    let path = format!("{path}/{name}");
                    // What is refused has no description.
                    let told = property["description"].as_str().is_some_and(|text| text.len() > 3);
                    if !told && *property != json!(false) {
                        silent.push(path.clone());
                    }
                    walk(property, &path, silent);
                }
            }
            Value::Array(items) => items.iter().for_each(|inside| walk(inside, path, silent)),
            _ => {}
        }
    }
    let mut silent = Vec::new();
    for schema in [
        written_by_authors::runbook(),
        written_by_authors::driver(),
        written_by_authors::policy(),
        printed_by_windlass::journal(),
        printed_by_windlass::status(),
    ] {
        walk(&schema, schema["title"].as_str().unwrap(), &mut silent);
    }
    assert!(silent.is_empty(), "{silent:#?}");
}

/// Examples and defaults in a schema are shown to authors, and are taken over by them.
#[test]
fn examples_and_defaults_keep_their_own_schema() {
    fn walk(schema: &Value, root: &Value, seen: &mut usize) {
        let Some(keywords) = schema.as_object() else { return };
        let shown = keywords.get("examples").and_then(Value::as_array).into_iter().flatten();
        for value in
            shown.chain(keywords.get("default").filter(|_| keywords.contains_key("description")))
        {
            let mut alone = schema.clone();
            alone["$schema"] = root["$schema"].clone();
            alone["definitions"] = root["definitions"].clone();
            let wrong = complaints(&alone, value);
            assert!(wrong.is_empty(), "{value} in {schema:#}: {wrong:?}");
            *seen += 1;
        }
        for inside in ["properties", "definitions"] {
            let inside = keywords.get(inside).and_then(Value::as_object);
            inside.into_iter().flatten().for_each(|(_, schema)| walk(schema, root, seen));
        }
    }
    let mut seen = 0;
    use written_by_authors::{driver, policy, runbook};
    for schema in [runbook(), driver(), policy()] {
        walk(&schema, &schema, &mut seen);
    }
    assert!(seen > 60, "{seen} examples");
}

#[test]
fn what_is_shipped_is_accepted() {
    let (runbook, driver) = (written_by_authors::runbook(), written_by_authors::driver());
    let policy = written_by_authors::policy();
    let cases = [
        ("runbooks", &runbook),
        ("examples/naive", &runbook),
        ("runbooks/drivers", &driver),
        ("runbooks/policies", &policy),
    ];
    for (folder, schema) in cases {
        for path in yaml_files(folder) {
            let value = read(&fs::read_to_string(&path).unwrap()).unwrap();
            let wrong = complaints(schema, &value);
            assert!(wrong.is_empty(), "{}: {wrong:#?}", path.display());
        }
    }
    let readme = fs::read_to_string(project("README.md")).unwrap();
    let blocks = readme.split("```yaml\n").skip(1).filter_map(|rest| rest.split("```").next());
    let blocks: Vec<&str> = blocks.filter(|block| block.contains("windlass: 1")).collect();
    assert!(!blocks.is_empty());
    for block in blocks {
        let has = |key: &str| block.contains(key);
        let schema = match (has("\ndriver:"), has("\npolicy:")) {
            (true, _) => &driver,
            (_, true) => &policy,
            _ => &runbook,
        };
        let wrong = complaints(schema, &read(block).unwrap());
        assert!(wrong.is_empty(), "{block}\n{wrong:#?}");
    }
}

/// Names are checked where they are chosen; elsewhere a wrong one is one that does not exist.
fn is_of_shape(code: &str, message: &str) -> bool {
    OF_SHAPE.contains(&code)
        || (code == codes::BAD_NAME && message.contains("is no name for"))
        // Of an action that is used, its driver says it.
        || (NOT_READ.contains(&code) && message.contains("must"))
}

/// Each broken runbook is refused by the schema if and only if something is wrong with its shape.
#[test]
fn what_the_decoder_refuses_for_its_shape_is_refused() {
    let runbook = written_by_authors::runbook();
    let (mut refused, mut accepted, mut differ) = (0, 0, Vec::new());
    for path in yaml_files("tests/diagnostics") {
        let Some(value) = read(&fs::read_to_string(&path).unwrap()) else { continue };
        let said = load::load(&path, &[]).err().unwrap_or_default();
        let own = |one: &&windlass::diag::Diagnostic| {
            one.span
                .as_ref()
                .is_some_and(|span| span.source.path.ends_with(path.file_name().unwrap()))
        };
        let wrong: BTreeSet<String> = said
            .iter()
            .filter(own)
            .filter(|one| is_of_shape(one.code, &one.message))
            .map(|one| format!("{} {}", one.code, one.message))
            .collect();
        // What the reader of the file does not let through never comes to its shape.
        let unread =
            said.iter().any(|one| one.code < codes::UNKNOWN_KEY || one.code == codes::WRONG_FILE);
        if unread {
            continue;
        }
        let complaints = complaints(&runbook, &value);
        if wrong.is_empty() {
            accepted += 1;
        } else {
            refused += 1;
        }
        if wrong.is_empty() != complaints.is_empty() {
            differ.push(format!(
                "{}\n  decoder: {wrong:?}\n  schema: {complaints:?}",
                path.display()
            ));
        }
    }
    assert!(differ.is_empty(), "{}", differ.join("\n"));
    assert!(refused >= 10 && accepted >= 30, "{refused} refused, {accepted} accepted");
}

/// Status and journal of a real run, in doubt and when it is closed.
#[test]
fn what_a_run_writes_keeps_its_schemas() {
    let folder = TempDir::new().unwrap();
    let runbook = "\
windlass: 1
name: telling
locks: [{name: all, shared: true}]
settings:
  mode:
    get: {run: [cat, mode]}
    set: {run: [sh, -c, 'printf %s \"$1\" > mode', '-', '{{ value }}']}
    to: quiet
    around: [each]
steps:
  each:
    for_each: {items: [a, b], as: item}
    locks: [\"item:{{ item }}\"]
    steps:
      read:
        effect: read
        run: [echo, '{\"n\": 1}']
        outputs: {n: {value: '{{ out.json.n }}', type: integer}}
        verify: [{run: [\"true\"]}]
      probed:
        needs: [read]
        run: [touch, 'done-{{ item }}']
        probe:
          run: [sh, -c, 'test -e \"$1\" && echo yes || echo no', '-', 'done-{{ item }}']
          states: {done: out.stdout == 'yes', absent: out.stdout == 'no'}
  skipped: {when: 1 > 2, run: [\"true\"]}
  doubtful: {needs: [each], run: [\"false\"]}
  blocked: {needs: [doubtful], run: [\"true\"]}
";
    fs::write(folder.path().join("book.yaml"), runbook).unwrap();
    fs::write(folder.path().join("mode"), "loud").unwrap();
    let run = windlass(folder.path(), &["run", "book.yaml", "--run-id", "one"]);
    assert_eq!(run.status.code(), Some(8), "{}", String::from_utf8_lossy(&run.stderr));
    keeps(folder.path());
    printed(folder.path(), &["resolve", "one", "doubtful", "--as", "done", "--because", "seen"]);
    printed(folder.path(), &["resume", "one"]);
    let events = keeps(folder.path());
    for event in ["opened", "claimed", "judged", "setting_moved", "resolved", "resumed", "closed"] {
        assert!(events.contains(event), "{event} in {events:?}");
    }
}

/// Holds status and journal of the only run against their schemas; returns the kinds of records.
#[track_caller]
fn keeps(folder: &Path) -> BTreeSet<String> {
    let status = printed(folder, &["status", "one", "--format", "json"]);
    let status: Value = serde_json::from_str(&status).unwrap();
    let wrong = complaints(&printed_by_windlass::status(), &status);
    assert!(wrong.is_empty(), "{wrong:#?} in {status:#}");
    let mut without = status;
    without.as_object_mut().unwrap().remove("tasks");
    assert!(!complaints(&printed_by_windlass::status(), &without).is_empty());

    let schema = printed_by_windlass::journal();
    let journal = fs::read_to_string(folder.join("state/runs/one/journal.jsonl")).unwrap();
    let mut events = BTreeSet::new();
    for line in journal.lines() {
        let line: Value = serde_json::from_str(line).unwrap();
        let event = line["event"].as_str().unwrap();
        let wrong = complaints(&schema, &line);
        assert!(wrong.is_empty(), "{wrong:#?} in {line:#}");
        events.insert(event.to_owned());
        let mut broken = line.clone();
        broken["event"] = json!("no such event");
        assert!(!complaints(&schema, &broken).is_empty());
    }
    events
}
