//! Two tasks that change the same thing, perhaps at the same time.
//!
//! Does not know values: two steps are about the same where the same text says what they are about.

use std::collections::{BTreeSet, HashMap};

use super::super::shape::Shape;
use super::super::{Code, Hit, Rule, Severity, deed};
use super::thing;
use crate::spec::model::{Body, Effect, Step, Work};
use crate::spec::template::{Reference, Template};

/// Steps about one thing that are compared with each other.
const COMPARED_MAX: usize = 64;

pub(in super::super) const RULE: Rule = Rule {
    code: Code {
        code: "W0722",
        title: "two tasks may change the same thing at the same time",
        explanation: "Neither of the two steps waits for the other (or the items of one step run beside each other), both change something, and what they are about is the same: the first argument that is a template, or the whole command. Let one of them need the other, give both the same lock, or let the items come one after the other with `parallel: 1`.",
    },
    severity: Severity::Warning,
    source: "Q151992: a second move on the same store never ends; DESIGN 4.5 on items that capture each other's values.",
    wrong: r#"
params:
  server: {type: string}
steps:
  defrag: {effect: idempotent, run: [maillab, defrag, "{{ params.server }}"]}
  backup: {effect: idempotent, run: [maillab, full-backup, "{{ params.server }}"]}
"#,
    right: r#"
params:
  server: {type: string}
steps:
  defrag: {effect: idempotent, run: [maillab, defrag, "{{ params.server }}"]}
  backup: {effect: idempotent, needs: [defrag], run: [maillab, full-backup, "{{ params.server }}"]}
"#,
    check: |shape| {
        let mut by_thing: HashMap<String, Vec<usize>> = HashMap::new();
        let mut hits = Vec::new();
        for (number, node, deed) in shape.actions() {
            if deed.effect == Effect::Read || !deed.is_command() {
                continue;
            }
            if let Some(group) = beside_itself(shape, number) {
                let message = format!(
                    "step `{}` does the same to the same for each item of `{}`, at the same time",
                    node.step.name, shape.nodes[group].step.name
                );
                let help = "lock what it changes, or let the items come one after the other: `parallel: 1`";
                hits.push(Hit::new(number, node.step.at, message).help(help));
            }
            if let Some(thing) = thing(shape, number) {
                by_thing.entry(thing).or_default().push(number);
            }
        }
        let mut about: Vec<Vec<usize>> = by_thing.into_values().collect();
        about.sort_unstable();
        about.iter().for_each(|steps| hits.extend(clashes(shape, steps)));
        hits
    },
};

/// For each of some steps about one thing the first other one that it may meet.
fn clashes(shape: &Shape<'_>, steps: &[usize]) -> Vec<Hit> {
    let mut hits = Vec::new();
    for (index, &then) in steps.iter().enumerate().take(COMPARED_MAX) {
        let meets = |first: &&usize| {
            shape.may_overlap(**first, then)
                && !excluded(shape, **first, then)
                && !shape.is_exhausted()
        };
        let Some(&first) = steps[..index].iter().find(meets) else { continue };
        let (before, step) = (shape.nodes[first].step, shape.nodes[then].step);
        let message = format!(
            "steps `{}` and `{}` may change the same thing at the same time",
            before.name, step.name
        );
        hits.push(
            Hit::new(then, step.at, message)
                .help(format!(
                    "let one wait for the other: `needs: [{}]`, or give both the same lock",
                    before.name
                ))
                .see(format!("`{}`", before.name), before.at),
        );
    }
    hits
}

/// Whether a lock keeps two steps apart: one that each holds by itself, or by a group that the other is not in.
fn excluded(shape: &Shape<'_>, left: usize, right: usize) -> bool {
    let Some((outer_left, outer_right)) = shape.siblings(left, right) else { return false };
    let left = locks_up_to(shape, left, outer_left);
    let right = locks_up_to(shape, right, outer_right);
    left.intersection(&right).next().is_some()
}

fn locks_up_to(shape: &Shape<'_>, number: usize, outer: usize) -> BTreeSet<String> {
    let mut locks = BTreeSet::new();
    for at in shape.chain(number) {
        let step = shape.nodes[at].step;
        let work = (at == number).then(|| work(step)).flatten();
        locks.extend(deed::locks(work, &step.locks));
        if at == outer {
            break;
        }
    }
    locks
}

fn work(step: &Step) -> Option<&Work> {
    match &step.body {
        Body::Action(work) => Some(work),
        Body::Group(_) => None,
    }
}

/// The group, if there is one, whose items do exactly the same beside each other, with nothing to keep them apart.
fn beside_itself(shape: &Shape<'_>, number: usize) -> Option<usize> {
    let deed = shape.nodes[number].deed.as_ref()?;
    if deed.script.is_some() {
        return None;
    }
    let step = shape.nodes[number].step;
    let mut names: Vec<&str> = vec!["index", "steps"];
    let mut locks = BTreeSet::new();
    let surroundings = step.env.values().chain(&step.dir).map(|value| &value.value);
    let stdin = work(step).and_then(|work| work.stdin.as_ref()).map(|stdin| &stdin.value);
    let given: Vec<&Reference> = surroundings.chain(stdin).flat_map(Template::references).collect();
    for at in shape.chain(number) {
        let here = shape.nodes[at].step;
        locks.extend(deed::locks((at == number).then(|| work(here)).flatten(), &here.locks));
        let Some(each) = &here.for_each else { continue };
        names.push(&each.name.value);
        let depends = |text: &str| reads(text, &names);
        let varies = deed.words.iter().any(|word| !word.is_literal && depends(&word.text))
            || given.iter().any(|reference| names.contains(&reference.root()));
        if varies || locks.iter().any(|lock| !depends(lock)) {
            return None;
        }
        if each.parallel != Some(1) {
            return Some(at);
        }
    }
    None
}

/// Whether a text with templates reads one of some names; what cannot be told counts as if it did.
fn reads(text: &str, names: &[&str]) -> bool {
    Template::parse(text).map_or(true, |template| {
        template.references().iter().any(|reference| names.contains(&reference.root()))
    })
}
