//! A fan-out without a bound.
//!
//! Does not know how many items there will be.

use super::super::{Code, Hit, Rule, Severity};
use crate::spec::model::{Dynamic, Effect};

pub(in super::super) const RULE: Rule = Rule {
    code: Code {
        code: "W0723",
        title: "a fan-out has no bound",
        explanation: "The items change something, and as many of them at a time as `--jobs` allows: the number of cores, which says nothing about how much the systems behind them bear. `parallel: N` says how many items may be open at a time.",
    },
    severity: Severity::Note,
    source: "KB328810, step 2: move mailboxes in manageable groups; LESSONS of rate limits in other tools.",
    wrong: r#"
params:
  mailboxes: {type: array, items: {type: string}}
steps:
  backup:
    for_each: {items: params.mailboxes, as: mailbox}
    effect: idempotent
    run: [maillab, backup, "{{ mailbox }}"]
"#,
    right: r#"
params:
  mailboxes: {type: array, items: {type: string}}
steps:
  backup:
    for_each: {items: params.mailboxes, as: mailbox, parallel: 4}
    effect: idempotent
    run: [maillab, backup, "{{ mailbox }}"]
"#,
    check: |shape| {
        let mut changes = vec![false; shape.nodes.len()];
        for (number, _, _) in shape.actions().filter(|(_, _, deed)| deed.effect != Effect::Read) {
            shape.chain(number).for_each(|at| changes[at] = true);
        }
        let mut hits = Vec::new();
        for (number, node) in shape.nodes.iter().enumerate().filter(|(number, _)| changes[*number])
        {
            let Some(each) = &node.step.for_each else { continue };
            let counted = match &each.items.value {
                Dynamic::Template(items) => items.references().is_empty(),
                _ => true,
            };
            if each.parallel.is_none() && !counted {
                let message =
                    format!("the items of `{}` have no bound but `--jobs`", node.step.name);
                let help = "say how many may be open at a time: `parallel: 4`";
                hits.push(Hit::new(number, each.at, message).help(help));
            }
        }
        hits
    },
};
