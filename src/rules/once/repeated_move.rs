//! A move that is said to do no harm the second time.
//!
//! Does not know whether that is true; the claim needs a reason.

use super::super::{Code, Hit, Rule, Severity};
use crate::spec::model::{Body, Effect};

pub(in super::super) const RULE: Rule = Rule {
    code: Code {
        code: "W0712",
        title: "a move is said to be harmless to repeat",
        explanation: "A move that was interrupted has left something on both sides, and a second one meets it: it may take what it finds for a duplicate and delete it. A step of kind `move`, `clone` or `extract` (or one that is called so) is `once`, and its `probe` tells how far it came. If the tool really goes on where it stopped, say so under `allow`.",
    },
    severity: Severity::Warning,
    source: "Q252869: the second attempt of a failed move deletes the mailbox; KB842101: a clone that is started again is a merge.",
    wrong: r#"
steps:
  move:
    effect: idempotent
    retry: {attempts: 3, delay: 1s}
    run: [maillab, move, alice, --to, new]
"#,
    right: r#"
steps:
  move:
    run: [maillab, move, alice, --to, new]
    retry: {attempts: 3, delay: 1s}
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
            if !matches!(node.kind, Some("move" | "clone" | "extract"))
                || deed.effect != Effect::Idempotent
            {
                continue;
            }
            let retry = work.retry.as_ref().filter(|retry| retry.value.attempts > 1);
            let what = if node.kind == Some("extract") {
                "an extraction".to_owned()
            } else {
                format!("a {}", node.kind.unwrap_or("move"))
            };
            let message = match retry {
                Some(_) => format!(
                    "step `{}` is {what}, and would be tried again after a failure",
                    node.step.name
                ),
                None => format!(
                    "step `{}` is {what}, and would be done again after a crash",
                    node.step.name
                ),
            };
            let at = retry.map_or(node.step.at, |retry| retry.at);
            let help = "say `effect: once`, and let a `probe` look how far it came";
            hits.push(Hit::new(number, at, message).help(help));
        }
        hits
    },
};
