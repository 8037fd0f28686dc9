//! `runbooks/HAZARDS.md` tells the truth: its commands say what stands there, and the lines that it shows are in their files.
//!
//! Does not judge what they say.

use std::fs;
use std::path::Path;

use crate::bench::{Bench, text};

/// The blocks of a language in the document.
fn blocks(language: &str) -> Vec<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("runbooks/HAZARDS.md");
    let document = fs::read_to_string(path).unwrap();
    let fence = format!("```{language}\n");
    let blocks = document.split(&fence).skip(1);
    let blocks: Vec<String> =
        blocks.map(|rest| rest.split_once("```").unwrap().0.to_owned()).collect();
    assert!(blocks.len() >= 5, "at least one for each article");
    blocks
}

#[test]
fn its_commands_say_what_stands_there() {
    for block in blocks("console") {
        let bench = Bench::empty();
        let mut said = String::new();
        for command in block.lines().filter_map(|line| line.strip_prefix("$ ")) {
            let output = bench.shell(command);
            said += &format!("$ {command}\n{}{}", text(&output.stdout), text(&output.stderr));
        }
        assert_eq!(said, block);
    }
}

#[test]
fn the_lines_that_it_shows_are_in_their_files() {
    for block in blocks("yaml") {
        let (name, shown) = block.split_once('\n').unwrap();
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(name.strip_prefix("# ").unwrap());
        let file = fs::read_to_string(path).unwrap();
        assert!(file.contains(&format!("\n{shown}")), "{name} has no such lines:\n{shown}");
    }
}
