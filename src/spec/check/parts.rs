//! What an expression reads of a step: whether there is such a part, whether it has ended by then, and whether it may be skipped.
//!
//! Does not know values.

use std::collections::HashMap;

use super::super::finding::Where;
use super::super::model::{Body, Step, Work};
use super::super::template::{Reference, Segment};
use super::level::Question;
use super::references::Site;
use super::{Checker, Finding, codes, is_unknown, used};

/// The steps of groups that are read from outside, by name.
#[derive(Debug, Default)]
pub(super) struct Inside<'r> {
    known: HashMap<*const Step, HashMap<&'r str, &'r Step>>,
}

impl<'r> Inside<'r> {
    fn find(&mut self, steps: &'r [Step], name: &str) -> Option<&'r Step> {
        let by_name = self
            .known
            .entry(steps.as_ptr())
            .or_insert_with(|| steps.iter().map(|step| (step.name.as_str(), step)).collect());
        by_name.get(name).copied()
    }
}

impl<'r> Checker<'r, '_> {
    /// A reference that begins with `steps`.
    pub(super) fn read_step(&mut self, reference: &'r Reference, site: Site) {
        let at = site.of(&reference.range);
        let Some(name) = reference.name(1) else {
            let message = "which step is read must be known beforehand";
            let finding = Finding::error(codes::NO_SUCH_PART, at, message);
            return self.push(finding.help("write its name, as in `steps.backup.outputs.count`"));
        };
        let found = self.around.iter().rev().find_map(|&(level, from)| {
            self.levels[level].position(name).map(|to| (level, from, to))
        });
        let Some((level, from, to)) = found else { return self.unknown_step(name, at) };
        let reader = self.in_words();
        if from == to {
            return self.reads_itself(name, &reader, at);
        }
        self.levels[level].ask(Question { from, to, reader, at: at.clone() });
        let step = self.levels[level].step(to);
        self.read_part(step, reference, &at);
    }

    fn unknown_step(&mut self, name: &str, at: Where) {
        let near = self
            .around
            .iter()
            .rev()
            .find_map(|&(level, _)| self.findings.near(name, self.levels[level].names()));
        let finding = Finding::error(
            codes::UNKNOWN_STEP,
            at,
            format!("there is no step `{name}` to be seen from here"),
        );
        self.push(finding.help(near.unwrap_or_else(|| {
            "an expression sees the steps beside it and those beside the groups around it"
                .to_owned()
        })));
    }

    fn reads_itself(&mut self, name: &str, reader: &str, at: Where) {
        let (message, help) = if reader == format!("step `{name}`") {
            (
                format!("{reader} reads itself"),
                "its own result is `out`, in `success` and `outputs`",
            )
        } else {
            let message =
                format!("{reader} reads `{name}`, the group that it is in, which has not ended");
            (message, "read the steps beside it")
        };
        self.push(Finding::error(codes::NOT_UPSTREAM, at, message).help(help));
    }

    /// Follows a path into a step: `steps.NAME` is behind, the rest is ahead.
    fn read_part(&mut self, first: &'r Step, reference: &'r Reference, at: &Where) {
        let (mut step, mut next) = (first, 2);
        loop {
            if is_unknown(step) || self.is_status(reference, next) {
                return;
            }
            if step.when.is_some() && !self.is_guarded(&reference.path[..next]) {
                return self.may_be_skipped(step, reference, next, at);
            }
            if step.for_each.is_some() {
                match reference.name(next) {
                    Some("items") if reference.path.len() <= next + 2 => return,
                    Some("items") => next += 2,
                    _ => return self.no_such_part(step, reference, next, at),
                }
            } else if matches!(step.body, Body::Group(_)) {
                match reference.name(next) {
                    Some("steps") if reference.path.len() == next + 1 => return,
                    Some("steps") => next += 1,
                    _ => return self.no_such_part(step, reference, next, at),
                }
            }
            match &step.body {
                Body::Action(work) => return self.read_output(step, work, reference, next, at),
                Body::Group(inside) => {
                    // A key that only evaluation tells: nothing more can be known.
                    let Some(name) = reference.name(next) else { return };
                    let Some(found) = self.inside.find(inside, name) else {
                        return self.no_inner_step(step, name, inside, at);
                    };
                    (step, next) = (found, next + 1);
                }
            }
        }
    }

