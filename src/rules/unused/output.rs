//! An output that nothing reads.
//!
//! Does not know whether people look at it.

use super::super::{Code, Hit, Rule, Severity};
use super::names_behind;
use crate::spec::model::Body;

pub(in super::super) const RULE: Rule = Rule {
    code: Code {
        code: "W0762",
        title: "an output is not used",
        explanation: "`outputs.NAME` stands nowhere in the runbook. The output is shown by `windlass show`, which may be all that it is for; but if it cannot be read, the step fails for nothing. Outputs of a driver's action are not meant.",
    },
    severity: Severity::Note,
    source: "Issue 5; the step fails where an output cannot be read (DESIGN 4.3).",
    wrong: r#"
steps:
  size: {effect: read, run: [du, -sb, /srv], outputs: {bytes: "{{ out.lines[0] }}"}}
"#,
    right: r#"
steps:
  size: {effect: read, run: [du, -sb, /srv], outputs: {bytes: "{{ out.lines[0] }}"}}
  say: {effect: read, needs: [size], run: [echo, "{{ steps.size.outputs.bytes }}"]}
"#,
    check: |shape| {
        let Some(used) = names_behind(shape, "outputs") else { return Vec::new() };
        let mut hits = Vec::new();
        for (number, node, _) in shape.actions() {
            let Body::Action(work) = &node.step.body else { continue };
            for (name, output) in
                work.outputs.iter().filter(|(name, _)| !used.contains(name.as_str()))
            {
                let message = format!("output `{name}` of `{}` is read nowhere", node.step.name);
                let help = "remove it, unless people look at it with `windlass show`";
                hits.push(Hit::new(number, output.at, message).help(help));
            }
        }
        hits
    },
};
