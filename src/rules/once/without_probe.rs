//! A dangerous step that nobody can ask after.
//!
//! Does not know whether a person could tell; the author may say so.

use super::super::{Code, Hit, Rule, Severity, deed};
use crate::spec::model::{Body, Effect};

pub(in super::super) const RULE: Rule = Rule {
    code: Code {
        code: "W0711",
        title: "a `once` step has no probe",
        explanation: "When the end of the step is lost, or it ends badly, nothing tells whether it has happened, and an operator must find out before the run can go on. A `probe` reads in which state the world is, so that a resume knows. A step that can be done again without harm says `effect: idempotent`.",
    },
    severity: Severity::Warning,
    source: "Q252869: a move that was reported as failed had moved the data.",
    wrong: r#"
steps:
  move:
    run: [maillab, move, alice, --to, new]
    locks: ["mailbox:alice"]
"#,
    right: r#"
steps:
  move:
    run: [maillab, move, alice, --to, new]
    locks: ["mailbox:alice"]
    probe:
      run: [maillab, locate, alice]
      states:
        done: out.json.home == "new" and not out.json.source.exists
        absent: out.json.home == "old" and not out.json.target.exists
"#,
    check: |shape| {
        let mut hits = Vec::new();
        for (number, node, deed) in shape.actions() {
            let Body::Action(work) = &node.step.body else { continue };
            if deed.effect != Effect::Once || !deed.is_command() || deed::probe(work).is_some() {
                continue;
            }
            let message = format!(
                "step `{}` is `once`, and no probe tells what became of it",
                node.step.name
            );
            let help = match (work.effect, work.target()) {
                (None, None) if node.kind != Some("move") => {
                    "give it a `probe`, or say `effect: idempotent` if doing it again does no harm"
                }
                _ => "give it a `probe`; without one, a lost or bad end waits for an operator",
            };
            hits.push(Hit::new(number, node.step.at, message).help(help));
        }
        hits
    },
};
