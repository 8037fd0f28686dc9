//! A temporary change made by plain steps.
//!
//! Does not know what a command changes; it goes by words of opposite sense, and by what a setting does with the same command.

use std::collections::HashMap;

use super::super::deed::{Deed, Word};
use super::super::piece::Role;
use super::super::shape::Shape;
use super::super::{Code, Hit, Rule, Severity};
use crate::spec::model::Effect;

/// Words of opposite sense, each of which undoes the other.
const OPPOSITES: &[(&str, &str)] = &[
    ("on", "off"),
    ("true", "false"),
    ("yes", "no"),
    ("enable", "disable"),
    ("enabled", "disabled"),
    ("always", "never"),
    ("start", "stop"),
    ("freeze", "unfreeze"),
    ("freeze", "thaw"),
    ("hold", "release"),
    ("suspend", "resume"),
    ("pause", "resume"),
    ("pause", "unpause"),
    ("mask", "unmask"),
    ("lock", "unlock"),
    ("block", "unblock"),
    ("open", "close"),
    ("cordon", "uncordon"),
];

/// Equal commands that are compared with one that takes them back.
const COMPARED_MAX: usize = 16;

pub(in super::super) const RULE: Rule = Rule {
    code: Code {
        code: "W0731",
        title: "a plain step makes a temporary change",
        explanation: "One step changes something and a later one changes it back, or a step changes what a setting of the same runbook changes. If the run ends between the two, nobody puts it back. As a setting, what it was is on disk before the change, it is put back after a failure and after a crash, and the run does not succeed before that.",
    },
    severity: Severity::Warning,
    source: "KB328810, steps 3, 4 and 8: what is switched off for the move must be switched on again; ansible/proposals#120.",
    wrong: r#"
steps:
  quiet: {effect: idempotent, run: [maillab, rca, set, never]}
  backup: {effect: idempotent, needs: [quiet], run: [maillab, backup, alice]}
  loud: {effect: idempotent, needs: [backup], run: [maillab, rca, set, always]}
"#,
    right: r#"
settings:
  schedule:
    get: {run: [maillab, rca, get]}
    set: {run: [maillab, rca, set, "{{ value }}"]}
    to: never
steps:
  backup: {effect: idempotent, run: [maillab, backup, alice]}
"#,
    check: |shape| {
        let mut hits = of_settings(shape);
        let mut waiting: HashMap<String, Vec<usize>> = HashMap::new();
        for (number, _, deed) in shape.actions().filter(|(_, _, deed)| deed.effect != Effect::Read)
        {
            for (at, word) in deed.words.iter().enumerate().filter(|(_, word)| word.is_literal) {
                for opposite in opposites(&word.text) {
                    let wanted = command_with(deed, at, opposite);
                    let earlier = waiting.get(&wanted).into_iter().flatten().take(COMPARED_MAX);
                    let earlier = earlier.copied().find(|&first| shape.ends_before(first, number));
                    hits.extend(earlier.map(|first| there_and_back(shape, first, number)));
                }
                if opposites(&word.text).next().is_some() {
                    waiting.entry(deed.text()).or_default().push(number);
                }
            }
        }
        hits
    },
};

fn there_and_back(shape: &Shape<'_>, first: usize, then: usize) -> Hit {
    let (first_step, step) = (shape.nodes[first].step, shape.nodes[then].step);
    let message =
        format!("step `{}` makes a change that `{}` takes back", first_step.name, step.name);
    Hit::new(first, first_step.at, message)
        .help("make it a setting, which is put back whatever happens: `settings: {NAME: {get: .., set: .., to: ..}}`")
        .see(format!("`{}`", step.name), step.at)
}

/// Steps that change what a setting changes.
fn of_settings(shape: &Shape<'_>) -> Vec<Hit> {
    let sets = shape.pieces.iter().filter(|piece| piece.role == Role::Set);
    // What has no subcommand says too little about what it changes.
    let verbs: Vec<(String, Option<String>)> = sets
        .map(|piece| Deed::new(piece.work))
        .filter_map(|set| Some((set.verb()?, changed(&set))))
        .filter(|(verb, _)| verb.contains(' '))
        .collect();
    if verbs.is_empty() {
        return Vec::new();
    }
    let mut hits = Vec::new();
    for (number, node, deed) in shape.actions().filter(|(_, _, deed)| deed.effect != Effect::Read) {
        let same = deed.verb().is_some_and(|verb| verbs.contains(&(verb, changed(deed))));
        if same {
            let message = format!("step `{}` changes what a setting changes", node.step.name);
            let help = "let the setting do it, with the steps that want it under `around`";
            hits.push(Hit::new(number, node.step.at, message).help(help));
        }
    }
    hits
}

/// The word behind the subcommand, which is part of what is changed where it is the same in both.
fn changed(deed: &Deed) -> Option<String> {
    deed.words.get(2).filter(|word| word.is_literal).map(|word| word.text.clone())
}

fn opposites(word: &str) -> impl Iterator<Item = &'static str> + '_ {
    OPPOSITES.iter().filter_map(move |(one, other)| match word {
        _ if word == *one => Some(*other),
        _ if word == *other => Some(*one),
        _ => None,
    })
}

fn command_with(deed: &Deed, at: usize, instead: &str) -> String {
    let word = |(index, word): (usize, &Word)| {
        if index == at { instead.to_owned() } else { word.text.clone() }
    };
    deed.words.iter().enumerate().map(word).collect::<Vec<_>>().join(" ")
}
