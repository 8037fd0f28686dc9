//! `windlass new`: what it writes passes `check` without a word, and does what was wished for.

use std::fs;
use std::io::Write;
use std::process::{Command, Stdio};

use tempfile::TempDir;

use super::{printed, windlass};

#[test]
fn what_is_written_passes_without_a_word_and_runs() {
    let folder = TempDir::new().unwrap();
    let here = folder.path();
    assert_eq!(printed(here, &["new", "move-file"]), "move-file.yaml\n");
    assert_eq!(printed(here, &["check", "move-file.yaml"]), "");
    fs::write(here.join("a"), "text").unwrap();
    let run = ["run", "move-file.yaml", "-p", "from=a", "-p", "to=b", "--run-id", "one"];
    printed(here, &run);
    assert_eq!(fs::read_to_string(here.join("b")).unwrap(), "text");
    // A second run finds it done.
    printed(here, &["run", "move-file.yaml", "-p", "from=a", "-p", "to=b", "--run-id", "two"]);
    let status = printed(here, &["status", "two", "--format", "json"]);
    assert!(
        status.contains("\"verdict\": \"done\"") && status.contains("\"attempts\": 0"),
        "{status}"
    );
}

#[test]
fn every_combination_of_flags_passes_without_a_word() {
    let folder = TempDir::new().unwrap();
    let here = folder.path();
    let mut number = 0;
    for effect in ["read", "idempotent", "once"] {
        for each in [None, Some("mailbox"), Some("box")] {
            for probe in [None, Some("test -e '{{ params.to }}/yes'")] {
                if effect == "once" && probe.is_none() {
                    continue;
                }
                number += 1;
                let file = format!("{number}.yaml");
                let mut words = vec!["new", "some-work", "--title", "Some: \"work\" # now"];
                words.extend(["--out", &file, "--effect", effect, "--run"]);
                let run = match each {
                    Some(each) => format!("./box.sh {{{{ {each} }}}} {{{{ params.to }}}} null 7"),
                    None => "/bin/true on".to_owned(),
                };
                words.push(&run);
                words.extend(each.iter().flat_map(|each| ["--for-each", each]));
                words.extend(probe.iter().flat_map(|probe| ["--probe", probe]));
                printed(here, &words);
                let text = fs::read_to_string(here.join(&file)).unwrap();
                assert_eq!(printed(here, &["check", &file]), "", "{text}");
                assert!(text.contains(&format!("effect: {effect}")), "{text}");
            }
        }
    }
    assert_eq!(number, 15);
}

#[test]
fn what_would_not_pass_is_not_written() {
    let folder = TempDir::new().unwrap();
    let here = folder.path();
    for (words, said) in [
        (&["new", "Bad Name"][..], "no name for a runbook"),
        (&["new", "work", "--run", "mv {{ params.a", "--probe", "x"], "error[W03"),
        (&["new", "work", "--run", "mv a b"], "`--probe COMMAND`"),
        (&["new", "work", "--run", " ", "--effect", "read"], "`--run` names no command"),
    ] {
        let output = windlass(here, words);
        let told = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{words:?}: {told}");
        assert!(told.contains(said), "{words:?}: {told}");
    }
    assert_eq!(fs::read_dir(here).unwrap().count(), 0);
    fs::write(here.join("work.yaml"), "mine").unwrap();
    let output = windlass(here, &["new", "work"]);
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(fs::read_to_string(here.join("work.yaml")).unwrap(), "mine");
}

/// On a terminal of its own, as `script` makes one.
#[test]
fn a_terminal_is_interviewed() {
    let folder = TempDir::new().unwrap();
    let here = folder.path();
    let mut script = Command::new("script");
    script
        .args(["-qec", &format!("{} new moves", env!("CARGO_BIN_EXE_windlass")), "/dev/null"])
        .current_dir(here)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped());
    let mut child = script.spawn().unwrap();
    let answers =
        "Move them\nmailbox\nmv {{ mailbox }} new/{{ mailbox }}\nonce\ntest -e new/{{ mailbox }}\n";
    child.stdin.as_mut().unwrap().write_all(answers.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    assert_eq!(printed(here, &["check", "moves.yaml"]), "");
    let text = fs::read_to_string(here.join("moves.yaml")).unwrap();
    assert!(
        text.contains("title: Move them") && text.contains("for_each: {items: params.mailboxes"),
        "{text}"
    );
}
