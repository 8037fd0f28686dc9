//! The same thing moved a second time, which is how a move is undone.
//!
//! Does not know where things are; only that two steps move the same.

use std::collections::HashMap;

use super::super::{Code, Hit, Rule, Severity, together};

pub(in super::super) const RULE: Rule = Rule {
    code: Code {
        code: "W0713",
        title: "a step undoes a move",
        explanation: "Two steps of kind `move` move the same thing, one after the other or the second where the first has failed. A move that went wrong is not undone by moving back: what has changed on one side since is lost. Finish it instead (the repairs of a probe do that), or stop for an operator.",
    },
    severity: Severity::Warning,
    source: "KB328810, step 5: do not move the mailbox back to the original server; you are likely to lose data.",
    wrong: r#"
params:
  mailbox: {type: string}
steps:
  move: {run: [maillab, move, "{{ params.mailbox }}", --to, new]}
  compare: {effect: read, needs: [move], run: [maillab, verify, "{{ params.mailbox }}"]}
  move_back: {needs: [compare], run: [maillab, move, "{{ params.mailbox }}", --to, old]}
"#,
    right: r#"
params:
  mailbox: {type: string}
steps:
  move: {run: [maillab, move, "{{ params.mailbox }}", --to, new]}
  compare: {effect: read, needs: [move], run: [maillab, verify, "{{ params.mailbox }}"]}
"#,
    check: |shape| {
        let mut first: HashMap<String, usize> = HashMap::new();
        let mut hits = Vec::new();
        for (number, node, _) in shape.actions().filter(|(_, node, _)| node.kind == Some("move")) {
            let Some(thing) = together::thing(shape, number) else { continue };
            let Some(&earlier) = first.get(&thing) else {
                first.insert(thing, number);
                continue;
            };
            let before = shape.nodes[earlier].step;
            let message =
                format!("step `{}` moves again what `{}` has moved", node.step.name, before.name);
            hits.push(
                Hit::new(number, node.step.at, message)
                    .help("do not move back: let the probe's repairs finish the move, or stop for an operator")
                    .see(format!("`{}`", before.name), before.at),
            );
        }
        hits
    },
};
