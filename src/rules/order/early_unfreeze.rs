//! Users or mail let in again before anybody has looked.
//!
//! Does not know what is frozen.

use super::super::shape::Shape;
use super::super::{Code, Hit, Rule, Severity};
use super::{brought, verifies_itself};

pub(in super::super) const RULE: Rule = Rule {
    code: Code {
        code: "W0742",
        title: "it is unfrozen before it is verified",
        explanation: "As long as nobody writes, both sides can be compared. Once mail or users are let in at the new place, a difference proves nothing any more, and what was lost cannot be told from what was deleted. So at least one verification of what was moved comes before the end of the freeze, be it a step or a setting.",
    },
    severity: Severity::Warning,
    source: "Q277911: mail delivered meanwhile is lost without a report; domain rule: compare before users are admitted.",
    wrong: r#"
steps:
  freeze: {effect: idempotent, run: [maillab, freeze, alice]}
  move: {needs: [freeze], run: [maillab, move, alice, --to, new]}
  unfreeze: {effect: idempotent, needs: [move], run: [maillab, unfreeze, alice]}
  verify: {effect: read, needs: [unfreeze], run: [maillab, verify, alice]}
"#,
    right: r#"
steps:
  freeze: {effect: idempotent, run: [maillab, freeze, alice]}
  move: {needs: [freeze], run: [maillab, move, alice, --to, new]}
  verify: {effect: read, needs: [move], run: [maillab, verify, alice]}
  unfreeze: {effect: idempotent, needs: [verify], run: [maillab, unfreeze, alice]}
"#,
    check: |shape| {
        let moved = brought(shape);
        let checks = shape.of_kind("verify");
        let looked_at: Vec<usize> = checks
            .into_iter()
            .take_while(|_| !shape.is_exhausted())
            .filter(|&check| moved.iter().any(|&first| shape.done_before(first, check)))
            .collect();
        let mut hits = Vec::new();
        for number in shape.of_kind("unfreeze") {
            if shape.is_exhausted() {
                return hits;
            }
            let unchecked = moved.iter().find(|&&one| {
                shape.ends_before(one, number) && !verifies_itself(shape.nodes[one].step)
            });
            let verified = looked_at.iter().any(|&check| shape.done_before(check, number));
            let Some(&one) = unchecked.filter(|_| !verified) else { continue };
            if shape.is_exhausted() {
                return hits;
            }
            let step = shape.nodes[number].step;
            let message = format!(
                "step `{}` ends the freeze before what `{}` has moved was verified",
                step.name, shape.nodes[one].step.name
            );
            let help =
                "let it need a step of kind `verify`, or give the move a `verify` of its own";
            hits.push(Hit::new(number, step.at, message).help(help));
        }
        if !shape.is_exhausted() {
            hits.extend(settings(shape, &moved, &looked_at));
        }
        hits
    },
};

/// Settings that freeze, and end before a verification.
fn settings(shape: &Shape<'_>, moved: &[usize], looked_at: &[usize]) -> Vec<Hit> {
    let mut hits = Vec::new();
    for (at, level) in shape.levels.iter().enumerate() {
        for (number, setting) in level.settings.iter().enumerate() {
            if !setting.name.split('_').any(|word| matches!(word, "freeze" | "frozen" | "hold")) {
                continue;
            }
            let inside = |step: usize| shape.settings_around(step).contains(&(at, number));
            let unchecked =
                moved.iter().find(|&&one| inside(one) && !verifies_itself(shape.nodes[one].step));
            let Some(&one) = unchecked else { continue };
            if looked_at.iter().any(|&check| inside(check)) {
                continue;
            }
            let message = format!(
                "setting `{}` ends before what `{}` has moved was verified",
                setting.name, shape.nodes[one].step.name
            );
            let help = "put a step of kind `verify` under its `around`";
            hits.push(Hit::new(level.owner, setting.at, message).help(help));
        }
    }
    hits
}
