//! The steps that stand beside each other: who waits for whom, and what was asked about it.
//!
//! Does not know what is inside of a step.

use std::collections::HashMap;

use super::super::finding::{Finding, Findings, Where};
use super::super::model::{Located, Step};
use super::{Checker, codes, cycle, upstream};

/// Steps of one list.
pub(super) struct Level<'r> {
    steps: &'r [Step],
    positions: HashMap<&'r str, u32>,
    /// For each step the steps that it waits for, by `needs` and `after`.
    waits: Vec<Vec<u32>>,
    questions: Vec<Question>,
    /// Some waits were wrong, so that what follows from them may be wrong too.
    broken: bool,
}

/// Whether one step waits for another, which makes a reference right.
pub(super) struct Question {
    pub(super) from: u32,
    pub(super) to: u32,
    /// Name of the step that reads, which may stand deep inside of `from`.
    pub(super) reader: String,
    pub(super) at: Where,
}

impl<'r> Level<'r> {
    pub(super) fn new(steps: &'r [Step]) -> Level<'r> {
        let positions =
            steps.iter().zip(0..).map(|(step, position)| (step.name.as_str(), position));
        Level {
            steps,
            positions: positions.collect(),
            waits: Vec::with_capacity(steps.len()),
            questions: Vec::new(),
            broken: false,
        }
    }

    pub(super) fn step(&self, position: u32) -> &'r Step {
        &self.steps[position as usize]
    }

    pub(super) fn position(&self, name: &str) -> Option<u32> {
        self.positions.get(name).copied()
    }

    pub(super) fn names(&self) -> impl ExactSizeIterator<Item = &'r str> + use<'r> {
        self.steps.iter().map(|step| step.name.as_str())
    }

    /// Most references are to a step that is needed directly; only the others are kept.
    pub(super) fn ask(&mut self, question: Question) {
        if !self.waits[question.from as usize].contains(&question.to) {
            self.questions.push(question);
        }
    }

    /// Reports a cycle, else each question that is answered with no.
    pub(super) fn answer(self, findings: &mut Findings) {
        if let Some(cycle) = cycle::shortest(&self.waits) {
            return findings.push(self.cycle_finding(&cycle));
        }
        if self.broken || self.questions.is_empty() {
            return;
        }
        let pairs: Vec<(u32, u32)> =
            self.questions.iter().map(|asked| (asked.from, asked.to)).collect();
        let answers = upstream::reach(&self.waits, &pairs);
        for (asked, _) in self.questions.iter().zip(answers).filter(|(_, reached)| !reached) {
            let (from, to) = (&self.step(asked.from).name, &self.step(asked.to).name);
            let message = format!("step `{}` reads `{to}`, but does not wait for it", asked.reader);
            let help = match *from == asked.reader {
                true => format!("add it: `needs: [{to}]`"),
                false => format!("let group `{from}` wait for it: `needs: [{to}]`"),
            };
            findings
                .push(Finding::error(codes::NOT_UPSTREAM, asked.at.clone(), message).help(help));
        }
    }

    fn cycle_finding(&self, cycle: &[u32]) -> Finding {
        let (first, second) = (self.step(cycle[0]), self.step(cycle[1 % cycle.len()]));
        let mut message = String::from("steps wait for each other in a circle: ");
        for &position in cycle {
            message.push_str(&format!("`{}` → ", self.step(position).name));
        }
        message.push_str(&format!("`{}`", first.name));
        let waits = || first.needs.iter().chain(&first.after);
        let at = waits().find(|name| name.value == second.name).map_or(first.at, |name| name.at);
        Finding::error(codes::CYCLE, at, message)
            .help("each waits for the one behind the arrow; remove one of these `needs` or `after`")
    }
}

impl<'r> Checker<'r, '_> {
    /// Resolves `needs` and `after` of a level.
    pub(super) fn link(&mut self, number: usize) {
        let steps = self.levels[number].steps;
        for (step, position) in steps.iter().zip(0..) {
            self.around.push((number, position));
            let mut waits = Vec::with_capacity(step.needs.len() + step.after.len());
            for name in step.needs.iter().chain(&step.after) {
                match self.levels[number].position(&name.value) {
                    Some(other) if other == position => self.self_need(number, step, name),
                    Some(other) => waits.push(other),
                    None => self.unknown_need(number, step, name),
                }
            }
            self.twice(step);
            self.levels[number].waits.push(waits);
            self.around.pop();
        }
    }

    fn self_need(&mut self, level: usize, step: &Step, name: &Located<String>) {
        self.levels[level].broken = true;
        let message = format!("step `{}` waits for itself", step.name);
        self.push(Finding::error(codes::SELF_NEED, name.at, message).help("remove it"));
    }

    fn twice(&mut self, step: &Step) {
        if step.after.is_empty() || step.needs.is_empty() {
            return;
        }
        let needed: std::collections::HashSet<&str> =
            step.needs.iter().map(|name| name.value.as_str()).collect();
        for name in step.after.iter().filter(|name| needed.contains(name.value.as_str())) {
            let message =
                format!("step `{}` has `{}` under both `needs` and `after`", step.name, name.value);
            self.push(
                Finding::error(codes::LISTED_TWICE, name.at, message)
                    .help("`needs` if it must have succeeded, `after` if it must only have ended"),
            );
        }
    }

    fn unknown_need(&mut self, level: usize, step: &'r Step, name: &'r Located<String>) {
        self.levels[level].broken = true;
        if let Some(finding) = self.elsewhere(step, name) {
            return self.push(finding);
        }
        let message = format!("step `{}` needs `{}`, which is not a step", step.name, name.value);
        let message = match step.needs.iter().any(|needed| needed.at == name.at) {
            true => message,
            false => {
                format!("step `{}` comes after `{}`, which is not a step", step.name, name.value)
            }
        };
        let near = self.findings.near(&name.value, self.levels[level].names());
        let near = near.and_then(|near| {
            Some(format!(
                "a step named {} exists",
                near.strip_prefix("did you mean ")?.strip_suffix('?')?
            ))
        });
        self.push(Finding::error(codes::UNKNOWN_STEP, name.at, message).maybe_help(near));
    }
}
