//! Everything that a piece of work reads: of its command, of what judges it, of its probe and its repairs.
//!
//! Does not know whether what is read is there; a [`Reader`] does.

use super::super::model::{Action, DriverAction, Dynamic, Place};
use super::super::model::{Located, LockName, Meaning, Probe, Work};
use super::super::template::{Expression, Reference};
use super::references::{self, Site, View};
use super::{Findings, effects};

use std::sync::Arc;

use indexmap::IndexMap;

/// Who checks what is read.
pub(super) trait Reader<'r> {
    fn findings(&mut self) -> &mut Findings;

    /// What a template or expression reads.
    fn read(&mut self, references: &'r [Reference], site: Site, view: &View<'r>);

    /// What an action of a driver is given.
    fn gives(
        &mut self,
        action: &Arc<DriverAction>,
        name: &Located<String>,
        with: &'r IndexMap<String, Located<Dynamic>>,
    );

    /// An expression that must give true or false.
    fn truth(&mut self, expression: &'r Located<Expression>, what: &str, view: &View<'r>) {
        references::truth(self.findings(), expression, what);
        self.read(expression.value.references(), Site::at(expression.at), view);
    }

    /// A value with templates in it.
    fn dynamic(&mut self, value: &'r Dynamic, at: Place, view: &View<'r>) {
        references::each_template(value, at, &mut |template, at| {
            self.read(template.references(), Site::at(at), view);
        });
    }

    /// The names of locks.
    fn locks(&mut self, locks: &'r [Located<LockName>], view: &View<'r>) {
        for lock in locks {
            let name = &lock.value.name;
            self.read(name.value.references(), Site::at(name.at), view);
        }
    }

    /// An action with what surrounds it, of a step, a driver, a check, a probe, a repair or a setting.
    fn work(&mut self, work: &'r Work, view: &View<'r>) {
        effects::check(self.findings(), work);
        self.parts(work, view);
    }

    /// The same, whose effect was looked at.
    fn parts(&mut self, work: &'r Work, view: &View<'r>) {
        self.command(work, view);
        let judging = View { out: true, ..*view };
        if let Some(success) = &work.success {
            let what = if work.wait.is_some() { "`met`" } else { "`success`" };
            self.truth(success, what, &judging);
        }
        for output in work.outputs.values() {
            self.dynamic(&output.value.value, output.value.at, &judging);
        }
        for check in &work.verify {
            self.work(&check.value, view);
        }
        if let Some(probe) = &work.probe {
            self.probe(&probe.value, view);
        }
        if let Some(repeat) = &work.repeat {
            self.truth(&repeat.value.until, "`until`", &judging);
        }
        self.locks(&work.locks, view);
    }

    /// What is started.
    fn command(&mut self, work: &'r Work, view: &View<'r>) {
        for value in work.env.values().chain(&work.dir).chain(&work.stdin) {
            self.read(value.value.references(), Site::at(value.at), view);
        }
        match &work.action {
            Action::Run(argv) => {
                for argument in argv {
                    self.read(argument.value.references(), Site::at(argument.at), view);
                }
            }
            Action::Shell { script, .. } => {
                self.read(script.value.references(), Site::at(script.at), view);
            }
            Action::Uses { name, target, with } => {
                for input in with.values() {
                    self.dynamic(&input.value, input.at, view);
                }
                if let Some(action) = target {
                    self.gives(action, name, with);
                }
            }
            Action::Pause(_) => {}
            Action::Manual(manual) => {
                let text = &manual.instructions;
                self.read(text.value.references(), Site::at(text.at), view);
            }
            Action::Approve(approve) => {
                for text in std::iter::once(&approve.message).chain(&approve.by) {
                    self.read(text.value.references(), Site::at(text.at), view);
                }
            }
            Action::Assert(assertions) => {
                for assertion in assertions {
                    self.truth(&assertion.that, "`that`", view);
                    if let Some(message) = &assertion.message {
                        self.read(message.value.references(), Site::at(message.at), view);
                    }
                }
            }
        }
    }

    /// A probe: its action, its states, and their repairs, which do not see what the probe has printed.
    fn probe(&mut self, probe: &'r Probe, view: &View<'r>) {
        self.work(&probe.work, view);
        let judging = View { out: true, ..*view };
        for (name, state) in &probe.states {
            self.truth(&state.when, &format!("`{name}`"), &judging);
            match &state.meaning {
                Meaning::Repair(actions) => {
                    for action in actions {
                        effects::check_repair(self.findings(), &action.value);
                        self.parts(&action.value, view);
                    }
                }
                Meaning::Stop(message) => {
                    self.read(message.value.references(), Site::at(message.at), &judging);
                }
                Meaning::Done | Meaning::Absent | Meaning::Wait { .. } => {}
            }
        }
    }
}
