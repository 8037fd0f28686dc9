//! `windlass man`: a page for each command that `--help` lists.

use std::collections::BTreeSet;
use std::fs;

use tempfile::TempDir;

use super::{printed, windlass};

/// Commands as `--help` lists them.
fn commands(help: &str) -> Vec<&str> {
    let listed = help.split("Commands:\n").nth(1).unwrap_or_default();
    listed
        .lines()
        .take_while(|line| line.starts_with("  "))
        .filter_map(|line| line.strip_prefix("  ")?.split(' ').next())
        .filter(|word| !word.is_empty())
        .collect()
}

#[test]
fn every_command_has_a_page() {
    let folder = TempDir::new().unwrap();
    let help = printed(folder.path(), &["--help"]);
    let commands = commands(&help);
    assert!(commands.contains(&"resume") && commands.len() > 10, "{commands:?}");

    printed(folder.path(), &["man", "--out", "pages/man1"]);
    let pages = fs::read_dir(folder.path().join("pages/man1")).unwrap();
    let pages: BTreeSet<String> =
        pages.map(|page| page.unwrap().file_name().into_string().unwrap()).collect();
    for command in &commands {
        let page = format!("windlass-{command}.1");
        assert!(pages.contains(&page), "{page} in {pages:?}");
        let written = fs::read_to_string(folder.path().join("pages/man1").join(&page)).unwrap();
        assert_eq!(printed(folder.path(), &["man", command]), written);
    }
    assert!(pages.contains("windlass.1") && pages.contains("windlass-journal-check.1"));
    assert!(!pages.contains("windlass-keeper.1"), "what is not for people has no page");
}

#[test]
fn the_page_says_what_the_help_says() {
    let folder = TempDir::new().unwrap();
    let page = printed(folder.path(), &["man"]);
    assert!(page.starts_with(".ie") && page.contains(".SH SYNOPSIS"), "{page}");
    assert!(page.contains("3  waiting for people"), "exit codes: {page}");
    let nested = printed(folder.path(), &["man", "journal", "check"]);
    assert!(nested.contains(".TH windlass-journal-check 1"), "{nested}");
}

#[test]
fn a_page_that_is_not_there_is_told() {
    let folder = TempDir::new().unwrap();
    let output = windlass(folder.path(), &["man", "journal", "chek"]);
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("there is no command `journal chek`"), "{said}");
}
