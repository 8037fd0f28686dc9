//! A source that is deleted although something may still be there.
//!
//! Does not know what is at the source; it asks whether somebody has looked on every way that leads to the deletion.

use super::super::{Code, Hit, Rule, Severity};
use super::{always_before, brought, verifies_itself};
use crate::spec::model::Effect;

pub(in super::super) const RULE: Rule = Rule {
    code: Code {
        code: "W0741",
        title: "a source is deleted without a sweep and a verification before it",
        explanation: "After a copy or a move the source may go on receiving, and a copy that reports success may have left something out. Before the source is deleted, a step of kind `sweep` brings what came late, and one of kind `verify` sees that all of it is there. Both must be needed by the deletion, directly or through others, and must not be skipped by a `when`: `after` and a condition let the deletion happen without them.",
    },
    severity: Severity::Warning,
    source: "Q190423: messages delivered after the migration stay on the old postoffice.",
    wrong: r#"
steps:
  copy: {effect: idempotent, run: [imapsync, --host1, old, --host2, new]}
  verify: {effect: read, needs: [copy], run: [compare, old, new]}
  delete_source: {needs: [verify], run: [dropmail, old]}
"#,
    right: r#"
steps:
  copy: {effect: idempotent, run: [imapsync, --host1, old, --host2, new]}
  reroute: {effect: idempotent, needs: [copy], run: [route, new]}
  sweep: {effect: idempotent, needs: [reroute], run: [imapsync, --host1, old, --host2, new]}
  verify: {effect: read, needs: [sweep], run: [compare, old, new]}
  delete_source: {needs: [verify], run: [dropmail, old]}
"#,
    check: |shape| {
        let brought = brought(shape);
        if brought.is_empty() {
            return Vec::new();
        }
        let (sweeps, verifications) = (shape.of_kind("sweep"), shape.of_kind("verify"));
        let mut hits = Vec::new();
        for number in shape.of_kind("delete") {
            if shape.is_exhausted() {
                return hits;
            }
            let node = &shape.nodes[number];
            let changes = node.deed.as_ref().is_none_or(|deed| deed.effect != Effect::Read);
            let first = brought.iter().find(|&&before| !shape.ends_before(number, before));
            let Some(&first) = first.filter(|_| changes) else { continue };
            let swept = sweeps.iter().any(|&sweep| always_before(shape, sweep, number));
            let verified = verifications.iter().any(|&check| always_before(shape, check, number))
                || verifies_itself(shape.nodes[first].step);
            if shape.is_exhausted() {
                return hits;
            }
            let missing = match (swept, verified) {
                (true, true) => continue,
                (false, true) => "no sweep",
                (true, false) => "no verification",
                (false, false) => "neither a sweep nor a verification",
            };
            let message =
                format!("step `{}` deletes, and {missing} always comes before it", node.step.name);
            hits.push(
                Hit::new(number, node.step.at, message)
                    .help(
                        "let it need a step of kind `sweep`, and behind that one of kind `verify`",
                    )
                    .see("what brings the data away", shape.nodes[first].step.at),
            );
        }
        hits
    },
};
