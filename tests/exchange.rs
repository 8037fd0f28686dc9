//! The commands of the driver for Exchange 5.5, with stand-ins for the programs that they call: what they make of what those say, and
//! what they leave behind.
//!
//! Says nothing about Exchange itself.

#![expect(clippy::unwrap_used, reason = "what a test cannot do without may stop it")]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output};

use tempfile::TempDir;

/// Programs that do nothing, or say where a mailbox is: what stands in the file of the directory that is asked.
const STAND_INS: &[(&str, &str)] = &[
    (
        "ldapsearch",
        "#!/bin/sh\nfor part; do case $part in ldap:*) cat \"${part#ldap:}\" ;; esac; done\n",
    ),
    ("postmap", "#!/bin/sh\n"),
    ("postqueue", "#!/bin/sh\n"),
];
const OLD: &str =
    "Home-MDB: cn=Microsoft Private MDB,cn=OLD,cn=Servers,cn=Configuration,ou=Site,o=Org\n";
const NEW: &str = "homeMDB: CN=Mailbox Store (NEW),CN=First Storage Group,CN=InformationStore,CN=NEW,CN=Servers,CN=First,DC=org\n";

/// Runs steps with the driver.
fn run(folder: &Path, steps: &str) -> Output {
    let bin = folder.join("bin");
    if !bin.exists() {
        fs::create_dir(&bin).unwrap();
        for (name, script) in STAND_INS {
            fs::write(bin.join(name), script).unwrap();
            fs::set_permissions(bin.join(name), fs::Permissions::from_mode(0o755)).unwrap();
        }
    }
    let driver = concat!(env!("CARGO_MANIFEST_DIR"), "/runbooks/drivers/exchange-5.5.yaml");
    let runbook = format!("windlass: 1\nname: example\ndrivers: {{mail: {driver}}}\n{steps}");
    fs::write(folder.join("runbook.yaml"), runbook).unwrap();
    let path = std::env::var("PATH").unwrap();
    Command::new(env!("CARGO_BIN_EXE_windlass"))
        .arg("run")
        .arg(folder.join("runbook.yaml"))
        .env("PATH", format!("{}:{path}", bin.display()))
        .env("WINDLASS_STATE_DIR", folder.join("state"))
        .env("WINDLASS_LOCKS_DIR", folder.join("locks"))
        .env("LDAP_OPTIONS", "-x")
        .env("EXCHANGE_LDAP", format!("ldap:{}", folder.join("old").display()))
        .env("ACTIVE_DIRECTORY_LDAP", format!("ldap:{}", folder.join("new").display()))
        .env("FROZEN_MAILBOXES", folder.join("frozen"))
        .env("MAIL_DOMAIN", "example.org")
        .output()
        .unwrap()
}

#[test]
fn homes_are_read_from_both_directories() {
    let folder = TempDir::new().unwrap();
    let steps = "steps:
  agreed: {uses: mail.converged, with: {mailboxes: [alice]}}
  homes: {needs: [agreed], uses: mail.homes, with: {mailboxes: [alice], home: New}}
";
    let found = |old: &str, new: &str| {
        fs::write(folder.path().join("old"), old).unwrap();
        fs::write(folder.path().join("new"), new).unwrap();
        let said = run(folder.path(), steps);
        (said.status.code(), String::from_utf8_lossy(&said.stderr).into_owned())
    };
    let at_new = OLD.replace("OLD", "NEW");
    assert_eq!(found(&at_new, NEW).0, Some(0), "{}", found(&at_new, NEW).1);
    let (code, said) = found(OLD, NEW);
    assert!(code == Some(1) && said.contains("is `old` in one directory and `new`"), "{said}");
    let (code, said) = found(OLD, OLD);
    assert!(code == Some(1) && said.contains("homes: exited with 1"), "{said}");
    let (code, said) = found("", "");
    assert!(code == Some(1) && said.contains("agreed: exited with 1"), "{said}");
}

#[test]
fn the_table_of_the_gateway_is_put_back_as_it_was() {
    let folder = TempDir::new().unwrap();
    let steps = "settings:
  freeze:
    get: {uses: mail.frozen_get}
    change: {uses: mail.freeze, with: {mailboxes: \"{{ value }}\"}}
    restore: {uses: mail.frozen_set, with: {mailboxes: \"{{ value }}\"}}
    to: [alice, bob]
steps:
  look: {effect: idempotent, shell: cp \"$FROZEN_MAILBOXES\" seen}
";
    for before in [None, Some("zed@example.org retry:4.3.2 this mailbox is being moved\n")] {
        if let Some(table) = before {
            fs::write(folder.path().join("frozen"), table).unwrap();
        }
        let said = run(folder.path(), steps);
        assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stderr));
        let seen = fs::read_to_string(folder.path().join("seen")).unwrap();
        for mailbox in ["alice", "bob"] {
            assert!(seen.contains(&format!("{mailbox}@example.org retry:")), "{seen}");
        }
        assert_eq!(seen.contains("zed@"), before.is_some(), "{seen}");
        let after = fs::read_to_string(folder.path().join("frozen")).unwrap();
        assert_eq!(after, before.unwrap_or_default());
    }
}
