//! A script that moves again what may have moved.
//!
//! Does not know shells: it goes by the commands that a script's lines begin with.

use super::super::shape::Shape;
use super::super::{Code, Hit, Rule, Severity, kind};

pub(in super::super) const RULE: Rule = Rule {
    code: Code {
        code: "W0714",
        title: "a script moves again what may have moved",
        explanation: "The script holds a move twice, there again or back, or holds one that a step before it does. So the second one is done on the word of an exit code, and a move that has failed may have moved everything. Inside of a script nobody can look in between, neither a probe nor an operator. Let one step do one move, with a `probe`.",
    },
    severity: Severity::Warning,
    source: "Q252869: after a failed move, look before anything else; KB328810, step 5: do not move back.",
    wrong: r#"
steps:
  move:
    shell: |
      maillab move alice --to new ||
        maillab move alice --to old
"#,
    right: r#"
steps:
  move:
    run: [maillab, move, alice, --to, new]
    probe:
      run: [maillab, locate, alice]
      states:
        done: out.json.home == "new" and not out.json.source.exists
        absent: out.json.home == "old" and not out.json.target.exists
"#,
    check: |shape| {
        let mut moves: Vec<(usize, String)> = Vec::new();
        let mut hits = Vec::new();
        for (number, _, deed) in shape.actions() {
            let Some(script) = &deed.script else {
                moves.extend(deed.verb().filter(|verb| is_move(verb)).map(|verb| (number, verb)));
                continue;
            };
            let inside: Vec<String> = verbs(script).filter(|verb| is_move(verb)).collect();
            if inside.is_empty() {
                continue;
            }
            let repeated = inside.iter().enumerate().any(|(at, verb)| inside[..at].contains(verb));
            let after = moves
                .iter()
                .find(|(first, verb)| inside.contains(verb) && shape.ends_before(*first, number));
            if repeated || after.is_some() {
                hits.push(hit(shape, number, after.map(|(first, _)| *first)));
            }
            moves.extend(inside.into_iter().map(|verb| (number, verb)));
            if shape.is_exhausted() {
                break;
            }
        }
        hits
    },
};

fn hit(shape: &Shape<'_>, number: usize, first: Option<usize>) -> Hit {
    let step = shape.nodes[number].step;
    let at = shape.nodes[number].deed.as_ref().and_then(|deed| deed.at).unwrap_or(step.at);
    let help = "let one step do one move, and a `probe` look what has become of it";
    match first {
        Some(first) => {
            let before = shape.nodes[first].step;
            let message = format!(
                "the script of `{}` moves again what `{}` may have moved",
                step.name, before.name
            );
            Hit::new(number, at, message).help(help).see(format!("`{}`", before.name), before.at)
        }
        None => {
            let message =
                format!("the script of `{}` moves again what it may have moved", step.name);
            Hit::new(number, at, message).help(help)
        }
    }
}

/// The program and the word behind it of each command, as far as both are written out.
fn verbs(script: &str) -> impl Iterator<Item = String> + '_ {
    let commands = script.split(['\n', ';', '|', '&', '{', '}', '(', ')', '!']);
    commands.filter_map(|command| {
        let mut words = command.split_whitespace().skip_while(|word| {
            matches!(*word, "if" | "then" | "else" | "elif" | "do" | "while" | "until")
        });
        let (program, second) = (words.next()?, words.next()?);
        let plain = |word: &str| word.chars().all(|c| c.is_alphanumeric() || "_-./".contains(c));
        (plain(program) && plain(second)).then(|| format!("{program} {second}"))
    })
}

fn is_move(verb: &str) -> bool {
    let second = verb.split(' ').nth(1).unwrap_or_default();
    matches!(kind::by_word(second, false), Some("move" | "clone"))
}
