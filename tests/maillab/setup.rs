//! `init`, `list`, the switches and the help texts.

use std::fs;
use std::path::Path;

use mailparse::MailHeaderMap;

use crate::lab::{Lab, text};

#[test]
fn the_seed_decides_every_byte() {
    let options = ["--mailboxes", "3", "--messages", "8", "--seed", "7"];
    let first = Lab::init(&options);
    assert!(first.files() == Lab::init(&options).files());
    let other = Lab::init(&["--mailboxes", "3", "--messages", "8", "--seed", "8"]);
    assert!(first.files() != other.files());
}

#[test]
fn mailboxes_hold_real_mail() {
    let lab = Lab::init(&["--mailboxes", "4", "--messages", "25"]);
    let (mut large, mut attachments, mut filed, mut flagged) = (0, 0, 0, 0);
    for mailbox in ["alice", "bob", "carol", "david"] {
        let messages = lab.messages("old", mailbox);
        assert_eq!(messages.len(), 25);
        for path in messages {
            let bytes = fs::read(&path).unwrap();
            let mail = mailparse::parse_mail(&bytes).unwrap();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            let key = name.split(":2,").next().unwrap();
            let id = mail.headers.get_first_value("Message-ID").unwrap();
            assert_eq!(id, format!("<{key}@maillab.example>"));
            let date = mail.headers.get_first_value("Date").unwrap();
            let seconds = mailparse::dateparse(&date).unwrap();
            assert!((915_436_800..946_684_800).contains(&seconds), "{date} is not in 1999");
            assert!(mail.parts().all(|part| part.get_body_raw().is_ok()));
            large += usize::from(bytes.len() > 900_000);
            attachments += usize::from(mail.subparts.len() > 1);
            filed += usize::from(path.to_string_lossy().contains("/.Archive/"));
            flagged += usize::from(name.contains(":2,F"));
        }
    }
    assert_eq!(large, 1);
    assert!(attachments > 5 && filed > 5 && flagged > 5, "{attachments} {filed} {flagged}");
    lab.assert_clean();
}

#[test]
fn an_organisation_is_never_overwritten() {
    let lab = Lab::init(&["--mailboxes", "1", "--messages", "1"]);
    let before = lab.files();
    let said = lab.fails(3, &["init"]);
    assert!(said.contains("already holds an organisation"), "{said}");
    fs::remove_file(lab.root().join("organisation.json")).unwrap();
    let said = lab.fails(3, &["init"]);
    assert!(said.contains("is not empty"), "{said}");
    let said = lab.fails(1, &["list"]);
    assert!(said.contains("`maillab init` makes one"), "{said}");
    let config = &before[Path::new("organisation.json")];
    fs::write(lab.root().join("organisation.json"), config).unwrap();
    assert!(lab.files() == before);
}

#[test]
fn unknown_names_are_refused() {
    let lab = Lab::init(&["--mailboxes", "2", "--messages", "1"]);
    assert!(lab.fails(1, &["locate", "nobody"]).contains("there is no mailbox `nobody`"));
    assert!(lab.fails(1, &["move", "alice", "--to", "nowhere"]).contains("`old` and `new`"));
    assert!(lab.fails(1, &["move", "alice", "--from", "new", "--to", "new"]).contains("`new`"));
    assert_eq!(lab.json(&["list", "--json"]), serde_json::json!(["alice", "bob"]));
    assert_eq!(text(&lab.run(&["list"]).stdout), "alice\nbob\n");
}

#[test]
fn every_command_explains_itself() {
    let lab = Lab::empty();
    let help = text(&lab.run(&["--help"]).stdout);
    let (_, commands) = help.split_once("Commands:\n").unwrap();
    let names = commands.lines().take_while(|line| !line.is_empty());
    let names: Vec<_> = names.filter_map(|line| line.split_whitespace().next()).collect();
    for name in
        ["init", "deliver", "drip", "move", "sweep", "set-home", "audit", "circular-logging"]
    {
        assert!(names.contains(&name), "{name} in {names:?}");
    }
    assert!(lab.run(&["move", "--help"]).status.success());
}
