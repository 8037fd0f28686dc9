//! A driver by itself: what its actions read, and what they do again.
//!
//! Does not know runbooks: parameters, variables and steps are not seen from a driver.

use super::super::model::{Action, Driver, Dynamic, Place, Work};
use super::super::template::Reference;
use super::references::{self, Around, Site, View};
use super::{Findings, effects};

/// Checks a driver.
pub(crate) fn check_driver(driver: &Driver, findings: &mut Findings) {
    for action in driver.actions.values() {
        let mut checker = DriverChecker { findings };
        checker.work(&action.work, &View::driver(&action.inputs));
    }
}

struct DriverChecker<'f> {
    findings: &'f mut Findings,
}

impl DriverChecker<'_> {
    fn work(&mut self, work: &Work, view: &View<'_>) {
        effects::check_retry(self.findings, work);
        for value in work.env.values().chain(&work.dir).chain(&work.stdin) {
            self.read(value.value.references(), value.at, view);
        }
        match &work.action {
            Action::Run(argv) => {
                for argument in argv {
                    self.read(argument.value.references(), argument.at, view);
                }
            }
            Action::Shell { script, .. } => self.read(script.value.references(), script.at, view),
            Action::Uses { .. } | Action::Assert(_) => {}
        }
        let judging = View { out: true, ..*view };
        if let Some(success) = &work.success {
            references::truth(self.findings, success, "`success`");
            self.read(success.value.references(), success.at, &judging);
        }
        for output in work.outputs.values() {
            self.dynamic(&output.value.value, output.value.at, &judging);
        }
        for check in &work.verify {
            self.work(&check.value, view);
        }
    }

    fn dynamic(&mut self, value: &Dynamic, at: Place, view: &View<'_>) {
        references::each_template(value, at, &mut |template, at| {
            self.read(template.references(), at, view);
        });
    }

    fn read(&mut self, references: &[Reference], at: Place, view: &View<'_>) {
        let around = Around { items: &[], nameless: false };
        for reference in references {
            references::name(self.findings, reference, Site::at(at), view, &around);
        }
    }
}
