//! Outputs of a step that may have failed.
//!
//! Does not know whether it will.

use super::super::shape::Shape;
use super::super::{Code, Hit, Rule, Severity};
use crate::spec::finding::Where;
use crate::spec::model::{Action, Body, Place, Step};
use crate::spec::template::Reference;

pub(in super::super) const RULE: Rule = Rule {
    code: Code {
        code: "W0744",
        title: "an expression reads outputs of a step that may have failed",
        explanation: "The step comes `after` another and reads its outputs. `after` waits for any end, and what has failed has no outputs, so the expression fails exactly when the step is wanted most. Ask for the status first, or use `needs`.",
    },
    severity: Severity::Warning,
    source: "DESIGN 3.1, `after`; dagucloud/dagu#382: outputs that are not there.",
    wrong: r#"
steps:
  count: {effect: read, run: [wc, -l, list], outputs: {lines: "{{ out.stdout }}"}}
  report:
    effect: read
    after: [count]
    run: [echo, "{{ steps.count.outputs.lines }}"]
"#,
    right: r#"
steps:
  count: {effect: read, run: [wc, -l, list], outputs: {lines: "{{ out.stdout }}"}}
  report:
    effect: read
    after: [count]
    when: steps.count.status == "succeeded"
    run: [echo, "{{ steps.count.outputs.lines }}"]
"#,
    check: |shape| {
        let mut hits = Vec::new();
        for (number, node) in shape.nodes.iter().enumerate() {
            if shape.chain(number).all(|at| shape.nodes[at].step.after.is_empty()) {
                continue;
            }
            for (references, at) in reads(node.step) {
                for reference in references {
                    if let Some(name) = may_have_failed(shape, number, reference) {
                        let message =
                            format!("`{name}` may have failed, and then there is nothing to read");
                        let help = format!(
                            "ask first: `when: steps.{name}.status == \"succeeded\"`, or write `needs: [{name}]`"
                        );
                        hits.push(
                            Hit::new(number, Where::Within(at, reference.range.clone()), message)
                                .help(help),
                        );
                    }
                }
            }
        }
        hits
    },
};

/// The name of the step whose outputs are read although it is only known to have ended.
fn may_have_failed<'a>(
    shape: &Shape<'_>,
    number: usize,
    reference: &'a Reference,
) -> Option<&'a str> {
    if reference.root() != "steps" || reference.name(2) != Some("outputs") {
        return None;
    }
    let name = reference.name(1)?;
    let listed = |at: &usize| shape.nodes[*at].step.after.iter().any(|after| after.value == name);
    let waiting = shape.chain(number).find(listed)?;
    let level = &shape.levels[shape.nodes[waiting].level];
    let read = level.nodes.iter().copied().find(|&at| shape.nodes[at].step.name == name)?;
    let asked = shape.chain(number).any(|at| asks(shape.nodes[at].step, name));
    let unsure = !asked && !shape.done_before(read, waiting);
    (unsure && !shape.is_exhausted()).then_some(name)
}

/// Whether a step's condition looks at how another one has ended.
fn asks(step: &Step, name: &str) -> bool {
    let status = |reference: &Reference| {
        reference.root() == "steps"
            && reference.name(1) == Some(name)
            && reference.name(2) == Some("status")
    };
    step.when.as_ref().is_some_and(|when| when.value.references().iter().any(status))
}

/// What a step's condition, command and surroundings read.
fn reads(step: &Step) -> Vec<(&[Reference], Place)> {
    let mut reads: Vec<(&[Reference], Place)> = Vec::new();
    reads.extend(step.when.iter().map(|when| (when.value.references(), when.at)));
    reads.extend(
        step.env.values().chain(&step.dir).map(|value| (value.value.references(), value.at)),
    );
    let Body::Action(work) = &step.body else { return reads };
    reads.extend(work.stdin.iter().map(|stdin| (stdin.value.references(), stdin.at)));
    match &work.action {
        Action::Run(argv) => reads.extend(argv.iter().map(|one| (one.value.references(), one.at))),
        Action::Shell { script, .. } => reads.push((script.value.references(), script.at)),
        Action::Pause(_) => {}
        Action::Manual(manual) => {
            let text = &manual.instructions;
            reads.push((text.value.references(), text.at));
        }
        Action::Approve(approve) => {
            let texts = std::iter::once(&approve.message).chain(&approve.by);
            reads.extend(texts.map(|text| (text.value.references(), text.at)));
        }
        Action::Assert(assertions) => {
            reads.extend(assertions.iter().map(|one| (one.that.value.references(), one.that.at)));
        }
        Action::Uses { with, .. } => {
            for value in with.values() {
                reads.extend(
                    value.value.templates().into_iter().map(|one| (one.references(), value.at)),
                );
            }
        }
    }
    reads
}
