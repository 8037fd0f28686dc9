use std::time::Duration;

use super::super::model::{Action, Body, Change, Dynamic, Effect, OutputType};
use super::*;
use crate::diag::LineColumn;

fn shipped() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("runbooks/move-mailboxes.yaml")
}

fn load_text(text: &str) -> Result<Loaded, Vec<Diagnostic>> {
    load_from(Source::new("test.yaml", text), IndexMap::new())
}

#[test]
fn the_shipped_runbook_loads_with_its_driver() {
    let Loaded { runbook, warnings } = load(&shipped(), &[]).unwrap();
    assert!(warnings.is_empty());
    assert_eq!(runbook.name, "move-mailboxes");
    assert_eq!(runbook.sources.len(), 2);
    assert_eq!(runbook.params["wave_size"].default, Some(serde_json::json!(25)));
    assert!(runbook.params["wave_size"].schema.get("default").is_none());
    assert_eq!(runbook.defaults.timeout, Some(Duration::from_secs(1800)));
    let step = |name: &str| runbook.steps.iter().find(|step| step.name == name).unwrap();
    assert_eq!(runbook.settings[0].name, "rca");
    assert!(step("go").when.is_some());

    let waves = step("waves");
    assert!(matches!(waves.settings[0].change, Change::Pair { .. }));
    let each = waves.for_each.as_ref().unwrap();
    assert_eq!((each.name.value.as_str(), each.parallel, each.max_failures), ("wave", Some(1), 0));
    assert!(
        matches!(&each.items.value, Dynamic::Template(items) if items.source() == "{{ vars.waves }}")
    );
    let Body::Group(inside) = &waves.body else { panic!("`waves` is a group") };
    let mailboxes = inside.iter().find(|step| step.name == "mailboxes").unwrap();
    let Body::Group(mailboxes) = &mailboxes.body else { panic!("`mailboxes` is a group") };
    let Body::Action(work) = &mailboxes[1].body else { panic!("`move` is a step") };
    let Action::Uses { name, target: Some(target), with } = &work.action else {
        panic!("it uses a driver")
    };
    assert_eq!((name.value.as_str(), with.len()), ("mail.move", 3));
    assert_eq!((work.effect, target.work.effect), (None, Some(Effect::Once)));
    assert_eq!(target.work.outputs["bytes"].kind, Some(OutputType::Integer));
    assert_eq!(target.work.verify[0].value.effect, Some(Effect::Read));
    assert_eq!(target.work.verify[0].value.retry.as_ref().unwrap().value.attempts, 3);
}

#[test]
fn a_frozen_copy_loads_from_its_texts() {
    let text = |path: &str| {
        std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap()
    };
    let runbook = Source::new("runbook.yaml", text("runbooks/move-mailboxes.yaml"));
    let driver = Source::new("mail.yaml", text("runbooks/drivers/maillab.yaml"));
    let loaded = load_from(runbook, IndexMap::from([("mail".to_owned(), driver)])).unwrap();
    assert!(loaded.runbook.drivers["mail"].actions.contains_key("move"));
}

#[test]
fn a_choice_takes_the_place_of_the_named_file() {
    let folder = tempfile::tempdir().unwrap();
    let other = folder.path().join("other.yaml");
    std::fs::write(&other, "windlass: 1\ndriver: mail\nactions: {}\n").unwrap();
    let choice = DriverChoice { name: "mail".to_owned(), path: other };
    let wrong = load(&shipped(), std::slice::from_ref(&choice)).unwrap_err();
    assert!(wrong.iter().all(|one| one.code == codes::UNKNOWN_ACTION), "{wrong:?}");
    let unknown = DriverChoice { name: "mial".to_owned(), ..choice };
    let wrong = load(&shipped(), &[unknown]).unwrap_err();
    assert_eq!((wrong.len(), wrong[0].code), (1, codes::UNKNOWN_DRIVER));
}

#[test]
fn a_file_that_is_no_text_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let code = |path: &Path| load(path, &[]).unwrap_err()[0].code;
    assert_eq!(code(&folder.path().join("none.yaml")), codes::UNREADABLE);
    assert_eq!(code(folder.path()), codes::UNREADABLE);
    let latin = folder.path().join("latin.yaml");
    std::fs::write(&latin, b"windlass: 1\nname: \xe4\n").unwrap();
    let wrong = load(&latin, &[]).unwrap_err();
    assert_eq!(wrong[0].span.as_ref().unwrap().begin(), LineColumn { line: 2, column: 7 });
}

#[test]
fn a_byte_order_mark_and_windows_line_ends_are_no_matter() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("dos.yaml");
    std::fs::write(
        &path,
        "\u{feff}windlass: 1\r\nname: a\r\nsteps:\r\n  a: {run: [b], zzz: [c]}\r\n",
    )
    .unwrap();
    let wrong = load(&path, &[]).unwrap_err();
    assert_eq!(wrong.len(), 1);
    assert_eq!(wrong[0].span.as_ref().unwrap().begin(), LineColumn { line: 4, column: 17 });
}

#[test]
fn places_behind_aliases_and_wide_characters_are_exact() {
    let text = "windlass: 1\nname: a\ntitle: Ümläute 🦀\nenv: &e {A: [ä, b], B: c}\nsteps:\n  a: {run: [x], env: *e, dri: y}\n";
    let wrong = load_text(text).unwrap_err();
    let place = |one: &Diagnostic| one.span.as_ref().unwrap().begin();
    let found: Vec<(&str, LineColumn)> = wrong.iter().map(|one| (one.code, place(one))).collect();
    assert_eq!(
        found,
        [
            (codes::WRONG_TYPE, LineColumn { line: 4, column: 13 }),
            (codes::WRONG_TYPE, LineColumn { line: 6, column: 22 }),
            (codes::UNKNOWN_KEY, LineColumn { line: 6, column: 26 }),
        ]
    );
}

/// A second document may begin behind `...`, and with nothing that marks it.
#[test]
fn several_documents_are_shown_where_the_first_ends() {
    for (text, shown) in [
        ("name: a\n---\nname: b\n", "---"),
        ("name: é\n...\nname: b\n", "..."),
        (" \u{feff}name: a\nparams: {}\n", ""),
    ] {
        let wrong = load_from(Source::new("book.yaml", text), IndexMap::new()).unwrap_err();
        let span = wrong[0].span.as_ref().unwrap();
        assert_eq!(&span.source.text[span.start..span.end], shown, "{text}");
    }
}
