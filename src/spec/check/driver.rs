//! A driver by itself: what its actions read, and what they do again.
//!
//! Does not know runbooks: parameters, variables and steps are not seen from a driver.

use std::sync::Arc;

use indexmap::IndexMap;

use super::super::model::{Driver, DriverAction, Dynamic, Located};
use super::super::template::Reference;
use super::Findings;
use super::references::{self, Around, Site, View};
use super::walk::Reader;

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

impl<'r> Reader<'r> for DriverChecker<'_> {
    fn findings(&mut self) -> &mut Findings {
        self.findings
    }

    fn read(&mut self, references: &'r [Reference], site: Site, view: &View<'r>) {
        let around = Around { items: &[], nameless: false };
        for reference in references {
            references::name(self.findings, reference, site, view, &around);
        }
    }

    /// A driver does not use others, which was said when it was decoded.
    fn gives(
        &mut self,
        _: &Arc<DriverAction>,
        _: &Located<String>,
        _: &'r IndexMap<String, Located<Dynamic>>,
    ) {
    }
}
