//! Whether the window of a step exists, and whether the step can ever begin in it.
//!
//! Does not know the time.

use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::super::model::{Place, Step, Window};
use super::super::window::{Opening, opening};
use super::{Checker, Finding, codes};

impl Checker<'_, '_> {
    pub(super) fn check_window(&mut self, step: &Step) {
        let Some(used) = &step.window else { return };
        let (name, at) = (used.name.value.as_str(), used.name.at);
        let runbook = self.runbook;
        let Some(window) = runbook.windows.get(name) else {
            let near = self.findings.near(name, runbook.windows.keys().map(String::as_str));
            let help = near.unwrap_or_else(|| match runbook.windows.is_empty() {
                true => "declare it: `windows: {NAME: {days, from, to, tz}}`".to_owned(),
                false => "declare it under `windows` of the runbook".to_owned(),
            });
            let message = format!("there is no window `{name}`");
            return self.push(Finding::error(codes::UNKNOWN_WINDOW, at, message).help(help));
        };
        let said = used.expect.as_ref().map(|expect| (expect.value, expect.at));
        if let Some((expect, at)) = said.or(step.timeout.map(|timeout| (timeout, at))) {
            self.check_length(window, name, expect, at);
        }
    }

    fn check_length(&mut self, window: &Window, name: &str, expect: Duration, at: Place) {
        // Once a year the clock may give an hour; nobody should have to wait for that.
        let plain = Window { tz: TimeZone::UTC, ..window.clone() };
        if opening(&plain, Some(expect), Timestamp::UNIX_EPOCH) != Opening::Never {
            return;
        }
        let message = format!("window `{name}` is never open for as long as this takes");
        let help = "what it is expected to take is `expect`, else its `timeout`; it must fit into one opening";
        self.push(Finding::error(codes::TOO_SHORT, at, message).help(help));
    }
}
