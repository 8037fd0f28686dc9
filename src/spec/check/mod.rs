//! Whether what was decoded fits together: names, the graph, what expressions read, effects and inputs.
//!
//! Does not know values of parameters, and no YAML. The time that it takes grows with the size of the runbook, not faster.

mod cycle;
mod driver;
mod effects;
mod inputs;
mod level;
mod link;
mod names;
mod parts;
mod probe;
mod references;
mod setting;
mod upstream;
mod walk;
mod window;

use std::collections::HashMap;
use std::sync::Arc;

use indexmap::IndexMap;

use super::codes;
use super::finding::{Finding, Findings};
use super::model::{
    Action, Body, DriverAction, Dynamic, ForEach, Located, Runbook, Setting, Step, Work,
};
use super::template::{Expression, Reference};

use inputs::InputChecks;
use level::Level;
use parts::Inside;
use references::{Site, View};
use walk::Reader;

pub(crate) use driver::check_driver;

/// Checks a runbook whose drivers are loaded.
pub(crate) fn check(runbook: &Runbook, findings: &mut Findings) {
    let mut checker = Checker {
        runbook,
        findings,
        levels: Vec::new(),
        around: Vec::new(),
        items: Vec::new(),
        whens: Vec::new(),
        nameless_item: false,
        everywhere: None,
        inputs: InputChecks::default(),
        inside: Inside::default(),
    };
    checker.head();
    checker.steps(&runbook.steps, &runbook.settings);
    for level in std::mem::take(&mut checker.levels) {
        level.answer(checker.findings);
    }
}

/// A walk through the steps of a runbook.
struct Checker<'r, 'f> {
    runbook: &'r Runbook,
    findings: &'f mut Findings,
    /// Every list of steps that has been entered.
    levels: Vec<Level<'r>>,
    /// The step or setting being checked, outermost group first: the level and the position in it.
    around: Vec<(usize, u32)>,
    /// Names of items, outermost first.
    items: Vec<&'r str>,
    /// What the conditions around the present place read.
    whens: Vec<&'r [Reference]>,
    /// A `for_each` around has no name that could be read, so names cannot be judged.
    nameless_item: bool,
    /// Where each name of a step stands; made when a name is not found.
    everywhere: Option<HashMap<&'r str, Vec<&'r str>>>,
    inputs: InputChecks,
    inside: Inside<'r>,
}

impl<'r> Checker<'r, '_> {
    /// `vars` and the runbook's `env`.
    fn head(&mut self) {
        for (index, var) in self.runbook.vars.values().enumerate() {
            let view = View { vars: index, ..View::runbook(self.runbook) };
            self.dynamic(&var.value, var.at, &view);
        }
        let view = View::runbook(self.runbook);
        for value in self.runbook.env.values() {
            self.read(value.value.references(), Site::at(value.at), &view);
        }
        self.locks(&self.runbook.locks, &view);
    }

    /// A list of steps with the settings beside them, and all that is in them.
    fn steps(&mut self, steps: &'r [Step], settings: &'r [Setting]) {
        let number = self.levels.len();
        self.levels.push(Level::new(steps, settings));
        self.link(number);
        self.settings(number);
        for (step, position) in steps.iter().zip(0..) {
            self.around.push((number, position));
            self.step(step);
            self.around.pop();
        }
    }

    fn step(&mut self, step: &'r Step) {
        self.check_hidden(step);
        self.check_after(step);
        self.check_window(step);
        let outside = (self.items.len(), self.whens.len(), self.nameless_item);
        if let Some(when) = &step.when {
            self.whens.push(when.value.references());
        }
        let single = matches!(step.body, Body::Action(_));
        if let Some(for_each) = &step.for_each {
            // The condition of a single step may look at the item; a group's is asked before there are items.
            if !single {
                self.condition(step.when.as_ref());
            }
            self.dynamic_items(for_each);
            self.enter_items(for_each);
            if let Some(key) = &for_each.key {
                let view = View::step(self.runbook);
                self.read(key.value.references(), Site::at(key.at), &view);
            }
        }
        if single || step.for_each.is_none() {
            self.condition(step.when.as_ref());
        }
        let view = View::step(self.runbook);
        for value in step.env.values().chain(&step.dir) {
            self.read(value.value.references(), Site::at(value.at), &view);
        }
        self.locks(&step.locks, &view);
        match &step.body {
            Body::Group(steps) => self.steps(steps, &step.settings),
            Body::Action(work) => {
                self.check_weaker(work);
                self.work(work, &view);
            }
        }
        self.items.truncate(outside.0);
        self.whens.truncate(outside.1);
        self.nameless_item = outside.2;
    }

    fn enter_items(&mut self, for_each: &'r ForEach) {
        let name = for_each.name.value.as_str();
        self.check_item_name(name, for_each.name.at);
        self.nameless_item |= name.is_empty();
        self.items.push(name);
    }

    /// `items`: an expression, kept as the template that is nothing but it, or a list.
    fn dynamic_items(&mut self, for_each: &'r ForEach) {
        let view = View::step(self.runbook);
        match &for_each.items.value {
            Dynamic::Template(template) => {
                let site = Site::behind(for_each.items.at, super::decode::ITEMS_OPEN.len());
                self.read(template.references(), site, &view);
            }
            list => {
                self.dynamic(list, for_each.items.at, &view);
                if for_each.key.is_none() {
                    self.check_item_keys(list, for_each.items.at);
                }
            }
        }
    }

    fn condition(&mut self, when: Option<&'r Located<Expression>>) {
        if let Some(when) = when {
            self.truth(when, "`when`", &View::step(self.runbook));
        }
    }

    fn push(&mut self, finding: Finding) {
        self.findings.push(finding);
    }

    /// The step or setting being checked, in words.
    fn in_words(&self) -> String {
        self.around
            .last()
            .map_or(String::new(), |&(level, position)| self.levels[level].in_words(position))
    }
}

impl<'r> Reader<'r> for Checker<'r, '_> {
    fn findings(&mut self) -> &mut Findings {
        self.findings
    }

    fn read(&mut self, references: &'r [Reference], site: Site, view: &View<'r>) {
        self.read_names(references, site, view);
    }

    fn gives(
        &mut self,
        action: &Arc<DriverAction>,
        name: &Located<String>,
        with: &'r IndexMap<String, Located<Dynamic>>,
    ) {
        self.inputs.check(action, name, with, self.findings);
    }
}

/// Whether the step's action is not known, because what it uses could not be loaded or decoded.
fn is_unknown(step: &Step) -> bool {
    match &step.body {
        Body::Group(steps) => steps.is_empty(),
        Body::Action(work) => matches!(&work.action, Action::Uses { target: None, .. }),
    }
}

/// The driver's action that a piece of work uses.
fn used(work: &Work) -> Option<&DriverAction> {
    match &work.action {
        Action::Uses { target, .. } => target.as_deref(),
        _ => None,
    }
}