    fn is_status(&self, reference: &Reference, next: usize) -> bool {
        reference.name(next) == Some("status")
    }

    fn read_output(
        &mut self,
        step: &Step,
        work: &Work,
        reference: &Reference,
        next: usize,
        at: &Where,
    ) {
        match reference.name(next) {
            Some("status") => return,
            Some("outputs") => {}
            _ => return self.no_such_part(step, reference, next, at),
        }
        let Some(name) = reference.name(next + 1) else { return };
        let of_driver = used(work).into_iter().flat_map(|action| action.work.outputs.keys());
        let known: Vec<&str> = work.outputs.keys().chain(of_driver).map(String::as_str).collect();
        if known.contains(&name) {
            return;
        }
        let near = self.findings.near(name, known.iter().copied());
        let help = near.unwrap_or_else(|| match known.is_empty() {
            true => format!("it has none; declare it under `outputs` of `{}`", step.name),
            false => format!("its outputs are {}", quoted(&known)),
        });
        let message = format!("step `{}` has no output `{name}`", step.name);
        self.push(Finding::error(codes::NO_SUCH_PART, at.clone(), message).help(help));
    }

    fn no_such_part(&mut self, step: &Step, reference: &Reference, next: usize, at: &Where) {
        let path = written(&reference.path[..next]);
        let inside = match (&step.body, step.for_each.is_some()) {
            (Body::Action(_), false) => format!("`{path}.outputs.NAME`"),
            (Body::Action(_), true) => format!("`{path}.items[KEY].outputs.NAME`"),
            (Body::Group(_), false) => format!("`{path}.steps.NAME`"),
            (Body::Group(_), true) => format!("`{path}.items[KEY].NAME`"),
        };
        let message = match reference.path.get(next) {
            Some(Segment::Name(part)) => format!("`{path}` has no `{part}`"),
            Some(Segment::Computed) => {
                format!("which part of `{path}` is read must be known beforehand")
            }
            None => format!("`{path}` is no value"),
        };
        let finding = Finding::error(codes::NO_SUCH_PART, at.clone(), message);
        self.push(finding.help(format!("what can be read is `{path}.status` and {inside}")));
    }

    fn no_inner_step(&mut self, group: &Step, name: &str, inside: &[Step], at: &Where) {
        let near = self.findings.near(name, inside.iter().map(|step| step.name.as_str()));
        let message = format!("group `{}` has no step `{name}`", group.name);
        self.push(Finding::error(codes::UNKNOWN_STEP, at.clone(), message).maybe_help(near));
    }

    /// Whether a condition here or around asks for the state of what a path leads to.
    fn is_guarded(&self, path: &[Segment]) -> bool {
        let asks = |asked: &Reference| {
            asked.path.len() > path.len()
                && asked.path.last() == Some(&Segment::Name("status".to_owned()))
                && asked.path.iter().zip(path).all(|(left, right)| left == right)
        };
        self.whens.iter().any(|references| references.iter().any(asks))
    }

    fn may_be_skipped(&mut self, step: &Step, reference: &Reference, next: usize, at: &Where) {
        let message = format!(
            "step `{}` may be skipped by its `when`, and then there is nothing to read",
            step.name
        );
        let path = written(&reference.path[..next]);
        let help = format!("ask first: `when: {path}.status == \"succeeded\"`");
        self.push(Finding::error(codes::MAY_BE_SKIPPED, at.clone(), message).help(help));
    }
}

/// A path as an author writes it.
fn written(path: &[Segment]) -> String {
    let mut text = String::new();
    for segment in path {
        match segment {
            Segment::Name(name) if text.is_empty() => text.push_str(name),
            Segment::Name(name) => text.push_str(&format!(".{name}")),
            Segment::Computed => text.push_str("[KEY]"),
        }
    }
    text
}

fn quoted(names: &[&str]) -> String {
    let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    names.join(", ")
}
