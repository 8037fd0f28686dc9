//! Dangerous work that a setting protects at one place and not at another.
//!
//! Does not know what the setting changes.

use std::collections::BTreeMap;

use super::super::shape::{Level, Shape};
use super::super::{Code, Hit, Rule, Severity};
use crate::spec::model::Effect;

pub(in super::super) const RULE: Rule = Rule {
    code: Code {
        code: "W0732",
        title: "work that a setting protects is done outside of it",
        explanation: "The setting is in force around a dangerous step, and a step outside of it does the same kind of thing: the same command, with the same subcommand. Either the setting is not needed, or the step outside needs it too.",
    },
    severity: Severity::Warning,
    source: "KB328810, step 8: the schedule is `never` during the mailbox moves, during all of them.",
    wrong: r#"
settings:
  schedule:
    get: {run: [maillab, rca, get]}
    set: {run: [maillab, rca, set, "{{ value }}"]}
    to: never
    around: [rest]
steps:
  pilot: {run: [maillab, move, alice, --to, new]}
  rest: {needs: [pilot], run: [maillab, move, bob, --to, new]}
"#,
    right: r#"
settings:
  schedule:
    get: {run: [maillab, rca, get]}
    set: {run: [maillab, rca, set, "{{ value }}"]}
    to: never
    around: [pilot, rest]
steps:
  pilot: {run: [maillab, move, alice, --to, new]}
  rest: {needs: [pilot], run: [maillab, move, bob, --to, new]}
"#,
    check: |shape| {
        shape.levels.iter().enumerate().flat_map(|(at, level)| of_level(shape, at, level)).collect()
    },
};

fn of_level(shape: &Shape<'_>, at: usize, level: &Level<'_>) -> Vec<Hit> {
    if level.settings.is_empty() {
        return Vec::new();
    }
    // Which dangerous work is done in which slot of this level, however deep.
    let mut done: Vec<(usize, usize, String)> = Vec::new();
    for (number, _, deed) in shape.actions().filter(|(_, _, deed)| deed.effect == Effect::Once) {
        let here = shape.chain(number).find(|&outer| shape.nodes[outer].level == at);
        let verb = deed.verb().filter(|verb| verb.contains(' '));
        if let (Some(here), Some(verb)) = (here, verb) {
            done.push((number, shape.nodes[here].slot, verb));
        }
    }
    let mut hits = Vec::new();
    for (setting, around) in level.settings.iter().zip(&level.around) {
        let inside = |slot: usize| around.iter().any(|&one| one as usize == slot);
        let protected: BTreeMap<&str, usize> = done
            .iter()
            .rev()
            .filter(|(_, slot, _)| inside(*slot))
            .map(|(number, _, verb)| (verb.as_str(), *number))
            .collect();
        for (number, _, verb) in done.iter().filter(|(_, slot, _)| !inside(*slot)) {
            let Some(&same) = protected.get(verb.as_str()) else { continue };
            let (step, other) = (shape.nodes[*number].step, shape.nodes[same].step);
            let message = format!(
                "step `{}` does what `{}` does, but setting `{}` is not in force around it",
                step.name, other.name, setting.name
            );
            let help = format!("put it under `around` of `{}`", setting.name);
            hits.push(
                Hit::new(*number, step.at, message)
                    .help(help)
                    .see(format!("`{}`", other.name), other.at),
            );
        }
    }
    hits
}
