//! A dangerous step that another run may do at the same time.
//!
//! Does not know which other runs there are.

use super::super::{Code, Hit, Rule, Severity};
use crate::spec::model::{Body, Effect};

pub(in super::super) const RULE: Rule = Rule {
    code: Code {
        code: "W0721",
        title: "a `once` step holds no lock",
        explanation: "Nothing keeps a second run, of this runbook or another one, from doing the same to the same thing meanwhile; while this run is in doubt about the step, too. `locks` of the step, of a group around it, of the runbook or of the driver's action name what is being worked on, and are held until the work is known to be finished.",
    },
    severity: Severity::Warning,
    source: "Q151992: two moves at a time block each other's store; DESIGN 1.5.",
    wrong: r#"
params:
  mailbox: {type: string}
steps:
  move:
    run: [maillab, move, "{{ params.mailbox }}", --to, new]
"#,
    right: r#"
params:
  mailbox: {type: string}
steps:
  move:
    run: [maillab, move, "{{ params.mailbox }}", --to, new]
    locks: ["mailbox:{{ params.mailbox }}"]
"#,
    check: |shape| {
        if shape.runbook.is_some_and(|runbook| !runbook.locks.is_empty()) {
            return Vec::new();
        }
        let mut hits = Vec::new();
        for (number, node, deed) in shape.actions() {
            let Body::Action(work) = &node.step.body else { continue };
            if deed.effect != Effect::Once || !deed.is_command() {
                continue;
            }
            let around = shape.chain(number).any(|at| !shape.nodes[at].step.locks.is_empty());
            let brought = work.target().is_some_and(|action| !action.work.locks.is_empty());
            if around || brought {
                continue;
            }
            let help =
                deed.subject().map_or("name what it works on under `locks`".to_owned(), |word| {
                    let template = word.text.replace("{{", "{{ ").replace("}}", " }}");
                    format!("write what it works on: `locks: [\"NAME:{template}\"]`")
                });
            let message =
                format!("step `{}` is `once`, and no lock keeps another run away", node.step.name);
            hits.push(Hit::new(number, node.step.at, message).help(help));
        }
        hits
    },
};
