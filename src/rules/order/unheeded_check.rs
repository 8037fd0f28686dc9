//! A check that nothing waits for.
//!
//! Does not know what it finds.

use super::super::{Code, Hit, Rule, Severity};
use crate::spec::model::Effect;

pub(in super::super) const RULE: Rule = Rule {
    code: Code {
        code: "W0743",
        title: "nothing waits for a check",
        explanation: "The step only looks, waits for nothing, and nothing waits for it, while steps beside it change something. It runs at the same time as they do, so what it finds comes too late to stop them. Let what it is for need it; a check of the outcome needs what it checks.",
    },
    severity: Severity::Warning,
    source: "KB328810, step 6: before a mailbox move, perform a consistency check.",
    wrong: r#"
steps:
  consistency: {effect: read, run: [maillab, consistency-check, old]}
  defrag: {effect: idempotent, run: [maillab, defrag, old]}
"#,
    right: r#"
steps:
  consistency: {effect: read, run: [maillab, consistency-check, old]}
  defrag: {effect: idempotent, needs: [consistency], run: [maillab, defrag, old]}
"#,
    check: |shape| {
        let mut changes = vec![false; shape.levels.len()];
        for (number, _, _) in shape.actions().filter(|(_, _, deed)| deed.effect != Effect::Read) {
            shape.chain(number).for_each(|at| changes[shape.nodes[at].level] = true);
        }
        let mut hits = Vec::new();
        for level in
            shape.levels.iter().zip(changes).filter_map(|(level, changes)| changes.then_some(level))
        {
            let awaited = level.is_awaited();
            for (slot, &number) in level.nodes.iter().enumerate() {
                let node = &shape.nodes[number];
                let looks = node.deed.as_ref().is_some_and(|deed| deed.effect == Effect::Read);
                if looks
                    && !awaited[slot]
                    && level.waits_for_nothing(slot)
                    && node.kind != Some("wait")
                {
                    let message = format!(
                        "nothing waits for `{}`, so what it finds stops nothing",
                        node.step.name
                    );
                    let help = format!("let what it is for need it: `needs: [{}]`", node.step.name);
                    hits.push(Hit::new(number, node.step.at, message).help(help));
                }
            }
        }
        hits
    },
};
